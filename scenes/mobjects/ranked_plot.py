"""A value of every token of the vocabulary, by rank: the largest at the left end, ranks at equal ratios."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import RIGHT, UP, VGroup, VMobject

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import percent
from scenes.mobjects.plot import Axis, Plot
from scenes.mobjects.sheets import inside

MOST = 400  # points of a curve: ranks between them are on a straight line, less than a pixel away
SHARE = 0.6  # em of the tail's share


class RankedPlot(Plot):
    """Axes for a falling curve of all tokens.

    Args:
        values_V: in any order.
        y: the axis of values.
        box: what the plot takes.

    Attributes:
        ranked_V: the values, the largest first.
        ranks: those that the curve goes through, from 1.
        heights: the values there; what is below the axis is left out.
    """

    def __init__(self, values_V: npt.ArrayLike, y: Axis, box: Box) -> None:
        self.ranked_V = np.sort(np.asarray(values_V, dtype=np.float64))[::-1]
        total = len(self.ranked_V)
        places = np.unique(np.geomspace(1, total, MOST).round()).astype(int)
        self.ranks, self.heights = inside(places.astype(np.float64), self.ranked_V[places - 1], y.low)
        super().__init__(box, Axis(1, max(2, total), _("rank"), log=True), y)

    def line(self, colour: str = palette.INK) -> VMobject:
        """The curve."""
        return self.curve(self.ranks, self.heights, colour)

    def tail(self, shown: int, words: str) -> VGroup:
        """What lies beyond the first `shown`: its area and share of the sum; words at the last of these."""
        beyond = slice(int(np.searchsorted(self.ranks, shown)), None)
        area = self.area(self.ranks[beyond], self.heights[beyond], palette.REST, 0.6)
        mark = self.mark(shown, float(self.ranked_V[shown - 1]), words, palette.INK, UP + RIGHT)
        left = max(0.0, 1 - float(self.ranked_V[:shown].sum() / self.ranked_V.sum()))
        share = text(percent(left), SHARE, palette.INK)
        middle = self.at(np.sqrt(shown * len(self.ranked_V)), self.y.low)[0]
        return VGroup(area, mark, share.move_to(middle).shift([0, 0.2 * self.box.height, 0]))
