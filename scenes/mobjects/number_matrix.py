"""A matrix of numbers that can change every frame: composed from a glyph atlas, one image in all.

768 DecimalNumbers re-valued cost Manim 6.8 s a frame; here every character that a number can hold is drawn
once, and a frame is a look-up of those little pictures.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from scenes.mobjects import palette
from scenes.mobjects.glyphs import glyph
from scenes.mobjects.raster import Raster, pixels_per_unit

CHARACTERS = "0123456789.+− "
SLOTS = {"sign": 0.72, "digit": 0.5, "point": 0.3}  # em; Computer Modern's figures are all half an em wide


@lru_cache(maxsize=16)
def _atlas(em_pixels: int, slot_pixels: int) -> npt.NDArray[np.uint8]:
    """Coverage of every character, (character, line height, slot width), for one size of type."""
    height = glyph("0", em_pixels).shape[0]
    atlas = np.zeros((len(CHARACTERS), height, slot_pixels), dtype=np.uint8)
    for index, character in enumerate(CHARACTERS):
        coverage = glyph(character, em_pixels)
        width = min(slot_pixels, coverage.shape[1])
        left, cut = (slot_pixels - width) // 2, (coverage.shape[1] - width) // 2
        atlas[index, :, left : left + width] = coverage[:, cut : cut + width]
    return atlas


class NumberMatrix(Raster):
    """A matrix of signed numbers, coloured by sign and size.

    Args:
        values_RC: (rows, columns).
        size: em of the numbers in frame units.
        digits: digits after the point; there are as many before it as the largest |value| needs.
        scale: the |value| drawn brightest; the 99th percentile by default.
        weights: True for learned numbers (blue and red), False for data (greys).
        ramp: (256, 3), in place of those.
    """

    def __init__(
        self,
        values_RC: npt.ArrayLike,
        size: float = 0.24,
        digits: int = 1,
        scale: float | None = None,
        weights: bool = False,
        ramp: palette.Lut | None = None,
    ) -> None:
        self.values = np.array(values_RC, dtype=np.float32)
        if self.values.ndim != 2:
            raise ValueError(f"a number matrix takes a matrix, not an array of shape {self.values.shape}")
        self.digits = digits
        self.value_scale = palette.robust_scale(self.values) if scale is None else scale
        self.weights, self.ramp = weights, ramp
        em = max(4, round(size * pixels_per_unit()))
        self.whole = len(str(int(np.abs(self.values).max(initial=0))))
        widths = {name: max(2, round(share * em)) for name, share in SLOTS.items()}
        self.atlases = {name: _atlas(em, width) for name, width in widths.items()}
        self.slots = ["sign", *["digit"] * self.whole, *(["point"] + ["digit"] * digits if digits else [])]
        self.cell = (
            round(1.35 * em),
            sum(widths[slot] for slot in self.slots) + round(0.5 * em),
        )
        pixels = self._compose()
        super().__init__(pixels, pixels.shape[1] / pixels_per_unit(), pixels.shape[0] / pixels_per_unit())

    def _compose(self) -> npt.NDArray[np.uint8]:
        rows, columns = self.values.shape
        limit = 10 ** (self.whole + self.digits) - 1
        scaled = np.minimum(np.rint(np.abs(self.values) * 10**self.digits), limit).astype(np.int64)
        # A number that rounds to zero keeps the sign it has: −0.0 says which side of zero it is on.
        codes = [np.where(self.values < 0, CHARACTERS.index("−"), CHARACTERS.index("+"))]
        power = 10 ** (self.whole + self.digits - 1)
        for place in range(self.whole + self.digits):
            if place == self.whole:
                codes.append(np.full((rows, columns), CHARACTERS.index(".")))
            figure = scaled // power % 10
            leading = (scaled < power) & (place < self.whole - 1)
            codes.append(np.where(leading, CHARACTERS.index(" "), figure))
            power //= 10
        height, width = self.cell
        coverage = np.zeros((rows, height, columns, width), dtype=np.uint8)
        pen = width - sum(self.atlases[slot].shape[2] for slot in self.slots)
        top = (height - next(iter(self.atlases.values())).shape[1]) // 2
        for slot, code in zip(self.slots, codes, strict=True):
            glyphs = self.atlases[slot][code]
            _, _, glyph_height, glyph_width = glyphs.shape
            coverage[:, top : top + glyph_height, :, pen : pen + glyph_width] = glyphs.transpose(0, 2, 1, 3)
            pen += glyph_width
        colours = self._colours().astype(np.uint16)
        pixels = np.empty((rows, height, columns, width, 4), dtype=np.uint8)
        wide = coverage.astype(np.uint16)
        for channel in range(3):
            pixels[..., channel] = (wide * colours[:, None, :, None, channel] + 255) >> 8
        pixels[..., 3] = coverage
        return pixels.reshape(rows * height, columns * width, 4)

    def _colours(self) -> npt.NDArray[np.uint8]:
        level = palette.levels(self.values, self.value_scale)
        if self.ramp is not None:
            return self.ramp[level]
        if not self.weights:
            return palette.DATA_RAMP[level]
        negative = (self.values < 0)[..., None]
        return np.where(negative, palette.NEGATIVE_RAMP[level], palette.POSITIVE_RAMP[level])

    def show(self, values_RC: npt.ArrayLike) -> NumberMatrix:
        """Show other values of the same shape, in the same places."""
        values = np.asarray(values_RC, dtype=np.float32)
        if values.shape != self.values.shape:
            raise ValueError(f"this matrix is {self.values.shape}, not {values.shape}")
        self.values = values.copy()
        self.pixels = self._compose()
        return self
