"""Logits as an energy ladder: the likeliest token lowest, others as far above it as their logits are less."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import RIGHT, Group, Line, VGroup, VMobject

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import formula
from scenes.mobjects.plot import Axis, Plot
from scenes.mobjects.raster import Raster
from scenes.mobjects.token_table import TokenTable

REACH = 0.55  # of the ladder's height is where the highest rung stands at T = 1
CROWD = 200  # rows of the picture of all tokens
NECK = 0.3  # frame units that a leader runs level before it goes to its row
NAME, DIVISOR = "$h = (E - E_0)$", "$\\/ T$"
FAINTEST = 0.2  # of the crowd's light has a height at which there is one token
QUIET = 0.45  # of a leader's light


class EnergyLadder(Group):
    """A rung for each token of a table, at (E − E₀) / T with E = −logit, and all others as a crowd of light.

    A leader goes from each rung to its row. What is higher than the ladder cannot be seen.

    Args:
        logits_V: of every token.
        ids: of the table's tokens, the likeliest first.
        table: placed where it will stand; its rows are what the leaders lead to.
        box: what the ladder takes.

    Attributes:
        heights: (N,) of the rungs now, in steps of which each divides by e.
        plot: the axis.
        rungs, leaders: by token.
        divisor: what T does, to be added behind the axis' name once there is a T.
        crowd: how many of the other tokens lie at each height, as light.
    """

    def __init__(
        self, logits_V: npt.NDArray[np.floating], ids: list[int], table: TokenTable, box: Box
    ) -> None:
        logits = np.asarray(logits_V, dtype=np.float64)
        gaps = logits.max() - logits
        self.gaps = gaps[ids]
        self._others = np.delete(gaps, ids)
        self._table = table
        top = float(self.gaps.max()) / REACH or 1.0
        self.plot = Plot(box, Axis(0, 1, at=(-1.0,)), Axis(0, top, NAME), size=0.22)
        inside = self.plot.box
        self.crowd = Raster(np.zeros((CROWD, 1, 4), np.uint8), inside.width, inside.height, smooth=True)
        self.crowd.move_to(inside.center)
        self.rungs = VGroup(*(Line([0, 0, 0], [1, 0, 0], stroke_width=5) for _ in ids))
        self.leaders = VGroup(*(VMobject(stroke_width=1.6) for _ in ids))
        self.plot.axes[0].set_stroke(opacity=0)
        self.divisor = formula(DIVISOR, 0.22, palette.CAPTION).next_to(self.plot.names, RIGHT, buff=0.06)
        super().__init__(self.crowd, self.plot, self.leaders, self.rungs)
        self.show(1.0, np.zeros(len(ids)))

    def show(self, temperature: float, shares: npt.ArrayLike, risen: float = 1.0) -> Self:
        """Stand as T has it.

        Args:
            temperature: T, from 0 to ∞.
            shares: the tokens' probabilities, which colour their rungs.
            risen: 0…1, how far the rungs have come up from the lowest one.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            self.heights = np.where(self.gaps > 0, risen * self.gaps / temperature, 0.0)
            others = np.where(self._others > 0, risen * self._others / temperature, 0.0)
        top = self.plot.y.high
        for rung, leader, height, share, label in zip(
            self.rungs, self.leaders, self.heights, np.asarray(shares), self._table.labels, strict=False
        ):
            left, right = self.plot.at([0.0, 1.0], float(min(height, top)))
            seen = float(np.clip(8 * (1 - height / top), 0, 1))
            colour = palette.probability_colour(float(share))
            rung.put_start_and_end_on(left, right).set_stroke(colour, opacity=seen)
            end = label.get_left() - np.array([0.1, 0, 0])
            bend = np.array([right[0] + min(NECK, (end[0] - right[0]) / 2), end[1], 0])
            leader.set_points_as_corners([right, right + (bend - right) * [0.2, 0, 0], bend, end])
            leader.set_stroke(colour, opacity=QUIET * seen)
        counts, _ = np.histogram(others, bins=CROWD, range=(0, top))
        light = FAINTEST + (0.8 - FAINTEST) * np.log1p(counts[::-1]) / np.log1p(max(1, len(others)))
        alpha = np.where(counts[::-1] > 0, light, 0.0)[:, None, None]
        pixels = np.concatenate([palette.pixel(palette.CAPTION) * alpha, 255 * alpha], axis=-1)
        self.crowd.pixels = np.ascontiguousarray(np.rint(pixels).astype(np.uint8))
        return self
