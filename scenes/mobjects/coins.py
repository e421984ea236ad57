"""How open a choice is: as many fair coins as it has bits, and a field of all tokens with 2^H of them lit."""

from __future__ import annotations

from math import ceil
from typing import Self

import numpy as np
from manim import UP, AnnularSector, Circle, Group, VGroup

from scenes.language import _
from scenes.layout import Box, Layout
from scenes.mobjects import palette
from scenes.mobjects.choice import Choice
from scenes.mobjects.lettering import fitted, text
from scenes.mobjects.numerals import count
from scenes.mobjects.raster import Raster, blocks, pixels_per_unit
from scenes.mobjects.readout import Readout
from scenes.mobjects.thermometer import tokens_written

AIR = 0.22  # of a coin's place is left free
DARK = 0.16  # of its light has a cell that is not lit


class Coins(VGroup):
    """A row or two of coins, the first H of them filled, one of them in part.

    Args:
        most: how many there are: the bits of a choice among all.
        box: what they take.

    Attributes:
        bits: how many are filled now.
        fills: what fills them.
    """

    def __init__(self, most: float, box: Box) -> None:
        number = max(1, ceil(most - 1e-9))
        rows = max(range(1, 4), key=lambda rows: min(box.width / ceil(number / rows), box.height / rows))
        across = ceil(number / rows)
        place = min(box.width / across, box.height / rows)
        self._radius = place * (1 - AIR) / 2
        self._middles = []
        self.rims, self.fills = VGroup(), VGroup()
        for coin in range(number):
            row, column = divmod(coin, across)
            x = box.center[0] + (column - (across - 1) / 2) * place
            middle = np.array([x, box.center[1] + ((rows - 1) / 2 - row) * place, 0])
            self._middles.append(middle)
            rim = Circle(self._radius, stroke_color=palette.FAINT, stroke_width=2)
            self.rims.add(rim.move_to(middle))
            self.fills.add(AnnularSector(stroke_width=0, fill_opacity=1))
        super().__init__(self.fills, self.rims)
        self.show(0.0, palette.INK)

    def show(self, bits: float, colour: str) -> Self:
        """Fill the first `bits` of them."""
        self.bits = bits
        for coin, (fill, middle) in enumerate(zip(self.fills, self._middles, strict=True)):
            share = float(np.clip(bits - coin, 0, 1))
            sector = AnnularSector(
                inner_radius=0, outer_radius=0.88 * self._radius, start_angle=np.pi / 2,
                angle=-2 * np.pi * max(share, 1e-4), arc_center=middle,
            )  # fmt: skip
            fill.points = sector.points
            fill.set_fill(colour, opacity=float(share > 0))
        return self


class TokenField(Raster):
    """A cell for every token of the vocabulary; some of them are lit, from one corner.

    Args:
        total: the vocabulary's size.
        box: what the field takes.

    Attributes:
        lit: how many are lit now.
    """

    def __init__(self, total: int, box: Box) -> None:
        columns = ceil((total * box.width / box.height) ** 0.5)
        rows = ceil(total / columns)
        side = min(box.width / columns, box.height / rows)
        row, column = np.indices((rows, columns))
        order = np.maximum((rows - row) / rows, (column + 1) / columns).ravel()  # ever larger rectangles
        self._rank = np.empty(rows * columns, dtype=np.int64)
        self._rank[np.argsort(order, kind="stable")] = np.arange(rows * columns)
        self._shape, self._total = (rows, columns), total
        self._cell = max(1, round(side * pixels_per_unit()))
        super().__init__(np.zeros((1, 1, 4), np.uint8), columns * side, rows * side)
        self.move_to(box.center)
        self.show(0.0, palette.INK)

    def show(self, lit: float, colour: str) -> Self:
        """Light so many of them, the last one in part."""
        self.lit = lit
        light = np.clip(lit - self._rank, 0, 1)
        light = np.where(self._rank < self._total, DARK + (1 - DARK) * light, 0.0)
        tone = np.where(light[:, None] > DARK, palette.pixel(colour), palette.pixel(palette.CAPTION))
        shape, side = self._shape, self._cell
        colours = tone.reshape(*shape, 3).astype(np.uint8)
        gap = 1 if side >= 4 else 0
        self.pixels = np.ascontiguousarray(blocks(colours, (side, side), gap, light.reshape(shape)))
        return self


class Openness(Group):
    """2^H in figures, H as coins, and 2^H of all tokens as a field.

    Args:
        choice: what is shown first.
        box: what it takes.
        layout: whether the field stands beside the coins or below them.

    Attributes:
        number, coins, field: the three.
    """

    def __init__(self, choice: Choice, box: Box, layout: Layout) -> None:
        total = len(choice.probabilities_V)
        left, right = layout.split(box, 5.4, 7.4)
        head, unit, words, pile = left.stack(1.75, 0.35, 0.35, None, gap=0.15)
        field, below = right.stack(None, 0.3, gap=0.15)
        label = _("as open as a fair draw among")
        self.number = Readout(label, tokens_written, (1.0, total), 1.25, below=True)
        fitted(self.number, head)
        self.coins, self.field = Coins(float(np.log2(total)), pile), TokenField(total, field)
        coin_words = text(_("H: a fair coin for each bit"), 0.28, palette.CAPTION, fit=words)
        coin_words.next_to(self.coins, UP, buff=0.15)
        field_words = text(
            _("lit: so many of {count} tokens").format(count=count(total)), 0.24, palette.FAINT
        )
        tokens = text(_("tokens"), 0.34, palette.CAPTION, fit=unit)
        super().__init__(self.number, tokens, self.coins, coin_words, self.field, fitted(field_words, below))
        self.follow(choice)

    def follow(self, choice: Choice) -> Self:
        """Show another choice."""
        self.number.show(choice.number)
        self.coins.show(choice.bits, choice.colour)
        self.field.show(choice.number, choice.colour)
        return self
