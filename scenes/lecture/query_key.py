"""What am I looking for, and what do I hold: the grid of q·k/√d."""

from __future__ import annotations

import math
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
    GrowArrow,
    LaggedStart,
    MoveToTarget,
    Rectangle,
    Transform,
    UpdateFromAlphaFunc,
    VGroup,
    linear,
    smooth,
)

from model_probe.trace import Facts
from scenes.chosen_head import chosen_head, matched_key
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import AttentionGrid, glow_scale, most_places, score_look
from scenes.mobjects.dot_product import DotProduct
from scenes.mobjects.elision import elide_around
from scenes.mobjects.heatmap import Heatmap
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.numerals import count, plain, signed
from scenes.mobjects.projection import Named, Projection
from scenes.mobjects.token_row import TokenChip, TokenRow, token_quote

OPENING = 1.4  # how much larger the prompt is before the vectors need the room
STRIP_ROWS = 20
STRIP, STRIP_HEIGHT = 0.42, 3.0  # frame units
DIMMED = 0.25
ABOVE = 0.25  # from a column to its token
LABELS = 1.2  # frame units beside the grid, for its rows' tokens
SLOW, FAST = 0.5, 0.35  # of the dot product's time: its first rows, then all that the ⋮ stands for

Array = npt.NDArray[np.float32]


