"""What a step costs against how long the text is, with a cache of keys and values and without one."""

from __future__ import annotations

from typing import Self

import numpy as np
from manim import UP, VGroup

from scenes.cache_cost import CacheCost
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.numerals import count, times
from scenes.mobjects.pane_wall import KEPT
from scenes.mobjects.plot import Axis, Plot
from scenes.mobjects.readout import Readout

HEAD = 1.25  # frame units for the numbers above a plot
NUMBER = 0.62  # em
NARROW = 11.0
POINTS = 120


class CostCurves(VGroup):
    """Multiplications of one step, both ways, on logarithmic axes; `reach` goes along the text's length.

    Args:
        cost: of the model.
        first: the shortest text, in tokens.
        n_ctx: the longest.
        box: what it takes.

    Attributes:
        plot, curves, area: without a cache and with it, and what lies between them.
        numbers: tokens of the text, multiplications without and with a cache, how many times as many.
        tokens: the text's length that is reached.
    """

    def __init__(self, cost: CacheCost, first: int, n_ctx: int, box: Box) -> None:
        self.cost, self.first, self.last = cost, first, n_ctx
        wide = box.width > NARROW
        head, room = box.stack(HEAD if wide else 2 * HEAD, None, gap=0.1)
        ends = np.array([1, n_ctx])
        most, least = int(cost.without(ends).max()), int(cost.reusing(ends).min())
        name = _("multiplications of one step")
        self.plot = Plot(
            room,
            Axis(1, n_ctx, _("tokens in the text"), log=True),
            Axis(0.7 * least, 1.5 * most, name, log=True),
        )
        at, many = (first, n_ctx), (cost.without, cost.reusing)
        ratios = [float(cost.without(n) / cost.reusing(n)) for n in at]
        self.numbers = VGroup(
            *(
                Readout(label, write, values, NUMBER, colour, below=True)
                for label, colour, values, write in (
                    (_("tokens"), palette.INK, at, _whole),
                    (_("all again"), palette.INK, [int(many[0](n)) for n in at], _whole),
                    (_("with the cache"), KEPT, [int(many[1](n)) for n in at], _whole),
                    (_("times fewer"), palette.QUERY, ratios, _times),
                )
            )
        )
        if wide:
            self.numbers.arrange(buff=0.55, aligned_edge=UP)
        else:
            self.numbers.arrange_in_grid(2, 2, buff=(0.6, 0.15))
        self.numbers.scale(min(1.0, head.width / self.numbers.width)).move_to(head.center)
        self.curves = VGroup(self.plot.curve([1], [least], palette.INK), self.plot.curve([1], [least], KEPT))
        self.area = self.plot.area([1, 1], [least, least], KEPT, 0.14)
        self.dots = VGroup(self.plot.moving_dot(1, least, palette.INK), self.plot.moving_dot(1, least, KEPT))
        super().__init__(self.plot, self.area, self.curves, self.dots, self.numbers)
        self.reach(0)

    def reach(self, amount: float) -> Self:
        """Go from the shortest text (0) to the longest (1), by equal factors in equal times."""
        self.tokens = round(self.first * (self.last / self.first) ** amount)
        n = np.unique(np.geomspace(1, max(2, self.tokens), POINTS).round().astype(np.int64))
        without, reusing = self.cost.without(n), self.cost.reusing(n)
        for curve, dot, values in zip(self.curves, self.dots, (without, reusing), strict=True):
            self.plot.bend(curve, n, values)
            dot.show((n[-1], values[-1]))
        around = np.concatenate([self.plot.at(n, without), self.plot.at(n, reusing)[::-1]])
        self.area.set_points_as_corners(np.concatenate([around, around[:1]]))
        now = self.tokens, int(self.cost.without(self.tokens)), int(self.cost.reusing(self.tokens))
        for number, value in zip(self.numbers, (*now, now[1] / now[2]), strict=True):
            number.show(value)
        return self


def _whole(value: float) -> str:
    return count(round(value))


def _times(value: float) -> str:
    return f"{times(value)} ×"
