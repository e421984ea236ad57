"""A piece's bytes as tiles that join, pair after pair; below them each pair and its number in the list."""

from __future__ import annotations

from collections.abc import Sequence

from manim import (
    DOWN,
    LEFT,
    RIGHT,
    Animation,
    AnimationGroup,
    FadeIn,
    FadeOut,
    LaggedStart,
    Scene,
    VGroup,
)

from scenes.declared import quoted
from scenes.language import _
from scenes.layout import Box
from scenes.merges import Merge
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import count
from scenes.mobjects.tiles import tiles
from scenes.mobjects.token_row import token_label

LARGEST = 1.6  # em of the tiles, where they fit
CODE, WRITTEN = 0.4, 0.46  # em of the bytes in hex, and of what is written below
REMEMBERED = 4  # merges that stay written
LINE = 0.58  # from one of them to the next
FADING = 0.22  # of its ink that each of them loses as another comes


class MergingTiles:
    """The tiles in the upper half of a box, what is written in its lower one.

    They come, join and go by animations, so they are no group.

    Args:
        symbols: the bytes to begin with.
        box: where to stand.

    Attributes:
        tiles: those that stand now.
        codes: below each of the first tiles its byte in hex.
        written: the pairs that stand below, each with its number, the newest first.
        ranks: (left, right, the number as it is written) of each pair so far.
    """

    def __init__(self, symbols: Sequence[bytes], box: Box) -> None:
        self.box = box
        self.size = min(LARGEST, 0.95 * box.width / tiles(symbols, 1.0).width)
        self.tiles = self._standing(symbols)
        self.codes = VGroup(
            *(
                text(quoted(tile.piece.hex().upper()), CODE, palette.FAINT, mono=True).next_to(
                    tile, DOWN, buff=0.2
                )
                for tile in self.tiles
            )
        )
        self.written: list[VGroup] = []
        self.ranks: list[tuple[bytes, bytes, str]] = []

    def entry(self) -> Animation:
        """The tiles come, one after the other, each with its byte in hex."""
        pairs = zip(self.tiles, self.codes, strict=True)
        return LaggedStart(*(FadeIn(VGroup(tile, code)) for tile, code in pairs), lag_ratio=0.1)

    def light(self, step: Merge) -> Animation:
        """The pair of a step is lit and written below; what was written before it makes room."""
        left, right = self.tiles[step.at], self.tiles[step.at + 1]
        newest = self._pair(left.piece, right.piece, step.rank)
        self.ranks.append((left.piece, right.piece, newest[-1].string))
        lit = [tile.box.animate.set_stroke(palette.QUERY, width=4) for tile in (left, right)]
        older, oldest = self.written[: REMEMBERED - 1], self.written[REMEMBERED - 1 :]
        lowered = [
            line.animate.shift(LINE * DOWN).set_color(palette.FAINT).set_opacity(1 - FADING * age)
            for age, line in enumerate(older, 1)
        ]
        self.written = [newest, *older]
        return AnimationGroup(*lit, *lowered, *map(FadeOut, oldest), FadeIn(newest, shift=0.2 * DOWN))

    def join(self, step: Merge) -> Animation:
        """The pair that was lit becomes one tile; the others make room."""
        before, self.tiles = self.tiles, self._standing(step.joined())
        return _Join(before, self.tiles, step.at)

    def _standing(self, symbols: Sequence[bytes]) -> VGroup:
        row, box = tiles(symbols, self.size), self.box
        middle = (box.top - 0.15 + box.center[1]) / 2  # of the upper half
        return row.move_to([box.center[0], max(middle, box.center[1] + 0.1 + row.height / 2), 0])

    def _pair(self, left: bytes, right: bytes, rank: int) -> VGroup:
        """A pair and its number in the list."""
        x, y, _z = self.box.center
        pair = VGroup(spelt(left), text("+", WRITTEN, palette.QUERY), spelt(right)).arrange(buff=0.12)
        pair.move_to([x - 0.4 - pair.width / 2, y - 0.55, 0])
        number = text(_("pair number {rank}").format(rank=count(rank + 1)), WRITTEN, palette.QUERY)
        return VGroup(pair, number.move_to([x + number.width / 2, y - 0.55, 0]))


class _Join(AnimationGroup):
    """Tiles `at` and `at + 1` become tile `at` of the goal, which then stands in the scene in their place."""

    def __init__(self, before: VGroup, goal: VGroup, at: int) -> None:
        self.before, self.goal = before, goal
        moves = [
            tile.animate.move_to(goal[index if index < at else index - 1])
            for index, tile in enumerate(before)
            if index not in (at, at + 1)
        ]
        pair, joined = (before[at], before[at + 1]), goal[at]
        # Letters stay as they are and meet where they will stand; bytes may become a letter, a space a gap.
        keeps = "".join(token_label(tile.piece)[0] for tile in pair) == token_label(joined.piece)[0]
        for tile, side in zip(pair, (LEFT, RIGHT), strict=True):
            home = joined.get_edge_center(side) - tile.get_edge_center(side)
            words = tile.words.animate.shift(home)
            moves.append(words if keeps and tile.piece.strip(b" ") else words.set_opacity(0))
            moves.append(tile.box.animate.shift(home).set_opacity(0))
        super().__init__(*moves, FadeIn(joined.box if keeps else joined))

    def clean_up_from_scene(self, scene: Scene) -> None:
        """The goal takes the place of what has moved."""
        super().clean_up_from_scene(scene)
        scene.remove(*self.before.get_family(), *self.goal.get_family())
        scene.add(*self.goal)


def spelt(symbol: bytes) -> Lettering:
    """A symbol of a pair; its space is part of it, so it is seen."""
    label, mono = token_label(symbol)
    if symbol.decode(errors="ignore").encode() == symbol:  # between bytes in hex a gap is no space
        label = label.replace(" ", "␣")
    return text(label, WRITTEN * (0.72 if mono else 1.0), palette.QUERY, mono)
