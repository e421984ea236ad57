"""A scene played without drawing, for a test to look at: every beat as it stood when it ended.

    played = play("mask", trace)    the fixture of conftest.py; once a module for the same trace and settings
    played["shares"].worked.total   an attribute of the scene, as it was at the end of that beat
    played["shares"].narration      likewise .start and .end, and .words: all that is written there
    played.grid.looks               an attribute of the scene at its end
    played.said["pattern"]          what was said in a beat
    played.scene                    the scene itself

What animations pass through is seen with `watch`: it is called at every frame, and `played.frames` holds what
it returned, with the beat that frame was in.

    play("mask", trace, watch=lambda scene: scene.worked.total.string).frames[-1].seen
"""

from __future__ import annotations

import copy
import copyreg
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from manim import Mobject, config, tempconfig
from manim.renderer.cairo_renderer import CairoRenderer

from model_probe.trace import Tensor
from scenes import load
from scenes.lecture_scene import Beat, LectureScene
from scenes.mobjects.lettering import Lettering
from scenes.mobjects.raster import StudioCamera
from scenes.render.quality import ASPECTS, QUALITIES, pixels
from scenes.settings import Settings

QUIET = {"dry_run": True, "disable_caching": True, "progress_bar": "none", "verbosity": "ERROR"}
OF_MANIM = {"renderer", "animations", "moving_mobjects", "static_mobjects", "time_progression", "camera"}

Watch = Callable[[Any], Any]

copyreg.pickle(Tensor, str)  # for `deepcopy`: a tensor of a file never changes, and is its own copy


def visible(mobject: Any) -> bool:
    """Whether something of a mobject would be drawn."""
    opacity = getattr(mobject, "opacity", None)
    if opacity is not None:
        return bool(opacity > 0.01)
    return bool(max(mobject.get_fill_opacity(), mobject.get_stroke_opacity()) > 0.01)


def lettering(mobjects: list[Mobject]) -> list[Lettering]:
    """All that is written and can be seen, in drawing order."""
    family = (each for top in mobjects for each in top.get_family())
    return [each for each in family if isinstance(each, Lettering) and len(each.points) and visible(each)]


@dataclass(frozen=True)
class Shown:
    """A beat, and the scene's mobjects and attributes as they were at its end: copies, to be read only.

    Attributes:
        beat: its name, its narration, and when it was.
        mobjects: what was on screen, from the back to the front.
    """

    beat: Beat
    mobjects: list[Any]
    held: dict[str, Any]

    @property
    def words(self) -> list[str]:
        """All that is written on screen, the caption as well."""
        return [each.string for each in lettering(self.mobjects)]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in self.held:
            return self.held[name]
        return getattr(self.beat, name)


@dataclass(frozen=True)
class FrameSeen:
    """What `watch` saw: in which beat (None before the first and between two), when, and what it returned."""

    beat: str | None
    time: float
    seen: Any


class Played:
    """A scene that was played to its end; see this file's own words.

    Attributes:
        scene: the scene itself, at its end.
        beats: its beats in order, each as it stood when it ended.
        said: the narration of each beat, by its name.
        frames: what `watch` saw, frame by frame.
    """

    def __init__(
        self, scene: str | type[LectureScene], settings: Settings, watch: Watch | None = None, rate: int = 10
    ) -> None:
        self.beats: list[Shown] = []
        self.frames: list[FrameSeen] = []
        scene_class = watched(load(scene) if isinstance(scene, str) else scene, self._keep)
        with shaped(settings.aspect), tempconfig({"frame_rate": rate} if watch else {}):
            self.scene: Any = scene_class(settings, renderer=_Quiet(self.frames, watch))
            self._ours = set(vars(self.scene))
            self.scene.render()
        self.said = {each.name: each.narration for each in self.beats}

    def _keep(self, scene: LectureScene) -> None:
        """Copy what the scene holds, but not what never changes: the trace, the layout, Manim's own."""
        shared = (scene, scene.trace, scene.settings, scene.layout, scene.renderer, scene.camera)
        memo: dict[int, Any] = {id(each): each for each in shared}
        memo |= {id(each): each for each in (scene._caption, scene._credit)}  # written anew, never changed
        own = vars(scene).keys() - self._ours - OF_MANIM
        held = {name: copied(vars(scene)[name], memo) for name in sorted(own)}
        held["_caption"], held["_credit"] = scene._caption, scene._credit
        mobjects = [copied(each, memo) for each in scene.mobjects]
        self.beats.append(Shown(scene.beats[-1], mobjects, held))

    def __getitem__(self, beat: str) -> Shown:
        return next(each for each in self.beats if each.name == beat)

    def __contains__(self, beat: str) -> bool:
        return beat in self.said

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "scene" not in vars(self):
            raise AttributeError(name)
        return getattr(self.scene, name)


def copied(value: Any, memo: dict[int, Any]) -> Any:
    """A copy; of what cannot be copied, the thing itself."""
    try:
        return copy.deepcopy(value, memo)
    except TypeError:
        return value


def watched(scene_class: type[LectureScene], at_end: Callable[[LectureScene], None]) -> type[LectureScene]:
    """The scene, and a look at it at the end of every beat."""

    class Watched(scene_class):  # type: ignore[valid-type, misc]
        @contextmanager
        def beat(self, name: str, *arguments: Any, **more: Any) -> Iterator[None]:
            self.renderer.beat = name
            with super().beat(name, *arguments, **more):
                yield
            self.renderer.beat = None
            at_end(self)

    Watched.__name__, Watched.__module__ = scene_class.__name__, scene_class.__module__
    return Watched


class _Quiet(CairoRenderer):
    """Draws nothing; goes from end to end of the animations, and with a watch through all frames."""

    def __init__(self, frames: list[FrameSeen], watch: Watch | None) -> None:
        super().__init__(camera_class=StudioCamera, skip_animations=watch is None)
        self.time: float = 0.0
        self.frames, self.watch = frames, watch
        self.beat: str | None = None

    def update_frame(self, *_: Any, **__: Any) -> None:
        pass

    def render(self, scene: Any, time: float, moving_mobjects: Any = None) -> None:
        if self.watch is not None:
            self.frames.append(FrameSeen(self.beat, self.time, self.watch(scene)))
            self.time += 1 / self.camera.frame_rate

    def freeze_current_frame(self, duration: float) -> None:
        if self.watch is not None:
            self.time += duration


@contextmanager
def shaped(aspect: str) -> Iterator[None]:
    """Manim's frame in a shape, and nothing drawn."""
    width, height = pixels(QUALITIES["h"], aspect)
    with tempconfig({"pixel_width": width, "pixel_height": height, **QUIET}):
        config.frame_width, config.frame_height = ASPECTS[aspect]
        yield
