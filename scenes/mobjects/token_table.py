"""A table: tokens down, columns of numbers, bars; below them the rest of the vocabulary and the total."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Line, Rectangle, VGroup

from scenes.mobjects import palette
from scenes.mobjects.lettering import text, words_or_formula
from scenes.mobjects.readout import room
from scenes.mobjects.token_row import token_words

LARGEST = 0.36  # em of the tokens
FILLED = 0.72  # of a row's height is the most that an em may be
GAP = 0.7  # em between columns
THINNEST = 0.012  # a bar of no length could not be seen at all
LEAST_BARS = 1.0  # frame units left for the bars before the type gets smaller
HEAD = 0.85  # em of the headings, over that of the numbers


@dataclass(frozen=True)
class Column:
    """A column of numbers.

    Attributes:
        head: what stands above it, in the viewer's language; maths between dollar signs.
        write: how its values are written.
        among: values of which one is written the widest; the column takes that room.
        sums: whether the total's row adds it up.
        colour: of its numbers.
    """

    head: str
    write: Callable[[float], str]
    among: Sequence[float]
    sums: bool = True
    colour: str = palette.INK


class TokenTable(VGroup):
    """Tokens with their numbers, and bars as long as the numbers of one column.

    Numbers stand right-aligned in room for the widest that there will be, so a value can change every frame.
    All columns are there from the start; `reveal(column, 0)` hides one until its turn.

    Args:
        pieces: what stands for each token (`Trace.token_name`), from the top.
        columns: from the left.
        width, height: of the whole in frame units; the type is as large as it may be in that.
        rest: words for a row that stands for all other tokens; None for no such row.
        total: words for a last row that adds up; None for none.
        bars: the column that the bars show; None for no bars.
        longest: the value of the longest possible bar.
        colour: of a bar, from its value.
        upward: the first token stands lowest, the rest above the last one.
        largest: em that the tokens have at most.

    Attributes:
        labels: the tokens; after them those of the rest and the total, where there are such rows.
        heads: the columns' headings.
        numbers: for each column its numbers, by row.
        shapes: the bars, by row; the rest's is grey, the total has none.
        values: (columns, rows) what is shown now, the rest's in the last row where there is one.
        size: em of the tokens.
    """

    def __init__(
        self,
        pieces: Sequence[bytes],
        columns: Sequence[Column],
        width: float,
        height: float,
        rest: str | None = None,
        total: str | None = None,
        bars: int | None = None,
        longest: float = 1.0,
        colour: Callable[[float], str] = palette.probability_colour,
        upward: bool = False,
        largest: float = LARGEST,
    ) -> None:
        self.columns, self.longest, self._colour, self._bars = list(columns), longest, colour, bars
        self._tokens, self._total = len(pieces), total is not None
        rows = len(pieces) + (rest is not None) + self._total
        pitch = height / (rows + _rows_above(columns))
        self.size = _size(pieces, columns, rest, total, width, pitch, bars is not None, largest)
        size = self.size
        self.labels = [token_words(piece, size, palette.INK) for piece in pieces]
        self.labels += [
            text(words, 0.8 * size, palette.FAINT) for words in (rest, total) if words is not None
        ]
        self.heads, self.numbers, self.shapes = VGroup(), [], VGroup()
        self.values = np.zeros((len(columns), rows - self._total))
        self._places = [height / 2 - pitch * (row + 0.5 + _rows_above(columns)) for row in range(rows)]
        if upward:
            self._places[: rows - self._total] = self._places[: rows - self._total][::-1]
        labels = max((label.width for label in self.labels), default=0.0)
        for label, y in zip(self.labels, self._places, strict=True):
            label.move_to([-width / 2 + labels - label.width / 2, y, 0])
        edge = -width / 2 + labels
        for column in columns:
            head = words_or_formula(column.head, HEAD * 0.9 * size, palette.CAPTION)
            wide = max(room(column.write, column.among, 0.9 * size), float(head.width))
            edge += GAP * size + wide
            head.move_to([edge - head.width / 2, height / 2 - pitch / 2, 0])
            self.heads.add(head)
            written = 0.9 * size
            cells = [text(" ", written, column.colour) for _ in range(rows)]
            self.numbers.append(VGroup(*cells))
            for cell, y in zip(cells, self._places, strict=True):
                cell.move_to([edge - cell.width / 2, y, 0])
        self._axis, self._room = edge + GAP * size, width / 2 - edge - GAP * size
        if bars is not None:
            for row in range(rows - self._total):
                shape = Rectangle(
                    width=THINNEST, height=0.8 * size, stroke_color=palette.INK, stroke_width=1,
                    fill_color=palette.REST, fill_opacity=1,
                )  # fmt: skip
                self.shapes.add(shape.move_to([self._axis + THINNEST / 2, self._places[row], 0]))
        self.rule = Line([-width / 2, 0, 0], [edge, 0, 0], stroke_color=palette.FAINT, stroke_width=1.5)
        self.rule.set_y(self._places[-1] + pitch / 2).set_opacity(float(self._total))
        self._length = self.rule.width
        super().__init__(VGroup(*self.labels), self.heads, *self.numbers, self.shapes, self.rule)

    def show(self, column: int, values_N: npt.ArrayLike, rest: float | None = None) -> Self:
        """Write other values into a column; the total is their sum, and the bars follow where they show it.

        Args:
            column: counted from the left, from 0.
            values_N: the tokens' values, in order.
            rest: the value of the row for all others; its cell is empty where none is given.
        """
        shown = np.asarray(values_N, dtype=np.float64)
        written = self.columns[column]
        cells = self.numbers[column]
        rows = self.values.shape[1]
        whole = np.append(shown, 0.0 if rest is None else rest)[:rows]
        self.values[column] = whole
        for row, value in enumerate(whole):
            lacks = rest is None and row >= self._tokens
            cells[row].rewrite(" " if lacks else written.write(float(value)), anchor=(1, 0, 0))
        if self._total and written.sums:
            cells[-1].rewrite(written.write(float(whole.sum())), anchor=(1, 0, 0))
        if column == self._bars:
            for row, value in enumerate(whole):
                self._stretch(row, float(value))
        return self

    def _stretch(self, row: int, value: float) -> None:
        shape = self.shapes[row]
        left, scale = shape.get_left(), self.rule.width / self._length
        length = max(THINNEST, self._room * min(1.0, max(0.0, value) / self.longest)) * scale
        shape.stretch_to_fit_width(length).move_to(left + np.array([length / 2, 0, 0]))
        if row < self._tokens:
            shape.set_fill(self._colour(value))

    def reveal(self, column: int, amount: float) -> Self:
        """Show a column, its heading, its total and its bars at `amount` (0…1) of their light."""
        for part in self.column(column).family_members_with_points():
            part.set_opacity(amount)
        return self

    def column(self, column: int) -> VGroup:
        """A column's heading, numbers and bars."""
        bars = self.shapes if column == self._bars else VGroup()
        return VGroup(self.heads[column], self.numbers[column], bars)

    def row(self, row: int) -> VGroup:
        """A row's label, numbers and bar."""
        bars = [self.shapes[row]] if row < len(self.shapes) else []
        return VGroup(self.labels[row], *(cells[row] for cells in self.numbers), *bars)


def _rows_above(columns: Sequence[Column]) -> int:
    """How many rows the headings take."""
    return int(any(column.head for column in columns))


def _size(
    pieces: Sequence[bytes],
    columns: Sequence[Column],
    rest: str | None,
    total: str | None,
    width: float,
    pitch: float,
    bars: bool,
    largest: float,
) -> float:
    """The em at which the rows fit the height, and labels, columns and the least bars the width."""
    widest = max((token_words(piece, 1.0, palette.INK).width for piece in pieces), default=0.0)
    widest = max([widest, *(0.8 * text(words, 1.0).width for words in (rest, total) if words)])
    for column in columns:
        head = HEAD * words_or_formula(column.head, 1.0).width
        widest += GAP + 0.9 * max(room(column.write, column.among, 1.0), head)
    free = width - (LEAST_BARS if bars else 0.0)
    return float(min(largest, FILLED * pitch, free / (widest + (GAP if bars else 0.0))))
