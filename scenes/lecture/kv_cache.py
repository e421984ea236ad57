"""What is reused when the next token is generated: keys and values, not logits."""

from __future__ import annotations

from functools import partial

from manim import RIGHT, UP, Animation, FadeIn, FadeOut, Group, linear

from scenes import kv_cache_words as words
from scenes.cache_cost import CacheCost
from scenes.chosen_head import chosen_head
from scenes.lecture_scene import LectureScene
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.eye import look
from scenes.mobjects.reuse_pictures import ReusePictures
from scenes.mobjects.subtracted import Subtracted
from scenes.mobjects.written_row import grow, written_row
from scenes.reuse import Reuse


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
        trace, facts = self.trace, self.trace.facts
        self.shown = chosen_head(self)
        self.reuse = reuse = Reuse.of(trace, *self.shown)
        cost, tokens = CacheCost.of(facts), len(reuse.tokens)

        # picture
        self.row, _below = self.shelved()
        self.pictures = pictures = ReusePictures(trace, reuse, cost, self.shown, self.layout)

        # story
        self.add(self.row)
        with self.beat("step", words.STEP, token=reuse.tokens[-1]):
            self._append()
        with self.beat("again", words.again_words(tokens, facts.n_layer)):
            self.play(self.change(pictures.wall.darken, 0, 1), FadeIn(pictures.counted), run_time=1.0)
            self._run()
        if pictures.subtracted is not None:
            with self.beat("head", words.head_words(trace.n_tokens, pictures.subtracted.left_over)):
                self._subtract(pictures.subtracted)
        with self.beat("wall", words.wall_words(reuse.gap_LT, reuse.largest)):
            self._fall()
        with self.beat("mask", words.MASK):
            self._grow()
        with self.beat("cache", words.cache_words(facts, tokens), drift=pictures.sway):
            self._freeze()
        if pictures.marks is not None:
            with self.beat("logits", words.logits_words(reuse.logits_GV, trace.token_name)):
                self._clear(FadeIn(Group(*pictures.marks.upper_parts)))
                self.play(FadeIn(Group(*pictures.marks.lower_parts)), run_time=0.8)
                self.play(self.change(pictures.marks.move, 0, 1), run_time=2.5)
                self.play(FadeIn(pictures.marks.new_names), run_time=0.6)
        with self.beat("cost", words.cost_words(cost, tokens, facts.n_ctx)):
            self._clear(FadeIn(pictures.curves))
            self.wait(0.8)
            self.play(self.change(pictures.curves.reach, 0, 1).set_rate_func(linear), run_time=4.0)
        with self.beat("memory", words.memory_words(facts, cost), last=True):
            self._clear(FadeIn(self.shelved()[0]), FadeIn(pictures.memory))
            self.play(self.change(pictures.memory.reach, 0, 1).set_rate_func(linear), run_time=3.5)

    # The rest is what the story plays.

    def _clear(self, *coming: Animation) -> None:
        """All that is on the stage fades, and something else comes."""
        still = set(map(id, self.camera.still))
        gone = [FadeOut(each) for each in self.mobjects if id(each) not in still]
        self.play(*gone, *coming, run_time=0.8)

    def _append(self) -> None:
        """The drawn token stands large, flies to the end of the row, and the words come down to the wall."""
        chip, written = self.pictures.chip, self.reuse.tokens[-1:]
        self.wait(0.4)
        self.play(FadeIn(chip, scale=1.3), run_time=0.8)
        self.wait(1.2)
        before, self.row = self.row, written_row(self.trace.tokens, written, self.layout.shelf)
        flight = grow(before, self.row, chip)
        self.play(flight, run_time=1.4)
        self.remove(*flight.mobject, before, chip)
        self.add(self.row)
        self.play(FadeOut(self.row), *self.pictures.arrival(self.row), run_time=1.4)

    def _run(self) -> None:
        """Light runs through the panes, and they are counted."""
        moving = self.pictures.wall, self.pictures.counted
        self.play(self.change(self.pictures.run, 0, 1, *moving).set_rate_func(linear), run_time=3.5)

    def _subtract(self, subtracted: Subtracted) -> None:
        """One head's keys, twice, and what is left of the one without the other."""
        layer, head = self.shown
        self.credit(layer, head)
        self._clear()
        name = f"k_{self.trace.facts.key_axes}[{layer}, {head // self.trace.facts.group}] − again_k_TK"
        self.play(one_by_one(subtracted.parts, RIGHT, 0.4), self.pictures.note.say(name), run_time=2.2)
        moving = subtracted.pictures[2], subtracted.largest
        self.play(self.change(subtracted.take, 0, 1, *moving), run_time=3.0)

    def _fall(self) -> None:
        """All old panes less what they were; the new column stays lit; a ruler says what is left."""
        pictures = self.pictures
        self.credit()
        self._clear(FadeIn(Group(*pictures.named)))
        self.play(pictures.note.say("cache_gap_LT, again_size_LT1"), run_time=0.4)
        fall = partial(pictures.wall.fall, self.reuse.gap_LT)
        self.play(self.change(fall, 0, 1, pictures.wall), run_time=2.5)
        self.play(one_by_one(pictures.ruler.parts, UP, 0.4), run_time=2.0)

    def _grow(self) -> None:
        """The head's weights; a column comes that no older row may look at, then a row."""
        grown = self.pictures.grown
        self.credit(*self.shown)
        self._clear(FadeIn(grown.grid), FadeIn(grown.note))
        self.add(grown.frame)
        self.play(self.change(grown.grow, 0, 2, grown).set_rate_func(linear), run_time=3.0)
        self.play(self.change(grown.grow, 2, 3, grown), run_time=1.2)

    def _freeze(self) -> None:
        """Frost over the old panes; the last column comes away and runs alone, reading them."""
        pictures = self.pictures
        self.credit()
        pictures.wall.fall(self.reuse.gap_LT, 0)
        self._clear(FadeIn(Group(*pictures.named)))
        self.play(look(pictures.named, pictures.frozen, 2.2, also=pictures.wall.freeze))
        self.add(pictures.counted.show(0).move_to(pictures.foot.center))
        self._run()
