"""What an activation does to all of a layer's numbers at once: grains on its axis, then on its curve."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, LEFT, RIGHT, UP, Dot, Group, Line, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import percent, signed
from scenes.mobjects.plot import Axis, Plot
from scenes.mobjects.sand import Sand

OWN = 0.11  # radius of the neuron's own dot
NUMBER, SHARE = 0.4, 0.34  # em
ROOM = 0.07  # of each axis beyond what lies on it


class BentSand(Group):
    """A plot with the activation's curve, a grain a neuron, and one neuron's dot with its number.

    Args:
        pre_F: what each neuron's sum is.
        heights: what the activation makes of it, (F,), and, with a gate, the product with the second number.
        bend: the activation.
        name: what it is called; `label` is that beside the curve.
        neuron: the one with a dot.
        box: what it takes.

    Attributes:
        plot, curve, sand: its parts.
        own: the neuron's dot; number: what stands beside it.
        shares: what is said of the grains on either side of zero.
        across, up: the axis of what goes in, and that of what comes out.
    """

    def __init__(
        self,
        pre_F: npt.ArrayLike,
        heights: list[npt.NDArray[np.float64]],
        bend: Callable[[npt.ArrayLike], npt.NDArray[np.float64]],
        name: str,
        neuron: int,
        box: Box,
    ) -> None:
        pre = np.asarray(pre_F, np.float64)
        self.heights, self.neuron = [np.zeros(len(pre)), *heights], neuron
        x = Axis(*_ends(pre), _("the sum that goes in"))
        self.plot = Plot(box, x, Axis(*_ends(*heights, bend([x.high])), _("what comes out")))
        at = np.linspace(x.low, x.high, 400)
        self.curve = self.plot.curve(at, bend(at), palette.GELU, 5)
        ends = self.plot.at([x.low, x.high], 0.0)
        self.zero = Line(*ends, stroke_color=palette.FAINT, stroke_width=1.5)
        self.rise = Line(
            self.plot.at(0, self.plot.y.low)[0],
            self.plot.at(0, self.plot.y.high)[0],
            stroke_color=palette.FAINT,
            stroke_width=1.5,
        )
        self.sand = Sand(self.plot, pre, *heights)
        self.xs = pre
        self.label = text(name, NUMBER, palette.GELU)
        at_x = 0.5 * x.high
        tip = self.plot.at(at_x, float(bend(np.array([at_x]))[0]))[0]
        self.label.move_to(tip + np.array([self.label.width / 2 + 0.3, -0.25, 0.0]))
        self.own = Dot(radius=OWN, color=palette.QUERY)
        self.number: Lettering = text("+0.00", NUMBER, palette.QUERY)
        share = float((pre < 0).mean())
        self.below = text(_("below zero: {share}").format(share=percent(share)), SHARE, palette.CAPTION)
        self.above = text(_("above: {share}").format(share=percent(1 - share)), SHARE, palette.CAPTION)
        top = self.rise.get_top()
        self.below.next_to(top, LEFT, buff=0.25).shift(0.1 * DOWN)
        self.above.next_to(top, RIGHT, buff=0.25).shift(0.1 * DOWN)
        self.shares = VGroup(self.below, self.above)
        columns = 2 * len(self.plot.marked[0])
        self.across = VGroup(
            self.plot.axes[0], self.plot.ticks[:columns], self.plot.names[0], self.zero, self.rise
        )
        self.up = VGroup(self.plot.axes[1], self.plot.ticks[columns:], self.plot.names[1])
        sides = (top[0] - self.plot.box.left, self.plot.box.right - top[0])
        widths = (self.below.width, self.above.width)
        room = min((side - 0.3) / wide for side, wide in zip(sides, widths, strict=True))
        self.shares.scale(min(1.0, room), about_point=top)
        super().__init__(
            self.plot,
            self.zero,
            self.rise,
            self.sand,
            self.curve,
            self.label,
            self.own,
            self.number,
            self.shares,
        )
        self.show(0.0)

    def show(self, amount: float) -> Self:
        """Heaped on the axis, 0; on the curve, 1; times the second number, 2."""
        self.sand.show(amount)
        first = min(int(amount), len(self.heights) - 2)
        part = amount - first
        x = float(self.xs[self.neuron])
        y = float(self.heights[first][self.neuron] * (1 - part) + self.heights[first + 1][self.neuron] * part)
        place = self.plot.at(x, y)[0]
        self.own.move_to(place)
        self.number.rewrite(signed(y if amount else x, 2))
        side = LEFT if place[0] > self.plot.box.center[0] else RIGHT
        self.number.next_to(place, UP + side, buff=0.12)
        return self


def _ends(*values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """The ends of an axis that holds all values and zero, with some room."""
    low = min(0.0, *(float(each.min()) for each in values))
    high = max(0.0, *(float(each.max()) for each in values))
    room = ROOM * ((high - low) or 1.0)
    return low - room, high + room
