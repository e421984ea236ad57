"""Text → pieces → ids: what the model reads is tokens, and a token is not a word."""

from __future__ import annotations

from bisect import bisect_left
from codecs import getincrementaldecoder
from dataclasses import dataclass
from itertools import accumulate, pairwise
from unicodedata import bidirectional

import numpy as np
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Animation,
    Arrow,
    FadeIn,
    FadeOut,
    LaggedStart,
    ReplacementTransform,
    VGroup,
)

from model_probe.changes import is_what_was_read
from model_probe.errors import TraceError
from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.elision import elide, hidden
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import count
from scenes.mobjects.running_text import RunningText, whole_characters
from scenes.mobjects.token_lines import TokenLines
from scenes.mobjects.token_row import TokenChip, token_label, token_quote, token_words

TILE = 1.15  # em of the tiles that merge, where they fit
MOST_TILES = 16  # a longer piece's tiles would be too small to read
REMEMBERED = 4  # merges that stay written below
LINE = 0.58  # from one of them to the next
FIRST, ALL = 2.0, 9.0  # seconds of the first merge, and at most of all of them


@dataclass(frozen=True)
class Merge:
    """One step of the tokenizer: the symbols `at` and `at + 1` join, because their pair has this rank."""

    symbols: list[bytes]
    at: int
    rank: int

    def joined(self) -> list[bytes]:
        """The symbols afterwards."""
        pair = self.symbols[self.at] + self.symbols[self.at + 1]
        return [*self.symbols[: self.at], pair, *self.symbols[self.at + 2 :]]


