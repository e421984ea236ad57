"""One number of a value times its weight, large."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import RIGHT, Animation, Transform, VGroup

from scenes.handing_over import Handed
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import weight_colour
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import percent, signed

SIZE = 0.9  # em


class WorkedProduct(VGroup):
    """Weight × number = product, in the middle of a box: the first number of the value of most weight.

    Args:
        handed: what is handed over.
        digits: after its point.
        box: what it takes.

    Attributes:
        value: the number's lettering.
        rest: everything else.
    """

    def __init__(self, handed: Handed, digits: int, box: Box) -> None:
        weight, value = float(handed.weights[handed.heaviest]), float(handed.values[handed.heaviest, 0])
        self.value = text(signed(value, digits), SIZE, palette.VALUE)
        parts = [
            text(percent(weight), SIZE, weight_colour(weight)),
            text("×", SIZE, palette.CAPTION),
            self.value,
            text("=", SIZE, palette.CAPTION),
            text(signed(weight * value, digits), SIZE, palette.VALUE),
        ]
        super().__init__(*parts)
        self.arrange(RIGHT, buff=0.3 * SIZE)
        self.scale(min(1.0, box.width / self.width)).move_to(box.center)
        self.rest = VGroup(*(part for part in parts if part is not self.value))

    def arrival(self, place: npt.NDArray[np.float64], size: float) -> Animation:
        """The number comes from there, where it is that small."""
        goal = self.value.copy()
        self.value.scale(size / self.value.em).move_to(place)
        return Transform(self.value, goal)
