"""A picture made of numbers: one image, painted straight into the frame.

A tensor with thousands of elements is one `Raster`, not thousands of squares (20,736 squares cost Manim over
a second a frame, one image a few milliseconds). `StudioCamera` paints it with Cairo, which touches only the
pixels that it covers; Manim's own ImageMobject is resampled by Pillow and pasted through an image as large as
the frame.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, ClassVar

import cairo
import numpy as np
import numpy.typing as npt
from manim import Camera, Mobject, config
from manim.mobject.types.image_mobject import AbstractImageMobject

Pixels = npt.NDArray[np.uint8]


class Raster(AbstractImageMobject):
    """An image that fills the parallelogram spanned by three corners.

    Args:
        pixels: (height, width, 4) uint8, red, green, blue, alpha, premultiplied by alpha.
        width, height: size in frame units; rows run down, columns run right.
        smooth: blend neighbouring pixels when enlarged too, for pictures that are seen aslant.

    `place(corner, across, down)` sets any parallelogram: top-left corner and the two edges from it.

    Attributes:
        filter: Cairo's, for a kind of picture that always needs the same one.
    """

    filter: ClassVar[cairo.Filter | None] = None

    def __init__(self, pixels: Pixels, width: float, height: float, smooth: bool = False) -> None:
        self.smooth = smooth
        self.pixels = np.ascontiguousarray(pixels)
        self.opacity = 1.0
        super().__init__(scale_to_resolution=0)
        self.place([-width / 2, height / 2, 0.0], [width, 0.0, 0.0], [0.0, -height, 0.0])

    def reset_points(self) -> None:
        """Leave the corners to `place`: Manim would size the image by its pixels."""
        self.points = np.zeros((4, 3))

    def get_pixel_array(self) -> Pixels:
        """The image as Manim's own camera would want it."""
        return self.pixels

    def place(self, corner: npt.ArrayLike, across: npt.ArrayLike, down: npt.ArrayLike) -> Raster:
        """Span the parallelogram from the top-left `corner` by the vectors `across` and `down`."""
        c, a, d = (np.asarray(v, dtype=float) for v in (corner, across, down))
        self.points = np.stack([c, c + a, c + d, c + a + d])
        return self

    def set_color(self, *_: Any, **__: Any) -> Raster:
        """Colours come from the data; there is nothing to set."""
        return self

    def set_opacity(self, alpha: float) -> Raster:
        """Opacity of the whole image, 0…1."""
        self.opacity = alpha
        return self

    def fade(self, darkness: float = 0.5, family: bool = True) -> Raster:
        """Make it `darkness` fainter."""
        return self.set_opacity(self.opacity * (1 - darkness))

    def interpolate_color(self, start: Raster, end: Raster, alpha: float) -> None:
        """Opacity moves between two states; the picture itself only changes through its data."""
        self.opacity = start.opacity + (end.opacity - start.opacity) * alpha


def pixels_per_unit() -> float:
    """Device pixels in one frame unit, at the quality being rendered."""
    return float(config.pixel_height / config.frame_height)


def blocks(
    colours_RC3: Pixels,
    cell: tuple[int, int],
    gap: int = 0,
    alpha: npt.ArrayLike | None = None,
    row_gap: int = 0,
) -> Pixels:
    """One block of `cell` (height, width) pixels an element, the last `gap` of them left transparent.

    Args:
        colours_RC3: (rows, columns, 3) uint8.
        cell: size of a block in pixels, gap included.
        gap: transparent pixels at the right and bottom of each block.
        alpha: (rows, columns) in 0…1, or None for opaque.
        row_gap: transparent pixels at the bottom of each block only.
    """
    rgba = np.empty((*colours_RC3.shape[:2], 4), dtype=np.uint8)
    if alpha is None:
        rgba[..., :3], rgba[..., 3] = colours_RC3, 255
    else:
        weight = np.asarray(alpha, dtype=np.float32)[..., None]
        rgba[..., :3], rgba[..., 3] = colours_RC3 * weight, weight[..., 0] * 255
    pixels = rgba.repeat(cell[0], axis=0).repeat(cell[1], axis=1)
    for g in range(gap + row_gap):
        pixels[cell[0] - 1 - g :: cell[0]] = 0
    for g in range(gap):
        pixels[:, cell[1] - 1 - g :: cell[1]] = 0
    return pixels


