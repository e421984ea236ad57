"""One head's scores as a grid, one row's best key in the light: one scene ends with it, the next begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from manim import DOWN, Animation, Rectangle

from scenes.declared import scale_mark
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import DEPTH, AttentionGrid, Look, score_look, staged
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import signed
from scenes.mobjects.token_row import TokenRow

DIMMED = 0.25
NEAREST = 3.0  # times as large as it is in the grid


class ScoreGrid:
    """The grid of a head's scores.

    Args:
        tokens: of the prompt.
        scores_TS: all scores, none of them masked.
        link: the query and the key in the light.
        stage: where it stands.
        name: what the scores are called in the trace.

    Attributes:
        grid: the grid; its cells are empty at first.
        looks: what each cell is to show.
        note: the name, and what the colours mean.
        frame: around the cell in the light.
    """

    def __init__(
        self,
        tokens: Sequence[bytes],
        scores_TS: npt.NDArray[np.float32],
        link: tuple[int, int],
        stage: Box,
        name: str,
    ) -> None:
        self.link, self.name = link, name
        self.grid: AttentionGrid = staged(tokens, link[1], stage)
        self.looks: dict[tuple[int, int], Look] = {
            (query, key): score_look(float(scores_TS[query, key]), float(scores_TS[query].max()))
            for query, key in self.grid.looks
        }
        depth = signed(scale_mark(-DEPTH, "colours"))
        words = _("{name} · colour: how far below its row's largest, none at {depth}")
        self.note = text(words.format(name=name, depth=depth), 0.2, palette.FAINT)
        self.note.scale(min(1.0, stage.width / self.note.width))
        self.note.next_to(self.grid.cells, DOWN, buff=0.12).set_x(self.grid.cells.get_x())
        self.note.shift([min(0.0, stage.right - float(self.note.get_right()[0])), 0, 0])
        self.note.shift([max(0.0, stage.left - float(self.note.get_left()[0])), 0, 0])
        wide, high = self.grid.cell
        self.frame = Rectangle(width=wide, height=high, stroke_color=palette.QUERY, stroke_width=3)
        self.frame.move_to(self.grid.place_of(*link))

    def come_near(self, stage: Box) -> float:
        """Show nothing but the cell in the light, large, in the middle of the stage; the em of its number."""
        grid = self.grid.show({self.link: self.looks[self.link]})
        nearer = min(NEAREST, 0.5 * stage.width / grid.cell[0])
        cell, middle = grid.place_of(*self.link), np.array(stage.center)
        grid.scale(nearer, about_point=cell).shift(middle - cell)
        for part in (grid.row_labels, grid.column_labels, grid.rules):
            part.set_opacity(0)
        self._near = nearer, cell, middle
        return nearer * grid.number_size

    def drawn_back(self) -> list[Animation]:
        """From there back to the whole grid around it."""
        nearer, cell, middle = self._near
        back = [part.animate.scale(1 / nearer, about_point=middle) for part in self.grid]
        return [part.shift(cell - middle).set_opacity(1) for part in back]

    def filling(self, queries: Sequence[int]) -> Callable[[float], None]:
        """Called with 0…1, the rows of these queries have come so far, cell by cell, one row after the other.

        Cells that are there now stay as they are.
        """
        keys = self.grid.positions
        coming = {
            (query, key): row + column / len(keys)
            for row, query in enumerate(queries)
            for column, key in enumerate(keys)
            if self.grid.looks[query, key].seen == 0
        }

        def fill(amount: float) -> None:
            begun = amount * (len(queries) + 1)
            self.grid.show(
                {
                    at: replace(self.looks[at], seen=min(1.0, max(0.0, 3 * (begun - turn))))
                    for at, turn in coming.items()
                }
            )

        return fill

    def spotlight(self, amount: float) -> None:
        """Dim everything but the query's row and the key's name; 0: all is lit, 1: they alone."""
        query, key = self.link
        seen = 1 - (1 - DIMMED) * amount
        self.grid.show(
            {at: look if at[0] == query else replace(look, seen=seen) for at, look in self.looks.items()}
        )
        for labels, lit in ((self.grid.row_labels, query), (self.grid.column_labels, key)):
            for place, label in zip(self.grid.places, labels, strict=True):
                if place != lit:
                    label.set_opacity(seen)

    def colour(self, glows_TS: npt.NDArray[np.floating[Any]], amount: float) -> None:
        """From the numbers (0) to colour alone (1), which then tells `glows_TS`, 0…1 a cell."""
        for at, look in self.looks.items():
            glow = look.glow + (float(glows_TS[at]) - look.glow) * amount
            shine = look.shine + (1 - look.shine) * amount
            self.grid.show({at: replace(look, ink=look.ink * (1 - amount), glow=glow, shine=shine)})

    def arrival(self, row: TokenRow) -> Animation:
        """The tokens come down from a row and stand along the grid."""
        return self.grid.arrival(row)
