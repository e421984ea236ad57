"""What is really handed over: values times weights, their sum, and how much of it arrives from whom."""

from __future__ import annotations

import numpy as np
from manim import UP, FadeIn, FadeOut, Group, linear

from scenes import N_
from scenes import values_words as words
from scenes.chosen_head import chosen_head, matched_key
from scenes.handing_over import Handed
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.facing_bars import FacingBars
from scenes.mobjects.head_shares import HeadShares
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import count, percent, plain, signed
from scenes.mobjects.pattern_grid import PatternGrid
from scenes.mobjects.slab_rack import SlabRack
from scenes.mobjects.token_row import token_words
from scenes.mobjects.value_columns import DIGITS, ValueColumns, cell_frame

MOST, MOST_NARROW = 9, 6  # columns, the others' among them
STEPPED = 2  # rows that are added up one number after the other
FOOT = 0.4  # frame units for the line that names the tensor


class Values(LectureScene):
    """The last row of `mask`'s pattern, the values that it weighs, their sum, and what arrives.

    Data: `pattern_last_LHS`, `v_LHTK` (or `v_LCTK`), `z_LHTK`, `value_out_SD`, `head_last_LHD`. The head is
    the one that `chosen_head` finds. The tokens of most weight have a column, in the order of the prompt; all
    others are one grey column, their weighted sum, and count in every sum. What arrives of a token is
    ‖weight · v W_O‖ as a share of the sum of these lengths (Kobayashi et al. 2020); the one that is named is
    the one whose two shares are farthest apart.
    """

    reads = (
        "the prompt",
        "pattern_last_LHS",
        "scores_last_LHS",
        "pattern_LHTS of one head",
        "v_LHTK or v_LCTK of one head",
        "z_LHTK of one head",
        "value_out_SD",
        "head_last_LHD",
    )
    poster = "arrived"

    def construct(self) -> None:
        """The row, the values, the weights, the sum, the matrix, all heads, two bars a token."""
        # data
        trace, tokens = self.trace, self.trace.tokens
        layer, head = self.shown = chosen_head(self)
        most = MOST if self.layout.wide else MOST_NARROW
        self.handed = handed = Handed.of(trace, layer, head, most)
        pattern_TS = trace.pattern_LHTS[layer, head]
        shares_LHD = np.asarray(trace.head_last_LHD)
        axes, group = trace.facts.key_axes, trace.facts.group
        z_name = f"z_LHTK[{layer}, {head}, {trace.n_tokens - 1}]"

        # picture
        self.credit(layer, head)
        stage = self.layout.stage
        name = f"pattern_LHTS[{layer}, {head}]"
        self.opening = PatternGrid(tokens, pattern_TS, matched_key(trace, layer, head), stage, name, 1.0)
        upper, self.foot = self.layout.stack(stage, None, FOOT, gap=0.1)
        self.columns = ValueColumns(handed, tokens, upper)
        self.rack = self._rack(upper)
        self.heads = HeadShares(handed.read, shares_LHD, (layer, head), upper)
        self.row, below = self.shelved()
        self.bars = self._bars(below)
        self.note = text(" ", 0.22, palette.FAINT)

        # story
        self.add(self.opening.grid, self.opening.note)
        with self.beat("row", words.row_words(tokens)):
            self._take_row()
        with self.beat("values", words.values_words(handed, group)):
            self._hold_out(f"v_{axes}[{layer}, {head // group}]")
        with self.beat("weight", words.weight_words(handed, tokens)):
            self._weigh(f"pattern_last_LHS[{layer}, {head}] · v_{axes}[{layer}, {head // group}]")
        with self.beat("sum", N_("Then the columns are added up, number by number, row after row.")):
            self._add_up(z_name)
        with self.beat("pour", words.pour_words(handed, z_name)):
            self._pour(z_name)
        with self.beat(
            "widen",
            N_("The matrix W_O makes {wide} numbers of {narrow}: as many as the token's own vector has."),
            wide=trace.facts.d_model,
            narrow=trace.facts.d_head,
        ):
            self._widen(f"head_last_LHD[{layer}, {head}]")
        with self.beat("heads", words.heads_words(trace.facts.n_head, trace.facts.wiring)):
            self._join(f"head_last_LHD[{layer}]")
        with self.beat("arrived", words.arrived_words(handed, tokens), last=True):
            self._weigh_up()

    # The rest plays the story's parts.

    def _name(self, place: int, size: float) -> Lettering:
        """A column's token, or how many others there are."""
        if place >= len(self.handed.shown):
            others = _("{count} others").format(count=count(len(self.handed.others)))
            return text(others, size, palette.CAPTION)
        position = self.handed.shown[place]
        return token_words(self.trace.tokens[position], size, palette.token_colour(position))

    def _rack(self, box: Box) -> SlabRack:
        handed = self.handed
        vectors = handed.products
        rest = [palette.CAPTION] if handed.others else []
        colours = [palette.VALUE] * len(handed.shown) + rest + [palette.OUTPUT]
        labels = [self._name(place, 0.3) for place in range(len(vectors))]
        for label in labels:
            label.scale(min(1.0, 0.9 * box.width / (len(vectors) + 1.6) / label.width))
        return SlabRack(vectors, colours, [*labels, text("z", 0.4, palette.OUTPUT)], box)

    def _bars(self, box: Box) -> FacingBars:
        """By weight, the heaviest first; the others last."""
        handed = self.handed
        shares_2N = np.stack([handed.grouped(each) for each in (handed.weights, handed.arrived)])
        order = sorted(range(len(handed.shown)), key=lambda place: -shares_2N[0, place])
        order += range(len(handed.shown), shares_2N.shape[1])
        formula = '$norm("weight" dot v W_O)$'
        heads = ((_("attention"), _("weight")), (_("what arrives"), formula))
        self.bars_box, foot = self.layout.stack(box, None, 0.35, gap=0.1)
        correlation = handed.correlation
        said = (
            ""
            if correlation is None
            else _("correlation of weights and lengths, all tokens: {r}").format(r=plain(correlation, 3))
        )
        self.correlation = text(said or " ", 0.24, palette.CAPTION, fit=foot)
        names = [self._name(place, 0.4) for place in order]
        colours = (palette.QUERY, palette.OUTPUT)
        return FacingBars(names, shares_2N[:, order], heads, colours, self.bars_box, len(handed.shown))

    def _say(self, name: str) -> FadeIn:
        """Another tensor's name at the foot."""
        self.remove(self.note)
        self.note = text(name, 0.22, palette.FAINT, mono=True, fit=self.foot)
        return FadeIn(self.note)

    def _take_row(self) -> None:
        """All rows but the last go."""
        self.wait(0.5)
        self.play(self.change(self.opening.dim_all_but_last, 0, 1, self.opening.grid.cells), run_time=1.4)

    def _hold_out(self, name: str) -> None:
        columns, opening = self.columns, self.opening
        shown = range(len(self.handed.shown))
        self.play(
            FadeOut(Group(opening.grid, opening.note)), FadeIn(columns.labels[: len(shown)]), run_time=0.8
        )
        held = [Group(columns.numbers[place], columns.frames[place]) for place in shown]
        self.play(one_by_one(held), self._say(name), run_time=1.6)

    def _weigh(self, name: str) -> None:
        """Into one number: its product; and back, while all are multiplied."""
        columns, handed = self.columns, self.handed
        self.add(columns)
        place = handed.shown.index(handed.heaviest)
        middle = self.layout.stage.center
        value, weight = float(handed.values[handed.heaviest, 0]), float(handed.weights[handed.heaviest])
        said = f"{percent(weight)} × {signed(value, DIGITS)} = {signed(weight * value, DIGITS)}"
        product = text(said, 0.8, palette.VALUE, fit=self.layout.stage.width).move_to(middle)
        self.play(
            self.change(lambda amount: columns.near(place, amount, middle), 0, 1, columns), run_time=1.6
        )
        self.play(FadeIn(product, shift=0.25 * UP), self._say(name), run_time=0.6)
        self.wait(0.8)
        back = self.change(lambda amount: columns.near(place, amount, middle), 1, 0, columns)
        self.play(FadeOut(product, run_time=0.4), back, run_time=1.4)
        self.play(self.change(columns.weigh, 0, 1), run_time=2.0)

    def _add_up(self, name: str) -> None:
        """Two rows column by column, then all that are shown."""
        columns = self.columns
        frame = cell_frame(columns).move_to(columns.at(0))
        many = len(columns.products)
        for number in columns.sums:
            number.set_opacity(0)
        self.add(columns.sums)
        self.play(FadeIn(columns.result), FadeIn(frame), self._say(name), run_time=0.6)

        def step(row: int, done: float) -> None:
            columns.add_up(row, done)
            frame.move_to(columns.at(row, min(many - 1, int(done))))

        for row in range(min(STEPPED, columns.rows)):
            walk = self.change(lambda done, row=row: step(row, done), 0, many, columns.sums, frame)
            self.play(walk.set_rate_func(linear), run_time=1.2 + 0.15 * many)

        def rest(done: float) -> None:
            for row in range(STEPPED, columns.rows):
                columns.add_up(row, done)

        self.play(FadeOut(frame), self.change(rest, 0, many, columns.sums), run_time=1.2)

    def _pour(self, name: str) -> None:
        rack, columns = self.rack, self.columns
        self.play(FadeOut(Group(columns, columns.sums, columns.result)), FadeIn(rack), run_time=1.0)
        self.play(self.change(rack.pour, 0, 1), run_time=3.5)

    def _widen(self, name: str) -> None:
        heads = self.heads
        self.play(FadeOut(self.rack), FadeIn(heads.read), FadeIn(heads.z), run_time=0.8)
        heads.widen(0)
        self.play(FadeIn(heads.glass), FadeIn(heads.matrix), run_time=0.6)
        self.play(self.change(heads.widen, 0, 1, heads.own), self._say(name), run_time=1.6)

    def _join(self, name: str) -> None:
        heads = self.heads
        self.add(heads.rows, heads.own)
        self.play(
            self.change(heads.settle, 0, 1, heads.rows, heads.own), FadeIn(heads.names), self._say(name)
        )
        self.play(FadeIn(heads.sums), FadeIn(heads.total), run_time=0.6)
        self.play(FadeIn(heads.measured), run_time=0.6)

    def _weigh_up(self) -> None:
        """First the attention, then what arrives."""
        self.play(FadeOut(self.heads), FadeOut(self.note), FadeIn(self.row), run_time=0.8)
        self.add(self.bars)
        self.play(self.change(self.bars.show, (0, 0), (1, 0)), run_time=1.2)
        self.play(self.change(self.bars.show, (1, 0), (1, 1)), run_time=1.6)
        self.play(FadeIn(self.correlation), run_time=0.4)
