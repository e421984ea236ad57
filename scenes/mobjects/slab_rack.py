"""Vectors as slabs that stand one behind the other, seen aslant, and slide into one: their sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from manim import Group, Polygon, VGroup
from manim.utils.rate_functions import smooth

from scenes.handing_over import Handed
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.cell_column import CellColumn
from scenes.mobjects.eye import Eye
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.value_columns import column_name

EYE = Eye(yaw=36.0, pitch=8.0, distance=30.0)
APART, DEEP, TALL = 1.0, 1.5, 3.0  # world units from slab to slab, and of a slab
BEYOND = 1.6  # from the last one to the sum
TOGETHER = 3.0  # slabs that are under way at once
GHOST = 0.22  # of a slab's light stays where it stood
LABELS = 0.55  # frame units over the slabs

Floats = npt.NDArray[np.float64]


class SlabRack(Group):
    """One slab a vector, its numbers as cells from top to bottom, and right of them the sum, at first empty.

    Args:
        vectors: (n, K), from the left.
        colours: one a vector, and one more for the sum.
        labels: likewise what stands over each.
        box: what it takes.

    Attributes:
        arrived: how much of each vector is in the sum, (n,), 0…1.
        summed: what the sum shows, (K,).
        eye: from where all is seen.
    """

    def __init__(
        self, vectors: npt.ArrayLike, colours: Sequence[str], labels: Sequence[Lettering], box: Box
    ) -> None:
        self.vectors = np.asarray(vectors, dtype=np.float64)
        count = len(self.vectors)
        self.scale_of = palette.robust_scale(self.vectors)
        self._places = [APART * place for place in range(count)]
        self._places.append(self._places[-1] + BEYOND)
        corners = np.array([self._corners(x) for x in (self._places[0], self._places[-1])])
        self.room = Box(box.left, box.right, box.bottom, box.top - LABELS)
        self.eye = EYE.fitted(corners, self.room)
        vectors_and_sum = [*self.vectors, np.zeros(self.vectors.shape[1])]
        ramps = [palette.hue_ramp(colour) for colour in colours]
        self.slabs = [
            CellColumn(self._level(vector), 1, 1, _painter(ramp))
            for vector, ramp in zip(vectors_and_sum, ramps, strict=True)
        ]
        ghosts = zip(vectors_and_sum[:-1], ramps, strict=False)
        self.ghosts = [CellColumn(self._level(vector), 1, 1, _painter(ramp)) for vector, ramp in ghosts]
        for ghost in self.ghosts:
            ghost.set_opacity(GHOST)
        self.rims = VGroup(*(
            Polygon(*np.zeros((4, 3)), color=hue, stroke_width=1.5, stroke_opacity=0.55) for hue in colours
        ))  # fmt: skip
        self.labels = VGroup(*labels)
        super().__init__(*self.ghosts, self.rims, *self.slabs, self.labels)
        self.arrived = np.zeros(count)
        self.summed = np.zeros(self.vectors.shape[1])
        self._way = 0.0
        self.see(self.eye)

    def _level(self, vector: npt.ArrayLike) -> Floats:
        level: Floats = np.minimum(np.abs(np.asarray(vector)) / self.scale_of, 1.0)
        return level

    @staticmethod
    def _corners(x: float) -> list[list[float]]:
        """Of a slab: far above, near above, near below, far below; it stands across the world's x."""
        return [[x, y, z] for y, z in ((TALL, DEEP), (TALL, 0), (0, 0), (0, DEEP))]

    def see(self, eye: Eye) -> Self:
        """Draw everything from there."""
        self.eye = eye
        goal = self._places[-1]
        for place, slab in enumerate(self.slabs):
            x = self._places[place]
            if place < len(self.arrived):
                moved = self._moved(place)
                x += (goal - x) * moved
                slab.set_opacity(0.0 if moved >= 1 else 1.0)
                self.ghosts[place].stand(eye.project(self._corners(self._places[place])))
            stood = eye.project(self._corners(self._places[place]))
            self.rims[place].set_points_as_corners([*stood, stood[0]])
            slab.stand(eye.project(self._corners(x)))
            seat = eye.project(self._corners(self._places[place])[:2]).mean(axis=0)
            label = self.labels[place]
            label.move_to(seat + np.array([0, 0.14 + label.height / 2, 0]))
        return self

    def _moved(self, place: int) -> float:
        turns = len(self.arrived) - 1 + TOGETHER
        return float(smooth(np.clip((self._way * turns - (len(self.arrived) - 1 - place)) / TOGETHER, 0, 1)))

    def pour(self, way: float) -> Self:
        """The slabs slide into the sum, the nearest first, so far (0…1); it is what has arrived."""
        self._way = way
        self.arrived = np.array([max(0.0, 4 * self._moved(place) - 3) for place in range(len(self.arrived))])
        self.summed = self.arrived @ self.vectors
        self.slabs[-1].show(self._level(self.summed))
        return self.see(self.eye)


def rack_of(handed: Handed, tokens: Sequence[bytes], box: Box) -> SlabRack:
    """Weight times value of every token that is shown, of all others together, and z."""
    vectors = handed.products
    rest = [palette.CAPTION] if handed.others else []
    colours = [palette.VALUE] * len(handed.shown) + rest + [palette.OUTPUT]
    names = [column_name(handed, tokens, place, 0.3) for place in range(len(vectors))]
    for name in names:
        name.scale(min(1.0, 0.9 * box.width / (len(vectors) + BEYOND) / name.width))
    return SlabRack(vectors, colours, [*names, text("z", 0.4, palette.OUTPUT)], box)


def _painter(ramp: palette.Lut) -> Callable[[npt.NDArray[np.floating[Any]]], npt.NDArray[np.float32]]:
    def paint(levels: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
        return ramp[palette.levels(levels, 1.0)].astype(np.float32)

    return paint
