"""Every head of every layer at once, then the few that do something nameable."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import UP, Animation, FadeIn, FadeOut, Group, VGroup, linear

from scenes import heads_words as words
from scenes.chosen_head import chosen_head, matched_key
from scenes.heads_words import Kind
from scenes.lecture_scene import LectureScene
from scenes.mobjects.best_head import BestHead
from scenes.mobjects.head_wall import HeadWall, wall_numbers, wall_of
from scenes.mobjects.pattern_grid import PatternGrid
from scenes.mobjects.resting_heads import RestingHeads
from scenes.mobjects.wall_lights import DIMMED, Light, sweep, wave


class AttentionHeads(LectureScene):
    """The wall of all patterns; for each measured kind the head that scores highest; then those that rest.

    Data: `pattern_LHTS`; `head_previous_LH`, `head_first_LH`, `head_self_LH`, `head_induction_LH`: the share
    of a head's weight that goes to the token before, to the first token, to the token itself, and, on random
    tokens played twice, to the token that followed last time. That last kind is drawn as it was measured
    (`induction_pattern_RR`). A kind that the trace lacks is left out. A head rests on the first token where
    `head_first_LH` is above one half. The head shown first is the one that `query_key` and `mask` show.
    """

    reads = (
        "the prompt",
        "pattern_LHTS",
        "pattern_last_LHS",
        "scores_last_LHS if any",
        "the heads' scores",
        "induction_ids_R if any",
        "induction_pattern_RR if any",
    )
    poster = "count"

    def construct(self) -> None:
        """One pattern, the wall, each kind's best head, and how many rest on the first token."""
        # data
        trace = self.trace
        layer, head = chosen_head(self)
        pattern_TS = np.asarray(trace.pattern_LHTS[layer, head])
        scored = trace.has("scores_last_LHS") or trace.has("scores_LHTS")
        key = matched_key(trace, layer, head) if scored else int(pattern_TS[-1].argmax())
        kinds = words.kinds_of(trace)

        # picture
        stage = self.layout.stage
        aside, self.beside = self.layout.split(stage, 6.6, 6.2, gap=0.5)
        self.row, self.below = self.shelved()
        self.wall = wall_of(trace, stage)
        self.numbers = wall_numbers(self.wall)
        name = f"pattern_LHTS[{layer}, {head}]"
        self.opening = PatternGrid(trace.tokens, pattern_TS, key, stage, name, self.wall.value_scale)
        self.shown: dict[str, tuple[int, int, float]] = {}

        # story
        with self.beat("pattern", words.pattern_words()):
            self.credit(layer, head)
            self.add(self.row)
            self.wait(0.5)
            self.play(*self.opening.arrival(self.row), run_time=1.4)
            self.play(self.change(self.opening.dissolve, 0, 1, self.opening.grid.cells), run_time=1.5)
        with self.beat("wall", words.wall_words()):
            self.credit()
            self._shrink(layer, head)
            self.wait(1.6)
        with self.beat("count", words.count_words(trace.facts)):
            self.play(self._lit(wave), run_time=3.0)
        for kind in kinds:
            with self.beat(kind.name, kind.narration):
                if kind is kinds[0]:
                    self._change_wall(wall_of(trace, aside))
                self._lift_out(kind)
            self.play(FadeOut(self.best.picture), FadeOut(self.best.title), run_time=0.4)
        with self.beat("rest", words.closing_words(trace), last=True):
            self.credit()
            self._change_wall(wall_of(trace, self.below))
            self.play(FadeIn(self.row), run_time=0.5)
            self._light_those_at_rest()

    # The rest is what the story plays.

    def _lit(self, light: Light, others_LH: npt.NDArray[np.float32] | float = 1.0) -> Animation:
        """Light runs over the wall, and none over pictures of which `others_LH` is 0."""
        wall, (layers, heads) = self.wall, self.wall.brightness_LH.shape
        run = self.change(lambda moment: wall.light(others_LH * light((layers, heads), moment)), 0, 1, wall)
        return run.set_rate_func(linear)

    def _relit(self, brightness_LH: npt.ArrayLike = 1.0) -> Animation:
        """The wall's light changes to this; by default all of it is bright."""
        start = self.wall.brightness_LH
        return self.change(self.wall.light, start, np.broadcast_to(brightness_LH, start.shape))

    def _shrink(self, layer: int, head: int) -> None:
        """The pattern flies to its place in the wall, while the others light up, layer by layer."""
        centre, size = self.wall.place_of(layer, head)
        grid, others = self.opening.grid, np.ones_like(self.wall.brightness_LH)
        others[layer, head] = 0  # until the pattern is there
        self.wall.light(0 * others)
        self.add(self.wall, grid.cells)
        names = VGroup(grid.row_labels, grid.column_labels, grid.rules, self.opening.note)
        shrunk = grid.cells.animate(run_time=1.2).stretch_to_fit_width(size).stretch_to_fit_height(size)
        light = self._lit(sweep, others).set_run_time(1.3)
        numbers = FadeIn(self.numbers, run_time=1.3)
        self.play(FadeOut(names, run_time=0.3), shrunk.move_to(centre), light, numbers)
        self.remove(grid.cells)
        self.wall.light(np.ones_like(others))

    def _change_wall(self, other: HeadWall) -> None:
        """The wall goes to another place and size, where it is drawn anew: pixels stay pixels."""
        moving, numbers = self.wall.copy(), wall_numbers(other)
        other.light(self.wall.brightness_LH)
        self.remove(self.wall)
        move = moving.animate.scale(other.width / moving.width).move_to(other)
        self.play(FadeOut(self.numbers), move, run_time=0.8)
        self.remove(moving)
        self.add(other)
        self.wall, self.numbers = other, numbers
        self.play(FadeIn(numbers), run_time=0.3)

    def _lift_out(self, kind: Kind) -> None:
        """Light the wall by one kind's scores; the best head comes forward."""
        self.best = best = BestHead(self.trace, kind, self.beside, self.wall.value_scale)
        self.shown[kind.name] = (best.layer, best.head, best.score)
        self.credit(best.layer, best.head)
        light = self._relit(DIMMED + (1 - DIMMED) * best.scores_LH / max(best.score, 1e-9))
        self.play(light, FadeIn(best.title, shift=0.25 * UP), run_time=0.8)
        centre, size = self.wall.place_of(best.layer, best.head)
        heat, *labels = best.picture
        resting, whole = heat.get_center(), heat.width
        heat.move_to(centre).scale(size / whole)
        self.add(heat)
        self.play(heat.animate.scale(whole / size).move_to(resting), run_time=0.7)
        self.play(FadeIn(Group(*labels)), run_time=0.3)

    def _light_those_at_rest(self) -> None:
        """The heads that rest on the first token light up, layer by layer, and are counted."""
        if not self.trace.has("head_first_LH"):
            self.play(self._relit(), run_time=1.0)
            return
        self.resting = resting = RestingHeads(self.trace.head_first_LH, self.wall, self.layout.stage)
        self.play(self._relit(), run_time=0.6)
        self.play(FadeIn(resting.line), run_time=0.4)
        self.add(self.wall, resting.line)
        self.play(self.change(resting.show, 0, 1, self.wall), run_time=2.5, rate_func=linear)
