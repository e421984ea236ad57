"""One column of a weight matrix, taken out: blue and red as weights are, or grey, as what flows through."""

from __future__ import annotations

from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from scenes.mobjects.raster import Pixels, Raster, pixels_per_unit
from scenes.mobjects.weight_pixels import Array, data_pixels, extremes_in_cells, weight_pixels

FINEST = 3  # pixels of the frame that a cell takes at least, from top to bottom


class WeightColumn(Raster):
    """A vector from top to bottom, one cell a number, or the one farthest from zero of those that share it.

    Args:
        values_D: the column.
        scale: the |value| of the lightest colour.
        width, height: in frame units.

    Attributes:
        cells: what is shown, from top to bottom.
        flowing: 0 for the colours of weights, 1 for the greys of data.
    """

    def __init__(self, values_D: npt.ArrayLike, scale: float, width: float, height: float) -> None:
        self._most = max(1, int(height * pixels_per_unit() / FINEST))
        self.cells = self._shrunk(values_D)
        self.value_scale, self.flowing = scale, 0.0
        super().__init__(self._compose(), width, height)

    def _shrunk(self, values_D: npt.ArrayLike) -> Array:
        return np.asarray(extremes_in_cells(np.asarray(values_D, dtype=np.float32)[None], self._most)[0])

    def show(self, values_D: npt.ArrayLike) -> Self:
        """Show other values, on the same scale."""
        self.cells = self._shrunk(values_D)
        self.pixels = self._compose()
        return self

    def _compose(self) -> Pixels:
        column = self.cells[:, None]
        weights, data = weight_pixels(column, self.value_scale), data_pixels(column, self.value_scale)
        return np.asarray(cv2.addWeighted(weights, 1 - self.flowing, data, self.flowing, 0), dtype=np.uint8)

    def flow(self, amount: float) -> Self:
        """Turn so far from a weight's colours to those of data, 0…1."""
        self.flowing = amount
        self.pixels = self._compose()
        return self

    def corners(self) -> npt.NDArray[np.float64]:
        """Top left, top right, bottom right and bottom left, (4, 3)."""
        top_left, top_right, low_left, low_right = self.points
        return np.stack([top_left, top_right, low_right, low_left])

    def stand(self, corners: npt.ArrayLike) -> Self:
        """Span the parallelogram of these corners, in the order of `corners`."""
        top_left, top_right, _low_right, low_left = np.asarray(corners, dtype=float)
        self.place(top_left, top_right - top_left, low_left - top_left)
        return self
