"""Text → pieces → ids: what the model reads is tokens, and a token is not a word."""

from __future__ import annotations

from codecs import getincrementaldecoder
from dataclasses import dataclass

import numpy as np
from manim import DOWN, UP, Arrow, FadeIn, FadeOut, LaggedStart, Rectangle, VGroup

from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count
from scenes.mobjects.running_text import RunningText
from scenes.mobjects.token_row import TokenChip, TokenRow, token_quote, token_words

TILE = 0.8  # em of the tiles that merge
MOST_TILES = 16  # a longer piece's tiles would be too small to read
REMEMBERED = 4  # merges that stay written below


@dataclass(frozen=True)
class Merge:
    """One step of the tokenizer: tiles `at` and `at + 1` join, because their pair has this rank."""

    at: int
    rank: int


class Tokens(LectureScene):
    """The prompt's tokens as the tokenizer made them.

    Data: `prompt_bytes_B` (the tokens' bytes), `token_ids_T`, and for one piece of the prompt the tokenizer's
    own merges in their order, `merge_steps_J3`. The piece shown is the one with the most merges among those
    of at most MOST_TILES bytes, the first of equals. Only where a character of the prompt is spread over
    several tokens, the first such character is shown in bytes. `typo_*`: what the tokenizer makes of the
    prompt's longest word with two letters swapped; left out where the prompt has no such word.
    """

    def construct(self) -> None:
        """Text, one piece merging, all tokens with ids, a character in bytes, a typo, the count."""
        # data
        trace = self.trace
        ids_T = np.asarray(trace.token_ids_T)
        prompt = b"".join(trace.tokens).decode(errors="replace")
        piece, merges = self._piece_that_merges_most()
        split = self._split_character()

        # picture
        stage = self.layout.stage
        self.text = RunningText([(trace.tokens, palette.WHITE)], stage.width - 1, stage.height - 0.6)
        self.text.move_to(stage.center)
        self.row = TokenRow(trace.tokens, stage.width, size=0.52)
        self.row.move_to([stage.center[0], stage.center[1] + 0.3, 0])
        self.ids = {index: self._id(int(ids_T[index]), chip) for index, chip in self.row.chips.items()}

        # story
        with self.beat(
            "text", _("A person reads words. A model cannot: it works with numbers, so text is cut first.")
        ):
            self.play(FadeIn(self.text, shift=0.25 * UP), run_time=1.2)

        if merges:
            self._merge(piece, merges)
        else:
            self.play(FadeOut(self.text), run_time=0.5)

        with self.beat(
            "tokens",
            _("The whole prompt, cut into its tokens. The space before a word belongs to its token."),
        ):
            entries = [FadeIn(part, shift=0.25 * UP) for part in self.row]
            self.play(LaggedStart(*entries, lag_ratio=0.1), run_time=1.6)

        with self.beat(
            "ids",
            _(
                "Each token is one entry of a fixed list of {vocabulary}. "
                "Its number there, the id, is all that goes in."
            ).format(vocabulary=count(trace.facts.n_vocab)),
        ):
            entries = [FadeIn(number, shift=0.25 * DOWN) for number in self.ids.values()]
            self.play(LaggedStart(*entries, lag_ratio=0.1), run_time=1.6)

        if split is not None:
            self._show_split_character(*split)
        if trace.has("typo_ids_U"):
            self._show_typo()

        with self.beat("count", self._closing(prompt.split())):
            self.tally = self._tally(
                [
                    (len(prompt), _("characters")),
                    (len(prompt.split()), _("words")),
                    (len(ids_T), _("tokens")),
                ]
            ).move_to([stage.center[0], stage.center[1] - 1.5, 0])
            together = VGroup(self.row, *self.ids.values())
            self.play(together.animate.shift(0.8 * UP), run_time=0.8)
            entries = [FadeIn(each, shift=0.25 * UP) for each in self.tally]
            self.play(LaggedStart(*entries, lag_ratio=0.4), run_time=1.5)

    # The rest builds and plays the parts of the story.

    def _merge(self, piece: bytes, merges: list[Merge]) -> None:
        """One piece's merges: its bytes apart, then pair after pair."""
        symbols = [piece[at : at + 1] for at in range(len(piece))]
        tiles = self._tiles(symbols)
        with self.beat(
            "bytes",
            _("Take “{piece}”. The tokenizer begins with its bytes, one by one.").format(
                piece=token_quote(piece)
            ),
        ):
            self.play(FadeOut(self.text, shift=0.25 * UP), run_time=0.6)
            self.play(LaggedStart(*(FadeIn(tile) for tile in tiles), lag_ratio=0.1), run_time=1.4)
        with self.beat(
            "merges",
            _(
                "It has learned a list of pairs, the most frequent ones first. "
                "Again and again it joins the pair that stands highest in the list."
            ),
        ):
            pace = min(1.0, 9 / len(merges))
            written = VGroup()
            for step in merges:
                left, right = tiles[step.at], tiles[step.at + 1]
                symbols[step.at : step.at + 2] = [symbols[step.at] + symbols[step.at + 1]]
                goal = self._tiles(symbols)
                self.remove(written)
                written = self._written(step, written)
                self.add(written)
                self.play(
                    *(tile.box.animate.set_stroke(palette.QUERY, width=3) for tile in (left, right)),
                    run_time=0.35 * pace,
                )
                moves = [
                    tile.animate.move_to(goal[index if index < step.at else index - 1])
                    for index, tile in enumerate(tiles)
                    if tile not in (left, right)
                ]
                moves += [tile.animate.move_to(goal[step.at]).set_opacity(0) for tile in (left, right)]
                self.play(*moves, FadeIn(goal[step.at]), run_time=0.65 * pace)
                self.remove(*tiles)
                tiles = goal
                self.add(*tiles)
            self.merged = symbols
        with self.beat("piece", self._merged_narration(piece, symbols)):
            self.play(FadeOut(written), run_time=0.4)
            self.wait(1.0)
        self.play(FadeOut(VGroup(*tiles)), run_time=0.5)

    def _written(self, step: Merge, before: VGroup) -> VGroup:
        """The pair's number in the list, above the numbers of the pairs before it."""
        stage = self.layout.stage
        newest = text(_("pair number {rank}").format(rank=count(step.rank + 1)), 0.4, palette.QUERY)
        lines = [newest, *(line.copy() for line in before[: REMEMBERED - 1])]
        for row, line in enumerate(lines):
            line.move_to([stage.center[0], stage.center[1] - 0.9 - 0.5 * row, 0])
            if row:
                line.set_color(palette.FAINT).set_opacity(1 - 0.22 * row)
        return VGroup(*lines)

    def _merged_narration(self, piece: bytes, symbols: list[bytes]) -> str:
        if len(symbols) == 1:
            return _("No pair is left: “{piece}” is one token.").format(piece=token_quote(piece))
        return _("No pair of these is in the list: “{piece}” stays in {count} tokens.").format(
            piece=token_quote(piece), count=len(symbols)
        )

    def _tiles(self, symbols: list[bytes]) -> VGroup:
        """A row of chips, one a symbol."""
        stage = self.layout.stage
        tiles = self._chips(symbols, 0, TILE)
        return tiles.move_to([stage.center[0], stage.center[1] + 0.7, 0])

    def _chips(self, pieces: list[bytes], index: int, size: float) -> VGroup:
        """Chips with a gap between them, no wider than the stage."""
        chips = VGroup(*(TokenChip(piece, index, size) for piece in pieces)).arrange(buff=0.18 * size)
        return chips.scale(min(1.0, self.layout.stage.width / chips.width))

    def _id(self, token_id: int, chip: TokenChip) -> VGroup:
        """A token's number below its chip, turned where the chip is narrower than the number."""
        number = text(str(token_id), 0.3, palette.token_colour(chip.index))
        if number.width > 0.95 * chip.width:
            number.rotate(np.pi / 2)
        return VGroup(number.next_to(chip, DOWN, buff=0.25))

    def _tally(self, numbers: list[tuple[int, str]]) -> VGroup:
        """Large numbers side by side, each with what it counts."""
        columns = [
            VGroup(text(count(number), 0.8, palette.WHITE), text(label, 0.34, palette.CAPTION))
            for number, label in numbers
        ]
        columns[-1][0].set_color(palette.QUERY)
        return VGroup(*(column.arrange(DOWN, buff=0.1) for column in columns)).arrange(buff=1.6)

    def _piece_that_merges_most(self) -> tuple[bytes, list[Merge]]:
        """The piece to show and its merges, in order; no merges where the trace has none."""
        if not (self.trace.has("merge_steps_J3") and self.trace.has("piece_starts_P")):
            return b"", []
        steps_J3, pieces = np.asarray(self.trace.merge_steps_J3), self._pieces()
        totals = np.bincount(steps_J3[:, 0], minlength=len(pieces))
        short = np.array([len(piece) <= MOST_TILES for piece in pieces])
        chosen = int(np.where(short, totals, 0).argmax())
        if not short[chosen]:
            return b"", []
        return pieces[chosen], [Merge(int(at), int(rank)) for which, at, rank in steps_J3 if which == chosen]

    def _pieces(self) -> list[bytes]:
        """What the tokenizer cut the prompt into before it merged."""
        prompt = b"".join(self.trace.tokens)
        starts = np.asarray(self.trace.piece_starts_P).tolist()
        return [prompt[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]

    def _split_character(self) -> tuple[str, list[int]] | None:
        """The first character that several tokens share, and the positions of those tokens."""
        decoder, begun = getincrementaldecoder("utf-8")(errors="replace"), 0
        for index, piece in enumerate(self.trace.tokens):
            if not decoder.getstate()[0]:
                begun = index
            words = decoder.decode(piece)
            if words and index > begun:
                return words[0], list(range(begun, index + 1))
        return None

    def _show_split_character(self, character: str, positions: list[int]) -> None:
        """One character, and the tokens that hold its bytes."""
        whole = token_words(character.encode(), 1.1, palette.WHITE)
        frame = Rectangle(
            width=whole.width + 0.5, height=whole.height + 0.3, stroke_color=palette.WHITE, stroke_width=1.5
        )
        self.parts = self._chips([self.trace.tokens[index] for index in positions], positions[0], 0.7)
        head = VGroup(frame, whole)
        VGroup(head, self.parts).arrange(DOWN, buff=1.2).move_to(self.layout.stage.center)
        arrow = Arrow(
            head.get_bottom(), self.parts.get_top(), buff=0.15, color=palette.CAPTION, stroke_width=4
        )
        with self.beat(
            "character",
            _(
                "A rare character has no token of its own: {bytes} bytes in UTF-8, held by {count} tokens."
            ).format(bytes=len(character.encode()), count=len(positions)),
        ):
            self._step_aside(head, arrow, self.parts)
        self._step_back(head, arrow, self.parts)

    def _show_typo(self) -> None:
        """The longest word, misspelt: what it was cut into, what it is cut into now."""
        number = int(self.trace.typo_piece_1[0])
        start = int(self.trace.piece_starts_P[number])
        end = start + len(self._pieces()[number])
        offsets = np.asarray(self.trace.prompt_offsets_T1)[:-1]
        right = np.flatnonzero((start <= offsets) & (offsets < end)).tolist()
        self.spelt = self._chips([self.trace.tokens[index] for index in right], right[0], 0.8)
        self.misspelt = self._chips(self.trace.typo_tokens, right[0], 0.8)
        VGroup(self.spelt, self.misspelt).arrange(DOWN, buff=1.0).move_to(self.layout.stage.center)
        with self.beat(
            "typo",
            _(
                "Swap two letters, and the same tokenizer cuts the word anew. "
                "Tokens before: {right}, now: {wrong}."
            ).format(right=len(right), wrong=len(self.misspelt)),
        ):
            self._step_aside(self.spelt, self.misspelt)
        self._step_back(self.spelt, self.misspelt)

    def _step_aside(self, *parts: VGroup | Arrow) -> None:
        """The tokens go, and some other things come, one after the other."""
        self.play(FadeOut(VGroup(self.row, *self.ids.values())), run_time=0.5)
        for part in parts:
            self.play(FadeIn(part, shift=0.25 * UP), run_time=0.7)
        self.wait(1.5)

    def _step_back(self, *parts: VGroup | Arrow) -> None:
        self.play(FadeOut(VGroup(*parts)), run_time=0.4)
        self.play(FadeIn(VGroup(self.row, *self.ids.values())), run_time=0.5)

    def _closing(self, words: list[str]) -> str:
        if [piece.decode(errors="replace").strip() for piece in self.trace.tokens] == words:
            return _(
                "Here every token happens to be a word. Often it is not; but joined again, "
                "the tokens are always the text, byte for byte."
            )
        return _("A token is not a word. But joined again, the tokens are the text, byte for byte.")
