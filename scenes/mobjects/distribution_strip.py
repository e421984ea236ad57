"""A whole distribution as one strip from 0 to 100 %, and the needle of a draw."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import Rectangle, Triangle, VGroup, VMobject

from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import percent

THICKNESS = 0.26

Floats = npt.NDArray[np.float64]


class DistributionStrip(VGroup):
    """0 to 100 %: every token takes its probability's share, in the order of the vocabulary's ids.

    The tokens that have a bar are drawn in its colour; all others are grey.

    Attributes:
        segments: one for each bar, in the bars' order.
        lit: the drawn token's own segment, seen where it has no bar.
        starts, shares: what the segments show now; the last entry is `lit`.
    """

    def __init__(self, bars: int, left: float, right: float, y: float) -> None:
        self.left, self.length, self.y = left, right - left, y
        self.whole = Rectangle(
            width=self.length, height=THICKNESS, stroke_width=0, fill_color=palette.REST, fill_opacity=1
        ).move_to([(left + right) / 2, y, 0])
        self.segments = [_block(palette.bar_colour(row, bars)) for row in range(bars)]
        self.lit = _block(palette.INK).set_fill(opacity=0)
        super().__init__(self.whole, *self.segments, self.lit)
        self.show(np.zeros(bars + 1), np.zeros(bars + 1))

    def x(self, share: float) -> float:
        """Where `share` (0…1) of the distribution lies."""
        return self.left + share * self.length

    def show(self, starts: Floats, shares: Floats) -> DistributionStrip:
        """Set where every segment begins and how long it is, as shares of the whole."""
        self.starts, self.shares = starts, shares
        for segment, start, share in zip((*self.segments, self.lit), starts, shares, strict=True):
            left, right, half = self.x(float(start)), self.x(float(start + share)), THICKNESS / 2
            corners = [(left, half), (right, half), (right, -half), (left, -half), (left, half)]
            segment.set_points_as_corners([[x, self.y + y, 0.0] for x, y in corners])
        return self


def _block(colour: str) -> VMobject:
    return VMobject(stroke_width=0, fill_color=colour, fill_opacity=1)


class Needle(VGroup):
    """A needle on the strip, with the number it stands at below."""

    def __init__(self, strip: DistributionStrip) -> None:
        self.strip = strip
        self.needle = Rectangle(
            width=0.025, height=THICKNESS + 0.14, stroke_width=0, fill_color=palette.INK, fill_opacity=1
        )
        self.head = Triangle(stroke_width=0, fill_color=palette.INK, fill_opacity=1).rotate(np.pi)
        self.head.scale_to_fit_width(0.2)
        self.number = text("0.00 %", 0.26, palette.INK)
        super().__init__(self.needle, self.head, self.number)
        self.show(0.0)

    def show(self, uniform: float) -> Needle:
        """Stand at `uniform`, 0…1."""
        self.uniform = uniform
        x, y = self.strip.x(uniform), self.strip.y
        self.needle.move_to([x, y, 0])
        self.head.move_to([x, y + THICKNESS / 2 + 0.07 + self.head.height / 2, 0])
        self.number.rewrite(percent(uniform, 2)).move_to([x, y - THICKNESS / 2 - 0.28, 0])
        return self
