"""Vectors as columns of cells, side by side, a name below each and a sign between two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from manim import Animation, FadeIn, Group, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.weight_column import WeightColumn
from scenes.mobjects.weight_pixels import WeightScale

BROADEST = 0.7  # frame units of a column
FOOT = 0.95  # for the names and the scale


class NamedColumns(Group):
    """Rows of W_E, blue above zero and red below, all on one scale that is printed.

    Args:
        vectors: their numbers.
        names, colours: what stands below each.
        signs: what stands between each and the next.
        box: where to stand.

    Attributes:
        columns, names, signs: the parts.
    """

    def __init__(
        self,
        vectors: Sequence[npt.ArrayLike],
        names: Sequence[str],
        colours: Sequence[str],
        signs: Sequence[str],
        box: Box,
    ) -> None:
        scale = palette.robust_scale(np.concatenate([np.ravel(vector) for vector in vectors]))
        each = box.columns(*[1] * len(vectors), gap=0.3)
        height = box.height - FOOT
        self.columns, self.names, self.signs = [], [], []
        for place, vector, name, colour in zip(each, vectors, names, colours, strict=True):
            column = WeightColumn(vector, scale, min(BROADEST, place.width), height)
            self.columns.append(column.move_to([place.center[0], box.top - height / 2, 0]))
            words = text(name, 0.3, colour, fit=place.width + 0.25)
            self.names.append(words.move_to([place.center[0], box.top - height - 0.3, 0]))
        for before, sign in zip(each, signs, strict=False):
            self.signs.append(text(sign, 0.5).move_to([before.right + 0.15, box.top - height / 2, 0]))
        self.scale_shown = WeightScale(scale).move_to([box.center[0], box.bottom + 0.15, 0])
        super().__init__(*self.columns, *self.names, *self.signs, self.scale_shown)

    def shown(self, *which: int) -> list[Animation]:
        """Some columns come, with their names and the sign before them; with the first the scale."""
        parts: list[Animation] = []
        for at in which:
            parts += [FadeIn(Group(self.columns[at])), FadeIn(self.names[at])]
            parts += [FadeIn(VGroup(self.signs[at - 1]))] if at else [FadeIn(self.scale_shown)]
        return parts
