"""One layer's heads at the last position: what each of them writes, and one among all heads by length."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group, Polygon, VGroup

from scenes.handing_over import rank_among
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.heatmap import Heatmap
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.numerals import count, plain, written
from scenes.mobjects.ruler import STRIP, Ruler, Scale

READ, GLASS, SUM, RULER = 0.5, 0.8, 0.5, 1.35  # frame units, from the top: z, W_O, and below the heads
THICKEST = 0.42  # a head's row
SIDE = 1.75  # frame units for the rows' names
BEFORE = 0.2  # of a row's light, until all are shown
NOTE = 0.22  # em


class HeadShares(Group):
    """z above, W_O as glass that widens it, the rows of all heads below it, their sum, and a ruler.

    Args:
        read_K: what the head read.
        shares_LHD: what every head adds to the stream.
        shown: its layer and head.
        box: what it takes.

    Attributes:
        read, glass, own: z, the matrix, and what comes out, in the head's own row.
        rows, added: the other heads of the layer, and all of them added up.
        lengths: of every head's share, (L, H).
        ruler: all of those, this one marked.
    """

    def __init__(
        self, read_K: npt.ArrayLike, shares_LHD: npt.ArrayLike, shown: tuple[int, int], box: Box
    ) -> None:
        layer, head = shown
        shares = np.asarray(shares_LHD, dtype=np.float32)
        self.own_D, heads_HD = shares[layer, head], shares[layer]
        self.lengths = np.linalg.norm(shares.astype(np.float64), axis=-1)
        count_H, width = heads_HD.shape
        side = min(SIDE, 0.24 * box.width)
        left, wide = box.left + side, box.width - side
        spare = box.height - READ - GLASS - SUM - RULER
        thick = min(THICKEST, spare / count_H)
        high = thick * count_H
        top = box.top - READ - GLASS - (spare - high) / 2
        scale = max(palette.robust_scale(heads_HD), 0.5 * palette.robust_scale(heads_HD.sum(axis=0)))
        pink = palette.hue_ramp(palette.OUTPUT)
        read = np.asarray(read_K, dtype=np.float32)
        narrow = max(0.3, wide * len(read) / width)
        middle = left + wide / 2
        self.read = Heatmap(read[None], narrow, 0.3, ramp=pink, gap=0.0)
        self.read.move_to([middle, top + GLASS + 0.15, 0])
        self.glass = Polygon(
            [middle - narrow / 2, top + GLASS, 0], [middle + narrow / 2, top + GLASS, 0],
            [left + wide, top + 0.04, 0], [left, top + 0.04, 0],
            stroke_color=palette.POSITIVE_SMALL, stroke_width=1.5, fill_color=palette.POSITIVE_SMALL,
            fill_opacity=0.28,
        )  # fmt: skip
        sizes = f"$W_O$ #h(0.5em) ${len(read)} times {width}$"
        self.matrix = formula(sizes, 0.32, palette.CAPTION).move_to(self.glass)
        self.z = formula("$z$", 0.36, palette.OUTPUT).next_to(self.read, buff=0.15)
        seen = np.ones_like(heads_HD, dtype=np.bool_)
        seen[head] = False
        self.rows = Heatmap(heads_HD, wide, high, scale, gap=0.0, seen_RC=seen)
        self.rows.move_to([middle, top - high / 2, 0])
        self.own = Heatmap(self.own_D[None], wide, thick, scale, ramp=pink, gap=0.0)
        self.seat = np.array([middle, top - thick * (head + 0.5), 0])
        self.own.move_to([middle, top - thick / 2, 0])
        self.sums = Heatmap(heads_HD.sum(axis=0)[None], wide, 0.3, scale, gap=0.0)
        self.sums.move_to([middle, top - high - 0.3, 0])
        self.names = VGroup()
        size = max(0.2, min(0.28, 0.8 * thick))
        every = 1 if thick >= 0.24 else count_H
        for number in range(count_H):
            if number == head or (number % every == 0 and abs(number - head) * thick > 0.2):
                colour = palette.OUTPUT if number == head else palette.FAINT
                name = text(_("head {head}").format(head=number), size, colour, fit=side - 0.15)
                y = top - thick * (number + 0.5)
                self.names.add(name.move_to([left - 0.15 - name.width / 2, y, 0]))
        total = text(_("all {count} added").format(count=count_H), 0.24, palette.CAPTION, fit=side - 0.15)
        total.move_to([left - 0.15 - total.width / 2, self.sums.get_y(), 0])
        self.added = Group(self.sums, total)
        length = float(self.lengths[layer, head])
        self.ruler = Ruler(
            Scale(0.0, float(self.lengths.max()), lambda value: plain(value, 1)), wide, self.lengths.ravel()
        )
        rank = count(rank_among(self.lengths.ravel(), length))
        words = _("length {length}, rank {rank} of all {count} heads").format(
            length=written(length), rank=rank, count=count(self.lengths.size)
        )
        low = box.bottom + STRIP / 2 + 0.42
        self.mark = self.ruler.mark(length, words, palette.OUTPUT)
        self.measured = Group(self.ruler, self.mark)
        self.measured.shift([middle, low, 0])
        self.mark.show(length)
        super().__init__(self.read, self.z, self.glass, self.matrix, self.own, self.rows, self.names)
        self.add(self.added, self.measured)
        self.rows.set_opacity(BEFORE)

    def widen(self, amount: float) -> Self:
        """What comes out of the matrix gets as wide as the stream, so far (0…1)."""
        whole, narrow = self.rows.width, self.read.width
        self.own.stretch_to_fit_width(narrow + (whole - narrow) * amount)
        self.own.set_opacity(min(1.0, 3 * amount))
        return self

    def settle(self, amount: float) -> Self:
        """It sinks into its own row, so far (0…1), while the others come up."""
        start = float(self.rows.get_top()[1]) - self.own.height / 2
        self.own.set_y(start + (float(self.seat[1]) - start) * amount)
        self.rows.set_opacity(BEFORE + (1 - BEFORE) * amount)
        return self
