"""Every head of every layer at once, then the few that do something nameable."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from manim import DOWN, UP, FadeIn, FadeOut, Group, UpdateFromAlphaFunc, VGroup, linear, smooth

from scenes.chosen_head import chosen_head, matched_key
from scenes.heads_words import SINK, Kind, closing_words, count_words, kinds_of, pattern_words, wall_words
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import DARKEST, UNSEEN, Look, staged, weight_look
from scenes.mobjects.head_wall import HeadWall, wall_numbers
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, percent
from scenes.mobjects.pattern_picture import PatternPicture, halves, token_spans

DIMMED = 0.12
NONE_LIT = 0.5  # brightness of all where none stands out: the picture stays
FOOT = 0.55  # frame units below the wall, for what is counted
NUMBERS = (0.75, 0.6)  # at its left and above it, for layers and heads


class AttentionHeads(LectureScene):
    """The wall of all patterns; for each measured kind the head that scores highest; then those that rest.

    Data: `pattern_LHTS`; `head_previous_LH`, `head_first_LH`, `head_self_LH`, `head_induction_LH`: the share
    of a head's weight that goes to the token before, to the first token, to the token itself, and, on random
    tokens played twice, to the token that followed last time. That last kind is drawn as it was measured
    (`induction_pattern_RR`). A kind that the trace lacks is left out. A head rests on the first token where
    `head_first_LH` is above one half. The head shown first is the one that `query_key` and `mask` show.
    """

    reads = (
        "prompt_bytes_B",
        "prompt_offsets_T1",
        "pattern_LHTS",
        "pattern_last_LHS",
        "scores_last_LHS if any",
        "head_previous_LH if any",
        "head_first_LH if any",
        "head_self_LH if any",
        "head_induction_LH if any",
        "induction_ids_R if any",
        "induction_pattern_RR if any",
    )
    poster = "count"

    def construct(self) -> None:
        """One pattern, the wall, each kind's best head, and how many rest on the first token."""
        # data
        trace = self.trace
        layer, head = chosen_head(self)
        kinds = kinds_of(trace)

        # picture
        stage = self.layout.stage
        self.aside, self.beside = self.layout.split(stage, 6.6, 6.2, gap=0.5)
        self.wall = whole = self._wall(stage)
        self.numbers = wall_numbers(whole)
        self.shown: dict[str, tuple[int, int, float]] = {}
        self.opening = self._opening(layer, head)

        # story
        with self.beat("pattern", pattern_words()):
            self.credit(layer, head)
            self.add(self.opening)
            self._glow(layer, head)
        with self.beat("wall", wall_words()):
            self._shrink(layer, head)
            self.wait(1.6)
        with self.beat("count", count_words(trace.facts)):
            self.play(self._wave(), run_time=3.0)
        for kind in kinds:
            with self.beat(kind.name, kind.narration):
                if kind is kinds[0]:
                    self._change_wall(self._wall(self.aside))
                self._lift_out(kind)
            self.play(FadeOut(self.picture), FadeOut(self.title), run_time=0.4)
        with self.beat("rest", closing_words(trace), last=True):
            self.credit()
            if kinds:
                self._change_wall(whole)
            self._light_those_at_rest()

    # The rest builds what the story plays.

    def _wall(self, box: Box) -> HeadWall:
        facts = self.trace.facts
        return wall_in(
            box, lambda index: np.asarray(self.trace.pattern_LHTS[index]), facts.n_layer, facts.n_head
        )

    def _opening(self, layer: int, head: int) -> Group:
        """The grid as `mask` leaves it."""
        self.pattern = np.asarray(self.trace.pattern_LHTS[layer, head])
        scored = self.trace.has("scores_last_LHS") or self.trace.has("scores_LHTS")
        key = matched_key(self.trace, layer, head) if scored else int(self.pattern[-1].argmax())
        self.grid = staged(self.trace.tokens, key, self.layout.stage)
        self.grid.show({at: self._cell(at, 1.0, 0.0) for at in self.grid.looks})
        self.note = text(f"pattern_LHTS[{layer}, {head}]", 0.2, palette.FAINT, mono=True)
        self.note.next_to(self.grid.cells, DOWN, buff=0.12)
        return Group(self.grid, self.note)

    def _cell(self, at: tuple[int, int], dots: float, glow: float) -> Look:
        query, key = at
        if key > query:
            return UNSEEN
        weight = float(self.pattern[at])
        look = weight_look(weight, self.grid.roomy, dots)
        share = min(1.0, weight / self.wall.value_scale)
        return Look(
            look.words,
            ink=look.ink * (1 - glow),
            glow=glow * share,
            dot=look.dot * (1 - glow),
            aside=look.aside,
            shine=DARKEST + (1 - DARKEST) * glow,
        )

    def _glow(self, layer: int, head: int) -> None:
        """The dots dissolve: each cell's colour tells its weight."""

        def dissolve(_cells: object, amount: float) -> None:
            self.grid.show({at: self._cell(at, 1.0, amount) for at in self.grid.looks})

        self.wait(0.6)
        self.play(UpdateFromAlphaFunc(self.grid.cells, dissolve, rate_func=smooth), run_time=1.5)

    def _shrink(self, layer: int, head: int) -> None:
        """The pattern flies to its place in the wall, while the others light up, layer by layer."""
        self.credit()
        centre, size = self.wall.place_of(layer, head)
        cells = self.grid.cells
        names = VGroup(self.grid.row_labels, self.grid.column_labels, self.grid.rules, self.note)
        layers, heads = self.wall.brightness_LH.shape

        def sweep(wall: HeadWall, amount: float) -> None:
            lit = np.clip(amount * (layers + 2) - np.arange(layers)[:, None] - 0.05 * np.arange(heads), 0, 1)
            lit[layer, head] = 0  # until the pattern is there
            wall.light(lit)

        sweep(self.wall, 0)
        self.add(self.wall, cells)
        self.play(
            FadeOut(names, run_time=0.3),
            cells.animate(run_time=1.2)
            .stretch_to_fit_width(size)
            .stretch_to_fit_height(size)
            .move_to(centre),
            UpdateFromAlphaFunc(self.wall, sweep, rate_func=linear, run_time=1.3),
            FadeIn(self.numbers, run_time=1.3),
        )
        self.remove(cells)
        self.wall.light(np.ones_like(self.wall.brightness_LH))

    def _wave(self) -> UpdateFromAlphaFunc:
        """A light runs through the layers while the others wait."""
        layers, heads = self.wall.brightness_LH.shape

        def run(wall: HeadWall, amount: float) -> None:
            away = np.abs(np.arange(layers) - (amount * (layers + 4) - 2))
            low = 1 - 0.6 * min(1.0, 8 * amount, 8 * (1 - amount))
            lit = low + (1 - low) * np.clip(2 - away, 0, 1)
            wall.light(np.repeat(lit[:, None], heads, axis=1))

        return UpdateFromAlphaFunc(self.wall, run, rate_func=linear)

    def _relight(self, brightness_LH: npt.ArrayLike) -> UpdateFromAlphaFunc:
        start, goal = self.wall.brightness_LH.copy(), np.asarray(brightness_LH, dtype=np.float32)

        def change(wall: HeadWall, amount: float) -> None:
            wall.light((1 - amount) * start + amount * goal)

        return UpdateFromAlphaFunc(self.wall, change, rate_func=smooth)

    def _change_wall(self, other: HeadWall) -> None:
        """The wall goes to another place and size, where it is drawn anew: pixels stay pixels."""
        moving, numbers = self.wall.copy(), wall_numbers(other)
        other.light(self.wall.brightness_LH)
        self.remove(self.wall)
        self.add(moving)
        move = moving.animate.scale(other.width / moving.width).move_to(other)
        self.play(FadeOut(self.numbers), move, run_time=0.8)
        self.remove(moving)
        self.add(other)
        self.wall, self.numbers = other, numbers
        self.play(FadeIn(numbers), run_time=0.3)

    def _lift_out(self, kind: Kind) -> None:
        """Light the wall by one kind's scores; the best head comes forward."""
        trace, box = self.trace, self.beside
        scores_LH = np.asarray(getattr(trace, kind.tensor))
        best = np.unravel_index(int(scores_LH.argmax()), scores_LH.shape)
        layer, head, score = int(best[0]), int(best[1]), float(scores_LH.max())
        self.shown[kind.name] = (layer, head, score)
        self.credit(layer, head)
        words = _("layer {layer} · head {head}: {score} of its weight")
        words = words.format(layer=layer, head=head, score=percent(score))
        self.title = VGroup(text(kind.title, 0.36, palette.INK), text(words, 0.3, palette.QUERY))
        self.title.arrange(DOWN, buff=0.12)
        self.title.scale(min(1.0, box.width / self.title.width))
        self.title.move_to([box.center[0], box.top - self.title.height / 2, 0])
        room = float(self.title.get_bottom()[1]) - 0.15 - box.bottom
        self.picture = self._picture(kind, layer, head, 4.0)
        for again in range(12):  # names keep their size, or turn, where the picture takes another
            larger = min(room - self.picture.height, box.width - self.picture.width)
            if again >= 4 and larger >= -1e-3:
                break
            self.picture = self._picture(kind, layer, head, self.picture.heat.width + larger)
        self.picture.move_to([box.center[0], box.bottom + room / 2, 0])
        light = self._relight(DIMMED + (1 - DIMMED) * scores_LH / max(score, 1e-9))
        self.play(light, FadeIn(self.title, shift=0.25 * UP), run_time=0.8)
        centre, size = self.wall.place_of(layer, head)
        heat, *labels = self.picture
        resting, whole = heat.get_center(), heat.width
        heat.move_to(centre).scale(size / whole)
        self.add(heat)
        self.play(heat.animate.scale(whole / size).move_to(resting), run_time=0.7)
        self.play(FadeIn(Group(*labels)), run_time=0.3)

    def _picture(self, kind: Kind, layer: int, head: int, side: float) -> PatternPicture:
        """The pattern in which the kind was measured."""
        trace = self.trace
        if kind.name == "induction" and trace.has("induction_pattern_RR"):
            repeats = len(trace.induction_ids_R)
            first = _("{count} tokens").format(count=repeats)
            pattern_RR = np.asarray(trace.induction_pattern_RR)
            scale = min(1.0, palette.robust_scale(pattern_RR[np.tril_indices(2 * repeats)]))
            return PatternPicture(pattern_RR, side, scale, halves(first, _("the same again")))
        pattern_TS = np.asarray(trace.pattern_LHTS[layer, head])
        return PatternPicture(pattern_TS, side, self.wall.value_scale, token_spans(trace.tokens, side))

    def _light_those_at_rest(self) -> None:
        """The heads that rest on the first token light up, layer by layer, and are counted."""
        if not self.trace.has("head_first_LH"):
            self.play(self._relight(np.ones_like(self.wall.brightness_LH)), run_time=1.0)
            return
        resting_LH = np.asarray(self.trace.head_first_LH) > SINK
        layers = len(resting_LH)
        low = DIMMED if resting_LH.any() else NONE_LIT
        stage = self.layout.stage
        self.counted = text("0", 0.46, palette.QUERY)
        of = text(_("of {total} heads rest on the first token").format(total=count(resting_LH.size)), 0.3)
        self.counted.rewrite(count(int(resting_LH.sum())))
        line = VGroup(self.counted, of).arrange(buff=0.15)
        line.scale(min(1.0, stage.width / line.width)).move_to([stage.center[0], stage.bottom + 0.2, 0])
        anchor = (1.0, 0.0, 0.0)

        def turn_on(wall: HeadWall, amount: float) -> None:
            reached = np.clip(amount * (layers + 1) - np.arange(layers), 0, 1)[:, None]
            wall.light(1 + (np.where(resting_LH, 1.0, low) - 1) * reached)
            self.counted.rewrite(count(int((resting_LH & (reached >= 1)).sum())), anchor)

        self.play(self._relight(np.ones_like(resting_LH)), run_time=0.6)
        self.counted.rewrite("0", anchor)
        self.play(FadeIn(line), run_time=0.4)
        light = UpdateFromAlphaFunc(self.wall, turn_on, rate_func=linear)
        self.add(self.wall, line)
        self.play(light, run_time=2.5)


def wall_in(
    box: Box, pattern_of: Callable[[int], npt.NDArray[np.float32]], n_layer: int, n_head: int
) -> HeadWall:
    """The wall as large as a box allows, with room for its numbers and for a line below it."""
    left, above = NUMBERS
    wall = HeadWall(pattern_of, n_layer, n_head, box.width - left, box.height - above - FOOT)
    wall.move_to([box.center[0] + left / 2, box.center[1] + (FOOT - above) / 2, 0])
    return wall
