"""A later token must not tell an earlier one; then each query's row becomes shares of 100 %."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from manim import DOWN, UP, Animation, FadeIn, FadeOut, LaggedStart, VGroup, linear

from scenes import N_
from scenes import mask_words as words
from scenes.chosen_head import chosen_head, matched_key
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.masked_grid import MaskedGrid
from scenes.mobjects.numerals import signed
from scenes.mobjects.score_grid import DIMMED
from scenes.mobjects.softmax_row import worked_row


class Mask(LectureScene):
    """The scores of `query_key`'s head, masked, then one row's softmax worked out, then every row's.

    Data: `scores_LHTS` (scaled, not masked), `pattern_LHTS`, `mask_TS` (where the trace has none, every
    query may look at itself and at what came before). The head is the one that `chosen_head` finds, the row
    is the last token's. The exponentials, their sum and the shares of that row are computed from the scores;
    the pattern at the end is the captured one. A prompt of more than `most_places` tokens shows its first and
    last ones and the key that the last query matches best; what is not shown is counted in the sums.
    """

    reads = (
        "the prompt",
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

        # picture
        self.credit(layer, head)
        stage, name = self.layout.stage, f"scores_LHTS[{layer}, {head}]"
        link = (last, matched_key(trace, layer, head))
        self.masked = MaskedGrid(tokens, scores_TS, may_look_TS, pattern_TS, link, stage, name)
        self.grid = self.masked.grid
        self.headroom = (stage.top - float(self.grid.get_top()[1])) * UP
        top = float((self.grid.cells.get_top() + self.headroom)[1]) - 0.38
        self.worked = worked_row(self.grid, scores_TS[last], may_look_TS[last], top, stage.bottom + 0.1)
        note = text(f"pattern_LHTS[{layer}, {head}]", 0.2, palette.FAINT, mono=True)
        note.next_to(self.grid.cells, DOWN, buff=0.12)

        # story
        with self.beat(
            "scores",
            N_("The scores of one head: a row for each token that asks, a column for each that answers."),
        ):
            self.masked.spotlight(1)
            self.add(self.grid, self.masked.note, self.masked.frame)
            self.wait(0.8)
            light = self.change(self.masked.spotlight, 1, 0, self.grid.cells)
            self.play(light, FadeOut(self.masked.frame), run_time=1.2)
        with self.beat("mask", words.mask_words(may_look_TS)):
            self.play(self._row_by_row(self.masked.fall), run_time=2.4)
            self.play(self._row_by_row(self.masked.clear), run_time=1.2)
        with self.beat("row", words.row_words(trace.n_tokens)):
            others = [label.animate.set_opacity(DIMMED) for label in self.grid.row_labels[:-1]]
            self.play(self._light([1, 1], [1, DIMMED]), *others, run_time=0.8)
        with self.beat(
            "exponential",
            N_("It raises e to every score, less the row's largest, {largest}, so that no number explodes."),
            largest=signed(self.worked.largest),
        ):
            self._lift()
            self._raise()
        with self.beat("shares", words.shares_words(tokens, bool(self.worked.gaps))):
            self._divide()
        with self.beat("rows", words.rows_words(trace.n_tokens)):
            self._return()
            self.play(self._row_by_row(self.masked.count_up), run_time=3.0)
            self.play(LaggedStart(*map(FadeIn, self.masked.sums), lag_ratio=0.1), run_time=1.0)
        with self.beat("pattern", words.pattern_words(tokens, pattern_TS), last=True):
            self.play(FadeIn(note), FadeOut(self.masked.sums), run_time=0.4)
            self.play(self._row_by_row(self.masked.show_dots), run_time=2.0)

    # The rest is what the story plays.

    def _row_by_row(self, change: Callable[[float], None]) -> Animation:
        return self.change(change, 0, 1, self.grid.cells).set_rate_func(linear)

    def _light(self, start: list[float], goal: list[float]) -> Animation:
        """The opacities of the worked row and of all others."""
        return self.change(self.masked.light, start, goal, self.grid.cells)

    def _lift(self) -> None:
        """Lift the last row out of the grid and up under the keys; its ground is laid."""
        grid, row = self.grid, self.worked
        *others, own = grid.row_labels
        up = (float(row.score_numbers[0].get_y()) - float(own.get_y())) * UP
        self.add(row.score_numbers.shift(-up))
        self.play(
            self._light([1, DIMMED], [0, 0]),
            FadeOut(VGroup(*others), grid.rules[0], self.masked.note),
            VGroup(row.score_numbers, own).animate.shift(up),
            VGroup(grid.column_labels, grid.rules[1]).animate.shift(self.headroom),
            FadeIn(row.ground),
            run_time=1.4,
        )

    def _raise(self) -> None:
        """Under each score its exponential grows, and at the end of the line their sum."""
        row, columns = self.worked, len(self.grid.places)
        moving = VGroup(row.exponential_numbers, row.bars, row.summed)
        grow = self.change(lambda amount: row.raise_to(amount), 0, columns, moving)  # not all of the row
        grow.set_rate_func(linear).set_run_time(max(1.5, 0.35 * columns))
        self.play(FadeIn(row.power, row.sum_label, run_time=0.6), grow)

    def _divide(self) -> None:
        """Each exponential becomes its share."""
        row = self.worked.divide_to(0)
        moving = VGroup(row.bars, row.exponential_numbers, row.share_numbers, row.total)
        divide = self.change(lambda amount: row.divide_to(amount), 0, 1, moving).set_run_time(2.5)
        self.play(FadeOut(row.power, run_time=0.4), FadeIn(row.division, run_time=0.6), divide)

    def _return(self) -> None:
        """Put the row back among the others, whose scores are still to be divided."""
        grid = self.grid
        *others, own = grid.row_labels
        back = VGroup(*others, grid.rules[0]).set_opacity(1)
        self.play(
            FadeOut(self.worked),
            own.animate.set_y(float(grid.middle_of(len(others), 0)[1])),
            VGroup(grid.column_labels, grid.rules[1]).animate.shift(-self.headroom),
            FadeIn(back),
            self._light([0, 0], [1, 1]),
            run_time=1.2,
        )
