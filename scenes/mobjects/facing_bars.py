"""Two shares of each token, back to back: names in the middle, one bar to the left and one to the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Rectangle, VGroup

from scenes.handing_over import Handed
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text, words_or_formula
from scenes.mobjects.numerals import percent
from scenes.mobjects.readout import room
from scenes.mobjects.value_columns import column_name

LARGEST, SMALLEST = 0.4, 0.2  # em
HEAD, TALLEST = 0.8, 0.9  # frame units of what stands above, and of a row
GAP = 0.16  # frame units between name, bar and number
NAMES = 0.24  # of the width, at most
NARROW = 0.042  # of the width, the most that the em is
THINNEST = 0.02
FOOT = 0.35  # frame units


class FacingBars(VGroup):
    """A row a token. Both bars have one scale, so that what is alike is as long.

    Args:
        names: what stands for each row, from the top.
        shares_2N: of the left bars, and of the right ones.
        heads: what stands over each side, words and below them what is measured.
        colours: of the two sides; grey is for rows from `plain_from` on.
        box: what it takes.
        plain_from: the first row that stands for several tokens.
        said: words below all rows.

    Attributes:
        bars, numbers: (left, right), one a row.
        grown: how far each side has come, 0…1.
        foot: what stands below; no part of the whole.
    """

    def __init__(
        self,
        names: Sequence[Lettering],
        shares_2N: npt.ArrayLike,
        heads: Sequence[tuple[str, str]],
        colours: tuple[str, str],
        box: Box,
        plain_from: int,
        said: str = "",
    ) -> None:
        box, under = box.stack(None, FOOT, gap=0.1)
        self.foot = text(said or " ", 0.24, palette.CAPTION, fit=under)
        self.shares = np.asarray(shares_2N, dtype=np.float64)
        pitch = min(TALLEST, (box.height - HEAD) / len(names))
        size = max(SMALLEST, min(LARGEST, 0.62 * pitch, NARROW * box.width))
        self.names = VGroup(*names)
        for name in names:
            name.scale(min(size / name.size, NAMES * box.width / name.width))
        middle = max(name.width for name in names) / 2 + GAP
        small = 0.85 * size
        self._number = room(percent, self.shares.ravel(), small)
        self._room = box.width / 2 - middle - self._number - GAP
        self._inner = [box.center[0] - middle, box.center[0] + middle]
        box = Box(box.left, box.right, box.bottom, box.top - 0.35 * (box.height - HEAD - pitch * len(names)))
        top = box.top - HEAD
        self._rows = [top - pitch * (row + 0.5) for row in range(len(names))]
        for name, y in zip(names, self._rows, strict=True):
            name.move_to([box.center[0], y, 0])
        self.heads = VGroup()
        self.bars, self.numbers = (VGroup(), VGroup()), (VGroup(), VGroup())
        for side, way in enumerate((-1, 1)):
            head = VGroup(
                text(heads[side][0], 0.36, colours[side], fit=box.width / 2 - GAP),
                words_or_formula(heads[side][1], 0.24, palette.CAPTION),
            )
            head[1].scale(min(1.0, (box.width / 2 - GAP) / head[1].width))
            for line, y in zip(head, (box.top - 0.2, box.top - 0.56), strict=True):
                line.move_to([self._inner[side] + way * line.width / 2, y, 0])
            self.heads.add(head)
            for row in range(len(names)):
                bar = Rectangle(width=1, height=0.62 * size, stroke_width=0)
                bar.set_fill(colours[side] if row < plain_from else palette.REST, opacity=0.95)
                self.bars[side].add(bar)
                self.numbers[side].add(text(percent(0.0), small, palette.INK))
        super().__init__(self.names, self.heads, *self.bars, *self.numbers)
        self.show((0.0, 0.0))

    def show(self, grown: Sequence[float] | npt.NDArray[np.float64]) -> Self:
        """Let the bars of each side, and their numbers, come up to so much of their values, 0…1."""
        self.grown = np.asarray(grown, dtype=np.float64)
        longest = float(self.shares.max()) or 1.0
        for side, way in enumerate((-1, 1)):
            amount = float(self.grown[side])
            seen = min(1.0, 3 * amount)
            self.heads[side].set_opacity(seen)
            for row, share in enumerate(self.shares[side]):
                bar, number = self.bars[side][row], self.numbers[side][row]
                length = max(THINNEST, self._room * amount * float(share) / longest)
                start, y = self._inner[side], self._rows[row]
                bar.stretch_to_fit_width(length).move_to([start + way * length / 2, y, 0])
                number.rewrite(percent(float(share) * amount))
                number.move_to([start + way * (length + GAP / 2 + number.width / 2), y, 0])
                bar.set_opacity(0.95 * seen)
                number.set_opacity(seen)
        return self

    def row(self, row: int) -> VGroup:
        """A row's name, bars and numbers."""
        return VGroup(self.names[row], *(part[row] for part in (*self.bars, *self.numbers)))


def bars_of(handed: Handed, tokens: Sequence[bytes], box: Box, said: str) -> FacingBars:
    """Attention and what arrives: the token of most weight first, all that are not shown last.

    `said` stands below.
    """
    shares_2N = np.stack([handed.grouped(each) for each in (handed.weights, handed.arrived)])
    shown = len(handed.shown)
    order = sorted(range(shown), key=lambda place: -shares_2N[0, place])
    order += range(shown, shares_2N.shape[1])
    names = [column_name(handed, tokens, place, LARGEST) for place in order]
    arrives = '$norm("weight" dot v W_O)$' if handed.widened else '$norm("weight" dot v)$'
    heads = ((_("attention"), _("weight")), (_("what arrives"), arrives))
    colours = (palette.QUERY, palette.OUTPUT)
    return FacingBars(names, shares_2N[:, order], heads, colours, box, shown, said)
