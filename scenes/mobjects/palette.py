"""Every colour of the suite, and the ramps that turn values into colours, in the theme of this process.

Manim Community's constants differ from the films' (its YELLOW and BLUE_E are other colours), so no scene
takes a colour from Manim: it takes it from here. A process has one theme, which `LECTURE_THEME` names; each
scene is rendered in a process of its own. Names say what a colour is for, not which it is: the ink is white
on the dark ground and black on the light one.
"""

from __future__ import annotations

import colorsys
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model_probe.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Theme:
    """The colours of one theme.

    Attributes:
        faint: titles, credits and notes that must not pull the eye.
        rest: the bar of everything that is not shown.
        positive, negative, data: from a small value to a large one.
        products: bars of products above and below zero.
        low: a score that is not above zero.
        written: what the model wrote.
        probability: from nothing to certainty, as a bar.
        attention: from no weight to the largest, as a cell's ground.
        weight: from no weight to all of it, as a dot or bar on such a ground.
        stream: the residual stream, from 0 to its scale.
        attention_seam, mlp_seam: what attention or an MLP adds to it, from nothing to its scale.
        heat: a temperature, from T = 0 to T = ∞.
        token: lightness and saturation of the tokens' hues.
    """

    ground: str
    ink: str
    caption: str
    faint: str
    rest: str
    query: str
    key: str
    value: str
    output: str
    gelu: str
    attention_hue: str
    positive: tuple[str, str]
    negative: tuple[str, str]
    data: tuple[str, str]
    products: tuple[str, str]
    low: str
    written: str
    probability: tuple[str, ...]
    attention: tuple[str, ...]
    weight: tuple[str, ...]
    stream: tuple[str, ...]
    attention_seam: tuple[str, ...]
    mlp_seam: tuple[str, ...]
    heat: tuple[str, ...]
    token: tuple[float, float]
    brightest: str


# What a colour is for → in the dark theme, in the light one
_COLOURS: dict[str, tuple[Any, Any]] = {
    "ground": ("#000000", "#FFFFFF"),
    "ink": ("#FFFFFF", "#111111"),
    "caption": ("#DDDDDD", "#2B2B2B"),
    "faint": ("#8C8C8C", "#666666"),
    "rest": ("#5A5A5A", "#949494"),
    "query": ("#FFFF00", "#7F5C00"),
    "key": ("#5CD0B3", "#00756A"),
    "value": ("#FC6255", "#C22F22"),
    "output": ("#D147BD", "#A3238F"),
    "gelu": ("#83C167", "#3E7A1E"),
    "attention_hue": ("#F2C200", "#7F5C00"),
    "positive": (("#1C758A", "#9CDCEB"), ("#1F7F97", "#07323D")),
    "negative": (("#CF5044", "#FF8080"), ("#C9503F", "#7C1016")),
    "data": (("#444444", "#FFFFFF"), ("#757575", "#000000")),
    "products": (("#BDBDBD", "#6E6E6E"), ("#4A4A4A", "#8A8A8A")),
    "low": ("#9E9E9E", "#6B6B6B"),
    "written": ("#FFA95C", "#9A4A00"),
    "probability": (("#477067", "#5CD0B3", "#F1FFFB"), ("#6F918B", "#00756A", "#00302B")),
    "attention": (
        ("#0B1116", "#12505F", "#2A9DA0", "#8FDB8A", "#FFFF00"),
        ("#EDF1F3", "#A9D6D3", "#4FA3A0", "#55803A", "#7F5C00"),
    ),
    "weight": (("#396C5F", "#5CD0B3", "#FFFF00"), ("#459A90", "#00756A", "#7F5C00")),
    "stream": (
        ("#050A12", "#13324E", "#3C86CC", "#A5DAF7", "#FFFFFF"),
        ("#F1F5FA", "#BFD8EE", "#4F93CF", "#1B4C86", "#0A1A30"),
    ),
    "attention_seam": (
        ("#0E0A00", "#5E4A00", "#D9A900", "#FFE56B", "#FFFFFF"),
        ("#FBF6E9", "#EFD998", "#C79200", "#7F5C00", "#3A2A00"),
    ),
    "mlp_seam": (
        ("#040D05", "#21491C", "#5CAA40", "#B4F09C", "#FFFFFF"),
        ("#F1F8EE", "#C7E5BA", "#6FB253", "#3E7A1E", "#1B3A0C"),
    ),
    "heat": (
        ("#3F7BFF", "#4FA8FF", "#8FD0F0", "#FFB070", "#FFFFFF"),
        ("#1D4ED8", "#1C6FBF", "#4C7A8C", "#B4530A", "#3B1004"),
    ),
    "token": ((0.68, 0.85), (0.25, 0.85)),
    "brightest": ("#F4FBFF", "#04141C"),
}
THEMES = {
    name: Theme(**{what: both[place] for what, both in _COLOURS.items()})
    for place, name in enumerate(("dark", "light"))
}


