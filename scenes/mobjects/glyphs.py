"""Letters as pixels: what images that hold numbers are composed from, each drawn once."""

from __future__ import annotations

from functools import lru_cache

import cairo
import numpy as np
import numpy.typing as npt

from scenes.mobjects.lettering import ASCENT, DESCENT, string_points

STRENGTH = 0.035  # em: the strengthening that `Lettering` gives its strokes

Coverage = npt.NDArray[np.uint8]


@lru_cache(maxsize=1024)
def glyph(character: str, em_pixels: int) -> Coverage:
    """How much of each pixel a character covers, 0…255, (line height, advance), for one size of type."""
    points, advance = string_points(character, False)
    height, width = round((ASCENT + DESCENT) * em_pixels), max(1, round(advance * em_pixels))
    stride = cairo.ImageSurface.format_stride_for_width(cairo.FORMAT_A8, width)
    cell = np.zeros((height, stride), dtype=np.uint8)
    if len(points):
        surface = cairo.ImageSurface.create_for_data(cell.data, cairo.FORMAT_A8, width, height, stride)
        context = cairo.Context(surface)
        context.translate((width - advance * em_pixels) / 2, ASCENT * em_pixels)
        context.scale(em_pixels, -em_pixels)
        end = np.full(2, np.inf)  # Cairo's own current point is rounded: comparing with it tears outlines
        for curve in points[:, :2].reshape(-1, 4, 2):
            if np.abs(curve[0] - end).max() > 1e-6:
                context.move_to(*curve[0])
            context.curve_to(*curve[1], *curve[2], *curve[3])
            end = curve[3]
        context.fill_preserve()
        context.set_line_width(STRENGTH)
        context.stroke()
    return cell[:, :width]


def line_of(string: str, em_pixels: int) -> Coverage:
    """A string's coverage, put together from its characters'."""
    return np.concatenate([glyph(character, em_pixels) for character in string], axis=1)
