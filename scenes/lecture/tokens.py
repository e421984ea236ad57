"""Text → pieces → ids: what the model reads is tokens, and a token is not a word."""

from __future__ import annotations

import numpy as np
from manim import DOWN, UP, FadeIn, FadeOut, LaggedStart, Mobject, ReplacementTransform, VGroup
from manim.typing import Vector3DLike

from scenes import tokens_words as words
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.merges import Merge, most_merges
from scenes.mobjects.character_bytes import CharacterBytes
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.merge_steps import MergeSteps
from scenes.mobjects.merging_tiles import MergingTiles
from scenes.mobjects.misspelling import Misspelling
from scenes.mobjects.prompt_text import prompt_text
from scenes.mobjects.tally import text_tally
from scenes.mobjects.text_changes import TextChanges
from scenes.mobjects.token_lines import TokenLines
from scenes.prompt_tokens import prompt_tokens
from scenes.split_character import split_character

FIRST, ALL = 2.0, 9.0  # seconds of the first merge, and at most of all of them


class Tokens(LectureScene):
    """The prompt's tokens as the tokenizer made them.

    Data: `prompt_bytes_B`, `token_ids_T`, and for the piece of the prompt that `most_merges` finds the
    tokenizer's own merges in their order, `merge_steps_J3`. Only where a character of the prompt is spread
    over several tokens, the first such character is shown in bytes. `typo_*`: what the tokenizer makes of the
    prompt's longest word with two letters swapped; left out where the prompt has no such word.
    """

    reads = ("the prompt", "piece_starts_P if any", "merge_steps_J3 if any", "the misspelling")
    poster = "ids"

    def construct(self) -> None:
        """Text, one piece merging, all tokens with ids, a character in bytes, a typo, the count."""
        # data
        trace, facts, tokens = self.trace, self.trace.facts, prompt_tokens(self.trace)
        ids = np.asarray(trace.token_ids_T).tolist()
        merges, places = most_merges(trace)
        split = split_character(tokens)

        # picture
        stage = self.layout.stage
        self.row, below = self.shelved()
        below = Box(below.left, below.right, below.bottom, self.layout.shelf.bottom)
        self.text = prompt_text(facts.prompt, facts.message, stage)
        self.cut = TokenLines(tokens, ids, stage.width, stage.height - 0.6).move_to(stage.center)
        self.tally = text_tally(facts.prompt, len(ids), stage.width)
        self.typo = typo = Misspelling.of(trace, below, beside=self.layout.wide)
        self.standing: list[Mobject] = [self.text]  # until something else comes

        # story
        self.add(self.row)
        with self.beat("text", words.text_words(facts)):
            self.play(FadeOut(self.row, target_position=self.text), FadeIn(self.text), run_time=1.2)
        if merges:
            self._merge(merges)
        with self.beat("tokens", words.cut_words(facts, tokens)):
            self._cut(places)
        if facts.changed_places:
            with self.beat("changed", words.changed_words(facts)):
                self.changes = TextChanges.of(facts, stage)
                self._show(self.changes.heads, *self.changes.lines)
            self.play(*map(FadeOut, self.standing), run_time=0.4)
            self.play(*map(FadeIn, self.cut.lines), run_time=0.5)
        with self.beat("ids", words.ids_words(facts)):
            for line in self.cut.lines:
                self._enter(self.cut.ids_below(line), DOWN)
        ends = split is None and typo is None
        with self.beat("count", words.count_words(facts, tokens), last=ends):
            self._count(ends)
        if split is not None:
            with self.beat("character", words.character_words(split), last=typo is None):
                self.character = CharacterBytes(split, tokens, ids, below)
                self._show(*self.character, ends=typo is None)
        if typo is not None:
            with self.beat("typo", words.TYPO, right=len(typo.spelt), wrong=len(typo.misspelt), last=True):
                self._show(*typo, ends=True)

    # The rest is what the story plays.

    def _merge(self, merges: list[Merge]) -> None:
        """One piece: its bytes apart, then pair after pair, then all steps at once."""
        stage, symbols = self.layout.stage, merges[0].symbols
        self.merging = merging = MergingTiles(symbols, stage)
        with self.beat("bytes", words.BYTES, piece=b"".join(symbols)):
            self.play(FadeOut(self.text, shift=0.25 * UP), run_time=0.6)
            self.play(merging.entry(), run_time=1.4)
        with self.beat("merges", words.MERGES):
            self.play(FadeOut(merging.codes), run_time=0.4)
            brisk = min(1.0, (ALL - FIRST) / max(1, len(merges) - 1))
            for step in merges:
                seconds = brisk if merging.written else FIRST
                self.play(merging.light(step), run_time=0.45 * seconds)
                self.play(merging.join(step), run_time=0.55 * seconds)
        self.merged = merges[-1].joined()
        with self.beat("piece", words.piece_words(self.merged)):
            self.play(FadeOut(VGroup(*merging.written)), run_time=0.4)
            *older, last = steps = MergeSteps([*(merge.symbols for merge in merges), self.merged], stage)
            self.play(*map(ReplacementTransform, merging.tiles, last), run_time=0.8)
            rows = (FadeIn(row, shift=0.15 * DOWN) for row in older)
            self.play(LaggedStart(*rows, lag_ratio=0.2), run_time=1.0)
            self.wait(2.2)
        self.standing = list(steps)

    def _cut(self, places: list[int]) -> None:
        """All tokens; to those in `places` go the tiles that are left of one piece, where they are shown."""
        *before, last = self.standing
        homes = [self.cut.chips[at] for at in places if at in self.cut.chips]
        if homes and len(homes) == len(places):
            self.play(*map(FadeOut, before), run_time=0.4)
            self.play(*map(ReplacementTransform, last, homes), run_time=1.0)
        else:
            self.play(*map(FadeOut, self.standing), run_time=0.5)
        for line in self.cut.lines:
            self._enter([part for part in line if part not in self.mobjects], UP)
        self.standing = self.cut.lines

    def _count(self, ends: bool) -> None:
        """Text, words and tokens in numbers, below the tokens."""
        above, below = self.layout.stage.rows(3.6, 1.8, gap=0.4)
        self.tally.move_to(below.center)
        smaller = min(1.0, above.height / self.cut.height)
        self.play(self.cut.animate.scale(smaller).move_to(above.center), run_time=0.8)
        self.play(one_by_one(self.tally, UP, lag_ratio=0.4), run_time=1.5)
        if ends:
            self.wait(2.0)
            self.play(FadeOut(self.cut), FadeIn(self.row, shift=0.25 * DOWN), run_time=0.8)
        self.standing = [self.cut, self.tally]

    def _enter(self, parts: list[Mobject], way: Vector3DLike) -> None:
        """Parts of one line of all tokens come, one after the other."""
        if parts:
            self.play(one_by_one(parts, way), run_time=1.8 / len(self.cut.lines))

    def _show(self, *parts: Mobject, ends: bool = False) -> None:
        """What stands goes, and these come, one after the other; where the scene ends, the row as well."""
        self.play(*map(FadeOut, self.standing), run_time=0.5)
        for part in parts:
            self.play(FadeIn(part, shift=0.25 * UP), run_time=0.7)
        self.standing = list(parts)
        if ends:
            self.wait(1.0)
            self.play(FadeIn(self.row, shift=0.25 * DOWN), run_time=0.8)
