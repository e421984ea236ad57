"""What a GPT does: a probability for every possible next token; draw one, append it, run again."""

from __future__ import annotations

from manim import DOWN, LEFT, RIGHT, UP, Animation, Create, FadeIn, FadeOut, GrowArrow, VGroup

from scenes import generation_words as said
from scenes.generation_step import GenerationStep, generation_steps
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.chance_steps import ChanceSteps
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.initials import initials
from scenes.mobjects.running_text import RunningText
from scenes.mobjects.small_model import SmallModel, pass_through, threads
from scenes.mobjects.step_chart import STRIP, StepChart
from scenes.mobjects.written_row import drawn_chip, grow, written_row

MOST_STEPS = 8  # later steps are only seen in the whole text
WIDEST, HIGHEST = 0.92, 0.6  # of the stage, for the prompt when it is read
LANE = 0.6  # frame units below the shelf, for the threads into the block


class NextToken(LectureScene):
    """Text in, a distribution out, one token drawn from all of it and appended; then again.

    Data: `generation_steps`, the likeliest tokens of each as bars, all of them as a strip; `step_uniform_G`,
    the number that drew, and `step_ids_G`, the token that it drew. A greedy or a beam search draws nothing;
    there the needle points at what was taken. At the end the shares of all that was written multiply.
    """

    reads = (
        "the prompt",
        "the vocabulary",
        "the stream",
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
        steps = self.steps = generation_steps(trace)
        first, shown = steps[0], steps[:MOST_STEPS]

        # picture
        stage, shelf, wide = self.layout.stage, self.layout.shelf, self.layout.wide
        self.row, _ = self.shelved()
        words = initials(said.letters(), stage, wide)
        work = Box(stage.left, stage.right, stage.bottom, shelf.bottom - LANE)
        middle, strip = work.stack(None, STRIP, gap=0.4)
        left, place = middle.columns(4.4, 8.2, gap=0.6) if wide else middle.stack(3.2, None, gap=0.8)
        self.model = SmallModel(trace, left, RIGHT if wide else DOWN)
        self.chart = StepChart(trace.token_name, shown, facts.n_vocab, place, strip)
        below = Box(stage.left, stage.right, stage.bottom, shelf.bottom - 0.3)
        written = [step.in_text for step in steps]
        whole = [(trace.tokens, palette.INK), (written, palette.WRITTEN)]
        self.text = RunningText(whole, below.width - 1, below.height - 0.2).move_to(below.center)
        names, chances = [step.name for step in steps], [step.probability for step in steps]
        self.chances = ChanceSteps(names, chances, below.width, below.height - 0.1).move_to(below.center)

        # story
        with self.beat("name", said.NAME, model=facts.model_name):
            self.play(one_by_one(words, RIGHT, 0.5), run_time=2.5)
        with self.beat("prompt", said.PROMPT, count=trace.n_tokens):
            large = min(WIDEST * stage.width / self.row.width, HIGHEST * stage.height / self.row.height)
            self.row.scale(large).move_to(stage.center)
            self.play(FadeOut(words, shift=0.25 * UP), run_time=0.5)
            self.play(one_by_one(self.row, UP), run_time=1.2)
        with self.beat("distribution", said.distribution_words(facts, first)):
            self.play(self.row.animate.scale(1 / large).move_to(shelf.center), run_time=1.0)
            self._predict(first)
        with self.beat("draw", said.draw_words(facts)):
            self._draw(first)
        with self.beat("append", said.append_words(facts, first, first.name)):
            self.play(*self._land(first), run_time=0.6)
            self.wait(0.8)
            self._append(1, run_time=1.4)
        if len(shown) > 1:
            with self.beat("again", said.AGAIN):
                for number, step in enumerate(shown[1:], 2):
                    self._again(number, step, pace=0.9 if number == 2 else 0.38)
        with self.beat("text", said.closing_words(facts)):
            before, (self.row, _) = self.row, self.shelved()
            gone = (FadeOut(part) for part in (self.model, self.chart.everything(), before))
            self.play(*gone, FadeIn(self.row), run_time=0.6)
            self.play(FadeIn(self.text, shift=0.25 * UP), run_time=1.0)
        with self.beat("chance", said.chance_words(facts, steps), last=True):
            self.play(FadeOut(self.text, shift=0.25 * UP), FadeIn(self.chances.ticks), run_time=0.6)
            self.play(one_by_one((VGroup(*row) for row in self.chances.rows), RIGHT, 0.5), run_time=2.2)

    # The rest is what the story plays.

    def _predict(self, step: GenerationStep) -> None:
        """The row feeds the model, which works, and the bars grow."""
        self.feed = threads(self.row, self.model.block)
        self.play(Create(self.feed, lag_ratio=0.05), FadeIn(self.model.words), run_time=0.8)
        self.add(self.model.block)
        self.play(pass_through(self.model.block), run_time=1.6)
        self.play(GrowArrow(self.model.out), one_by_one(self.chart.bars, RIGHT), run_time=1.0)
        self.play(self.chart.grow(step), run_time=1.2)

    def _draw(self, step: GenerationStep) -> None:
        """All tokens lie side by side, and the needle goes to the number that drew."""
        strip = self.chart.strip
        self.play(FadeIn(strip.whole), FadeIn(strip.ends), run_time=0.5)
        falling = self.chart.fall(step)
        self.play(falling, run_time=2.2)
        self.remove(*falling.mobject)
        self.add(strip.show(*step.spans()))
        self.play(FadeIn(self.chart.needle), run_time=0.4)
        self.play(self.chart.point(step), run_time=2.0)

    def _land(self, step: GenerationStep) -> list[Animation]:
        """The drawn token's bar and segment stay lit, and its chip appears at the needle."""
        self.chip = drawn_chip(step.name)
        self.chip.next_to(self.chart.needle.number, LEFT if step.uniform > 0.5 else RIGHT, buff=0.2)
        return [FadeIn(self.chip), FadeOut(self.feed), *self.chart.single_out(step)]

    def _append(self, count: int, run_time: float) -> None:
        """The drawn token flies to the end of the text; the others make room where they must."""
        before, written = self.row, [step.name for step in self.steps[:count]]
        self.row = written_row(self.trace.tokens, written, self.layout.shelf)
        flight = grow(before, self.row, self.chip)
        self.play(flight, run_time=run_time)
        self.remove(*flight.mobject, before, self.chip)
        self.add(self.row)

    def _again(self, number: int, step: GenerationStep, pace: float) -> None:
        """The longer text goes in, other probabilities come out, and one more token is drawn."""
        self.remove(self.chart.bars, *self.chart.bars)
        changes = self.chart.follow(step)
        self.feed = threads(self.row, self.model.block)
        self.add(self.chart.bars)
        self.play(*changes, Create(self.feed, lag_ratio=0.0), run_time=max(0.5, pace))
        self.play(self.chart.point(step), run_time=0.8 * pace)
        self.play(*self._land(step), run_time=0.5 * pace)
        self._append(number, run_time=0.9 * pace)
