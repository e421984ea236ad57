"""A plate of glass in perspective: what it holds, a rim of its hue, edges that catch light, a highlight."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from scenes.mobjects import palette
from scenes.mobjects.light import opaque
from scenes.mobjects.perspective import Face, Texture

GLASS = 0.72  # opacity of the plate
RIM = 3  # pixels of the texture, which is about as fine as the frame
SHINE = 0.16  # opacity, at the middle of the highlight
SLIDE = 40.0  # degrees of yaw in which the highlight crosses the plate


class Plate:
    """A thin upright plate across the world's x.

    Args:
        colours: (height, width, 3) of 0…255, what is in the glass; left is nearest to the viewer.
        hue: of rim and edges, `#RRGGBB`.
    """

    def __init__(self, colours: npt.ArrayLike, hue: str) -> None:
        pixels = opaque(colours, GLASS)
        rim = np.append(palette.pixel(hue), 255).astype(np.uint8)
        for edge in (pixels[:RIM], pixels[-RIM:], pixels[:, :RIM], pixels[:, -RIM:]):
            edge[:] = rim
        self.glass, self.hue = Texture(pixels), hue

    def faces(
        self, x: float, size: tuple[float, float], thickness: float, yaw: float, opacity: float = 1.0
    ) -> list[Face]:
        """The plate at `x`, `size` high and deep; the highlight stands where `yaw` puts it."""
        y, z = size[0] / 2, size[1] / 2
        left, right = x - thickness / 2, x + thickness / 2
        side = [[right, y, -z], [right, y, z], [right, -y, z], [right, -y, -z]]
        front = [[left, y, -z], [right, y, -z], [right, -y, -z], [left, -y, -z]]
        top = [[left, y, z], [right, y, z], [right, y, -z], [left, y, -z]]
        start = (yaw % SLIDE) / SLIDE * 0.5
        return [
            Face(self.glass, side, opacity=opacity),
            Face(_highlight(), side, (start, start + 0.5), opacity),
            Face(self.hue, front, opacity=0.85 * opacity),
            Face(self.hue, top, opacity=0.5 * opacity),
        ]


@cache
def _highlight() -> Texture:
    """A soft slanting band of light in the middle of a sheet twice as wide as a plate."""
    y, x = np.mgrid[0:64, 0:128] / 64
    light = SHINE * np.exp(-(((x + 0.35 * y - 1.15) / 0.16) ** 2))
    return Texture(opaque(np.full((64, 128, 3), 255.0), light))
