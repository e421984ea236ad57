"""One head's weights as a picture, its last row framed, and in words where that looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, Group, Rectangle

from scenes.language import _
from scenes.layout import Box
from scenes.matching import Matching
from scenes.mobjects import palette
from scenes.mobjects.heatmap import largest_in_cells
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.mirror_panel import product
from scenes.mobjects.numerals import percent
from scenes.mobjects.pattern_picture import FINEST, PatternPicture, token_spans
from scenes.mobjects.token_row import token_quote

TITLE, NOTE = 0.46, 0.26  # em
ROOM = 1.4 * TITLE + 1.3 * NOTE + 0.4  # above and below the picture

Floats = npt.NDArray[np.float64]


class Weighing(Group):
    """Weights of every query over the keys.

    Args:
        title: Typst maths.
        tokens: of the prompt.
        weights_TS: the weights; above the diagonal nothing is drawn.
        scale: the weight that is drawn brightest.
        words: what stands below the picture.
        box: what it takes.

    Attributes:
        title, picture, words, frame: the parts; `frame` is around the last row.
    """

    def __init__(
        self,
        title: str,
        tokens: Sequence[bytes],
        weights_TS: Floats,
        scale: float,
        words: str,
        box: Box,
    ) -> None:
        side = 0.7 * min(box.width, box.height - ROOM)
        for _again in range(5):  # names keep their size, or turn, where the picture takes another
            spans = token_spans(tokens, side)
            self.picture = PatternPicture(weights_TS, side, min(1.0, scale), spans)
            slack = min(box.width - self.picture.width, box.height - ROOM - self.picture.height)
            side = max(1.0, side + slack)
        heat = self.picture.heat
        self.title = formula(title, TITLE, fit=box.width)
        self.words = text(words, NOTE, palette.CAPTION, fit=box.width)
        row = heat.height / len(heat.values)
        self.frame = Rectangle(width=heat.width, height=row, stroke_color=palette.QUERY, stroke_width=3)
        super().__init__(self.title, self.picture, self.words, self.frame)
        self.title.move_to([box.center[0], box.top - self.title.height / 2, 0])
        self.picture.next_to(self.title, DOWN, buff=0.2)
        self.words.next_to(self.picture, DOWN, buff=0.12)
        for part in (self.title, self.words):
            half = part.width / 2
            part.set_x(float(np.clip(heat.get_x(), box.left + half, max(box.left + half, box.right - half))))
        self.frame.move_to([heat.get_x(), float(heat.get_bottom()[1]) + row / 2, 0])
        self.shift([0, box.center[1] - self.get_y(), 0])

    def show(self, weights_TS: npt.ArrayLike) -> Self:
        """Show other weights."""
        self.picture.heat.show(largest_in_cells(weights_TS, FINEST))
        return self


def weighings(tokens: Sequence[bytes], vectors: Matching, box: Box) -> list[Weighing]:
    """Side by side: matched by the keys, and by the values in their place; both on one scale."""
    scale = palette.robust_scale(np.concatenate([each[vectors.may_look_TS] for each in vectors.weights]))
    made = []
    for title, weights, part in zip(titles(), vectors.weights, box.columns(1, 1), strict=True):
        best = int(weights[-1].argmax())
        words = _("“{query}” looks at “{key}”: {share}").format(
            query=token_quote(tokens[-1]),
            key=token_quote(tokens[best]),
            share=percent(float(weights[-1, best]), 0),
        )
        made.append(Weighing(title, tokens, weights, scale, words, part))
    return made


def titles() -> tuple[str, str]:
    """What is computed, in Typst maths: with the keys, and with the values in their place."""
    with_k, with_v = (
        f'$ "softmax"({product("q", letter)}) #tone("{palette.VALUE}", $v$) $' for letter in "kv"
    )
    return with_k, with_v
