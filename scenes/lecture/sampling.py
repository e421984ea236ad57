"""Five ways of writing on from one prompt: greedy, top-k, top-p, all tokens, beam search."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from manim import UP, Animation, Create, FadeIn, FadeOut, VGroup, linear

from model_probe.runs import AGAIN, BEAM, FULL, OTHER, ROWS
from scenes import sampling_words as said
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mathematics import softmax
from scenes.mobjects import palette
from scenes.mobjects.banks import Banks, Written
from scenes.mobjects.beam_tree import BeamTree, Search
from scenes.mobjects.block import Block
from scenes.mobjects.descent import Descent, Fall
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.eye import Eye, look
from scenes.mobjects.gates import Gate, Gates
from scenes.mobjects.numerals import plain
from scenes.mobjects.same_seed import SameSeed
from scenes.mobjects.small_model import pass_through, threads
from scenes.mobjects.two_draws import Draws
from scenes.ways import FIVE, parted, repeated, rule, ways

DIM = 0.25
YAW, DRIFT = 24.0, 1.5  # degrees, and degrees a second
BLOCK, ROOMY = 3.3, 10.0  # frame units, the block's width where so much is there for it and the texts


class Sampling(LectureScene):
    """One prompt, five banks; the gate; the texts as rivers; the search as a tree; two seeds; the descent.

    Data: `runs_ids_RG`, `runs_logprobs_RG` and the others of that name: greedy, top-k with k = 40, top-p with
    p = 0.9, all tokens, and a search with four beams, each from the same run of the prompt, with the run's
    seed; 12 tokens, or up to the end of the text or of the context. The sorted curve is the softmax of
    `logits_last_V`. A loop is the longest phrase of two tokens or more that comes twice in a text. Seeds are
    compared on draws from all tokens: the seed, the seed once more, and the seed after it; they part at the
    first token that differs. At the end the texts stand in the order of their mean log-probability.
    """

    reads = (
        "the prompt",
        "the vocabulary",
        "the stream",
        "logits_last_V",
        "runs_lengths_R",
        "runs_ids_RG",
        "runs_logprobs_RG",
        "runs_kept_RG",
        "runs_mass_RG",
        "runs_uniform_RG",
        "runs_spans_RG2",
        "runs_beam_ids_GE",
        "runs_beam_parents_GE",
        "runs_beam_logprobs_GE",
    )
    poster = "winner"

    def construct(self) -> None:
        """Banks, gate, rivers, loop, tree, winner, seed, other seed, scale, end."""
        # data
        trace, facts = self.trace, self.trace.facts
        self.ways = ways(trace)
        self.five = [self.ways[row] for row in FIVE]
        full, again, other = (self.ways[row] for row in (FULL, AGAIN, OTHER))
        self.search = Search(
            trace.runs_beam_ids_GE[:], trace.runs_beam_parents_GE[:], trace.runs_beam_logprobs_GE[:]
        )
        self.odds_V = softmax(np.asarray(trace.logits_last_V))
        self.steps = trace.runs_ids_RG.shape[1]

        # picture
        self.row, self.below = self.shelved()
        texts = [Written(way.name, way.pieces, way.probabilities) for way in self.five]
        self.banks = Banks(texts, self.below).reach(0)
        self.gates = Gates(self.odds_V, [Gate(way.name, way.kept, way.mass) for way in self.five], self.below)
        self.tree = BeamTree(self.search, trace.token_name, self.below)
        self.seeds = self._seeds(self.below)
        falls = [Fall(way.name, way.pieces, way.logprobs) for way in self.five]
        self.descent = Descent(falls, self.search, self.below, Eye(yaw=YAW, pitch=8))
        self._build_end(texts)

        # story
        self.add(self.row)
        with self.beat("banks", said.BANKS):
            self._spring(facts.n_vocab)
        with self.beat("gate", said.GATE, count=len(self.odds_V)):
            self._gate()
        with self.beat("rivers", said.rivers_words(self.five, self.steps)):
            self.play(FadeOut(self.gates, self.gates.flags), FadeIn(self.banks), run_time=0.8)
            self.play(self._flow(self.banks.reach), run_time=6)
        with self.beat("loop", said.loop_words(self.five)):
            self._loop()
        with self.beat("tree", said.TREE, beams=ROWS[BEAM][0].beams):
            self.play(FadeOut(self.banks, self.lines), FadeIn(self.tree.grow(0)), run_time=0.8)
            self.play(self._flow(self.tree.grow), run_time=6)
        with self.beat("winner", said.survivor_words(self.search, facts)):
            self.play(self.change(self.tree.win, 0, 1), run_time=2)
        with self.beat("seed", said.seed_words(full, again, facts.seed)):
            self._again()
        with self.beat("other", said.other_words(full, other, facts.seed + 1)):
            self._part()
        with self.beat("scale", said.scale_words(self.five, self.search), drift=self._swing):
            self.play(FadeOut(*self.seeds.everything()), run_time=0.6)
            self.play(FadeIn(self.descent.flow(0)), run_time=0.6)
            self.play(self._flow(self.descent.flow), run_time=4)
        with self.beat("end", said.last_words(self.five), last=True):
            self._end()

    # The rest builds what the story plays, and plays its parts.

    def _seeds(self, box: Box) -> SameSeed:
        """The draws from all tokens, the same draws again, and those of another seed."""
        drawn = [self.ways[row] for row in (FULL, AGAIN, OTHER)]
        seed = self.trace.facts.seed
        names = [_("seed {seed}").format(seed=number) for number in (seed, seed, seed + 1)]
        names[1] = _("seed {seed} again").format(seed=seed)
        texts = [Written(name, way.pieces, way.probabilities) for name, way in zip(names, drawn, strict=True)]
        draws = [Draws(names[at], drawn[at].draws, drawn[at].spans, drawn[at].pieces) for at in (0, 2)]
        return SameSeed(texts, draws, parted(drawn[0], drawn[2]), box)

    def _build_end(self, texts: list[Written]) -> None:
        """The model's block, and out of it the five texts, the likeliest uppermost."""
        order = sorted(range(len(self.five)), key=lambda at: -self.five[at].per_token)
        self.aside = self.below.width > ROOMY
        left, place = (
            self.below.columns(BLOCK, self.below.width - BLOCK, gap=0.5)
            if self.aside
            else self.below.stack(1.4, None, gap=0.3)
        )
        self.block = Block.of_trace(self.trace).fit(left)
        self.last = Banks([texts[at] for at in order], place).reach(0)
        self.values = self.last.values([plain(self.five[at].per_token, 2) for at in order])

    def _flow(self, setter: Callable[[float], object]) -> Animation:
        return self.change(setter, 0, self.steps).set_rate_func(linear)

    def _spring(self, vocabulary: int) -> None:
        """From the last token a thread to each bank."""
        last = self.row.chips[max(self.row.chips)]
        fan = self.banks.fan(last.get_bottom(), last.box.get_stroke_color(), down=True)
        self.rules = self.banks.rules([rule(way, vocabulary) for way in self.five])
        self.wait(0.6)
        self.play(Create(fan, lag_ratio=0.15), run_time=1.2)
        self.play(FadeIn(self.banks), run_time=0.6)
        self.play(FadeOut(fan), one_by_one(self.rules, UP, 0.3), run_time=2)

    def _gate(self) -> None:
        """The gate falls from all tokens to one; a flag stays wherever one of the five has it."""
        self.play(FadeOut(self.banks, self.rules), FadeIn(self.gates), run_time=0.8)
        kept = float(len(self.odds_V))
        for gate, flag in zip(self.gates.order, self.gates.flags, strict=True):
            if gate.kept != kept:
                falling = self.change(self.gates.fall, np.log(kept), np.log(gate.kept))
                self.play(falling, run_time=1.2)
            self.play(FadeIn(flag, shift=0.2 * UP), run_time=0.5)
            kept = float(gate.kept)

    def _loop(self) -> None:
        """Where a phrase comes twice, both are underlined, and the other texts dim."""
        self.lines, still = VGroup(), []
        for way, river in zip(self.five, self.banks.rivers, strict=True):
            found = repeated(way.ids)
            first, again, length = found or (0, 0, len(way.ids) + 1)
            shown = [start for start in (first, again) if start + length <= len(river.words)]
            self.lines.add(*(river.underline(start, length) for start in shown))
            still += [] if found else [river]
        if len(self.lines):
            dimming = (river.animate.light(DIM) for river in still)
            self.play(*dimming, one_by_one(self.lines, UP, 0.5), run_time=1.8)

    def _again(self) -> None:
        """The same numbers fall again, and draw the same text."""
        seeds, side = self.seeds, self.seeds.strip.sides[0]
        self.play(FadeOut(self.tree), FadeIn(seeds), run_time=0.8)
        self.play(FadeIn(seeds.again, side.show(0)), run_time=0.4)
        steps = len(seeds.again.words)
        self.play(self.change(seeds.repeat, 0, steps, seeds.again, side).set_rate_func(linear), run_time=4.8)

    def _part(self) -> None:
        """Other numbers fall beside them; where the texts part, both numbers stay."""
        seeds, sides, stop = self.seeds, self.seeds.strip.sides, self.seeds.drawn_together
        self.play(FadeIn(seeds.other, *(side.show(0) for side in sides)), run_time=0.4)
        drawing = self.change(seeds.differ, 0, stop, seeds.other, *sides).set_rate_func(linear)
        self.play(drawing, run_time=0.8 + 0.4 * stop)
        flowing = self.change(seeds.differ, stop, len(seeds.other.words), seeds.other, *sides)
        self.play(flowing.set_rate_func(linear), run_time=1.5)
        if len(seeds.marks):
            self.play(FadeIn(seeds.marks), run_time=0.6)

    def _swing(self, seconds: float) -> Animation:
        return look(self.descent, self.descent.swung(DRIFT * seconds), run_time=seconds, rate_func=linear)

    def _end(self) -> None:
        """The model once more: the prompt goes in, and the five texts come out of it."""
        feed = threads(self.row, self.block)
        end = self.block.eye.project([self.block.long / 2, 0, 0])
        fan = self.last.fan(end, palette.WRITTEN, down=False) if self.aside else VGroup()
        self.play(FadeOut(self.descent), Create(feed, lag_ratio=0.05), run_time=0.8)
        self.add(self.block)
        self.play(pass_through(self.block), run_time=1.6)
        self.play(FadeOut(feed), run_time=0.5)
        self.play(Create(fan, lag_ratio=0.1), FadeIn(self.last), run_time=0.8)
        self.play(self._flow(self.last.reach), run_time=3)
        self.play(one_by_one(self.values, UP, 0.3), fan.animate.set_stroke(opacity=0.4), run_time=1.2)
