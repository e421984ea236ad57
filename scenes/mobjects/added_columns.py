"""Vectors that are added to the tokens' columns, and how alike two of the sums are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, Group

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.numerals import signed
from scenes.mobjects.readout import Readout
from scenes.mobjects.token_columns import TokenColumns
from scenes.mobjects.token_row import TokenRow
from scenes.shelves import cosine

GAP = 0.2  # frame units between a column and what is added to it
SIZE = 0.3  # em of the cosine

Floats = npt.NDArray[np.float32]


class AddedColumns(Group):
    """Columns in the upper half of a box, what is added to each below; then the sums, as high as the box.

    Args:
        row: the tokens.
        vectors_TD, added_TD: what is there, and what is added, or None.
        scales: the |value| of the lightest colour of each.
        twins: tokens whose columns are joined below; the cosine is that of the first two.
        box: where to stand, the joint below it.

    Attributes:
        columns, added: the two halves.
        link, likeness: the joint, and the cosine; empty where there are no twins.
        sums_TD: what the columns show now.
    """

    def __init__(
        self,
        row: TokenRow,
        vectors_TD: Floats,
        added_TD: Floats | None,
        scales: tuple[float, float],
        twins: Sequence[int],
        box: Box,
    ) -> None:
        self.vectors, self.addend, self.twins, self.box = vectors_TD, added_TD, list(twins[:2]), box
        self.sums_TD = vectors_TD
        self.middle = box.bottom if added_TD is None else (box.top + box.bottom + GAP) / 2
        self.columns = TokenColumns(row, vectors_TD, scales[0], box).flow(1.0)
        low = Box(box.left, box.right, box.bottom, self.middle - GAP)
        self.added = Group() if added_TD is None else TokenColumns(row, added_TD, scales[1], low)
        self.link = self.columns.link(twins)
        self.likeness = Group()
        if twins:
            readout = Readout(_("cosine"), lambda value: signed(value, 3), [-1.0], SIZE, palette.QUERY)
            self.likeness.add(readout.next_to(self.link, DOWN, buff=0.08))
        super().__init__(self.columns, self.added, self.link, self.likeness)
        self.columns.reach(self.middle)
        self.add_up(0.0)

    def add_up(self, amount: float) -> Self:
        """Let so much of what is added be in the sums, 0…1."""
        if self.addend is not None:
            self.sums_TD = self.vectors + np.float32(amount) * self.addend
            self.columns.show(self.sums_TD)
        for readout in self.likeness:
            readout.show(cosine(*self.sums_TD[self.twins]))
        return self

    def grow(self, amount: float) -> Self:
        """Let the columns take the whole box, 0…1."""
        self.columns.reach(self.middle + (self.box.bottom - self.middle) * amount)
        return self
