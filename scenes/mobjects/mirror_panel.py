"""Beside the butterfly: which vectors are multiplied, how far its wings differ, two of its cells in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, RIGHT, Group, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.butterfly import level_of
from scenes.mobjects.lettering import fitted, formula, text
from scenes.mobjects.numerals import plain, signed
from scenes.mobjects.range_legend import RangeLegend
from scenes.mobjects.readout import Readout
from scenes.mobjects.token_row import TokenChip

HERO, LABEL, NOTE = 0.8, 0.3, 0.22  # em
CHIP = 0.36
Floats = npt.NDArray[np.float64]


def product(*letters: str) -> str:
    """Typst maths of a dot product, each letter in the hue of what it is."""
    hues = {"q": palette.QUERY, "k": palette.KEY, "v": palette.VALUE}
    return " dot ".join(f'#tone("{hues[letter]}", ${letter}$)' for letter in letters)


class MirrorPanel(Group):
    """A formula, two numbers, what the colours mean.

    Args:
        box: what it takes.
        state, other: the values of the four numbers in the one state and in the other: how far the wings
            differ, how many tokens match themselves best, the darkest colour and the brightest.
        choosing: how many tokens have a choice.
        names: what is multiplied, as the trace calls it, in the one state and in the other.
        notes: what else is to be known of the vectors.

    Attributes:
        formulas, names: q·k and k·k, and whence they are; one of them is seen.
        apart, own: the two numbers.
        legend: the colours.
    """

    def __init__(
        self,
        box: Box,
        state: Floats,
        other: Floats,
        choosing: int,
        names: tuple[str, str],
        notes: Sequence[str],
    ) -> None:
        self.formulas = VGroup(*(formula(f"$ {product(*pair)} $", HERO) for pair in ("qk", "kk")))
        self.apart = Readout("", plain, (state[0], other[0]), HERO)
        of = _("of {count}").format(count=choosing)
        self.own = Readout("", lambda value: f"{value:.0f} {of}", (choosing,), HERO)
        ramp = palette.ATTENTION_RAMP[level_of(np.linspace(0, 1, 64))]
        self.legend = RangeLegend(ramp, min(state[2], other[2]), max(state[3], other[3]), 0.26)
        self.names = VGroup(*(text(name, NOTE, palette.FAINT, fit=box.width) for name in names))
        others = VGroup(*(text(note, NOTE, palette.FAINT, fit=box.width) for note in notes))
        numbers = Group(self.formulas)
        for number, words in (
            (self.apart, _("two cells that meet differ by up to")),
            (self.own, _("tokens that match themselves best")),
        ):
            label = text(words, LABEL, palette.CAPTION, fit=0.95 * box.width)
            if choosing:  # one token alone meets no other
                numbers.add(Group(label, number).arrange(DOWN, buff=0.05))
        low = box.width > 1.5 * box.height
        numbers.arrange(*((RIGHT, 0.6) if low else (DOWN, 0.45)))
        foot = Group(self.legend, self.names, *others).arrange(DOWN, buff=0.14)
        room = Box(box.left, box.right, box.bottom + foot.height + 0.2, box.top)
        numbers.scale(min(1.0, room.width / numbers.width, room.height / numbers.height)).move_to(room.center)
        for group in (self.formulas, self.names):
            for each in group:
                each.move_to(group.get_center())
        foot.move_to([box.center[0], box.bottom + foot.height / 2, 0])
        super().__init__(numbers, foot)
        self.show(state)
        self.switch(0.0)

    def show(self, state: npt.ArrayLike) -> Self:
        """Show other numbers, in the order of `state`."""
        apart, own, low, high = np.asarray(state, dtype=float).tolist()
        self.apart.show(apart)
        self.own.show(own)
        self.legend.show((low, high))
        return self

    def switch(self, amount: float) -> Self:
        """From the first formula (0) to the second (1)."""
        for group in (self.formulas, self.names):
            for each, share in zip(group, (1 - 2 * amount, 2 * amount - 1), strict=True):
                each.set_opacity(max(0.0, share))
        return self


def asking_pair(tokens: Sequence[bytes], later: int, earlier: int, scores_TS: Floats, box: Box) -> VGroup:
    """Who asks whom, and the score: a pair of tokens both ways, one below the other."""
    ways = VGroup()
    for asks, asked, wing in ((later, earlier, _("left wing")), (earlier, later, _("right wing"))):
        chips = [TokenChip(tokens[at], at, CHIP) for at in (asks, asked)]
        arrow = formula("$ arrow.r $", 0.4, palette.QUERY)
        line = fitted(VGroup(chips[0], arrow, chips[1]).arrange(RIGHT, buff=0.15), box.width)
        number = text(signed(float(scores_TS[asks, asked])), HERO)
        way = VGroup(text(wing, 0.26, palette.CAPTION), line, number)
        ways.add(way.arrange(DOWN, buff=0.14))
    ways.arrange(*((RIGHT, 0.8) if box.width > 1.5 * box.height else (DOWN, 0.45)))
    return fitted(ways, box)
