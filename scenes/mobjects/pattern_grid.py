"""One head's pattern as a grid: one scene ends with it as dots, the next dissolves them into light."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, Animation, FadeIn, FadeOut, Group

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import DARKEST, UNSEEN, AttentionGrid, Look, staged, weight_look
from scenes.mobjects.lettering import text
from scenes.mobjects.token_row import TokenRow

DIMMED = 0.15  # of a row that is not looked at


class PatternGrid:
    """The grid of a head's weights.

    Args:
        tokens: of the prompt.
        pattern_TS: all weights; above the diagonal nothing is shown.
        key: a position that is always shown.
        stage: where it stands.
        name: what the weights are called in the trace.
        brightest: the weight that glows most.

    Attributes:
        grid: the grid, at first with dots.
        note: the name, below it.
    """

    def __init__(
        self,
        tokens: Sequence[bytes],
        pattern_TS: npt.NDArray[np.float32],
        key: int,
        stage: Box,
        name: str,
        brightest: float,
    ) -> None:
        self.pattern, self.brightest = pattern_TS, brightest
        self.grid: AttentionGrid = staged(tokens, key, stage)
        self.note = text(name, 0.2, palette.FAINT, mono=True).next_to(self.grid.cells, DOWN, buff=0.12)
        self.dissolve(0.0)

    def arrival(self, row: TokenRow) -> list[Animation]:
        """The tokens come down from a row, which fades, and stand along the cells, which come up."""
        rest = Group(self.grid.cells, self.grid.rules, self.note)
        return [self.grid.arrival(row), FadeIn(rest), FadeOut(row, run_time=0.8)]

    def dissolve(self, amount: float) -> Self:
        """Show the weights as dots (0), as the colour of their cells (1), or on the way."""
        self.grid.show({at: self._look(at, amount) for at in self.grid.looks})
        return self

    def dim_others(self, amount: float) -> Self:
        """Dim every row but the last, names and all, so far (0…1)."""
        last = self.grid.positions[-1]
        seen = 1 - (1 - DIMMED) * amount
        for at in self.grid.looks:
            look = self._look(at, 0.0)
            self.grid.show({at: look if at[0] == last else replace(look, seen=look.seen * seen)})
        self.grid.row_labels[:-1].set_opacity(seen)
        return self

    def _look(self, at: tuple[int, int], glow: float) -> Look:
        query, key = at
        if key > query:
            return UNSEEN
        weight = float(self.pattern[at])
        look = weight_look(weight, self.grid.roomy)
        return Look(
            look.words,
            ink=look.ink * (1 - glow),
            glow=glow * min(1.0, weight / self.brightest),
            dot=look.dot * (1 - glow),
            aside=look.aside,
            shine=DARKEST + (1 - DARKEST) * glow,
        )
