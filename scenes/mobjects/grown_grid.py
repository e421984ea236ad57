"""One head's weights in a grid that gets a row: what a new token may look at, and who may look at it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, Group, Rectangle

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import QUIET, UNSEEN, AttentionGrid, Look, staged
from scenes.mobjects.lettering import text

PLAIN = 0.16  # glow of a cell of the new row: it may look there, how much is not told
SHINE = 0.9


class GrownGrid(Group):
    """The weights of a prompt's tokens, and the row and the column of a token more.

    Args:
        tokens: of the prompt, and the token more.
        pattern_TS: the weights of the prompt's.
        sees_S: which tokens the new one may look at, its own place included.
        name: what the weights are called in the trace.
        stage: where it stands.

    Attributes:
        grid: the grid; its last row and column are the new token's.
        frame: around the new row.
        grown: how far it has grown, 0…3: the new column, hidden from all before; then the row.
    """

    def __init__(
        self,
        tokens: Sequence[bytes],
        pattern_TS: npt.NDArray[np.float32],
        sees_S: npt.NDArray[np.bool_],
        name: str,
        stage: Box,
    ) -> None:
        self.pattern, self.sees = pattern_TS, sees_S
        self.new = len(tokens) - 1
        self.grid: AttentionGrid = staged(tokens, max(0, self.new - 1), stage)
        for labels in (self.grid.row_labels, self.grid.column_labels):
            labels[-1].set_color(palette.WRITTEN)
        self.note = text(name, 0.2, palette.FAINT, mono=True).next_to(self.grid.cells, DOWN, buff=0.12)
        places = self.grid.positions
        first, last = self.grid.place_of(self.new, places[0]), self.grid.place_of(self.new, places[-1])
        wide, high = self.grid.cell
        self.frame = Rectangle(
            width=float(last[0] - first[0]) + wide, height=high, stroke_color=palette.QUERY, stroke_width=3
        ).move_to((first + last) / 2)
        super().__init__(self.grid, self.note, self.frame)
        self.grow(0)

    def grow(self, amount: float) -> Self:
        """Let the new column come and be hidden (0…2), then the new row (2…3)."""
        self.grown = amount
        self.grid.show({at: self._look(at) for at in self.grid.looks})
        self.grid.column_labels[-1].set_opacity(min(1.0, amount))
        self.grid.row_labels[-1].set_opacity(min(1.0, max(0.0, amount - 2)))
        self.frame.set_stroke(opacity=min(1.0, max(0.0, amount - 2)))
        return self

    def _look(self, at: tuple[int, int]) -> Look:
        query, key = at
        if query == self.new:
            begun = min(1.0, max(0.0, self.grown - 2))
            return Look(glow=PLAIN, seen=begun, shine=SHINE) if self.sees[key] else UNSEEN
        if key == self.new:
            seen = min(self.grown, 2 - self.grown)
            return Look("−∞", ink=QUIET, seen=min(1.0, 1.6 * seen)) if seen > 0 else UNSEEN
        if key > query:
            return UNSEEN
        return Look(glow=float(np.sqrt(self.pattern[query, key])), shine=SHINE)
