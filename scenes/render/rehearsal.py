"""A scene played through without drawing: when its beats are, and what it would show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from manim import config, tempconfig
from manim.renderer.cairo_renderer import CairoRenderer

from scenes.lecture_scene import LectureScene
from scenes.mobjects.raster import StudioCamera
from scenes.settings import Settings


class SteadyClock(CairoRenderer):
    """Manim's renderer; what it skips takes as long as what it draws, to the frame.

    By itself it counts the frames that it draws, but of what it skips the seconds that were asked for: beats
    would begin elsewhere in a rehearsal than in the film.

    Attributes:
        time: seconds from the start.
        ends: when each play was over.
    """

    time: float

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.ends: list[float] = []

    def play(self, scene: Any, *args: Any, **kwargs: Any) -> None:
        """Play, or skip, some animations."""
        before = self.time
        super().play(scene, *args, **kwargs)
        if self.skip_animations:
            self.time = before
            step = 1 / config.frame_rate
            if scene.is_current_animation_frozen_frame():
                self.time += int(scene.duration / step) * step
            else:
                for _ in np.arange(0, scene.duration, step):  # one by one: it is the same sum
                    self.time += step
        self.ends.append(self.time)

    def save_static_frame_data(self, *args: Any, **kwargs: Any) -> Any:
        """Draw what does not move, once a play; nothing, where nobody sees it."""
        return None if self.skip_animations else super().save_static_frame_data(*args, **kwargs)

    def update_frame(self, *args: Any, **kwargs: Any) -> None:
        """Draw; nothing, where nobody sees it."""
        if not self.skip_animations:
            super().update_frame(*args, **kwargs)


def rehearse(
    scene_class: type[LectureScene], settings: Settings, least: Mapping[str, float] | None = None
) -> LectureScene:
    """Play the scene without drawing; its `beats`, its clock and its mobjects can then be read.

    Args:
        scene_class: the scene.
        settings: as it would be drawn with.
        least: seconds that beats are to last, by name.
    """
    with tempconfig({"dry_run": True, "disable_caching": True, "progress_bar": "none", "verbosity": "ERROR"}):
        renderer = SteadyClock(camera_class=StudioCamera, skip_animations=True)
        scene = scene_class(settings, renderer=renderer)
        scene.least = dict(least or {})
        scene.render()
    return scene
