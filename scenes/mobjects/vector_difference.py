"""One vector less another, number by number, and the largest difference of all their numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import UP, Mobject, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import fitted, text
from scenes.mobjects.numerals import count, plain
from scenes.mobjects.vector import Vector

ROWS = 8  # places in a column: seven numbers and ⋮
LARGEST = 0.42  # em of the numbers
NOTE = 0.5  # height of the line below


class VectorDifference(VGroup):
    """[one] − [other] = [difference], what each is above it, and a line below.

    Args:
        one_D, other_D: the vectors.
        heads: what stands above them.
        box: what all of it takes.

    Attributes:
        columns: the three.
        largest: the largest |difference| of all D.
        parts: what to show, one after the other.
    """

    def __init__(
        self, one_D: npt.ArrayLike, other_D: npt.ArrayLike, heads: tuple[Mobject, Mobject], box: Box
    ) -> None:
        one, other = np.asarray(one_D), np.asarray(other_D)
        gap = one - other
        self.largest = float(np.abs(gap).max())
        above, note = box.stack(None, NOTE, gap=0.1)
        digits = 1 if np.median(np.abs(one)) >= 0.3 else 2
        size = min(LARGEST, above.height / 12)
        self.columns = VGroup(
            Vector(values, ROWS, size, palette.CAPTION, digits) for values in (one, other, gap)
        )
        self.columns.arrange(buff=3 * size, aligned_edge=UP)
        heads_and_columns = zip(
            (*heads, text(_("difference"), 0.34, palette.CAPTION)), self.columns, strict=True
        )
        pairs = [VGroup(head.next_to(column, UP, buff=0.18), column) for head, column in heads_and_columns]
        signs = []
        for sign, left, right in (("−", 0, 1), ("=", 1, 2)):
            x = (self.columns[left].get_right()[0] + self.columns[right].get_left()[0]) / 2
            signs.append(text(sign, 0.5, palette.FAINT).move_to([x, self.columns[0].get_y(), 0]))
        fitted(VGroup(*pairs, *signs), above)
        told = _("largest difference of all {width} numbers: {gap}").format(
            width=count(len(one)), gap=plain(self.largest, 3 if self.largest else 1)
        )
        self.note = text(told, 0.32, palette.QUERY, fit=note)
        self.parts = [pairs[0], signs[0], pairs[1], signs[1], pairs[2], self.note]
        super().__init__(*self.parts)
