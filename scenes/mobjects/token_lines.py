"""Tokens as abutting rectangles in lines, each with its id below."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from manim import DOWN, LEFT, VGroup

from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.elision import elide, hidden
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import count
from scenes.mobjects.token_row import PADDING, SIDE, TokenChip

LARGEST, SMALLEST = 1.6, 0.42  # em of the words
MOST = 84  # places; more tokens would be neither read nor drawn in time
ID = 0.75  # em of an id where the words have 1
NEAR, FAR = 0.1, 0.45  # em from a chip to its id, and from there to the next line
LEADING = 1 + 2 * PADDING + NEAR + ID + FAR

Line = list[int | None]  # positions in the text; None is the gap


class TokenLines(VGroup):
    """The tokens of a text in lines, as large as fits into a box; those in the middle are counted in a gap.

    Lines are about as long as each other. A chip is at least as wide as its id.

    Args:
        tokens: the bytes of each token.
        ids: the id of each token.
        width: of the box, in frame units.
        height: of the box, in frame units.

    Attributes:
        lines: what each line shows: chips and, in its place, the gap.
        chips: position in the text → its chip, for the positions shown.
        ids: position in the text → its id, for the same positions.
        hidden: how many are left out.
    """

    def __init__(self, tokens: list[bytes], ids: list[int], width: float, height: float) -> None:
        self.chips: dict[int, TokenChip] = {}
        self.ids: dict[int, Lettering] = {}
        for at in elide(len(tokens), MOST):
            if at is not None:
                self.ids[at] = text(str(ids[at]), ID, palette.token_colour(at))
                self.chips[at] = TokenChip(tokens[at], at, 1.0)
                needed = max(self.chips[at].width, self.ids[at].width + 2 * SIDE)
                self.chips[at].box.stretch_to_fit_width(needed)

        size, rows = next(self._arrangements(len(tokens), width, height))
        shown = {at for row in rows for at in row if at is not None}
        self.hidden = len(tokens) - len(shown)
        self.chips = {at: self.chips[at] for at in sorted(shown)}
        self.ids = {at: self.ids[at] for at in sorted(shown)}
        self.lines = [
            VGroup(*(_gap(self.hidden) if at is None else self.chips[at] for at in row)).arrange(buff=0)
            for row in rows
        ]
        for number, line in enumerate(self.lines):
            line.move_to([0, -number * LEADING, 0], LEFT)
        for at, chip in self.chips.items():
            self.ids[at].next_to(chip, DOWN, buff=NEAR)
        super().__init__(*self.lines, *self.ids.values())
        self.scale(size).center()

    def ids_below(self, line: VGroup) -> list[Lettering]:
        """The ids of the chips of one of the lines, in order."""
        return [self.ids[at] for at, chip in self.chips.items() if chip in line]

    def _arrangements(self, tokens: int, width: float, height: float) -> Iterator[tuple[float, list[Line]]]:
        """An em and lines that fit at it, best first: words get smaller before they get fewer."""
        choices = [(float(size), MOST) for size in np.linspace(LARGEST, SMALLEST, 30)]
        choices += [(SMALLEST, limit) for limit in range(min(MOST, tokens) - 1, 1, -1)]
        for size, limit in choices:
            places = elide(tokens, limit)
            widths = [
                _gap(hidden(tokens, limit)).width if at is None else self.chips[at].width for at in places
            ]
            ends = fill(widths, width / size)
            if max(widths) <= width / size and (len(ends) * LEADING - FAR) * size <= height:
                yield size, [places[start:end] for start, end in pairwise([0, *balance(widths, ends)])]


def _gap(tokens: int) -> Lettering:
    return text(" " + _("⋯ {count} more ⋯").format(count=count(tokens)) + " ", 0.8, palette.FAINT)


def fill(widths: list[float], width: float) -> list[int]:
    """Where each line ends if it takes as many things as fit."""
    ends, used = [], 0.0
    for place, each in enumerate(widths):
        if used + each > width and place:
            ends.append(place)
            used = 0.0
        used += each
    return [*ends, len(widths)]


def balance(widths: list[float], ends: list[int]) -> list[int]:
    """As many lines, the longest of them as short as can be, to half an em."""
    longest = max(sum(widths[start:end]) for start, end in pairwise([0, *ends]))
    while len(narrower := fill(widths, longest - 0.5)) == len(ends) and longest > 0.5 + max(widths):
        ends, longest = narrower, longest - 0.5
    return ends
