"""The cross-section: tokens → vectors → attention → MLP → … → last vector → probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from manim import (
    DOWN,
    LEFT,
    UP,
    FadeIn,
    FadeOut,
    Group,
    LaggedStart,
    ShowPassingFlash,
    UpdateFromAlphaFunc,
    VGroup,
    smooth,
)

from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.arcs import attention_arcs
from scenes.mobjects.bars import ProbabilityBars
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, percent, plain
from scenes.mobjects.slabs import Deck, Slab, Streams, View, turn
from scenes.mobjects.token_row import TokenRow, token_quote

ROWS = 32  # elements of each vector that are drawn
MOST_LAYERS = 12  # more than these would flicker past
MOST_BARS = 6
STRIP = 0.34
OPENING = 1.35  # how much larger the prompt is before the vectors need the room
SIDE_YAW = 73.0  # degrees the deck is turned to be seen as a cross-section
PANE_HEIGHT = 2.8
PANEL_HEIGHT = 4.7  # of the read-out, where it stands above the deck
DECK_SHARE, PANEL_SHARE = 8.4, 4.4  # of the stage's width, once the read-out stands beside the deck

Array = npt.NDArray[np.float32]


class Overview(LectureScene):
    """The residual stream through every layer, with one attention pattern a layer as arcs.

    Data: `resid_pre_LTD`, `resid_mid_LTD`, `resid_final_TD`: ROWS evenly spaced elements of each shown
    token's vector; `pattern_LHTS`: in each layer the head that gives the least weight to the first token and
    to the token itself, summed over queries; `lens_ids_MWN`, `lens_logprobs_MWN`: the last position's logit
    lens; `logits_last_V`. At most MOST_LAYERS layers are shown, evenly spaced, first and last among them.
    """

    reads = (
        "prompt_bytes_B",
        "prompt_offsets_T1",
        "vocab_bytes_B if any",
        "vocab_offsets_V1 if any",
        "resid_pre_LTD",
        "resid_mid_LTD",
        "resid_final_TD",
        "pattern_LHTS",
        "lens_ids_MWN",
        "lens_logprobs_MWN",
        "logits_last_V",
    )
    poster = "cross_section"

    def construct(self) -> None:
        """Cut, embed, run the layers, turn the stack, read the last vector."""
        # data
        trace, facts = self.trace, self.trace.facts
        layers = shown_layers(facts.n_layer)
        elements = np.unique(np.linspace(0, facts.d_model - 1, ROWS).round().astype(int))
        heads = {layer: busiest_head(np.asarray(trace.pattern_LHTS[layer])) for layer in layers}

        # picture
        stage = self.layout.stage
        deck_box, self.panel = self._boxes()
        self.row = TokenRow(trace.tokens, deck_box.width, size=0.36)
        self.row.move_to([stage.center[0], stage.bottom + 0.5, 0])
        shown = list(self.row.chips)
        middle = float(self.row.get_center()[0])
        floor = float(self.row.get_top()[1]) + 0.22
        places = [float(self.row.chips[index].get_center()[0]) - middle for index in shown]
        ramps = np.stack([palette.token_ramp(index) for index in shown])
        width = max(self.row.width, 1.0) + 0.3
        strip = min(STRIP, 0.8 * min(self.row.chips[index].width for index in shown))

        def vectors(stream_TD: Array) -> Array:
            return np.ascontiguousarray(np.asarray(stream_TD)[shown][:, elements].T)

        def slab(stream_TD: Array, edge: str) -> Slab:
            return Slab(vectors(stream_TD), places, ramps, width, PANE_HEIGHT, edge, strip)

        front = View(centre=(middle, floor + PANE_HEIGHT / 2))
        self.deck = Deck(front).push(slab(trace.resid_pre_LTD[layers[0]], palette.INK))
        self.arcs_of: dict[int, VGroup] = {}  # layer → the arcs that were drawn for it
        self.read_outs: dict[int, ProbabilityBars] = {}  # depth → the bars that were shown for it
        self.note = text(" ", 0.22, palette.FAINT).move_to([stage.left, deck_box.top - 0.1, 0])

        # story
        ground = self.row.get_center()
        opening = min(OPENING, stage.width / self.row.width)
        self.row.scale(opening).move_to(stage.center)
        with self.beat(
            "tokens",
            _(
                "{model} reads a prompt as tokens, here {count}. "
                "What happens to them on the way to the next one?"
            ).format(model=facts.model_name, count=count(trace.n_tokens)),
        ):
            self.play(
                LaggedStart(*(FadeIn(part, shift=0.25 * UP) for part in self.row), lag_ratio=0.1),
                run_time=1.5,
            )

        with self.beat(
            "vectors",
            self._vectors_narration().format(width=count(facts.d_model), rows=len(elements)),
        ):
            self.play(self.row.animate.scale(1 / opening).move_to(ground), run_time=0.9)
            first = self.deck.slabs[0]
            self.add(self.deck)
            self._annotate(first)
            self.add(self.note)
            self.play(self._rise(first), run_time=1.6)

        layer = layers[0]
        with self.beat(
            "attention",
            _(
                "Attention: each vector takes something over from earlier ones. "
                "The arcs are the weights of one head, layer {layer}, head {head}."
            ).format(layer=layer, head=heads[layer]),
        ):
            self.credit(layer, heads[layer])
            self.arcs = self._arcs(layer, heads[layer], shown)
            self.play(LaggedStart(*(FadeIn(arc) for arc in self.arcs), lag_ratio=0.05), run_time=1.2)
            self._step(slab, trace.resid_mid_LTD[layer], palette.QUERY, run_time=1.6)

        with self.beat(
            "mlp", _("Then a multi-layer perceptron works on every vector by itself, and adds what it finds.")
        ):
            self.play(FadeOut(self.arcs), run_time=0.5)
            self._step(slab, self._after(layer), palette.GELU, run_time=1.6)

        with self.beat("layers", self._layers_narration(layers)):
            aside = deck_box.center[0] - stage.center[0]
            view = self.deck.view
            left = replace(view, centre=(view.centre[0] + aside, view.centre[1]))
            self.play(
                turn(self.deck, left, run_time=1.0), self.row.animate.shift([aside, 0, 0]), run_time=1.0
            )
            self._read_out(layer + 1, run_time=1.0)
            pace = min(1.3, 12 / max(1, len(layers) - 1))
            for layer in layers[1:]:
                self.credit(layer, heads[layer])
                self.arcs = self._arcs(layer, heads[layer], shown)
                self.add(self.arcs)
                self._step(slab, trace.resid_mid_LTD[layer], palette.QUERY, run_time=0.4 * pace, arcs=True)
                self.remove(self.arcs)
                self._step(slab, self._after(layer), palette.GELU, run_time=0.35 * pace)
                self._read_out(layer + 1, run_time=0.25 * pace)
            self.credit()

        with self.beat(
            "cross_section",
            self._side_narration(),
        ):
            side = self._side_view(width)
            lines = VGroup(
                *(Streams(self.deck, place, palette.token_colour(index)) for place, index in enumerate(shown))
            ).set_stroke(opacity=0)
            beside = Group(self.row, self.bars, self.readout, self.note)
            self.play(FadeOut(beside), run_time=0.6)
            self.add(lines)

            last = len(shown) - 1

            def follow(amount: float) -> None:
                for token, line in enumerate(lines):
                    line.follow().set_stroke(opacity=amount * (1.0 if token == last else 0.3))
                for each in self.deck.slabs:
                    each.light([1.0 if token == last else 1 - 0.6 * amount for token in range(len(shown))])

            back = replace(self.deck.view, reach=1.0)
            self.play(turn(self.deck, side, run_time=3.0, also=follow))
            marks = self._depth_marks(layers)
            self.play(FadeIn(marks), run_time=0.5)
            self.wait(1)

        with self.beat("last_vector", self._verdict()):
            self.play(FadeOut(marks), run_time=0.4)
            self.play(turn(self.deck, back, run_time=2.0, also=lambda amount: follow(1 - amount)))
            self.remove(lines)
            final = self.deck.slabs[-1]

            def spotlight(moving: Slab, amount: float) -> None:
                moving.light([1.0 if token == last else 1 - 0.8 * amount for token in range(len(shown))])

            self.play(FadeIn(beside), UpdateFromAlphaFunc(final, spotlight), run_time=1.0)
            beam = Streams(self.deck, last, palette.INK).set_points_as_corners(
                [final.point(last, 0.5), self.bars.get_left() + 0.1 * UP]
            )
            self.play(ShowPassingFlash(beam, time_width=0.6), run_time=1.0)
            self.wait(1)

    # The rest builds what the story plays.

    def _boxes(self) -> tuple[Box, Box]:
        """Where the deck stands, and where the read-out: beside it, or above it in a narrow frame."""
        stage = self.layout.stage
        if self.layout.wide:
            deck, panel = stage.columns(DECK_SHARE, PANEL_SHARE, gap=0.5)
        else:
            panel, deck = stage.rows(PANEL_HEIGHT, stage.height - PANEL_HEIGHT, gap=0.0)
        return deck, panel

    def _after(self, layer: int) -> Array:
        """The residual stream that leaves `layer`."""
        facts = self.trace.facts
        if layer + 1 == facts.n_layer:
            return np.asarray(self.trace.resid_final_TD)
        return np.asarray(self.trace.resid_pre_LTD[layer + 1])

    def _rise(self, slab: Slab) -> UpdateFromAlphaFunc:
        """Grow the vectors up from their tokens."""

        def grow(moving: Slab, amount: float) -> None:
            moving.reveal(amount)

        return UpdateFromAlphaFunc(slab, grow, rate_func=smooth)

    def _arcs(self, layer: int, head: int, shown: list[int]) -> VGroup:
        """One head's weights between the shown tokens, above the slab in front."""
        slab = self.deck.slabs[-1]
        ends = {index: slab.point(place, -0.02) for place, index in enumerate(shown)}
        self.arcs_of[layer] = attention_arcs(self.trace.pattern_LHTS[layer, head], ends, rise=1.25)
        return self.arcs_of[layer]

    def _step(
        self,
        slab: Callable[[Array, str], Slab],
        stream_TD: Array,
        edge: str,
        run_time: float,
        arcs: bool = False,
    ) -> None:
        """Bring a new slab to the front; its colours go from the vectors before to the vectors after."""
        before = self.deck.slabs[-1]
        after = slab(stream_TD, edge)
        start, goal = before.values.copy(), after.values.copy()
        scales = before.value_scale, after.value_scale
        view = self.deck.view
        self.deck.push(after)

        def change(amount: float) -> None:
            share = min(1.0, amount)
            after.show((1 - share) * start + share * goal, (1 - share) * scales[0] + share * scales[1])

        change(0)
        self.play(turn(self.deck, replace(view, front=view.front + 1), run_time=run_time, also=change))
        after.show(goal, scales[1])
        self._annotate(after)

    def _annotate(self, slab: Slab) -> None:
        """Print what the strongest colour stands for on the slab in front: each has its own scale."""
        digits = 1 if slab.value_scale >= 1 else 2
        self.note.rewrite(
            _("strongest colour: ±{scale} or more").format(scale=plain(slab.value_scale, digits))
        )

    def _side_narration(self) -> str:
        if palette.NAME == "light":
            return _(
                "The whole stack from the side: one line is one token's vector on its way, "
                "and every slab adds a little to it. Ochre: attention. Green: MLP."
            )
        return _(
            "The whole stack from the side: one line is one token's vector on its way, "
            "and every slab adds a little to it. Yellow: attention. Green: MLP."
        )

    def _vectors_narration(self) -> str:
        if self.trace.facts.positions == "rotary":
            return _(
                "Each token becomes a vector of {width} numbers; where it stands will count in attention. "
                "{rows} of them are drawn; the larger, the more it stands out."
            )
        return _(
            "Each token becomes a vector of {width} numbers: what it is, plus where it stands. "
            "{rows} of them are drawn; the larger, the more it stands out."
        )

    def _layers_narration(self, layers: list[int]) -> str:
        total = self.trace.facts.n_layer
        if len(layers) < total:
            return _(
                "The same two steps in each of the {total} layers ({shown} of them are shown). "
                "The bars: what the model would say if it stopped here (the logit lens)."
            ).format(total=total, shown=len(layers))
        return _(
            "The same two steps in each of the {total} layers. "
            "The bars: what the model would say if it stopped here (the logit lens)."
        ).format(total=total)

    def _read_out(self, depth: int, run_time: float) -> None:
        """Show the logit lens of the last position at `depth`."""
        ids = np.asarray(self.trace.lens_ids_MWN[depth, -1])[:MOST_BARS]
        probabilities = np.exp(np.asarray(self.trace.lens_logprobs_MWN[depth, -1], dtype=np.float64))[
            :MOST_BARS
        ]
        pieces = [self.trace.token_name(int(token)) for token in ids]
        n_vocab = self.trace.facts.n_vocab
        bars = ProbabilityBars(
            pieces,
            [int(token) for token in ids],
            probabilities,
            n_vocab,
            self.panel.width,
            4.0,
            longest=1.0,
            others=_("{count} others").format(count=count(n_vocab - len(ids))),
        )
        bars.move_to([self.panel.right - bars.width / 2, self.panel.center[1] - 0.3, 0])
        last = depth == self.trace.facts.n_layer
        words = _("next token") if last else _("read out after layer {layer}").format(layer=depth - 1)
        title = text(words, 0.3, palette.INK).move_to([self.panel.center[0], bars.get_top()[1] + 0.35, 0])
        earlier = self.read_outs.get(max(self.read_outs, default=-1))
        self.read_outs[depth] = bars
        if earlier is None:
            self.bars, self.readout = bars, title
            self.play(FadeIn(bars, shift=0.25 * UP), FadeIn(title), run_time=run_time)
            return
        before = [bar.probability for bar in earlier.bars]
        self.remove(earlier, self.readout)
        self.bars, self.readout = bars, title
        self.add(title, bars)

        def grow(moving: ProbabilityBars, amount: float) -> None:
            moving.show((1 - amount) * np.array(before) + amount * probabilities)

        self.play(UpdateFromAlphaFunc(bars, grow), run_time=run_time)
        bars.show(probabilities)

    def _side_view(self, width: float) -> View:
        """The view in which the whole deck, turned, fills the stage."""
        stage = self.layout.stage
        view = self.deck.view
        slabs = len(self.deck.slabs)
        side = replace(view, yaw=-SIDE_YAW, pitch=12.0, reach=1e3, ahead=1e3)
        across = width * np.cos(np.radians(SIDE_YAW))
        spacing = (0.94 * stage.width - across) / (max(1, slabs - 1) * np.sin(np.radians(SIDE_YAW)))
        return replace(
            side, spacing=min(spacing, 0.9), centre=(0.0, stage.center[1] + 0.25), front=(slabs - 1) / 2
        )

    def _depth_marks(self, layers: list[int]) -> VGroup:
        """Numbers under the slabs: where each layer begins and ends."""
        marks = VGroup()
        for position, layer in enumerate(layers):
            pair = self.deck.slabs[1 + 2 * position : 3 + 2 * position]
            low = np.mean([slab.corner() for slab in pair], axis=0)  # the side nearest to the viewer
            marks.add(text(str(layer), 0.24, palette.CAPTION).move_to(low + 0.24 * DOWN))
        word = text(_("layer"), 0.24, palette.FAINT)
        return marks.add(word.next_to(marks[0], LEFT, buff=0.25))

    def _verdict(self) -> str:
        logits = np.asarray(self.trace.logits_last_V, dtype=np.float64)
        odds = np.exp(logits - logits.max())
        best = int(odds.argmax())
        label = token_quote(self.trace.token_name(best))
        return _(
            "Only the last vector is read for the next token: “{token}” gets {share}. "
            "Every other position predicts the token after itself."
        ).format(token=label, share=percent(float(odds[best] / odds.sum())))


def shown_layers(n_layer: int) -> list[int]:
    """At most MOST_LAYERS layers, evenly spaced, the first and the last among them."""
    spaced = np.linspace(0, n_layer - 1, min(n_layer, MOST_LAYERS)).round().astype(int)
    return [int(layer) for layer in spaced]


def busiest_head(pattern_HTS: Array) -> int:
    """The head that gives the least weight to the first token and to the query's own token."""
    own = np.trace(pattern_HTS, axis1=1, axis2=2, dtype=np.float64)
    first = pattern_HTS[:, 1:, 0].sum(axis=1, dtype=np.float64)
    return int(np.argmin(own + first))
