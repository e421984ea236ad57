"""Curves of one plot as sheets that stand one behind the other, opened like a fan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group, Polygon, VGroup, VMobject

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye
from scenes.mobjects.plot import Plot

DEPTH = 0.3  # of the plot's width from sheet to sheet
YAW, PITCH = 30.0, 24.0  # degrees, where the fan is open
TINT = 0.22  # of its colour has a sheet's surface

Points = npt.NDArray[np.float64]


class Sheets(Group):
    """Falling curves over one pair of axes; see `inside` for one that falls out of them.

    Args:
        plot: flat, as it stands on the frame; its lines and words move along from now on.
        curves: their points, (xs, ys), the front sheet's first.
        colours, labels: of each.
        box: what the open fan keeps to.

    Attributes:
        opened: 0 for one on the other in the plot's plane, 1 for the open fan.
        lines, surfaces: by sheet.
        labels: at the right end of each.
    """

    def __init__(
        self,
        plot: Plot,
        curves: Sequence[tuple[npt.ArrayLike, npt.ArrayLike]],
        colours: Sequence[str],
        labels: Sequence[VMobject],
        box: Box,
    ) -> None:
        self.plot, self.labels = plot, labels
        self._curves = [plot.at(xs, ys) for xs, ys in curves]
        self._feet = plot.at([plot.x.low, plot.x.high], plot.y.low)
        self._depth = DEPTH * float(plot.width)
        middle = plot.at([plot.x.low, plot.x.high], [plot.y.low, plot.y.high]).mean(axis=0)
        self._flat = Eye(yaw=0, pitch=0, target=tuple(middle), place=tuple(middle[:2]))
        self._flat_axes = [(line.get_start(), line.get_end()) for line in plot.axes]
        self._words = [words.get_center() for words in (*plot.ticks[1::2], *plot.names)]
        self._marks = [(line.get_start(), line.get_end()) for line in plot.ticks[0::2]]
        room = max(label.width for label in labels) + 0.2
        within = Box(box.left, box.right - room, box.bottom, box.top)
        open_eye = Eye(yaw=YAW, pitch=PITCH, target=tuple(middle))
        self._open = open_eye.fitted(self._corners(), within)
        self.surfaces = VGroup(
            *(
                Polygon([0, 0, 0], [1, 0, 0], [0, 1, 0], stroke_width=0, fill_opacity=0.92,
                        fill_color=palette.mix(palette.GROUND, colour, TINT))
                for colour in colours
            )
        )  # fmt: skip
        self.lines = VGroup(*(VMobject(stroke_color=colour, stroke_width=5) for colour in colours))
        behind = [each for pair in zip(self.lines, self.surfaces, strict=True) for each in pair]
        super().__init__(plot, *behind[::-1], *labels)
        self.show(0.0)

    def _corners(self) -> Points:
        """Of all that the open fan shows, in the world."""
        steps = [np.array([0, 0, self._depth * number]) for number in range(len(self._curves))]
        curves = [curve + step for curve, step in zip(self._curves, steps, strict=True)]
        flat = [self.plot.get_corner(np.array(corner)) for corner in ((-1, -1, 0), (-1, 1, 0), (1, -1, 0))]
        return np.concatenate([flat, self._feet + steps[-1], *curves])

    def show(self, opened: float) -> Self:
        """Open the fan so far, 0…1."""
        self.opened = opened
        eye = self._flat.towards(self._open, opened)
        for number, (points, label) in enumerate(zip(self._curves, self.labels, strict=True)):
            away = np.array([0, 0, self._depth * number * opened])
            feet = self._feet + away
            curve = points + away
            base = np.array([[curve[-1][0], feet[0][1], away[2]], feet[0]])
            self.lines[number].set_points_as_corners(eye.project(curve))
            outline = eye.project(np.concatenate([curve, base, curve[:1]]))
            self.surfaces[number].set_points_as_corners(outline)
            self.surfaces[number].set_fill(opacity=0.92 * min(1.0, 4 * opened))
            label.move_to(eye.project(feet[1])).shift([label.width / 2 + 0.15, 0, 0])
            label.set_opacity(max(0.0, 2 * opened - 1))
        lines = (*self.plot.axes, *self.plot.ticks[0::2])
        for line, ends in zip(lines, (*self._flat_axes, *self._marks), strict=True):
            line.put_start_and_end_on(*eye.project(np.array(ends)))
        for words, place in zip((*self.plot.ticks[1::2], *self.plot.names), self._words, strict=True):
            words.move_to(eye.project(place))
        return self


def inside(xs: Points, ys: Points, low: float) -> tuple[Points, Points]:
    """The part of a falling curve that is above `low`; it ends on it, where it falls through."""
    above = ys >= low
    if above.all():
        return xs, ys
    last = int(above.sum()) - 1
    if last < 0:
        return xs[:1], np.array([low])
    (x0, x1), (y0, y1) = np.log(xs[last : last + 2]), np.log(np.maximum(ys[last : last + 2], 1e-300))
    cut = np.exp(x0 + (x1 - x0) * (np.log(low) - y0) / (y1 - y0))
    return np.append(xs[: last + 1], cut), np.append(ys[: last + 1], low)
