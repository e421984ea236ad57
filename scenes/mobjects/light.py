"""Light and shade for textures: what makes a picture of numbers look like a thing in a room."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from scenes.mobjects import palette
from scenes.mobjects.raster import Pixels

BLOOM_FROM = 120  # of 255: only what is brighter than this glows
BLOOM_REACH = 0.4  # frame units that the glow reaches past what glows

Shades = npt.NDArray[np.float32]


def shaded(colours: npt.ArrayLike, share: npt.ArrayLike) -> Shades:
    """Colours (..., 3) of 0…255 with their share of light, 0…1: the rest is the ground, dark or light."""
    light = np.asarray(share, dtype=np.float32)
    return np.asarray(colours, dtype=np.float32) * light + palette.pixel(palette.GROUND) * (1 - light)


def opaque(colours: npt.ArrayLike, alpha: npt.ArrayLike = 1.0) -> Pixels:
    """Colours (height, width, 3) of 0…255 as pixels that are multiplied by their opacity, 0…1."""
    shares = np.broadcast_to(np.asarray(alpha, dtype=np.float32), np.shape(colours)[:2])
    pixels = np.empty((*shares.shape, 4), dtype=np.uint8)
    pixels[..., :3] = np.clip(np.asarray(colours) * shares[..., None], 0, 255) + 0.5 * (shares[..., None] > 0)
    pixels[..., 3] = 255 * shares + 0.5
    return pixels


def lit(pixels: Pixels, light: Pixels) -> Pixels:
    """`shaded` for opaque pixels and a light of 0…255, both (height, width, 4): as many take it a second."""
    light_theme = palette.NAME == "light"
    inked = cv2.bitwise_not(pixels) if light_theme else pixels
    shone = cv2.multiply(inked, light, scale=1 / 255)
    result = np.asarray(cv2.bitwise_not(shone) if light_theme else shone, dtype=np.uint8)
    result[..., 3] = 255
    return result


def reflected(pixels: Pixels, reach: float, strength: float = 0.4) -> Pixels:
    """An upright picture (height, width, 4) over its mirror image in a dark floor.

    The mirror image fades from `strength` to nothing over `reach` of the picture's height; both lie in one
    plane, so one texture holds them.
    """
    height, width = pixels.shape[:2]
    rows = max(1, round(reach * height))
    fade = (255 * strength * np.linspace(1, 0, rows) ** 1.5).astype(np.uint8)
    weights = np.ascontiguousarray(np.broadcast_to(fade[:, None, None], (rows, width, 4)))
    mirrored = cv2.multiply(np.ascontiguousarray(pixels[::-1][:rows]), weights, scale=1 / 255)
    return np.concatenate([pixels, mirrored])


def bloom(canvas: Pixels, strength: float, fine: float) -> None:
    """Let what is bright glow past its edges, in place; `fine` is the pixels of a frame unit."""
    small: Any = canvas
    for _ in range(3):  # by halves: OpenCV has a fast way for those
        small = cv2.resize(small, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    dark = np.array([BLOOM_FROM, BLOOM_FROM, BLOOM_FROM, 0], dtype=np.float64)
    bright: Any = cv2.subtract(small, dark)
    glow = cv2.convertScaleAbs(cv2.GaussianBlur(bright, (0, 0), BLOOM_REACH * fine / 24), alpha=strength)
    red, green, blue, _alpha = cv2.split(glow)
    glow = cv2.merge((red, green, blue, cv2.max(cv2.max(red, green), blue)))
    height, width = canvas.shape[:2]
    cv2.add(canvas, cv2.resize(glow, (width, height), interpolation=cv2.INTER_LINEAR), dst=canvas)
