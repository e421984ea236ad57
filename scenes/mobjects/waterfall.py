"""What a model would say at each position, depth by depth: words on cells, lighter where likelier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.raster import Raster, blocks, pixels_per_unit
from scenes.mobjects.token_row import token_label, token_words

NARROWEST = 1.3  # frame units of a column
LARGEST, SMALLEST = 0.34, 0.2  # em
GAP_SHARE = 0.55  # of a row: the place of the depths left out
HEAD, SIDE = 0.45, 1.25  # frame units: the tokens above, the depths at the left
SHINE = 0.42  # of a cell's colour over the ground: words stay readable
WAITING = 0.35  # of that, of a cell without a word yet
DROP = 0.35  # frame units that a word falls


class Waterfall(Group):
    """A column a position, a row a depth.

    Args:
        tokens, places: what stands at the columns' heads, and its positions in the prompt.
        rows: the depths shown, from the input's; None marks a gap.
        words: for each row that is no gap the words, a column each.
        likely_RC: their probabilities.
        names: what stands at the left of each row that is no gap.
        box: what it takes.

    Attributes:
        heads, sides: the words around the cells.
        words: the letterings, by row and column.
        ground: the cells.
        fallen: how many rows have come down.
        likely: see `likely_RC`.
    """

    def __init__(
        self,
        tokens: Sequence[bytes],
        places: Sequence[int],
        rows: Sequence[int | None],
        words: Sequence[Sequence[bytes]],
        likely_RC: npt.ArrayLike,
        names: Sequence[str],
        box: Box,
    ) -> None:
        self.likely = np.asarray(likely_RC, dtype=np.float64)
        shares = np.array([GAP_SHARE if row is None else 1.0 for row in rows])
        pitch = min((box.height - HEAD) / shares.sum(), 1.1)
        wide = (box.width - SIDE) / len(tokens)
        left, top = box.left + SIDE, box.center[1] + (pitch * shares.sum() - HEAD) / 2
        edges = top - pitch * np.concatenate([[0], np.cumsum(shares)])
        self.size = min(LARGEST, max(SMALLEST, 0.55 * pitch))
        at = [index for index, row in enumerate(rows) if row is not None]
        self.middles = [(edges[index] + edges[index + 1]) / 2 for index in at]
        columns = [left + wide * (column + 0.5) for column in range(len(tokens))]
        self.heads = VGroup()
        for x, piece, place in zip(columns, tokens, places, strict=True):
            head = short_words(piece, self.size, palette.token_colour(place), 0.94 * wide)
            self.heads.add(head.move_to([x, top + HEAD / 2, 0]))
        self.sides = VGroup()
        for name, y in zip(names, self.middles, strict=True):
            side = text(name, 0.22, palette.FAINT, fit=SIDE - 0.15)
            self.sides.add(side.move_to([left - 0.12 - side.width / 2, y, 0]))
        for index, row in enumerate(rows):
            if row is None:
                before, after = rows[index - 1], rows[index + 1]
                assert before is not None
                assert after is not None
                skipped = text(_("⋯ {count} more ⋯").format(count=after - before - 1), 0.2, palette.FAINT)
                skipped.move_to([left - 0.12 - skipped.width / 2, (edges[index] + edges[index + 1]) / 2, 0])
                self.sides.add(skipped)
        self.words = [
            [short_words(piece, self.size, palette.INK, 0.9 * wide) for piece in row] for row in words
        ]
        fine = pixels_per_unit()
        self._cells = max(2, round(pitch * fine)), max(2, round(wide * fine))
        self._starts = [round((top - edges[index]) * fine) for index in at]
        high = round((top - edges[-1]) * fine) + 2
        self._pixels = np.zeros((high, self._cells[1] * len(tokens), 4), dtype=np.uint8)
        self.ground = Raster(self._pixels, wide * len(tokens), high / fine)
        self.ground.place([left, top, 0], [wide * len(tokens), 0, 0], [0, -high / fine, 0])
        self._columns = columns
        super().__init__(self.ground, self.heads, self.sides, *(VGroup(*row) for row in self.words))
        self.show(len(self.words))

    def show(self, fallen: float) -> Self:
        """Let so many rows have come down; the last of them may be on its way."""
        self.fallen = fallen
        pixels = np.zeros_like(self._pixels)
        for row, (start, y) in enumerate(zip(self._starts, self.middles, strict=True)):
            there = float(np.clip(fallen - row, 0, 1))
            levels = np.rint(255 * np.sqrt(self.likely[row : row + 1]) * there).astype(int)
            colours = palette.dim(palette.PROBABILITY_RAMP[levels], SHINE * (WAITING + (1 - WAITING) * there))
            cells = blocks(colours.astype(np.uint8), self._cells, 2)
            rows = min(len(cells), len(pixels) - start)
            pixels[start : start + rows] = cells[:rows]
            for x, word in zip(self._columns, self.words[row], strict=True):
                word.move_to([x, y + DROP * (1 - there), 0]).set_opacity(there)
        self._pixels = self.ground.pixels = pixels
        return self

    def row(self, row: int) -> VGroup:
        """A row's words."""
        return VGroup(*self.words[row])


def short_words(piece: bytes, size: float, colour: str, width: float) -> Lettering:
    """A token no wider than that: smaller, and where that is not enough, its beginning and …."""
    words = token_words(piece, size, colour)
    smallest = max(SMALLEST - 0.02, 0.15)
    if words.width > width:
        label, mono = token_label(piece)
        least = smallest / size
        if words.width * least > width:
            keep = max(1, int(len(label) * width / (words.width * least)) - 1)
            words = text(label[:keep].rstrip() + "…", size * (0.72 if mono else 1.0), colour, mono)
        words.scale(min(1.0, width / words.width))
    return words
