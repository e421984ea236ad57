"""What one point sends out: tokens in a list, a ray to each, as wide as its number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import CubicBezier, VGroup

from model_probe.trace import Trace
from scenes.layout import Box, Layout
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import signed
from scenes.mobjects.token_row import token_words

SIZE, SMALLEST = 0.42, 0.2  # em of a token
NUMBER = 0.78  # em of its number by that
WIDEST = 2.6  # stroke width of the largest number's ray
LINE = 0.75  # frame units above the list
LONGEST = 18  # characters of a token
COLUMN = 0.3  # frame units between numbers and tokens


class Fan(VGroup):
    """A line a token: its number, then its name; rays come from one point and end before them.

    Args:
        start: where the rays come from, in the frame.
        pieces: the tokens' bytes, the largest number first.
        values: their numbers.
        box: of the list; rays end at its left edge.
        marked: the place in the list that is lit, or None.

    Attributes:
        rays, rows: one a token.
    """

    def __init__(
        self,
        start: npt.ArrayLike,
        pieces: Sequence[bytes],
        values: npt.ArrayLike,
        box: Box,
        marked: int | None = None,
    ) -> None:
        self.values = np.asarray(values, np.float64)
        pitch = min(0.62, box.height / len(pieces))
        size = max(SMALLEST, min(SIZE, 0.72 * pitch))
        largest = float(np.abs(self.values).max()) or 1.0
        numbers: list[Lettering] = [
            text(signed(float(value), 2), NUMBER * size, palette.CAPTION) for value in self.values
        ]
        room = max(number.width for number in numbers)
        self.rays, self.rows = VGroup(), VGroup()
        top = box.center[1] + pitch * (len(pieces) - 1) / 2
        for place, (piece, number) in enumerate(zip(pieces, numbers, strict=True)):
            share, y = abs(float(self.values[place])) / largest, top - place * pitch
            colour = palette.QUERY if place == marked else palette.INK
            word = token_words(piece.strip(b" ") or piece, size, colour, LONGEST)
            number.move_to([box.left + 0.15 + room - number.width / 2, y, 0])
            left = box.left + 0.15 + room + COLUMN
            word.scale(min(1.0, (box.right - left) / word.width))
            word.move_to([left + word.width / 2, y, 0])
            end = np.array([box.left, y, 0.0])
            begin = np.asarray(start, np.float64)
            bend = np.array([(begin[0] + end[0]) / 2, y, 0.0])
            ray = CubicBezier(begin, (begin + bend) / 2, bend, end, stroke_width=0.8 + WIDEST * share**2)
            self.rays.add(ray.set_stroke(palette.GELU, opacity=0.25 + 0.6 * share))
            self.rows.add(VGroup(number, word))
        self._whole = [ray.copy() for ray in self.rays]
        super().__init__(self.rays, self.rows)

    @classmethod
    def promoted(cls, trace: Trace, layer: int, start: npt.ArrayLike, layout: Layout) -> Self:
        """The tokens that a layer's strongest neuron promotes; the likeliest next one is lit among them."""
        stage = layout.stage
        box = Box(stage.left + 0.5 * stage.width, stage.right, stage.bottom, stage.top - LINE)
        ids = trace.neuron_tokens_LN[layer].tolist()
        winner = int(trace.logits_last_V[:].argmax())
        pieces = [trace.token_name(token) for token in ids]
        values = trace.neuron_token_logits_LN[layer]
        return cls(start, pieces, values, box, ids.index(winner) if winner in ids else None)

    def grow(self, amount: float) -> Self:
        """Let the rays come so far, one after the other, and light each token when its ray is there, 0…1."""
        many = len(self.rows)
        for place, (ray, row, whole) in enumerate(zip(self.rays, self.rows, self._whole, strict=True)):
            own = float(np.clip(amount * (1 + 0.6) - 0.6 * place / many, 0, 1))
            ray.pointwise_become_partial(whole, 0, max(own, 1e-3))
            row.set_opacity(float(np.clip(4 * own - 3, 0, 1)))
        return self
