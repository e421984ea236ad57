"""A big tensor as a picture: one block of pixels an element."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scenes.mobjects import palette
from scenes.mobjects.raster import Raster, blocks, pixels_per_unit


class Heatmap(Raster):
    """A matrix as coloured blocks, brightness by |value|.

    Args:
        values_RC: (rows, columns).
        width, height: in frame units.
        scale: the |value| that the ramp's light end stands for; the 99th percentile by default.
        ramp: (256, 3) for every column alike, or (columns, 256, 3) for a ramp a column.
        gap: share of a block that is left empty between blocks.
        seen_RC: which elements are drawn at all; a masked one leaves the ground as it is.

    Attributes:
        values: what is shown now.
        value_scale: see `scale`; print it beside the picture.
    """

    def __init__(
        self,
        values_RC: npt.ArrayLike,
        width: float,
        height: float,
        scale: float | None = None,
        ramp: palette.Lut = palette.DATA_RAMP,
        gap: float = 0.12,
        seen_RC: npt.NDArray[np.bool_] | None = None,
    ) -> None:
        self.values = np.array(values_RC, dtype=np.float32)
        if self.values.ndim != 2:
            raise ValueError(f"a heatmap takes a matrix, not an array of shape {self.values.shape}")
        self.value_scale = palette.robust_scale(self.values) if scale is None else scale
        self.ramp = ramp
        self.seen = seen_RC
        rows, columns = self.values.shape
        fine = pixels_per_unit()
        self.cell = (max(1, round(height / rows * fine)), max(1, round(width / columns * fine)))
        self.gap = round(min(self.cell) * gap) if min(self.cell) >= 4 else 0
        super().__init__(self._compose(), width, height)

    def _compose(self) -> npt.NDArray[np.uint8]:
        level = palette.levels(self.values, self.value_scale)
        if self.ramp.ndim == 3:
            colours = self.ramp[np.arange(self.values.shape[1]), level]
        else:
            colours = self.ramp[level]
        return blocks(colours, self.cell, self.gap, self.seen)

    def show(self, values_RC: npt.ArrayLike) -> Heatmap:
        """Show other values of the same shape, on the same scale."""
        values = np.asarray(values_RC, dtype=np.float32)
        if values.shape != self.values.shape:
            raise ValueError(f"this heatmap is {self.values.shape}, not {values.shape}")
        self.values = values.copy()
        self.pixels = self._compose()
        return self


def largest_in_cells(matrix: npt.ArrayLike, limit: int) -> npt.NDArray[np.float32]:
    """Shrink to at most `limit` rows and columns; each cell is the largest element that it covers.

    A mean would fade a one-wide diagonal to nothing, and the largest element is an element of the tensor.
    """
    values = np.asarray(matrix, dtype=np.float32)
    for axis in (0, 1):
        length = values.shape[axis]
        if length > limit:
            starts = np.unique(np.arange(limit) * length // limit)
            values = np.maximum.reduceat(values, starts, axis=axis)
    return values
