"""A token's vector times one head's weights: a shorter vector, one row for each of its numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import DOWN, LEFT, Group, Rectangle, VGroup

from scenes.head_vector import HeadVector
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.asking_token import AskingToken
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.numerals import count, plain, signed
from scenes.mobjects.raster import Raster, pixels_per_unit
from scenes.mobjects.weight_pixels import extremes_in_cells, opaque, weight_pixels

STRIP = 0.34  # frame units: the height of a vector, and of the row that meets it
APART = 0.12
SIDES = (0.95, 1.75)  # frame units beside the matrix: for its name, for what comes out
COLUMN = 0.4  # width of what comes out
TALLEST = 5.0  # of the matrix
WINDOW = 0.16  # width of the box that steps along

Array = npt.NDArray[np.float32]


class Projection(Group):
    """A vector, under it the row of the matrix that it meets, the matrix, and at its right what comes out.

    Args:
        source: the vector, the matrix and what comes out; the trace has its weights.
        box: where to stand.

    Attributes:
        chip, question: the token, and what the result stands for.
        vector, matrix, result: the pictures; `weights` is the matrix.
        row: the row that is worked out: the one with the largest result.
        sums: the partial sums along that row, from the bias to the result.
        filled: how many results are shown.
        worked: whether that row has been worked out.
    """

    def __init__(self, source: HeadVector, weight_KD: Array, box: Box) -> None:
        vector_D, bias_K, result_K = source.input_D, source.bias_K, source.made
        self.source, self.result_values = source, result_K
        self.row = int(np.abs(result_K).argmax())
        rows, columns = len(result_K), len(vector_D)
        left, right = box.left + SIDES[0], box.right - SIDES[1]
        wide = right - left
        finest = max(1, int(wide * pixels_per_unit()))
        asking = AskingToken(source, left, box)
        self.chip, self.question = asking.chip, asking.question
        pen = float(self.chip.get_bottom()[1]) - APART - 0.03
        scale = palette.robust_scale(vector_D)
        level = palette.levels(extremes_in_cells(vector_D[None], finest), scale)
        self.vector = Raster(opaque(palette.DATA_RAMP[level]), wide, STRIP)
        self.vector.move_to([(left + right) / 2, pen - STRIP / 2, 0])
        pen -= 2 * STRIP + APART
        name = _("{name} · {count} numbers").format(name=source.input_name, count=count(columns))
        below = 0.62  # the names
        high = min(TALLEST, pen - 0.2 - below - box.bottom)
        self.place = (left, pen - 0.2, wide, high)
        strongest = palette.robust_scale(weight_KD)
        products = weight_KD[self.row].astype(np.float64) * vector_D
        start = 0.0 if bias_K is None else float(bias_K[self.row])
        self.sums = start + np.concatenate([[0.0], np.cumsum(products)])
        shown = extremes_in_cells(weight_KD, finest)
        self.weights = self.matrix = Raster(weight_pixels(shown, strongest), wide, high)
        self.met = Raster(weight_pixels(shown[self.row : self.row + 1], strongest), wide, STRIP)
        self.met.move_to([(left + right) / 2, pen + STRIP / 2, 0])
        size = _("{name} · {rows} × {columns} weights · strongest colour: ±{scale} or more").format(
            name=f"{source.part}_weight_KD", rows=rows, columns=count(columns), scale=plain(strongest, 2)
        )
        self.matrix.move_to([(left + right) / 2, pen - 0.2 - high / 2, 0])
        self.symbol = formula(f"$ {source.symbol} $", 0.5, palette.INK).next_to(self.matrix, LEFT, buff=0.2)
        self._ramp = palette.ramp([palette.GROUND, source.colour])
        self._scale = float(np.abs(result_K).max()) or 1.0
        self.result = Raster(np.zeros((rows, 1, 4), np.uint8), COLUMN, high)
        self.result.move_to([right + 0.25 + COLUMN / 2, self.matrix.get_y(), 0])
        self.number = text("+0.00", 0.4, source.colour)
        self.window = Rectangle(
            width=WINDOW, height=2 * STRIP + APART / 2, stroke_color=palette.QUERY, stroke_width=3
        )
        self.edge = Rectangle(
            width=wide + 0.06,
            height=max(0.09, high / rows + 0.04),
            stroke_color=palette.QUERY,
            stroke_width=2,
        )
        self.names = VGroup(*(text(words, 0.2, palette.FAINT) for words in (name, size)))
        for words in self.names:
            words.scale(min(1.0, box.width / words.width))
        self.names.arrange(DOWN, buff=0.08, aligned_edge=LEFT)
        self.names.next_to(self.matrix, DOWN, buff=0.14).align_to(self.matrix, LEFT)
        self.names.shift([min(0.0, box.right - float(self.names.get_right()[0])), 0, 0])
        self.filled, self.worked = 0, False
        self.step(0.0)
        self.fill(0.0)
        super().__init__(
            self.chip, self.question, self.vector, self.met, self.matrix, self.symbol, self.result,
            self.names, self.window, self.edge, self.number,
        )  # fmt: skip

    def step(self, amount: float) -> Projection:
        """Let the box stand `amount` (0…1) of the way along vector and row, and show the sum up to there."""
        left, top, wide, high = self.place
        done = round(amount * (len(self.sums) - 1))
        x = left + wide * amount
        self.window.move_to([x, float(self.vector.get_bottom()[1]) - APART / 4, 0])
        y = top - high * (self.row + 0.5) / len(self.result_values)
        self.edge.move_to([left + wide / 2, y, 0])
        self.number.rewrite(signed(float(self.sums[done]), 2))
        # beside the vector and the row that it is the sum of
        edge = left + wide + 0.25 + self.number.width / 2
        self.number.move_to([edge, float(self.vector.get_bottom()[1]) - APART / 2, 0])
        return self

    def fill(self, amount: float) -> Projection:
        """Show the first `amount` (0…1) of the results, and the one that was worked out, once it is."""
        rows = len(self.result_values)
        self.filled = round(amount * rows)
        level = palette.levels(self.result_values[:, None], self._scale)
        pixels = opaque(self._ramp[level])
        seen = np.arange(rows) < self.filled
        if self.worked:
            seen[self.row] = True
        pixels[~seen] = 0
        self.result.pixels = pixels
        return self
