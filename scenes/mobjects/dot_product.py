"""A dot product at work: two vectors, the products of their elements, and the sum as it grows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from manim import Line, RoundedRectangle, VGroup, VMobject

from scenes.mobjects import palette
from scenes.mobjects.elision import elide
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import signed
from scenes.mobjects.vector import Vector

ROWS = 7  # of each column, the ⋮ included
SIZE = 0.33
BELOW = 1.6  # from the columns to a chart below them: their names stand there
APART = 0.66  # from column to column
BAR = 0.7  # width of a product's bar over the distance to the next
CLEAR = 0.28  # of the number from the ground line


class DotProduct(VGroup):
    """Columns `a`, `b` and their products on the left; on the right each product's bar and the running sum.

    Args:
        a_K, b_K: the two vectors.
        width, height: of the whole, in frame units.
        colours: of `a` and `b`.
        chart_below: put bars and line below the columns, where there is no room beside them.

    Attributes:
        products: the K products, in order.
        sums: the K + 1 partial sums, from 0 to the dot product.
        summed: how many products are in the sum that is shown now.
        left, right, middle: the columns' drawings: a, b and the products.
        total: the number at the line's tip.
    """

    def __init__(
        self,
        a_K: npt.ArrayLike,
        b_K: npt.ArrayLike,
        width: float,
        height: float,
        colours: tuple[str, str] = (palette.QUERY, palette.KEY),
        chart_below: bool = False,
    ) -> None:
        a, b = np.asarray(a_K, dtype=np.float64), np.asarray(b_K, dtype=np.float64)
        self.products = a * b
        self.sums = np.concatenate([[0.0], np.cumsum(self.products)])
        self.summed = 0
        self.left = Vector(a, ROWS, SIZE, colours[0], digits=2)
        self.right = Vector(b, ROWS, SIZE, colours[1], digits=2)
        self.middle = Vector(self.products, ROWS, SIZE, palette.INK, digits=2)
        pen = -width / 2
        for part in (self.left, self.right, self.middle):
            part.move_to([pen + part.width / 2, 0, 0])
            pen += part.width + APART
        times, equals = (text(sign, 0.36, palette.FAINT) for sign in "×=")
        times.move_to((self.left.get_right() + self.right.get_left()) / 2)
        equals.move_to((self.right.get_right() + self.middle.get_left()) / 2)
        shown = elide(len(a), ROWS)
        column = self.middle[0]
        self._row_of = {index: column[row] for row, index in enumerate(shown) if index is not None}
        self._gap = column[shown.index(None)] if None in shown else None
        span = self.middle.get_right()[0] - self.left.get_left()[0] + 0.2
        self.box = RoundedRectangle(
            width=span, height=1.3 * SIZE, corner_radius=0.06, stroke_color=palette.INK, stroke_width=2
        )
        self.box.move_to([(self.middle.get_right()[0] + self.left.get_left()[0]) / 2, 0, 0])
        self._room = (-width / 2 if chart_below else pen + 0.2, width / 2 - 1.35, height)
        self._middle = -(self.middle.height + height) / 2 - BELOW if chart_below else 0.0
        self._draw_chart()
        super().__init__(
            self.left, times, self.right, equals, self.middle, self.zero, self.bars_below, self.bars_above,
            self.curve, self.total, self.box,
        )  # fmt: skip
        self.show(0)

    def _draw_chart(self) -> None:
        """Bars and curve as far as they will go; `show` takes the first part of them."""
        left, right, height = self._room
        count = len(self.products)
        low = min(0.0, float(self.sums.min()), float(self.products.min()))
        high = max(0.0, float(self.sums.max()), float(self.products.max()))
        unit = height / ((high - low) or 1.0)
        ground = self._middle - height / 2 - low * unit
        pitch = (right - left) / count
        self.zero = Line([left, ground, 0], [right, ground, 0], stroke_color=palette.FAINT, stroke_width=1.5)
        self.bars_above = VMobject(stroke_width=0, fill_color=palette.ABOVE_ZERO, fill_opacity=1)
        self.bars_below = VMobject(stroke_width=0, fill_color=palette.BELOW_ZERO, fill_opacity=1)
        self._bars: list[tuple[bool, npt.NDArray[np.float64]]] = []
        for index, product in enumerate(self.products):
            x0 = left + (index + (1 - BAR) / 2) * pitch
            x1, y1 = x0 + BAR * pitch, ground + product * unit
            corners = np.array([[x0, ground, 0], [x1, ground, 0], [x1, y1, 0], [x0, y1, 0], [x0, ground, 0]])
            sides = [np.linspace(start, end, 4) for start, end in pairwise(corners)]
            self._bars.append((product > 0, np.concatenate(sides)))
        tips = [[left + index * pitch, ground + value * unit, 0] for index, value in enumerate(self.sums)]
        self.curve = VMobject(stroke_color=palette.INK, stroke_width=3).set_points_as_corners(tips)
        self._curve = self.curve.points.copy()
        self._ground = self.zero.get_start()
        self._tips = np.array(tips)
        self.total: Lettering = text("+0.00", 0.36, palette.INK)

    @property
    def chart(self) -> tuple[float, float, float]:
        """The middle of the chart across the frame, its top (the columns', beside them) and its bottom."""
        middle, half = float(self.zero.get_center()[0]), self._room[2] / 2
        if not self._middle:
            return middle, float(self.get_top()[1]), float(self.get_bottom()[1])
        y = float(self.left.get_center()[1]) + self._middle
        return middle, y + half, y - half - 0.3

    def show(self, summed: int) -> DotProduct:
        """Show the sum of the first `summed` products."""
        self.summed = summed
        moved = self.zero.get_start() - self._ground
        for index, number in self._row_of.items():
            number.set_opacity(1.0 if index < summed else 0.0)
        if self._gap is not None:
            self._gap.set_opacity(
                1.0 if summed > min(set(range(len(self.products))) - set(self._row_of)) else 0.0
            )
        for bars, above in ((self.bars_above, True), (self.bars_below, False)):
            parts = [points for positive, points in self._bars[:summed] if positive == above]
            bars.points = np.concatenate(parts) if parts else np.zeros((0, 3))
        for part in (self.bars_above, self.bars_below):
            part.points = part.points + moved
        self.curve.points = self._curve[: 4 * summed] + moved
        now = self._row_of.get(summed - 1, self._gap) if summed else None
        working = now is not None and summed < len(self.products)
        self.box.set_stroke(opacity=1.0 if working else 0.0)
        if now is not None:
            self.box.set_y(now.get_y())
        self.total.rewrite(signed(float(self.sums[summed]), 2))
        self.total.set_opacity(1.0 if summed else 0.0)
        tip = self._tips[summed] + moved + np.array([0.14 + self.total.width / 2, 0, 0])
        tip[1] = (
            max(tip[1], self.zero.get_y() + CLEAR)
            if self.sums[summed] >= 0
            else min(tip[1], self.zero.get_y() - CLEAR)
        )
        self.total.move_to(tip)
        return self
