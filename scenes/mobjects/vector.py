"""A vector as a column of signed one-decimal numbers in tall square brackets."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import VGroup, VMobject

from scenes.mobjects import palette
from scenes.mobjects.elision import elide
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import signed


def brackets(width: float, height: float, colour: str = palette.INK, lip: float = 0.1) -> VGroup:
    """A pair of square brackets around a box of `width` × `height` centred on the origin."""
    pair = VGroup()
    for side in (-1, 1):
        x, y = side * width / 2, height / 2
        bracket = VMobject(stroke_color=colour, stroke_width=2)
        bracket.set_points_as_corners(
            [[x - side * lip, y, 0], [x, y, 0], [x, -y, 0], [x - side * lip, -y, 0]]
        )
        pair.add(bracket)
    return pair


class Vector(VGroup):
    """Some elements of a vector, the first ones and the last, ⋮ where others are left out.

    Args:
        values: the whole vector.
        rows: places to show, the ⋮ included.
        size: em of the numbers.
        colour: of numbers and brackets.

    Attributes:
        shown: index → its number's lettering.
    """

    def __init__(
        self,
        values: npt.ArrayLike,
        rows: int = 7,
        size: float = 0.26,
        colour: str = palette.INK,
        digits: int = 1,
    ) -> None:
        vector = np.asarray(values)
        self.shown: dict[int, Lettering] = {}
        column = VGroup()
        for row, index in enumerate(elide(len(vector), rows)):
            entry = text("⋮" if index is None else signed(float(vector[index]), digits), size, colour)
            if index is not None:
                self.shown[index] = entry
            entry.move_to([0, -row * 1.35 * size, 0])
            column.add(entry)
        numbers = list(self.shown.values())
        right = max(entry.get_right()[0] for entry in numbers)
        for entry in numbers:  # points under points
            entry.shift([right - entry.get_right()[0], 0, 0])
        column.center()
        self.brackets = brackets(column.width + 0.9 * size, column.height + 0.1, colour, lip=0.35 * size)
        super().__init__(column, self.brackets)
