"""What is really handed over: values times weights, their sum, and how much of it arrives from whom."""

from __future__ import annotations

from functools import partial

import numpy as np
from manim import UP, Animation, FadeIn, FadeOut, LaggedStart, linear

from scenes import N_
from scenes import values_words as words
from scenes.chosen_head import chosen_head, matched_key
from scenes.handing_over import Handed
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.facing_bars import bars_of
from scenes.mobjects.head_shares import HeadShares
from scenes.mobjects.lettering import text
from scenes.mobjects.pattern_grid import PatternGrid
from scenes.mobjects.slab_rack import rack_of
from scenes.mobjects.value_columns import DIGITS, ValueColumns
from scenes.mobjects.worked_product import WorkedProduct

MOST, MOST_NARROW = 9, 6  # columns, the others' among them
STEPPED = 2  # rows that are added up one number after the other
FOOT = 0.35  # frame units for a line at the foot


class Values(LectureScene):
    """The last row of `mask`'s pattern, the values that it weighs, their sum, and what arrives.

    Data: `pattern_last_LHS`, `v_LHTK` (or `v_LCTK`), `z_LHTK`, `value_out_SD`, `head_last_LHD`. The head is
    the one that `chosen_head` finds. The tokens of most weight have a column, in the order of the prompt; all
    others are one grey column, their weighted sum, and count in every sum. What arrives of a token is
    ‖weight · v W_O‖ as a share of the sum of these lengths (Kobayashi et al. 2020), ‖weight · v‖ where the
    trace has W_O's work of another head; the token that is named is the one that brings least for its weight.
    """

    reads = (
        "the prompt",
        "pattern_last_LHS",
        "scores_last_LHS",
        "pattern_LHTS of one head",
        "v_LHTK or v_LCTK of one head",
        "z_LHTK of one head",
        "value_out_SD if any",
        "head_last_LHD",
    )
    poster = "arrived"

    def construct(self) -> None:
        """The row, the values, the weights, the sum, the matrix, all heads, two bars a token."""
        # data
        trace, tokens, facts = self.trace, self.trace.tokens, self.trace.facts
        layer, head = self.shown = chosen_head(self)
        handed = self.handed = Handed.of(trace, layer, head, MOST if self.layout.wide else MOST_NARROW)
        pattern_TS, key = trace.pattern_LHTS[layer, head], matched_key(trace, layer, head)
        names = words.name_words(facts, layer, head, trace.n_tokens - 1)

        # picture
        self.credit(layer, head)
        stage, name = self.layout.stage, f"pattern_LHTS[{layer}, {head}]"
        self.opening = PatternGrid(tokens, pattern_TS, key, stage, name, 1.0)
        upper, self.foot = self.layout.stack(stage, None, FOOT, gap=0.1)
        self.columns = ValueColumns(handed, tokens, upper)
        self.product = WorkedProduct(handed, DIGITS, upper)
        self.rack = rack_of(handed, tokens, upper)
        self.heads = HeadShares(handed.read, np.asarray(trace.head_last_LHD), (layer, head), upper)
        self.row, below = self.shelved()
        self.bars = bars_of(handed, tokens, below, words.correlation_words(handed))
        self.note = text(" ", 0.22, palette.FAINT)

        # story
        self.add(self.opening.grid, self.opening.note)
        with self.beat("row", words.row_words(tokens)):
            self.wait(0.5)
            self.play(self.change(self.opening.dim_others, 0, 1, self.opening.grid.cells), run_time=1.4)
        with self.beat("values", words.values_words(handed, facts.group)):
            self._hold_out(names["values"])
        with self.beat("weight", words.weight_words(handed, tokens)):
            self._weigh(names["weight"])
        with self.beat("sum", N_("Then the columns are added up, number by number, row after row.")):
            self._add_up(names["z"])
        with self.beat("pour", words.pour_words(handed)):
            self.play(*self.gone(), FadeIn(self.rack), run_time=1.0)
            self.play(self.change(self.rack.pour, 0, 1), run_time=3.5)
            self.play(self._say(words.gap_words(handed, names["z"])), run_time=0.5)
        with self.beat("widen", words.widen_words(facts)):
            self._widen(names["widen"])
        with self.beat("heads", words.heads_words(facts)):
            self._join(names["heads"])
        with self.beat("arrived", words.arrived_words(handed, tokens), last=True):
            self.play(*self.gone(), FadeIn(self.row), run_time=0.8)
            self.play(self.change(self.bars.show, (0, 0), (1, 0)), run_time=1.2)
            self.play(self.change(self.bars.show, (1, 0), (1, 1)), run_time=1.6)
            self.play(FadeIn(self.bars.foot), run_time=0.4)

    # The rest plays the story's parts.

    def _say(self, name: str) -> Animation:
        """Another tensor's name at the foot."""
        self.remove(self.note)
        self.note = text(name, 0.22, palette.FAINT, mono=True, fit=self.foot)
        return FadeIn(self.note)

    def _hold_out(self, name: str) -> None:
        """Under each token that is shown its column comes down."""
        self.play(*self.gone(), FadeIn(self.columns.above), run_time=0.8)
        self.play(one_by_one(self.columns.held), self._say(name), run_time=1.6)

    def _weigh(self, name: str) -> None:
        """Into one number: its product; and back, while all are multiplied."""
        columns, place = self.columns, self.handed.shown.index(self.handed.heaviest)
        near = partial(columns.near, place, self.product.get_center())
        self.add(columns)
        arrival = self.product.arrival(columns.at(0, place), columns.size)
        self.play(self.change(near, 0, 1, columns), arrival, run_time=1.8)
        self.play(FadeIn(self.product.rest, shift=0.25 * UP), self._say(name), run_time=0.6)
        self.wait(1.6)
        self.play(FadeOut(self.product, run_time=0.4), self.change(near, 1, 0, columns), run_time=1.6)
        self.play(self.change(columns.weigh, 0, 1), run_time=2.0)

    def _add_up(self, name: str) -> None:
        """Two rows column by column, then all that are shown."""
        columns, many = self.columns, len(self.columns.products)
        self.add(columns.sums)
        self.play(FadeIn(columns.result), FadeIn(columns.frame), self._say(name), run_time=0.6)
        for row in range(min(STEPPED, columns.rows)):
            step = self.change(partial(columns.step, row), 0, many, columns.sums, columns.frame)
            self.play(step.set_rate_func(linear), run_time=1.2 + 0.15 * many)
        rest = self.change(partial(columns.add_up_from, STEPPED), 0, many, columns.sums)
        self.play(FadeOut(columns.frame), rest, run_time=1.2)

    def _widen(self, name: str) -> None:
        """Z through the matrix; it comes out as wide as the stream."""
        heads = self.heads
        self.play(*self.gone(), FadeIn(heads.read), FadeIn(heads.z), run_time=0.8)
        self.play(*map(FadeIn, (heads.glass, heads.matrix, heads.rows, heads.names)), run_time=0.6)
        wider = self.change(partial(heads.widen), 0, 1, heads.own)  # not the whole picture
        self.play(wider, self._say(name), run_time=1.6)

    def _join(self, name: str) -> None:
        """It sinks to its place among the layer's heads; their sum, and the ruler of all."""
        heads = self.heads
        settle = self.change(partial(heads.settle), 0, 1, heads.rows, heads.own)
        self.play(settle, self._say(name), run_time=1.6)
        self.play(LaggedStart(FadeIn(heads.added), FadeIn(heads.measured), lag_ratio=0.5), run_time=1.2)