class StudioCamera(Camera):
    """Manim's Cairo camera, which paints rasters with Cairo as well, and can come nearer to the stage.

    Attributes:
        zoom: how much larger than life everything is drawn, away from `focus`.
        focus: the point, in frame units, that stays where it is.
        still: what is drawn at its own size and place, whatever the zoom.
    """

    def __init__(self, **kwargs: Any) -> None:
        self.zoom = 1.0
        self.focus = (0.0, 0.0)
        self.still: list[Mobject] = []
        super().__init__(**kwargs)

    def set_pixel_array(self, pixel_array: Any, convert_from_floats: bool = False) -> None:
        """Take over a picture: one copy of it, where Manim makes two."""
        held = getattr(self, "pixel_array", None)  # none before the first
        if convert_from_floats or held is None or held.shape != pixel_array.shape:
            super().set_pixel_array(pixel_array, convert_from_floats)
        else:
            np.copyto(held, pixel_array)

    def capture_mobjects(self, mobjects: Iterable[Mobject], **kwargs: Any) -> None:
        """Draw the mobjects, enlarged by the zoom unless they are to stand still."""
        if self.zoom == 1:
            super().capture_mobjects(mobjects, **kwargs)
            return
        still = {id(part) for mobject in self.still for part in mobject.get_family()}
        shown = self.get_mobjects_to_display(mobjects, **kwargs)
        context = self.get_cairo_context(self.pixel_array)
        x, y = self.focus
        for stands, group in groupby(shown, lambda mobject: id(mobject) in still):
            context.save()
            if not stands:
                context.translate(x, y)
                context.scale(self.zoom, self.zoom)
                context.translate(-x, -y)
            super().capture_mobjects(list(group), include_submobjects=False)
            context.restore()

    def display_image_mobject(self, image_mobject: AbstractImageMobject, pixel_array: Pixels) -> None:
        """Paint a `Raster`; leave any other image to Manim."""
        if not isinstance(image_mobject, Raster):
            super().display_image_mobject(image_mobject, pixel_array)
            return
        if image_mobject.opacity <= 0:
            return
        corner, right, below = image_mobject.points[:3, :2]
        pixels = image_mobject.pixels
        height, width = pixels.shape[:2]
        across, down = (right - corner) / width, (below - corner) / height
        if abs(across[0] * down[1] - across[1] * down[0]) < 1e-12:
            return  # seen edge-on
        context = self.get_cairo_context(pixel_array)
        # Both surfaces hold RGBA bytes under Cairo's name for BGRA: red and blue are swapped twice.
        surface = cairo.ImageSurface.create_for_data(pixels.data, cairo.FORMAT_ARGB32, width, height)
        context.save()
        context.new_path()  # Manim leaves the last mobject's path behind
        context.transform(cairo.Matrix(across[0], across[1], down[0], down[1], corner[0], corner[1]))
        context.set_source_surface(surface, 0, 0)
        size = min(np.hypot(*across), np.hypot(*down)) * self.pixel_height / self.frame_height
        crisp = not image_mobject.smooth and size >= 1 and self.zoom == 1
        usual = cairo.FILTER_NEAREST if crisp else cairo.FILTER_GOOD
        context.get_source().set_filter(image_mobject.filter or usual)
        context.get_source().set_extend(cairo.EXTEND_PAD)
        context.rectangle(0, 0, width, height)
        context.clip()
        context.paint_with_alpha(image_mobject.opacity)
        context.restore()
