"""One row's softmax, worked out: scores, their exponentials, the sum, the shares as bars."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from manim import Line, Rectangle, VGroup

from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import AttentionGrid, weight_colour
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.numerals import percent, signed

PITCH = 0.45  # from the scores' line to the highest bar's number
AIR = 0.86  # of the way to the next column is as much as a number may take
THINNEST = 0.012  # a bar of no height could not be seen at all


class SoftmaxRow(VGroup):
    """In columns: the scores, under each a bar as high as e to it, and on that its value, then its share.

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
        gaps: the columns that stand for several keys; their bars stay grey.
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
        self.gaps = {column for column, group in enumerate(groups) if group.size > 1}
        self.sum = float(self.exponentials.sum())
        self.shares = self.exponentials / self.sum
        self._ground = bottom
        self._unit = (top - PITCH - 1.5 * size - bottom) / float(self.exponentials.max())
        nearest = min((b - a for a, b in pairwise(places)), default=pitch)  # a gap takes less than a column
        fitting = min(size, AIR * nearest / text("0.000", 1.0).width)
        self.score_numbers, self.exponential_numbers = VGroup(), VGroup()
        self.share_numbers, self.bars = VGroup(), VGroup()
        for group, x in zip(groups, places, strict=True):
            label = signed(float(group[0])) if group.size == 1 else "⋯" if group.size else "−∞"
            tone = palette.INK if group.size == 1 else palette.LOW
            self.score_numbers.add(text(label, size, tone).move_to([x, top, 0]))
            self.exponential_numbers.add(text("0.000", fitting).move_to([x, bottom, 0]))
            self.share_numbers.add(text("0 %", fitting).move_to([x, bottom, 0]))
            bar = Rectangle(
                width=0.62 * pitch, height=THINNEST, stroke_color=palette.INK, stroke_width=1,
                fill_color=palette.REST, fill_opacity=1,
            )  # fmt: skip
            self.bars.add(bar.move_to([x, bottom + THINNEST / 2, 0]))
        self.ground = Line(
            [places[0] - pitch / 2, bottom, 0], [places[-1] + pitch / 2, bottom, 0],
            stroke_color=palette.FAINT, stroke_width=1.5,
        )  # fmt: skip
        label_edge, middle = places[0] - pitch / 2 - 0.2, (bottom + top) / 2 - 0.2
        sign = "-" if self.largest >= 0 else "+"
        power = f"e^(s {sign} {abs(self.largest):.1f})"
        self.power = formula(f"$ {power} $", 0.4, palette.CAPTION)
        self.division = formula(f"$ ({power}) / {_figures(self.sum)} $", 0.36, palette.CAPTION)
        for words in (self.power, self.division):
            words.move_to([label_edge - words.width / 2, middle, 0])
        end = places[-1] + pitch / 2 + 0.2
        self.sum_label = text(sum_word, 0.26, palette.FAINT)
        self.summed = text("0.000", 0.34, palette.INK)
        self.total = text("100 %", 0.34, palette.INK)
        self.sum_label.move_to([end + self.sum_label.width / 2, bottom + 0.85, 0])
        for number, up in ((self.summed, 0.45), (self.total, 0.0)):
            number.move_to([end + number.width / 2, bottom + up, 0])
        self.raise_to(0)
        super().__init__(
            self.ground, self.bars, self.power, self.division, self.score_numbers,
            self.exponential_numbers, self.share_numbers, self.sum_label, self.summed, self.total,
        )  # fmt: skip

    def raise_to(self, done: float) -> SoftmaxRow:
        """Let the exponentials of the first `done` columns grow, and their sum so far."""
        sum_so_far = 0.0
        for column, value in enumerate(self.exponentials):
            amount = min(1.0, max(0.0, done - column))
            sum_so_far += amount * float(value)
            number = self.exponential_numbers[column]
            number.rewrite(_figures(amount * value), anchor=(0, 0, 0)).set_opacity(min(1.0, 3 * amount))
            height = max(THINNEST, self._unit * float(value) * amount)
            self.bars[column].stretch_to_fit_height(height).set_y(self._ground + height / 2)
            number.set_y(self._ground + height + 0.75 * number.size)
        self.summed.rewrite(_figures(sum_so_far))
        return self

    def divide_to(self, amount: float) -> SoftmaxRow:
        """Divide by more and more, up to the sum at 1: each key's bar takes the colour of its share."""
        divisor = 1 + (self.sum - 1) * amount
        shares = self.exponentials / divisor
        for column, share in enumerate(shares):
            bar, number = self.bars[column], self.share_numbers[column]
            if column not in self.gaps:
                bar.set_fill(palette.mix(palette.REST, weight_colour(float(self.shares[column])), amount))
            self.exponential_numbers[column].set_opacity(max(0.0, 1 - 4 * amount))
            number.rewrite(f"{100 * share:.1f} %", anchor=(0, 0, 0))
            number.set_opacity(min(1.0, max(0.0, 4 * amount - 1)))
            number.set_y(bar.get_top()[1] + 0.75 * number.size)
        self.total.rewrite(percent(float(shares.sum()), 0))
        return self


def worked_row(
    grid: AttentionGrid,
    scores_S: npt.NDArray[np.float32],
    may_look_S: npt.NDArray[np.bool_],
    top: float,
    bottom: float,
) -> SoftmaxRow:
    """The work on one row of a grid, in its columns; a gap stands for the sum of what it hides.

    Args:
        grid: whose columns these are.
        scores_S: the row's scores, of all keys.
        may_look_S: the keys that are not masked.
        top: of the scores' line.
        bottom: of the bars' ground.
    """
    groups, after = [], 0
    for index, place in enumerate(grid.places):
        if place is None:
            following = grid.places[index + 1]
            assert following is not None
            keys = slice(after, following)
        else:
            keys = slice(place, place + 1)
            after = place + 1
        groups.append(scores_S[keys][may_look_S[keys]])
    columns = [float(grid.middle_of(0, column)[0]) for column in range(len(grid.places))]
    return SoftmaxRow(groups, columns, top, bottom, grid.cell[0], grid.number_size, _("sum"))


def _figures(value: float) -> str:
    """With the three decimals that a small exponential needs, or one where many add up to a large number."""
    return f"{value:.3f}" if value < 10 else f"{value:.1f}"
