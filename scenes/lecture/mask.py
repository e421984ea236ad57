"""A later token must not tell an earlier one; then each query's row becomes shares of 100 %."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from manim import (
    DOWN,
    FadeIn,
    FadeOut,
    LaggedStart,
    MoveToTarget,
    UpdateFromAlphaFunc,
    VGroup,
    linear,
    smooth,
)

from scenes.chosen_head import chosen_head, matched_key
from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mask_words import mask_words, pattern_words, row_words, rows_words, shares_words
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import (
    QUIET,
    UNSEEN,
    Look,
    score_look,
    share_words,
    weight_look,
)
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import percent, signed
from scenes.mobjects.score_grid import DIMMED, ScoreGrid
from scenes.mobjects.softmax_row import worked_row

Array = npt.NDArray[np.float32]


class Mask(LectureScene):
    """The scores of `query_key`'s head, masked, then one row's softmax worked out, then every row's.

    Data: `scores_LHTS` (scaled, not masked), `pattern_LHTS`, `mask_TS` (where the trace has none, every
    query may look at itself and at what came before). The head is the one that `chosen_head` finds, the row
    is the last token's. The exponentials, their sum and the shares of that row are computed from the scores;
    the pattern at the end is the captured one. A prompt of more than `most_places` tokens shows its first and
    last ones and the key that the last query matches best; what is not shown is counted in the sums.
    """

    reads = (
        "prompt_bytes_B",
        "prompt_offsets_T1",
        "pattern_last_LHS",
        "scores_last_LHS",
        "pattern_LHTS of one head",
        "scores_LHTS of one head",
        "mask_TS or mask_LTS if any",
    )
    poster = "pattern"

    def construct(self) -> None:
        """The scores, the mask, one row, all rows, the pattern."""
        # data
        trace = self.trace
        layer, head = self.shown = chosen_head(self)
        tokens, last = trace.tokens, trace.n_tokens - 1
        scores_TS, pattern_TS = trace.scores_LHTS[layer, head], trace.pattern_LHTS[layer, head]
        has_mask = trace.has("mask_TS") or trace.has("mask_LTS")
        may_look_TS = trace.mask(layer) > 0 if has_mask else np.tri(last + 1, dtype=bool)
        self.scores, self.pattern, self.may_look = scores_TS, pattern_TS, may_look_TS
        self.largest_T = scores_TS.max(axis=-1, initial=-np.inf, where=may_look_TS)

        # picture
        self.credit(layer, head)
        link = (last, matched_key(trace, layer, head))
        self.score_grid = ScoreGrid(
            tokens, scores_TS, link, self.layout.stage, f"scores_LHTS[{layer}, {head}]"
        )
        self.grid = self.score_grid.grid
        self.headroom = self.layout.stage.top - float(self.grid.get_top()[1])
        top = float(self.grid.cells.get_top()[1]) + self.headroom - 0.38
        ground = self.layout.stage.bottom + 0.1
        self.worked = worked_row(self.grid, scores_TS[last], may_look_TS[last], top, ground)
        self.sums: dict[int, Lettering] = {}

        # story
        with self.beat(
            "scores",
            _("The scores of one head: a row for each token that asks, a column for each that answers."),
        ):
            self.score_grid.spotlight(1)
            self.add(self.grid, self.score_grid.note, self.score_grid.frame)
            self.wait(0.8)
            self._light_all()
        with self.beat("mask", mask_words(may_look_TS)):
            self._mask()
        with self.beat("row", row_words(trace.n_tokens)):
            self._single_out(last)
        with self.beat(
            "exponential",
            _(
                "It raises e to every score, less the row's largest, {largest}, so that no number explodes."
            ).format(largest=signed(self.worked.largest)),
        ):
            self._lift(last)
            self._raise()
        with self.beat(
            "shares",
            shares_words(tokens, bool(self.worked.gaps)),
        ):
            self._divide()
        with self.beat("rows", rows_words(trace.n_tokens)):
            self._return(last)
            self._count_rows()
        with self.beat("pattern", pattern_words(tokens, pattern_TS), last=True):
            note = text(f"pattern_LHTS[{layer}, {head}]", 0.2, palette.FAINT, mono=True)
            note.next_to(self.grid.cells, DOWN, buff=0.12)
            self.play(FadeIn(note), FadeOut(VGroup(*self.sums.values())), run_time=0.4)
            self._dots()

    # The rest plays the story's parts.

    def _score(self, at: tuple[int, int], masked: float = 1.0) -> Look:
        """How a cell looks before the softmax: a masked one is empty, and what was masked colours no other.

        `masked` is how far that has got, 0…1.
        """
        if not self.may_look[at]:
            return UNSEEN
        score, query = float(self.scores[at]), at[0]
        before, after = float(self.scores[query].max()), float(self.largest_T[query])
        return score_look(score, before + (after - before) * masked)

    def _change(self, look: Callable[[tuple[int, int], float], Look], run_time: float) -> None:
        """Play a change of all cells, one row after the other; `look` tells a cell's look from 0…1."""
        rows = self.grid.positions
        lead = 0.5 * len(rows)  # rows that are under way at once

        def step(_cells: object, amount: float) -> None:
            for order, query in enumerate(rows):
                begun = min(1.0, max(0.0, (amount * (len(rows) - 1 + lead) - order) / lead))
                self.grid.show({(query, key): look((query, key), begun) for key in rows})

        self.play(UpdateFromAlphaFunc(self.grid.cells, step, rate_func=linear), run_time=run_time)

    def _light_all(self) -> None:
        """The light, on one row as the scene before left it, goes to all of them."""

        def widen(_cells: object, amount: float) -> None:
            self.score_grid.spotlight(1 - amount)

        cells = UpdateFromAlphaFunc(self.grid.cells, widen, rate_func=smooth)
        self.play(cells, FadeOut(self.score_grid.frame), run_time=1.2)

    def _mask(self) -> None:
        """The scores of later tokens fall to −∞ and are gone."""

        def fall(at: tuple[int, int], amount: float) -> Look:
            if self.may_look[at]:
                return self._score(at, amount)
            if amount >= 1:
                return Look("−∞", ink=QUIET)
            before = score_look(float(self.scores[at]), float(self.scores[at[0]].max()))
            score = float(self.scores[at]) - (10.0 ** (3 * amount) - 1)
            return Look(score_look(max(score, -999.0), score).words, QUIET, before.glow * (1 - amount))

        def vanish(at: tuple[int, int], amount: float) -> Look:
            return self._score(at) if self.may_look[at] else Look("−∞", ink=QUIET, seen=1 - amount)

        self._change(fall, 2.4)
        self._change(vanish, 1.2)

    def _single_out(self, query: int) -> None:
        """Dim all rows but one."""

        def dim(_cells: object, amount: float) -> None:
            for at in self.grid.looks:
                look = self._score(at)
                seen = look.seen * (1 if at[0] == query else 1 - (1 - DIMMED) * amount)
                self.grid.show({at: replace(look, seen=seen)})

        labels = [
            label.animate.set_opacity(DIMMED)
            for place, label in zip(self.grid.places, self.grid.row_labels, strict=True)
            if place != query
        ]
        self.play(UpdateFromAlphaFunc(self.grid.cells, dim, rate_func=smooth), *labels, run_time=0.8)

    def _lift(self, query: int) -> None:
        """Lift one row out of the grid and up under the keys; its ground is laid."""
        grid, row = self.grid, self.worked
        own = grid.row_labels[grid.places.index(query)]
        others = [label for label in grid.row_labels if label is not own]
        up = float(row.score_numbers[0].get_y()) - float(own.get_y())
        row.score_numbers.shift([0, -up, 0])

        def leave(_cells: object, amount: float) -> None:
            for at in grid.looks:
                look, lit = self._score(at), 1 if at[0] == query else DIMMED
                grid.show({at: replace(look, seen=look.seen * lit * (1 - amount))})

        self.add(row.score_numbers)
        keys = VGroup(grid.column_labels, grid.rules[1])
        self.play(
            UpdateFromAlphaFunc(grid.cells, leave, rate_func=smooth),
            FadeOut(VGroup(*others), grid.rules[0], self.score_grid.note),
            VGroup(row.score_numbers, own).animate.shift([0, up, 0]),
            keys.animate.shift([0, self.headroom, 0]),
            FadeIn(row.ground),
            run_time=1.4,
        )

    def _raise(self) -> None:
        """Under each score its exponential grows, and at the end of the line their sum."""
        row, columns = self.worked, len(self.grid.places)

        def step(_moving: object, amount: float) -> None:
            row.raise_to(amount * columns)

        moving = VGroup(row.exponential_numbers, row.bars, row.summed)
        grow = UpdateFromAlphaFunc(moving, step, rate_func=linear, run_time=max(1.5, 0.35 * columns))
        self.play(FadeIn(row.power, row.sum_label, run_time=0.6), grow)

    def _divide(self) -> None:
        """Each exponential becomes its share."""
        row = self.worked

        def step(_moving: object, amount: float) -> None:
            row.divide_to(amount)

        row.divide_to(0)
        moving = VGroup(row.bars, row.exponential_numbers, row.share_numbers, row.total)
        divide = UpdateFromAlphaFunc(moving, step, rate_func=smooth, run_time=2.5)
        self.play(FadeOut(row.power, run_time=0.4), FadeIn(row.division, run_time=0.6), divide)

    def _return(self, query: int) -> None:
        """Put the row back among the others, whose scores are still to be divided."""
        grid = self.grid
        own = grid.row_labels[grid.places.index(query)]
        own.generate_target().set_y(grid.place_of(query, query)[1])

        def back(_cells: object, amount: float) -> None:
            for at in grid.looks:
                look = self._score(at)
                grid.show({at: replace(look, seen=look.seen * amount)})

        others = VGroup(*(label for label in grid.row_labels if label is not own), grid.rules[0])
        others.set_opacity(1)
        keys = VGroup(grid.column_labels, grid.rules[1])
        self.play(
            FadeOut(self.worked),
            MoveToTarget(own),
            keys.animate.shift([0, -self.headroom, 0]),
            FadeIn(others),
            UpdateFromAlphaFunc(grid.cells, back),
            run_time=1.2,
        )

    def _count_rows(self) -> None:
        """Every score turns into its share, row by row; at each row's end what the row adds up to."""
        grid = self.grid
        for query in grid.positions:
            end = grid.place_of(query, grid.positions[-1]) + np.array([grid.cell[0] / 2 + 0.2, 0, 0])
            total = text(
                percent(float(self.pattern[query].sum(dtype=np.float64)), 0),
                0.9 * min(grid.number_size, 0.42),
                palette.FAINT,
            )
            self.sums[query] = total.move_to(end + np.array([total.width / 2, 0, 0]))

        def count_up(at: tuple[int, int], amount: float) -> Look:
            before, after = self._score(at), self._weight(at, 0)
            if before.seen <= 0:
                return UNSEEN
            fading = max(0.0, 1 - 3 * amount)
            if fading > 0:
                return replace(before, ink=before.ink * fading, glow=before.glow * (1 - amount))
            counted = (amount - 1 / 3) * 1.5
            words = share_words(float(self.pattern[at]) * counted)
            return Look(words, after.ink * min(1.0, 3 * counted), before.glow * (1 - amount))

        self._change(count_up, 3.0)
        self.play(LaggedStart(*(FadeIn(total) for total in self.sums.values()), lag_ratio=0.1), run_time=1.0)

    def _weight(self, at: tuple[int, int], dots: float) -> Look:
        """How a cell looks after the softmax; see `weight_look`."""
        if not self.may_look[at]:
            return UNSEEN
        return weight_look(float(self.pattern[at]), self.grid.roomy, dots)

    def _dots(self) -> None:
        """Beside each number, or in its place, a dot of the weight's size."""
        self._change(self._weight, 2.0)
