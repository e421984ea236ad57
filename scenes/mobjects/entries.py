"""How things come onto the stage: one after the other, each from a quarter unit away."""

from __future__ import annotations

from collections.abc import Iterable

from manim import DOWN, FadeIn, LaggedStart, Mobject
from manim.typing import Vector3DLike

AWAY = 0.25  # frame units


def one_by_one(parts: Iterable[Mobject], way: Vector3DLike = DOWN, lag_ratio: float = 0.1) -> LaggedStart:
    """Each fades in while it moves `way`; the next begins after `lag_ratio` of its time."""
    return LaggedStart(*(FadeIn(part, shift=AWAY * way) for part in parts), lag_ratio=lag_ratio)
