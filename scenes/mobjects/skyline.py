"""The share of neurons that are lit, token by token: a tower a token, a storey a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import UP, VGroup, VMobject

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.numerals import percent
from scenes.mobjects.plot import Axis, Plot
from scenes.mobjects.token_row import token_words

NAME, LONGEST = 0.3, 14  # em of a token's name, and its characters at most
WIDE = 0.78  # of the distance to the next tower
FEWEST = 6  # towers that there is always room for
FEW = 60  # towers that stand apart from each other


class Skyline(VGroup):
    """Towers of L storeys on a true axis: a storey is as high as its layer's share, over L.

    Args:
        lit_LT: each layer's share at each token.
        pieces: the tokens' bytes.
        box: what it takes.

    Attributes:
        shares: of each token, over all layers, (T,).
        storeys: one shape a layer.
        names: above the lowest and the highest.
    """

    def __init__(self, lit_LT: npt.ArrayLike, pieces: Sequence[bytes], box: Box) -> None:
        self.lit = np.asarray(lit_LT, np.float64)
        self.shares = self.lit.mean(axis=0)
        named = sorted({int(self.shares.argmin()), int(self.shares.argmax())})
        layers, many = self.lit.shape
        beside = max(0.0, (FEWEST - many) / 2)
        x = Axis(-0.6 - beside, many - 0.4 + beside, _("position"), at=_places(many))
        y = Axis(
            0,
            1.22 * float(self.shares.max() or 1),
            _("neurons lit, the first layer at the bottom"),
            write=lambda value: percent(value, 0),
        )
        self.plot = Plot(box, x, y)
        self._floors = np.concatenate([np.zeros((1, many)), np.cumsum(self.lit / layers, axis=0)])
        self.storeys = VGroup()
        for layer in range(layers):
            level = 70 + round(160 * (layer / max(1, layers - 1)))
            red, green, blue = palette.MLP_SEAM_RAMP[level] / 255
            colour = palette.hexadecimal((float(red), float(green), float(blue)))
            self.storeys.add(
                VMobject(stroke_width=0, fill_color=colour, fill_opacity=0.95 - 0.25 * (layer % 2))
            )
        self.names = VGroup()
        for place in named:
            label = token_words(pieces[place].strip(b" ") or pieces[place], NAME, palette.INK, LONGEST)
            label.next_to(self.plot.at(place, self.shares[place])[0], UP, buff=0.1)
            left, right = self.plot.box.left + 0.05, self.plot.box.right
            label.shift([max(0.0, left - label.get_left()[0]) - max(0.0, label.get_right()[0] - right), 0, 0])
            self.names.add(label)
        super().__init__(self.plot, self.storeys)
        self.grow(1.0)

    def grow(self, amount: float) -> Self:
        """Let the towers be so far up, the first before the last, 0…1."""
        many = len(self.shares)
        up_T = np.clip(2 * amount - np.arange(many) / many, 0, 1)
        half = WIDE / 2 if many <= FEW else 0.5
        for layer, storey in enumerate(self.storeys):
            low, high = self._floors[layer] * up_T, self._floors[layer + 1] * up_T
            at = np.arange(many)
            corners = [
                self.plot.at(at + side * half, level)
                for side, level in ((-1, low), (1, low), (1, high), (-1, high))
            ]
            ring = np.stack([*corners, corners[0]], axis=1)  # [T, 5, 3]
            sides = [ring[:, n, None] + (ring[:, n + 1] - ring[:, n])[:, None] * _QUARTERS for n in range(4)]
            storey.points = np.concatenate(sides, axis=1).reshape(-1, 3)
        return self


_QUARTERS = np.linspace(0, 1, 4)[None, :, None]


def _places(many: int) -> tuple[float, ...]:
    """Round positions to tick, about eight at most."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if many / step <= 8)
    return tuple(float(place) for place in range(0, many, step))
