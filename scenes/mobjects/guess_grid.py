"""The text that a model would have written, token by token, above the text as it is."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Self

import numpy as np
from manim import DOWN, UP, VGroup

from scenes.guesses import Guess
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import count
from scenes.mobjects.token_row import TokenChip

NARROWEST, WIDEST = 1.75, 3.2  # frame units of a cell
EM = 0.19  # of a cell's width
LONGEST = 12  # characters of a token
SLIDE = 0.6  # frame units that a truth comes from below
FAINTEST = 0.35  # of a ghost that is hardly likely
UNSURE = 0.6  # of the light of what came, where the guess was wrong


class GuessGrid(VGroup):
    """Cells as text runs: above, the guess as a ghost, the fainter the less likely; below, what came.

    Args:
        first: the text's first token, which nothing guesses; None where the cells are not the whole text.
        made: the guesses.
        box: what the cells take.

    Attributes:
        ghosts: by cell; the first token has none.
        truths: by cell; the token that is not there yet has none.
        verdicts: whether it was right, or the rank of what came.
    """

    def __init__(self, first: bytes | None, made: Sequence[Guess], box: Box) -> None:
        cells = len(made) + (first is not None)
        most = max(1, int(box.width / NARROWEST))
        rows = ceil(cells / most)
        across = ceil(cells / rows)
        wide, high = min(WIDEST, box.width / across), box.height / rows
        self.size = min(EM * wide, high / 5.3, 0.5)
        self.made = list(made)
        self.ghosts, self.truths, self.verdicts = VGroup(), VGroup(), VGroup()
        self._ranks: list[tuple[Lettering, int]] = []
        if first is not None:
            self.truths.add(self._chip(first, 0, wide).move_to(self._place(0, across, wide, high, box)))
        for cell, guess in enumerate(made, cells - len(made)):
            self._add(guess, self._place(cell, across, wide, high, box), wide)
        super().__init__(self.ghosts, self.truths, self.verdicts)

    @staticmethod
    def most(box: Box) -> int:
        """How many cells there is room for."""
        return max(1, int(box.width / NARROWEST)) * max(1, int(box.height / 2.0))

    def _place(self, cell: int, across: int, wide: float, high: float, box: Box) -> list[float]:
        row, column = divmod(cell, across)
        x = box.center[0] + (column - (across - 1) / 2) * wide
        return [x, box.top - (row + 0.5) * high, 0]

    def _chip(self, piece: bytes, index: int, wide: float) -> TokenChip:
        chip = TokenChip(piece, index, self.size, LONGEST)
        chip.scale(min(1.0, 0.94 * wide / chip.width))
        return chip

    def _add(self, guess: Guess, place: list[float], wide: float) -> None:
        ghost = self._chip(guess.piece, guess.position, wide).tint(palette.WRITTEN)
        light = FAINTEST + (1 - FAINTEST) * float(np.sqrt(guess.probability))
        ghost.box.set_fill(opacity=0).set_stroke(opacity=light)
        ghost.words.set_opacity(max(0.75, light))
        self.ghosts.add(ghost.move_to(place).shift(1.75 * self.size * UP))
        if guess.truth is None or guess.rank is None:
            return
        truth = self._chip(guess.truth, guess.position, wide).move_to(place)
        small = max(0.2, 0.72 * self.size)
        if guess.right:
            verdict = text(_("right"), small, palette.KEY)
            ghost.box.set_stroke(palette.KEY, width=3, opacity=1)
        else:
            verdict = text(_("rank {rank}").format(rank=count(guess.rank)), small, palette.CAPTION)
            self._ranks.append((verdict, guess.rank))
        verdict.scale(min(1.0, 0.94 * wide / verdict.width)).move_to(place).shift(1.6 * self.size * DOWN)
        self.truths.add(truth)
        self.verdicts.add(verdict)

    def tell(self, amount: float) -> Self:
        """Count every rank up from 1, by equal factors in equal times, 0…1."""
        for verdict, rank in self._ranks:
            shown = round(float(rank) ** amount)
            verdict.rewrite(_("rank {rank}").format(rank=count(shown)), anchor=(0, 0, 0))
        return self
