"""Both teams of a tug of war: all pulls end to end, for above, against below; between them what is left."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group, Line, Rectangle, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.numerals import count, signed
from scenes.mobjects.raster import Pixels, Raster, pixels_per_unit
from scenes.mobjects.token_row import token_quote
from scenes.pulls import Pull, digits, half, strongest

SIZE, NOTE = 0.34, 0.24  # em
HIGHEST = 5.0  # frame units of it all
DIM = 0.4  # of a pull that is not among those that do half of all pulling

Floats = npt.NDArray[np.float64]


class TwoTeams(Group):
    """Two bars to one scale: pulls for the winner and pulls against it, the strongest first.

    Args:
        parts: all pulls.
        ends: the runner-up and the winner.
        box: what it fills.

    Attributes:
        half: how few of all pulls do half of the pulling; their pieces are brighter.
        sums: of the pulls for the winner, and of those against.
        bars: a picture each; `grow` lets them come.
        left_over: what the longer bar has more.
    """

    def __init__(self, parts: Sequence[Pull], ends: tuple[bytes, bytes], box: Box) -> None:
        self.half = half(parts)
        ranked = strongest(parts)
        self.teams = [
            [
                (abs(pull.share), number < self.half)
                for number, pull in enumerate(ranked)
                if pull.share * way > 0
            ]
            for way in (1, -1)
        ]
        self.sums = tuple(sum(share for share, _bright in team) for team in self.teams)
        spare = max(0.0, box.height - HIGHEST) / 2
        upper, gap_box, lower, foot = box.inset(0, spare).stack(None, 0.7, None, 0.95, gap=0.0)
        high = min(0.8, 0.5 * upper.height)
        per_unit = box.width / (max(self.sums) or 1.0)
        self.bars, self.names = Group(), VGroup()
        hues = (palette.POSITIVE_RAMP, palette.NEGATIVE_RAMP)
        for place, (team, end, ramp) in enumerate(zip(self.teams, ends[::-1], hues, strict=True)):
            width = max(0.02, self.sums[place] * per_unit)
            bar = Raster(_pieces(team, width, high, ramp), width, high)
            y = upper.bottom + high / 2 if place == 0 else lower.top - high / 2
            bar.move_to([box.left + width / 2, y, 0])
            self.bars.add(bar)
            way = 1 if place == 0 else -1
            words = _("{count} pull for “{token}”: {sum}").format(
                count=count(len(team)), token=token_quote(end), sum=signed(way * self.sums[place], 2)
            )
            hue = palette.hexadecimal(tuple(ramp[-1] / 255))
            name = text(words, SIZE, hue, fit=box.width)
            name.move_to([box.left + name.width / 2, y + way * (high / 2 + 0.8 * SIZE), 0])
            self.names.add(name)
        self._pixels = [bar.pixels for bar in self.bars]
        self.left_over = self._difference(box, gap_box, per_unit)
        self.rule = self._rule(len(parts), foot)
        super().__init__(self.bars, self.names, self.left_over, self.rule)

    def grow(self, grown: float) -> Self:
        """Let both bars come from the left, `grown` (0…1) of the longer one."""
        for bar, pixels in zip(self.bars, self._pixels, strict=True):
            reach = grown * max(each.shape[1] for each in self._pixels)
            bar.pixels = np.ascontiguousarray(pixels * (np.arange(pixels.shape[1]) < reach)[None, :, None])
        return self

    def _difference(self, box: Box, room: Box, per_unit: float) -> VGroup:
        """The end of the longer bar, and how much that is."""
        short, long = sorted(self.sums)
        rest = self.sums[0] - self.sums[1]
        edges = [box.left + each * per_unit for each in (short, long)]
        piece = Rectangle(width=max(0.03, edges[1] - edges[0]), height=0.24, stroke_width=0)
        piece.set_fill(palette.QUERY, 1).move_to([sum(edges) / 2, room.center[1], 0])
        words = text(
            _("what is left: {rest}").format(rest=signed(rest, digits(rest))), 1.2 * SIZE, palette.QUERY
        )
        words.move_to([piece.get_left()[0] - 0.2 - words.width / 2, room.center[1], 0])
        if words.get_left()[0] < box.left:
            words.shift([box.left - words.get_left()[0], 0, 0])
        lines = VGroup(
            *(
                Line([x, room.bottom, 0], [x, room.top, 0], stroke_width=1.5, color=palette.QUERY)
                for x in edges
            )
        )
        return VGroup(piece, lines, words)

    def _rule(self, total: int, foot: Box) -> VGroup:
        """How few do half of it, and how that is counted."""
        upper, lower = foot.rows(1, 1, gap=0.05)
        words = _("{n} of {total} parts do half of all pulling").format(
            n=count(self.half), total=count(total)
        )
        rule = formula(
            "$n = min { m : sum_(i <= m) |s_i| >= 1/2 sum_i |s_i| }$",
            NOTE,
            palette.FAINT,
            fit=lower,
        )
        return VGroup(text(words, SIZE, palette.INK, fit=upper), rule)


def _pieces(team: list[tuple[float, bool]], width: float, high: float, ramp: palette.Lut) -> Pixels:
    """One bar: a piece a pull, to scale, with a dark line after each that is wide enough."""
    across, down = (max(1, round(side * pixels_per_unit())) for side in (width, high))
    row = np.zeros((across, 4), np.uint8)
    edges = np.concatenate([[0.0], np.cumsum([share for share, _bright in team])])
    places = np.rint(edges / (edges[-1] or 1.0) * across).astype(int)
    for (start, end), (_share, bright) in zip(pairwise(places), team, strict=True):
        colour = ramp[220] if bright else palette.dim(ramp[110], DIM)
        row[start:end, :3], row[start:end, 3] = colour, 255
        if end - start > 3:
            row[end - 1] = 0
    return np.ascontiguousarray(np.broadcast_to(row, (down, across, 4)))
