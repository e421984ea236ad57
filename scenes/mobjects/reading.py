"""The last vector read: a frame around it, a beam, and the probabilities that come out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from manim import Line, Polygon

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.bars import likeliest_bars

TALLEST = 3.9  # frame units of the bars


class Reading:
    """Its parts come one after the other, so they are no group.

    Args:
        corners: of the vector, on the frame, (4, 3).
        name: what stands for a vocabulary id (`Trace.token_name`).
        probabilities_V: of every token.
        box: where the bars stand.

    Attributes:
        frame: around the vector.
        beam: from there to the bars.
        bars: of the likeliest tokens, and of all others.
    """

    def __init__(
        self,
        corners: npt.ArrayLike,
        name: Callable[[int], bytes],
        probabilities_V: npt.NDArray[np.float64],
        box: Box,
    ) -> None:
        self.frame = Polygon(*np.asarray(corners), stroke_color=palette.QUERY, stroke_width=4)
        self.bars = likeliest_bars(name, probabilities_V, box.width, min(box.height, TALLEST))
        self.bars.shift(np.array(box.center) - self.bars.get_center())
        ends = self.frame.get_center(), self.bars.get_left() + np.array([-0.1, 0, 0])
        self.beam = Line(*ends, color=palette.QUERY, stroke_width=6)
