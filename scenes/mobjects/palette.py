"""Every colour of the suite, and the ramps that turn values into colours.

Manim Community's constants differ from the films' (its YELLOW and BLUE_E are other colours), so no scene
takes a colour from Manim: it takes it from here.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

GROUND = "#000000"
WHITE = "#FFFFFF"
CAPTION = "#DDDDDD"
FAINT = "#8C8C8C"  # 6.3:1 on black: titles, credits and notes that must not pull the eye
REST = "#5A5A5A"  # the bar of everything that is not shown

QUERY = "#FFFF00"
KEY = "#5CD0B3"
VALUE = "#FC6255"
GELU = "#83C167"

POSITIVE_DARK, POSITIVE_LIGHT = "#1C758A", "#9CDCEB"
NEGATIVE_DARK, NEGATIVE_LIGHT = "#CF5044", "#FF8080"
DATA_DARK, DATA_LIGHT = "#444444", "#FFFFFF"
BAR_TOP, BAR_BOTTOM = "#5CD0B3", "#FFFF00"

TOKEN_HUES = (0.51, 0.64)  # cyan to blue

Rgb = tuple[float, float, float]
Lut = npt.NDArray[np.uint8]


def rgb(colour: str) -> Rgb:
    """`#RRGGBB` as three floats in 0…1."""
    return (int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255)


def hexadecimal(colour: Rgb) -> str:
    """Three floats in 0…1 as `#RRGGBB`."""
    return "#" + "".join(f"{round(255 * channel):02X}" for channel in colour)


def mix(start: str, end: str, amount: float) -> str:
    """The colour `amount` (0…1) of the way from `start` to `end`, interpolated in HSL."""
    (h0, l0, s0), (h1, l1, s1) = colorsys.rgb_to_hls(*rgb(start)), colorsys.rgb_to_hls(*rgb(end))
    if s0 == 0:  # a grey has no hue of its own
        h0 = h1
    if s1 == 0:
        h1 = h0
    h1 += round(h0 - h1)  # the short way round the circle
    hue, light, saturation = (a + (b - a) * amount for a, b in ((h0, h1), (l0, l1), (s0, s1)))
    return hexadecimal(colorsys.hls_to_rgb(hue % 1, light, saturation))


def token_colour(index: int) -> str:
    """The hue of the token at `index`, from cyan to blue and back, so that neighbours differ."""
    low, high = TOKEN_HUES
    return hexadecimal(colorsys.hls_to_rgb(low + (high - low) * abs((index * 3) % 8 - 4) / 4, 0.68, 0.85))


def bar_colour(index: int, count: int) -> str:
    """The colour of bar `index` of `count`: teal at the top to yellow at the bottom."""
    amount = index / max(1, count - 1)  # straight through RGB: the way round the hue circle is a neon green
    channels = zip(rgb(BAR_TOP), rgb(BAR_BOTTOM), strict=True)
    top, middle, bottom = (a + (b - a) * amount for a, b in channels)
    return hexadecimal((top, middle, bottom))


def ramp(stops: Sequence[str], size: int = 256) -> Lut:
    """A (size, 3) uint8 table that runs through `stops` at equal distances."""
    at = np.linspace(0, len(stops) - 1, size)
    channels = np.array([rgb(stop) for stop in stops])
    table = np.stack([np.interp(at, np.arange(len(stops)), channels[:, c]) for c in range(3)], axis=-1)
    return np.asarray(np.rint(table * 255), dtype=np.uint8)


ATTENTION_RAMP = ramp(["#0B1116", "#12505F", "#2A9DA0", "#8FDB8A", "#FFFF00"])  # a weight: 0 … its scale
DATA_RAMP = ramp([DATA_DARK, DATA_LIGHT])
POSITIVE_RAMP = ramp([POSITIVE_DARK, POSITIVE_LIGHT])
NEGATIVE_RAMP = ramp([NEGATIVE_DARK, NEGATIVE_LIGHT])


def token_ramp(index: int) -> Lut:
    """Black, the token's hue, white: the brightness of a token's vector entries."""
    hue = token_colour(index)
    return ramp([mix("#000000", hue, 0.12), hue, "#F4FBFF"])


def robust_scale(values: npt.ArrayLike) -> float:
    """The value that a ramp's light end stands for: the 99th percentile of |v|, never 0."""
    magnitude = np.abs(np.asarray(values, dtype=np.float64))
    return float(np.percentile(magnitude, 99)) or float(magnitude.max()) or 1.0


def levels(values: npt.ArrayLike, scale: float) -> npt.NDArray[np.uint8]:
    """clip(|v| / scale, 0, 1) as an index into a ramp of 256 colours."""
    magnitude = np.abs(np.asarray(values, dtype=np.float32)) * np.float32(255 / scale)
    return np.minimum(magnitude, 255).astype(np.uint8)
