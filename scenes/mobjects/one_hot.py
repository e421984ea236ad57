"""A look-up written as a product: a few rows of the matrix, times a column of zeros with a single one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, RIGHT, UP, Group, Rectangle, VGroup

from scenes.declared import chosen
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.elision import elide
from scenes.mobjects.lettering import text
from scenes.mobjects.number_matrix import NumberMatrix
from scenes.mobjects.numerals import count, signed
from scenes.mobjects.token_row import token_words
from scenes.mobjects.vector import brackets

PLACES, MORE_PLACES = 7, 11  # rows of the matrix that are shown, the gap among them; in a narrow frame
FEW = 2  # columns on either side, there
BROAD = 12.0  # frame units that all columns take
SIZE = 0.42  # em of the numbers, where there is room
NAME = 0.26  # em of the tokens' names above the columns
SMALL = 0.1  # below it a weight is written with three digits after the point

Array = npt.NDArray[np.float32]


class OneHotProduct(Group):
    """Some columns of W_E, the one-hot column, and the sums that come out, one row after the other.

    Args:
        columns_CD: neighbouring columns of W_E.
        ids, pieces: of their tokens.
        place: which of them the one stands for.
        box: where to stand.

    Attributes:
        ids: of the columns that are shown.
        rows: the dimensions that are shown, None for the gap.
        sums_RC1: of each shown dimension the sum before the first term, after it, and so on.
        done: how many rows are worked out; the part behind the point is how far the next one is.
    """

    def __init__(
        self,
        columns_CD: Array,
        ids: Sequence[int],
        pieces: Sequence[bytes],
        place: int,
        box: Box,
    ) -> None:
        wide = box.width >= BROAD
        if not wide:  # only the columns next to it
            first = max(0, min(place - FEW, len(ids) - 2 * FEW - 1))
            near = slice(first, first + 2 * FEW + 1)
            columns_CD, ids, pieces, place = columns_CD[near], ids[near], pieces[near], place - first
        self.ids = list(ids)
        places = PLACES if wide else MORE_PLACES
        self.rows = elide(columns_CD.shape[1], places)
        shown = [row for row in self.rows if row is not None]
        matrix_RC = columns_CD.T[shown]
        one_hot = np.arange(len(columns_CD)) == place
        terms_RC = matrix_RC.astype(np.float64) * one_hot
        self.sums_RC1 = np.concatenate([np.zeros((len(shown), 1)), np.cumsum(terms_RC, axis=1)], axis=1) + 0.0
        self.digits = 2 if np.median(np.abs(matrix_RC)) >= SMALL else 3
        scale = palette.robust_scale(columns_CD)
        size = min(SIZE, (box.height - 1.3) / (1.35 * places + 2), box.width / (3.55 * len(columns_CD) + 11))
        gap = self.rows.index(None) if None in self.rows else len(shown)
        self.matrix = _stacked([matrix_RC[:gap], matrix_RC[gap:]], size, self.digits, scale, True)
        self.result = _stacked(
            [self.sums_RC1[:gap, -1:], self.sums_RC1[gap:, -1:]], size, self.digits, scale, False
        )
        line = self.matrix.height / len(self.rows)
        self.one_hot = VGroup(
            *(
                text(
                    str(chosen(int(one), "an entry of a one-hot vector")),
                    size,
                    palette.QUERY if one else palette.FAINT,
                )
                for one in one_hot
            )
        )
        self.one_hot.arrange(DOWN, buff=max(0.02, line - float(self.one_hot[0].height)))
        for end, direction in ((self.one_hot[0], UP), (self.one_hot[-1], DOWN)):
            self.one_hot.add(text("⋮", size, palette.FAINT).next_to(end, direction, buff=0.0))
        frames = [_framed(part) for part in (self.matrix, self.one_hot, self.result)]
        dots = [text("⋯", size, palette.FAINT) for _side in range(2)]
        across = Group(dots[0], frames[0], dots[1], frames[1], text("=", size, palette.INK), frames[2])
        across.arrange(RIGHT, buff=0.3 * size + 0.05)
        across.move_to(box.center)
        self.names = self._names(ids, pieces, place)
        self.number = text(signed(0.0, self.digits), 1.4 * size, palette.QUERY)
        self.number.next_to(across, DOWN, buff=0.25).set_x(frames[2].get_x())
        pitch = self.matrix.width / len(columns_CD)
        self.met = Rectangle(width=pitch, height=line, stroke_color=palette.QUERY, stroke_width=3)
        self.one = Rectangle(width=1.2 * size, height=line, stroke_color=palette.QUERY, stroke_width=3)
        self.done = 0.0
        super().__init__(across, self.names, self.number, self.met, self.one)
        self.scale(min(1.0, box.width / self.width, box.height / self.height)).move_to(box.center)
        self.step(0.0)

    def _names(self, ids: Sequence[int], pieces: Sequence[bytes], place: int) -> VGroup:
        """Each column's token and id, above it."""
        pitch, names = self.matrix.width / len(ids), VGroup()
        for column, (token, piece) in enumerate(zip(ids, pieces, strict=True)):
            colour = palette.QUERY if column == place else palette.CAPTION
            name = token_words(piece, NAME, colour)
            name.scale(min(1.0, 0.92 * pitch / name.width))
            number = text(count(token), 0.2, palette.FAINT)
            pair = VGroup(name, number).arrange(DOWN, buff=0.04)
            x = float(self.matrix.get_left()[0]) + (column + 0.5) * pitch
            names.add(pair.move_to([x, float(self.matrix.get_top()[1]) + 0.45, 0]))
        return names

    def step(self, done: float) -> Self:
        """Work out so many rows, term by term; a whole number leaves the boxes where the next row begins."""
        self.done = done
        rows, terms = self.sums_RC1.shape[0], self.sums_RC1.shape[1] - 1
        row = min(int(done), rows - 1)
        term = min(int((done - row) * (terms + 1)), terms)
        at = min(term, terms - 1)
        places = [index for index, dimension in enumerate(self.rows) if dimension is not None]
        left, top = self.matrix.get_left()[0], self.matrix.get_top()[1]
        pitch, line = self.matrix.width / terms, self.matrix.height / len(self.rows)
        self.met.move_to([left + (at + 0.5) * pitch, top - (places[row] + 0.5) * line, 0])
        self.one.move_to(self.one_hot[at])
        self.number.rewrite(signed(float(self.sums_RC1[row, term]), self.digits), anchor=[0, 0, 0])
        seen = int(done + 1e-9)
        for part, (first, last) in zip(self.result, self._halves(), strict=False):
            if isinstance(part, NumberMatrix):
                height = part.cell[0]
                part.show(part.values)
                part.pixels[max(0, min(last, seen) - first) * height :] = 0
        return self

    def _halves(self) -> list[tuple[int, int]]:
        rows = len(self.sums_RC1)
        gap = self.rows.index(None) if None in self.rows else rows
        return [(0, gap), (gap, gap), (gap, rows)] if gap < rows else [(0, rows)]


def _stacked(
    parts: Sequence[npt.NDArray[Any]], size: float, digits: int, scale: float, weights: bool
) -> Group:
    """Matrices below each other with ⋮ between them; one that is empty is left out."""
    group = Group()
    for part in parts:
        if not len(part):
            continue
        matrix = NumberMatrix(part, size, digits, scale, weights)
        if len(group):
            dots = VGroup(*(text("⋮", size, palette.FAINT) for _column in range(part.shape[1])))
            pitch, line = matrix.width / part.shape[1], matrix.height / len(part)
            for column, dot in enumerate(dots):
                dot.move_to([float(matrix.get_left()[0]) + (column + 0.5) * pitch, 0, 0])
            dots.next_to(group[0], DOWN, buff=0).set_x(0)
            dots.set_y(float(group[0].get_bottom()[1]) - line / 2)
            group.add(dots)
            matrix.move_to([0, float(group[0].get_bottom()[1]) - line - matrix.height / 2, 0])
        group.add(matrix)
    return group


def _framed(part: Group) -> Group:
    frame = brackets(part.width + 0.2, part.height + 0.12, palette.INK)
    return Group(part, frame.move_to(part))
