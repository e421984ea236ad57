"""The cross-section: tokens → vectors → attention → MLP → … → last vector → probabilities."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
from manim import UP, Animation, FadeIn, FadeOut, ShowPassingFlash, linear, smooth

from scenes import overview_words as words
from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mathematics import softmax
from scenes.mobjects import palette
from scenes.mobjects.attended import Attended, busiest_head, most_attended
from scenes.mobjects.comet import Comet
from scenes.mobjects.cross_section import CrossSection
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.eye import look
from scenes.mobjects.growth import Growth, NamedSeam, first_piece
from scenes.mobjects.lettering import text
from scenes.mobjects.number_columns import NumberColumns
from scenes.mobjects.numerals import plain
from scenes.mobjects.reading import Reading
from scenes.mobjects.residual_stack import last_between
from scenes.mobjects.standpoints import Standpoints
from scenes.mobjects.stream_legend import stream_legend
from scenes.mobjects.vector_pair import VectorPair

LAYER = 0  # the one that is shown slowly
YAWS = 24.0, 35.0  # degrees: the block's slow turn
DRIFT = 1.5  # degrees a second


class Overview(LectureScene):
    """The residual stream of the last token through every layer, as one block cut lengthwise.

    Data: see `read_stack` for the block and `CrossSection` for the words above it; `pattern_LHTS[0]`: of the
    head that gives the least weight to the first token and to the token itself, summed over queries, the last
    token's weights; `logits_last_V`.
    """

    reads = (
        "the prompt",
        "the vocabulary",
        "the stream",
        "pattern_LHTS",
        "lens_ids_MWN",
        "lens_logprobs_MWN",
        "logits_last_V",
    )
    poster = "cross_section"

    def construct(self) -> None:
        """Numbers, one layer slowly, all of them, the block, opened, read at its end."""
        # data
        trace, facts, tokens = self.trace, self.trace.facts, self.trace.tokens
        self.head = busiest_head(np.asarray(trace.pattern_LHTS[LAYER]))
        self.weights_S = np.asarray(trace.pattern_LHTS[LAYER, self.head])[-1]
        layer = last_between(trace, LAYER, LAYER + 1)
        self.kept, _lengths = last_between(trace, 0, facts.n_layer)
        self.odds_V = softmax(np.asarray(trace.logits_last_V))
        best = int(self.odds_V.argmax())
        parallel = not trace.has("resid_mid_LTD")

        # picture
        self.section = CrossSection(trace, most_attended(self.weights_S))
        self.block, self.stack = self.section.block, self.section.block.stack
        self.row, _below = self.shelved()
        self.legend = stream_legend(len(self.stack.tokens), trace.n_tokens, self.layout)
        self.views = Standpoints(self.section, self.layout, self.legend.height)
        first_TD = np.asarray(trace.resid_pre_LTD[0])
        self.columns = NumberColumns(first_TD, self.stack.elements, self.row, self.views.below)
        self.views.settle(YAWS)
        every = len(self.block.parted) == len(self.stack.seams)
        to_mlp, to_next = self.section.first_layer()

        # story
        self.add(self.row)
        with self.beat("numbers", words.numbers_words(facts)):
            self._numbers()
        attending = words.attention_words(self.weights_S.tolist(), LAYER, self.head)
        with self.beat("attention", attending, drift=self._sway):
            self._attend()
            self._grow(_("Attention"), palette.ATTENTION_HUE, to_mlp)
        with self.beat("mlp", words.mlp_words(*layer, parallel), drift=self._sway):
            self._grow(_("MLP"), palette.GELU, to_next)
        with self.beat("layers", words.layers_words(facts, parallel), drift=self._sway):
            growth = Growth(self.section, self.views, YAWS[0])
            whole = self.change(growth.show, 0, 1, self.section)
            self.play(whole, run_time=growth.seconds, rate_func=linear)
        with self.beat("cross_section", words.block_words(self.stack.cosines), drift=self._sway):
            self._turn()
        with self.beat("plates", words.plates_words(self.block.together, every), drift=self._sway):
            self._open()
        reading = words.read_words(len(tokens), trace.token_name(best), float(self.odds_V[best]))
        with self.beat("last_vector", reading):
            self._read()
        with self.beat("first_and_last", words.compare_words(tokens[-1], self.kept), last=True):
            self._compare()

    # The rest is what the story plays, beat by beat.

    def _numbers(self) -> None:
        """Columns of numbers, then of cells; the last token's stays, the others line up behind it."""
        columns = self.columns
        entry = one_by_one([*columns.numbers, *columns.gap], lag_ratio=0.08)
        self.play(entry, FadeIn(columns.links), run_time=1.8)
        self.wait(1.0)
        self.play(FadeOut(columns.numbers), *map(FadeIn, columns.few), run_time=0.8)
        self.wait(0.4)
        self.play(*map(FadeOut, columns.few), *map(FadeIn, columns.many), run_time=0.8)
        self.wait(0.6)
        first_piece(self.section)
        front = self.views.frontal()
        self.bring_to_front(columns.many[-1])
        gathered = columns.gathered(front.project(self.block.front_corners(0)))
        self.play(*gathered, *map(FadeOut, (columns.links, columns.gap, self.row)), run_time=1.4)
        self.remove(*columns.many)
        self.add(self.section.see(front))

    def _attend(self) -> None:
        """Turn to the end face, where all tokens stand; the last one's arcs."""
        side = self.views.close()
        self.play(look(self.section, side, run_time=2.2))
        self.attended = Attended(self.block, self.weights_S, self.trace.tokens)
        self.attended.names.choose(side)
        self.credit(LAYER, self.head)
        self.play(self.attended.drawn(side, run_time=1.2))
        if self.attended.keys:
            self.play(self.attended.flown(side, run_time=1.6))
        self.play(FadeOut(self.attended), run_time=0.4)
        self.credit()

    def _grow(self, name: str, hue: str, goal: int) -> None:
        """Pieces come out of the end face, one after the other, up to `goal`; the seam has its name."""
        seam = NamedSeam(self.section, self.views, name, hue)
        for step in seam.out_of_the_end(goal):
            self.add(seam.label)
            self.play(self.change(step, 0, 1, self.section, seam.label), run_time=1.5)
        self.play(FadeOut(seam.label), run_time=0.3)

    def _turn(self) -> None:
        """The whole block turns slowly; the line of lengths is drawn below it."""
        (start, end), section = YAWS, self.section

        def turn(yaw: float) -> None:
            section.line.shown = min(1.0, 3 * (yaw - start) / (end - start))
            self.views.see_whole(yaw)

        self._add_behind(self.legend.show(0))
        begun = start + DRIFT
        first = self.change(turn, start, begun, section)
        self.play(self.legend.faded(1.0), first, run_time=1, rate_func=linear)
        rest = self.change(turn, begun, end, section)
        self.play(rest, run_time=(end - begun) / DRIFT, rate_func=linear)

    def _open(self) -> None:
        """The seams part; one comet runs through the last token's vectors; closed again."""
        open_up = partial(self.views.see_whole, YAWS[1])
        open_up(1)  # the textures of the plates are made now, not while they move
        self.play(self.change(open_up, 0, 1, self.section), run_time=2.2)
        self.comet = Comet(self.stack.cosines)
        self.add(self.comet)
        run = partial(self.comet.show, self.section.eye.project(self.block.steps()))
        self.play(self.change(run, 0, 1, self.comet), run_time=4.0, rate_func=linear)
        self.remove(self.comet)
        self.play(self.change(open_up, 1, 0, self.section), run_time=1.8)

    def _read(self) -> None:
        """Along the front to the end face: the last vector alone is lit, and read."""
        end = self.views.end()
        self.play(self.legend.faded(0.0), run_time=0.3)
        self.remove(self.legend)
        self.play(look(self.section, end, run_time=2.4, also=self.section.left_to_its_end))
        corners = end.project(self.block.end_corners(-1))
        self.reading = reading = Reading(corners, self.trace.token_name, self.odds_V, self.views.panel)
        self.play(FadeIn(reading.frame), run_time=0.4)
        self.play(ShowPassingFlash(reading.beam, time_width=0.7), run_time=0.8)
        self.play(one_by_one(reading.bars, UP), run_time=1.2)

    def _compare(self) -> None:
        """The vector that came in beside the one that goes out."""
        self.pair = pair = VectorPair.of_block(self.block, (_("came in"), _("goes out")), self.views.panel)
        self.add(*pair.columns)
        self.play(FadeOut(self.reading.bars), FadeIn(self.row), *pair.moved(), run_time=2.0)
        self.cosine = text(plain(self.kept, 2), 0.6, palette.INK).move_to(pair.center)
        self.play(FadeIn(self.cosine, scale=1.4), run_time=0.8)
        self.wait(1)

    def _sway(self, seconds: float) -> Animation:
        """While a caption is read, the block turns on, towards its front."""
        eye = self.section.eye
        return look(self.section, replace(eye, yaw=eye.yaw - DRIFT * seconds), seconds, smooth)
