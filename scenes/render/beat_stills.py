"""A picture from the middle of every beat of a scene, without rendering the film.

A first pass plays the scene without drawing, to learn when its beats are; a second draws those few frames
only.
"""

from __future__ import annotations

from scenes.render import plain_manim  # noqa: F401 before anything that imports Manim

# isort: split
from bisect import bisect
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from manim import config, tempconfig
from manim.utils.exceptions import EndSceneEarlyException

from scenes.lecture_scene import Beat, LectureScene
from scenes.mobjects.raster import StudioCamera
from scenes.render.quality import ASPECTS, QUALITIES, pixels
from scenes.render.rehearsal import SteadyClock, rehearse
from scenes.settings import Settings

Frame = npt.NDArray[np.uint8]


class Stills(SteadyClock):
    """Draws only the first frame at or after each wanted time, and ends the scene after the last of them.

    Args:
        wanted: seconds, in order.
        only: those of the scene's plays, as Manim counts them, in which they are: the others are not gone
            through frame by frame, but are at their end at once.
    """

    def __init__(self, wanted: Iterable[float], only: Iterable[int]) -> None:
        super().__init__(camera_class=StudioCamera)
        self.time: float = 0.0
        self.wanted = list(wanted)
        self.only = set(only)
        self.taken: list[Frame] = []

    def update_skipping_status(self) -> None:
        """Settle whether what is played next is drawn."""
        super().update_skipping_status()
        self.skip_animations = self.num_plays not in self.only

    def render(self, scene: LectureScene, time: float, moving_mobjects: Any = None) -> None:
        """Look at one frame."""
        if self.skip_animations:
            return
        if self.wanted and self.time >= self.wanted[0]:
            self.update_frame(scene, moving_mobjects)
            self._take(self.get_frame())
        self.time += 1 / self.camera.frame_rate

    def freeze_current_frame(self, duration: float) -> None:
        """Look at a frame that stands so many seconds."""
        if self.skip_animations:
            return
        end = self.time + int(duration * self.camera.frame_rate) / self.camera.frame_rate
        while self.wanted and self.wanted[0] < end:
            self._take(self.get_frame())
        self.time = end

    def _take(self, frame: Frame) -> None:
        self.wanted.pop(0)
        self.taken.append(frame)
        if not self.wanted:
            raise EndSceneEarlyException


def stills(
    scene_class: type[LectureScene],
    settings: Settings,
    size: tuple[int, int] | None = None,
    frame_rate: int = 10,
    only: str | None = None,
) -> Iterator[tuple[Beat, Frame]]:
    """Yield each beat, or `only` the one of that name, with its middle frame, (height, width, 4) uint8."""
    width, height = size or pixels(QUALITIES["h"], settings.aspect)
    quiet = {"disable_caching": True, "progress_bar": "none", "verbosity": "ERROR", "dry_run": True}
    with tempconfig({"pixel_width": width, "pixel_height": height, "frame_rate": frame_rate, **quiet}):
        config.frame_width, config.frame_height = ASPECTS[settings.aspect]
        played = rehearse(scene_class, settings)
        beats = [beat for beat in played.beats if only in (None, beat.name)]
        middles = [(beat.start + beat.end) / 2 for beat in beats]
        ends = played.renderer.ends
        # The first frame after a time is less than a frame's length away: in the same play, or in the next
        plays = {bisect(ends, time) for middle in middles for time in (middle, middle + 1 / frame_rate)}
        renderer = Stills(middles, plays)
        scene_class(settings, renderer=renderer).render()
        yield from zip(beats, renderer.taken, strict=True)
