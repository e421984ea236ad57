"""The MLP: each token alone asks every neuron, and what lights up is a city at night."""

from __future__ import annotations

from dataclasses import replace

from manim import DOWN, UP, Animation, Create, FadeIn, FadeOut, ReplacementTransform, linear

from scenes import activation
from scenes import mlp_words as words
from scenes.lecture_scene import LectureScene
from scenes.mobjects.bent_sand import BentSand
from scenes.mobjects.city import DIMMED
from scenes.mobjects.city_view import CityView
from scenes.mobjects.eye import look
from scenes.mobjects.fan import Fan
from scenes.mobjects.mlp_plates import MlpPlates
from scenes.mobjects.question import Question
from scenes.mobjects.skyline import Skyline
from scenes.neurons import Neurons

YAWS, DRIFT = (-22.0, -10.0), 1.2  # degrees: the city's slow turn, and degrees a second


class Mlp(LectureScene):
    """One neuron's question, its layer's answers, and the windows of all neurons of all layers.

    Data: `neuron_shown_2`, the layer whose MLP adds most to the winner's logit (`dla_mlp_2L`) and in it the
    neuron that writes most at the last position, |m| · ‖its row of W_down‖; its rows and biases; what it and
    all of its layer are given and give there; `neuron_post_LWF`, every neuron at the last four tokens;
    `neuron_lit_LT`, the share lit at every token: above 0.1, or beyond it on either side where there is a
    gate. The other token is the one of these whose lit windows are least those of the last token.
    """

    reads = ("the prompt", "the vocabulary", "the stream", "the neurons", "logits_last_V")
    poster = "city"

    def construct(self) -> None:
        """Alone, a question, all answers, bent, the city, its strongest, another token, all tokens."""
        # data
        trace, facts, tokens = self.trace, self.trace.facts, self.trace.tokens
        self.neurons = own = Neurons.of(trace)
        name = activation.label(facts.activation)

        # picture
        self.row, below = self.shelved()
        self.plates = MlpPlates(trace, own.layer, self.layout, below.inset(0.3, 0.2))
        self.question = Question.of_trace(trace, below)
        after = [own.post_WLF[-1, own.layer]] if facts.gated else []
        box = below.inset(min(1.0, 0.05 * below.width), 0.05)
        self.sand = BentSand(own.pre_F, [own.gave_F, *after], own.bend, name, own.neuron, box)
        self.city = CityView(trace, own, self.layout, YAWS)
        self.skyline = Skyline(own.lit_LT, tokens, below.inset(0.02 * below.width, 0.05))

        # story
        self.add(self.row)
        with self.beat("alone", words.alone_words(not trace.has("resid_mid_LTD"))):
            self._open()
        with self.beat("row", words.row_words(own.layer, own.neuron, trace.has("neuron_pre_bias_1"))):
            self._ask()
        with self.beat("number", words.number_words(own.pre_F, own.neuron)):
            self._answer()
        with self.beat("bend", words.bend_words(name, own.pre_F, own.gave_F)):
            curve = Create(self.sand.curve), FadeIn(self.sand.label), FadeIn(self.sand.up)
            self.play(*curve, run_time=1.2)
            self._lift(0, 1)
        if own.up_F is not None:
            gate, up = float(own.gave_F[own.neuron]), float(own.up_F[own.neuron])
            with self.beat("gate", words.gate_words(gate, up, own.post)):
                self._lift(1, 2)
        with self.beat("city", words.city_words(tokens[-1], own.lit_WLF[-1]), drift=self._sway):
            self._rise()
        with self.beat("strongest", words.strongest_words(own)):
            self._fly()
        with self.beat("promotes", words.promotes_words(own.likeness, own.random)):
            self._promote()
        if own.other is not None:
            token = tokens[own.position(own.other, len(tokens))]
            lit_LF, last_LF = own.lit_WLF[own.other], own.lit_WLF[-1]
            other = words.other_words(token, tokens[-1], lit_LF, last_LF)
            with self.beat("other", other, drift=self._sway):
                self._switch(own.other)
        with self.beat("skyline", words.skyline_words(tokens, self.skyline.shares), last=True):
            self._end()

    # The rest plays the story's parts.

    def _gone(self) -> list[FadeOut]:
        """All that is on the stage fades."""
        still = set(map(id, self.camera.still))
        return [FadeOut(each) for each in self.mobjects if id(each) not in still]

    def _open(self) -> None:
        """The block of all layers opens, and the eye goes to the plate of one MLP."""
        plates = self.plates
        self.wait(0.5)
        self.play(FadeIn(plates), run_time=0.8)
        self.play(self.change(plates.part, 0, 1), run_time=1.8)
        self.credit(self.neurons.layer)
        self.play(FadeOut(self.row), look(plates, plates.plate, 2.0))

    def _ask(self) -> None:
        """The row meets the vector, product by product; the sum, the bias."""
        question = self.question
        self.play(*self._gone(), run_time=0.6)
        question.ask(0)
        self.play(FadeIn(question.product), FadeIn(question.names), run_time=0.8)

        def ask(amount: float) -> None:
            question.ask(amount)

        self.play(self.change(ask, 0, 1, question.product).set_rate_func(linear), run_time=4.5)
        self.play(FadeIn(question.total, shift=0.25 * UP), run_time=0.6)

    def _answer(self) -> None:
        """The number goes to its place on an axis, where all others of the layer fall."""
        sand, total = self.sand, self.question.total
        others = [each for each in self._gone() if each.mobject is not total]
        self.play(*others, FadeIn(sand.across), run_time=0.8)
        self.play(ReplacementTransform(total, sand.number), FadeIn(sand.own, scale=2), run_time=1.0)
        self.play(FadeIn(sand.sand, shift=DOWN), run_time=1.2)
        self.play(FadeIn(sand.shares), run_time=0.6)

    def _lift(self, start: int, goal: int) -> None:
        """Every grain goes onto the curve, 0 to 1, or is multiplied with its second number, 1 to 2."""
        moving = self.sand.sand, self.sand.own, self.sand.number
        self.bring_to_front(*moving)

        def lift(amount: float) -> None:
            self.sand.show(amount)

        self.play(self.change(lift, start, goal, *moving), run_time=2.4)

    def _rise(self) -> None:
        """All neurons of all layers: the towers come up, a district after the other."""
        self.credit()
        city = self.city.rise(0)
        self.chip = city.chip(city.at)
        self.play(*self._gone(), *map(FadeIn, (city, self.chip, city.legend)), run_time=1.0)
        self.play(self.change(city.rise, 0, 1).set_rate_func(linear), run_time=3.2)

    def _sway(self, seconds: float) -> Animation:
        """While a caption is read, the eye goes on round the city."""
        eye = self.city.eye
        return look(self.city, replace(eye, yaw=min(YAWS[1], eye.yaw + DRIFT * seconds)), seconds)

    def _fly(self) -> None:
        """To the tower of the strongest neuron; all others are dimmed."""
        city = self.city.choose((self.neurons.layer, self.neurons.neuron))
        self.credit(self.neurons.layer)
        dim = look(city, city.close(), 2.5, also=lambda amount: city.leave(1 - (1 - DIMMED) * amount))
        self.play(dim, FadeOut(city.legend), FadeIn(city.index))
        self.tower = city.tower()
        self.play(FadeIn(self.tower), run_time=0.5)

    def _promote(self) -> None:
        """What its row of W_down promotes, by W_U, fans out from its top."""
        city, neurons = self.city, self.neurons
        start = city.eye.project(city.top(neurons.layer, neurons.neuron))
        self.fan = Fan.promoted(self.trace, neurons.layer, start, self.layout)
        self.add(self.fan)
        self.play(self.change(self.fan.grow, 0, 1).set_rate_func(linear), run_time=3.0)

    def _switch(self, other: int) -> None:
        """Back above the city; its lights go out, and those of another token come on."""
        city, chip = self.city, self.city.chip(other)
        self.credit()
        back = look(city, city.above, 1.8, also=lambda amount: city.leave(DIMMED + (1 - DIMMED) * amount))
        self.play(*map(FadeOut, (self.fan, self.tower, city.index)), FadeIn(city.legend), back)
        city.choose(None)
        self.play(self.change(city.rise, 1, 0), FadeOut(self.chip), run_time=1.2)
        city.show(other)
        self.play(self.change(city.rise, 0, 1), FadeIn(chip), run_time=2.0)

    def _end(self) -> None:
        """All tokens: a tower each."""
        line = self.skyline.grow(0)
        self.play(*self._gone(), FadeIn(self.row), FadeIn(line.plot), run_time=0.8)
        self.play(self.change(line.grow, 0, 1).set_rate_func(linear), run_time=2.0)
        self.play(FadeIn(line.names), run_time=0.6)
