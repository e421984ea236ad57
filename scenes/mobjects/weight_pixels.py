"""Weights as pixels: blue above zero, red below, the stronger the lighter; and what the colours stand for."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import LEFT, RIGHT, Group

from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import signed
from scenes.mobjects.raster import Pixels, Raster

FAINTEST = 0.12  # of a weight near zero, over the ground
LENGTH, THICKNESS = 1.3, 0.15  # frame units of the scale

Array = npt.NDArray[np.float32]


def weight_pixels(weights_RC: Array, scale: float) -> Pixels:
    """One pixel a weight, (rows, columns, 4); `scale` is the |weight| of the lightest colour."""
    level = palette.levels(weights_RC, scale)
    colours = np.where(
        (weights_RC > 0)[..., None], palette.POSITIVE_RAMP[level], palette.NEGATIVE_RAMP[level]
    )
    share = FAINTEST + (1 - FAINTEST) * level.astype(np.float32) / 255
    return opaque(palette.dim(colours, share[..., None]))


def data_pixels(values_RC: Array, scale: float) -> Pixels:
    """The same of numbers that flow through: greys, the larger the lighter."""
    return opaque(palette.DATA_RAMP[palette.levels(values_RC, scale)])


def extremes_in_cells(matrix_RC: Array, columns: int) -> Array:
    """Shrink to at most so many columns; each cell is the element under it that is farthest from zero."""
    length = matrix_RC.shape[1]
    if length <= columns:
        return matrix_RC
    starts = np.unique(np.arange(columns) * length // columns)
    high = np.maximum.reduceat(matrix_RC, starts, axis=1)
    low = np.minimum.reduceat(matrix_RC, starts, axis=1)
    return np.where(high >= -low, high, low)


def opaque(colours: npt.ArrayLike) -> Pixels:
    """Pixels of colours (…, 3), 0…255."""
    rgb = np.rint(np.asarray(colours)).astype(np.uint8)
    return np.concatenate([rgb, np.full((*rgb.shape[:-1], 1), 255, np.uint8)], axis=-1)


class WeightScale(Group):
    """From the strongest red to the strongest blue, with the weights that they stand for at the ends.

    Args:
        scale: the |weight| of the lightest colours.
        size: em of the numbers.

    Attributes:
        ends: the two numbers.
    """

    def __init__(self, scale: float, size: float = 0.2) -> None:
        ramp = np.linspace(-1, 1, 128, dtype=np.float32)[None]
        bar = Raster(weight_pixels(ramp, 1.0), LENGTH, THICKNESS, smooth=True)
        self.ends = [text("", size, palette.CAPTION) for _end in range(2)]
        super().__init__(bar, *self.ends)
        self.tell(scale)
        self.center()

    def tell(self, scale: float) -> Self:
        """Say another scale, in the same place."""
        digits = int(np.clip(2 - np.floor(np.log10(scale)), 1, 4)) if scale < 10 else 0
        for end, value, side in zip(self.ends, (-scale, scale), (LEFT, RIGHT), strict=True):
            end.rewrite(signed(value, digits))
            end.next_to(self[0], side, buff=0.1)
        return self
