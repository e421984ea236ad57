"""The cross-section: tokens → vectors → attention → MLP → … → last vector → probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from manim import (
    DOWN,
    UP,
    Animation,
    FadeIn,
    FadeOut,
    Group,
    LaggedStart,
    Mobject,
    ShowPassingFlash,
    UpdateFromAlphaFunc,
    linear,
    smooth,
)

from scenes import overview_words as words
from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mathematics import softmax
from scenes.mobjects import palette
from scenes.mobjects.attended import Attended, busiest_head, most_attended
from scenes.mobjects.comet import Comet
from scenes.mobjects.cross_section import CrossSection
from scenes.mobjects.eye import look
from scenes.mobjects.growth import Growth, NamedSeam
from scenes.mobjects.lettering import text
from scenes.mobjects.number_columns import NumberColumns
from scenes.mobjects.numerals import plain
from scenes.mobjects.reading import Reading
from scenes.mobjects.residual_stack import cosine
from scenes.mobjects.standpoints import SLOW, Standpoints
from scenes.mobjects.stream_legend import stream_legend
from scenes.mobjects.token_row import shelved_row
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
        "prompt_bytes_B",
        "prompt_offsets_T1",
        "vocab_bytes_B if any",
        "vocab_offsets_V1 if any",
        "resid_pre_LTD",
        "attn_out_LTD",
        "resid_mid_LTD if any",
        "mlp_out_LTD",
        "resid_final_TD",
        "pattern_LHTS",
        "lens_ids_MWN",
        "lens_logprobs_MWN",
        "logits_last_V",
    )
    poster = "cross_section"

    def construct(self) -> None:
        """Numbers, one layer slowly, all of them, the block, opened, read at its end."""
        # data
        trace, facts = self.trace, self.trace.facts
        first_TD = np.asarray(trace.resid_pre_LTD[0])
        self.head = busiest_head(np.asarray(trace.pattern_LHTS[LAYER]))
        self.weights_S = np.asarray(trace.pattern_LHTS[LAYER, self.head])[-1]
        self.section = CrossSection(trace, most_attended(self.weights_S))
        self.block, self.stack = self.section.block, self.section.block.stack
        pieces = self.stack.pieces
        self.first_mlp = next(place for place, piece in enumerate(pieces) if getattr(piece, "mlp", False))
        self.slow_end = self.section.entries()[1] + 1  # one past the piece with which layer 1 is entered
        self.odds_V = softmax(np.asarray(trace.logits_last_V))
        best = int(self.odds_V.argmax())
        self.kept = cosine(first_TD[-1], np.asarray(trace.resid_final_TD)[-1])
        after = trace.resid_pre_LTD[1] if facts.n_layer > 1 else trace.resid_final_TD
        step = first_TD[-1].astype(float), np.asarray(after)[-1].astype(float)
        turned, lengths = cosine(*step), (float(np.linalg.norm(step[0])), float(np.linalg.norm(step[1])))
        parallel = not trace.has("resid_mid_LTD")

        # picture
        self.row = shelved_row(trace.tokens, self.layout.shelf)
        self.legend = stream_legend(len(self.stack.tokens), trace.n_tokens, self.layout)
        self.views = Standpoints(self.section, self.layout, self.legend.height)
        self.columns = NumberColumns(first_TD, self.stack.elements, self.row, self.views.below)
        self.section.proportioned(self.views.eye(sum(YAWS) / 2), self.views.room)
        self.views.choose_words(YAWS)
        self.block.within = self.section.words.within = self.views.band

        # story
        self.add(self.row)
        with self.beat("numbers", words.numbers_words(facts)):
            self._numbers()
        largest = float(self.weights_S[:-1].max(initial=0.0))
        attending = words.attention_words(trace.n_tokens, LAYER, self.head, largest)
        with self.beat("attention", attending, drift=self._sway):
            self._attention()
        with self.beat("mlp", words.mlp_words(turned, lengths, parallel), drift=self._sway):
            self._grow(_("MLP"), palette.GELU, self.slow_end)
        with self.beat("layers", words.layers_words(facts, parallel), drift=self._sway):
            growth = Growth(self.section, self.views, YAWS[0])
            self.play(_each_frame(growth.show, self.section), run_time=growth.seconds, rate_func=linear)
        with self.beat("cross_section", words.block_words(self.stack.cosines), drift=self._sway):
            self._turn()
        every = len(self.block.parted) == len(self.stack.seams)
        with self.beat("plates", words.plates_words(self.block.together, every), drift=self._sway):
            self._open()
        reading = words.read_words(trace.n_tokens, trace.token_name(best), float(self.odds_V[best]))
        with self.beat("last_vector", reading):
            self._read()
        with self.beat("first_and_last", words.compare_words(trace.tokens[-1], self.kept), last=True):
            self._compare()

    # The rest is what the story plays, beat by beat.

    def _numbers(self) -> None:
        """Columns of numbers, then of cells; the last token's stays, the others line up behind it."""
        columns, block = self.columns, self.block
        entries = [FadeIn(part, shift=0.25 * DOWN) for part in (*columns.numbers, *columns.gap)]
        self.play(LaggedStart(*entries, lag_ratio=0.08), FadeIn(columns.links), run_time=1.8)
        self.wait(1.0)
        self.play(FadeOut(columns.numbers), *map(FadeIn, columns.few), run_time=0.8)
        self.wait(0.4)
        self.play(*map(FadeOut, columns.few), *map(FadeIn, columns.many), run_time=0.8)
        self.wait(0.6)
        block.long, block.grown = SLOW / block.edges[self.slow_end], 1.0
        self.section.words.risen[:] = self.section.line.shown = 0.0
        front = self.views.frontal()
        corners = front.project(block.front_corners(0))
        last = columns.many[-1]
        self.bring_to_front(last)
        moves = [cell.moved(corners, opacity=float(cell is last)) for cell in columns.many]
        self.play(*moves, FadeOut(columns.links), FadeOut(columns.gap), FadeOut(self.row), run_time=1.4)
        self.remove(*columns.many)
        self.add(self.section.see(front))

    def _attention(self) -> None:
        """Turn to the end face, where all tokens stand; the last one's arcs; then what attention adds."""
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
        self._grow(_("Attention"), palette.ATTENTION_HUE, self.first_mlp)

    def _grow(self, name: str, hue: str, goal: int) -> None:
        """Pieces come out of the end face, one after the other, up to `goal`; the seam has its name."""
        seam = NamedSeam(self.section, self.views, name, hue)
        for piece in range(int(self.block.grown), goal):
            step = seam.out_of_the_end(piece)
            step(0)
            self.add(seam.label)
            self.play(_each_frame(step, self.section, seam.label), run_time=1.5)
        self.play(FadeOut(seam.label), run_time=0.3)

    def _turn(self) -> None:
        """The whole block turns slowly; the line of lengths is drawn below it."""
        start, end = YAWS
        seconds = (end - start) / DRIFT

        def step(amount: float) -> None:
            self.section.line.shown = min(1.0, 3 * amount)
            self.section.see(self.views.whole(start + (end - start) * amount))

        self._add_behind(self.legend.show(0))
        begin = _each_frame(lambda share: step(share / seconds), self.section)
        self.play(self.legend.faded(1.0), begin, run_time=1, rate_func=linear)
        rest = _each_frame(lambda share: step((1 + share * (seconds - 1)) / seconds), self.section)
        self.play(rest, run_time=seconds - 1, rate_func=linear)

    def _open(self) -> None:
        """The seams part; one comet runs through the last token's vectors; closed again."""

        def open_up(amount: float) -> None:
            self.block.opened = amount
            self.section.see(self.views.whole(YAWS[1]))

        open_up(1)  # the textures of the plates are made now, not while they move
        self.play(_each_frame(open_up, self.section), run_time=2.2)
        self.comet = comet = Comet(self.stack.cosines)

        def run(amount: float) -> None:
            comet.show(self.section.eye.project(self.block.steps()), amount)

        self.add(comet)
        self.play(_each_frame(run, comet), run_time=4.0, rate_func=linear)
        self.remove(comet)
        self.play(_each_frame(lambda amount: open_up(1 - amount), self.section), run_time=1.8)

    def _read(self) -> None:
        """Along the front to the end face: the last vector alone is lit, and read."""
        section, end = self.section, self.views.end()

        def fly(amount: float) -> None:
            section.words.risen[:] = section.line.shown = 1 - min(1.0, 2 * amount)
            self.block.lit[:-1] = 1 - 0.7 * amount

        self.play(self.legend.faded(0.0), run_time=0.3)
        self.remove(self.legend)
        self.play(look(section, end, run_time=2.4, also=fly))
        corners = end.project(self.block.end_corners(-1))
        self.reading = reading = Reading(corners, self.trace.token_name, self.odds_V, self.views.panel)
        self.play(FadeIn(reading.frame), run_time=0.4)
        self.play(ShowPassingFlash(reading.beam, time_width=0.7), run_time=0.8)
        self.play(
            LaggedStart(*(FadeIn(bar, shift=0.25 * UP) for bar in reading.bars), lag_ratio=0.1), run_time=1.2
        )

    def _compare(self) -> None:
        """The vector that came in beside the one that goes out."""
        eye, bands = self.section.eye, self.stack.bands
        self.pair = pair = VectorPair(
            (bands[0].values_RC[:, -1], bands[-1].values_RC[:, -1]),
            (eye.project(self.block.front_corners(0)), eye.project(self.block.end_corners(-1))),
            (_("came in"), _("goes out")),
            self.views.panel,
        )
        self.add(*pair.columns)
        self.play(FadeOut(self.reading.bars), FadeIn(self.row), *pair.moved(), run_time=2.0)
        self.cosine = text(plain(self.kept, 2), 0.6, palette.INK).move_to(pair.center)
        self.play(FadeIn(self.cosine, scale=1.4), run_time=0.8)
        self.wait(1)

    def _sway(self, seconds: float) -> Animation:
        """While a caption is read, the block turns on, towards its front."""
        eye = self.section.eye
        return look(self.section, replace(eye, yaw=eye.yaw - DRIFT * seconds), seconds, smooth)


def _each_frame(step: Callable[[float], None], *moving: Mobject) -> Animation:
    """Call `step` with 0…1 each frame while these are drawn anew."""
    return UpdateFromAlphaFunc(Group(*moving), lambda _group, amount: step(amount))
