"""Trace → picture: the scenes of the lecture, in order.

To add a scene, write `scenes/lecture/NAME.py` with one `LectureScene` subclass and add a line here.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scenes.lecture_scene import LectureScene


@dataclass(frozen=True)
class SceneEntry:
    """Where a scene is found, without importing it."""

    module: str
    class_name: str
    number: int
    title: str


def N_(message: str) -> str:  # noqa: N802 (gettext's own name for "translate this later")
    """Mark a title for the catalogues; it is translated when it is drawn."""
    return message


def _entry(number: int, name: str, class_name: str, title: str) -> tuple[str, SceneEntry]:
    return name, SceneEntry(f"scenes.lecture.{name}", class_name, number, title)


SCENES: dict[str, SceneEntry] = dict(
    [
        _entry(1, "next_token", "NextToken", N_("Predicting the next token")),
        _entry(2, "overview", "Overview", N_("The cross-section of a transformer")),
        _entry(4, "tokens", "Tokens", N_("From text to tokens")),
        _entry(11, "query_key", "QueryKey", N_("Queries and keys")),
        _entry(12, "mask", "Mask", N_("Masking and softmax")),
        _entry(14, "heads", "AttentionHeads", N_("Every head at once")),
    ]
)


def load(name: str) -> type[LectureScene]:
    """The class of the scene called `name`; imports Manim."""
    entry = SCENES[name]
    scene: type[LectureScene] = getattr(import_module(entry.module), entry.class_name)
    return scene
