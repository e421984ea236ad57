"""A dot product at work: two vectors, the products of their elements as bars, and the sum as it grows."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
from manim import Group, Line, Rectangle, VMobject

from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import signed
from scenes.mobjects.raster import Raster

STRIP = 0.36  # frame units: the height of a vector
BETWEEN = 0.06  # from one vector to the other
READOUT = 0.95  # height of the line with the product that is being added, between vectors and chart
BAR = 0.7  # width of a product's bar over the distance to the next
TIP = 1.75  # room at the right for the number at the line's tip
CLEAR = 0.28  # of the number from the ground line
FAINTEST = 0.1  # of an element near zero


class DotProduct(Group):
    """Two vectors, one above the other, and under each pair of elements its product's bar and the sum so far.

    Args:
        a_K, b_K: the two vectors.
        width, height: of the whole, in frame units.
        colours: of `a` and `b`.

    Attributes:
        products: the K products, in order.
        sums: the K + 1 partial sums, from 0 to the dot product.
        summed: how many products are in the sum that is shown now.
        vectors: the two pictures; the lighter an element, the farther it is from zero.
        readout: the product that was added last, in numbers.
        total: the number at the line's tip.
    """

    def __init__(
        self,
        a_K: npt.ArrayLike,
        b_K: npt.ArrayLike,
        width: float,
        height: float,
        colours: tuple[str, str] = (palette.QUERY, palette.KEY),
    ) -> None:
        self.a, self.b = np.asarray(a_K, dtype=np.float64), np.asarray(b_K, dtype=np.float64)
        self.products = self.a * self.b
        self.sums = np.concatenate([[0.0], np.cumsum(self.products)])
        self.summed = 0
        self._room = (-width / 2, width / 2 - TIP, height)
        across = self._room[1] - self._room[0]
        self._pitch = across / len(self.products)
        self.vectors = [
            _strip(vector, across, colour) for vector, colour in zip((self.a, self.b), colours, strict=True)
        ]
        top = height / 2
        for number, vector in enumerate(self.vectors):
            y = top - STRIP / 2 - number * (STRIP + BETWEEN)
            vector.move_to([self._room[0] + across / 2, y, 0])
        deep = 2 * STRIP + BETWEEN
        self.window = Rectangle(
            width=max(0.08, self._pitch), height=deep + 0.08, stroke_color=palette.INK, stroke_width=2.5
        )
        self.window.move_to([self._room[0], top - deep / 2, 0])
        self.readout: Lettering = text("+0.00 × +0.00 = +0.00", 0.4, palette.INK)
        self.readout.move_to([0, top - deep - READOUT / 2, 0])
        self._draw_chart(height - deep - READOUT, -height / 2)
        super().__init__(
            *self.vectors, self.zero, self.bars_below, self.bars_above, self.curve, self.total,
            self.readout, self.window,
        )  # fmt: skip
        self.show(0)

    def _draw_chart(self, height: float, bottom: float) -> None:
        """Bars and curve as far as they will go; `show` takes the first part of them."""
        left, right, _ = self._room
        low = min(0.0, float(self.sums.min()), float(self.products.min()))
        high = max(0.0, float(self.sums.max()), float(self.products.max()))
        unit = height / ((high - low) or 1.0)
        ground = bottom - low * unit
        self.zero = Line([left, ground, 0], [right, ground, 0], stroke_color=palette.FAINT, stroke_width=1.5)
        self.bars_above = VMobject(stroke_width=0, fill_color=palette.ABOVE_ZERO, fill_opacity=1)
        self.bars_below = VMobject(stroke_width=0, fill_color=palette.BELOW_ZERO, fill_opacity=1)
        self._bars: list[tuple[bool, npt.NDArray[np.float64]]] = []
        for index, product in enumerate(self.products):
            x0 = left + (index + (1 - BAR) / 2) * self._pitch
            x1, y1 = x0 + BAR * self._pitch, ground + product * unit
            corners = np.array([[x0, ground, 0], [x1, ground, 0], [x1, y1, 0], [x0, y1, 0], [x0, ground, 0]])
            sides = [np.linspace(start, end, 4) for start, end in pairwise(corners)]
            self._bars.append((product > 0, np.concatenate(sides)))
        tips = [
            [left + index * self._pitch, ground + value * unit, 0] for index, value in enumerate(self.sums)
        ]
        self.curve = VMobject(stroke_color=palette.INK, stroke_width=3).set_points_as_corners(tips)
        self._curve = self.curve.points.copy()
        self._ground = self.zero.get_start()
        self._tips = np.array(tips)
        self.total: Lettering = text("+0.00", 0.46, palette.INK)

    def show(self, summed: int) -> DotProduct:
        """Show the sum of the first `summed` products."""
        self.summed = summed
        moved = self.zero.get_start() - self._ground
        for bars, above in ((self.bars_above, True), (self.bars_below, False)):
            parts = [points for positive, points in self._bars[:summed] if positive == above]
            bars.points = np.concatenate(parts) if parts else np.zeros((0, 3))
        for part in (self.bars_above, self.bars_below):
            part.points = part.points + moved
        self.curve.points = self._curve[: 4 * summed] + moved
        last = max(0, summed - 1)
        working = 1.0 if 0 < summed < len(self.products) else 0.0
        self.window.set_x(float(self.zero.get_start()[0]) + (last + 0.5) * self._pitch)
        self.window.set_stroke(opacity=working)
        factors = (signed(float(vector[last]), 2) for vector in (self.a, self.b))
        self.readout.rewrite(
            f"{' × '.join(factors)} = {signed(float(self.products[last]), 2)}", anchor=(0, 0, 0)
        )
        self.readout.set_opacity(working)
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


def _strip(vector_K: npt.NDArray[np.float64], width: float, colour: str) -> Raster:
    """A vector lying down, a block an element, the lighter the farther from zero."""
    level = palette.levels(vector_K, palette.robust_scale(vector_K)).astype(np.float64) / 255
    shares = FAINTEST + (1 - FAINTEST) * level
    colours = palette.dim(palette.pixel(colour), shares[None, :, None])
    wide = max(2, round(960 / len(vector_K)))  # pixels a block; the last stays dark, a gap
    pixels = np.full((1, len(vector_K) * wide, 4), 255, dtype=np.uint8)
    pixels[..., :3] = np.rint(colours).astype(np.uint8).repeat(wide, axis=1)
    if wide >= 8:
        pixels[:, wide - 1 :: wide] = 0
    return Raster(pixels, width, STRIP)
