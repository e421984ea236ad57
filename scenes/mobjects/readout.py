"""A label with a live number, in the room that its widest value takes: nothing shifts, nothing collides."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self

import numpy as np
from manim import DOWN, RIGHT, VGroup, VMobject

from scenes.mobjects import palette
from scenes.mobjects.lettering import ASCENT, DESCENT, Lettering, text, words_or_formula

GAP = 0.4  # em between label and number, side by side
LABEL = 0.36  # em of the label over that of the number, where it stands above it
SMALLEST = 0.2  # frame units, of the label

Write = Callable[[float], str]


class Readout(VGroup):
    """A label and its number, side by side, or the number below its label.

    Its box is that of the widest number, whatever is shown: it can be placed once and then counts.

    Args:
        label: the words before the number, or maths between dollar signs; "" for the number alone.
        write: how a value is written (`numerals.plain` and its kin, or a lambda around one).
        among: values of which one is written the widest; the least and the largest will do.
        size: em of the number in frame units.
        colour: of the number.
        below: the number stands below its label, both centred, and is the larger; else it follows it.

    Attributes:
        label, number: the two letterings.
        value: what is shown now.
    """

    def __init__(
        self,
        label: str,
        write: Write,
        among: Iterable[float],
        size: float = 0.34,
        colour: str = palette.INK,
        below: bool = False,
    ) -> None:
        values = list(among)
        self.write, self.below = write, below
        small = max(SMALLEST, LABEL * size) if below else size
        self.label = words_or_formula(label, small, palette.CAPTION)
        self.number = text(write(values[0]), size, colour)
        self._room = VMobject(stroke_width=0, fill_opacity=0)
        corners = np.array([[0.0, -DESCENT * size, 0.0], [room(write, values, size), ASCENT * size, 0.0]])
        self._room.points = np.repeat(corners, 4, axis=0)
        super().__init__(self.label, self._room, self.number)
        if below:
            self._room.next_to(self.label, DOWN, buff=0.0)
        elif label:
            self._room.next_to(self.label, RIGHT, buff=GAP * size)
        self.center()
        self.show(values[0])

    def show(self, value: float) -> Self:
        """Show another value, where the number stands now and as large as it is."""
        self.value = float(value)
        self.number.rewrite(self.write(self.value))
        place = self._room.get_center()
        if not self.below:
            place[0] = self._room.get_left()[0] + self.number.width / 2
        self.number.move_to(place)
        return self


def room(write: Write, among: Iterable[float], size: float) -> float:
    """The width that the widest of these numbers takes at an em of `size`."""
    return max(_width(write(float(value))) for value in among) * size


def _width(string: str) -> float:
    plain: Lettering = text(string, 1.0)
    return float(plain.width)
