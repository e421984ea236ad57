"""Text → pieces → ids: what the model reads is tokens, and a token is not a word."""

from __future__ import annotations

import re
from bisect import bisect_left
from codecs import getincrementaldecoder
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any
from unicodedata import bidirectional, category

import numpy as np
import numpy.typing as npt
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
    Mobject,
    ReplacementTransform,
    VGroup,
)

from model_probe.changes import is_what_was_read
from model_probe.errors import TraceError
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.elision import elide, hidden
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import count
from scenes.mobjects.running_text import RunningText
from scenes.mobjects.token_lines import TokenLines
from scenes.mobjects.token_row import (
    TokenChip,
    TokenRow,
    shelved_row,
    token_label,
    token_quote,
    token_words,
)

LARGEST = 3.2  # em of the prompt where it is short
CHANGES = 3  # places that are shown of those where the tokenizer changed the text
TILE = 1.6  # em of the tiles that merge, where they fit
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
        facts = trace.facts

        # picture
        stage = self.layout.stage
        row = shelved_row(trace.tokens, self.layout.shelf)
        self.text = self._prompt(stage.width - 1, stage.height - 0.6)
        self.text.move_to(stage.center)
        self.cut = TokenLines(trace.tokens, ids, stage.width, stage.height - 0.6)
        self.cut.move_to(stage.center)

        # story
        self.add(row)
        self.aside: list[Mobject] = []  # what stands on the stage and goes before something else comes
        with self.beat(
            "text",
            _("A person reads words. A model works with numbers: the text is cut, and each piece gets one.")
            if facts.message is None
            else _(
                "What a chatbot reads is not the message alone: "
                "the model's own template puts a text with special tokens around it."
            ),
        ):
            self.play(FadeOut(row, target_position=self.text), FadeIn(self.text), run_time=1.2)

        tiles = self._merge(merges) if merges else VGroup()

        with self.beat("tokens", self._cut_narration()):
            if not merges:
                self.play(FadeOut(self.text), run_time=0.5)
            else:
                self.play(*map(FadeOut, self.steps[:-1]), run_time=0.4)
            if merges and self.cut.chips.keys() >= set(merged):
                homes = [self.cut.chips[at] for at in merged]
                self.play(*map(ReplacementTransform, tiles, homes), run_time=1.0)
            elif merges:
                self.play(FadeOut(tiles), run_time=0.5)
            for line in self.cut.lines:
                entries = [FadeIn(part, shift=0.25 * UP) for part in line if part not in self.mobjects]
                if entries:
                    self.play(LaggedStart(*entries, lag_ratio=0.1), run_time=1.8 / len(self.cut.lines))

        if facts.changed_places:
            self._show_changes()

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

        # Traces before schema 1.2 have a misspelling, but not of which tokens it is one.
        misspells = trace.has("typo_span_2") and trace.has("typo_ids_U")
        ends = split is None and not misspells
        with self.beat("count", self._closing(prompt.split()), last=ends):
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
            if ends:
                self.wait(2.0)
                self.play(FadeOut(self.cut), FadeIn(row, shift=0.25 * DOWN), run_time=0.8)

        self.aside = [self.cut, self.tally]
        if split is not None:
            self._show_split_character(*split, last=None if misspells else row)
        if misspells:
            self._show_typo(row)

    # The rest builds and plays the parts of the story.

    def _prompt(self, width: float, height: float) -> RunningText:
        """The prompt; of a long one as many of its first and last words as fit.

        In a chat what the user wrote is bright, and the template around it is not.
        """
        prompt, message = self.trace.facts.prompt, (self.trace.facts.message or "").strip()
        start = max(0, prompt.rfind(message)) if message else 0
        end = start + len(message) if message else len(prompt)
        colours = (palette.FAINT, palette.INK, palette.FAINT)
        pieces = [
            (word.encode(), colour)
            for part, colour in zip((prompt[:start], prompt[start:end], prompt[end:]), colours, strict=True)
            for word in _words(part)
        ]

        def shortened(limit: int) -> RunningText:
            parts = [([piece], colour) for piece, colour in pieces]
            if left_out := hidden(len(pieces), limit):
                start = elide(len(pieces), limit).index(None)
                end = start + left_out
                characters = len(b"".join(piece for piece, _colour in pieces[start:end]).decode())
                words = _("⋯ {count} more characters ⋯").format(count=count(characters))
                parts[start:end] = [([b" " + word.encode() for word in words.split()], palette.FAINT)]
            return RunningText(parts, width, height, largest=LARGEST)

        whole = shortened(len(pieces))
        if not whole.cut:
            return whole
        return shortened(bisect_left(range(len(pieces)), True, key=lambda limit: shortened(limit).cut) - 1)

    def _cut_narration(self) -> str:
        facts, tokens = self.trace.facts, self.trace.tokens
        if facts.added_tokens:
            return _(
                "The whole prompt, cut into its tokens. “{token}” was not in it: "
                "the tokenizer puts it in front of every text."
            ).format(token=token_quote(tokens[0]))
        if facts.added_after:
            return _(
                "The whole prompt, cut into its tokens. “{token}” was not in it: "
                "the tokenizer puts it behind every text."
            ).format(token=token_quote(tokens[-1]))
        if any(token[:1] == b" " and token.strip() for token in tokens):
            return _("The whole prompt, cut into its tokens. The space before a word belongs to its token.")
        return _("The whole prompt, cut into its tokens.")

    def _show_changes(self) -> None:
        """What the tokenizer made of the text before it cut it: the first places, given and read."""
        facts = self.trace.facts
        self.changes = VGroup()
        for change in facts.changes[:CHANGES]:
            given, read = map(_told, self._example(change), (palette.INK, palette.QUERY))
            arrow = _arrow(RIGHT)
            given.next_to(arrow, LEFT, buff=0.4)
            self.changes.add(VGroup(given, arrow, read.next_to(arrow, RIGHT, buff=0.4)))
        for number, line in enumerate(self.changes):
            line.shift(1.4 * number * DOWN)
        heads = VGroup(
            *(text(words, 0.36, palette.FAINT) for words in (_("in the prompt"), _("what is read")))
        )
        heads[0].next_to(self.changes[0][1], LEFT, buff=0.4).shift(1.0 * UP)
        heads[1].next_to(self.changes[0][1], RIGHT, buff=0.4).shift(1.0 * UP)
        picture = VGroup(heads, self.changes)
        stage = self.layout.stage
        picture.scale(min(1.5, 0.95 * stage.width / picture.width, 0.95 * stage.height / picture.height))
        picture.move_to(stage.center)
        self.aside = self.cut.lines
        with self.beat("changed", self._change_narration()):
            self._step_aside(heads, *self.changes)
        self.play(*map(FadeOut, self.aside), run_time=0.4)
        self.play(*map(FadeIn, self.cut.lines), run_time=0.5)

    def _example(self, change: dict[str, Any]) -> tuple[str, str]:
        """What stood in a place and what is read there; with the word behind it where nothing stood."""
        given, read = change["given"], change["read"]
        word = "" if given else next(iter(_words(self.trace.facts.prompt[change["at"] :])), "")
        return given + word, read + word

    def _change_narration(self) -> str:
        """Says what kind of change it is, where all are of one kind."""
        facts, changes = self.trace.facts, self.trace.facts.changes
        first = changes[0]
        if facts.changed_places == 1 and first["at"] == 0 and not first["given"] and first["read"] == " ":
            return _("This tokenizer puts a space in front of every text, so that each word begins with one.")
        if all(change["given"].isspace() and not change["read"] for change in changes):
            return _("This tokenizer leaves out white space beside a special token. Places: {count}.").format(
                count=count(facts.changed_places)
            )
        return _(
            "This tokenizer changes a text before it cuts it: the tokens do not give it back to the letter. "
            "Places: {count}."
        ).format(count=count(facts.changed_places))

    def _merge(self, merges: list[Merge]) -> VGroup:
        """One piece's merges: its bytes apart, then pair after pair; the tiles that are left."""
        piece = b"".join(merges[0].symbols)
        size = min(TILE, 0.95 * self.layout.stage.width / self._tiles(merges[0].symbols, 1.0).width)
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
                self.play(*changes, *gone, FadeIn(newest, shift=0.2 * DOWN), run_time=0.45 * seconds)
                written = [newest, *written[: REMEMBERED - 1]]

                goal = self._tiles(step.joined(), size)
                self.play(*_join(tiles, goal, step.at), run_time=0.55 * seconds)
                self.remove(*tiles, *pair[0], *pair[1], *goal[step.at])
                tiles = goal
                self.add(*tiles)
            self.merged = merges[-1].joined()
        with self.beat("piece", self._merged_narration(piece, self.merged)):
            self.play(FadeOut(VGroup(*written)), run_time=0.4)
            self.steps = self._all_steps([*(merge.symbols for merge in merges), self.merged])
            last = self.steps[-1]
            self.play(*map(ReplacementTransform, tiles, last), run_time=0.8)
            self.play(
                LaggedStart(*(FadeIn(row, shift=0.15 * DOWN) for row in self.steps[:-1]), lag_ratio=0.2),
                run_time=1.0,
            )
            self.wait(2.2)
        return last

    def _all_steps(self, rows: list[list[bytes]]) -> VGroup:
        """How a piece grew, row by row, from its bytes to what is left, which is larger."""
        stage = self.layout.stage
        steps = VGroup(*(self._tiles(symbols, 0.5) for symbols in rows[:-1]), self._tiles(rows[-1], 1.0))
        steps.arrange(DOWN, buff=0.16)
        steps.scale(min(1.6, 0.95 * stage.width / steps.width, stage.height / steps.height))
        for age, row in enumerate(reversed(steps[:-1]), 1):
            row.fade(min(0.4, 0.05 + 0.05 * age))
        return steps.move_to(stage.center)

    def _written(self, left: bytes, right: bytes, rank: int) -> VGroup:
        """A pair and its number in the list."""
        colour = palette.QUERY
        x, y, _z = self.layout.stage.center
        pair = VGroup(_spelt(left), text("+", 0.46, colour), _spelt(right)).arrange(buff=0.12)
        pair.move_to([x - 0.4 - pair.width / 2, y - 0.55, 0])
        number = text(_("pair number {rank}").format(rank=count(rank + 1)), 0.46, colour)
        return VGroup(pair, number.move_to([x + number.width / 2, y - 0.55, 0]))

    def _merged_narration(self, piece: bytes, symbols: list[bytes]) -> str:
        if len(symbols) == 1:
            return _("No pair is left: “{piece}” is one token.").format(piece=token_quote(piece))
        return _("No pair of these is in the list: “{piece}” stays in {count} tokens.").format(
            piece=token_quote(piece), count=len(symbols)
        )

    def _tiles(self, symbols: list[bytes], size: float) -> VGroup:
        """A row of chips, one a symbol, however wide."""
        stage = self.layout.stage
        chips = VGroup(*(TokenChip(symbol, 0, size) for symbol in symbols)).arrange(buff=0.18 * size)
        middle = (stage.top - 0.15 + stage.center[1]) / 2  # of the stage's upper half
        return chips.move_to([stage.center[0], max(middle, stage.center[1] + 0.1 + chips.height / 2), 0])

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

    def _show_split_character(self, character: str, positions: list[int], last: TokenRow | None) -> None:
        """A character, and the tokens that hold its bytes; where the scene ends here, `last` on the shelf."""
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
        picture, room = VGroup(*lines), self._below_shelf()
        picture.scale(min(1.0, room.width / picture.width, 0.97 * room.height / picture.height))
        picture.move_to(room.center)
        with self.beat(
            "character",
            _(
                "One character can take several tokens. This one is {bytes} bytes long, "
                "and {count} tokens hold them."
            ).format(bytes=len(character.encode()), count=len(positions)),
            last=last is not None,
        ):
            self._step_aside(*lines)
            if last is not None:
                self.wait(1.0)
                self.play(FadeIn(last, shift=0.25 * DOWN), run_time=0.8)

    def _show_typo(self, row: TokenRow) -> None:
        """The longest word, misspelt: what it was cut into, what it is cut into now; `row` on the shelf."""
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
            last=True,
        ):
            self._step_aside(*lines)
            self.wait(1.0)
            self.play(FadeIn(row, shift=0.25 * DOWN), run_time=0.8)

    def _swapped(self, *cuts: VGroup) -> VGroup:
        """Two spellings, each with its tokens beside or below it; the letters that changed places are lit."""
        spellings = [b"".join(chip.piece for chip in cut).decode().strip() for cut in cuts]
        at = next((place for place, (a, b) in enumerate(zip(*spellings, strict=False)) if a != b), 0)
        wide = self.layout.wide
        lines = VGroup()
        for row, (spelling, cut) in enumerate(zip(spellings, cuts, strict=True)):
            stretches = [(spelling, palette.INK)]
            if bidirectional(spelling[0]) == "L":  # elsewhere letters join, or run the other way
                stretches = [
                    (spelling[:at], palette.INK),
                    (spelling[at : at + 2], palette.QUERY),
                    (spelling[at + 2 :], palette.INK),
                ]
            letters = (token_words(part.encode(), 0.8, colour) for part, colour in stretches if part)
            word = VGroup(*letters).arrange(buff=0)
            arrow = _arrow(RIGHT if wide else DOWN)
            before, after = (LEFT, RIGHT) if wide else (UP, DOWN)
            line = VGroup(word.next_to(arrow, before, buff=0.3), arrow, cut.next_to(arrow, after, buff=0.3))
            lines.add(line.shift((2.0 if wide else 4.6) * row * DOWN))
        room = self._below_shelf()
        lines.scale(min(1.6, 0.97 * room.width / lines.width, 0.9 * room.height / lines.height))
        return lines.move_to(room.center)

    def _below_shelf(self) -> Box:
        stage = self.layout.stage
        return Box(stage.left, stage.right, stage.bottom, self.layout.shelf.bottom)

    def _step_aside(self, *parts: VGroup) -> None:
        """What stands goes, and some other things come, one after the other."""
        self.play(*map(FadeOut, self.aside), run_time=0.5)
        for part in parts:
            self.play(FadeIn(part, shift=0.25 * UP), run_time=0.7)
        self.aside = list(parts)

    def _closing(self, words: list[str]) -> str:
        """What the count says; that the tokens give the text back is said only where they do."""
        if self.trace.facts.changed_places:
            return _("A token is not a word, and what this tokenizer changed the tokens do not give back.")
        if [piece.decode(errors="replace").strip() for piece in self.trace.tokens] == words:
            return _(
                "Here every token happens to be a word. Often it is not; but joined again, "
                "the tokens are the text, byte for byte."
            )
        return _("A token is not a word. But joined again, the tokens are the text, byte for byte.")


def _arrow(way: npt.NDArray[np.float64]) -> Arrow:
    return Arrow(0.3 * way, 1.2 * way, buff=0, color=palette.CAPTION, stroke_width=4)


def _words(prompt: str) -> list[str]:
    """Text in words, full-width characters and what is neither; a combining mark stays with its letter."""
    found: list[str] = []
    for part in re.findall(r" ?[^\W\u2e80-\uffff]+|.", prompt, re.DOTALL):
        if found and category(part[0])[0] == "M":
            found[-1] += part
        else:
            found.append(part)
    return found


def _told(words: str, colour: str) -> Lettering:
    """What stands in a place, its spaces seen; a dash for nothing."""
    return text(token_label(words.encode())[0].replace(" ", "␣") if words else "—", 0.8, colour)


def _spelt(symbol: bytes) -> Lettering:
    """A symbol of a pair; its space is part of it, so it is seen."""
    label, mono = token_label(symbol)
    if symbol.decode(errors="ignore").encode() == symbol:  # between bytes in hex a gap is no space
        label = label.replace(" ", "␣")
    return text(label, 0.46 * (0.72 if mono else 1.0), palette.QUERY, mono)


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
