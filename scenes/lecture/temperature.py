"""Logits, e to each of them, divided by their sum: and how open the choice is, by a temperature."""

from __future__ import annotations

import numpy as np
from manim import LEFT, RIGHT, UP, Animation, FadeIn, FadeOut, TransformFromCopy, VGroup

from scenes import temperature_words as said
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.choice import Choice, share_of, temperature_at
from scenes.mobjects.coins import Openness
from scenes.mobjects.formula_pair import FormulaPair
from scenes.mobjects.ladder_bars import LOGIT, SHARE, WEIGHT, LadderBars, weight_written
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.plot import Axis
from scenes.mobjects.ranked_plot import RankedPlot
from scenes.mobjects.sheets import Sheets
from scenes.mobjects.thermometer import Thermometer

ROWS = 8
BOLTZMANN = {"i": "-E_i", "j": "-E_j", "T": "k_B T"}
LEAST = 1e-10  # of the probability's axis


class Temperature(LectureScene):
    """The last position's logits become probabilities, cold, hot, and as the model has them.

    Data: `logits_last_V` alone. The likeliest `ROWS` tokens have a rung and a bar, all others are the crowd
    on the ladder and the grey bar. Probabilities, H and 2^H are computed from all of the logits at every
    frame, for the T that the thermometer shows then. T goes from 1 to the first of a few stops at which the
    choice is among fewer than four tokens, to 0, up to the first at which it is among more than half of the
    vocabulary, to ∞, and back; see `temperature_words.journey`. The prompt's length plays no part.
    """

    reads = (
        "the prompt",
        "the vocabulary",
        "logits_last_V",
    )
    poster = "fan"

    def construct(self) -> None:
        """Ladder, weights, shares, cold, hot, coins, tail, fan, physics."""
        # data
        logits_V = self.logits_V = np.asarray(self.trace.logits_last_V, dtype=np.float64)
        ids = np.argsort(-logits_V, kind="stable")[:ROWS].tolist()
        own = self.choice = Choice(logits_V, 1.0)
        cold, hot = said.journey(logits_V)
        self.temperatures = said.fanned(cold, hot)
        name, share = self.trace.token_name, said.share_written(float(own.probabilities_V.max()))

        # picture
        layout = self.layout
        row, below = self.shelved()
        main, strip = layout.stack(layout.stage, None, 0.85 if layout.wide else 1.7)
        rail, place = main.columns(4.4, 8, gap=0.9) if layout.wide else main.columns(1.4, 5.4, gap=0.4)
        self.bars = LadderBars(logits_V, ids, name, rail, place)
        aside = (main.right - float(self.bars.table.numbers[LOGIT].get_right()[0])) / 2  # no bars yet
        self.bars.shift(aside * RIGHT)
        self.note = text("logits_last_V", 0.2, palette.FAINT, mono=True)
        self.note.move_to([main.right - self.note.width / 2, strip.top - 0.1, 0])
        self.thermometer = Thermometer(own, strip, layout)
        self.openness = Openness(own, main, layout)
        self._build_curves(main, layout.stage)
        names = _("a language model"), _("Boltzmann’s distribution")
        self.formulas = FormulaPair(
            "$ p_i = e^({i} \\/ {T}) / (sum_j e^({j} \\/ {T})) $",
            dict(zip(names, ({"i": "x_i", "j": "x_j", "T": "T"}, BOLTZMANN), strict=True)),
            {"i": palette.heat_colour(0.1), "j": palette.heat_colour(0.1), "T": palette.heat_colour(0.75)},
            layout.split(below, 1, 1, gap=1.0),
        )

        # story
        with self.beat("ladder", said.LADDER, total=len(logits_V)):
            self.add(row)
            self.wait(0.8)
            self.play(FadeOut(row), FadeIn(self.bars, self.note), run_time=0.8)
            self.play(self.change(self.bars.rise, 0, 1), run_time=2)
            self.play(self._light(LOGIT), run_time=0.8)
        with self.beat("weights", said.WEIGHTS, sum=weight_written(own.total)):
            self.play(self.bars.animate.shift(aside * LEFT), run_time=0.8)
            self.play(self._light(WEIGHT), run_time=0.6)
            self.play(self.change(self.bars.weigh, 0, len(ids) + 1), run_time=3)
        with self.beat("shares", said.SHARES, token=name(ids[0]), share=share):
            self.play(self._light(SHARE), run_time=0.8)
            self.play(self.change(self.bars.divide, 0, 1), run_time=2)
        with self.beat("cold", said.cold_words(logits_V)):
            self.play(FadeOut(self.note), FadeIn(self.thermometer, self.bars.ladder.divisor), run_time=0.8)
            self.play(self._heat(1, cold, self.bars), run_time=2)
            self.wait(0.6)
            self.play(self._heat(cold, 0, self.bars), run_time=2)
        with self.beat("hot", said.HOT, total=len(logits_V)):
            self.play(self._heat(0, 1, self.bars), run_time=1.2)
            self.play(self._heat(1, hot, self.bars), run_time=2)
            self.play(self._heat(hot, np.inf, self.bars), run_time=1.6)
        with self.beat("coins", said.coins_words(own)):
            self.openness.follow(self.choice)
            self.play(FadeOut(self.bars, self.bars.ladder.divisor), FadeIn(self.openness), run_time=0.8)
            self.play(self._heat(np.inf, 1, self.openness), run_time=4)
        with self.beat("tail", said.tail_words(own, ids)):
            self.play(FadeOut(self.openness), FadeIn(self.flat), run_time=0.8)
            self.play(FadeIn(self.beyond), run_time=1)
        with self.beat("fan", said.FAN):
            self.play(FadeOut(self.beyond, self.flat, self.thermometer), FadeIn(self.sheets), run_time=0.6)
            self.play(self.change(self.sheets.show, 0, 1), run_time=3)
        with self.beat("physics", said.PHYSICS, last=True):
            self.play(FadeOut(self.sheets), FadeIn(row), run_time=0.8)
            model, physics = self.formulas
            self.play(FadeIn(model, shift=0.25 * UP), run_time=1)
            self.wait(0.6)
            self.play(TransformFromCopy(model, physics), run_time=1.6)

    # The rest builds what the story plays, and says what each frame shows.

    def _light(self, column: int) -> Animation:
        return self.change(self.bars.light(column), 0, 1, self.bars)

    def _heat(self, start: float, goal: float, *shown: LadderBars | Openness) -> Animation:
        """T goes from one temperature to another, along the thermometer; all that is shown follows."""

        def follow(share: float) -> None:
            self.choice = Choice(self.logits_V, temperature_at(share))
            for piece in (self.thermometer, *shown):
                piece.follow(self.choice)

        return self.change(follow, share_of(start), share_of(goal), self.thermometer, *shown)

    def _build_curves(self, main: Box, whole: Box) -> None:
        """The probabilities of all tokens by rank, and the fan of five such curves."""
        own_V = self.choice.probabilities_V
        low = max(LEAST, 10.0 ** np.floor(np.log10(max(own_V.min(), LEAST))))
        y = Axis(low, 1, _("probability"), log=True)
        flat = RankedPlot(own_V, y, main)
        self.flat = VGroup(flat, flat.line(self.choice.colour))
        self.beyond = flat.tail(len(self.bars.ids), _("the last bar"))
        wide, size = whole.width / 2, 0.3 if self.layout.wide else 0.26
        front = Box(-wide / 2, wide / 2, 0, min(0.75 * whole.height, 1.6 * wide))
        self.choices = [Choice(self.logits_V, temperature) for temperature in self.temperatures]
        plots = self.plots = [RankedPlot(choice.probabilities_V, y, front) for choice in self.choices]
        labels = [formula(said.fan_words(choice), size, choice.colour) for choice in self.choices]
        curves = [(plot.ranks, plot.heights) for plot in plots]
        self.sheets = Sheets(plots[0], curves, [choice.colour for choice in self.choices], labels, whole)
