"""What a GPT does: a probability for every possible next token; draw one, append it, run again."""

from __future__ import annotations

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    Create,
    FadeIn,
    FadeOut,
    Group,
    GrowArrow,
    LaggedStart,
    VGroup,
)

from scenes import generation_words as said
from scenes.generation_step import MOST_BARS, GenerationStep, generation_steps
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import bars, distribution_strip, palette
from scenes.mobjects.bars import ProbabilityBars, count_to
from scenes.mobjects.chance_steps import ChanceSteps
from scenes.mobjects.distribution_strip import THICKNESS, DistributionStrip, Needle, lay_out, reshape, slide
from scenes.mobjects.initials import initials
from scenes.mobjects.numerals import count
from scenes.mobjects.running_text import RunningText
from scenes.mobjects.small_model import SmallModel, pass_through, threads
from scenes.mobjects.token_row import shelved_row
from scenes.mobjects.written_row import drawn_chip, grow, written_row

MOST_STEPS = 8  # later steps are only seen in the whole text
WIDEST, HIGHEST = 0.92, 0.6  # of the stage, for the prompt when it is read
CHIP = 0.34  # em of the drawn token where it is drawn
DIMMED = 0.3
LANE = 0.6  # frame units below the shelf, for the threads into the block


class NextToken(LectureScene):
    """Text in, a distribution out, one token drawn from all of it and appended; then again.

    Data: `generation_steps`, the likeliest tokens of each as bars, all of them as a strip; `step_uniform_G`,
    the number that drew, and `step_ids_G`, the token that it drew. A greedy or a beam search draws nothing;
    there the needle points at what was taken. At the end the shares of all that was written multiply.
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
        "step_logits_GV",
        "step_scaled_GV if any",
        "step_kept_GV if any",
        "step_ids_G",
        "step_uniform_G if any",
    )
    poster = "draw"

    def construct(self) -> None:
        """Name, prompt, distribution, draw, append, again, the whole text, its chance."""
        # data
        trace, facts = self.trace, self.trace.facts
        self.steps = generation_steps(trace)
        self.written = [trace.token_name(step.drawn) for step in self.steps]
        first, shown = self.steps[0], self.steps[:MOST_STEPS]

        # picture
        stage, shelf = self.layout.stage, self.layout.shelf
        self.row = shelved_row(trace.tokens, shelf)
        strip_y = stage.bottom + 0.56 + THICKNESS / 2
        middle = Box(stage.left, stage.right, strip_y + THICKNESS / 2 + 0.4, shelf.bottom - LANE)
        if self.layout.wide:
            left, self.place = middle.columns(4.4, 8.2, gap=0.6)
        else:
            left, self.place = middle.rows(3.2, middle.height - 3.2 - 0.8, gap=0.8)
        self.model = SmallModel(trace, left, RIGHT if self.layout.wide else DOWN)
        self.longest = max(max(step.probabilities_N[0], step.rest) for step in shown)
        self.bars = self._bars(first)
        self.strip = DistributionStrip(MOST_BARS, stage.left + 0.75, stage.right - 1.05, strip_y)
        self.marker = Needle(self.strip)
        words = initials(
            [
                ("Generative", _("it writes on, one token after another")),
                ("Pre-trained", _("before that, it is trained on text")),
                ("Transformer", _("the kind of network: layers of attention and MLPs")),
            ],
            stage,
            self.layout.wide,
        )

        # story
        with self.beat(
            "name",
            _("{model} is built as a GPT. The letters say what that is.").format(model=facts.model_name),
        ):
            self.play(
                LaggedStart(*(FadeIn(line, shift=0.25 * RIGHT) for line in words), lag_ratio=0.5),
                run_time=2.5,
            )

        with self.beat(
            "prompt",
            _("It reads text as tokens: words, or smaller pieces. Tokens in this prompt: {count}.").format(
                count=count(trace.n_tokens)
            ),
        ):
            large = min(WIDEST * stage.width / self.row.width, HIGHEST * stage.height / self.row.height)
            self.row.scale(large).move_to(stage.center)
            self.play(FadeOut(words, shift=0.25 * UP), run_time=0.5)
            self.play(
                LaggedStart(*(FadeIn(part, shift=0.25 * UP) for part in self.row), lag_ratio=0.1),
                run_time=1.2,
            )

        with self.beat("distribution", said.distribution_words(facts, first)):
            self.play(self.row.animate.scale(1 / large).move_to(shelf.center), run_time=1.0)
            self.feed = threads(self.row, self.model.block)
            self.play(Create(self.feed, lag_ratio=0.05), FadeIn(self.model.words), run_time=0.8)
            self.add(self.model.block)
            self.play(pass_through(self.model.block), run_time=1.6)
            chart = self.bars.show(np.zeros(len(first.ids_N)), rest=0.0)
            self.play(
                GrowArrow(self.model.out),
                LaggedStart(*(FadeIn(bar, shift=0.25 * RIGHT) for bar in chart), lag_ratio=0.1),
                run_time=1.0,
            )
            self.play(count_to(chart, first.probabilities_N, [0.0] * len(chart)), run_time=1.2)

        with self.beat("draw", said.draw_words(facts)):
            self.play(FadeIn(self.strip.whole), FadeIn(self.strip.ends), run_time=0.5)
            falling = lay_out(self.bars, self.strip, *first.spans())
            self.play(falling, run_time=2.2)
            self.remove(*falling.mobject)
            self.add(self.strip.show(*first.spans()))
            self.play(FadeIn(self.marker), run_time=0.4)
            self.play(slide(self.marker, first.uniform), run_time=2.0)

        with self.beat("append", said.append_words(facts, first, self.written[0])):
            self.play(*self._land(first), run_time=0.6)
            self.wait(0.8)
            self._append(1, run_time=1.4)

        if len(shown) > 1:
            with self.beat(
                "again", _("The longer text goes in again: new probabilities, one more token. And again.")
            ):
                for number, step in enumerate(shown[1:], 2):
                    pace = 0.9 if number == 2 else 0.38
                    self.play(*self._change(step), run_time=max(0.5, pace))
                    self.play(slide(self.marker, step.uniform), run_time=0.8 * pace)
                    self.play(*self._land(step), run_time=0.5 * pace)
                    self._append(number, run_time=0.9 * pace)

        below = Box(stage.left, stage.right, stage.bottom, shelf.bottom - 0.3)
        self.text = self._whole_text(below)
        self.chances = ChanceSteps(
            self.written, [step.probability for step in self.steps], below.width, below.height - 0.1
        ).move_to(below.center)
        with self.beat("text", said.closing_words(facts)):
            before, self.row = self.row, shelved_row(trace.tokens, shelf)
            gone = Group(self.model, self.bars, self.strip, self.strip.ends, self.marker)
            self.play(FadeOut(gone), FadeOut(before), FadeIn(self.row), run_time=0.6)
            self.play(FadeIn(self.text, shift=0.25 * UP), run_time=1.0)

        with self.beat("chance", said.chance_words(facts, self.steps), last=True):
            self.play(FadeOut(self.text, shift=0.25 * UP), FadeIn(self.chances.ticks), run_time=0.6)
            rows = [FadeIn(VGroup(*row), shift=0.25 * RIGHT) for row in self.chances.rows]
            self.play(LaggedStart(*rows, lag_ratio=0.5), run_time=2.2)

    # The rest builds what the story plays.

    def _bars(self, step: GenerationStep) -> ProbabilityBars:
        chart = ProbabilityBars(
            [self.trace.token_name(token) for token in step.ids_N],
            step.ids_N,
            step.probabilities_N,
            self.trace.facts.n_vocab,
            self.place.width,
            self.place.height,
            longest=float(self.longest),
        )
        chart.shift(self.place.center)  # its box varies with the numbers, its axis does not
        return chart

    def _whole_text(self, box: Box) -> RunningText:
        """The prompt and all that was written; a number in a token's place stands apart."""
        written = [
            b" " * (self.trace.token_bytes(step.drawn) is None) + piece
            for step, piece in zip(self.steps, self.written, strict=True)
        ]
        parts = [(self.trace.tokens, palette.INK), (written, palette.WRITTEN)]
        whole = RunningText(parts, box.width - 1, box.height - 0.2)
        whole.move_to(box.center)
        return whole

    def _land(self, step: GenerationStep) -> list[Animation]:
        """Everything but the drawn token's bar and segment steps back; its chip appears at the needle."""
        self.chip = drawn_chip(self.trace.token_name(step.drawn), CHIP)
        self.chip.next_to(self.marker.number, LEFT if step.uniform > 0.5 else RIGHT, buff=0.2)
        return [
            FadeIn(self.chip),
            FadeOut(self.feed),
            *bars.single_out(self.bars, step.row, DIMMED),
            *distribution_strip.single_out(self.strip, step.row, DIMMED),
        ]

    def _append(self, written: int, run_time: float) -> None:
        """The drawn token flies to the end of the text; the others make room where they must."""
        before = self.row
        self.row = written_row(self.trace.tokens, self.written[:written], self.layout.shelf)
        flight = grow(before, self.row, self.chip)
        self.play(flight, run_time=run_time)
        self.remove(*flight.mobject, before, self.chip)
        self.add(self.row)

    def _change(self, step: GenerationStep) -> list[Animation]:
        """The model runs: the bars take this step's labels and grow to its probabilities, the strip too."""
        before = [bar.probability for bar in self.bars]
        self.remove(self.bars, *self.bars)
        self.bars = self._bars(step)
        self.feed = threads(self.row, self.model.block)
        self.add(self.bars)
        self.strip.relight()
        return [
            count_to(self.bars, step.probabilities_N, before),
            reshape(self.strip, *step.spans()),
            Create(self.feed, lag_ratio=0.0),
        ]
