"""A token's hue in pictures of the whole vocabulary: what it begins with."""

from __future__ import annotations

import numpy as np
from manim import RIGHT, Dot, VGroup

from model_probe.derived import beginnings
from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.lettering import text

# of the kinds in `model_probe.derived.BEGINNINGS`, in their order
HUES = (palette.token_colour(2), palette.WRITTEN, palette.GELU, palette.VALUE)


def hue(piece: bytes) -> str:
    """The colour of a token."""
    one = beginnings(np.frombuffer(piece, np.uint8), np.array([0, len(piece)]))
    return HUES[int(one[0])]


def hues_legend(width: float, size: float = 0.22) -> VGroup:
    """What the hues stand for, in as many rows as it takes."""
    kinds = (
        _("space, small letter"),
        _("space, capital letter"),
        _("letter without a space"),
        _("anything else"),
    )
    entries = [
        VGroup(Dot(radius=0.07, color=hue), text(words, size, palette.FAINT)).arrange(RIGHT, buff=0.1)
        for words, hue in zip(kinds, HUES, strict=True)
    ]
    columns = next(n for n in (4, 2, 1) if n == 1 or n * (max(e.width for e in entries) + 0.35) <= width)
    grid = VGroup(*entries).arrange_in_grid(
        rows=-(-4 // columns), cols=columns, buff=(0.35, 0.08), col_alignments="l" * columns
    )
    return VGroup(*grid)
