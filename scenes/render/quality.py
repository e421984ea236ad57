"""How large and how smooth: the four qualities, as Manim's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quality:
    """A frame's size in pixels and frames a second."""

    width: int
    height: int
    frame_rate: int


QUALITIES = {
    "l": Quality(854, 480, 15),
    "m": Quality(1280, 720, 30),
    "h": Quality(1920, 1080, 60),
    "k": Quality(3840, 2160, 60),
}
