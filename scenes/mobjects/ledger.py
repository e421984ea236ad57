"""Numbers that add up: a line each, and their sum, which counts as they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from manim import Line, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count
from scenes.mobjects.readout import Readout, Write

LARGEST, LINE = 0.32, 1.45  # em of a line, and from one to the next
SUM = 1.25  # em of the sum over that of a line


@dataclass(frozen=True)
class Entry:
    """A line of a ledger.

    Attributes:
        words: what is counted.
        number: how many, or how much.
        colour: of the words.
        notes: what is said in place of the number, which still counts; the first that there is room for.
    """

    words: str
    number: float
    colour: str = palette.CAPTION
    notes: tuple[str, ...] = ()


class Ledger(VGroup):
    """Lines from the top of a box, words at its left, numbers at its right, the sum below a rule.

    Numbers are written as counts, or as `write` says.

    Attributes:
        lines: one group an entry.
        sum: of all numbers.
        total: its `Readout`; it shows 0.
        foot: the rule, the words before the sum, and the sum.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        words: str,
        box: Box,
        write: Write = lambda value: count(round(value)),
    ) -> None:
        size = min(LARGEST, box.height / (LINE * (len(entries) + 1 + SUM)), box.width / 13)
        pen = box.top - 0.5 * LINE * size
        self.lines: list[VGroup] = []
        for entry in entries:
            tone = palette.INK if entry.number else palette.FAINT
            name = text(entry.words, size, entry.colour)
            name.move_to([box.left + name.width / 2, pen, 0])
            room = box.width - name.width - size
            said = [text(words, size, tone) for words in entry.notes or (write(entry.number),)]
            number = next((each for each in said if each.width <= room / 0.8), said[-1])
            number.scale(min(1.0, room / number.width))
            number.move_to([box.right - number.width / 2, pen, 0])
            self.lines.append(VGroup(name, number))
            pen -= LINE * size
        self.sum = sum(entry.number for entry in entries)
        self.total = Readout("", write, [self.sum], SUM * size)
        rule = Line([box.left, pen + 0.35 * LINE * size, 0], [box.right, pen + 0.35 * LINE * size, 0])
        rule.set_stroke(palette.REST, 1.5)
        pen -= 0.35 * LINE * size
        self.total.move_to([box.right - self.total.width / 2, pen, 0])
        name = text(words, size, palette.CAPTION, fit=max(0.5, box.width - self.total.width - size))
        name.move_to([box.left + name.width / 2, pen, 0])
        self.foot = VGroup(rule, name, self.total)
        super().__init__(*self.lines, self.foot)
        self.total.show(0)
