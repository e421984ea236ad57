"""What is reused when the next token is generated: keys and values, not logits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from manim import RIGHT, UP, Animation, FadeIn, FadeOut, Group, TransformFromCopy, linear

from scenes import kv_cache_words as words
from scenes.cache_cost import CacheCost
from scenes.chosen_head import chosen_head
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects.cost_curves import CostCurves
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.eye import look
from scenes.mobjects.grown_grid import GrownGrid
from scenes.mobjects.memory_bar import MemoryBar
from scenes.mobjects.moved_marks import MovedMarks
from scenes.mobjects.note import Note
from scenes.mobjects.numerals import count
from scenes.mobjects.pane_names import ABOVE, BESIDE, NamedWall
from scenes.mobjects.pane_wall import PaneWall
from scenes.mobjects.readout import Readout
from scenes.mobjects.reuse_ruler import reuse_ruler
from scenes.mobjects.subtracted import Subtracted
from scenes.mobjects.written_row import drawn_chip, grow, written_row

NOTE, BAND, FOOT = 0.26, 1.2, 0.7  # frame units above the wall, below it, and below it when it is frozen
YAW, PITCH, DRIFT = 24.0, 12.0, 1.5  # of the eye on the frozen wall; degrees a second


class KVCache(LectureScene):
    """Two steps of generation: the second, as if nothing had been kept, beside what the cache keeps.

    Data: `step_ids_G[0]`, the token that the first step drew; `cache_gap_LT` and `again_size_LT1`, the
    difference of kept and recomputed keys and values and how large they are; one head's keys of the prompt as
    they were and `again_k_TK`; its pattern; `step_logits_GV`, of the first step and of the second where there
    is one. Costs: `CacheCost`, from the shape. The head is the one that `chosen_head` finds.
    """

    reads = (
        "the prompt",
        "the vocabulary",
        "pattern_last_LHS",
        "scores_last_LHS",
        "pattern_LHTS of one head",
        "k_LHTK or k_LCTK of one head",
        "step_ids_G",
        "step_logits_GV",
        "cache_gap_LT",
        "again_size_LT1",
        "again_k_TK",
    )
    poster = "wall"

    def construct(self) -> None:
        """A token more; everything again; what is left; why; frozen; logits; what it saves and costs."""
        # data
        trace, facts, tokens = self.trace, self.trace.facts, self.trace.tokens
        layer, head = self.shown = chosen_head(self)
        self.piece = trace.token_name(int(trace.step_ids_G[0]))
        self.tokens = [*tokens, self.piece]
        self.gap_LT, self.size_LN = trace.cache_gap_LT[...], trace.again_size_LT1[...]
        logits_GV, cost = trace.step_logits_GV, CacheCost.of(facts)
        n, largest = len(self.tokens), float(self.size_LN.max())
        keys_TK, again_TK = trace.keys(layer, head), trace.again_k_TK[:]
        left_over = float(np.abs(keys_TK - again_TK).max())

        # picture
        self.row, below = self.shelved()
        stage = self.layout.stage
        note, _names, room, self.band = self.layout.stack(stage, NOTE, ABOVE, None, BAND, gap=0.08)
        self.note = Note(note)
        self.wall = PaneWall(self.size_LN, room.inset(BESIDE, 0), largest)
        self.named = NamedWall(self.wall, self.tokens)
        titles = _("in the cache"), _("computed anew"), _("left over")
        self.subtracted = Subtracted(keys_TK.T, again_TK.T, titles, stage.stack(NOTE, None, gap=0.05)[1])

        # story
        self.add(self.row)
        with self.beat("step", words.STEP, token=self.piece):
            self._append()
        with self.beat("again", words.again_words(n, facts.n_layer)):
            self._run_all()
        with self.beat("head", words.head_words(trace.n_tokens, left_over)):
            self._subtract()
        with self.beat("wall", words.wall_words(self.gap_LT, largest)):
            self._black()
        with self.beat("mask", words.MASK):
            self._mask()
        with self.beat("cache", words.cache_words(facts, n), drift=self._sway):
            self._freeze()
        if len(logits_GV) > 1:
            old_V, new_V = logits_GV[0], logits_GV[1]
            winner = trace.token_name(int(old_V.argmax()))
            with self.beat("logits", words.logits_words(old_V, new_V, winner)):
                self._move_logits()
        with self.beat("cost", words.cost_words(cost, n, facts.n_ctx)):
            self._count(cost)
        with self.beat("memory", words.memory_words(facts, cost), last=True):
            self._pay(cost, below)

    # The rest is what the story plays.

    def _gone(self) -> list[Animation]:
        """All that is on the stage fades."""
        still = set(map(id, self.camera.still))
        return [FadeOut(each) for each in self.mobjects if id(each) not in still]

    def _append(self) -> None:
        """The drawn token stands large, flies to the end of the row, and the words come down to the wall."""
        chip = drawn_chip(self.piece, 0.9)
        chip.scale(min(1.0, 0.6 * self.layout.stage.width / chip.width)).move_to(self.layout.stage.center)
        self.wait(0.4)
        self.play(FadeIn(chip, scale=1.3), run_time=0.8)
        self.wait(1.2)
        before, row = self.row, written_row(self.trace.tokens, [self.piece], self.layout.shelf)
        flight = grow(before, row, chip)
        self.play(flight, run_time=1.4)
        self.remove(*flight.mobject, before, chip)
        self.add(row)
        self.wall.light[:, -1] = 0
        self.wall.see(self.wall.eye)
        moves = [
            TransformFromCopy(row.chips[column].words, word) if column in row.chips else FadeIn(word)
            for column, word in self.named.columns.items()
        ]
        labels = FadeIn(self.named.rows), FadeIn(self.named.title)
        self.play(FadeOut(row), FadeIn(self.wall), *labels, *moves, run_time=1.4)

    def _run_all(self) -> None:
        """Everything goes dark, and light runs through every pane of the wall."""
        wall, panes = self.wall, self.size_LN.size
        self.counted = Readout(_("panes computed"), lambda value: count(round(value)), (0, panes), 0.7)
        self.counted.scale(min(1.0, self.band.width / self.counted.width)).move_to(self.band.center)
        self.play(self.change(wall.darken, 0, 1), FadeIn(self.counted), run_time=1.0)

        def run(amount: float) -> None:
            wall.run(amount, whole=True)
            self.counted.show(panes * amount)

        self.play(self.change(run, 0, 1, wall, self.counted).set_rate_func(linear), run_time=3.5)

    def _subtract(self) -> None:
        """One head's keys, twice, and what is left of the one without the other."""
        facts, sub = self.trace.facts, self.subtracted
        layer, head = self.shown
        self.credit(layer, head)
        self.play(*self._gone(), run_time=0.6)
        first, second, third = sub.panels
        said = f"k_{facts.key_axes}[{layer}, {head // facts.group}] − again_k_TK"
        self.play(FadeIn(first, shift=0.25 * RIGHT), self.note.say(said), run_time=0.8)
        self.play(FadeIn(sub.signs[0]), FadeIn(second, shift=0.25 * RIGHT), run_time=0.8)
        self.play(FadeIn(sub.signs[1]), FadeIn(third), FadeIn(sub.largest), run_time=0.8)
        self.play(self.change(sub.take, 0, 1, sub.pictures[2], sub.largest), run_time=3.0)

    def _black(self) -> None:
        """All old panes less what they were; the new column stays lit; a ruler says what is left."""
        wall, old = self.wall, self.size_LN[:, :-1]
        self.credit()
        self.play(*self._gone(), FadeIn(Group(*self.named)), run_time=0.8)
        self.play(self.note.say("cache_gap_LT, again_size_LT1"), run_time=0.4)
        held = self.gap_LT >= 0

        def subtract(amount: float) -> None:
            left = np.where(held, old + (np.maximum(self.gap_LT, 0) - old) * amount, -1)
            wall.hold(np.column_stack([left, self.size_LN[:, -1:]]))

        self.play(self.change(subtract, 0, 1, wall), run_time=2.5)
        self.ruler, marks = reuse_ruler(self.gap_LT, self.size_LN, min(12.0, self.band.width - 0.2))
        self.ruler.move_to(self.band.center)
        self.play(FadeIn(self.ruler.strip), FadeIn(self.ruler.ends), FadeIn(self.ruler.chance), run_time=0.6)
        self.play(one_by_one(marks, UP, 0.5), run_time=1.4)

    def _mask(self) -> None:
        """The head's weights; a column comes that no older row may look at, then a row."""
        layer, head = self.shown
        windows = self.trace.facts.windows
        window = windows[layer] if windows else 0
        sees = np.arange(len(self.tokens)) >= (len(self.tokens) - window if window else 0)
        name = f"pattern_LHTS[{layer}, {head}]"
        self.grown = GrownGrid(
            self.tokens, self.trace.pattern_LHTS[layer, head], sees, name, self.layout.stage
        )
        self.credit(layer, head)
        self.play(*self._gone(), FadeIn(self.grown.grid), FadeIn(self.grown.note), run_time=0.8)
        self.add(self.grown.frame)
        self.play(self.change(self.grown.grow, 0, 2, self.grown).set_rate_func(linear), run_time=3.0)
        self.play(self.change(self.grown.grow, 2, 3, self.grown), run_time=1.2)

    def _freeze(self) -> None:
        """Frost over the old panes; the last column comes away and runs alone, reading them."""
        wall, named = self.wall, self.named
        self.credit()
        wall.hold(self.size_LN)
        self.play(*self._gone(), FadeIn(Group(*named)), run_time=0.8)
        room, foot = self.layout.stage.stack(None, FOOT, gap=0.1)
        eye = wall.aslant(YAW, PITCH, room.inset(BESIDE, ABOVE))
        self.play(look(named, eye, 2.2, also=wall.freeze))
        self.counted.show(0).move_to(foot.center)
        self.add(self.counted)

        def run(amount: float) -> None:
            wall.run(amount, whole=False)
            self.counted.show(len(self.size_LN) * amount)

        self.play(self.change(run, 0, 1, wall, self.counted).set_rate_func(linear), run_time=3.5)

    def _sway(self, seconds: float) -> Animation:
        """While the caption is read, the eye goes on round the wall."""
        eye = self.named.eye
        return look(self.named, replace(eye, yaw=eye.yaw - DRIFT * seconds), seconds)

    def _move_logits(self) -> None:
        """Where every token's logit was, and where it is."""
        titles = _("logits of the last step"), _("logits of this step")
        marks = self.marks = MovedMarks.of_steps(self.trace, titles, self.layout.stage.inset(0, 0.1))
        self.play(*self._gone(), run_time=0.6)
        self.play(FadeIn(marks.upper), FadeIn(marks.names), run_time=0.6)
        self.play(*map(FadeIn, (marks.rest, marks.threads, marks.dots, marks.lower)), run_time=0.8)
        self.play(self.change(marks.move, 0, 1), run_time=2.5)
        self.play(FadeIn(marks.new_names), run_time=0.6)

    def _count(self, cost: CacheCost) -> None:
        """Multiplications of a step, from this text's length to the context's end."""
        self.curves = CostCurves(
            cost, len(self.tokens), self.trace.facts.n_ctx, self.layout.stage.inset(0, 0.1)
        )
        self.play(*self._gone(), FadeIn(self.curves), run_time=0.8)
        self.wait(0.8)
        self.play(self.change(self.curves.reach, 0, 1).set_rate_func(linear), run_time=4.0)

    def _pay(self, cost: CacheCost, below: Box) -> None:
        """What the cache takes, beside what the weights take."""
        facts = self.trace.facts
        self.memory = MemoryBar(cost, len(self.tokens), facts.n_ctx, facts.n_parameters, below)
        self.row, _below = self.shelved()
        self.play(*self._gone(), FadeIn(self.row), FadeIn(self.memory), run_time=0.8)
        self.wait(0.5)
        self.play(self.change(self.memory.reach, 0, 1).set_rate_func(linear), run_time=3.5)