NAME = os.environ.get("LECTURE_THEME", "dark")
if NAME not in THEMES:
    raise UserError(f"LECTURE_THEME is {NAME!r}; there are {', '.join(THEMES)}")
_THEME = THEMES[NAME]

GROUND, INK, CAPTION, FAINT, REST = _THEME.ground, _THEME.ink, _THEME.caption, _THEME.faint, _THEME.rest
QUERY, KEY, VALUE, GELU = _THEME.query, _THEME.key, _THEME.value, _THEME.gelu
OUTPUT = _THEME.output
POSITIVE_SMALL, POSITIVE_LARGE = _THEME.positive
ABOVE_ZERO, BELOW_ZERO = _THEME.products
LOW = _THEME.low
ATTENTION_HUE = _THEME.attention_hue
WRITTEN = _THEME.written
BRIGHTEST = _THEME.brightest

TOKEN_HUES = (0.51, 0.64)  # cyan to blue

Rgb = tuple[float, float, float]
Lut = npt.NDArray[np.uint8]


def rgb(colour: str) -> Rgb:
    """`#RRGGBB` as three floats in 0…1."""
    return (int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255)


def pixel(colour: str) -> npt.NDArray[np.float32]:
    """`#RRGGBB` as three numbers of 0…255, as pixels have them."""
    return np.round(255 * np.array(rgb(colour), dtype=np.float32))


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
    lightness, saturation = _THEME.token
    hue = low + (high - low) * abs((index * 3) % 8 - 4) / 4
    return hexadecimal(colorsys.hls_to_rgb(hue, lightness, saturation))


def ramp(stops: Sequence[str], size: int = 256) -> Lut:
    """A (size, 3) uint8 table that runs through `stops` at equal distances."""
    at = np.linspace(0, len(stops) - 1, size)
    channels = np.array([rgb(stop) for stop in stops])
    table = np.stack([np.interp(at, np.arange(len(stops)), channels[:, c]) for c in range(3)], axis=-1)
    return np.asarray(np.rint(table * 255), dtype=np.uint8)


ATTENTION_RAMP = ramp(_THEME.attention)  # a weight: 0 … its scale
WEIGHT_RAMP = ramp(_THEME.weight)
STREAM_RAMP = ramp(_THEME.stream)
ATTENTION_SEAM_RAMP = ramp(_THEME.attention_seam)
MLP_SEAM_RAMP = ramp(_THEME.mlp_seam)
PROBABILITY_RAMP = ramp(_THEME.probability)
HEAT_RAMP = ramp(_THEME.heat)
DATA_RAMP = ramp(_THEME.data)
POSITIVE_RAMP = ramp(_THEME.positive)
NEGATIVE_RAMP = ramp(_THEME.negative)


def probability_colour(probability: float) -> str:
    """The colour of a probability's bar: the likelier, the further from the ground; as the square root."""
    level = round(255 * float(np.sqrt(np.clip(probability, 0, 1))))
    red, green, blue = PROBABILITY_RAMP[level] / 255
    return hexadecimal((red, green, blue))


def heat_colour(share: float) -> str:
    """The colour of a temperature that stands at `share` (0…1) of the way from 0 to ∞."""
    red, green, blue = HEAT_RAMP[round(255 * float(np.clip(share, 0, 1)))] / 255
    return hexadecimal((red, green, blue))


def dim(colours: npt.ArrayLike, share: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Colours (…, 3) of 0…255 with their share, 0…1, over the ground."""
    shares = np.asarray(share, dtype=np.float64)
    return np.asarray(np.asarray(colours) * shares + pixel(GROUND) * (1 - shares))


def token_ramp(index: int) -> Lut:
    """From the ground through the token's hue: how large a token's vector entries are."""
    return hue_ramp(token_colour(index))


def hue_ramp(hue: str) -> Lut:
    """From the ground through a hue to the lightest: how large entries are."""
    return ramp([mix(GROUND, hue, 0.12), hue, _THEME.brightest])


def number_ramp(hue: str) -> Lut:
    """From a small number to a large one, in a hue, as what is written: no number is too dark to be read."""
    return ramp([mix(GROUND, hue, 0.88), hue, mix(hue, _THEME.brightest, 0.8)])


def robust_scale(values: npt.ArrayLike) -> float:
    """The value that a ramp's light end stands for: the 99th percentile of |v|, never 0."""
    magnitude = np.abs(np.asarray(values, dtype=np.float64))
    return float(np.percentile(magnitude, 99)) or float(magnitude.max()) or 1.0


def levels(values: npt.ArrayLike, scale: float) -> npt.NDArray[np.uint8]:
    """clip(|v| / scale, 0, 1) as an index into a ramp of 256 colours."""
    magnitude = np.abs(np.asarray(values, dtype=np.float32)) * np.float32(255 / scale)
    return np.minimum(magnitude, 255).astype(np.uint8)
