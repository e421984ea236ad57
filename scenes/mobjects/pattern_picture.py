"""One head's pattern, large: a picture with its tokens along two sides, queries down and keys across."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from manim import DOWN, Group, VGroup

from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import rules
from scenes.mobjects.heatmap import Heatmap, largest_in_cells
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import count, percent
from scenes.mobjects.token_row import token_label, token_words

FINEST = 96  # cells along a side
MOST_LABELS = 16  # more tokens are counted, not named
AWAY = 0.14  # from the picture to a label
LABEL, SMALLEST, SMALLEST_MONO = 0.3, 0.16, 0.19  # em of a token's name
CLOSE = 0.62  # em of a name over the distance to the next

Span = tuple[float, float, Lettering]
"""Where along a side something stands, from 0 to 1, and its name."""


def token_spans(tokens: Sequence[bytes], side: float) -> list[Span]:
    """Each token's place and name; one span with their number where they are too many."""
    size = min(LABEL, CLOSE * side / len(tokens))
    # Bytes are set smaller than text.
    smallest = SMALLEST_MONO if any(token_label(piece)[1] for piece in tokens) else SMALLEST
    if len(tokens) > MOST_LABELS or size < smallest:
        words = _("{count} tokens").format(count=count(len(tokens)))
        return [(0.0, 1.0, text(words, 0.24, palette.FAINT))]
    share = 1 / len(tokens)
    names = [token_words(piece, size, palette.token_colour(index)) for index, piece in enumerate(tokens)]
    return [(index * share, (index + 1) * share, name) for index, name in enumerate(names)]


def halves(first: str, second: str) -> list[Span]:
    """The names of a side's two halves."""
    return [(0.0, 0.5, text(first, 0.22, palette.INK)), (0.5, 1.0, text(second, 0.22, palette.INK))]


class PatternPicture(Group):
    """A pattern and its labels.

    Args:
        pattern_TS: the weights; above the diagonal nothing is drawn.
        side: of the picture, in frame units.
        scale: the weight drawn brightest.
        spans: what stands along its sides.

    Attributes:
        heat: the picture.
        labels: the names along its sides, and the rules.
        key: which weight is drawn brightest.
    """

    def __init__(self, pattern_TS: npt.ArrayLike, side: float, scale: float, spans: Sequence[Span]) -> None:
        cells = largest_in_cells(pattern_TS, FINEST)
        seen = np.tri(len(cells), dtype=bool)
        self.heat = Heatmap(cells, side, side, scale=scale, ramp=palette.ATTENTION_RAMP, seen_RC=seen)
        self.labels = VGroup(*rules(self.heat))
        for start, end, name in spans:
            at = side * ((start + end) / 2 - 0.5)
            self.labels.add(name.copy().move_to([-side / 2 - AWAY - name.width / 2, -at, 0]))
            across = name.copy()
            if across.width > 0.95 * side * (end - start):
                across.rotate(np.pi / 2)
            self.labels.add(across.move_to([at, side / 2 + AWAY + across.height / 2, 0]))
        words = _("strongest: {share}") if scale > 0.995 else _("strongest: {share} or more")
        self.key = text(words.format(share=percent(scale, 0)), 0.2, palette.FAINT)
        self.key.next_to(self.heat, DOWN, buff=0.1)
        super().__init__(self.heat, self.labels, self.key)
