"""What a GPT does: a probability for every possible next token; draw one, append it, run again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    Arrow,
    Create,
    FadeIn,
    FadeOut,
    GrowArrow,
    LaggedStart,
    Line,
    Rectangle,
    UpdateFromAlphaFunc,
    VGroup,
    smooth,
    there_and_back,
)

from model_probe.trace import Trace
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.bars import ProbabilityBars
from scenes.mobjects.distribution_strip import THICKNESS, DistributionStrip, Needle
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, percent
from scenes.mobjects.running_text import RunningText
from scenes.mobjects.token_row import TokenChip, TokenRow, token_quote

MOST_BARS = 8
MOST_STEPS = 8  # later steps are only seen in the final text
OPENING = 1.6  # how much larger the prompt is before the model needs the room
CHIP = 0.3  # em of the drawn token where it is drawn
DIMMED = 0.3
WRITTEN = palette.QUERY  # the colour of what the model wrote

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Step:
    """One generation step: the distribution, and the draw from it."""

    ids_N: list[int]  # the likeliest tokens, best first
    probabilities_N: Floats
    starts_N: Floats  # what all tokens with smaller ids have together
    drawn: int
    probability: float
    start: float
    uniform: float  # where the number fell that drew it; the middle of its share where none was drawn

    @property
    def row(self) -> int:
        """The drawn token's bar; the rest bar if it has none of its own."""
        return self.ids_N.index(self.drawn) if self.drawn in self.ids_N else len(self.ids_N)


