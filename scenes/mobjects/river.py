"""A text as a river: its tokens, and below them a band as wide as each is likely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from manim import Group, Line, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import ASCENT, DESCENT, Lettering, text
from scenes.mobjects.light import opaque
from scenes.mobjects.raster import Pixels, Raster, pixels_per_unit
from scenes.mobjects.token_row import token_words

LARGEST, SMALLEST = 0.46, 0.26  # em of the tokens
LONGEST = 14  # characters of one of them
WIDEST = 0.8  # frame units of a band whose token is certain
HALO = 0.1  # frame units that its glow reaches
EDGE = 0.25  # frame units over which its end fades
HAIR = 0.9  # pixels, half the width of the narrowest
BED = 0.6  # em of the tokens over that of their name's

Floats = npt.NDArray[np.float64]


class River(Group):
    """A name, and at its right the tokens with the band below them.

    Args:
        name: what stands before the river.
        pieces: the tokens' bytes.
        probabilities: theirs, 0…1.
        box: what it takes.
        aside: frame units from the box' left edge to the first token.
        size: em of the tokens, see `common_size`; those that do not fit are counted at the end.

    Attributes:
        label: the name.
        words: the tokens that are shown.
        band: the picture.
        reached: how many tokens are there, of which the last may be there in part.
    """

    def __init__(
        self,
        name: str,
        pieces: Sequence[bytes],
        probabilities: npt.ArrayLike,
        box: Box,
        aside: float,
        size: float,
    ) -> None:
        self.probabilities = np.asarray(probabilities, dtype=np.float64)
        line = size * (ASCENT + DESCENT)
        deep = min(WIDEST, box.height - line * (1 if aside else 2))
        y = box.bottom + max(deep, 0.1) / 2
        left, room = box.left + aside, box.width - aside
        self.words = VGroup()
        self.more: Lettering | None = None
        pen = 0.0
        labels = [token_words(piece, size, palette.WRITTEN, LONGEST) for piece in pieces]
        widths = np.array([label.width for label in labels])
        shown = len(labels)
        if widths.sum() > room + 1e-6:
            shown = max(1, int(np.searchsorted(np.cumsum(widths), room - 5 * size, side="right")))
        for label in labels[:shown]:
            self.words.add(label.move_to([left + pen + label.width / 2, y + deep / 2 + line / 2, 0]))
            pen += label.width
        if shown < len(labels):
            words = _("⋯ {count} more ⋯").format(count=len(pieces) - shown)
            self.more = text(words, max(SMALLEST, 0.8 * size), palette.FAINT)
            self.more.move_to([left + pen + 0.1 + self.more.width / 2, self.words[0].get_y(), 0])
        self.bed = Line([left, y, 0], [box.right, y, 0], stroke_width=1.2, color=palette.REST)
        self.label = text(
            name,
            max(SMALLEST, min(0.3, size)),
            palette.CAPTION,
            fit=max(aside - 0.2, 1e-9) if aside else None,
        )
        self._edges = np.array([0.0, *np.cumsum(widths[:shown])])
        self._canvas = _band(self._edges, self.probabilities[:shown], deep)
        self.band = Raster(self._canvas, pen, deep + 2 * HALO, smooth=True)
        self.band.shift([left + pen / 2, y, 0])
        at = self.words[0].get_y() + (0 if aside else line)
        self.label.move_to([box.left + self.label.width / 2, at, 0])
        super().__init__(self.bed, self.band, self.label, self.words, *([self.more] if self.more else []))
        self.reach(float(shown))

    def reach(self, steps: float) -> Self:
        """Show so many tokens; of the last one a part."""
        shown = len(self.words)
        self.reached = float(np.clip(steps, 0, shown))
        end = np.interp(self.reached, np.arange(shown + 1), self._edges)
        columns = (np.arange(self._canvas.shape[1]) + 0.5) / pixels_per_unit()
        full = self.reached >= shown
        share = np.clip((end - columns) / EDGE, 0, 1)
        light = np.round(255 * share).astype(np.uint16)[None, :, None]
        self.band.pixels = np.ascontiguousarray((self._canvas * light // 255).astype(np.uint8))
        for number, word in enumerate(self.words):
            seen = float(np.clip(2 * (self.reached - number) - 0.4, 0, 1))
            word.set_fill(opacity=seen).set_stroke(opacity=seen)
        if self.more is not None:
            self.more.set_fill(opacity=float(full)).set_stroke(opacity=float(full))
        return self

    def light(self, share: float) -> Self:
        """All of it in less light, or in more again."""
        for word in (self.label, *self.words, *([self.more] if self.more else [])):
            word.set_fill(opacity=share).set_stroke(opacity=share)
        self.bed.set_stroke(opacity=share)
        self.band.set_opacity(share)
        return self

    def underline(self, first: int, count: int, colour: str = palette.QUERY) -> Line:
        """A line under some of the tokens."""
        words = self.words[first : first + count]
        y = float(self.words[0].get_bottom()[1]) + 0.02
        start, end = words.get_left()[0], words.get_right()[0]
        return Line([start + 0.06, y, 0], [end, y, 0], stroke_width=5, color=colour)


def common_size(texts: Sequence[Sequence[bytes]], room: float) -> float:
    """The em at which the longest of some texts is as wide as there is room, within what can be read."""
    wide = max(sum(token_words(piece, 1.0, palette.INK, LONGEST).width for piece in each) for each in texts)
    return float(np.clip(room / wide, SMALLEST, LARGEST))


def _band(edges: Floats, probabilities: Floats, deep: float) -> Pixels:
    """The whole band, a pixel's column each: at a token's middle as wide as it is likely, smooth between."""
    fine = pixels_per_unit()
    columns = max(1, round(float(edges[-1]) * fine))
    rows = max(1, round((deep + 2 * HALO) * fine))
    at: Floats = (np.arange(columns, dtype=np.float64) + 0.5) / fine
    likely = _smooth(at, (edges[:-1] + edges[1:]) / 2, probabilities)
    half = np.maximum(HAIR, likely * deep * fine / 2)
    away = np.abs(np.arange(rows) + 0.5 - rows / 2)[:, None]
    core = np.clip(half - away + 0.5, 0, 1)
    glow = (0.1 + 0.4 * np.sqrt(likely)) * np.exp(-(((away - half) / (0.45 * HALO * fine)) ** 2))
    alpha = np.maximum(core, np.where(away > half, glow, 0))
    colours: Any = palette.PROBABILITY_RAMP[np.round(255 * np.sqrt(likely)).astype(int)].astype(np.float64)
    round_off = 1 - 0.45 * np.clip(away / half, 0, 1) ** 2
    shaded = palette.dim(colours[None], np.broadcast_to(round_off[..., None], (rows, columns, 1)))
    return opaque(shaded, alpha)


def _smooth(at: Floats, places: Floats, values: Floats) -> Floats:
    """Values between places, level at each of them."""
    if len(places) == 1:
        return np.full(len(at), values[0])
    which = np.clip(np.searchsorted(places, at) - 1, 0, len(places) - 2)
    share = np.clip((at - places[which]) / (places[which + 1] - places[which]), 0, 1)
    share = share * share * (3 - 2 * share)
    return np.asarray(values[which] * (1 - share) + values[which + 1] * share)
