"""How large and how smooth: the four qualities, as Manim's, in three shapes of frame."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quality:
    """A frame's size in pixels, as wide as a film's, and frames a second."""

    width: int
    height: int
    frame_rate: int


QUALITIES = {
    "l": Quality(854, 480, 15),
    "m": Quality(1280, 720, 30),
    "h": Quality(1920, 1080, 60),
    "k": Quality(3840, 2160, 60),
}

# Aspect → the frame in Manim's units. Held upright, a unit has as many pixels as on a screen, so text is as
# large; a square has to hold what stands side by side, and its text is smaller by a quarter.
ASPECTS = {"16:9": (8 * 16 / 9, 8.0), "9:16": (8.0, 8 * 16 / 9), "1:1": (10.8, 10.8)}


def pixels(quality: Quality, aspect: str) -> tuple[int, int]:
    """Width and height in pixels of a frame of that shape; both are even."""
    if aspect == "9:16":
        return quality.height, quality.width
    return (quality.width, quality.height) if aspect == "16:9" else (quality.height, quality.height)
