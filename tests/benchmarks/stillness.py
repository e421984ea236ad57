"""How long the picture stands still: each frame of a scene compared with the one before it.

`measure(name, trace)` plays a scene small and slow, which is enough to see what moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from manim import tempconfig
from manim.renderer.cairo_renderer import CairoRenderer
from numpy.typing import NDArray

from scenes import load
from scenes.mobjects.drift import Drift
from scenes.mobjects.raster import StudioCamera
from scenes.settings import Settings

RATE = 5  # frames a second: what moves in a fifth of one does not stand still
SMALL = {"pixel_width": 640, "pixel_height": 360, "frame_width": 128 / 9, "frame_rate": RATE}
QUIET = {"dry_run": True, "disable_caching": True, "progress_bar": "none", "verbosity": "ERROR"}
# A viewer sees a change where a patch of some pixels differs by some levels, not where one bit does.
LEVELS = 4
PIXELS = 60

Frame = NDArray[np.uint8]


@dataclass(frozen=True)
class Stillness:
    """What was measured of one scene.

    Attributes:
        seconds: the scene's length.
        share: of that time, in which the picture stood still.
        longest: seconds of the longest hold.
        longest_at: when that began.
        drifting: share of the time in which nothing happened but the drift of a hold.
    """

    seconds: float
    share: float
    longest: float
    longest_at: float
    drifting: float


def moved(before: Frame, after: Frame) -> bool:
    """Whether a viewer could see a difference."""
    gap = np.ascontiguousarray(cv2.absdiff(before, after) > LEVELS)
    return int(np.count_nonzero(gap.view(np.uint32))) >= PIXELS  # a pixel's four bytes at once


class Watching(CairoRenderer):
    """Compares every frame with the last."""

    def __init__(self) -> None:
        super().__init__(camera_class=StudioCamera)
        self.still: list[bool] = []
        self.drifting = 0
        self._before: Frame | None = None

    def render(self, scene: Any, time: float, moving_mobjects: Any = None) -> None:
        super().update_frame(scene, moving_mobjects)
        self._look()
        self.drifting += isinstance(scene.animations[0], Drift)
        self.time += 1 / self.camera.frame_rate

    def freeze_current_frame(self, duration: float) -> None:
        frames = int(duration * self.camera.frame_rate)
        if frames:
            self._look()
            self.still += [True] * (frames - 1)
        self.time += frames / self.camera.frame_rate

    def _look(self) -> None:
        frame = self.get_frame()
        self.still.append(self._before is not None and not moved(self._before, frame))
        self._before = frame


def measure(name: str, trace: Path) -> Stillness:
    """Play a scene and tell how much of it stands still."""
    with tempconfig({**QUIET, **SMALL}):
        renderer = Watching()
        load(name)(Settings(trace), renderer=renderer).render()
    return of_frames(renderer.still, SMALL["frame_rate"], renderer.drifting)


def of_frames(still: list[bool], frame_rate: float, drifting: int = 0) -> Stillness:
    """Sum up which frames were like the one before them."""
    longest, longest_at, frame = 0, 0, 0
    for stands, run in groupby(still):
        length = len(list(run))
        if stands and length > longest:
            longest, longest_at = length, frame
        frame += length
    count = max(1, len(still))
    return Stillness(
        len(still) / frame_rate,
        sum(still) / count,
        longest / frame_rate,
        longest_at / frame_rate,
        drifting / count,
    )
