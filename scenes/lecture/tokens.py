"""Text → pieces → ids: what the model reads is tokens, and a token is not a word."""

from __future__ import annotations

from codecs import getincrementaldecoder
from dataclasses import dataclass
from unicodedata import bidirectional

import numpy as np
from manim import DOWN, LEFT, RIGHT, UP, Arrow, FadeIn, FadeOut, LaggedStart, VGroup

from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import count
from scenes.mobjects.running_text import RunningText
from scenes.mobjects.token_row import TokenChip, TokenRow, token_quote, token_words

TILE = 1.0  # em of the tiles that merge, where they fit
MOST_TILES = 16  # a longer piece's tiles would be too small to read
REMEMBERED = 4  # merges that stay written below
LARGER = 1.6  # how much larger than usual the tokens of a short prompt are


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

    poster = "ids"

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
        self.row.scale(min(LARGER, 0.95 * stage.width / self.row.width))
        self.row.move_to([stage.center[0], stage.center[1] + 0.3, 0])
        self.ids = self._ids({index: int(ids_T[index]) for index in self.row.chips})

        # story
        with self.beat(
            "text",
            _("A person reads words. A model works with numbers: the text is cut, and each piece gets one."),
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
                    (len(prompt.split()), _("words between spaces")),
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
        tiles = self._tiles(symbols, TILE)
        size = TILE * min(1.0, self.layout.stage.width / tiles.width)
        tiles = self._tiles(symbols, size)
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
                "It has learned a list of pairs. "
                "Again and again it joins the two neighbours whose pair stands highest in the list."
            ),
        ):
            pace = min(1.0, 9 / len(merges))
            self.ranks: list[tuple[bytes, bytes, str]] = []
            written: list[VGroup] = []  # newest first
            for step in merges:
                left, right = tiles[step.at], tiles[step.at + 1]
                newest = self._written(symbols[step.at], symbols[step.at + 1], step.rank)
                self.ranks.append((symbols[step.at], symbols[step.at + 1], newest[-1].string))
                changes = [tile.box.animate.set_stroke(palette.QUERY, width=3) for tile in (left, right)]
                changes += [
                    line.animate.shift(0.5 * DOWN).set_color(palette.FAINT).set_opacity(1 - 0.22 * age)
                    for age, line in enumerate(written[: REMEMBERED - 1], 1)
                ]
                gone = [FadeOut(line, shift=0.5 * DOWN) for line in written[REMEMBERED - 1 :]]
                self.play(*changes, *gone, FadeIn(newest, shift=0.5 * DOWN), run_time=0.45 * pace)
                written = [newest, *written[: REMEMBERED - 1]]

                symbols[step.at : step.at + 2] = [symbols[step.at] + symbols[step.at + 1]]
                goal = self._tiles(symbols, size)
                joined = goal[step.at]
                moves = [
                    tile.animate.move_to(goal[index if index < step.at else index - 1])
                    for index, tile in enumerate(tiles)
                    if tile not in (left, right)
                ]
                for tile, side in ((left, LEFT), (right, RIGHT)):  # the letters meet where they will stand
                    home = joined.get_edge_center(side) - tile.get_edge_center(side)
                    words = tile.words.animate.shift(home)
                    moves += [
                        words if tile.piece.strip(b" ") else words.set_opacity(0),
                        tile.box.animate.shift(home).set_opacity(0),
                    ]
                self.play(*moves, FadeIn(joined.box), run_time=0.55 * pace)
                self.remove(*tiles, *left, *right, joined.box)
                tiles = goal
                self.add(*tiles)
            self.merged = symbols
        with self.beat("piece", self._merged_narration(piece, symbols)):
            self.play(FadeOut(VGroup(*written)), run_time=0.4)
            self.wait(1.0)
        self.play(FadeOut(VGroup(*tiles)), run_time=0.5)

    def _written(self, left: bytes, right: bytes, rank: int) -> VGroup:
        """A pair and its number in the list."""
        colour = palette.QUERY
        x, y, _z = self.layout.stage.center
        pair = VGroup(token_words(left, 0.4, colour), text("+", 0.4, colour), token_words(right, 0.4, colour))
        pair.arrange(buff=0.12)
        pair.move_to([x - 0.4 - pair.width / 2, y - 0.9, 0])
        number = text(_("pair number {rank}").format(rank=count(rank + 1)), 0.4, colour)
        return VGroup(pair, number.move_to([x + number.width / 2, y - 0.9, 0]))

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
        return VGroup(*chips).arrange(buff=0.18 * size).move_to([x, y + 0.9, 0])

    def _chips(self, pieces: list[bytes], index: int, size: float) -> VGroup:
        """Chips with a gap between them, no wider than the stage."""
        chips = VGroup(*(TokenChip(piece, index, size) for piece in pieces)).arrange(buff=0.18 * size)
        return chips.scale(min(1.0, self.layout.stage.width / chips.width))

    def _ids(self, ids: dict[int, int]) -> dict[int, Lettering]:
        """Every token's number below its chip, all turned where one is wider than its chip."""
        numbers = {index: text(str(token), 0.36, palette.token_colour(index)) for index, token in ids.items()}
        turned = any(number.width > 0.95 * self.row.chips[index].width for index, number in numbers.items())
        for index, number in numbers.items():
            if turned:
                number.scale(0.3 / 0.36).rotate(np.pi / 2)
            number.next_to(self.row.chips[index], DOWN, buff=0.25)
        return numbers

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
        self.bytes = text(character.encode().hex(" ").upper(), 0.5, palette.CAPTION, mono=True)
        self.parts = self._chips([self.trace.tokens[index] for index in positions], positions[0], 0.7)
        ids = VGroup(
            *(
                text(str(int(self.trace.token_ids_T[index])), 0.36, part[1].get_fill_color().to_hex())
                for index, part in zip(positions, self.parts, strict=True)
            )
        )
        rows = VGroup(whole, self.bytes, self.parts, ids).arrange(DOWN, buff=0.4)
        for number, part in zip(ids, self.parts, strict=True):
            number.set_x(part.get_x())
        rows.move_to(self.layout.stage.center)
        names = [_("character"), _("its bytes in UTF-8"), _("tokens"), _("ids")]
        labels = [text(name, 0.34, palette.FAINT) for name in names]
        edge = float(rows.get_left()[0]) - 0.8
        for label, row in zip(labels, rows, strict=True):
            label.move_to([edge - label.width / 2, row.get_y(), 0])
        lines = [VGroup(label, row) for label, row in zip(labels, rows, strict=True)]
        VGroup(*lines).set_x(self.layout.stage.center[0])
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
        number = int(self.trace.typo_piece_1[0])
        start = int(self.trace.piece_starts_P[number])
        end = start + len(self._pieces()[number])
        offsets = np.asarray(self.trace.prompt_offsets_T1)[:-1]
        right = np.flatnonzero((start <= offsets) & (offsets < end)).tolist()
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
            stretches = [(spelling, palette.WHITE)]
            if bidirectional(spelling[0]) == "L":  # elsewhere letters join, or run the other way
                stretches = [
                    (spelling[:at], palette.WHITE),
                    (spelling[at : at + 2], palette.QUERY),
                    (spelling[at + 2 :], palette.WHITE),
                ]
            word = VGroup(*(text(string, 0.8, colour) for string, colour in stretches)).arrange(buff=0)
            arrow = Arrow([0.3, 0, 0], [1.2, 0, 0], buff=0, color=palette.CAPTION, stroke_width=4)
            line = VGroup(word.next_to(arrow, LEFT, buff=0.3), arrow, cut.next_to(arrow, RIGHT, buff=0.3))
            lines.add(line.shift(2.0 * row * DOWN))
        stage = self.layout.stage
        return lines.scale(min(1.0, stage.width / lines.width)).move_to(stage.center)

    def _step_aside(self, *parts: VGroup) -> None:
        """The tokens go, and some other things come, one after the other."""
        self.play(FadeOut(VGroup(self.row, *self.ids.values())), run_time=0.5)
        for part in parts:
            self.play(FadeIn(part, shift=0.25 * UP), run_time=0.7)
        self.wait(1.5)

    def _step_back(self, *parts: VGroup) -> None:
        self.play(FadeOut(VGroup(*parts)), run_time=0.4)
        self.play(FadeIn(VGroup(self.row, *self.ids.values())), run_time=0.5)

    def _closing(self, words: list[str]) -> str:
        if [piece.decode(errors="replace").strip() for piece in self.trace.tokens] == words:
            return _(
                "Here every token happens to be a word. Often it is not; but joined again, "
                "the tokens are always the text, byte for byte."
            )
        return _("A token is not a word. But joined again, the tokens are the text, byte for byte.")
