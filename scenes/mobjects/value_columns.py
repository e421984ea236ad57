"""One head's values as columns of numbers under their tokens: weighed, and added up row by row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from manim import Group, Mobject, Rectangle, VGroup, VMobject

from scenes.handing_over import Handed
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import weight_colour
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.number_matrix import NumberMatrix
from scenes.mobjects.numerals import count, percent, signed
from scenes.mobjects.token_row import token_words
from scenes.mobjects.vector import brackets
from scenes.mobjects.weight_strip import WeightStrip

DIGITS = 2
FEWEST, MOST = 4, 14  # numbers of a vector that are shown, where it has as many
LARGEST, LABEL = 0.4, 0.36  # em
RESULT = 1.35  # places that the sum takes, its sign included
LABELS, SHARES, STEM, FOOT = 0.5, 0.42, 0.5, 0.45  # frame units of what stands over and under the columns
STRIP = 1.25  # and above that, where there are others
LINKED = 0.3  # of a stem's light before there is a weight
THINNEST = 0.02
CUT = 12  # characters of a token

Floats = npt.NDArray[np.float64]


class ValueColumns(Group):
    """A column for each token that is shown, one in grey for all others, and their sum.

    Args:
        handed: what is handed over.
        tokens: of the prompt.
        box: what it takes.

    Attributes:
        labels, shares, stems: over each column its token, its weight, and a bar as wide as that.
        numbers: the columns, top numbers first.
        frames: their brackets, with ⋮ below the last number.
        sums: the numbers of the sum, right of all columns.
        above: the tokens, and where not all are shown a strip of all weights.
        held: what stands under each token that is shown.
        result, frame: its brackets, and a frame around a number that is being added.
        weighed: how far the weights have been multiplied in, 0…1.
    """

    def __init__(self, handed: Handed, tokens: Sequence[bytes], box: Box) -> None:
        self.handed, self.weighed = handed, 0.0
        self.weights: Floats = handed.grouped(handed.weights)
        self.products: Floats = handed.products
        columns, width = self.products.shape
        self.pitch = min(2.2, box.width / (columns + RESULT))
        if handed.others:
            above, box = box.stack(STRIP, None, gap=0.05)
        left = box.center[0] - self.pitch * (columns + RESULT) / 2
        self._middles = [left + self.pitch * (place + 0.5) for place in range(columns)]
        top = box.top - LABELS - SHARES - STEM
        largest = max(np.abs(handed.values[handed.shown]).max(), np.abs(self.products.sum(axis=0)).max())
        room = 2.4 + 0.5 * (len(str(int(largest))) + DIGITS - 1)  # em that a number takes
        size = min(LARGEST, 0.94 * self.pitch / room)
        free = top - box.bottom - FOOT
        self.rows = min(width, max(FEWEST, min(MOST, int(free / (1.35 * size)) - 1)))
        size = min(size, free / (1.35 * (self.rows + 1)))
        scale = palette.robust_scale(handed.values[handed.shown])
        self.labels, self.shares, self.stems, self.frames = VGroup(), VGroup(), VGroup(), VGroup()
        self.numbers: list[NumberMatrix] = []
        for place, x in enumerate(self._middles):
            rest = place >= len(handed.shown)
            self.labels.add(self._label(place, tokens).move_to([x, box.top - LABELS / 2, 0]))
            share = text(percent(self.weights[place]), min(0.3, 0.22 * self.pitch + 0.06), palette.INK)
            self.shares.add(share.scale(min(1.0, 0.92 * self.pitch / share.width)))
            share.move_to([x, box.top - LABELS - SHARES / 2, 0])
            stem = Rectangle(width=1, height=STEM, stroke_width=0, fill_opacity=0.9)
            stem.set_fill(palette.REST if rest else weight_colour(float(self.weights[place])))
            self.stems.add(stem.move_to([x, top + STEM / 2, 0]))
            hue = palette.CAPTION if rest else palette.VALUE
            values = self.products[place] if rest else handed.values[handed.shown[place]]
            ramp = palette.number_ramp(hue)
            number = NumberMatrix(values[: self.rows, None], size, DIGITS, scale, ramp=ramp)
            number.move_to([x, top - 0.1 - number.height / 2, 0])
            self.numbers.append(number)
            self.frames.add(self._frame(number, hue if rest else palette.VALUE, size, width))
        self.size, self.row_height = size, self.numbers[0].height / self.rows
        x = self._middles[-1] + self.pitch * (0.5 + RESULT / 2)
        self.sums = VGroup()
        for row in range(self.rows):
            number = text(signed(0.0, DIGITS), size, palette.OUTPUT)
            self.sums.add(number.move_to([x + 0.1, self.at(row)[1], 0]))
        self._edge = x + 0.1 + self.numbers[0].width / 2 - 0.1 * size
        self.frames.add(self._frame(self.numbers[0], palette.OUTPUT, size, width).set_x(x + 0.1))
        self.equals = text("=", size, palette.CAPTION)
        self.equals.move_to([self._middles[-1] + 0.62 * self.pitch, self.numbers[0].get_y(), 0])
        super().__init__(self.labels, self.shares, self.stems, self.frames[:-1], *self.numbers)
        self.strip: WeightStrip | None = None
        if handed.others:
            self.strip = WeightStrip(handed.weights, handed.shown, self._middles[:-1], above)
            self.add(self.strip)
        self.above = Group(self.labels[: len(handed.shown)], *([self.strip] if self.strip else []))
        parts = zip(self.numbers[: len(handed.shown)], self.frames, self.stems, strict=False)
        self.held = [Group(*each) for each in parts]
        for number in self.sums:
            number.set_opacity(0)
        self.result = VGroup(self.equals, self.frames[-1])
        wide = self.numbers[0].width + 0.3 * size
        self.frame = Rectangle(width=wide, height=self.row_height, color=palette.QUERY, stroke_width=2.5)
        self.frame.move_to(self.at(0))
        self._stood: dict[int, Any] = {}
        self.weigh(0.0)

    def _label(self, place: int, tokens: Sequence[bytes]) -> Lettering:
        words = column_name(self.handed, tokens, place, LABEL)
        words.scale(min(1.0, 0.94 * self.pitch / words.width))
        return words

    def _frame(self, number: NumberMatrix, colour: str, size: float, width: int) -> VGroup:
        more = text("⋮", 1.2 * size, colour)
        more.move_to(number.get_bottom() + np.array([0, -0.55 * size, 0]))
        left_out = VGroup(more) if width > self.rows else VGroup()
        high = number.height + (1.2 * size if width > self.rows else 0.1)
        pair = brackets(min(number.width + 0.1 * size, 0.97 * self.pitch), high, colour, lip=0.25 * size)
        pair.move_to([number.get_x() + 0.12 * size, number.get_top()[1] - high / 2 + 0.04, 0])
        return VGroup(pair, left_out)

    def at(self, row: int, place: int = 0) -> Floats:
        """The middle of a number."""
        number = self.numbers[place]
        top = float(number.get_top()[1])
        return np.array([self._middles[place], top - (row + 0.5) * self.row_height, 0.0])

    def weigh(self, amount: float) -> Self:
        """Multiply every value with its weight, so far (0…1); the others come as their weighed sum."""
        self.weighed = amount
        for place, number in enumerate(self.numbers):
            weight = float(self.weights[place])
            if place < len(self.handed.shown):
                values = self.handed.values[self.handed.shown[place], : self.rows, None]
                number.show(values * (1 + (weight - 1) * amount))
            self.stems[place].stretch_to_fit_width(max(THINNEST, 0.9 * self.pitch * weight * amount))
            self.stems[place].set_opacity(LINKED + (0.9 - LINKED) * min(1.0, 4 * amount))
            self.shares[place].rewrite(percent(weight * amount), anchor=(0, 0, 0))
            self.shares[place].set_opacity(min(1.0, 4 * amount))
        if self.handed.others:  # grey, and not there before it is a sum
            seen, rest = min(1.0, 4 * amount), len(self.handed.shown)
            pair, more = self.frames[rest]
            pair.set_stroke(opacity=seen)
            for part in (more, self.labels[rest], self.numbers[rest], self.stems[rest]):
                part.set_opacity(seen)
        return self

    def partial(self, row: int, done: float) -> float:
        """The sum of a row over its first `done` columns; a column may be part of the way in."""
        shares = np.clip(done - np.arange(len(self.products)), 0, 1)
        return float(self.products[:, row] @ shares)

    def add_up(self, row: int, done: float) -> Self:
        """Show that sum."""
        number = self.sums[row].set_opacity(min(1.0, 4 * done))
        number.rewrite(signed(self.partial(row, done), DIGITS), anchor=(0, 0, 0))
        number.set_x(self._edge - number.width / 2)
        return self

    def step(self, row: int, done: float) -> Self:
        """That, with the frame on the column that is being added."""
        self.frame.move_to(self.at(row, min(len(self.products) - 1, int(done))))
        return self.add_up(row, done)

    def add_up_from(self, row: int, done: float) -> Self:
        """That, in all rows from this one on."""
        for each in range(row, self.rows):
            self.add_up(each, done)
        return self

    def near(self, place: int, middle: Sequence[float], amount: float) -> Self:
        """Fly towards the first number of a column, 0…1; everything has faded before it is there."""
        gone = min(1.0, 2 * amount)
        about, way = self.at(0, place) if not self._stood else self._stood[-1], np.array(middle)
        for part in self.get_family():
            stood = self._stood.setdefault(id(part), _state(part))
            part.points = about + (stood[0] - about) * (1 + 2 * amount) + (way - about) * amount
            if stood[2] is not None:
                part.set_fill(opacity=stood[2] * (1 - gone), family=False)
                part.set_stroke(opacity=stood[3] * (1 - gone), family=False)
            if stood[1] is not None:
                part.opacity = stood[1] * (1 - gone)
        self._stood[-1] = about
        if amount == 0:
            self._stood = {}
        return self


def column_name(handed: Handed, tokens: Sequence[bytes], place: int, size: float) -> Lettering:
    """What stands for a column: its token, or how many others there are."""
    if place < len(handed.shown):
        position = handed.shown[place]
        return token_words(tokens[position], size, palette.token_colour(position), CUT)
    others = _("{count} others").format(count=count(len(handed.others)))
    return text(others, 0.75 * size, palette.CAPTION)


def _state(part: Mobject) -> tuple[Floats, float | None, float | None, float | None]:
    """A part's points, and how opaque a picture, a filling and a line are."""
    if isinstance(part, VMobject):
        return part.points.copy(), None, part.get_fill_opacity(), part.get_stroke_opacity()
    return part.points.copy(), getattr(part, "opacity", None), None, None
