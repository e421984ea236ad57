"""A token's vector, and what a weight matrix makes of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from manim import DOWN, UP, Arrow, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.numerals import count
from scenes.mobjects.token_row import TokenChip
from scenes.mobjects.vector import Vector

ASIDE = 1.75  # frame units from the middle to each column, where there is room
ABOVE = 1.2  # from a column's top to the middle of what stands above it


@dataclass(frozen=True)
class Named:
    """A vector, and how the tensor that holds it is indexed."""

    values: npt.NDArray[np.float32]
    name: str


class Projection(VGroup):
    """One token: its vector, and the shorter one that a weight matrix makes of it.

    Args:
        box: where to stand.
        chip: the token.
        source, result: the two vectors.
        matrix: Typst maths, the weight matrix' name.
        question: what the result stands for.
        colour: of the result.
    """

    def __init__(
        self,
        box: Box,
        chip: TokenChip,
        source: Named,
        result: Named,
        matrix: str,
        question: str,
        colour: str,
    ) -> None:
        middle, aside = box.center[0], min(ASIDE, box.width / 2 - 0.95)
        self.chip = chip
        self.source = Vector(source.values, size=0.3, colour=palette.CAPTION)
        self.result = Vector(result.values, size=0.3, colour=colour)
        self.source.move_to([middle - aside, box.center[1], 0])
        self.result.move_to([middle + aside, box.center[1], 0])
        self.arrow = Arrow(
            self.source.get_right(), self.result.get_left(), buff=0.25, stroke_width=3, color=colour,
            max_tip_length_to_length_ratio=0.12,
        )  # fmt: skip
        self.matrix = formula(f"$ {matrix} $", 0.5, colour).next_to(self.arrow, UP, buff=0.15)
        self.question = text(question, 0.34, colour)
        room = min(3.4, box.width / 2 + 0.1)
        if self.question.width > room:
            self.question.scale_to_fit_width(room)
        top = min(box.top - chip.height / 2, float(self.source.get_top()[1]) + ABOVE)
        self.question.move_to([min(middle + aside, box.right + 0.25 - self.question.width / 2), top, 0])
        chip.move_to([middle - aside, top, 0])
        self.tensor = result.name
        self.names = VGroup(*(self._name(*pair) for pair in ((self.source, source), (self.result, result))))
        super().__init__(
            self.chip, self.source, self.arrow, self.matrix, self.result, self.question, self.names
        )

    def _name(self, column: Vector, vector: Named) -> VGroup:
        size = text(_("{count} numbers").format(count=count(len(vector.values))), 0.24, palette.CAPTION)
        name = text(vector.name, 0.2, palette.FAINT, mono=True)
        return VGroup(size, name).arrange(DOWN, buff=0.08).next_to(column, DOWN, buff=0.16)
