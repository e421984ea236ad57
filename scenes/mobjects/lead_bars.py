"""At which depth things first happen: a bar a depth, counted."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Animation, AnimationGroup, Rectangle, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.plot import Axis, Plot

SHARE = 0.8  # of a depth's width is its bar


class LeadBars(VGroup):
    """How many positions have their winner first in the lead at each depth.

    Args:
        depths_W: that depth of every position.
        depths: how many there are, M.
        box: what it takes.

    Attributes:
        counts: positions by depth; they add up to all.
        bars: one a depth.
        around: axes and title.
        grown: how high the bars stand, 0…1.
    """

    def __init__(self, depths_W: npt.ArrayLike, depths: int, box: Box) -> None:
        self.counts = np.bincount(np.asarray(depths_W), minlength=depths)
        title = text(_("winners that first lead at this depth"), 0.26, palette.CAPTION, fit=box.width)
        title.move_to([box.center[0], box.top - 0.2, 0])
        most = float(self.counts.max())
        room = Box(box.left, box.right, box.bottom, box.top - 0.45)
        steps = tuple(
            float(each) for each in sorted({0, int(most)} | ({int(most) // 2} if most > 3 else set()))
        )
        self.plot = Plot(
            room, Axis(-0.5, depths - 0.5, _("depth"), at=_ticks(depths)), Axis(0, 1.1 * most, at=steps)
        )
        self.bars = VGroup()
        for _number in self.counts:
            bar = Rectangle(width=0.1, height=0.1)
            self.bars.add(bar.set_stroke(width=0).set_fill(palette.KEY, opacity=0.9))
        self.around = VGroup(self.plot, title)
        super().__init__(self.around, self.bars)
        self.grow(1.0)

    def grow(self, grown: float) -> Self:
        """Let the bars stand at `grown` of their height."""
        self.grown = grown
        for depth, (bar, number) in enumerate(zip(self.bars, self.counts.tolist(), strict=True)):
            half = SHARE / 2
            low, high = self.plot.at([depth - half, depth + half], [0, number * grown])
            corners = [low, [high[0], low[1], 0], high, [low[0], high[1], 0]]
            bar.set_points_as_corners([*corners, low])
        return self

    def lit(self, depth: int) -> Animation:
        """One bar turns yellow."""
        return AnimationGroup(self.bars[depth].animate.set_fill(palette.QUERY))


def _ticks(depths: int) -> tuple[float, ...]:
    step = max(1, (depths - 1) // 4)
    return tuple(float(depth) for depth in {*range(0, depths - step // 2, step), depths - 1})
