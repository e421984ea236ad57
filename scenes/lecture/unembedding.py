"""The last vector is read by a matrix with a column a token; so are all others, and each guesses."""

from __future__ import annotations

import numpy as np
from manim import DOWN, LEFT, UP, Create, FadeIn, FadeOut, SurroundingRectangle, linear

from scenes import unembedding_words as said
from scenes.guesses import guesses, shown
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.code_lengths import CodeLengths
from scenes.mobjects.dot_product import DotProduct
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.eye import look
from scenes.mobjects.guess_grid import GuessGrid
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import signed, written
from scenes.mobjects.pixel_wall import PixelWall
from scenes.mobjects.plot import Axis
from scenes.mobjects.ranked_plot import RankedPlot
from scenes.mobjects.readout import Readout
from scenes.mobjects.surprise_bars import SurpriseBars
from scenes.mobjects.token_table import Column, TokenTable
from scenes.mobjects.vector_strips import VectorStrips

YAW = 26.0  # degrees that the wall is seen from aside
DRAWER = (0.8, 2.0)  # frame units that it is wide, and that it comes out
MARK = 0.06  # frame units around the last vector


class Unembedding(LectureScene):
    """How the last vector becomes logits, and what every other vector says of the token after it.

    Data: `resid_final_TD` and `ln_f_TD` (the vectors before and after the final norm), `unembed_ND` (the
    likeliest tokens' columns of W_U), `logits_last_V`, and the picture of W_U: W_E's where they are one.
    The token is the likeliest one, and the table has the ten likeliest. Of guesses all are shown for which
    there is room, else those that what came surprised most, and always the last, which is open; score and
    code count all positions. One token has one guess and no score.
    """

    reads = (
        "the prompt",
        "the vocabulary",
        "resid_final_TD",
        "ln_f_TD if any",
        "unembed_picture_RC or wte_picture_RC",
        "unembed_ids_N",
        "unembed_ND",
        "logits_last_V",
        "top_ids_TN",
        "top_logits_TN",
        "logsumexp_T",
        "next_rank_T",
        "next_logprob_T",
    )
    poster = "guess"

    def construct(self) -> None:
        """The last vector, the wall, the dot product, all logits, all guesses, their score, their code."""
        # data
        trace, facts = self.trace, self.trace.facts
        self.ids, self.logits_V = trace.unembed_ids_N[:].tolist(), trace.logits_last_V[:]
        self.names = [trace.token_name(token) for token in self.ids]
        # a model without a final norm (some of OPT's) reads the stream as it is
        self.read_D = trace.ln_f_TD[-1] if trace.has("ln_f_TD") else trace.resid_final_TD[-1]
        self.lengths = tuple(float(np.linalg.norm(x)) for x in (trace.resid_final_TD[-1], self.read_D))
        self.made = guesses(trace)
        known, chance = self.made[:-1], float(np.log2(facts.n_vocab))
        best, equals = self.names[0], int((self.logits_V == self.logits_V.max()).sum())

        # picture
        self.row, below = self.shelved()
        upper, lower = self.layout.stack(below, None, 0.5, gap=0.15)
        self._build_reading(upper, lower)
        self._build_logits(below)
        cells = GuessGrid.most(below)
        self.asked = shown(self.made, cells)
        whole = len(self.made) < cells  # then the first token, which nothing guesses, has a place as well
        self.grid = GuessGrid(trace.tokens[0] if whole else None, self.asked, below)
        self.score = SurpriseBars(known, facts.n_vocab, below) if known else None
        high = min(below.height, 3.2)
        self.code = CodeLengths(known, facts.n_vocab, below.width, high) if known else None

        # story
        self.add(self.row)
        before, after = map(written, self.lengths)
        normed = said.NORMED if trace.has("ln_f_TD") else said.BARE
        with self.beat("last", normed, width=facts.d_model, before=before, after=after):
            self._read_out()
        with self.beat("wall", said.wall_words(facts, best)):
            self._open_wall()
        with self.beat("dot", said.dot_words(facts, best, float(self.work.sums[-1]), self.logit)):
            self._multiply()
        with self.beat("all", said.all_words(best, facts.n_vocab, equals)):
            self._show_logits()
        with self.beat("guess", said.guess_words(self.made, len(self.asked)), last=not known):
            self._guess()
        if self.score is not None and self.code is not None:
            with self.beat("score", said.score_words(known, chance)):
                self.play(FadeOut(self.grid), FadeIn(self.score.plot), run_time=0.6)
                self.add(self.score.bars)
                self.play(self.change(self.score.grow, 0, 1), run_time=2)
                self.play(FadeIn(self.score.lines), FadeIn(self.score.peaks), run_time=0.8)
            with self.beat("code", said.code_words(*self.code.bits.tolist()), last=True):
                self.play(FadeOut(self.score), FadeIn(self.code.move_to(below.center)), run_time=0.6)
                self.play(self.change(self.code.grow, 0, 1), run_time=2)

    # The rest builds what the story plays, and plays its parts.

    def _build_reading(self, upper: Box, lower: Box) -> None:
        """The vectors under their tokens, the wall with the column of the best, and their product."""
        trace, best = self.trace, self.ids[0]
        own = "unembed_picture_RC" if trace.has("unembed_picture_RC") else "wte_picture_RC"
        self.strips = VectorStrips(trace.resid_final_TD[:], "resid_final_TD", self.row, upper)
        self.length = Readout(_("length"), written, self.lengths, 0.34).move_to(lower.center)
        shape = (trace.facts.d_model, trace.facts.n_vocab)
        box = Box(upper.left, upper.right, lower.bottom, upper.top)
        self.wall = PixelWall(getattr(trace, own)[:], box, shape, own, {best: trace.unembed_ND[0]})
        self.wall.column, self.wall.drawer = best, DRAWER
        tones = palette.INK, palette.POSITIVE_LARGE
        self.work = DotProduct(self.read_D, trace.unembed_ND[0], box.width, upper.height, tones)
        self.work.shift(upper.center)  # its box varies with the sum, its axis does not
        self.logit = float(self.logits_V[best])
        name = text(f"logits_last_V[{best}] = {signed(self.logit, 2)}", 0.26, palette.CAPTION, mono=True)
        self.index = name.move_to(lower.center)

    def _build_logits(self, below: Box) -> None:
        """Ten logits as a table, all of them as a curve."""
        left, right = self.layout.split(below, 1, 1.6)
        top = self.logits_V[self.ids]
        column = Column(_("logit"), lambda logit: signed(logit, 2), top.tolist())
        self.table = TokenTable(self.names, [column], left.width, left.height).show(0, top)
        self.table.move_to(left.center)
        room = 0.08 * float(np.ptp(self.logits_V)) or 1.0
        low, high = float(self.logits_V.min()) - room, float(self.logits_V.max()) + room
        self.plot = RankedPlot(self.logits_V, Axis(low, high, _("logit")), right)
        self.curve = self.plot.line()
        self.winner = self.plot.moving_dot(1, high - room)

    def _read_out(self) -> None:
        self.play(one_by_one(self.strips), run_time=1.6)
        last = self.strips.strips[-1]
        self.frame = SurroundingRectangle(last, buff=MARK, color=palette.QUERY, stroke_width=3)
        others = [strip.animate.set_opacity(0.25) for strip in self.strips.strips[:-1]]
        self.play(FadeIn(self.frame), *others, FadeIn(self.length), run_time=0.8)
        self.play(self.change(self.length.show, *self.lengths), run_time=1.6)

    def _open_wall(self) -> None:
        wall = self.wall
        self.play(FadeOut(self.strips, self.length, self.frame), FadeIn(wall), run_time=0.8)
        yaw = -YAW if wall.x_of(wall.column) < 0 else YAW
        self.play(look(wall, wall.aslant(yaw), 1.2))
        self.play(self.change(wall.open, 0, 1), self.change(wall.focus, 0, 1), run_time=1.8)

    def _multiply(self) -> None:
        work, total = self.work, len(self.work.products)
        self.play(FadeOut(self.wall), FadeIn(work.vectors[1], shift=UP), run_time=0.8)
        self.play(FadeIn(work.vectors[0], shift=DOWN), FadeIn(work.zero), run_time=0.6)
        self.add(work)
        slow = min(3, total)
        for done in range(slow):
            work.show(done + 1)
            self.wait(0.6)
        step = self.change(lambda summed: work.show(round(summed)), slow, total, work)
        self.play(step, run_time=3, rate_func=linear)
        self.play(FadeIn(self.index, shift=0.25 * UP), run_time=0.6)

    def _show_logits(self) -> None:
        first, *others = (self.table.row(row) for row in range(len(self.ids)))
        self.play(FadeOut(self.work, self.index), FadeIn(first, shift=0.25 * LEFT), run_time=0.8)
        self.play(one_by_one(others), FadeIn(self.plot, self.winner), run_time=1.2)
        self.play(Create(self.curve), run_time=1.6)

    def _guess(self) -> None:
        self.play(FadeOut(self.table, self.plot, self.curve, self.winner), run_time=0.5)
        self.play(one_by_one(self.grid.ghosts), run_time=1.4)
        if len(self.grid.truths):
            self.play(one_by_one(self.grid.truths, UP), run_time=1.2)
        if len(self.grid.verdicts):
            self.grid.tell(0)
            self.add(self.grid.verdicts)
            self.play(self.change(self.grid.tell, 0, 1), run_time=1.6)
