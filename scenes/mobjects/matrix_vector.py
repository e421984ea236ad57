"""A few rows of a matrix, a vector, and what comes out: the vector changes, the matrix does not."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import RIGHT, Group, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.elision import elide
from scenes.mobjects.lettering import text
from scenes.mobjects.number_matrix import NumberMatrix
from scenes.mobjects.vector import brackets

SIZE = 0.44  # em of the numbers, where there is room

Floats = npt.NDArray[np.floating]


class MatrixVector(Group):
    """Rows · vector + bias, with real numbers.

    Args:
        rows_RD: some rows of the matrix.
        bias_R: what is added, or None.
        vectors_TD: the vectors that will be shown; the first is.
        box: where to stand.
        places: columns of the matrix that are shown, and numbers of the vector, the gap among them.

    Attributes:
        columns: which columns those are, None for the gap.
        matrix, vector, result: each the mobjects of its numbers, before the gap and after it.
        results_TR: what comes out of each vector.
    """

    def __init__(
        self, rows_RD: Floats, bias_R: Floats | None, vectors_TD: Floats, box: Box, places: int = 6
    ) -> None:
        self.vectors = vectors_TD
        self.columns = elide(rows_RD.shape[1], places)
        self.results_TR = vectors_TD.astype(np.float64) @ rows_RD.T.astype(np.float64)
        if bias_R is not None:
            self.results_TR = self.results_TR + bias_R
        size = min(SIZE, box.height / (1.35 * len(rows_RD) + 0.8), box.width / (2.9 * places + 9))
        gap = self.columns.index(None) if None in self.columns else len(self.columns)
        self._halves = [
            [c for c in half if c is not None] for half in (self.columns[:gap], self.columns[gap:])
        ]
        self._halves = [half for half in self._halves if half]
        digits = 2
        scale = palette.robust_scale(rows_RD)
        self.matrix = [NumberMatrix(rows_RD[:, half], size, digits, scale, True) for half in self._halves]
        bright = palette.robust_scale(vectors_TD)
        largest = np.abs(vectors_TD).max(axis=0)  # so many digits for every vector
        self.vector = [NumberMatrix(largest[half, None], size, 1, bright) for half in self._halves]
        widest = np.abs(self.results_TR).max(axis=0)[:, None]
        self.result = NumberMatrix(widest, size, 1, palette.robust_scale(self.results_TR))
        pitch = 1.35 * size
        across = Group(*self.matrix).arrange(RIGHT, buff=2.2 * size)
        dots = VGroup()
        if len(self.matrix) > 1:
            x = (self.matrix[0].get_right()[0] + self.matrix[1].get_left()[0]) / 2
            for row in range(len(rows_RD)):
                y = float(across.get_top()[1]) - (row + 0.5) * across.height / len(rows_RD)
                dots.add(text("⋯", size, palette.FAINT).move_to([x, y, 0]))
        down, pen = Group(), 0.0
        for half in self.vector:
            if len(down):
                down.add(text("⋮", size, palette.FAINT).move_to([0, pen - pitch / 2, 0]))
                pen -= pitch
            down.add(half.move_to([0, pen - half.height / 2, 0]))
            pen -= half.height
        parts = [Group(across, dots), down, Group(self.result)]
        framed = [
            Group(part, brackets(part.width + 0.16, part.height + 0.12).move_to(part)) for part in parts
        ]
        super().__init__(framed[0], framed[1], text("=", size, palette.INK), framed[2])
        self.arrange(RIGHT, buff=0.35)
        self.scale(min(1.0, box.width / self.width, box.height / self.height)).move_to(box.center)
        self.show(0)

    def show(self, token: int) -> Self:
        """Show this vector and what comes of it."""
        for half, part in zip(self._halves, self.vector, strict=True):
            part.show(self.vectors[token][half, None])
        self.result.show(self.results_TR[token][:, None])
        return self