class QueryKey(LectureScene):
    """One head's queries and keys, one score worked out, then the grid of all of them.

    Data: `ln1_LTD`, `q_LHTK`, its keys, `scores_LHTS` (scaled, not masked). The head is the one that
    `chosen_head` finds, the query is the last token's, the key the one that it matches best
    (`matched_key`). A prompt of more than `most_places` tokens shows its first and last ones and that key.
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
    )
    poster = "grid"

    def construct(self) -> None:
        """Two vectors from one, their dot product, a row of them, the grid."""
        # data
        trace, facts = self.trace, self.trace.facts
        layer, head = self.shown = chosen_head(self)
        query, key = trace.n_tokens - 1, matched_key(trace, layer, head)
        ln1_TD = trace.ln1_LTD[layer]
        q_TK, k_TK = trace.q_LHTK[layer, head], trace.keys(layer, head)
        turned = "R " if facts.positions == "rotary" else ""  # by its position (Su et al. 2021)
        scores_TS = trace.scores_LHTS[layer, head]
        scale = glow_scale(scores_TS)

        # picture
        self.credit(layer, head)
        stage = self.layout.stage
        self.row = TokenRow(trace.tokens, stage.width, size=0.42)
        opening = min(OPENING, stage.width / self.row.width)
        at_top = np.array([stage.center[0], stage.top - self.row.height / 2, 0])
        self.row.scale(opening).move_to([0, stage.center[1] + 0.5 * STRIP_HEIGHT + 0.3, 0])
        self.strips = self._strips(ln1_TD, layer)
        below = Box(
            stage.left, stage.right, stage.bottom + 0.05, stage.top - self.row.height / opening - 0.35
        )
        halves = self.layout.split(below, 1, 1)
        self.query = Projection(
            halves[0],
            TokenChip(trace.tokens[query], query, 0.42),
            Named(ln1_TD[query], f"ln1_LTD[{layer}, {query}]"),
            Named(q_TK[query], f"q_LHTK[{layer}, {head}, {query}]"),
            f"{turned}W_Q",
            _("What am I looking for?"),
            palette.QUERY,
        )
        self.key = Projection(
            halves[1],
            TokenChip(trace.tokens[key], key, 0.42),
            Named(ln1_TD[key], f"ln1_LTD[{layer}, {key}]"),
            Named(k_TK[key], f"k_{facts.key_axes}[{layer}, {head // facts.group}, {key}]"),
            f"{turned}W_K",
            _("What do I hold?"),
            palette.KEY,
        )
        questions = (self.query.question, self.key.question)
        smaller = min(question.height for question in questions)
        for question in questions:  # a long one that had to be smaller makes the other smaller, too
            question.scale(smaller / question.height)
        self.work = DotProduct(
            q_TK[query], k_TK[key], stage.width - 0.4, 3.2, chart_below=not self.layout.wide
        )
        score = float(scores_TS[query, key])
        dot = float(self.work.sums[-1])
        self.verdict = formula(_verdict(facts, dot, score), 0.43)
        places = elide_around(trace.n_tokens, most_places(stage.width - LABELS), key)
        self.grid = AttentionGrid(trace.tokens, places, stage.width, stage.height - 0.35)
        self.grid.move_to([0, stage.center[1] + 0.15, 0])
        self.looks = {
            (q, k): score_look(float(scores_TS[q, k]), scale)
            for q in self.grid.positions
            for k in self.grid.positions
        }
        self.note = text(
            _("scores_LHTS[{layer}, {head}] · strongest colour: {scale} or more").format(
                layer=layer, head=head, scale=signed(scale)
            ),
            0.2,
            palette.FAINT,
        )
        self.note.next_to(self.grid.cells, DOWN, buff=0.14)

        # story
        with self.beat(
            "tokens",
            _(
                "On its way through layer {layer}, every token is a vector of {width} numbers. "
                "How does it find the others that matter to it?"
            ).format(layer=layer, width=count(facts.d_model)),
        ):
            self.play(
                LaggedStart(*(FadeIn(part, shift=0.25 * UP) for part in self.row), lag_ratio=0.1),
                run_time=1.4,
            )
            self.play(
                LaggedStart(*(FadeIn(part, shift=0.25 * DOWN) for part in self.strips), lag_ratio=0.1),
                run_time=1.6,
            )
        with self.beat(
            "query",
            _(
                "An attention head's learned weights turn it into {count} other numbers, "
                "the token's query: what it looks for."
            ).format(count=count(facts.d_head)),
        ):
            self.play(FadeOut(self.strips), run_time=0.5)
            self.play(self.row.animate.scale(1 / opening).move_to(at_top), run_time=1.0)
            self._grow(self.query, query)
        with self.beat(
            "key",
            _(
                "Other weights give every token a key: what it has to offer. "
                "A query and a key that point the same way are a match."
            ),
        ):
            self._grow(self.key, key)
        with self.beat(
            "product",
            self._product_narration().format(count=count(facts.d_head)),
        ):
            self._work_out()
        with self.beat(
            "row",
            _(
                "That is one cell. The same query, “{query}”, against the key of every token fills its row."
            ).format(query=token_quote(trace.tokens[query])),
        ):
            self._land(query, key)
            self._fill([query], run_time=2.0)
        with self.beat("grid", self._grid_narration(float(scores_TS.min()), float(scores_TS.max()))):
            self._fill([place for place in self.grid.positions if place != query], run_time=3.0)
            self.play(FadeIn(self.note), run_time=0.5)
        with self.beat("match", self._match_narration(scores_TS[query], key)):
            self._spotlight(query, key)
            self.wait(1)

    # The rest plays the story's parts.

    def _strips(self, ln1_TD: Array, layer: int) -> Group:
        """Under each token of the row the beginning of its vector, as blocks in the token's hue."""
        rows = min(STRIP_ROWS, ln1_TD.shape[1])
        shown = ln1_TD[list(self.row.chips), :rows]
        scale = palette.robust_scale(shown)
        strips = Group()
        for values, (index, chip) in zip(shown, self.row.chips.items(), strict=True):
            width = min(STRIP, 0.8 * chip.width)
            strip = Heatmap(values[:, None], width, STRIP_HEIGHT, scale, palette.token_ramp(index))
            strips.add(strip.next_to(chip, DOWN, buff=0.2))
        note = text(
            _("ln1_LTD[{layer}], the first {rows} of {width} numbers · strongest: ±{scale} or more").format(
                layer=layer, rows=rows, width=count(ln1_TD.shape[1]), scale=plain(scale)
            ),
            0.22,
            palette.FAINT,
        )
        strips.add(note.next_to(strips, DOWN, buff=0.25).set_x(self.row.get_x()))
        return strips

    def _grow(self, half: Projection, token: int) -> None:
        """The token comes down from the row, becomes its vector, and that becomes the other."""
        rest = half.chip.get_center()
        half.chip.move_to(self.row.chips.get(token, self.row.gap))
        self.play(half.chip.animate.move_to(rest), run_time=0.8)
        self.play(FadeIn(half.source, shift=0.25 * DOWN), FadeIn(half.names[0]), run_time=0.8)
        self.play(GrowArrow(half.arrow), FadeIn(half.matrix), run_time=0.8)
        self.play(FadeIn(half.result, shift=0.5 * RIGHT), FadeIn(half.names[1]), run_time=0.8)
        self.play(FadeIn(half.question, shift=0.25 * UP), run_time=0.6)

    def _work_out(self) -> None:
        """Bring the two vectors together and sum up their products, one by one, then faster."""
        stage, work = self.layout.stage, self.work
        work.shift([stage.center[0], stage.center[1] + 0.25, 0])
        middle, top, bottom = work.chart
        if self.layout.wide:
            bottom = stage.bottom + self.verdict.height
        else:  # the chips, the columns, the chart and the verdict stand below each other
            highest = float(work.left.get_top()[1]) + ABOVE + self.query.chip.height
            up = stage.center[1] - (highest + bottom - self.verdict.height) / 2
            work.shift([0, up, 0])
            top, bottom = top + up, bottom + up
        self.verdict.move_to([middle, bottom - self.verdict.height / 2, 0])
        halves = ((self.query, work.left), (self.key, work.right))
        fading = [
            part for half, _column in halves for part in (half.source, half.arrow, half.matrix, half.question)
        ]
        names = [half.names for half, _column in halves]
        self.play(*(FadeOut(part) for part in (self.row, *fading, *names)), run_time=0.6)
        moves = []
        for half, column in halves:
            chip = half.chip.generate_target()
            chip.scale(min(1.0, 1.75 / chip.width)).next_to(column, UP, buff=ABOVE)
            moves += [
                MoveToTarget(half.chip),
                FadeOut(half.result, target_position=column),
                FadeIn(column, target_position=half.result),
            ]
        self.play(*moves, run_time=1.0)
        self.labels = VGroup(text(_("products"), 0.24, palette.CAPTION).next_to(work.middle, DOWN, buff=0.2))
        for half, column in halves:
            tensor, _bracket, index = half.tensor.partition("[")
            name = (text(words, 0.2, palette.FAINT, mono=True) for words in (tensor, f"[{index}"))
            self.labels.add(VGroup(*name).arrange(DOWN, buff=0.06).next_to(column, DOWN, buff=0.2))
        legend = text(_("bars: the products · line: their sum so far"), 0.22, palette.FAINT)
        self.labels.add(legend.move_to([middle, top + 0.45, 0]))
        self.play(FadeIn(self.labels), FadeIn(work), run_time=0.6)
        slow = min(3, len(work.products))

        def add_up(moving: DotProduct, amount: float) -> None:
            pace = [0.0, SLOW, SLOW + FAST, 1.0]
            moving.show(
                round(
                    float(np.interp(amount, pace, [0, slow, len(work.products) - slow, len(work.products)]))
                )
            )

        self.play(UpdateFromAlphaFunc(work, add_up, rate_func=linear), run_time=5.5)
        work.show(len(work.products))
        self.play(FadeIn(self.verdict, shift=0.25 * UP), run_time=0.8)
        self.wait(1.5)

    def _land(self, query: int, key: int) -> None:
        """Put the score into its cell."""
        score = self.looks[query, key]
        number = text(score.words, 0.46).move_to(self.verdict.get_right(), aligned_edge=RIGHT)
        gone = (self.work, self.labels, self.verdict, self.query.chip, self.key.chip)
        self.add(number)
        self.play(*(FadeOut(part) for part in gone), run_time=0.6)
        self.play(FadeIn(self.grid.row_labels), FadeIn(self.grid.column_labels), run_time=0.8)
        self.add(self.grid.cells, number)
        target = number.copy().scale(self.grid.number_size / 0.46).move_to(self.grid.place_of(query, key))
        self.play(Transform(number, target), run_time=1.0)
        self.remove(number)
        self.grid.show({(query, key): score})

    def _fill(self, queries: list[int], run_time: float) -> None:
        """Let the rows of these queries appear, cell by cell, one row after the other."""
        keys = self.grid.positions
        there = {place for place, look in self.grid.looks.items() if look.seen > 0}

        def wave(_cells: object, amount: float) -> None:
            for row, query in enumerate(queries):
                for column, key in enumerate(keys):
                    begun = amount * (len(queries) + 1) - row - column / len(keys)
                    if (query, key) not in there:
                        look = self.looks[query, key]
                        self.grid.show({(query, key): replace(look, seen=min(1.0, max(0.0, 3 * begun)))})

        self.play(UpdateFromAlphaFunc(self.grid.cells, wave, rate_func=linear), run_time=run_time)

    def _spotlight(self, query: int, key: int) -> None:
        """Dim everything but the query's row, and frame its best key."""
        others = [
            label
            for place, label in zip(self.grid.places, self.grid.row_labels, strict=True)
            if place != query
        ]
        others += [
            label
            for place, label in zip(self.grid.places, self.grid.column_labels, strict=True)
            if place != key
        ]

        def dim(_cells: object, amount: float) -> None:
            seen = 1 - (1 - DIMMED) * amount
            self.grid.show(
                {at: replace(look, seen=seen) for at, look in self.looks.items() if at[0] != query}
            )

        self.frame = Rectangle(
            width=self.grid.cell[0], height=self.grid.cell[1], stroke_color=palette.QUERY, stroke_width=3
        )
        self.frame.move_to(self.grid.place_of(query, key))
        self.play(
            UpdateFromAlphaFunc(self.grid.cells, dim, rate_func=smooth),
            *(label.animate.set_opacity(DIMMED) for label in others),
            run_time=0.8,
        )
        self.play(FadeIn(self.frame, scale=1.3), run_time=0.5)

    def _product_narration(self) -> str:
        if over_root(self.trace.facts):
            return _(
                "How well they match is their dot product: multiply number by number, "
                "add up all {count}, and divide by the root of their count."
            )
        return _(
            "How well they match is their dot product: multiply number by number, "
            "add up all {count}, and scale the sum as this model does."
        )

    def _grid_narration(self, low: float, high: float) -> str:
        if self.trace.n_tokens == 1:
            return _(
                "One token makes a grid of one cell. "
                "The root keeps scores from growing with the head's width."
            )
        if not over_root(self.trace.facts):
            return _("Every query with every key: {cells} scores, from {low} to {high}.").format(
                cells=count(self.trace.n_tokens**2), low=signed(low), high=signed(high)
            )
        return _(
            "Every query with every key: {cells} scores, from {low} to {high}. "
            "The root keeps their spread from growing with the head's width."
        ).format(cells=count(self.trace.n_tokens**2), low=signed(low), high=signed(high))

    def _match_narration(self, scores_S: Array, key: int) -> str:
        words = {
            "query": token_quote(self.trace.tokens[-1]),
            "key": token_quote(self.trace.tokens[key]),
            "score": signed(float(scores_S[key])),
        }
        if len(scores_S) == 1:
            return _("A token alone has only its own key to meet: {score}.").format(**words)
        if scores_S[key] < scores_S.max():
            return _(
                "Past the first token, the query of “{query}” matches the key of “{key}” best: {score}. "
                "What counts is how far it stands above the rest of its row."
            ).format(**words)
        return _(
            "The query of “{query}” matches the key of “{key}” best: {score}. "
            "What counts is how far it stands above the rest of its row."
        ).format(**words)


def over_root(facts: Facts) -> bool:
    """Whether the score is the dot product over the root of the head's width, as in most families."""
    return facts.attention_softcap is None and math.isclose(facts.scale, facts.d_head**-0.5, rel_tol=1e-6)


def _verdict(facts: Facts, dot: float, score: float) -> str:
    """How the dot product becomes the score: over √d, or as the family does it."""
    product = f'#tone("{palette.QUERY}", $q$) dot #tone("{palette.KEY}", $k$)'
    cap = facts.attention_softcap
    if cap is not None:
        return (
            f"$ {cap:g} tanh ({product}) / ({cap:g} dot {1 / facts.scale:.3g}) "
            f"= {cap:g} tanh ({signed(dot, 2)}) / {cap / facts.scale:.4g} = {signed(score, 2)} $"
        )
    if over_root(facts):
        under = 'sqrt(d_"head")', f"sqrt({facts.d_head})"
    else:
        under = ("c", f"{1 / facts.scale:.4g}")
    return f"$ ({product}) / {under[0]} = ({signed(dot, 2)}) / {under[1]} = {signed(score, 2)} $"
