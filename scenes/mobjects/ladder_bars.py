"""A softmax at work: rungs on an energy ladder, led to a table with their weights, shares and bars."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.choice import Choice
from scenes.mobjects.energy_ladder import EnergyLadder
from scenes.mobjects.numerals import count, percent, plain, signed
from scenes.mobjects.token_table import Column, TokenTable

LOGIT, WEIGHT, SHARE = range(3)  # the table's columns


class LadderBars(Group):
    """The likeliest tokens with logit, weight e^−h, share and bar; all others are one row and a crowd.

    Everything is hidden but the tokens; `light` brings a column in.

    Args:
        logits_V: of every token.
        ids: of the likeliest, best first.
        name: what stands for a vocabulary id (`Trace.token_name`).
        ladder, table: the boxes of the two.

    Attributes:
        ladder, table: the two.
        choice: what is shown.
    """

    def __init__(
        self,
        logits_V: npt.NDArray[np.floating],
        ids: list[int],
        name: Callable[[int], bytes],
        ladder: Box,
        table: Box,
    ) -> None:
        self.ids, total = ids, len(logits_V)
        self.choice = Choice(logits_V, 1.0)
        top = np.asarray(logits_V)[ids]
        self.table = TokenTable(
            [name(token) for token in ids],
            [
                Column(_("logit"), lambda logit: signed(logit, 2), top.tolist(), sums=False),
                Column("$e^(-h)$", weight_written, (0.123, 999.9, total)),
                Column(_("share"), percent, (0.123, 1.0)),
            ],
            table.width, table.height, rest=_("{count} others").format(count=count(total - len(ids))),
            total=_("together"), bars=WEIGHT, upward=True,
            colour=lambda weight: palette.probability_colour(weight / self.table.longest),
        )  # fmt: skip
        self.table.shift(table.center)
        self.table.show(LOGIT, top)
        self.ladder = EnergyLadder(logits_V, ids, self.table, ladder)
        self._others = VGroup(*self.table.labels[len(ids) :], self.table.rule)
        super().__init__(self.ladder, self.table)
        self.follow(self.choice)
        for column in (LOGIT, WEIGHT, SHARE):
            self.light(column)(0)

    @property
    def weights(self) -> npt.NDArray[np.float64]:
        """Of the tokens shown, and of all others together."""
        own = self.choice.weights_V[self.ids]
        return np.append(own, max(0.0, self.choice.total - float(own.sum())))

    def light(self, column: int) -> Callable[[float], None]:
        """A setter of a column's light, 0…1; with the weights come the rows of the others and of the sum."""

        def show(amount: float) -> None:
            self.table.reveal(column, amount)
            if column == WEIGHT:
                self._others.set_opacity(amount)

        return show

    def rise(self, amount: float) -> None:
        """The rungs come up to their heights, 0…1."""
        self.ladder.show(self.choice.temperature, self.choice.probabilities_V[self.ids], amount)

    def weigh(self, rows: float) -> None:
        """The weights of so many rows have grown, the others' last; bars are to one scale."""
        grown = np.clip(rows - np.arange(len(self.ids) + 1), 0, 1) * self.weights
        self.table.longest = max(1.0, float(self.weights[-1]))
        self.table.show(WEIGHT, grown[:-1], rest=float(grown[-1]))

    def divide(self, amount: float) -> None:
        """The weights are divided by more and more, up to their sum at 1; bars are then of 100 %."""
        total, most = self.choice.total, max(1.0, float(self.weights[-1]))
        shares = self.weights / (1 + (total - 1) * amount)
        self.table.longest = most + (total - most) * amount
        self.table.show(WEIGHT, self.weights[:-1], rest=float(self.weights[-1]))
        self.table.show(SHARE, shares[:-1], rest=float(shares[-1]))

    def follow(self, choice: Choice) -> Self:
        """Show another choice."""
        self.choice = choice
        self.rise(1.0)
        self.divide(1.0)
        return self


def weight_written(weight: float) -> str:
    """0.123, 5.081, 43.5, 8,184: a sum of weights of which the largest is 1."""
    return count(round(weight)) if weight > 999 else plain(weight, 3 if weight < 9.9995 else 1)
