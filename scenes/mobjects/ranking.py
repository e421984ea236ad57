"""The first of a ranking of a whole vocabulary: some of them are struck out, and the others move up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Line, Rectangle, VGroup

from scenes.analogies import Analogy
from scenes.declared import scale_mark
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.hues import hue
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, plain
from scenes.mobjects.token_row import token_words
from scenes.mobjects.token_table import Column, TokenTable

LARGEST = 0.36  # em
FILLED = 0.7  # of a row's height is the most that an em may be
TALLEST = 5.0  # of a table
GAP = 0.35  # frame units between columns


class Entry(VGroup):
    """One token: its name, a bar as long as its cosine, the cosine; a line to strike it out."""

    def __init__(self, piece: bytes, cosine: float, size: float, colour: str) -> None:
        self.cosine = cosine
        self.label = token_words(piece, size, colour)
        self.bar = Rectangle(
            width=0.01, height=0.6 * size, stroke_width=0, fill_color=colour, fill_opacity=0.7
        )
        self.bar.set_stroke(opacity=0)
        self.number = text(plain(cosine, 2), 0.85 * size, colour)
        self.line = Line([0, 0, 0], [1, 0, 0], stroke_width=4, color=palette.VALUE)
        super().__init__(self.bar, self.label, self.number, self.line)


class Ranking(VGroup):
    """The first rows: the rank, the token, its cosine as a bar from 0 to 1 and as a number.

    The expected token is yellow; where it is not among the first, it has the last row, with its own rank.

    Args:
        box: where to stand.
        pieces, cosines: of the first tokens, the struck ones among them.
        struck: rows that are struck out.
        expected: its name and cosine.
        ranks: the expected token's, with and without the struck ones.
        rows: how many are shown at most, the expected one aside.

    Attributes:
        entries: one a row, in the order given; `last` is the expected token's where it is not among them.
        order: row numbers that are shown now, from the first.
        rank: the expected token's, as it is written now.
        amount: 0 with the struck ones, 1 without.
    """

    def __init__(
        self,
        box: Box,
        pieces: Sequence[bytes],
        cosines: npt.ArrayLike,
        struck: Sequence[int],
        expected: tuple[bytes, float],
        ranks: tuple[int, int],
        rows: int = 8,
    ) -> None:
        self.struck, self.ranks, self.rows = set(struck), ranks, rows
        values = np.asarray(cosines, dtype=np.float64)
        self.pitch = box.height / (rows + 2)
        size = min(LARGEST, FILLED * self.pitch)
        wanted = ranks[0] - 1 if ranks[0] <= len(pieces) else None
        self.entries = [
            Entry(piece, float(value), size, palette.QUERY if row == wanted else hue(piece))
            for row, (piece, value) in enumerate(zip(pieces, values, strict=True))
        ]
        self.last = Entry(expected[0], expected[1], size, palette.QUERY)
        self.numbers = [
            text(count(scale_mark(row + 1, "ranks")), 0.85 * size, palette.FAINT) for row in range(rows)
        ]
        self.own = text(count(max(ranks)), 0.85 * size, palette.QUERY)
        self.dots = text("⋯", size, palette.FAINT)
        ranks_wide = max(part.width for part in (*self.numbers, self.own))
        names = max(entry.label.width for entry in (*self.entries, self.last))
        tail = max(entry.number.width for entry in (*self.entries, self.last))
        over = ranks_wide + names + tail + 3 * GAP + 1.0 - box.width
        self._columns = box.left + ranks_wide, box.left + ranks_wide + GAP, box.right - tail
        self._bars = self._columns[1] + names + GAP, max(0.3, box.width - ranks_wide - names - tail - 3 * GAP)
        self.too_wide = over > 0.7  # long names meet the bars: those are left out then
        self._top = box.top - self.pitch / 2
        super().__init__(*self.numbers, *self.entries, self.dots, self.last, self.own)
        self.show(0.0)

    @classmethod
    def of(cls, one: Analogy, box: Box) -> Self:
        """The ranking of an analogy's sum: the three words put in are struck out, the fourth is expected."""
        expected = (one.pieces[3], one.cosine)
        return cls(box, one.top, one.top_cosines, one.struck, expected, one.ranks)

    def show(self, amount: float) -> Self:
        """With the struck ones at 0; lines through them at one half; the others moved up at 1."""
        self.amount = amount
        lined, closed = min(1.0, 2 * amount), max(0.0, 2 * amount - 1)
        above = np.cumsum([row in self.struck for row in range(len(self.entries))])
        self.order = []
        for row, entry in enumerate(self.entries):
            out = row in self.struck
            place = row - (0 if out else closed * above[row])
            shown = float(np.clip(self.rows - place, 0, 1)) * (1 - closed if out else 1)
            self._place(entry, place, shown, lined if out else 0.0)
            if shown > 0.5:
                self.order.append(row)
        self.rank = self.ranks[int(closed >= 1)]
        position = self.ranks[0] - 1 - closed * (self.ranks[0] - self.ranks[1])
        apart = float(self.ranks[0] > len(self.entries) or position > self.rows - 1)
        self._place(self.last, self.rows + 1, apart, 0.0)
        self.own.rewrite(count(self.rank)).set_opacity(apart)
        self.dots.set_opacity(apart)
        for number, part in (*enumerate(self.numbers), (self.rows + 1, self.own)):
            y = self._top - number * self.pitch
            part.move_to([self._columns[0] - part.width / 2, y, 0])
        self.dots.move_to([self._columns[1] + self.dots.width / 2, self._top - self.rows * self.pitch, 0])
        return self

    def _place(self, entry: Entry, place: float, shown: float, lined: float) -> None:
        y = self._top - place * self.pitch
        entry.label.move_to([self._columns[1] + entry.label.width / 2, y, 0])
        entry.number.move_to([self._columns[2] + entry.number.width / 2, y, 0])
        left, wide = self._bars
        length = max(0.01, wide * float(np.clip(entry.cosine, 0, 1)))
        entry.bar.stretch_to_fit_width(length).move_to([left + length / 2, y, 0])
        start = np.array([self._columns[1] - 0.06, y, 0])
        reach = entry.label.width + 0.12
        entry.line.put_start_and_end_on(start, start + np.array([max(0.01, reach * lined), 0, 0]))
        for part, light in ((entry.label, 1), (entry.number, 1), (entry.line, float(lined > 0))):
            part.set_opacity(shown * light)
        entry.bar.set_fill(opacity=0 if self.too_wide else 0.6 * shown)


def distance_table(pieces: Sequence[bytes], distances: npt.ArrayLike, box: Box) -> TokenTable:
    """Tokens with their distances from another one, 1 − cosine, as numbers and as bars from 0."""
    values = np.asarray(distances, dtype=np.float64)
    column = Column(_("1 − cosine"), lambda value: plain(value, 2), [0, 1])
    table = TokenTable(
        pieces, [column], box.width, min(box.height, TALLEST), bars=0, longest=max(1.0, float(values.max())),
        colour=lambda _value: palette.KEY,
    )  # fmt: skip
    for label, piece in zip(table.labels, pieces, strict=True):
        label.set_color(hue(piece))
    table.shift(box.center)  # its bars have no length yet: it is centred by its width, not by what is drawn
    return table.show(0, values)
