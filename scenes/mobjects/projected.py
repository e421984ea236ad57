"""A token's vector and what one head's weights made of it, where the weights themselves are not at hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import DOWN, RIGHT, Arrow, Group, VGroup

from scenes.head_vector import HeadVector
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.asking_token import AskingToken
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.numerals import count, plain
from scenes.mobjects.projection import Projection
from scenes.mobjects.raster import Raster, pixels_per_unit
from scenes.mobjects.weight_pixels import extremes_in_cells, opaque

STRIP = 0.6  # frame units: the height of a vector
FAINTEST = 0.1  # of an element near zero

Array = npt.NDArray[np.float32]


class Projected(Group):
    """A vector; under it an arrow with the name of the weights; under that what came out.

    Args:
        source: the vector and what came out.
        box: where to stand.

    Attributes:
        chip, question: the token, and what the result stands for.
        vector, result: the pictures.
        weights: the arrow that stands for them.
        filled: how many results are shown.
    """

    def __init__(self, source: HeadVector, box: Box) -> None:
        vector_D, result_K = source.input_D, source.captured_K
        self.source, self.result_values = source, result_K
        left, right = box.left + 0.3, box.right - 0.3
        wide, x = right - left, (left + right) / 2
        asking = AskingToken(source, left, box)
        self.chip, self.question = asking.chip, asking.question
        shown = extremes_in_cells(vector_D[None], max(1, int(wide * pixels_per_unit())))
        level = palette.levels(shown, palette.robust_scale(vector_D))
        self.vector = Raster(opaque(palette.DATA_RAMP[level]), wide, STRIP)
        largest = float(np.abs(result_K).max()) or 1.0
        shares = FAINTEST + (1 - FAINTEST) * palette.levels(result_K[None], largest)[..., None] / 255
        self._coloured = opaque(palette.dim(palette.pixel(source.colour), shares))
        self.result = Raster(np.zeros_like(self._coloured), wide, STRIP)

        top, bottom = float(self.chip.get_bottom()[1]) - 0.2, box.bottom + 0.35
        self.vector.move_to([x, top - STRIP / 2, 0])
        self.result.move_to([x, bottom + STRIP / 2, 0])
        names = (
            _("{name} · {count} numbers").format(name=source.input_name, count=count(len(vector_D))),
            _("{name} · {count} numbers · strongest colour: ±{scale}").format(
                name=source.letter, count=count(len(result_K)), scale=plain(largest, 2)
            ),
        )
        self.names = VGroup(*(text(words, 0.22, palette.FAINT) for words in names))
        for words, strip in zip(self.names, (self.vector, self.result), strict=True):
            words.scale(min(1.0, wide / words.width)).next_to(strip, DOWN, buff=0.1)
        start, end = float(self.names[0].get_bottom()[1]) - 0.15, float(self.result.get_top()[1]) + 0.15
        self.weights = Arrow([x, start, 0], [x, end, 0], buff=0, stroke_width=4, color=palette.FAINT)
        self.symbol = formula(f"$ {source.symbol} $", 0.6, palette.INK).next_to(
            self.weights, RIGHT, buff=0.25
        )
        self.fill(0.0)
        super().__init__(
            self.chip, self.question, self.vector, self.weights, self.symbol, self.result, self.names
        )

    def fill(self, amount: float) -> Projected:
        """Show the first `amount` (0…1) of the results."""
        self.filled = round(amount * len(self.result_values))
        pixels = self._coloured.copy()
        pixels[:, self.filled :] = 0
        self.result.pixels = pixels
        return self


def projection_of(source: HeadVector, box: Box) -> Projection | Projected:
    """A vector's weights at work where the trace has them; else only what they gave."""
    if source.weight_KD is None:
        return Projected(source, box)
    return Projection(source, source.weight_KD, box)
