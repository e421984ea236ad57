"""The same token in two texts starts at one vector and parts with depth."""

from __future__ import annotations

import numpy as np
from manim import (
    DOWN,
    UP,
    Create,
    FadeIn,
    FadeOut,
    LaggedStart,
    MoveToTarget,
    SurroundingRectangle,
    VGroup,
    linear,
)

from scenes import context_words as words
from scenes.layout import SHELF, Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.fork import HUE, Fork
from scenes.mobjects.reordered_row import come_down
from scenes.mobjects.steepest_step import SteepestStep
from scenes.mobjects.token_row import shelved_row
from scenes.mobjects.two_predictions import TwoPredictions
from scenes.mobjects.two_streams import TwoStreams
from scenes.mobjects.vector_difference import VectorDifference
from scenes.parting import parting

BRANCHES = palette.INK, palette.token_colour(HUE)  # the first text's colour, and the second's
LARGER = 1.6  # times, at most, while the two texts are read


class Context(LectureScene):
    """The last token's vector in the prompt and in a second text, depth by depth.

    Data: `resid_pre_LTD`, `resid_final_TD` and, between attention and MLP, `resid_mid_LTD`, of the last
    token; `beside_resid_MD` and `beside_mid_LD` of the last token of `beside_ids_T`: the text given with
    `--beside`, else the prompt with all before its last token in reverse order, else (one or two tokens, or
    the same backwards) the prompt twice. The words are the logit lens at evenly spaced depths. Cosine and
    angle are between the two whole vectors; the step that is marked is the cosine's largest fall.
    """

    reads = (
        "the prompt",
        "the vocabulary",
        "resid_pre_LTD",
        "resid_mid_LTD if any",
        "resid_final_TD",
        "lens_ids_MWN",
        "lens_logprobs_MWN",
        "beside_bytes_B",
        "beside_offsets_T1",
        "beside_resid_MD",
        "beside_mid_LD if any",
        "beside_lens_ids_MN",
        "beside_lens_logprobs_MN",
    )
    poster = "fork"

    def construct(self) -> None:
        """Two texts, two vectors, two streams, the fork, the cosine, the two predictions."""
        # data
        trace = self.trace
        self.parting = parting(trace)
        last = trace.facts.n_layer
        said = np.asarray(trace.lens_ids_MWN)[:, -1, 0], np.asarray(trace.beside_lens_ids_MN)[:, 0]

        # picture
        self.row, below = self.shelved()
        lower = Box(below.left, below.right, below.top - SHELF, below.top)
        self.beside = shelved_row(self.parting.pieces, lower)
        self.stage = Box(below.left, below.right, below.bottom, lower.bottom - 0.25)
        self.frames = VGroup(
            SurroundingRectangle(row[-1], color=colour, buff=0.0, stroke_width=4)
            for row, colour in zip((self.row, self.beside), BRANCHES, strict=True)
        )
        own_MD, beside_MD = self.parting.own_MD, self.parting.beside_MD
        self.start = VectorDifference(own_MD[0], beside_MD[0], self._heads(), self.stage)
        self.streams = TwoStreams(own_MD, beside_MD, self.stage)
        names = [[trace.token_name(int(token)) for token in ids] for ids in said]
        self.fork = Fork(self.parting.angles(), (names[0], names[1]), self.stage)
        self.curve = SteepestStep(
            self.parting.cosines_M, self.parting.steepest, self.stage, palette.token_colour(HUE)
        )
        self.ends = TwoPredictions(
            trace,
            (trace.lens_ids_MWN[-1, -1], trace.beside_lens_ids_MN[-1]),
            (trace.lens_logprobs_MWN[-1, -1], trace.beside_lens_logprobs_MN[-1]),
            self._heads(),
            self.layout.split(self.stage, 1, 1, gap=0.8 if self.layout.wide else 0.4),
        )

        # story
        self.add(self.row)
        with self.beat("texts", words.texts_words(trace, self.parting)):
            self._second_text()
        with self.beat("start", words.start_words(trace, self.parting)):
            for part in self.start.parts:
                self.play(FadeIn(part, shift=0.25 * DOWN), run_time=0.5)
        with self.beat("layers", words.layers_words(trace, self.parting)):
            self.play(FadeOut(self.start), FadeIn(self.streams.names), run_time=0.6)
            run = self.change(self.streams.reach, 0, last + 1)
            self.play(run, run_time=max(2.5, 0.15 * last), rate_func=linear)
        with self.beat("fork", words.fork_words(self.parting)):
            self.play(FadeOut(self.streams), FadeIn(self.fork.plot), run_time=0.8)
            self.add(self.fork)
            self.play(self.change(self.fork.grow, 0, last), run_time=4.0, rate_func=linear)
        with self.beat("cosine", words.cosine_words(trace, self.parting)):
            self.play(FadeOut(self.fork), FadeIn(self.curve.plot), run_time=0.8)
            self.play(Create(self.curve.curve), run_time=2.0, rate_func=linear)
            self.play(Create(self.curve.step), FadeIn(self.curve.note), run_time=0.8)
        with self.beat("ends", words.ends_words(trace, self.parting), last=True):
            self.play(FadeOut(self.curve, self.frames), run_time=0.6)
            bars = [FadeIn(part, shift=0.25 * UP) for part in self.ends]
            self.play(LaggedStart(*bars, lag_ratio=0.3), run_time=1.4)

    # The rest plays the story's parts.

    def _second_text(self) -> None:
        """Every token of the prompt comes down to its place in the second text, where it has one there."""
        widest, middle = max(self.row.width, self.beside.width), np.array(self.layout.stage.center)
        larger = min(LARGER, self.stage.width / widest)
        at = [row.get_center() for row in (self.row, self.beside)]
        for row, up in ((self.row, 0.6), (self.beside, -0.6)):
            row.generate_target().scale(larger).move_to(middle + up * larger * UP)
        self.beside.become(self.beside.target)
        self.play(MoveToTarget(self.row), run_time=1.0)
        self.play(come_down(self.row, self.beside, self.parting.origins), run_time=2.2)
        self.add(self.beside)
        self.wait(0.6)
        back = (
            row.animate.scale(1 / larger).move_to(place)
            for row, place in zip((self.row, self.beside), at, strict=True)
        )
        self.play(*back, run_time=1.0)
        self.play(Create(self.frames), run_time=0.6)

    def _heads(self) -> tuple[VGroup, VGroup]:
        """Each row's last chip in its frame, to stand above what is its own."""
        rows = zip((self.row, self.beside), self.frames, strict=True)
        one, other = (VGroup(row[-1].copy(), frame.copy()).scale(0.9) for row, frame in rows)
        return one, other
