"""A plate of glass in perspective: what it holds, a rim of its hue, edges that catch light, a highlight."""

from __future__ import annotations

import numpy as np

from scenes.mobjects import palette
from scenes.mobjects.perspective import Face, Texture
from scenes.mobjects.raster import Pixels

GLASS = 0.72  # opacity of the plate
RIM = 3  # pixels of the texture, which is about as fine as the frame
GLINTS = (0.0, 0.2, 0.1), (0.28, 0.06, 0.14)  # the highlight's bands: start, width (of the plate), opacity
SLANT = -0.12  # of the plate's width, from its top to its foot
SLIDE = 40.0  # degrees of yaw in which the highlight crosses the plate


class Plate:
    """A thin upright plate across the world's x.

    Args:
        pixels: (height, width, 4) uint8, opaque, what is in the glass; left is nearest to the viewer.
        hue: of rim and edges, `#RRGGBB`.
    """

    def __init__(self, pixels: Pixels, hue: str) -> None:
        pixels = (pixels * np.float32(GLASS)).astype(np.uint8)
        rim = np.append(palette.pixel(hue), 255).astype(np.uint8)
        for edge in (pixels[:RIM], pixels[-RIM:], pixels[:, :RIM], pixels[:, -RIM:]):
            edge[:] = rim
        self.glass, self.hue = Texture(pixels), hue

    def faces(
        self,
        x: float,
        size: tuple[float, float],
        thickness: float,
        yaw: float,
        opacity: float = 1.0,
        hidden: tuple[float, float] | None = None,
    ) -> list[Face]:
        """The plate at `x`, `size` high and deep; its highlight stands where `yaw` puts it.

        `hidden` (z, y): what is both farther and lower than that is behind something, and is not drawn.
        """
        y, z = size[0] / 2, size[1] / 2
        left, right = x - thickness / 2, x + thickness / 2
        front = [[left, y, -z], [right, y, -z], [right, -y, -z], [left, -y, -z]]
        top = [[left, y, z], [right, y, z], [right, y, -z], [left, y, -z]]
        far = z if hidden is None else min(z, max(-z, hidden[0]))
        share = (far + z) / (2 * z)
        faces = [Face(self.glass, _upright(right, (-z, far), (y, -y)), (0.0, share), opacity)]
        if hidden is not None and share < 1:
            low = hidden[1]
            strip = _upright(right, (far, z), (y, low))
            faces.append(Face(self.glass, strip, (share, 1.0), opacity, (0.0, (y - low) / (2 * y))))
        for start, wide, light in GLINTS:
            at = (yaw % SLIDE) / SLIDE * 1.4 - 0.3 + start
            across = np.clip([at, at + wide, at + wide + SLANT, at + SLANT], 0, share) * 2 * z - z
            glint = [
                [right, y, across[1]],
                [right, y, across[0]],
                [right, -y, across[3]],
                [right, -y, across[2]],
            ]
            faces.append(Face(palette.BRIGHTEST, glint, opacity=light * opacity))
        return [
            *faces,
            Face(self.hue, front, opacity=0.85 * opacity),
            Face(self.hue, top, opacity=0.5 * opacity),
        ]


def _upright(x: float, z: tuple[float, float], y: tuple[float, float]) -> list[list[float]]:
    """A rectangle across the world's x, from near to far and from high to low."""
    return [[x, y[0], z[0]], [x, y[0], z[1]], [x, y[1], z[1]], [x, y[1], z[0]]]