class NextToken(LectureScene):
    """Text in, a distribution out, one token drawn from all of it and appended; then again.

    Data: `step_logits_GV`, or `step_scaled_GV` where `step_kept_GV` is 1: softmax in double precision, the
    MOST_BARS likeliest as bars; `step_uniform_G`: the number that drew; `step_ids_G`: the token it drew. The
    draw added up the probabilities in the order of the ids and took the token in whose share the number fell:
    so does the strip. A greedy or a beam search draws nothing; there the needle points at what was taken.
    """

    reads = (
        "prompt_bytes_B",
        "prompt_offsets_T1",
        "vocab_bytes_B if any",
        "vocab_offsets_V1 if any",
        "step_logits_GV",
        "step_scaled_GV if any",
        "step_kept_GV if any",
        "step_ids_G",
        "step_uniform_G if any",
    )
    poster = "draw"

    def construct(self) -> None:
        """Name, prompt, distribution, draw, append, again, the whole text."""
        # data
        trace, facts = self.trace, self.trace.facts
        ids_G = np.asarray(trace.step_ids_G)
        self.steps = [read_step(trace, step) for step in range(min(len(ids_G), MOST_STEPS))]
        self.written = [self._piece(int(token)) for token in ids_G]
        first = self.steps[0]

        # picture
        stage = self.layout.stage
        self.row = self._row(0)
        top = stage.top - 0.4
        strip_y = stage.bottom + 0.56 + THICKNESS / 2
        middle = Box(stage.left, stage.right, strip_y + THICKNESS / 2 + 0.36, top - 0.62)
        if self.layout.wide:
            left, self.place = middle.columns(3.0, 9.6, gap=0.7)
        else:
            left, self.place = middle.rows(2.6, middle.height - 2.6 - 0.7, gap=0.7)
        slab = self._slab(min(3.0, left.width))
        slab.move_to(left.center)
        self.longest = max(
            max(step.probabilities_N.max(), 1 - step.probabilities_N.sum()) for step in self.steps
        )
        self.bars = self._bars(first)
        self.strip = DistributionStrip(len(first.ids_N), stage.left + 0.75, stage.right - 1.05, strip_y)
        ends = VGroup(
            text("0 %", 0.24, palette.FAINT).next_to(self.strip.whole, LEFT, buff=0.15),
            text("100 %", 0.24, palette.FAINT).next_to(self.strip.whole, RIGHT, buff=0.15),
        )
        self.marker = Needle(self.strip)
        words = self._words()

        # story
        with self.beat(
            "name", _("{model} is a GPT. The letters say what that is.").format(model=facts.model_name)
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
            resting = self.row.get_center()
            opening = min(OPENING, stage.width / self.row.width)
            self.row.scale(opening).move_to(stage.center)
            self.play(FadeOut(words, shift=0.25 * UP), run_time=0.5)
            self.play(FadeIn(self.row, shift=0.25 * UP), run_time=0.8)
            self.wait(1.2)
            self.play(self.row.animate.scale(1 / opening).move_to(resting), run_time=1.0)
            x = min(float(self.row.get_center()[0]), left.center[0])
            self.feed = Line(*_ends(self.row), stroke_width=3, color=palette.CAPTION)
            into = _arrow([x, self.feed.get_y(), 0], [x, slab.get_top()[1] + 0.08, 0])
            self.play(Create(self.feed), run_time=0.5)
            self.play(GrowArrow(into), FadeIn(slab), run_time=0.7)
            reading = self.row.copy()
            self.play(
                reading.animate.scale_to_fit_width(0.6 * slab.width).move_to(slab).set_opacity(0),
                run_time=0.9,
            )
            self.remove(reading)

        with self.beat(
            "distribution",
            _(
                "Out comes a probability for every token it knows, {vocabulary} of them. "
                "The likeliest have a bar, all others share the grey one: together 100 %."
            ).format(vocabulary=count(facts.n_vocab)),
        ):
            side, way = (slab.get_right(), RIGHT) if self.layout.wide else (slab.get_bottom(), DOWN)
            out = _arrow(side + 0.08 * way, side + 0.62 * way)
            self.play(_glow(slab[0]), GrowArrow(out), run_time=0.8)
            self.play(
                LaggedStart(*(FadeIn(bar, shift=0.25 * RIGHT) for bar in self.bars), lag_ratio=0.1),
                run_time=1.5,
            )

        with self.beat("draw", self._draw_narration()):
            self.play(FadeIn(self.strip.whole), FadeIn(ends), run_time=0.6)
            self.add(self.strip)
            self._lay_out(first)
            self.play(FadeIn(self.marker), run_time=0.4)
            self.play(self._slide(first), run_time=2.0)

        with self.beat("append", self._append_narration()):
            self.play(*self._land(first), run_time=0.6)
            self.wait(0.8)
            self._append(1, run_time=1.2)

        if len(self.steps) > 1:
            with self.beat(
                "again",
                _("The longer text goes in again: new probabilities, a new draw, one more token. And again."),
            ):
                for number, step in enumerate(self.steps[1:], 2):
                    pace = 1.0 if number == 2 else 0.5
                    self.play(*self._change(step, slab[0]), run_time=max(0.5, pace))
                    self.play(self._slide(step), run_time=0.8 * pace)
                    self.play(*self._land(step), run_time=0.5 * pace)
                    self._append(number, run_time=0.9 * pace)

        known = trace.token_bytes(0) is not None
        written = self.written if known else [b" " + piece for piece in self.written]
        self.text = RunningText(
            [(trace.tokens, palette.INK), (written, WRITTEN)], stage.width - 1, stage.height - 0.6
        ).move_to(stage.center)

        with self.beat("text", self._closing()):
            stood = VGroup(*(each for each in self.mobjects if each in (self.feed, slab, into, out, ends)))
            self.play(FadeOut(VGroup(stood, self.row, self.bars, self.strip, self.marker)), run_time=0.6)
            self.play(FadeIn(self.text, shift=0.25 * UP), run_time=1.0)
            self.wait(2)

    # The rest builds what the story plays.

    def _piece(self, token: int) -> bytes:
        """A token's bytes; its number where the trace does not know them."""
        piece = self.trace.token_bytes(token)
        return f"#{token}".encode() if piece is None else piece

    def _words(self) -> VGroup:
        """The three words, each with its meaning."""
        rows = VGroup()
        for word, meaning in (
            ("Generative", _("it writes on, one token after another")),
            ("Pre-trained", _("it has learned from text beforehand")),
            ("Transformer", _("the kind of network: layers of attention and MLPs")),
        ):
            initial = text(word[0], 0.8, palette.KEY)
            others = text(word[1:], 0.8, palette.INK).next_to(initial, RIGHT, buff=0)
            note = text(meaning, 0.36, palette.CAPTION)
            if self.layout.wide:
                note.move_to([5.3 + note.width / 2, -0.05, 0])
            else:
                note.scale(min(1.0, self.layout.stage.width / note.width))
                note.move_to([note.width / 2, -0.7, 0])
            name = VGroup(initial, others)
            name.shift([-float(name.get_left()[0]), 0, 0])
            rows.add(VGroup(name, note).shift((1.5 if self.layout.wide else 2.2) * len(rows) * DOWN))
        stage = self.layout.stage
        if rows.width > stage.width:
            rows.scale_to_fit_width(stage.width)
        return rows.move_to(stage.center)

    def _slab(self, width: float) -> VGroup:
        """The model as a closed box with its name."""
        box = Rectangle(
            width=width, height=2.0, stroke_color=palette.POSITIVE_LARGE, stroke_width=2,
            fill_color=palette.POSITIVE_SMALL, fill_opacity=0.25,
        )  # fmt: skip
        facts = self.trace.facts
        name, _space, size = facts.model_name.rpartition(" ")
        words = VGroup(
            *(text(line, 0.44, palette.INK) for line in (name, size) if line),
            text(_("layers: {count}").format(count=facts.n_layer), 0.28, palette.CAPTION),
        ).arrange(DOWN, buff=0.1)
        for line in words:
            if line.width > width - 0.3:
                line.scale_to_fit_width(width - 0.3)
        return VGroup(box, words.move_to(box))

    def _row(self, written: int) -> TokenRow:
        """The prompt and the first `written` tokens of the model, from the stage's left edge."""
        tokens = [*self.trace.tokens, *self.written[:written]]
        row = TokenRow(tokens, self.layout.stage.width)
        for index, chip in row.chips.items():
            if index >= self.trace.n_tokens:
                _paint(chip)
        stage = self.layout.stage
        row.move_to([stage.left + row.width / 2, stage.top - 0.4, 0])
        return row

    def _bars(self, step: Step) -> ProbabilityBars:
        facts = self.trace.facts
        bars = ProbabilityBars(
            [self.trace.token_bytes(token) for token in step.ids_N],
            step.ids_N,
            step.probabilities_N,
            facts.n_vocab,
            self.place.width,
            self.place.height,
            longest=float(self.longest),
        )
        bars.shift(self.place.center)  # its box varies with the numbers, its axis does not
        return bars

    def _set_strip(self, step: Step) -> Animation:
        """The segments move to where this step has them."""
        starts, shares = self.strip.starts, self.strip.shares
        new_starts = np.append(step.starts_N, step.start)
        new_shares = np.append(step.probabilities_N, step.probability)

        def move(strip: DistributionStrip, amount: float) -> None:
            strip.show(
                (1 - amount) * starts + amount * new_starts, (1 - amount) * shares + amount * new_shares
            )

        return UpdateFromAlphaFunc(self.strip, move, rate_func=smooth)

    def _lay_out(self, step: Step) -> None:
        """The bars come down into the strip, each to its token's place."""
        strip = self.strip
        pieces = [bar.shape.copy().set_stroke(width=0) for bar in self.bars.bars]
        moves = [
            piece.animate.stretch_to_fit_width(max(strip.length * share, 1e-3))
            .stretch_to_fit_height(THICKNESS)
            .move_to([strip.x(float(start + share / 2)), strip.y, 0])
            for piece, start, share in zip(pieces, step.starts_N, step.probabilities_N, strict=True)
        ]
        self.play(LaggedStart(*moves, lag_ratio=0.3), run_time=2.2)
        self.remove(*pieces)
        strip.show(np.append(step.starts_N, step.start), np.append(step.probabilities_N, step.probability))

    def _slide(self, step: Step) -> Animation:
        """The needle moves to the number that drew this step's token."""
        start = self.marker.uniform

        def move(marker: Needle, amount: float) -> None:
            marker.show((1 - amount) * start + amount * step.uniform)

        return UpdateFromAlphaFunc(self.marker, move, rate_func=smooth)

    def _land(self, step: Step) -> list[Animation]:
        """Everything but the drawn token's bar and segment steps back; its chip appears at the needle."""
        self.chip = _paint(TokenChip(self._piece(step.drawn), 0, CHIP))
        number = self.marker.number
        side = LEFT if step.uniform > 0.5 else RIGHT
        self.chip.next_to(number, side, buff=0.2)
        changes: list[Animation] = [FadeIn(self.chip)]
        for row, bar in enumerate(self.bars):
            if row != step.row:
                changes.append(bar.animate.set_opacity(DIMMED))
            elif row == len(step.ids_N):
                changes += [
                    bar.shape.animate.set_fill(palette.CAPTION),
                    bar.label.animate.set_color(palette.INK),
                    self.strip.lit.animate.set_fill(opacity=1),
                ]
        for row, segment in enumerate(self.strip.segments):
            if row != step.row:
                changes.append(segment.animate.set_fill(opacity=DIMMED))
        return changes

    def _append(self, written: int, run_time: float) -> None:
        """The drawn token flies to the end of the text; the others make room where they must."""
        before, self.row = self.row, self._row(written)
        goal = self.row[-1]
        moves = [self.chip.animate(path_arc=0.6).scale(goal.height / self.chip.height).move_to(goal)]
        for index, chip in before.chips.items():
            place = self.row.chips.get(index)
            if place is None:
                moves.append(FadeOut(chip))
            elif not np.allclose(place.get_corner(UP + LEFT), chip.get_corner(UP + LEFT)):
                moves.append(chip.animate.scale(place.height / chip.height).move_to(place))
        moves.append(self.feed.animate.put_start_and_end_on(*_ends(self.row)))
        if before.gap is not None:
            moves.append(FadeOut(before.gap))
        arriving = [chip for index, chip in self.row.chips.items() if index not in before.chips]
        moves += [FadeIn(chip) for chip in arriving if chip is not goal]
        if self.row.gap is not None:
            moves.append(FadeIn(self.row.gap))
        self.play(*moves, run_time=run_time)
        self.remove(before, self.chip, *before.chips.values(), *self.row)
        self.add(self.row)

    def _change(self, step: Step, model: Rectangle) -> list[Animation]:
        """The model runs: the bars take this step's labels and grow to its probabilities, the strip too."""
        before = [bar.probability for bar in self.bars.bars]
        self.remove(self.bars, *self.bars)
        self.bars = self._bars(step)
        for segment in self.strip.segments:
            segment.set_fill(opacity=1)
        self.strip.lit.set_fill(opacity=0)
        self.add(self.bars)

        def grow(bars: ProbabilityBars, amount: float) -> None:
            bars.show((1 - amount) * np.array(before) + amount * step.probabilities_N)

        return [
            UpdateFromAlphaFunc(self.bars, grow, rate_func=smooth),
            self._set_strip(step),
            _glow(model),
        ]

    def _draw_narration(self) -> str:
        facts = self.trace.facts
        if not self.trace.has("step_uniform_G"):
            return _(
                "All {vocabulary} tokens side by side, in vocabulary order, as wide as they are likely. "
                "Nothing is left to chance here: {method}."
            ).format(vocabulary=count(facts.n_vocab), method=self._method())
        return _(
            "All {vocabulary} tokens side by side, in vocabulary order, as wide as they are likely. "
            "A random number picks one: {method}, temperature {temperature}, seed {seed}."
        ).format(
            vocabulary=count(facts.n_vocab),
            method=self._method(),
            temperature=facts.sampling["temperature"],
            seed=facts.seed,
        )

    def _method(self) -> str:
        """How the tokens were chosen, in words."""
        sampling = self.trace.facts.sampling
        if sampling["method"] == "greedy":
            return _("the likeliest is taken")
        if sampling["method"] == "beam":
            return _("of the {count} likeliest texts, the best goes on").format(count=sampling["beams"])
        parts = [_("temperature sampling")]
        if sampling.get("top_k") is not None:
            parts.append(_("top-k {k}").format(k=count(sampling["top_k"])))
        if sampling.get("top_p") is not None:
            parts.append(_("top-p {p}").format(p=sampling["top_p"]))
        return _(", ").join(parts)

    def _append_narration(self) -> str:
        step = self.steps[0]
        words = (
            _("“{token}” ({share}) joins the text.")
            if not self.trace.has("step_uniform_G")
            else _("The random number lies in the share of “{token}” ({share}). That token joins the text.")
            if step.row < len(step.ids_N)
            else _(
                "The random number lies in the grey, in the share of “{token}” ({share}). "
                "That token joins the text."
            )
        )
        digits = 1 if step.probability >= 0.001 else 3
        return words.format(
            token=token_quote(self._piece(step.drawn)), share=percent(step.probability, digits)
        )

    def _closing(self) -> str:
        return _("Predict, draw, append: that is how {model} writes. In colour: what it wrote.").format(
            model=self.trace.facts.model_name
        )


def read_step(trace: Trace, step: int) -> Step:
    """The distribution of one generation step, and where its draw fell."""
    logits_V = trace.step_logits_GV[step]
    if trace.has("step_scaled_GV"):
        logits_V = np.where(trace.step_kept_GV[step] > 0, trace.step_scaled_GV[step], -np.inf)
    drawn = int(trace.step_ids_G[step])
    weights_V = np.exp(logits_V.astype(np.float64) - logits_V.max())
    probability_V = weights_V / weights_V.sum()
    start_V = np.cumsum(probability_V) - probability_V
    middle = start_V[drawn] + probability_V[drawn] / 2
    likeliest = np.argsort(-probability_V, kind="stable")[: min(MOST_BARS, np.count_nonzero(probability_V))]
    return Step(
        ids_N=[int(token) for token in likeliest],
        probabilities_N=probability_V[likeliest],
        starts_N=start_V[likeliest],
        drawn=drawn,
        probability=float(probability_V[drawn]),
        start=float(start_V[drawn]),
        uniform=float(trace.step_uniform_G[step] if trace.has("step_uniform_G") else middle),
    )


def _paint(chip: TokenChip) -> TokenChip:
    """In the colour of what the model wrote."""
    chip.box.set_stroke(WRITTEN).set_fill(WRITTEN)
    chip.words.set_color(WRITTEN)
    return chip


def _glow(model: Rectangle) -> Animation:
    """The model at work."""

    def shine(box: Rectangle, amount: float) -> None:
        box.set_fill(opacity=0.25 + 0.35 * amount)

    return UpdateFromAlphaFunc(model, shine, rate_func=there_and_back)


def _ends(row: TokenRow) -> tuple[npt.ArrayLike, npt.ArrayLike]:
    """Of the line under the whole text."""
    return row.get_corner(DOWN + LEFT) + 0.09 * DOWN, row.get_corner(DOWN + RIGHT) + 0.09 * DOWN


def _arrow(start: npt.ArrayLike, end: npt.ArrayLike) -> Arrow:
    return Arrow(
        start, end, buff=0, stroke_width=4, color=palette.CAPTION, tip_length=0.22,
        max_tip_length_to_length_ratio=0.5,
    )  # fmt: skip
