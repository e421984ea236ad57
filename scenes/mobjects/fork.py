"""One line that forks: the angle between two vectors against depth, and a word at some depths of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Dot, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import plain
from scenes.mobjects.plot import Axis, Plot
from scenes.mobjects.token_row import token_words

WORD = 0.36  # em of the words
APART = 1.9  # frame units from one to the next, at least
BELOW = 0.2  # of the height: room for the words under the straight branch
LEAST = 1.0  # degrees: a smaller angle does not fill the height
HUE = 4  # of the second branch, among the tokens' hues


class Fork(VGroup):
    """The first vector is the straight branch; the second leaves it by the angle between them, to scale.

    Args:
        angles_M: degrees, from depth 0 to the last layer.
        words: for each branch what stands for it at each depth: the straight one, then the other.
        box: what the plot takes.

    Attributes:
        plot: the axes.
        worded: the depths that have words, evenly spaced, the last one among them.
        grown: so many depths are drawn.
        angle: at the tip, the angle there.
    """

    def __init__(
        self,
        angles_M: npt.ArrayLike,
        words: tuple[Sequence[bytes], Sequence[bytes]],
        box: Box,
    ) -> None:
        self.angles_M = np.asarray(angles_M, dtype=np.float64)
        last, high = len(self.angles_M) - 1, 1.22 * max(LEAST, float(self.angles_M.max()))
        ticks = Axis(0, high).ticks(5)
        room = Box(box.left, box.right - 0.9, box.bottom, box.top)
        self.plot = Plot(
            room,
            Axis(0, max(1, last), _("depth, in layers")),
            Axis(-BELOW * high, high, _("angle"), write=lambda value: f"{value:g}°", at=tuple(ticks)),
        )
        many = max(1, int(self.plot.box.width / APART))
        self.worded = sorted({round(last * (number + 1) / many) for number in range(many)} - {0}) or [last]
        self.straight = self.plot.curve([0, 0], [0, 0], palette.INK, 5)
        self.other = self.plot.curve([0, 0], [0, 0], palette.token_colour(HUE), 5)
        self.opened = self.plot.area([0, 0], [0, 0], palette.token_colour(HUE), 0.14)
        self.dots, self.words = VGroup(), VGroup()
        for depth, angle in enumerate(self.angles_M):
            for height, colour in ((0.0, palette.INK), (float(angle), palette.token_colour(HUE))):
                seen = 0.05 if height or colour == palette.INK else 0.0  # where both are one there is one dot
                self.dots.add(Dot(self.plot.at(depth, height)[0], radius=seen, color=colour))
        for depth in self.worded:
            for height, pieces, side in ((0.0, words[0], -1), (float(self.angles_M[depth]), words[1], 1)):
                colour = palette.INK if side < 0 else palette.token_colour(HUE)
                label = token_words(pieces[depth], WORD, colour)
                label.scale(min(1.0, 0.95 * APART / label.width))
                at = self.plot.at(depth, height)[0]
                self.words.add(label.move_to(at + np.array([0, side * 0.34, 0])))
        self.angle = text("0°", 0.4, palette.QUERY)
        super().__init__(self.opened, self.straight, self.other, self.dots, self.words, self.angle, self.plot)
        self.grow(0)

    def grow(self, depth: float) -> Self:
        """Draw the branches up to a depth, which need not be whole."""
        self.grown = depth
        whole = np.arange(len(self.angles_M))
        depths = np.append(whole[whole < depth], depth)
        angles = np.interp(depths, whole, self.angles_M)
        self.plot.bend(self.straight, depths[[0, -1]], [0, 0])
        self.plot.bend(self.other, depths, angles)
        feet = self.plot.at(depths[[-1, 0]], [0, 0])
        edge = self.plot.at(depths, angles)
        self.opened.set_points_as_corners(np.concatenate([edge, feet, edge[:1]]))
        for number, dot in enumerate(self.dots):
            dot.set_opacity(float(number // 2 <= depth))
        for number, word in enumerate(self.words):
            word.set_opacity(float(np.clip(2 * (depth - self.worded[number // 2]) + 1, 0, 1)))
        self.angle.rewrite(plain(float(angles[-1]), 1) + "°")
        tip = (edge[-1] + feet[0]) / 2
        self.angle.move_to(tip + np.array([0.15 + self.angle.width / 2, 0, 0]))
        return self
