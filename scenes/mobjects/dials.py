"""Several measures of each token side by side, a bar each, on a scale of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
from manim import DOWN, LEFT, Rectangle, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.matching import Matching
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import percent, plain
from scenes.mobjects.readout import room
from scenes.mobjects.token_row import token_words

LARGEST, SMALLEST = 0.42, 0.2  # em
FILLED = 0.62  # of a row's height is the em
THINNEST = 0.02
MOST = 8  # tokens
HEAD, TALLEST = 0.75, 1.1  # frame units of what stands above, and of a row
GAP = 0.3  # frame units between columns


@dataclass(frozen=True)
class Dial:
    """What is measured of every token.

    Attributes:
        head, unit: what stands above it, and below that, what is measured.
        values: one a token.
        write: how a value is written.
        colour: of its bars.
    """

    head: str
    unit: str
    values: Sequence[float]
    write: Callable[[float], str]
    colour: str


class Dials(VGroup):
    """A row a token: its name, and for each measure a bar with its number.

    Args:
        pieces: the tokens' bytes.
        places: their positions in the prompt, for their hues.
        dials: the measures; the longest bar of each is its largest value.
        box: what it takes.

    Attributes:
        names, heads: the tokens, and what stands above the bars.
        bars, numbers: for each measure, one a row.
        grown: how far the bars of each measure have come, 0…1.
    """

    def __init__(
        self, pieces: Sequence[bytes], places: Sequence[int], dials: Sequence[Dial], box: Box
    ) -> None:
        self.dials = list(dials)
        pitch = min(TALLEST, (box.height - HEAD) / len(pieces))
        size = max(SMALLEST, min(LARGEST, FILLED * pitch))
        self.names = VGroup(*(
            token_words(piece, size, palette.token_colour(at))
            for piece, at in zip(pieces, places, strict=True)
        ))  # fmt: skip
        widest = max(name.width for name in self.names)
        self.names.scale(min(1.0, 0.24 * box.width / widest), about_point=(0, 0, 0))
        side = max(name.width for name in self.names) + GAP
        columns = Box(box.left + side, box.right, box.bottom, box.top).columns(*[1.0] * len(dials), gap=GAP)
        self._rows = [box.top - HEAD - pitch * (row + 0.5) for row in range(len(pieces))]
        for name, y in zip(self.names, self._rows, strict=True):
            name.move_to([box.left + side - GAP - name.width / 2, y, 0])
        self.heads = VGroup()
        self.bars: list[VGroup] = []
        self.numbers: list[VGroup] = []
        self._lefts: list[float] = []
        self._rooms: list[float] = []
        for dial, column in zip(self.dials, columns, strict=True):
            head = VGroup(
                text(dial.head, 0.32, dial.colour, fit=column.width),
                text(dial.unit, 0.22, palette.CAPTION, fit=column.width),
            ).arrange(DOWN, buff=0.04, aligned_edge=LEFT)
            self.heads.add(head.move_to([column.left + head.width / 2, box.top - 0.3, 0]))
            small = 0.85 * size
            wide = room(dial.write, dial.values, small)
            small *= min(1.0, 0.6 * column.width / wide)
            self._lefts.append(column.left)
            self._rooms.append(column.width - min(wide, 0.6 * column.width) - 0.12)
            bars = [Rectangle(width=1, height=0.62 * size) for _ in pieces]
            for bar in bars:
                bar.set_stroke(width=0).set_fill(dial.colour, opacity=0.9)
            self.bars.append(VGroup(*bars))
            self.numbers.append(VGroup(*(text(dial.write(0.0), small) for _ in pieces)))
        super().__init__(self.names, self.heads, *self.bars, *self.numbers)
        self.grown = np.zeros(len(self.dials))
        self.show(self.grown)

    def show(self, grown: Sequence[float] | np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Self:
        """Let the bars of each measure, and their numbers, come up to so much of their values, 0…1."""
        self.grown = np.asarray(grown, dtype=np.float64)
        for column, dial in enumerate(self.dials):
            most = max(dial.values) or 1.0
            amount = float(self.grown[column])
            self.heads[column].set_opacity(min(1.0, 3 * amount))
            for row, value in enumerate(dial.values):
                bar, number = self.bars[column][row], self.numbers[column][row]
                length = max(THINNEST, self._rooms[column] * amount * value / most)
                left, y = self._lefts[column], self._rows[row]
                bar.stretch_to_fit_width(length).move_to([left + length / 2, y, 0])
                number.rewrite(dial.write(value * amount))
                number.move_to([left + length + 0.1 + number.width / 2, y, 0])
                for part in (bar, number):
                    part.set_opacity(min(1.0, 3 * amount))
        return self

    def row(self, row: int) -> VGroup:
        """A token's name, bars and numbers."""
        columns = zip(self.bars, self.numbers, strict=True)
        return VGroup(self.names[row], *(part[row] for pair in columns for part in pair))


def three_dials(tokens: Sequence[bytes], vectors: Matching, box: Box) -> tuple[Dials, list[int]]:
    """What the tokens that are found most seek, get and hand over; and which those are, in order."""
    places = np.argsort(-vectors.found, kind="stable")[:MOST].tolist()
    share = partial(percent, digits=0)
    measures = (
        (_("seeks"), _("largest weight given"), vectors.sought, share, palette.QUERY),
        (_("is found"), _("mean weight received"), vectors.found, share, palette.KEY),
        (_("hands over"), _("length of its value"), vectors.lengths, partial(plain, digits=1), palette.VALUE),
    )
    dials = [
        Dial(head, unit, values[places].tolist(), write, hue) for head, unit, values, write, hue in measures
    ]
    return Dials([tokens[at] for at in places], places, dials, box), places
