"""Light and shade for textures: what makes a picture of numbers look like a thing in a room."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from scenes.mobjects import palette
from scenes.mobjects.raster import Pixels

BLOOM_FROM = 140  # of 255: only what is brighter than this glows
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


def reflected(colours: npt.ArrayLike, reach: float, strength: float = 0.28) -> Pixels:
    """An upright picture (height, width, 3) over its mirror image in a dark floor.

    The mirror image fades from `strength` to nothing over `reach` of the picture's height; both lie in one
    plane, so one texture holds them.
    """
    picture = np.asarray(colours, dtype=np.float32)
    rows = max(1, round(reach * len(picture)))
    fade = strength * np.linspace(1, 0, rows, dtype=np.float32)[:, None] ** 1.5
    mirrored = picture[::-1][:rows]
    fade = np.broadcast_to(fade, mirrored.shape[:2])
    return np.concatenate([opaque(picture), opaque(mirrored, fade)])


def bloom(canvas: Pixels, strength: float, fine: float) -> None:
    """Let what is bright glow past its edges, in place; `fine` is the pixels of a frame unit."""
    half = cv2.resize(canvas, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    small = cv2.resize(half, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    bright = cv2.subtract(small, (BLOOM_FROM, BLOOM_FROM, BLOOM_FROM, 0))
    blurred = cv2.GaussianBlur(bright, (0, 0), BLOOM_REACH * fine / 12)
    glow = cv2.convertScaleAbs(blurred, alpha=1.6 * strength)
    red, green, blue, _ = cv2.split(glow)
    glow = cv2.merge((red, green, blue, cv2.max(cv2.max(red, green), blue)))
    height, width = canvas.shape[:2]
    cv2.add(canvas, cv2.resize(glow, (width, height), interpolation=cv2.INTER_LINEAR), dst=canvas)
