"""One picture of numbers, less another of the same, number by number, on one scale: what is left is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group, Rectangle, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.heatmap import Heatmap, largest_in_cells
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import figures
from scenes.mobjects.readout import Readout

TITLE, FOOT, SIGN = 0.45, 0.75, 0.7  # frame units for titles, for what stands below, and for a sign
MOST = 400  # rows and columns that are drawn
WIDEST = 1.6  # frame units of a column
KEYS = palette.ramp(
    [palette.GROUND, palette.mix(palette.GROUND, palette.KEY, 0.75), palette.KEY, palette.BRIGHTEST]
)


class Subtracted(Group):
    """[one] − [other] = [what is left], and the largest number of that.

    Args:
        one_RC, other_RC: the numbers.
        titles: what stands above the three.
        box: what it takes; side by side where it is wide, else one below the other.

    Attributes:
        pictures: the three; |number| by the 99th percentile of the first.
        panels: each picture with its title and frame.
        signs: between them.
        parts: what to show, one after the other.
        largest: the largest |number| of what is left, live.
        taken: how much of the other is taken off, 0…1.
    """

    def __init__(
        self, one_RC: npt.ArrayLike, other_RC: npt.ArrayLike, titles: Sequence[str], box: Box
    ) -> None:
        self.one, self.other = (np.asarray(each, dtype=np.float64) for each in (one_RC, other_RC))
        scale = palette.robust_scale(self.one)
        above, foot = box.stack(None, FOOT, gap=0.1)
        wide = box.width > 1.1 * box.height
        places = above.columns(1, 1, 1, gap=SIGN) if wide else above.rows(1, 1, 1, gap=SIGN)
        self.pictures: list[Heatmap] = []
        self.panels: list[Group] = []
        for title, values, place in zip(titles, (self.one, self.other, self.one), places, strict=True):
            head, room = place.stack(TITLE, None, gap=0.0)
            across = min(room.width, WIDEST * self.one.shape[1])
            picture = Heatmap(_drawn(values), across, room.height, scale, KEYS, gap=0.08)
            picture.move_to(room.center)
            frame = Rectangle(width=across, height=room.height, stroke_color=palette.FAINT, stroke_width=1.5)
            words = text(title, 0.3, palette.CAPTION, fit=head)
            self.pictures.append(picture)
            self.panels.append(Group(words, frame.move_to(room.center), picture))
        self.signs = VGroup()
        for sign, (before, after) in zip("−=", pairwise(places), strict=True):
            middle = [(before.right + after.left) / 2, places[0].center[1] - TITLE / 2, 0]
            if not wide:
                middle = [above.center[0], (before.bottom + after.top) / 2, 0]
            self.signs.add(text(sign, 0.6, palette.INK).move_to(middle))
        top = float(np.abs(self.one).max())
        among = (top, *(top * 10.0**-power for power in range(9)))
        self.largest = Readout(_("largest difference"), figures, among, 0.5, palette.QUERY, below=False)
        self.largest.scale(min(1.0, foot.width / self.largest.width)).move_to(foot.center)
        first, second, third = self.panels
        before, after = self.signs
        self.parts = [first, before, second, after, third, self.largest]
        super().__init__(*self.parts)
        self.take(0)

    @property
    def left_over(self) -> float:
        """The largest |number| of what is left when all of the other is taken off."""
        return float(np.abs(self.one - self.other).max())

    def take(self, amount: float) -> Self:
        """Take so much of the other off the one."""
        self.taken = amount
        left = self.one - amount * self.other
        self.pictures[2].show(_drawn(left))
        self.largest.show(float(np.abs(left).max()))
        return self


def _drawn(values_RC: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    return largest_in_cells(np.abs(values_RC), MOST)
