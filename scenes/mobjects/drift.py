"""The drift: while a picture is read, the stage comes slowly nearer or goes back.

A hold is not a new drawing. What stands on the stage is drawn once, twice as fine as the frame, and every
frame of the hold is that picture seen a little larger: about 4 ms at 1080p, whatever it shows. The camera
then stays where the drift left it, so what is played next goes on from there without a jump.
"""

from __future__ import annotations

from collections.abc import Sequence

import cairo
import numpy as np
from manim import Animation, Mobject
from manim.utils.rate_functions import ease_in_out_sine, there_and_back
from PIL import Image, ImageFilter

from scenes.mobjects.raster import Pixels, Raster, StudioCamera

NEAREST = 1.03  # the most that the stage is enlarged: what fills it still keeps off title and caption
FASTEST = 0.012  # of its size a second
EDGE = 4  # fine pixels around what is drawn: an edge is blended with the clear ones beside it
FINENESS = 2  # pixels of the picture that is drawn once for one of the frame, each way
# Between two frames an edge moves by part of a pixel. This little blur of the fine picture makes it move more
# evenly (the error of a step falls by a quarter) and leaves a picture at its own size as sharp as it was.
EVEN = ImageFilter.Kernel((3, 3), [1, 6, 1, 6, 36, 6, 1, 6, 1])


class StageImage(Raster):
    """Some mobjects as one picture, sharp enough to be shown between whole pixels."""

    filter = (
        cairo.FILTER_BILINEAR
    )  # at half size that is the mean of four pixels: what drawing them would give

    def __init__(self, mobjects: Sequence[Mobject], camera: StudioCamera) -> None:
        pixels = _finely(mobjects, camera)
        width, height = camera.frame_width, camera.frame_height
        super().__init__(pixels, width, height)
        # Only where something is drawn: what is clear need not be painted sixty times a second.
        lit = pixels[..., 3] > 0
        rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
        if not len(rows):
            return
        top, bottom = max(0, rows[0] - EDGE), min(len(lit), rows[-1] + 1 + EDGE)
        left, right = max(0, columns[0] - EDGE), min(lit.shape[1], columns[-1] + 1 + EDGE)
        across, down = width / lit.shape[1], height / lit.shape[0]
        cut = np.ascontiguousarray(pixels[top:bottom, left:right])
        self.pixels = np.array(Image.fromarray(cut).filter(EVEN))
        corner = [left * across - width / 2, height / 2 - top * down, 0.0]
        self.place(corner, [(right - left) * across, 0.0, 0.0], [0.0, -(bottom - top) * down, 0.0])

    def forget(self) -> None:
        """Let go of the pixels: tens of megabytes, and Manim's objects are not let go of at once."""
        self.pixels = np.zeros((1, 1, 4), dtype=np.uint8)


def _finely(mobjects: Sequence[Mobject], camera: StudioCamera) -> Pixels:
    """What the camera would see of the mobjects, in finer pixels; one pixel where there is nothing to see."""
    if not mobjects:
        return np.zeros((1, 1, 4), dtype=np.uint8)
    fine = StudioCamera(
        pixel_width=FINENESS * camera.pixel_width,
        pixel_height=FINENESS * camera.pixel_height,
        frame_width=camera.frame_width,
        frame_height=camera.frame_height,
        background_opacity=0.0,
    )
    fine.capture_mobjects(mobjects)
    pixels: Pixels = fine.pixel_array
    fine.pixel_array, fine.background = np.zeros((1, 1, 4), np.uint8), None
    fine.pixel_array_to_cairo_context.clear()
    return pixels


class Drift(Animation):
    """The camera goes slowly to the farther end of its way: `NEAREST`, or where it began.

    Args:
        camera: its `zoom` is what changes.
        stage: what is on the stage, as one picture.
        run_time: seconds; the way is shorter where it would be too fast.
        goal: the zoom to arrive at, where it may not be left to the way and the time; in between the stage
            comes as much nearer as there is time for.
    """

    def __init__(
        self, camera: StudioCamera, stage: StageImage, run_time: float, goal: float | None = None
    ) -> None:
        self.camera = camera
        self.start = camera.zoom
        farther = NEAREST if NEAREST - self.start >= self.start - 1 else 1.0
        reach = FASTEST * run_time
        self.goal = self.start + max(-reach, min(reach, farther - self.start)) if goal is None else goal
        self.nearer = 0.0 if goal is None else max(0.0, min(0.5 * reach, NEAREST - self.start))
        super().__init__(stage, run_time=run_time, rate_func=ease_in_out_sine)

    def create_starting_mobject(self) -> Mobject:
        """The picture itself, which never changes: Manim would copy it, with all its pixels."""
        return self.mobject

    def interpolate_mobject(self, alpha: float) -> None:
        """Move the camera."""
        way = self.rate_func(alpha)
        self.camera.zoom = self.start + (self.goal - self.start) * way + self.nearer * there_and_back(alpha)
