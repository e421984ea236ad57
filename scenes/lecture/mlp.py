"""The MLP: each token alone asks every neuron, and what lights up is a city at night."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from manim import DOWN, UP, Animation, Create, FadeIn, FadeOut, ReplacementTransform, linear

from scenes import N_, activation
from scenes import mlp_words as words
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.bent_sand import BentSand
from scenes.mobjects.block import Block
from scenes.mobjects.city import DIMMED, City
from scenes.mobjects.eye import Eye, look
from scenes.mobjects.fan import Fan
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import percent
from scenes.mobjects.question import Question
from scenes.mobjects.residual_stack import Seam, read_stack
from scenes.mobjects.skyline import Skyline
from scenes.mobjects.token_row import TokenChip

LIT = 0.1  # a neuron is lit above it; with a gate, beyond it on either side
DARK = 0.3  # light of what is not an MLP
YAWS, DRIFT = (-22.0, -10.0), 1.2  # degrees: the city's slow turn, and degrees a second
FEW = 16  # layers whose districts have their names in full
NEAR = 3.2  # how much larger the strongest tower is seen


class Mlp(LectureScene):
    """One neuron's question, its layer's answers, and the windows of all neurons of all layers.

    Data: `neuron_shown_2`, the layer whose MLP adds most to the winner's logit (`dla_mlp_2L`) and in it the
    neuron that writes most at the last position, |m| · ‖its row of W_down‖; its rows and biases; what it and
    all of its layer are given and give there; `neuron_post_LWF`, every neuron at the last four tokens;
    `neuron_lit_LT`, the share lit at every token: above 0.1, or beyond it on either side where there is a
    gate. The other token is the one of these whose lit windows are least those of the last token.
    """

    reads = (
        *("the prompt", "the vocabulary", "the stream"),
        *("neuron_shown_2", "neuron_in_D", "neuron_pre_F", "neuron_up_F if any", "neuron_pre_weight_D"),
        *("neuron_pre_bias_1 if any", "neuron_post_LWF", "neuron_lit_LT", "neuron_tokens_LN"),
        *("neuron_token_logits_LN", "neuron_likeness_L", "random_cosines_R if any"),
        *("dla_mlp_2L if any", "dla_ids_2 if any", "logits_last_V"),
    )
    poster = "city"

    def construct(self) -> None:
        """Alone, a question, all answers, bent, the city, its strongest, another token, all tokens."""
        # data
        trace, facts, tokens = self.trace, self.trace.facts, self.trace.tokens
        self.layer, self.neuron = layer, neuron = trace.neuron_shown_2[:].tolist()
        self.pre = trace.neuron_pre_F[:].astype(np.float64)
        self.post = np.swapaxes(trace.neuron_post_LWF[:], 0, 1)
        self.lit = np.abs(self.post) > LIT if facts.gated else self.post > LIT
        self.lit_LT = trace.neuron_lit_LT[:].astype(np.float64)
        self.curve = activation.curve(facts.activation, self.pre, self.post[-1, layer])
        self.gave, post = self.curve(self.pre), float(self.post[-1, layer, neuron])
        shared = [int((one & self.lit[-1]).sum()) for one in self.lit[:-1]]
        other = int(np.argmin(shared)) if shared else 0
        winner = trace.token_name(int(trace.logits_last_V[:].argmax()))
        push = float(trace.dla_mlp_2L[0, layer]) if trace.has("dla_mlp_2L") else None
        random = trace.random_cosines_R[:] if trace.has("random_cosines_R") else None

        # picture
        self.row, self.below = self.shelved()
        self.question, self.sand, self.city = self._question(), self._sand(), self._city()
        share_T = self.lit_LT.mean(axis=0)
        named = sorted({int(share_T.argmin()), int(share_T.argmax())})
        self.skyline = Skyline(self.lit_LT, tokens, named, self.below.inset(0.02 * self.below.width, 0.05))

        # story
        self.add(self.row)
        with self.beat(
            "alone",
            N_(
                "After attention comes the MLP, the green plates. In it each token is alone with the weights."
            ),
        ):
            self._open()
        with self.beat("row", words.row_words(layer, neuron, trace.has("neuron_pre_bias_1"))):
            self._ask()
        with self.beat("number", words.number_words(self.pre, neuron)):
            self._answer()
        with self.beat("bend", words.bend_words(activation.label(facts.activation), self.pre, self.gave)):
            self._bend()
        if facts.gated:
            up = float(trace.neuron_up_F[:][neuron])
            with self.beat("gate", words.gate_words(float(self.gave[neuron]), up, post)):
                self._gate()
        lit = int(self.lit[-1].sum())
        last_L = self.lit_LT[:, -1]
        with self.beat(
            "city", words.city_words(tokens[-1], lit, self.lit[-1].size, last_L), drift=self._sway
        ):
            self._rise()
        with self.beat(
            "strongest", words.strongest_words(winner, push, layer, neuron, post), drift=self._sway
        ):
            self._fly()
        with self.beat("promotes", words.promotes_words(float(trace.neuron_likeness_L[layer]), random)):
            self._promote()
        if shared:
            token, lit = tokens[len(tokens) - len(self.post) + other], int(self.lit[other].sum())
            with self.beat(
                "other", words.other_words(token, tokens[-1], lit, shared[other]), drift=self._sway
            ):
                self._switch(other, token)
        with self.beat("skyline", words.skyline_words(tokens, self.skyline.shares), last=True):
            self._end()

    # The rest builds what the story plays, and plays its parts.

    def _question(self) -> Question:
        trace, biased = self.trace, self.trace.has("neuron_pre_bias_1")
        note = f"neuron_in_D · neuron_pre_weight_D{' + neuron_pre_bias_1' if biased else ''}"
        bias = float(trace.neuron_pre_bias_1[0]) if biased else None
        return Question(trace.neuron_in_D[:], trace.neuron_pre_weight_D[:], bias, note, self.below)

    def _sand(self) -> BentSand:
        facts = self.trace.facts
        post = [self.post[-1, self.layer]] if facts.gated else []
        box = self.below.inset(min(1.0, 0.05 * self.below.width), 0.05)
        name = activation.label(facts.activation)
        return BentSand(self.pre, [self.gave, *post], self.curve, name, self.neuron, box)

    def _city(self) -> City:
        """All neurons; each district has its layer's number and the share that is lit."""
        stage = self.layout.stage
        word = _("layer {layer} · {share}") if self.trace.facts.n_layer <= FEW else "{layer} · {share}"

        def name(layer: int, share: float) -> str:
            return word.format(layer=layer, share=percent(share, 0))

        box = Box(self.layout.frame.left, self.layout.frame.right, stage.bottom, stage.top - 0.75)
        self.legend = text(words.legend(self.trace.facts.gated, LIT), 0.22, palette.FAINT)
        corner = [stage.right - self.legend.width / 2, stage.top - 0.3, 0]
        self.legend.move_to(corner)
        return City(self.post, self.lit, name, box, YAWS)

    def _chip(self, token: bytes, at: int) -> TokenChip:
        """Whose city it is."""
        stage, chip = self.layout.stage, TokenChip(token, at, 0.42)
        return chip.move_to([stage.left + chip.width / 2, stage.top - 0.3, 0])

    def _gone(self) -> list[Animation]:
        """All that is on the stage fades."""
        still = set(map(id, self.camera.still))
        return [FadeOut(each) for each in self.mobjects if id(each) not in still]

    def _open(self) -> None:
        """The block of all layers, what is not an MLP dark; it opens, and the eye goes to one plate."""
        stack = read_stack(self.trace)
        lights = [1.0 if isinstance(piece, Seam) and piece.mlp else DARK for piece in stack.pieces]
        roll = 0.0 if self.layout.wide else 90.0
        self.block = block = Block(stack, lights=lights)
        block.opened = 1.0
        block.fit(self.below.inset(0.3, 0.2), Eye(yaw=32.0, pitch=12.0, roll=roll))
        whole, block.opened = block.eye, 0.0
        block.see(whole)
        self.wait(0.5)
        self.play(FadeIn(block), run_time=0.8)

        def part(amount: float) -> None:
            block.opened = amount
            block.see(whole)

        self.play(self.change(part, 0, 1, block), run_time=1.8)
        place = next(
            place
            for place, piece in enumerate(stack.pieces)
            if isinstance(piece, Seam) and piece.mlp and piece.layer == self.layer
        )
        x, y, _z = self.below.center
        self.credit(self.layer)
        self.play(look(block, whole.dived(block.point(place), 2.6, (x, y)), 2.0))

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
        sand = self.sand
        total = self.question.total
        others = [each for each in self._gone() if each.mobject is not total]
        self.play(*others, *map(FadeIn, (sand.plot, sand.zero, sand.rise)), run_time=0.8)
        self.play(ReplacementTransform(total, sand.number), FadeIn(sand.own, scale=2), run_time=1.0)
        self.play(FadeIn(sand.sand, shift=DOWN), run_time=1.2)
        self.play(FadeIn(sand.shares), run_time=0.6)
        self.bring_to_front(sand.own, sand.number)

    def _bend(self) -> None:
        """The activation's curve; every grain goes onto it."""
        sand = self.sand
        self.play(Create(sand.curve), FadeIn(sand.label), run_time=1.2)
        self.bring_to_front(sand.sand, sand.own, sand.number)
        self.play(self.change(sand.show, 0, 1, sand.sand, sand.own, sand.number), run_time=2.4)

    def _gate(self) -> None:
        """Every grain times its second number."""
        sand = self.sand
        self.play(self.change(sand.show, 1, 2, sand.sand, sand.own, sand.number), run_time=2.4)

    def _rise(self) -> None:
        """All neurons of all layers: the towers come up, a district after the other."""
        self.credit()
        city = self.city.rise(0)
        self.chip = self._chip(self.trace.tokens[-1], self.trace.n_tokens - 1)
        self.play(*self._gone(), FadeIn(city), FadeIn(self.chip), FadeIn(self.legend), run_time=1.0)
        self.play(self.change(city.rise, 0, 1).set_rate_func(linear), run_time=3.2)

    def _sway(self, seconds: float) -> Animation:
        """While a caption is read, the eye goes on round the city."""
        eye = self.city.eye
        return look(self.city, replace(eye, yaw=min(YAWS[1], eye.yaw + DRIFT * seconds)), seconds)

    def _fly(self) -> None:
        """To the tower of the strongest neuron; all others are dimmed."""
        city, stage = self.city, self.layout.stage
        city.chosen = (self.layer, self.neuron)
        city.show(city.at)
        self.credit(self.layer)
        place = (
            (stage.left + 0.28 * stage.width, stage.center[1]) if self.layout.wide else (0.0, stage.top - 2.6)
        )
        eye = city.near(self.layer, self.neuron, NEAR, place, 3.4 if self.layout.wide else 2.4)
        self.play(look(city, eye, 2.5, also=lambda amount: city.leave(1 - (1 - DIMMED) * amount)))

    def _promote(self) -> None:
        """What its row of W_down promotes, by W_U, fans out from its top."""
        self.fan = self._fan()
        self.add(self.fan)
        self.play(self.change(self.fan.grow, 0, 1).set_rate_func(linear), run_time=3.0)

    def _fan(self) -> Fan:
        trace, stage = self.trace, self.layout.stage
        start = self.city.eye.project(self.city.top(self.layer, self.neuron))
        if self.layout.wide:
            box = Box(stage.left + 0.56 * stage.width, stage.right, stage.bottom, stage.top - 0.6)
        else:
            box = Box(stage.left + 0.9, stage.right, stage.bottom, stage.bottom + 0.55 * stage.height)
        ids = trace.neuron_tokens_LN[self.layer].tolist()
        winner = int(trace.logits_last_V[:].argmax())
        marked = ids.index(winner) if winner in ids else None
        pieces = [trace.token_name(token) for token in ids]
        return Fan(start, pieces, trace.neuron_token_logits_LN[self.layer], box, marked)

    def _switch(self, other: int, token: bytes) -> None:
        """Back above the city; its lights go out, and those of another token come on."""
        city = self.city
        chip = self._chip(token, self.trace.n_tokens - len(self.post) + other)
        self.credit()
        self.play(
            FadeOut(self.fan),
            look(city, city.above, 1.8, also=lambda n: city.leave(DIMMED + (1 - DIMMED) * n)),
        )
        city.chosen = None
        city.show(city.at)
        self.play(self.change(city.rise, 1, 0), FadeOut(self.chip), run_time=1.2)
        city.show(other)
        self.play(self.change(city.rise, 0, 1), FadeIn(chip), run_time=2.0)

    def _end(self) -> None:
        """All tokens: a tower each."""
        self.play(*self._gone(), FadeIn(self.row), run_time=0.8)
        line = self.skyline
        line.grow(0)
        self.play(FadeIn(line), run_time=0.6)
        self.play(self.change(line.grow, 0, 1).set_rate_func(linear), run_time=2.0)
        self.play(FadeIn(line.names), run_time=0.6)
