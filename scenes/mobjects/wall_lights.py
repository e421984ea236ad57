"""How light runs over the wall of all heads: each picture's brightness, 0…1, at a moment from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

HEAD_LATER = 0.05  # of a layer's time: how much later than its neighbour each head lights up
DIMMED = 0.12  # of a picture that is not meant
SHADE = 0.4  # what the others have left while the light is elsewhere

Brightness = npt.NDArray[np.float64]
Light = Callable[[tuple[int, int], float], Brightness]
"""(layers, heads) and a moment → (L, H)."""


def sweep(shape: tuple[int, int], moment: float) -> Brightness:
    """Layer after layer lights up, from the left, (L, H)."""
    layers, heads = shape
    lit = moment * (layers + 2) - np.arange(layers)[:, None] - HEAD_LATER * np.arange(heads)
    return np.clip(lit, 0, 1)


def wave(shape: tuple[int, int], moment: float) -> Brightness:
    """A light runs through the layers while the others wait; all are bright before it and after, (L, H)."""
    layers, heads = shape
    away = np.abs(np.arange(layers) - (moment * (layers + 4) - 2))
    low = 1 - (1 - SHADE) * min(1.0, 8 * moment, 8 * (1 - moment))
    lit = low + (1 - low) * np.clip(2 - away, 0, 1)
    return np.repeat(lit[:, None], heads, axis=1)


def reached(layers: int, moment: float) -> Brightness:
    """How far each layer has been reached, one after the other, (L, 1)."""
    far: Brightness = np.clip(moment * (layers + 1) - np.arange(layers), 0, 1)
    return far[:, None]
