"""Many values as grains on one axis, heaped where they lie closely; then where a function brings them."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye
from scenes.mobjects.plot import Plot
from scenes.mobjects.point_cloud import EDGE, PointCloud

GRAIN = 0.036  # frame units, the radius that a grain is drawn to, at most
HEAP = 0.7  # of the room above zero that the highest heap takes at most

FLAT = Eye(yaw=0.0, pitch=0.0, distance=1e7)  # the frame itself


class Sand(PointCloud):
    """F grains in a plot: heaped on its zero line at their x, then as high as other values say.

    A grain's x is its value, and in a heap it keeps it; only how high it lies there says nothing.

    Args:
        plot: whose x axis the values are on.
        xs: (F,) the values.
        heights: (F,) arrays in the plot's y; `show` goes from the heap, 0, to the first, 1, to the next, 2.

    Attributes:
        shown: what is shown.
    """

    def __init__(self, plot: Plot, xs: npt.ArrayLike, *heights: npt.ArrayLike) -> None:
        self.xs = np.asarray(xs, np.float64)
        room = plot.at(0, plot.y.high)[0, 1] - plot.at(0, 0)[0, 1]
        foot = plot.at(self.xs, 0.0)
        grain, level = 2 * GRAIN, np.zeros(len(self.xs))
        for _ in range(40):
            level = _heaped(foot[:, 0], grain)
            if (level.max(initial=0) + 1) * grain <= HEAP * room:
                break
            grain *= 0.9
        heap = foot + np.stack([0 * level, (level + 0.5) * grain, 0 * level], axis=-1)
        self.stages = [heap, *(plot.at(self.xs, np.asarray(each, np.float64)) for each in heights)]
        colours = np.tile(palette.pixel(palette.INK), (len(self.xs), 1))
        inner = plot.box
        around = Box(inner.left - EDGE, inner.right + EDGE, inner.bottom - EDGE, inner.top + EDGE)
        super().__init__(heap, colours, FLAT, around)
        self.star = max(0.009, grain / 4.4)
        self.exposure = 1.1
        self.shown = 0.0
        self.show(0.0)

    def show(self, amount: float) -> Self:
        """So far on the way through the stages."""
        self.shown = amount
        first = min(int(amount), len(self.stages) - 2) if len(self.stages) > 1 else 0
        last = min(first + 1, len(self.stages) - 1)
        self.world = self.stages[first] + (self.stages[last] - self.stages[first]) * (amount - first)
        self.see(FLAT)
        return self


def _heaped(xs: npt.NDArray[np.float64], grain: float) -> npt.NDArray[np.float64]:
    """How many grains lie below each, where those of one bin of a grain's width are heaped up."""
    bins = np.floor(xs / grain).astype(int)
    order = np.lexsort((xs, bins))
    first = np.concatenate([[True], np.diff(bins[order]) > 0])
    starts = np.maximum.accumulate(np.where(first, np.arange(len(xs)), 0))
    level = np.zeros(len(xs))
    level[order] = np.arange(len(xs)) - starts
    return level
