"""A head's scores in a grid, and what becomes of them: masked, each row by itself, shares, dots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from manim import VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import QUIET, UNSEEN, Look, score_look, share_words, weight_look
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import percent
from scenes.mobjects.score_grid import ScoreGrid

UNDER_WAY = 0.5  # of all rows that change at once
LARGEST_SUM = 0.42  # the em of the largest cells' numbers that a row's sum is set in


class MaskedGrid(ScoreGrid):
    """The grid of a head's scores that becomes the grid of its weights.

    Each of `fall`, `clear`, `count_up` and `show_dots` is a change of all cells, one row after the other, and
    takes how far it has got, 0…1.

    Args:
        tokens: of the prompt.
        scores_TS: all scores, none of them masked.
        may_look_TS: which keys a query may look at.
        pattern_TS: the weights that the scores become.
        link: the query and the key in the light.
        stage: where it stands.
        name: what the scores are called in the trace.

    Attributes:
        sums: at the end of each row, what its weights add up to.
    """

    def __init__(
        self,
        tokens: Sequence[bytes],
        scores_TS: npt.NDArray[np.float32],
        may_look_TS: npt.NDArray[np.bool_],
        pattern_TS: npt.NDArray[np.float32],
        link: tuple[int, int],
        stage: Box,
        name: str,
    ) -> None:
        super().__init__(tokens, scores_TS, link, stage, name)
        self.scores, self.may_look, self.pattern = scores_TS, may_look_TS, pattern_TS
        self.largest_T = scores_TS.max(axis=-1)
        self.largest_seen_T = scores_TS.max(axis=-1, initial=-np.inf, where=may_look_TS)
        self.sums = self._row_sums()

    def light(self, seen: npt.ArrayLike) -> None:
        """Show the masked scores, the link's row and all others with these two opacities."""
        own, others = np.asarray(seen, dtype=np.float64).tolist()
        for at in self.grid.looks:
            look = self._score(at)
            self.grid.show({at: replace(look, seen=look.seen * (own if at[0] == self.link[0] else others))})

    def fall(self, amount: float) -> None:
        """The scores that are masked fall to −∞; they colour their rows no more."""
        self._wave(self._falling, amount)

    def clear(self, amount: float) -> None:
        """What is −∞ is gone."""
        self._wave(self._clearing, amount)

    def count_up(self, amount: float) -> None:
        """Every score turns into its share."""
        self._wave(self._counting, amount)

    def show_dots(self, amount: float) -> None:
        """Beside each share, or in its place, comes a dot of the weight's size."""
        self._wave(self._weight, amount)

    def _wave(self, look: Callable[[tuple[int, int], float], Look], amount: float) -> None:
        rows = self.grid.positions
        lead = UNDER_WAY * len(rows)
        for order, query in enumerate(rows):
            begun = min(1.0, max(0.0, (amount * (len(rows) - 1 + lead) - order) / lead))
            self.grid.show({(query, key): look((query, key), begun) for key in rows})

    def _score(self, at: tuple[int, int], masked: float = 1.0) -> Look:
        """How a cell looks before the softmax; `masked` is how far the mask has got."""
        if not self.may_look[at]:
            return UNSEEN
        before, after = float(self.largest_T[at[0]]), float(self.largest_seen_T[at[0]])
        return score_look(float(self.scores[at]), before + (after - before) * masked)

    def _falling(self, at: tuple[int, int], amount: float) -> Look:
        if self.may_look[at]:
            return self._score(at, amount)
        if amount >= 1:
            return Look("−∞", ink=QUIET)
        before = score_look(float(self.scores[at]), float(self.largest_T[at[0]]))
        score = float(self.scores[at]) - (10.0 ** (3 * amount) - 1)
        return Look(score_look(max(score, -999.0), score).words, QUIET, before.glow * (1 - amount))

    def _clearing(self, at: tuple[int, int], amount: float) -> Look:
        return self._score(at) if self.may_look[at] else Look("−∞", ink=QUIET, seen=1 - amount)

    def _counting(self, at: tuple[int, int], amount: float) -> Look:
        before, after = self._score(at), self._weight(at, 0)
        if before.seen <= 0:
            return UNSEEN
        fading = max(0.0, 1 - 3 * amount)
        if fading > 0:
            return replace(before, ink=before.ink * fading, glow=before.glow * (1 - amount))
        counted = (amount - 1 / 3) * 1.5
        words = share_words(float(self.pattern[at]) * counted)
        return Look(words, after.ink * min(1.0, 3 * counted), before.glow * (1 - amount))

    def _weight(self, at: tuple[int, int], dots: float) -> Look:
        """How a cell looks after the softmax; see `weight_look`."""
        if not self.may_look[at]:
            return UNSEEN
        return weight_look(float(self.pattern[at]), self.grid.roomy, dots)

    def _row_sums(self) -> VGroup:
        grid, sums = self.grid, VGroup()
        for query in grid.positions:
            share = percent(float(self.pattern[query].sum(dtype=np.float64)), 0)
            total = text(share, 0.9 * min(grid.number_size, LARGEST_SUM), palette.FAINT)
            end = grid.place_of(query, grid.positions[-1]) + np.array([grid.cell[0] / 2 + 0.2, 0, 0])
            sums.add(total.move_to(end + np.array([total.width / 2, 0, 0])))
        return sums
