"""A column of cells under each chip of a token row: the vectors that belong to the tokens."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group, VGroup, VMobject

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.token_row import TokenRow
from scenes.mobjects.weight_column import WeightColumn

WIDEST, SHARE = 0.5, 0.6  # of a column: frame units, and of its chip
APART, SMALL = 0.08, 0.2  # frame units between two numbers; their em where they stand in two lines
DROP = 0.2  # frame units that a link runs below the columns

Floats = npt.NDArray[np.floating]


class TokenColumns(Group):
    """Columns in a box, each under its token.

    Args:
        row: the tokens; those that it leaves out have no column.
        vectors_TD: each token's vector.
        scale: the |value| of the lightest colour.
        box: where they stand, as high as they will ever be.
        aside: frame units that they stand to the right of their chips' middles.

    Attributes:
        columns: position in the prompt → its column.
    """

    def __init__(self, row: TokenRow, vectors_TD: Floats, scale: float, box: Box, aside: float = 0.0) -> None:
        self.box = box
        self.columns: dict[int, WeightColumn] = {}
        for token, chip in row.chips.items():
            wide = min(WIDEST, SHARE * chip.width)
            column = WeightColumn(vectors_TD[token], scale, wide, box.height)
            self.columns[token] = column.move_to([chip.get_x() + aside, box.center[1], 0])
        super().__init__(*self.columns.values())

    def reach(self, bottom: float) -> Self:
        """Let all columns end at this height of the frame."""
        for column in self.columns.values():
            corners = column.corners()
            corners[:2, 1], corners[2:, 1] = self.box.top, bottom
            column.stand(corners)
        return self

    def flow(self, amount: float) -> Self:
        """Turn all columns so far from a weight's colours to those of data, 0…1."""
        for column in self.columns.values():
            column.flow(amount)
        return self

    def show(self, vectors_TD: Floats) -> Self:
        """Show other vectors, on the same scale."""
        for token, column in self.columns.items():
            column.show(vectors_TD[token])
        return self

    def link(self, tokens: Sequence[int]) -> VGroup:
        """Lines that join these tokens' columns below."""
        link = VGroup()
        for ends in pairwise(self.columns[token] for token in tokens):
            low = float(ends[0].get_bottom()[1])
            (left, right), (near, far) = (float(end.get_x()) for end in ends), (low - 0.06, low - DROP)
            line = VMobject(stroke_color=palette.QUERY, stroke_width=2)
            link.add(
                line.set_points_as_corners(
                    [[left, near, 0], [left, far, 0], [right, far, 0], [right, near, 0]]
                )
            )
        return link


def numbers_under(row: TokenRow, numbers: Sequence[int], top: float, size: float = 0.26) -> VGroup:
    """Under each chip of a row the number of its token, in its hue.

    Where they have no room side by side they stand in two lines; what has no room there either is left out.
    """
    written = [text(str(numbers[token]), size, palette.token_colour(token)) for token in row.chips]
    for number, chip in zip(written, row.chips.values(), strict=True):
        number.move_to([chip.get_x(), top - 0.625 * size, 0])
    if all(before.get_right()[0] + APART < after.get_left()[0] for before, after in pairwise(written)):
        return VGroup(*written)
    shown, ends = VGroup(), [-np.inf, -np.inf]
    for index, number in enumerate(written):
        line = index % 2
        number.scale(SMALL / size).set_y(top - (line + 0.5) * 1.25 * SMALL)
        if number.get_left()[0] > ends[line] + APART:
            ends[line] = float(number.get_right()[0])
            shown.add(number)
    return shown
