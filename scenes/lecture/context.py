"""The same token in two texts starts at one vector and parts with depth."""

from __future__ import annotations

import numpy as np
from manim import (
    DOWN,
    UP,
    Create,
    FadeIn,
    FadeOut,
    Group,
    LaggedStart,
    ReplacementTransform,
    SurroundingRectangle,
    VGroup,
    linear,
)

from scenes import context_words as words
from scenes.language import _
from scenes.layout import SHELF, Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.bars import ProbabilityBars
from scenes.mobjects.fork import HUE, Fork
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, plain, signed
from scenes.mobjects.plot import Axis, Plot
from scenes.mobjects.token_row import TokenChip, TokenRow, shelved_row
from scenes.mobjects.two_streams import TwoStreams
from scenes.mobjects.vector import Vector
from scenes.parting import parting

BARS = 4  # likeliest tokens shown of each
FLOORS = (0.999, 0.99, 0.95, 0.9, 0.8, 0.5, 0.0, -1.0)  # where the cosine's axis may begin


class Context(LectureScene):
    """The last token's vector in the prompt and in a second text, depth by depth.

    Data: `resid_pre_LTD`, `resid_final_TD` and, between attention and MLP, `resid_mid_LTD`, of the last
    token; `beside_resid_MD` and `beside_mid_LD` of the last token of `beside_ids_T`: the text given with
    `--beside`, else the prompt with all before its last token in reverse order, else (one or two tokens, or
    the same backwards) the prompt twice. The words are the logit lens at evenly spaced depths. Cosine and
    angle are between the two whole vectors; the step that is marked is the cosine's largest fall.
    """

    reads = (
        "prompt_bytes_B",
        "prompt_offsets_T1",
        "vocab_bytes_B if any",
        "vocab_offsets_V1 if any",
        "resid_pre_LTD",
        "resid_mid_LTD if any",
        "resid_final_TD",
        "lens_ids_MWN",
        "lens_logprobs_MWN",
        "beside_ids_T",
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
            for row, colour in ((self.row, palette.INK), (self.beside, palette.token_colour(HUE)))
        )
        self.streams = TwoStreams(
            self.parting.own_MD,
            self.parting.beside_MD,
            self.stage,
            (_("first text"), _("second text"), _("difference")),
        )
        names = [[trace.token_name(int(token)) for token in ids] for ids in said]
        self.fork = Fork(
            self.parting.angles(), (names[0], names[1]), self.stage, _("depth, in layers"), _("angle")
        )
        self.ends = VGroup(*self._ends())

        # story
        self.add(self.row)
        with self.beat("texts", words.texts_words(trace, self.parting)):
            self._second_text()
        with self.beat("start", words.start_words(trace, self.parting)):
            self._compare_columns()
        with self.beat("layers", words.layers_words(trace)):
            self.play(FadeOut(self.columns), FadeIn(self.streams.names), run_time=0.6)
            self.add(self.streams)
            run = self.change(self.streams.reach, 0, last + 1, *self.streams.strips)
            self.play(run, run_time=max(2.5, 0.15 * last), rate_func=linear)
        with self.beat("fork", words.fork_words(self.parting)):
            self.play(FadeOut(self.streams), FadeIn(self.fork.plot), run_time=0.8)
            self.add(self.fork)
            self.play(self.change(self.fork.grow, 0, last), run_time=4.0, rate_func=linear)
        with self.beat("cosine", words.cosine_words(trace, self.parting)):
            self._cosine()
        with self.beat("ends", words.ends_words(trace), last=True):
            self.play(FadeOut(self.curve, self.frames), run_time=0.6)
            bars = [FadeIn(part, shift=0.25 * UP) for part in self.ends]
            self.play(LaggedStart(*bars, lag_ratio=0.3), run_time=1.4)

    # The rest plays the story's parts.

    def _second_text(self) -> None:
        """Every token of the prompt comes down to its place in the second text, where it has one there."""
        how, total = self.trace.facts.beside_how, self.trace.n_tokens
        moves = []
        for place, chip in self.beside.chips.items():
            before = place if how == "given" else place % total
            if how == "reversed" and place < total - 1:
                before = total - 2 - place
            if how == "given" or before not in self.row.chips:
                moves.append(FadeIn(chip, shift=0.25 * DOWN))
            else:
                chip.tint(palette.token_colour(before))
                moves.append(ReplacementTransform(self.row.chips[before].copy(), chip))
        if self.beside.gap is not None:
            moves.append(FadeIn(self.beside.gap))
        self.play(LaggedStart(*moves, lag_ratio=0.08), run_time=2.2)
        self.add(self.beside)
        self.play(Create(self.frames), run_time=0.6)

    def _compare_columns(self) -> None:
        """The two vectors before the first layer, number by number, and what is left between them."""
        own_D, other_D = self.parting.own_MD[0], self.parting.beside_MD[0]
        digits = 1 if np.median(np.abs(own_D)) >= 0.3 else 2
        self.columns = VGroup()
        box, note = self.layout.stack(self.stage, None, 0.4)
        size = min(0.36, box.height / 14)
        gap_D = own_D - other_D
        for row, vector_D in ((self.row, own_D), (self.beside, other_D), (None, gap_D)):
            column = Vector(vector_D, 8, size, palette.CAPTION if row is not None else palette.INK, digits)
            head = text(_("difference"), 0.3, palette.CAPTION) if row is None else _head(row)
            self.columns.add(VGroup(head, column).arrange(DOWN, buff=0.2))
        self.columns.arrange(buff=1.1).move_to(box.center)
        for sign, left in (("−", 0), ("=", 1)):
            middle = (self.columns[left].get_right()[0] + self.columns[left + 1].get_left()[0]) / 2
            mark = text(sign, 0.5, palette.FAINT).move_to([middle, self.columns[0][1].get_y(), 0])
            self.columns.add(mark)
        told = _("largest difference of all {width}: {gap}").format(
            width=count(len(own_D)), gap=plain(self.parting.start_gap, 1 if not gap_D.any() else 3)
        )
        self.columns.add(text(told, 0.32, palette.QUERY, fit=note))
        for part in self.columns:
            self.play(FadeIn(part, shift=0.25 * DOWN), run_time=0.5)

    def _cosine(self) -> None:
        """The same as a cosine, from 1 downwards; the layer of its largest fall is marked."""
        cosines_M, layer = self.parting.cosines_M, self.parting.steepest
        low = next((floor for floor in FLOORS if floor <= cosines_M.min() - 1e-9), -1.0)
        depths = np.arange(len(cosines_M))
        plot = Plot(
            self.stage, Axis(0, max(1, depths[-1]), _("depth, in layers")), Axis(low, 1.0, _("cosine"))
        )
        line = plot.curve(depths, cosines_M, palette.token_colour(HUE), 5)
        step = slice(layer, layer + 2)
        fall = plot.curve(depths[step], cosines_M[step], palette.QUERY, 9)
        change = float(cosines_M[layer + 1] - cosines_M[layer])
        label = _("layer {layer}: {step}").format(layer=layer, step=signed(change, 3))
        early = layer < depths[-1] / 2
        at = plot.at(layer + (0.6 if early else 0.4), float(cosines_M[step].mean()))[0]
        words = text(label, 0.36, palette.QUERY)
        words.move_to(at + np.array([(1 if early else -1) * (words.width / 2 + 0.2), 0, 0]))
        self.curve = Group(plot, line, fall, words)
        self.play(FadeOut(self.fork), FadeIn(plot), run_time=0.8)
        self.play(Create(line), run_time=2.0, rate_func=linear)
        self.play(Create(fall), FadeIn(words), run_time=0.8)

    def _ends(self) -> list[VGroup]:
        """What either text would go on with, as bars."""
        trace = self.trace
        last = (trace.lens_ids_MWN[-1, -1], trace.lens_logprobs_MWN[-1, -1])
        other = (trace.beside_lens_ids_MN[-1], trace.beside_lens_logprobs_MN[-1])
        boxes = self.layout.split(self.stage, 1, 1, gap=0.8 if self.layout.wide else 0.4)
        parts = []
        for (ids, logprobs), row, box in zip((last, other), (self.row, self.beside), boxes, strict=True):
            top, chart = self.layout.stack(box, 0.5, None, gap=0.2)
            shown = [int(token) for token in ids[:BARS]]
            names = [trace.token_name(token) for token in shown]
            total = trace.facts.n_vocab
            others = _("{count} others").format(count=count(total - len(shown)))
            shares = np.exp(np.asarray(logprobs[:BARS], dtype=np.float64))
            bars = ProbabilityBars(names, shown, shares, total, chart.width, chart.height, 1.0, others)
            head = _head(row).move_to(top.center)
            parts.append(VGroup(head, bars.shift(chart.center)))
        return parts


def _head(row: TokenRow) -> TokenChip:
    """The row's last chip, to stand above what is its own."""
    return row[-1].copy().scale(0.9)
