"""One row's softmax, worked out: scores, their exponentials, the sum, the shares as bars."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from manim import Line, Rectangle, VGroup

from scenes.mobjects import palette
from scenes.mobjects.attention_grid import weight_colour
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.numerals import percent, signed

PITCH = 0.78  # from the scores' line to the exponentials'
AIR = 0.86  # of the way to the next column is as much as a number may take
THINNEST = 0.012  # a bar of no height could not be seen at all


class SoftmaxRow(VGroup):
    """Lines under each other, in columns: the scores, e to each of them, and each one's share as a bar.

    Args:
        scores: for each column the scores that it stands for: one, several (a gap), or none (masked).
        places: the middle of each column.
        top, bottom: of the scores' line and of the bars' ground.
        pitch: from column to column.
        size: em of the numbers.
        sum_word: what stands before the sum, in the viewer's language.

    Attributes:
        largest: the row's largest score, which is subtracted from all.
        exponentials, shares: for each column, the sum over what it stands for.
        sum: of all exponentials.
        score_numbers, exponential_numbers, share_numbers, bars: the drawings, by column.
        summed, total: the numbers at the end of the lines: the sum so far, and what the shares add up to.
    """

    def __init__(
        self,
        scores: Sequence[npt.ArrayLike],
        places: Sequence[float],
        top: float,
        bottom: float,
        pitch: float,
        size: float,
        sum_word: str,
    ) -> None:
        groups = [np.asarray(group, dtype=np.float64) for group in scores]
        self.largest = max(float(group.max()) for group in groups if group.size)
        self.exponentials = np.array([np.exp(group - self.largest).sum() for group in groups])
        self.sum = float(self.exponentials.sum())
        self.shares = self.exponentials / self.sum
        self._lines = (top, top - PITCH)
        self._ground = bottom
        self._unit = (self._lines[1] - 0.5 * PITCH - 1.5 * size - bottom) / float(self.shares.max())
        nearest = min((b - a for a, b in pairwise(places)), default=pitch)  # a gap takes less than a column
        fitting = min(size, AIR * nearest / text("0.000", 1.0).width)
        self.score_numbers, self.exponential_numbers = VGroup(), VGroup()
        self.share_numbers, self.bars = VGroup(), VGroup()
        for group, x, share in zip(groups, places, self.shares, strict=True):
            tone = palette.INK if group.size == 1 and group[0] > 0 else palette.LOW
            label = signed(float(group[0])) if group.size == 1 else "⋯" if group.size else "−∞"
            self.score_numbers.add(text(label, size, tone).move_to([x, self._lines[0], 0]))
            self.exponential_numbers.add(text("0.000", fitting).move_to([x, self._lines[1], 0]))
            self.share_numbers.add(text("0 %", fitting).move_to([x, bottom, 0]))
            bar = Rectangle(
                width=0.5 * pitch, height=THINNEST, stroke_color=palette.INK, stroke_width=1,
                fill_color=weight_colour(float(share)), fill_opacity=1,
            )  # fmt: skip
            self.bars.add(bar.move_to([x, bottom + THINNEST / 2, 0]))
        self.ground = Line(
            [places[0] - pitch / 2, bottom, 0], [places[-1] + pitch / 2, bottom, 0],
            stroke_color=palette.FAINT, stroke_width=1.5,
        )  # fmt: skip
        label_edge = places[0] - pitch / 2 - 0.2
        sign = "-" if self.largest >= 0 else "+"
        self.power = formula(f"$ e^(s {sign} {abs(self.largest):.1f}) $", 0.36, palette.CAPTION)
        self.power.move_to([label_edge - self.power.width / 2, self._lines[1] + 0.05, 0])
        self.division = formula(
            f"$ (e^(s {sign} {abs(self.largest):.1f})) / {_figures(self.sum)} $", 0.36, palette.CAPTION
        )
        self.division.move_to([label_edge - self.division.width / 2, (bottom + self._lines[1]) / 2 - 0.2, 0])
        end = places[-1] + pitch / 2 + 0.2
        self.sum_label = text(sum_word, 0.26, palette.FAINT)
        self.summed = text("0.000", 0.34, palette.INK)
        self.total = text("100 %", 0.34, palette.INK)
        self.sum_label.move_to([end + self.sum_label.width / 2, self._lines[1], 0])
        self.summed.next_to(self.sum_label, buff=0.12)
        self.total.move_to([end + self.total.width / 2, bottom + 0.3, 0])
        super().__init__(
            self.ground, self.bars, self.power, self.division, self.score_numbers,
            self.exponential_numbers, self.share_numbers, self.sum_label, self.summed, self.total,
        )  # fmt: skip

    def raise_to(self, done: float) -> SoftmaxRow:
        """Show the exponentials of the first `done` columns, and their sum so far."""
        sum_so_far = 0.0
        for column, (number, value) in enumerate(
            zip(self.exponential_numbers, self.exponentials, strict=True)
        ):
            share = min(1.0, max(0.0, done - column))
            sum_so_far += share * float(value)
            number.rewrite(_figures(value), anchor=(0, 0, 0)).set_opacity(share)
            number.set_y(self._lines[0] + (self._lines[1] - self._lines[0]) * share)
        self.summed.rewrite(_figures(sum_so_far))
        return self

    def divide_to(self, amount: float) -> SoftmaxRow:
        """Let every bar grow to `amount` (0…1) of its share."""
        for bar, number, share in zip(self.bars, self.share_numbers, self.shares, strict=True):
            height = max(THINNEST, self._unit * float(share) * amount)
            bar.stretch_to_fit_height(height).set_y(self._ground + height / 2)
            number.rewrite(f"{100 * share * amount:.1f} %", anchor=(0, 0, 0))
            number.set_y(self._ground + height + 0.75 * number.size)
        self.total.rewrite(percent(amount * float(self.shares.sum()), 0))
        return self


def _figures(value: float) -> str:
    """With the three decimals that a small exponential needs, or one where many add up to a large number."""
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"
