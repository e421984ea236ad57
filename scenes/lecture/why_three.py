"""Why Q, K and V: a grid that is not its own mirror image, and what is found but hands over little."""

from __future__ import annotations

import numpy as np
from manim import UP, Animation, FadeIn, FadeOut, LaggedStart, TransformFromCopy, VGroup, linear

from scenes import N_
from scenes import why_three_words as words
from scenes.chosen_head import chosen_head, matched_key
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.matching import Floats, Matching, apart, shades
from scenes.mobjects import palette
from scenes.mobjects.butterfly import Butterfly, level_of
from scenes.mobjects.dials import three_dials
from scenes.mobjects.eye import look
from scenes.mobjects.mirror_panel import MirrorPanel, asking_pair
from scenes.mobjects.score_grid import ScoreGrid
from scenes.mobjects.two_results import TwoResults
from scenes.mobjects.weighing import titles, weighings

CLOSED, HALF = 90.0, 44.0  # degrees that the wings are up
SIDE, ABOVE = (62.0, 14.0), (12.0, 28.0)  # yaw and pitch of the eye, on the closed wings and the half-open
DRIFT = 1.5  # degrees a second
DIMMED = 0.35


class WhyThree(LectureScene):
    """The mirror test: q·k and k·k folded along the diagonal; then v in the place of k; then three dials.

    Data: `q_LHTK`, its keys and values (`Trace.keys`, `Trace.values`), `mask_TS` (where the trace has none,
    every query may look at itself and at what came before). All products, softmaxes and sums are computed
    from these, scaled and capped as the model does. The head is the one that `chosen_head` finds; the pair is
    the one whose two scores differ most, the later token first; the result is the last token's. The dials are
    those of the tokens that are found most, by the mean weight of all that may look at them.
    """

    reads = (
        "the prompt",
        "pattern_last_LHS",
        "scores_last_LHS",
        "q_LHTK of one head",
        "q_pre_rope_LHTK of one head if any",
        "k_LHTK or k_LCTK of one head",
        "v_LHTK or v_LCTK of one head",
        "mask_TS or mask_LTS if any",
    )
    poster = "differ"

    def construct(self) -> None:
        """The grid, folded with the keys alone, with a query of its own, a pair, a value, three dials."""
        # data
        tokens, n_tokens = self.trace.tokens, self.trace.n_tokens
        layer, head = self.shown = chosen_head(self)
        self.vectors = vectors = Matching.of(self.trace, layer, head)

        # picture
        self.credit(layer, head)
        self.row, below = self.shelved()
        self.scored = self._grid(layer, head)
        corner, right, under = self.scored.grid.cells.points[:3]
        flat = Box(corner[0], right[0], under[1], corner[1])
        room, self.side = self.layout.split(self.layout.stage, 8.0, 5.0)
        self.butterfly = Butterfly(shades(vectors.both), flat, room, tokens)
        states = self._state(vectors.both), self._state(vectors.one)
        self.panel = MirrorPanel(self.side, *states, vectors.choosing, self.names, words.notes(vectors))
        stage = self.layout.stage
        room, aside = stage.columns(8.3, 4.7) if stage.width > 12 else stage.rows(8.3, 4.7)
        self.weighings = weighings(tokens, vectors, room)
        given_2K = [given[-1] for given in vectors.given]
        receives = words.receives(tokens[-1], len(given_2K[0]))
        self.results = TwoResults(titles(), receives, given_2K, vectors.cosines, aside)
        own = vectors.themselves(vectors.one)
        self.dials, self.places = three_dials(tokens, vectors, below)

        # story
        self.add(self.row)
        with self.beat("grid", words.grid_words(n_tokens)):
            self._lay_out()
        with self.beat("turn", words.turn_words(n_tokens)):
            self._stand()
        with self.beat("same", N_("Why two vectors? Let the key do both jobs: every key with every key.")):
            self._blend(0, 1)
        with self.beat("fold", words.fold_words(vectors.one, own, vectors.choosing), drift=self._sway):
            self._bend(CLOSED, SIDE, 3.0)
        with self.beat("differ", words.differ_words(vectors.both, vectors.one), drift=self._sway):
            self._blend(1, 0)
            self._bend(HALF, ABOVE, 2.5)
        if n_tokens > 1:
            with self.beat("pair", words.pair_words(tokens, vectors), drift=self._sway):
                self._show_pair()
        with self.beat("value", words.value_words(n_tokens)):
            self._weigh()
        with self.beat("result", words.result_words(tokens[-1], vectors.cosines)):
            self._compare()
        with self.beat("dials", words.dials_words(tokens, vectors), last=True):
            self._turn_dials()

    # The rest plays the story's parts.

    def _grid(self, layer: int, head: int) -> ScoreGrid:
        trace, stage = self.trace, self.layout.stage
        link = (trace.n_tokens - 1, matched_key(trace, layer, head))
        query = f"q_LHTK[{layer}, {head}]"
        key = f"k_{trace.facts.key_axes}[{layer}, {head // trace.facts.group}]"
        self.names = (f"{query} · {key}", f"{key} · {key}")
        return ScoreGrid(trace.tokens, self.vectors.both.astype(np.float32), link, stage, self.names[0])

    def _state(self, scores_TS: Floats) -> Floats:
        """What the panel says of a grid; see `MirrorPanel`."""
        own = self.vectors.themselves(scores_TS)
        return np.array([apart(scores_TS), own, scores_TS.min(), scores_TS.max()])

    def _lay_out(self) -> None:
        """The tokens come down from the row and stand along the grid; its rows fill."""
        grid = self.scored.grid
        self.wait(0.5)
        self.play(self.scored.arrival(self.row), FadeOut(self.row, run_time=0.8), run_time=1.4)
        self.add(grid.cells)
        fill = self.change(self.scored.filling(grid.positions), 0, 1, grid.cells).set_rate_func(linear)
        self.play(fill, FadeIn(grid.rules), FadeIn(self.scored.note), run_time=2.4)

    def _stand(self) -> None:
        """The numbers go, colour tells each score; the grid turns and stands on its corner."""
        scored, cells = self.scored, self.scored.grid.cells
        glows_TS = level_of(shades(self.vectors.both)) / 255
        self.play(self.change(lambda amount: scored.colour(glows_TS, amount), 0, 1, cells), run_time=1.0)
        self.remove(cells)
        self.add(self.butterfly)
        names = VGroup(scored.grid.row_labels, scored.grid.column_labels, scored.grid.rules, scored.note)
        self.play(FadeOut(names, run_time=0.5), self.change(self.butterfly.turn, 0, 1), run_time=1.8)
        self.play(FadeIn(self.panel, shift=0.25 * UP), run_time=0.8)

    def _blend(self, start: int, goal: int) -> None:
        """One grid becomes the other, cell by cell: q·k is 0, k·k is 1."""
        grids = [shades(each) for each in (self.vectors.both, self.vectors.one)]
        states = [self._state(each) for each in (self.vectors.both, self.vectors.one)]

        def blend(amount: float) -> None:
            self.butterfly.show(grids[0] + (grids[1] - grids[0]) * amount)
            self.panel.show(states[0] + (states[1] - states[0]) * amount).switch(amount)

        self.play(self.change(blend, start, goal, self.butterfly, self.panel), run_time=2.0)

    def _bend(self, degrees: float, eye: tuple[float, float], run_time: float) -> None:
        """Fold the wings up to there while the eye goes round."""
        start, wings = self.butterfly.folded, self.butterfly

        def bend(amount: float) -> None:
            wings.bend(start + (degrees - start) * amount)

        self.play(look(wings, wings.aslant(*eye, degrees), run_time, also=bend))

    def _sway(self, seconds: float) -> Animation:
        """While a caption is read, the eye goes on round the wings."""
        wings, eye = self.butterfly, self.butterfly.eye
        return look(wings, wings.aslant(eye.yaw - DRIFT * seconds, eye.pitch, wings.folded), seconds)

    def _show_pair(self) -> None:
        """The two cells that differ most, outlined, and in words."""
        later, earlier = self.vectors.pair
        self.butterfly.mark([(later, earlier), (earlier, later)], [palette.INK] * 2)
        self.asking = asking_pair(self.trace.tokens, later, earlier, self.vectors.both, self.side)
        marks = self.change(self.butterfly.show_marks, 0, 1)
        self.play(FadeOut(self.panel, run_time=0.5), marks, run_time=1.0)
        self.play(
            LaggedStart(*(FadeIn(way, shift=0.25 * UP) for way in self.asking), lag_ratio=0.5), run_time=1.5
        )

    def _weigh(self) -> None:
        """The weights with the key, then with the value in its place."""
        first, second = self.weighings
        self.play(*self.gone(), run_time=0.6)
        second.show(self.vectors.weights[0])
        self.play(*map(FadeIn, (first.title, first.picture)), run_time=0.8)
        self.play(*map(FadeIn, (first.words, first.frame)), run_time=0.6)
        self.play(TransformFromCopy(first.title, second.title), FadeIn(second.picture), run_time=0.8)
        heat = second.picture.heat
        self.play(self.change(second.show, *self.vectors.weights, heat), run_time=1.8)
        self.play(*map(FadeIn, (second.words, second.frame)), run_time=0.6)

    def _compare(self) -> None:
        """What the last token receives either way, and their cosine among those of all tokens."""
        results = self.results
        results.receive(0)
        self.play(FadeIn(results.strips_part), run_time=0.6)
        self.play(self.change(results.receive, 0, 1, *results.strips), run_time=1.2)
        self.play(FadeIn(results.cosine_part), run_time=0.6)
        cosine = float(self.vectors.cosines[-1])
        self.play(self.change(results.show, 1.0, cosine, results.cosine, results.mark), run_time=1.4)

    def _turn_dials(self) -> None:
        """Three measures of each token; the one that is found most stays lit."""
        self.play(*self.gone(), FadeIn(self.row), run_time=0.8)
        self.dials.show(np.zeros(3))
        self.add(self.dials)
        self.play(FadeIn(self.dials.names), run_time=0.6)
        for column in range(3):
            start, goal = np.arange(3) < column, np.arange(3) <= column
            self.play(self.change(self.dials.show, start, goal), run_time=1.1)
        others = VGroup(*(self.dials.row(row) for row in range(1, len(self.places))))
        if len(others):
            self.play(others.animate.set_opacity(DIMMED), run_time=0.8)
