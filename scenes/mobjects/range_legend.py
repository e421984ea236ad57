"""What the darkest and the brightest colour of a ramp stand for; both numbers can change."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import LEFT, RIGHT, Group

from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.light import opaque
from scenes.mobjects.numerals import signed
from scenes.mobjects.raster import Raster

LENGTH, THICKNESS = 1.6, 0.18  # frame units
GAP = 0.12


class RangeLegend(Group):
    """A ramp between two numbers.

    Args:
        colours: (n, 3) of 0…255, from the darkest.
        low, high: what its ends stand for.

    Attributes:
        low, high: the letterings.
    """

    def __init__(self, colours: npt.NDArray[np.uint8], low: float, high: float, size: float = 0.24) -> None:
        self.bar = Raster(opaque(colours[None].astype(np.float32)), LENGTH, THICKNESS, smooth=True)
        self.low, self.high = (text(signed(value), size, palette.CAPTION) for value in (low, high))
        self.low.next_to(self.bar, LEFT, buff=GAP)
        self.high.next_to(self.bar, RIGHT, buff=GAP)
        super().__init__(self.bar, self.low, self.high)

    def show(self, ends: npt.ArrayLike) -> Self:
        """Show other numbers."""
        low, high = np.asarray(ends, dtype=float).tolist()
        self.low.rewrite(signed(low), (1.0, 0.0, 0.0))
        self.high.rewrite(signed(high), (-1.0, 0.0, 0.0))
        return self
