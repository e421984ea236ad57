"""Two vectors side by side as columns of cells, a name under each: before and after."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import Animation, FadeIn

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.block import Block
from scenes.mobjects.cell_column import CellColumn
from scenes.mobjects.lettering import text

APART = 2.6  # frame units from middle to middle
TALLEST = 3.6


class VectorPair:
    """Both columns stand where they come from, and move to their places in a box.

    Args:
        values: of both, scaled as in `Band.values_RC`.
        corners: where each comes from, on the frame, (4, 3) each.
        names: one a column.
        box: where they go.

    Attributes:
        columns: both, where they are now.
        center: the middle between their places.
    """

    def __init__(
        self,
        values: tuple[npt.ArrayLike, npt.ArrayLike],
        corners: tuple[npt.ArrayLike, npt.ArrayLike],
        names: tuple[str, str],
        box: Box,
    ) -> None:
        self.columns = [
            CellColumn(own, 1, 1).stand(start) for own, start in zip(values, corners, strict=True)
        ]
        self.center = [box.center[0], box.center[1] + 0.2, 0]
        tall = min(TALLEST, box.height - 1.3)
        x, y, _z = self.center
        self._goals, self._names = [], []
        for side, name in zip((-0.5, 0.5), names, strict=True):
            at = x + APART * side
            self._goals.append(
                np.array(
                    [
                        [at + a, y + b * tall, 0]
                        for a, b in ((-0.5, 0.5), (0.5, 0.5), (0.5, -0.5), (-0.5, -0.5))
                    ]
                )
            )
            label = text(name, 0.32, palette.CAPTION)
            self._names.append(label.move_to([at, y - tall / 2 - 0.35, 0]))

    @classmethod
    def of_block(cls, block: Block, names: tuple[str, str], box: Box) -> VectorPair:
        """The last token's first and last vector, from where they stand in the block as it is seen now."""
        first, *_between, last = block.stack.bands
        values = first.values_RC[:, -1], last.values_RC[:, -1]
        corners = block.eye.project(block.front_corners(0)), block.eye.project(block.end_corners(-1))
        return cls(values, corners, names, box)

    def moved(self) -> list[Animation]:
        """Both columns go to their places, and the names come up."""
        goals = zip(self.columns, self._goals, strict=True)
        return [*(column.moved(goal) for column, goal in goals), *map(FadeIn, self._names)]
