"""Textures on the faces of a solid, seen in true perspective, as one raster.

Each face is warped by its homography with OpenCV: at 1080p a face as large as the block's front takes it
about 2 ms, Pillow 28 ms; Cairo, which paints everything else, knows parallelograms only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, hypot
from typing import Any, Self

import cairo
import cv2
import numpy as np
import numpy.typing as npt
from manim import config

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.light import BLOOM_REACH, bloom
from scenes.mobjects.raster import Pixels, Raster, pixels_per_unit

cv2.setNumThreads(1)  # scenes are rendered side by side, a process each


class Texture:
    """An image that is shrunk in advance, along each axis by itself, so that it never flickers.

    Args:
        pixels: (height, width, 4) uint8, red, green, blue, alpha, premultiplied by alpha.
    """

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = np.ascontiguousarray(pixels)
        self._shrunk: dict[tuple[int, int], Pixels] = {(0, 0): self.pixels}

    def __deepcopy__(self, _memo: dict[int, Any]) -> Texture:
        return self  # it never changes, and it is large

    def shrunk(self, columns: float, rows: float) -> Pixels:
        """The image for a place of about that many pixels: at most twice too fine along either axis."""
        height, width = self.pixels.shape[:2]
        halvings = (
            max(0, int(np.log2(max(1.0, width / max(1.0, columns))))),
            max(0, int(np.log2(max(1.0, height / max(1.0, rows))))),
        )
        if halvings not in self._shrunk:
            size = (max(1, width >> halvings[0]), max(1, height >> halvings[1]))
            self._shrunk[halvings] = np.asarray(
                cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8
            )
        return self._shrunk[halvings]


@dataclass(frozen=True)
class Face:
    """A flat piece of a solid.

    Attributes:
        skin: a texture, or one colour for all of it, `#RRGGBB`.
        corners: (4, 3), where its top left, top right, bottom right and bottom left are in the world.
        window, rows: the share of the texture's width and height that is shown, from and to.
        opacity: 0…1.
    """

    skin: Texture | str
    corners: npt.ArrayLike
    window: tuple[float, float] = (0.0, 1.0)
    opacity: float = 1.0
    rows: tuple[float, float] = (0.0, 1.0)


class PerspectiveRaster(Raster):
    """Faces drawn in order, the farthest first, as one image just as large as what is seen of them.

    Attributes:
        eye: where it is seen from; `see` changes it.
        glow: how strongly what is bright shines past its edges; 0 for a picture that is not lit.
        gain: what all light is multiplied by.
        within: the part of the frame that it is drawn in; all of it by default.
    """

    def __init__(self, eye: Eye, glow: float = 0.0) -> None:
        self.eye = eye
        self.glow, self.gain = glow, 1.0
        self.within: Box | None = None
        super().__init__(np.zeros((1, 1, 4), dtype=np.uint8), 1, 1)

    def faces(self) -> Sequence[Face]:
        """What is to be drawn, the farthest first."""
        raise NotImplementedError

    def see(self, eye: Eye) -> Self:
        """Draw what this eye sees."""
        self.eye = eye
        fine = pixels_per_unit()
        frame = np.array([config.frame_width / 2, config.frame_height / 2])
        faces = [face for face in self.faces() if face.opacity > 0]
        seen = eye.project(np.array([face.corners for face in faces], dtype=float).reshape(-1, 4, 3))
        quads = (seen[..., :2] * (1, -1) + frame) * fine  # pixels from the frame's top left corner
        bounds = self._bounds(quads, round(BLOOM_REACH * fine) if self.glow else 0)
        if bounds is None:
            self.pixels = np.zeros((1, 1, 4), dtype=np.uint8)
            return self
        left, top, right, bottom = bounds
        canvas = np.zeros((bottom - top, right - left, 4), dtype=np.uint8)
        surface = cairo.ImageSurface.create_for_data(
            canvas.data, cairo.FORMAT_ARGB32, right - left, bottom - top
        )
        context = cairo.Context(surface)
        for face, quad in zip(faces, quads - (left, top), strict=True):
            if isinstance(face.skin, Texture):
                _warp(context, face.skin, quad, face, canvas.shape)
            else:
                _fill(context, face.skin, quad, face.opacity)
        surface.flush()
        if self.gain != 1:
            cv2.convertScaleAbs(canvas, dst=canvas, alpha=self.gain)
        if self.glow:
            bloom(canvas, self.glow, fine)
        self.pixels = canvas
        corner = (left / fine - frame[0], frame[1] - top / fine, 0.0)
        self.place(corner, ((right - left) / fine, 0.0, 0.0), (0.0, (top - bottom) / fine, 0.0))
        return self

    def _bounds(self, quads: Points, margin: int) -> tuple[int, int, int, int] | None:
        """Left, top, right and bottom, in pixels, of all that is seen; None where nothing is."""
        if not len(quads):
            return None
        points, fine = quads.reshape(-1, 2), pixels_per_unit()
        x, y = config.frame_width / 2, config.frame_height / 2
        room = self.within or Box(-x, x, -y, y)
        low = np.maximum(points.min(axis=0) - 1 - margin, [(x + room.left) * fine, (y - room.top) * fine])
        high = np.minimum(
            points.max(axis=0) + 1 + margin, [(x + room.right) * fine, (y - room.bottom) * fine]
        )
        (left, top), (right, bottom) = np.ceil(low).astype(int).tolist(), np.floor(high).astype(int).tolist()
        return (left, top, right, bottom) if right > left and bottom > top else None


def _warp(
    context: cairo.Context[Any], texture: Texture, quad: Points, face: Face, size: tuple[int, ...]
) -> None:
    """Warp a face's texture onto its quadrangle, (4, 2) in pixels, and put it over what is there."""
    (x0, y0), (x1, y1) = quad.min(axis=0).tolist(), quad.max(axis=0).tolist()
    left, top = max(floor(x0) - 1, 0), max(floor(y0) - 1, 0)
    right, bottom = min(ceil(x1) + 1, size[1]), min(ceil(y1) + 1, size[0])
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = quad.tolist()
    across, down = max(hypot(bx - ax, by - ay), hypot(cx - dx, cy - dy)), hypot(dx - ax, dy - ay)
    down = max(down, hypot(cx - bx, cy - by))
    (u0, u1), (v0, v1) = face.window, face.rows
    if right <= left or bottom <= top or min(across, down) < 0.2 or u1 <= u0 or v1 <= v0:
        return
    image = texture.shrunk(across / (u1 - u0), down / (v1 - v0))
    rows, columns = image.shape[:2]
    first = int(u0 * columns)
    last = max(first + 1, int(u1 * columns + 1e-6))  # no pixel of what comes after the window
    upper, lower = int(v0 * rows), min(rows, ceil(v1 * rows))
    u0, u1, v0, v1 = u0 * columns - first, u1 * columns - first, v0 * rows - upper, v1 * rows - upper
    # Pixel centres are at halves; OpenCV has them at whole numbers.
    corners = np.array([[u0, v0], [u1, v0], [u1, v1], [u0, v1]], dtype=np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(corners, (quad - (left + 0.5, top + 0.5)).astype(np.float32))
    warped = cv2.warpPerspective(
        image[upper:lower, first:last], matrix, (right - left, bottom - top), flags=cv2.INTER_LINEAR
    )
    surface = cairo.ImageSurface.create_for_data(warped.data, cairo.FORMAT_ARGB32, right - left, bottom - top)
    context.set_source_surface(surface, left, top)
    context.get_source().set_filter(cairo.FILTER_NEAREST)
    if face.opacity < 1:
        context.paint_with_alpha(face.opacity)
    else:
        context.paint()


def _fill(context: cairo.Context[Any], colour: str, quad: Points, opacity: float) -> None:
    """Fill a quadrangle, (4, 2) in pixels, with one colour."""
    blue, green, red = palette.rgb(colour)  # these surfaces have red and blue the other way round
    for x, y in quad.tolist():
        context.line_to(x, y)
    context.close_path()
    context.set_source_rgba(red, green, blue, opacity)
    context.fill()
