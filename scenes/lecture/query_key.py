"""What am I looking for, and what do I hold: the grid of q·k/√d."""

from __future__ import annotations

from dataclasses import replace

from manim import DOWN, RIGHT, UP, FadeIn, FadeOut, Transform, VGroup, linear

from scenes import query_key_words as words
from scenes.chosen_head import chosen_head, matched_key
from scenes.head_vector import HeadVector
from scenes.lecture_scene import LectureScene
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.lettering import text
from scenes.mobjects.projected import Projected, projection_of
from scenes.mobjects.projection import Projection
from scenes.mobjects.score_grid import ScoreGrid
from scenes.mobjects.score_work import ScoreWork
from scenes.mobjects.vector_strips import VectorStrips


class QueryKey(LectureScene):
    """One head's queries and keys, one score worked out, then the grid of all of them.

    Data: `ln1_LTD`, `q_LHTK`, its keys, `scores_LHTS` (scaled, not masked); where the trace holds those of
    the shown head, `query_weight_KD` and `key_weight_KD` with their biases, else only what they gave.
    The head is the one that `chosen_head` finds, the query is the last token's, the key the one that it
    matches best (`matched_key`); the row that is worked out is the one with the largest result. A prompt of
    more than `most_places` tokens shows its first and last ones and that key.
    """

    reads = (
        "the prompt",
        "pattern_last_LHS",
        "scores_last_LHS",
        "scores_LHTS of one head",
        "ln1_LTD",
        "q_LHTK of one head",
        "k_LHTK or k_LCTK of one head",
        "query_weight_KD if any",
        "query_bias_K if any",
        "key_weight_KD if any",
        "key_bias_K if any",
    )
    poster = "grid"

    def construct(self) -> None:
        """Two vectors, what a head's weights make of them, their dot product, a row of scores, the grid."""
        # data
        trace, facts = self.trace, self.trace.facts
        layer, head = self.shown = chosen_head(self)
        query, key = trace.n_tokens - 1, matched_key(trace, layer, head)
        asks = HeadVector.of(trace, "query", self.shown, query)
        holds = HeadVector.of(trace, "key", self.shown, key)
        scores_TS = trace.scores_LHTS[layer, head]

        # picture
        self.credit(layer, head)
        stage = self.layout.stage
        self.row, below = self.shelved()
        room = replace(below, bottom=below.bottom + 0.05)
        self.strips = VectorStrips(trace.ln1_LTD[layer], f"ln1_LTD[{layer}]", self.row, below)
        self.query, self.key = projection_of(asks, room), projection_of(holds, room)
        self.score = ScoreWork(asks, holds, float(scores_TS[query, key]), facts, stage)
        name = f"scores_LHTS[{layer}, {head}]"
        self.score_grid = ScoreGrid(trace.tokens, scores_TS, (query, key), stage, name)
        self.grid = self.score_grid.grid

        # story
        self.add(self.row)
        with self.beat("tokens", words.VECTORS, layer=layer, width=facts.d_model):
            self.play(one_by_one(self.strips), run_time=2.0)
        with self.beat("query", words.query_words(asks)):
            self.play(FadeOut(self.strips), run_time=0.5)
            self._work_out_vector(self.query, 2.2)
        with self.beat("key", words.KEYS):
            self.play(*map(FadeOut, self.query), run_time=0.5)
            self._work_out_vector(self.key, 1.2)
        with self.beat("product", words.product_words(facts)):
            self._work_out_score()
        with self.beat("row", words.row_words(trace.tokens)):
            self._land()
            self._fill([query], run_time=1.2)
        with self.beat("grid", words.grid_words(facts, scores_TS)):
            self._fill([place for place in self.grid.positions if place != query], run_time=3.0)
            self.play(FadeIn(self.score_grid.note), run_time=0.5)
        with self.beat("match", words.match_words(trace.tokens, scores_TS[query], key), last=True):
            labels = self.grid.row_labels, self.grid.column_labels
            light = self.change(self.score_grid.spotlight, 0, 1, self.grid.cells, *labels)
            self.play(light, run_time=0.8)
            self.play(FadeIn(self.score_grid.frame, scale=1.3), run_time=0.5)

    # The rest is what the story plays.

    def _work_out_vector(self, half: Projection | Projected, run_time: float) -> None:
        """The token comes down from the row, its vector lies down, the weights appear and give the result."""
        rest = half.chip.get_center()
        half.chip.move_to(self.row.chips.get(half.source.token, self.row.gap))
        self.play(half.chip.animate.move_to(rest), run_time=0.8)
        parts = (half.weights, half.symbol, half.names, half.question)
        self.play(FadeIn(half.vector, shift=0.25 * DOWN), *map(FadeIn, parts), run_time=0.8)
        if isinstance(half, Projection):
            self._work_out_number(half, run_time)
        self.add(half.result)
        fill = self.change(lambda amount: half.fill(amount), 0, 1, half.result)  # nothing else is drawn anew
        self.play(fill, run_time=1.2, rate_func=linear)

    def _work_out_number(self, half: Projection, run_time: float) -> None:
        """One row of the weights meets the vector, number by number, while the sum counts."""
        self.play(FadeIn(half.edge), FadeIn(half.met, target_position=half.edge), run_time=0.7)
        self.add(half.window, half.number)
        moving = VGroup(half.window, half.edge, half.number)
        step = self.change(lambda amount: half.step(amount), 0, 1, moving)
        self.play(step, run_time=run_time, rate_func=linear)
        half.worked = True
        half.fill(0.0)
        self.play(FadeIn(half.result), FadeOut(half.window), run_time=0.4)

    def _work_out_score(self) -> None:
        """Lay the two vectors over each other and sum up their products, one by one, then faster."""
        score, work = self.score, self.score.work
        self.play(*map(FadeOut, (self.row, *self.key)), run_time=0.6)
        self.play(FadeIn(score.labels), FadeIn(work.vectors[0], shift=0.4 * DOWN), run_time=0.6)
        self.play(FadeIn(work.vectors[1], shift=0.4 * UP), FadeIn(work.zero), run_time=0.6)
        self.add(work)
        self.play(self.change(score.add_up, 0, 1, work), run_time=5.5, rate_func=linear)
        self.play(FadeIn(score.verdict, shift=0.25 * UP), run_time=0.8)
        self.wait(1.2)

    def _land(self) -> None:
        """The score is one cell, seen from near; then the camera draws back to the grid around it."""
        em, score = self.score_grid.come_near(self.layout.stage), self.score
        words = self.score_grid.looks[self.score_grid.link].words
        number = text(words, 0.43).move_to(score.verdict.get_right(), aligned_edge=RIGHT)
        target = text(words, em).move_to(self.layout.stage.center)
        self.add(number)
        gone = [FadeOut(part, run_time=0.5) for part in (score.work, score.labels, score.verdict)]
        self.play(*gone, Transform(number, target), FadeIn(self.grid.cells), run_time=0.9)
        self.remove(number)
        self.play(*self.score_grid.drawn_back(), run_time=1.1)

    def _fill(self, queries: list[int], run_time: float) -> None:
        """Let the rows of these queries appear, cell by cell, one row after the other."""
        fill = self.change(self.score_grid.filling(queries), 0, 1, self.grid.cells)
        self.play(fill, run_time=run_time, rate_func=linear)
