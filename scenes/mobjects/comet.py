"""A light that runs along a path, as bright as a number says at each place of it."""

from __future__ import annotations

from functools import cache
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group, VGroup, VMobject

from scenes.mobjects import palette
from scenes.mobjects.raster import Pixels, Raster

TAIL = 0.16  # of the path's length
PARTS = 14  # pieces that the tail is drawn in
SPARK = 96  # pixels


class Comet(Group):
    """A head that glows, and a tail behind it.

    Args:
        brightness: numbers along the path, 0…1 each; between two of them it goes straight.
        colour: of the tail.
        size: across the head's glow where the brightness is 1, in frame units.

    Attributes:
        light: the brightness where the head is now.
    """

    def __init__(self, brightness: npt.ArrayLike, colour: str = palette.INK, size: float = 1.5) -> None:
        self.brightness = np.clip(np.atleast_1d(np.asarray(brightness, dtype=float)), 0, 1)
        self.size = size
        self.light = 0.0
        self.head = Raster(_spark(), size, size, smooth=True)
        self.tail = VGroup(*(VMobject(stroke_color=colour, stroke_width=0) for _ in range(PARTS)))
        super().__init__(self.tail, self.head.set_opacity(0))

    def set_opacity(self, opacity: float) -> Self:
        """Of the head; the tail fades in proportion."""
        for piece in self.tail:
            piece.set_stroke(opacity=piece.get_stroke_opacity() * opacity / max(1e-6, self.head.opacity or 1))
        self.head.set_opacity(opacity)
        return self

    def at(self, share: float) -> float:
        """The brightness `share` (0…1) of the way along the path."""
        places = np.linspace(0, 1, len(self.brightness))
        return float(np.interp(share, places, self.brightness))

    def show(self, path: npt.ArrayLike, share: float) -> Self:
        """Stand `share` (0…1) of the way along `path`, (n, 3) points of the frame at equal shares."""
        points = np.asarray(path, dtype=float)
        places = np.linspace(0, 1, len(points))

        def point(where: float) -> npt.NDArray[np.float64]:
            return np.array([np.interp(where, places, points[:, axis]) for axis in range(3)])

        self.light = self.at(share)
        head, size = point(share), self.size * (0.35 + 0.65 * self.light)
        corner = head + np.array([-size / 2, size / 2, 0])
        self.head.place(corner, [size, 0, 0], [0, -size, 0]).set_opacity(self.light)
        ends = np.linspace(max(0.0, share - TAIL), share, PARTS + 1)
        for part, (piece, start, end) in enumerate(zip(self.tail, ends[:-1], ends[1:], strict=True), 1):
            piece.set_points_as_corners([point(start), point(end) + 1e-6])
            strength = self.at(end) * (part / PARTS) ** 2
            piece.set_stroke(width=1 + 7 * strength, opacity=strength)
        return self


@cache
def _spark() -> Pixels:
    """A round glow, white in the middle."""
    axis = np.linspace(-1, 1, SPARK)
    radius = np.hypot(*np.meshgrid(axis, axis))
    core = np.exp(-((radius / 0.16) ** 2))
    halo = np.clip(1 - radius, 0, 1) ** 2 * 0.6
    alpha = np.clip(core + halo, 0, 1)
    ink, hue = palette.pixel(palette.INK), palette.pixel(palette.POSITIVE_LARGE)
    colours = hue + (ink - hue) * np.clip(core * 1.5, 0, 1)[..., None]
    pixels = np.empty((SPARK, SPARK, 4), dtype=np.uint8)
    pixels[..., :3] = colours * alpha[..., None]
    pixels[..., 3] = 255 * alpha
    return pixels
