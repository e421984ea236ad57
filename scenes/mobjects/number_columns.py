"""Each token's vector under it: first as numbers, then the numbers as cells, then many more cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import Animation, Group, Line, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.cell_column import CellColumn
from scenes.mobjects.elision import elide
from scenes.mobjects.lettering import text
from scenes.mobjects.residual_stack import spread_of
from scenes.mobjects.token_row import TokenRow
from scenes.mobjects.vector import Vector

PITCH = 1.42  # frame units from column to column, at least
ROWS = 8  # places in a column of numbers: seven numbers and ⋮
SIZE = 0.42  # em of the numbers, where there is room


class NumberColumns(Group):
    """Columns side by side in a box, each joined to its token above.

    Args:
        vectors_TD: every token's vector.
        elements: which of its elements the cells show in the end.
        row: the tokens.
        box: where the columns stand.

    Attributes:
        shown: which tokens have a column, in order; of many the first and the last ones.
        numbers, links: a bracketed column a token, and what joins it to its chip.
        few, many: the same vectors as cells: those of the numbers, and those of `elements`.
        gap: ⋯ for the tokens that are left out, or nothing.
    """

    def __init__(
        self, vectors_TD: npt.ArrayLike, elements: npt.NDArray[np.int64], row: TokenRow, box: Box
    ) -> None:
        vectors = np.asarray(vectors_TD)
        places = elide(len(vectors), max(3, int(box.width / PITCH)))
        pitch = min(box.width / len(places), 1.6 * PITCH)
        size = min(SIZE, pitch / 3.4, box.height / (1.35 * ROWS + 0.6))
        digits = 1 if np.median(np.abs(vectors)) >= 0.3 else 2
        scaled_TD = np.abs(vectors) / spread_of(vectors)
        self.shown = [place for place in places if place is not None]
        self.numbers, self.links, self.gap = VGroup(), VGroup(), VGroup()
        self.few: list[CellColumn] = []
        self.many: list[CellColumn] = []
        for position, token in enumerate(places):
            x = box.center[0] + (position - (len(places) - 1) / 2) * pitch
            if token is None:
                self.gap.add(text("⋯", 1.6 * size, palette.FAINT).move_to([x, box.center[1], 0]))
                continue
            column = Vector(vectors[token], ROWS, size, palette.CAPTION, digits)
            column.scale(min(1.0, 0.94 * pitch / column.width)).move_to([x, box.center[1], 0])
            self.numbers.add(column)
            if token in row.chips:
                chip = row.chips[token]
                ends = chip.get_bottom() + np.array([0, -0.05, 0]), column.get_top() + np.array([0, 0.08, 0])
                self.links.add(
                    Line(*ends, stroke_width=1.5, color=palette.token_colour(token)).set_stroke(opacity=0.7)
                )
            indices = elide(vectors.shape[1], ROWS)
            few = [np.nan if index is None else scaled_TD[token, index] for index in indices]
            for values, cells in ((few, self.few), (scaled_TD[token, elements], self.many)):
                cell = CellColumn(values, 0.62 * pitch, column.height)
                cells.append(cell.move_to([x, box.center[1], 0]))
        super().__init__(self.links, self.numbers, self.gap)

    def gathered(self, corners: npt.ArrayLike) -> list[Animation]:
        """The many cells of each go to one place, as in `CellColumn.stand`; the last token's stay."""
        return [cell.moved(corners, opacity=float(cell is self.many[-1])) for cell in self.many]
