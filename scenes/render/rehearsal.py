"""A scene played through without drawing: when its beats are, and what it would show."""

from __future__ import annotations

from typing import Any

from manim import tempconfig
from manim.renderer.cairo_renderer import CairoRenderer

from scenes.lecture_scene import LectureScene
from scenes.mobjects.raster import StudioCamera
from scenes.settings import Settings


class _Rehearsal(CairoRenderer):
    """Draws nothing: the clock runs, mobjects reach the ends of their animations."""

    def __init__(self) -> None:
        super().__init__(camera_class=StudioCamera, skip_animations=True)

    def update_frame(self, *_: Any, **__: Any) -> None:
        pass


def rehearse(scene_class: type[LectureScene], settings: Settings) -> LectureScene:
    """Play the scene without drawing; its `beats`, its clock and its mobjects can then be read."""
    with tempconfig({"dry_run": True, "disable_caching": True, "progress_bar": "none", "verbosity": "ERROR"}):
        scene = scene_class(settings, renderer=_Rehearsal())
        scene.render()
    return scene
