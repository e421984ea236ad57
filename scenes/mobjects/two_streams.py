"""Two residual streams cut lengthwise, one above the other, and their difference: depth runs to the right."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.heatmap import Heatmap
from scenes.mobjects.lettering import text
from scenes.mobjects.residual_stack import ROWS, spread_of

LIGHT = 3.0  # spreads that the ramp's light end stands for
SIZE = 0.26


class TwoStreams(Group):
    """One vector a depth as a column of cells, evenly spaced elements; each depth by its own spread.

    The difference is in the same unit as what it is the difference of, so that it can be compared by eye.

    Args:
        own_MD, other_MD: the two vectors at every depth.
        box: what the three strips and their names take.

    Attributes:
        strips: the three pictures, |value| by the spread of the first vector at its depth.
        elements: which elements of the vectors are drawn.
        reached: so many depths are seen.
    """

    def __init__(self, own_MD: npt.ArrayLike, other_MD: npt.ArrayLike, box: Box) -> None:
        own, other = np.asarray(own_MD), np.asarray(other_MD)
        self.elements = np.unique(np.linspace(0, own.shape[1] - 1, ROWS).round().astype(np.int64))
        spread_M1 = spread_of(own)
        self.reached = 0.0
        names = _("first text"), _("second text"), _("difference")
        labels = [text(name, SIZE, palette.CAPTION) for name in names]
        margin = max(label.width for label in labels) + 0.25
        self.strips: list[Heatmap] = []
        self.names = VGroup(*labels)
        for label, values_MD, place in zip(labels, (own, other, own - other), box.rows(1, 1, 1), strict=True):
            scaled = (np.abs(values_MD) / spread_M1)[:, self.elements].T
            strip = Heatmap(scaled, place.width - margin, place.height, LIGHT, palette.STREAM_RAMP, gap=0.06)
            strip.move_to([place.right - strip.width / 2, place.center[1], 0])
            label.move_to([place.left + margin - 0.25 - label.width / 2, place.center[1], 0])
            self.strips.append(strip)
        super().__init__(*self.strips, self.names)
        self.reach(0)

    def reach(self, depth: float) -> Self:
        """Let so many depths be seen, from the left."""
        self.reached = depth
        for strip in self.strips:
            strip.seen = np.broadcast_to(np.arange(strip.values.shape[1]) < depth, strip.values.shape)
            strip.show(strip.values)
        return self
