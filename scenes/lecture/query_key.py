"""What am I looking for, and what do I hold: the grid of q·k/√d."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from manim import (
    DOWN,
    RIGHT,
    UP,
    FadeIn,
    FadeOut,
    Group,
    LaggedStart,
    Transform,
    UpdateFromAlphaFunc,
    VGroup,
    linear,
    smooth,
)

from scenes.chosen_head import chosen_head, matched_key
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.dot_product import DotProduct
from scenes.mobjects.heatmap import Heatmap
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.numerals import count, plain
from scenes.mobjects.projected import Projected
from scenes.mobjects.projection import Projection
from scenes.mobjects.score_grid import ScoreGrid
from scenes.mobjects.token_row import TokenChip, shelved_row
from scenes.query_key_words import grid_words, match_words, product_words, query_words, row_words, verdict

STRIP_ROWS = 20
STRIP = 0.6  # frame units: the widest strip under a token
CHIP_LINE = 0.75  # height of the line with the two tokens, above their vectors
WORK_MARGIN = CHIP_LINE + 1.2  # what the dot product leaves of the stage, for that line and the verdict
SLOW = 0.45  # of the dot product's time, for its first products

Array = npt.NDArray[np.float32]


class QueryKey(LectureScene):
    """One head's queries and keys, one score worked out, then the grid of all of them.

    Data: `ln1_LTD`, `q_LHTK`, its keys, `scores_LHTS` (scaled, not masked); where the trace holds those of
    the shown head, `query_weight_KD` and `key_weight_KD` with their biases, else only what they gave.
    The head is the one that `chosen_head` finds, the query is the last token's, the key the one that it
    matches best (`matched_key`); the row that is worked out is the one with the largest result. A prompt of
    more than `most_places` tokens shows its first and last ones and that key.
    """

    reads = (
        "prompt_bytes_B",
        "prompt_offsets_T1",
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
        ln1_TD, scores_TS = trace.ln1_LTD[layer], trace.scores_LHTS[layer, head]
        q_TK, k_TK = trace.q_LHTK[layer, head], trace.keys(layer, head)

        # picture
        self.credit(layer, head)
        stage = self.layout.stage
        self.row = shelved_row(trace.tokens, self.layout.shelf)
        self.strips = self._strips(ln1_TD, layer)
        self.query = self._projection(query, "query", q_TK[query])
        self.key = self._projection(key, "key", k_TK[key])
        self.work = DotProduct(q_TK[query], k_TK[key], stage.width - 0.2, stage.height - WORK_MARGIN)
        score, dot = float(scores_TS[query, key]), float(self.work.sums[-1])
        self.verdict = formula(verdict(facts, dot, score), 0.43)
        self.verdict.scale(min(1.0, stage.width / self.verdict.width))
        self.score_grid = ScoreGrid(
            trace.tokens, scores_TS, (query, key), stage, f"scores_LHTS[{layer}, {head}]"
        )
        self.grid = self.score_grid.grid

        # story
        self.add(self.row)
        with self.beat(
            "tokens",
            _("On its way through layer {layer}, every token is a vector of {width} numbers.").format(
                layer=layer, width=count(facts.d_model)
            ),
        ):
            self.play(
                LaggedStart(*(FadeIn(part, shift=0.25 * DOWN) for part in self.strips), lag_ratio=0.1),
                run_time=2.0,
            )
        with self.beat("query", query_words(facts, self._turned(), self._weights())):
            self.play(FadeOut(self.strips), run_time=0.5)
            self._enter(self.query, query)
            self._step(self.query, 2.2)
        with self.beat("key", _("Other weights give every token a key: what it has to offer.")):
            gone = [part for part in self.query if part is not self.query.chip]
            self.play(*(FadeOut(part) for part in (*gone, self.query.chip)), run_time=0.5)
            self._enter(self.key, key)
            self._step(self.key, 1.2)
        with self.beat("product", product_words(facts)):
            self._work_out(query, key)
        with self.beat(
            "row",
            row_words(trace.tokens),
        ):
            self._land(query, key)
            self._fill([query], run_time=1.2)
        with self.beat("grid", grid_words(facts, scores_TS)):
            self._fill([place for place in self.grid.positions if place != query], run_time=3.0)
            self.play(FadeIn(self.score_grid.note), run_time=0.5)
        with self.beat("match", match_words(trace.tokens, scores_TS[query], key), last=True):
            self._spotlight()

    # The rest plays the story's parts.

    def _strips(self, ln1_TD: Array, layer: int) -> Group:
        """Under each token of the row the beginning of its vector, as blocks in the token's hue."""
        stage, shelf = self.layout.stage, self.layout.shelf
        rows = min(STRIP_ROWS, ln1_TD.shape[1])
        shown = ln1_TD[list(self.row.chips), :rows]
        scale = palette.robust_scale(shown)
        high = shelf.bottom - stage.bottom - 0.85
        strips = Group()
        for values, (index, chip) in zip(shown, self.row.chips.items(), strict=True):
            wide = min(STRIP, 0.8 * chip.width)
            strip = Heatmap(values[:, None], wide, high, scale, palette.token_ramp(index))
            strips.add(strip.next_to(chip, DOWN, buff=0.2))
        words = _("ln1_LTD[{layer}], the first {rows} of {width} numbers · strongest: ±{scale} or more")
        words = words.format(layer=layer, rows=rows, width=count(ln1_TD.shape[1]), scale=plain(scale))
        note = text(words, 0.22, palette.FAINT)
        note.scale(min(1.0, stage.width / note.width))
        strips.add(note.next_to(strips, DOWN, buff=0.25).set_x(self.row.get_x()))
        return strips

    def _projection(self, token: int, part: str, given_K: Array) -> Projection | Projected:
        """One token's query or key from its vector; without the weights what the trace has of it."""
        trace, stage, layer = self.trace, self.layout.stage, self.shown[0]
        asks = part == "query"
        box = Box(stage.left, stage.right, stage.bottom + 0.05, self.layout.shelf.bottom - 0.25)
        chip, vector_D = TokenChip(trace.tokens[token], token, 0.42), trace.ln1_LTD[layer, token]
        vector_name, symbol = f"ln1_LTD[{layer}, {token}]", "W_Q" if asks else "W_K"
        question = _("What am I looking for?") if asks else _("What do I hold?")
        colour = palette.QUERY if asks else palette.KEY
        name, bias = f"{part}_weight_KD", f"{part}_bias_K"
        if not self._weights():
            return Projected(box, chip, vector_D, vector_name, given_K, part[0], symbol, question, colour)
        weight_KD = getattr(trace, name)[:]
        bias_K = getattr(trace, bias)[:] if trace.has(bias) else None
        return Projection(box, chip, vector_D, vector_name, weight_KD, bias_K, name, symbol, question, colour)

    def _weights(self) -> bool:
        """Whether the trace holds the weights of the head that is shown."""
        trace = self.trace
        kept = trace.has("query_weight_KD") and trace.has("key_weight_KD")
        return kept and trace.facts.projected == list(self.shown)

    def _enter(self, half: Projection | Projected, token: int) -> None:
        """The token comes down from the row; its vector lies down, and the weights appear below it."""
        rest = half.chip.get_center()
        half.chip.move_to(self.row.chips.get(token, self.row.gap))
        self.play(half.chip.animate.move_to(rest), run_time=0.8)
        weights = half.matrix if isinstance(half, Projection) else half.arrow
        parts = (weights, half.symbol, half.names, half.question)
        self.play(FadeIn(half.vector, shift=0.25 * DOWN), *map(FadeIn, parts), run_time=0.8)

    def _step(self, half: Projection | Projected, run_time: float) -> None:
        """One row of the weights meets the vector, number by number, while the sum counts; then all do."""

        def fill(_moving: object, amount: float) -> None:
            half.fill(amount)

        if isinstance(half, Projection):
            self._step_row(half, run_time)
        self.add(half.result)
        self.play(UpdateFromAlphaFunc(half.result, fill, rate_func=linear), run_time=1.2)

    def _step_row(self, half: Projection, run_time: float) -> None:
        self.play(FadeIn(half.edge), FadeIn(half.met, target_position=half.edge), run_time=0.7)
        self.add(half.window, half.number)

        def walk(_moving: object, amount: float) -> None:
            half.step(amount)

        moving = VGroup(half.window, half.edge, half.number)
        self.play(UpdateFromAlphaFunc(moving, walk, rate_func=linear), run_time=run_time)
        half.worked = True
        half.fill(0.0)
        self.play(FadeIn(half.result), FadeOut(half.window), run_time=0.4)

    def _work_out(self, query: int, key: int) -> None:
        """Lay the two vectors over each other and sum up their products, one by one, then faster."""
        stage, work = self.layout.stage, self.work
        work.shift([stage.center[0], stage.center[1] + WORK_MARGIN / 2 - CHIP_LINE, 0])
        work.show(0)
        self.verdict.move_to([stage.center[0], stage.bottom + 0.05 + self.verdict.height / 2, 0])
        self.labels = VGroup()
        y, left = stage.top - CHIP_LINE / 2, float(work.zero.get_start()[0])
        for half, token in ((self.query, query), (self.key, key)):
            chip = TokenChip(self.trace.tokens[token], token, 0.4)
            name = text("q" if half is self.query else "k", 0.4, self._tone(half))
            pair = VGroup(name, chip).arrange(RIGHT, buff=0.15)
            self.labels.add(pair)
        self.labels.arrange(RIGHT, buff=0.6)
        self.labels.scale(min(1.0, stage.width / self.labels.width))
        self.labels.move_to([left + self.labels.width / 2, y, 0])
        legend = text(_("bars: the products · line: their sum so far"), 0.22, palette.FAINT)
        room = stage.right - float(self.labels.get_right()[0]) - 0.3
        if legend.width < room:
            legend.move_to([stage.right - legend.width / 2, y, 0])
            self.labels.add(legend)
        self.play(*(FadeOut(part) for part in (self.row, *self.key)), run_time=0.6)
        self.play(FadeIn(self.labels), FadeIn(work.vectors[0], shift=0.4 * DOWN), run_time=0.6)
        self.play(FadeIn(work.vectors[1], shift=0.4 * UP), FadeIn(work.zero), run_time=0.6)
        self.add(work)
        slow = min(4, len(work.products))

        def add_up(moving: DotProduct, amount: float) -> None:
            done = np.interp(amount, [0.0, SLOW, 1.0], [0, slow, len(work.products)])
            moving.show(round(float(done)))

        self.play(UpdateFromAlphaFunc(work, add_up, rate_func=linear), run_time=5.5)
        work.show(len(work.products))
        self.play(FadeIn(self.verdict, shift=0.25 * UP), run_time=0.8)
        self.wait(1.2)

    def _tone(self, half: Projection) -> str:
        return palette.QUERY if half is self.query else palette.KEY

    def _land(self, query: int, key: int) -> None:
        """The score is one cell, seen from near; then the camera draws back to the grid around it."""
        grid, score = self.grid, self.score_grid.looks[query, key]
        grid.show({(query, key): score})
        cell, middle = grid.place_of(query, key), np.array(self.layout.stage.center)
        nearer = min(3.0, 0.5 * self.layout.stage.width / grid.cell[0])
        size = nearer * grid.number_size
        grid.scale(nearer, about_point=cell).shift(middle - cell)
        number = text(score.words, 0.43).move_to(self.verdict.get_right(), aligned_edge=RIGHT)
        self.add(number)
        target = number.copy().scale(size / 0.43).move_to(middle)
        gone = (FadeOut(part, run_time=0.5) for part in (self.work, self.labels, self.verdict))
        self.play(*gone, Transform(number, target), FadeIn(grid.cells), run_time=0.9)
        self.remove(number)
        names = (grid.row_labels, grid.column_labels, grid.rules)
        for part in names:
            part.set_opacity(0)
        back = [part.animate.scale(1 / nearer, about_point=middle).shift(cell - middle) for part in grid]
        self.play(*(move.set_opacity(1) for move in back), run_time=1.1)

    def _fill(self, queries: list[int], run_time: float) -> None:
        """Let the rows of these queries appear, cell by cell, one row after the other."""
        keys = self.grid.positions
        there = {place for place, look in self.grid.looks.items() if look.seen > 0}

        def wave(_cells: object, amount: float) -> None:
            for row, query in enumerate(queries):
                for column, key in enumerate(keys):
                    begun = amount * (len(queries) + 1) - row - column / len(keys)
                    if (query, key) not in there:
                        look = self.score_grid.looks[query, key]
                        self.grid.show({(query, key): replace(look, seen=min(1.0, max(0.0, 3 * begun)))})

        self.play(UpdateFromAlphaFunc(self.grid.cells, wave, rate_func=linear), run_time=run_time)

    def _spotlight(self) -> None:
        """Dim everything but the query's row, and frame its best key."""

        def dim(_cells: object, amount: float) -> None:
            self.score_grid.spotlight(amount)

        moving = Group(self.grid.cells, self.grid.row_labels, self.grid.column_labels)
        self.play(UpdateFromAlphaFunc(moving, dim, rate_func=smooth), run_time=0.8)
        self.play(FadeIn(self.score_grid.frame, scale=1.3), run_time=0.5)

    def _turned(self) -> bool:
        """Whether this layer turns queries by their position; some rotary models have layers that do not."""
        trace = self.trace
        q_K = trace.q_LHTK[(*self.shown, trace.n_tokens - 1)]
        made = np.allclose(self.query.result_values, q_K, rtol=1e-3, atol=1e-4)
        return trace.facts.positions == "rotary" and not made
