"""The probabilities of all tokens, the likeliest first, and a gate: what stands behind it cannot be drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Line, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, percent
from scenes.mobjects.plot import Axis, Plot
from scenes.mobjects.readout import Readout

STEPS = 60  # ranks that are drawn as steps; further on a step is less than two pixels wide
MOST = 500  # points of the curve beyond
FLAG = 0.28  # em
ROW = 0.42  # frame units from one flag to the next
APART = 0.12  # frame units from a line to its words
FOOT = 0.5  # frame units for what the moving gate leaves
RIM = 6  # stroke width of a flag's rim in the ground's colour
AROUND = 1.0  # frame units of a plot's height that its words take


@dataclass(frozen=True)
class Gate:
    """Where a way of writing on cuts: how many tokens are left, and their probability together."""

    name: str
    kept: int
    mass: float


class Gates(Plot):
    """The sorted probabilities, each token a step as high as it is likely, ranks at equal ratios.

    Args:
        probabilities_V: in any order.
        gates: in any order; their flags are in the order of what they keep.
        box: what it takes, with what the moving gate leaves written below.

    Attributes:
        live: how many tokens the moving gate leaves, and their probability together.
        flags: a line and words for each gate.
        order: the gates as the moving one meets them, those that keep most first.
        kept: how many the moving gate leaves now.
    """

    def __init__(self, probabilities_V: npt.ArrayLike, gates: Sequence[Gate], box: Box) -> None:
        box, foot = box.stack(None, FOOT, gap=0.1)
        self.ranked_V = np.sort(np.asarray(probabilities_V, dtype=np.float64))[::-1]
        self.sums_V = np.cumsum(self.ranked_V)
        total, top = len(self.ranked_V), float(self.ranked_V[0])
        inner = box.height - AROUND
        high = self._high(sorted(gate.kept for gate in gates), inner)
        digits = max(0, 1 - int(np.floor(np.log10(top))) - 2)
        x = Axis(0.5, total + 0.5, _("rank"), log=True, at=tuple(10.0**power for power in range(9)))
        y = Axis(0, high, _("probability"), write=lambda value: percent(value, digits), at=_round(top))
        super().__init__(box, x, y)
        self.inside, self.outside = self.area([1, 2], [0, 0], palette.KEY, 0.75), self.area([1, 2], [0, 0])
        self.outside.set_fill(palette.REST, 0.55)
        self.gate = Line(color=palette.QUERY, stroke_width=5)
        self.add(self.outside, self.inside, self.gate)
        self.order = sorted(gates, key=lambda gate: -gate.kept)
        self.flags = self._flags()
        kept = Readout(_("left of all tokens"), lambda value: count(round(value)), [total, 8888])
        self.live = VGroup(kept, Readout(_("together"), percent, [1.0, 0.888])).arrange(buff=0.9)
        self.live.scale(min(1.0, foot.width / self.live.width)).move_to(foot.center)
        self.add(self.live)
        self.stand(float(total))

    def stand(self, kept: float) -> Self:
        """The gate leaves so many tokens."""
        total = len(self.ranked_V)
        self.kept = int(np.clip(round(kept), 1, total))
        edge = float(np.clip(kept, 1, total)) + 0.5
        self.fill(self.inside, *self._outline(0.5, edge))
        self.fill(self.outside, *self._outline(edge, total + 0.5))
        foot, head = self.at([edge, edge], [self.y.low, self.y.high])
        self.gate.put_start_and_end_on(foot, head)
        for readout, value in zip(self.live, (self.kept, self.mass), strict=True):
            readout.show(value)
        return self

    def fall(self, logarithm: float) -> Self:
        """`stand`, by the logarithm of what is left."""
        return self.stand(float(np.exp(logarithm)))

    def _high(self, kept: list[int], inner: float) -> float:
        """The axis' upper end, so low that each flag just clears the curve below it."""
        rows = [
            inner - (row + 1.2) * ROW for row in range(len(kept) + 1)
        ]  # the first is taken by what keeps all
        edges = [float(self.ranked_V[min(each, len(self.ranked_V) - 1)]) for each in kept]
        needed = [edge * inner / max(rows[row + 1], 0.25 * inner) for row, edge in enumerate(edges)]
        return max(*needed, float(self.ranked_V[0]) * inner / max(rows[0], 0.25 * inner))

    @property
    def mass(self) -> float:
        """What is left together has this probability."""
        return float(self.sums_V[self.kept - 1])

    def _outline(self, low: float, high: float) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The steps' upper edge between two places of the axis."""
        total = len(self.ranked_V)
        beyond = np.unique(np.geomspace(STEPS + 1, max(total, STEPS + 2), MOST).round())
        ranks = np.concatenate([np.arange(1, min(STEPS, total) + 1), beyond[beyond <= total]])
        heights = self.ranked_V[ranks.astype(int) - 1]
        xs = np.concatenate([[ranks - 0.5], [ranks + 0.5]]).T.ravel()
        ys = np.repeat(heights, 2)
        within = (xs > low) & (xs < high)
        ends = self.ranked_V[
            [int(np.clip(round(low + 0.01), 1, total)) - 1, int(np.clip(round(high - 0.01), 1, total)) - 1]
        ]
        return np.concatenate([[low], xs[within], [high]]), np.concatenate([[ends[0]], ys[within], [ends[1]]])

    def _flags(self) -> VGroup:
        """A thin line where each gate stands, as high as its words, which cross no other line.

        Words begin at their line, those of what keeps least uppermost; where there is no room at the right
        they end at it, and stand above all these.
        """
        words = [
            text(f"{gate.name}: {count(gate.kept)} · {percent(gate.mass)}", FLAG, palette.CAPTION)
            for gate in self.order
        ]
        feet = [self.at(gate.kept + 0.5, self.y.low)[0] for gate in self.order]
        ends = [
            foot[0] + APART + label.width > self.box.right for foot, label in zip(feet, words, strict=True)
        ]
        numbers = range(len(words))
        rows = [at for at in numbers if ends[at]] + [at for at in reversed(numbers) if not ends[at]]
        flags: list[VGroup] = [VGroup() for _gate in numbers]
        for row, at in enumerate(rows):
            x, y = float(feet[at][0]), self.box.top - (row + 0.5) * ROW
            words[at].move_to([x + (-1 if ends[at] else 1) * (APART + words[at].width / 2), y, 0])
            words[at].set_stroke(palette.GROUND, RIM, background=True)
            pole = Line(feet[at], [x, y + ROW / 3, 0], stroke_width=2.5, color=palette.CAPTION)
            flags[at].add(pole, words[at])
        return VGroup(*flags)


def _round(top: float) -> tuple[float, ...]:
    """Zero and a round value near the top."""
    power = 10.0 ** np.floor(np.log10(top))
    return (0.0, float(max(times for times in (1, 2, 5) if times * power <= top) * power))
