"""How often values lie where: steps over a true axis of all that there can be, from −1 to 1."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Line, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.plot import Axis, Plot

BINS = 80  # from −1 to 1


class Histogram(VGroup):
    """Cosines counted in equal steps from −1 to 1.

    Args:
        values: each from −1 to 1.
        box: where to stand.
        x, y: names of the axes.

    Attributes:
        plot: the axes.
        counts: how many values each step has; they add up to all.
        edges: of the steps.
        grown: how high the steps are shown, 0…1.
    """

    def __init__(self, values: npt.ArrayLike, box: Box, x: str, y: str) -> None:
        shown = np.clip(np.asarray(values, dtype=np.float64), -1, 1)  # rounding may go past 1
        self.counts, self.edges = np.histogram(shown, BINS, (-1, 1))
        top = float(self.counts.max())
        self.plot = Plot(box, Axis(-1, 1, x), Axis(0, 1.15 * top, y))
        self._xs = np.repeat(self.edges, 2)[1:-1]
        self.area = self.plot.area(self._xs, np.zeros(2 * BINS), palette.KEY, 0.55)
        self.grown = 0.0
        super().__init__(self.plot, self.area)

    def grow(self, grown: float) -> Self:
        """Let the steps stand at `grown` of their height."""
        self.grown = grown
        self.plot.fill(self.area, self._xs, np.repeat(self.counts * grown, 2))
        return self

    def marked(self, value: float, words: str) -> VGroup:
        """A line over the whole height at a value, and another, faint, at 0."""
        lines = VGroup()
        for at, colour, width in ((0.0, palette.FAINT, 2), (value, palette.QUERY, 4)):
            foot, head = self.plot.at([at, at], [0, self.plot.y.high])
            lines.add(Line(foot, head, stroke_color=colour, stroke_width=width))
        label = text(words, 0.6, palette.QUERY)
        x = float(lines[1].get_x())
        side = 1 if x + label.width + 0.4 < self.plot.box.right else -1
        label.move_to([x + side * (0.2 + label.width / 2), self.plot.box.top - label.height / 2, 0])
        return VGroup(*lines, label)
