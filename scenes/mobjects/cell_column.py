"""One vector as a column of lit cells: the numbers as the cross-section shows them, seen from the front."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from manim import Animation, UpdateFromAlphaFunc

from scenes.mobjects.block import ROW, rods, stream_colours
from scenes.mobjects.light import opaque, shaded
from scenes.mobjects.raster import Raster

Floats = npt.NDArray[np.floating[Any]]


class CellColumn(Raster):
    """Scaled |values| from top to bottom; not a number leaves its cell empty.

    Args:
        values: by their vector's spread, as in `Band.values_RC`.
        width, height: in frame units.
        colours: what turns values into colours; those of the residual stream by default.
    """

    def __init__(
        self,
        values: npt.ArrayLike,
        width: float,
        height: float,
        colours: Callable[[Floats], Floats] = stream_colours,
    ) -> None:
        self._colours = colours
        self.values = np.asarray(values, dtype=np.float32)
        super().__init__(self._compose(), width, height, smooth=True)

    def show(self, values: npt.ArrayLike) -> Self:
        """Show other values."""
        self.values = np.asarray(values, dtype=np.float32)
        self.pixels = self._compose()
        return self

    def stand(self, corners: npt.ArrayLike) -> Self:
        """Span the parallelogram of these corners: top left, top right, bottom right, bottom left, (4, 3)."""
        top_left, top_right, _low_right, low_left = np.asarray(corners, dtype=float)
        self.place(top_left, top_right - top_left, low_left - top_left)
        return self

    def moved(self, corners: npt.ArrayLike, opacity: float = 1.0) -> Animation:
        """Move to these corners, as in `stand`, and fade to `opacity`."""
        start, faint = self.points.copy(), self.opacity
        top_left, top_right, low_right, low_left = np.asarray(corners, dtype=float)
        goal = np.stack([top_left, top_right, low_left, low_right])

        def move(column: CellColumn, amount: float) -> None:
            column.points = start + (goal - start) * amount
            column.set_opacity(faint + (opacity - faint) * amount)

        return UpdateFromAlphaFunc(self, move)

    def _compose(self) -> npt.NDArray[np.uint8]:
        fine = ROW * max(1, 48 // max(1, len(self.values)))
        colours = self._colours(np.nan_to_num(self.values))[:, None]
        light = rods(len(self.values), fine)[:, None, None]
        seen = np.isfinite(self.values).repeat(fine)[:, None]
        return opaque(shaded(colours.repeat(fine, axis=0), light), seen)