class Tokens(LectureScene):
    """The prompt's tokens as the tokenizer made them.

    Data: `prompt_bytes_B` (the tokens' bytes), `token_ids_T`, and for one piece of the prompt the tokenizer's
    own merges in their order, `merge_steps_J3`. The piece shown is the one with the most merges among those
    of at most MOST_TILES bytes, the first of equals. Only where a character of the prompt is spread over
    several tokens, the first such character is shown in bytes. `typo_*`: what the tokenizer makes of the
    prompt's longest word with two letters swapped; left out where the prompt has no such word.
    """

    reads = (
        "prompt_bytes_B",
        "prompt_offsets_T1",
        "piece_starts_P if any",
        "merge_steps_J3 if any",
        "typo_span_2 if any",
        "typo_ids_U if any",
        "typo_bytes_B if any",
        "typo_offsets_U1 if any",
    )
    poster = "ids"

    def construct(self) -> None:
        """Text, one piece merging, all tokens with ids, a character in bytes, a typo, the count."""
        # data
        trace = self.trace
        ids = np.asarray(trace.token_ids_T).tolist()
        prompt = trace.facts.prompt
        own = trace.tokens[trace.facts.added_tokens : len(ids) - trace.facts.added_after]
        if not is_what_was_read(prompt, trace.facts.changes, trace.facts.changed_places, b"".join(own)):
            raise TraceError(f"{trace.path}: prompt_bytes_B is not the prompt that the trace names")
        merges, merged = self._most_merges()
        split = self._split_character()

        # picture
        stage = self.layout.stage
        self.text = self._prompt(stage.width - 1, stage.height - 0.6)
        self.text.move_to(stage.center)
        self.cut = TokenLines(trace.tokens, ids, stage.width, stage.height - 0.6)
        self.cut.move_to(stage.center)

        # story
        with self.beat(
            "text",
            _("A person reads words. A model works with numbers: the text is cut, and each piece gets one."),
        ):
            self.play(FadeIn(self.text, shift=0.25 * UP), run_time=1.2)

        tiles = self._merge(merges) if merges else VGroup()

        with self.beat(
            "tokens",
            _("The whole prompt, cut into its tokens. The space before a word belongs to its token."),
        ):
            if not merges:
                self.play(FadeOut(self.text), run_time=0.5)
            elif self.cut.chips.keys() >= set(merged):
                homes = [self.cut.chips[at] for at in merged]
                self.play(*map(ReplacementTransform, tiles, homes), run_time=1.0)
            else:
                self.play(FadeOut(tiles), run_time=0.5)
            for line in self.cut.lines:
                entries = [FadeIn(part, shift=0.25 * UP) for part in line if part not in self.mobjects]
                if entries:
                    self.play(LaggedStart(*entries, lag_ratio=0.1), run_time=1.8 / len(self.cut.lines))

        with self.beat(
            "ids",
            _(
                "Each token is one entry of a fixed list of {vocabulary}. "
                "Its number there, the id, is all that goes in."
            ).format(vocabulary=count(trace.facts.n_vocab)),
        ):
            for line in self.cut.lines:
                entries = [
                    FadeIn(self.cut.ids[at], shift=0.25 * DOWN)
                    for at, chip in self.cut.chips.items()
                    if chip in line
                ]
                self.play(LaggedStart(*entries, lag_ratio=0.1), run_time=1.8 / len(self.cut.lines))

        if split is not None:
            self._show_split_character(*split)
        if trace.has("typo_ids_U"):
            self._show_typo()

        with self.beat("count", self._closing(prompt.split())):
            self.tally = self._tally(
                [
                    (len(prompt), _("characters")),
                    (len(prompt.split()), _("words between spaces")),
                    (len(ids), _("tokens")),
                ]
            )
            above, below = stage.rows(3.6, 1.8, gap=0.4)
            self.tally.move_to(below.center)
            smaller = min(1.0, above.height / self.cut.height)
            self.play(self.cut.animate.scale(smaller).move_to(above.center), run_time=0.8)
            entries = [FadeIn(each, shift=0.25 * UP) for each in self.tally]
            self.play(LaggedStart(*entries, lag_ratio=0.4), run_time=1.5)

    # The rest builds and plays the parts of the story.

    def _prompt(self, width: float, height: float) -> RunningText:
        """The prompt; of a long one as many of its first and last words as fit."""
        pieces = whole_characters(self.trace.tokens)

        def shortened(limit: int) -> RunningText:
            parts = [(pieces, palette.INK)]
            if left_out := hidden(len(pieces), limit):
                start = elide(len(pieces), limit).index(None)
                end = start + left_out
                characters = len(b"".join(pieces[start:end]).decode(errors="replace"))
                words = _("⋯ {count} more characters ⋯").format(count=count(characters))
                gap = [b" " + word.encode() for word in words.split()]
                parts = [(pieces[:start], palette.INK), (gap, palette.FAINT), (pieces[end:], palette.INK)]
            return RunningText(parts, width, height)

        whole = shortened(len(pieces))
        if not whole.cut:
            return whole
        return shortened(bisect_left(range(len(pieces)), True, key=lambda limit: shortened(limit).cut) - 1)

    def _merge(self, merges: list[Merge]) -> VGroup:
        """One piece's merges: its bytes apart, then pair after pair; the tiles that are left."""
        piece = b"".join(merges[0].symbols)
        size = TILE * min(1.0, 0.95 * self.layout.stage.width / self._tiles(merges[0].symbols, TILE).width)
        tiles = self._tiles(merges[0].symbols, size)
        codes = VGroup(*(text(tile.piece.hex().upper(), 0.4, palette.FAINT, mono=True) for tile in tiles))
        for code, tile in zip(codes, tiles, strict=True):
            code.next_to(tile, DOWN, buff=0.2)
        with self.beat(
            "bytes",
            _("Take “{piece}”. The tokenizer begins with its bytes, one by one.").format(
                piece=token_quote(piece)
            ),
        ):
            self.play(FadeOut(self.text, shift=0.25 * UP), run_time=0.6)
            entries = [FadeIn(VGroup(tile, code)) for tile, code in zip(tiles, codes, strict=True)]
            self.play(LaggedStart(*entries, lag_ratio=0.1), run_time=1.4)
        with self.beat(
            "merges",
            _(
                "It has learned a list of pairs. "
                "Again and again it joins the two neighbours whose pair stands highest in the list."
            ),
        ):
            self.play(FadeOut(codes), run_time=0.4)
            self.ranks: list[tuple[bytes, bytes, str]] = []
            written: list[VGroup] = []  # newest first
            brisk = min(1.0, (ALL - FIRST) / max(1, len(merges) - 1))
            for step in merges:
                seconds = brisk if written else FIRST
                pair = (tiles[step.at], tiles[step.at + 1])
                newest = self._written(pair[0].piece, pair[1].piece, step.rank)
                self.ranks.append((pair[0].piece, pair[1].piece, newest[-1].string))
                changes = [tile.box.animate.set_stroke(palette.QUERY, width=4) for tile in pair]
                changes += [
                    line.animate.shift(LINE * DOWN).set_color(palette.FAINT).set_opacity(1 - 0.22 * age)
                    for age, line in enumerate(written[: REMEMBERED - 1], 1)
                ]
                gone = [FadeOut(line) for line in written[REMEMBERED - 1 :]]
                self.play(*changes, *gone, FadeIn(newest, shift=LINE * DOWN), run_time=0.45 * seconds)
                written = [newest, *written[: REMEMBERED - 1]]

                goal = self._tiles(step.joined(), size)
                self.play(*_join(tiles, goal, step.at), run_time=0.55 * seconds)
                self.remove(*tiles, *pair[0], *pair[1], *goal[step.at])
                tiles = goal
                self.add(*tiles)
            self.merged = merges[-1].joined()
        with self.beat("piece", self._merged_narration(piece, self.merged)):
            self.play(FadeOut(VGroup(*written)), run_time=0.4)
            self.play(tiles.animate.move_to(self.layout.stage.center), run_time=0.8)
            self.wait(0.5)
        return tiles

    def _written(self, left: bytes, right: bytes, rank: int) -> VGroup:
        """A pair and its number in the list."""
        colour = palette.QUERY
        x, y, _z = self.layout.stage.center
        pair = VGroup(_spelt(left), text("+", 0.46, colour), _spelt(right)).arrange(buff=0.12)
        pair.move_to([x - 0.4 - pair.width / 2, y - 0.4, 0])
        number = text(_("pair number {rank}").format(rank=count(rank + 1)), 0.46, colour)
        return VGroup(pair, number.move_to([x + number.width / 2, y - 0.4, 0]))

    def _merged_narration(self, piece: bytes, symbols: list[bytes]) -> str:
        if len(symbols) == 1:
            return _("No pair is left: “{piece}” is one token.").format(piece=token_quote(piece))
        return _("No pair of these is in the list: “{piece}” stays in {count} tokens.").format(
            piece=token_quote(piece), count=len(symbols)
        )

    def _tiles(self, symbols: list[bytes], size: float) -> VGroup:
        """A row of chips, one a symbol, however wide."""
        x, y, _z = self.layout.stage.center
        chips = (TokenChip(symbol, 0, size) for symbol in symbols)
        return VGroup(*chips).arrange(buff=0.18 * size).move_to([x, y + 1.35, 0])

    def _chips(self, pieces: list[bytes], index: int, size: float) -> VGroup:
        """Chips with a gap between them, no wider than the stage."""
        chips = VGroup(*(TokenChip(piece, index, size) for piece in pieces)).arrange(buff=0.18 * size)
        return chips.scale(min(1.0, self.layout.stage.width / chips.width))

    def _tally(self, numbers: list[tuple[int, str]]) -> VGroup:
        """Large numbers side by side, each with what it counts."""
        columns = [
            VGroup(text(count(number), 0.8, palette.INK), text(label, 0.34, palette.CAPTION))
            for number, label in numbers
        ]
        columns[-1][0].set_color(palette.QUERY)
        tally = VGroup(*(column.arrange(DOWN, buff=0.1) for column in columns)).arrange(buff=1.6)
        if tally.width > self.layout.stage.width:
            tally.arrange(buff=max(0.3, 1.6 - (tally.width - self.layout.stage.width) / 2))
        return tally

    def _most_merges(self) -> tuple[list[Merge], list[int]]:
        """The merges to show, in order, and the positions of the tokens that they make; none where none are.

        Raises:
            TraceError: the merges do not make these tokens.
        """
        if not (self.trace.has("merge_steps_J3") and self.trace.has("piece_starts_P")):
            return [], []
        steps_J3, pieces = np.asarray(self.trace.merge_steps_J3), self._pieces()
        totals = np.bincount(steps_J3[:, 0], minlength=len(pieces))
        short = np.array([len(piece) <= MOST_TILES for piece in pieces])
        chosen = int(np.where(short, totals, 0).argmax())
        symbols = [pieces[chosen][at : at + 1] for at in range(len(pieces[chosen]))]
        positions = self._positions(chosen)
        merges: list[Merge] = []
        for which, at, rank in steps_J3.tolist():
            if which == chosen and 0 <= at < len(symbols) - 1:
                merges.append(Merge(symbols, at, rank))
                symbols = merges[-1].joined()
        if len(merges) != totals[chosen] or symbols != [self.trace.tokens[at] for at in positions]:
            raise TraceError(f"{self.trace.path}: merge_steps_J3 does not end in the tokens of the prompt")
        return merges, positions

    def _pieces(self) -> list[bytes]:
        """What the tokenizer cut the prompt into before it merged."""
        prompt = b"".join(self.trace.tokens)
        starts = np.asarray(self.trace.piece_starts_P).tolist()
        return [prompt[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]

    def _positions(self, piece: int) -> list[int]:
        """Which tokens the tokenizer made of a piece."""
        start = int(self.trace.piece_starts_P[piece])
        end = start + len(self._pieces()[piece])
        starts = accumulate(map(len, self.trace.tokens), initial=0)
        return [at for at, begun in enumerate(starts) if start <= begun < end]

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
        pieces = [self.trace.tokens[at] for at in positions]
        whole = token_words(character.encode(), 1.4, palette.INK)
        self.parts = self._chips(pieces, positions[0], 0.9)
        self.bytes, ids = VGroup(), VGroup()
        for at, share in zip(positions, _shares(character, pieces), strict=True):
            self.bytes.add(text(share.hex(" ").upper(), 0.56, palette.CAPTION, mono=True))
            ids.add(text(str(int(self.trace.token_ids_T[at])), 0.5, palette.token_colour(positions[0])))
        rows = VGroup(whole, self.bytes, self.parts, ids).arrange(DOWN, buff=0.35)
        for row in (self.bytes, ids):
            for each, part in zip(row, self.parts, strict=True):
                each.set_x(part.get_x())
        names = [_("character"), _("its bytes in UTF-8"), _("tokens"), _("ids")]
        lines = []
        for name, row in zip(names, rows, strict=True):
            label = text(name, 0.36, palette.FAINT)
            label.move_to([rows.get_left()[0] - 0.8 - label.width / 2, row.get_y(), 0])
            lines.append(VGroup(label, row))
        VGroup(*lines).move_to(self.layout.stage.center)
        with self.beat(
            "character",
            _(
                "One character can take several tokens. This one is {bytes} bytes long, "
                "and {count} tokens hold them."
            ).format(bytes=len(character.encode()), count=len(positions)),
        ):
            self._step_aside(*lines)
        self._step_back(*lines)

    def _show_typo(self) -> None:
        """The longest word, misspelt: what it was cut into, what it is cut into now."""
        right = list(range(*np.asarray(self.trace.typo_span_2).tolist()))
        self.spelt = self._chips([self.trace.tokens[index] for index in right], right[0], 0.7)
        self.misspelt = self._chips(self.trace.typo_tokens, right[0], 0.7)
        lines = self._swapped(self.spelt, self.misspelt)
        with self.beat(
            "typo",
            _(
                "Swap two letters, and the same tokenizer cuts the word anew. "
                "Tokens before: {right}, now: {wrong}."
            ).format(right=len(right), wrong=len(self.misspelt)),
        ):
            self._step_aside(*lines)
        self._step_back(*lines)

    def _swapped(self, *cuts: VGroup) -> VGroup:
        """Two spellings, each with its tokens beside it; the letters that changed places are lit."""
        spellings = [b"".join(chip.piece for chip in cut).decode().strip() for cut in cuts]
        at = next(place for place, (a, b) in enumerate(zip(*spellings, strict=True)) if a != b)
        lines = VGroup()
        for row, (spelling, cut) in enumerate(zip(spellings, cuts, strict=True)):
            stretches = [(spelling, palette.INK)]
            if bidirectional(spelling[0]) == "L":  # elsewhere letters join, or run the other way
                stretches = [
                    (spelling[:at], palette.INK),
                    (spelling[at : at + 2], palette.QUERY),
                    (spelling[at + 2 :], palette.INK),
                ]
            letters = (token_words(part.encode(), 0.8, colour) for part, colour in stretches)
            word = VGroup(*letters).arrange(buff=0)
            arrow = Arrow([0.3, 0, 0], [1.2, 0, 0], buff=0, color=palette.CAPTION, stroke_width=4)
            line = VGroup(word.next_to(arrow, LEFT, buff=0.3), arrow, cut.next_to(arrow, RIGHT, buff=0.3))
            lines.add(line.shift(2.0 * row * DOWN))
        stage = self.layout.stage
        return lines.scale(min(1.0, stage.width / lines.width)).move_to(stage.center)

    def _step_aside(self, *parts: VGroup) -> None:
        """The tokens go, and some other things come, one after the other."""
        self.play(FadeOut(self.cut), run_time=0.5)
        for part in parts:
            self.play(FadeIn(part, shift=0.25 * UP), run_time=0.7)
        self.wait(1.5)

    def _step_back(self, *parts: VGroup) -> None:
        self.play(FadeOut(VGroup(*parts)), run_time=0.4)
        self.play(FadeIn(self.cut), run_time=0.5)

    def _closing(self, words: list[str]) -> str:
        if [piece.decode(errors="replace").strip() for piece in self.trace.tokens] == words:
            return _(
                "Here every token happens to be a word. Often it is not; but joined again, "
                "the tokens are always the text, byte for byte."
            )
        return _("A token is not a word. But joined again, the tokens are the text, byte for byte.")


def _spelt(symbol: bytes) -> Lettering:
    """A symbol of a pair; its space is part of it, so it is seen."""
    label, mono = token_label(symbol)
    return text(label.replace(" ", "␣"), 0.46 * (0.72 if mono else 1.0), palette.QUERY, mono)


def _join(tiles: VGroup, goal: VGroup, at: int) -> list[Animation]:
    """Tiles `at` and `at + 1` become tile `at` of the goal; the others make room."""
    moves = [
        tile.animate.move_to(goal[index if index < at else index - 1])
        for index, tile in enumerate(tiles)
        if index not in (at, at + 1)
    ]
    joined = goal[at]
    # Letters stay as they are and meet where they will stand; bytes may become a letter, or a space a gap.
    keeps = (
        "".join(token_label(tiles[index].piece)[0] for index in (at, at + 1)) == token_label(joined.piece)[0]
    )
    for tile, side in ((tiles[at], LEFT), (tiles[at + 1], RIGHT)):
        home = joined.get_edge_center(side) - tile.get_edge_center(side)
        words = tile.words.animate.shift(home)
        moves.append(words if keeps and tile.piece.strip(b" ") else words.set_opacity(0))
        moves.append(tile.box.animate.shift(home).set_opacity(0))
    return [*moves, FadeIn(joined.box if keeps else joined)]


def _shares(character: str, pieces: list[bytes]) -> list[bytes]:
    """The bytes of a character that each of its tokens holds; other characters may come before and after."""
    before = len(pieces[0].decode(errors="ignore").encode())
    ends = [end - before for end in accumulate(map(len, pieces))]
    return [character.encode()[max(0, start) : end] for start, end in pairwise([-before, *ends])]
