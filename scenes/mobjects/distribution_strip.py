"""A whole distribution as one strip from 0 to 100 %, and the needle of a draw."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import (
    LEFT,
    RIGHT,
    Animation,
    LaggedStart,
    Rectangle,
    Triangle,
    UpdateFromAlphaFunc,
    VGroup,
    VMobject,
    smooth,
)

from scenes.mobjects import palette
from scenes.mobjects.bars import ProbabilityBars
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import percent

THICKNESS = 0.34
EDGE = 1.6  # stroke of a segment, in the ground's colour: neighbours of like colours stay apart

Floats = npt.NDArray[np.float64]


class DistributionStrip(VGroup):
    """0 to 100 %: every token takes its probability's share, in the order of the vocabulary's ids.

    The tokens that have a bar are drawn in its colour; all others are grey.

    Attributes:
        whole: the strip that all tokens share.
        ends: what stands at its ends.
        segments: one for each bar, in the bars' order.
        lit: the drawn token's own segment, seen where it has no bar.
        starts, shares: what the segments show now; the last entry is `lit`.
    """

    def __init__(self, bars: int, left: float, right: float, y: float) -> None:
        self.left, self.length, self.y = left, right - left, y
        self.whole = Rectangle(
            width=self.length, height=THICKNESS, stroke_width=0, fill_color=palette.REST, fill_opacity=1
        ).move_to([(left + right) / 2, y, 0])
        self.ends = VGroup(
            text("0 %", 0.24, palette.FAINT).next_to(self.whole, LEFT, buff=0.15),
            text("100 %", 0.24, palette.FAINT).next_to(self.whole, RIGHT, buff=0.15),
        )
        self.segments = [_block(palette.REST) for _ in range(bars)]
        self.lit = _block(palette.INK).set_opacity(0)
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
            if segment is not self.lit:
                segment.set_fill(palette.probability_colour(float(share)))
        return self

    def relight(self) -> DistributionStrip:
        """Every segment in full light; the drawn token's own is gone."""
        for segment in self.segments:
            segment.set_fill(opacity=1)
        self.lit.set_opacity(0)
        return self


def _block(colour: str) -> VMobject:
    return VMobject(
        stroke_width=EDGE, stroke_color=palette.GROUND, fill_color=colour, fill_opacity=1
    )  # fmt: skip


def single_out(strip: DistributionStrip, row: int | None, dimmed: float) -> list[Animation]:
    """Only the segment `row` stays lit, the drawn token's own where it has no bar."""
    others = [segment for at, segment in enumerate(strip.segments) if at != row]
    changes: list[Animation] = [segment.animate.set_fill(opacity=dimmed) for segment in others]
    return changes if row is not None else [*changes, strip.lit.animate.set_opacity(1)]


def reshape(strip: DistributionStrip, starts: Floats, shares: Floats) -> Animation:
    """The segments move to where another distribution has them."""
    before = (strip.starts, strip.shares)

    def move(strip: DistributionStrip, amount: float) -> None:
        strip.show((1 - amount) * before[0] + amount * starts, (1 - amount) * before[1] + amount * shares)

    return UpdateFromAlphaFunc(strip, move, rate_func=smooth)


def lay_out(bars: ProbabilityBars, strip: DistributionStrip, starts: Floats, shares: Floats) -> LaggedStart:
    """Copies of the bars come down, each to its token's place; the strip shows it once they are there."""
    pieces = [bar.shape.copy().set_stroke(palette.GROUND, EDGE) for bar in bars.bars]
    return LaggedStart(
        *(
            piece.animate.stretch_to_fit_width(max(strip.length * share, 1e-3))
            .stretch_to_fit_height(THICKNESS)
            .move_to([strip.x(float(start + share / 2)), strip.y, 0])
            for piece, start, share in zip(pieces, starts, shares, strict=False)
        ),
        lag_ratio=0.3,
    )


class Needle(VGroup):
    """A needle on the strip, with the number it stands at below."""

    def __init__(self, strip: DistributionStrip) -> None:
        self.strip = strip
        self.needle = Rectangle(
            width=0.03, height=THICKNESS + 0.14, stroke_width=0, fill_color=palette.QUERY, fill_opacity=1
        )
        self.head = Triangle(stroke_width=0, fill_color=palette.QUERY, fill_opacity=1).rotate(np.pi)
        self.head.scale_to_fit_width(0.24)
        self.number = text("0.00 %", 0.3, palette.QUERY)
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


def slide(needle: Needle, uniform: float) -> Animation:
    """The needle moves to another number."""
    start = needle.uniform

    def move(needle: Needle, amount: float) -> None:
        needle.show((1 - amount) * start + amount * uniform)

    return UpdateFromAlphaFunc(needle, move, rate_func=smooth)
