"""Vectors of many dimensions as arrows, true in length and angle: on the plane that two of them span."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Arrow, Dot, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text

SIZE = 0.32  # em of a name
TIP = 0.18  # of an arrow's length
APART = 0.12  # frame units from an arrow's tip to its name

Floats = npt.NDArray[np.float64]


def on_their_plane(a_D: npt.ArrayLike, b_D: npt.ArrayLike) -> Floats:
    """Two vectors in two numbers each, (2, 2), with their lengths and the angle between them; a runs right.

    Gram and Schmidt's: a lies along the first axis, b where its part along a and the rest of it put it.
    """
    a, b = (np.asarray(vector, dtype=np.float64) for vector in (a_D, b_D))
    length = float(np.linalg.norm(a)) or 1.0
    along = float(a @ b) / length
    across = float(np.sqrt(max(0.0, float(b @ b) - along**2)))
    return np.array([[length, 0.0], [along, across]])


class ArrowPlane(VGroup):
    """Arrows on a plane, from points of it, on one scale; `show` makes each as long as is asked.

    Args:
        arrows: start and end of each on the plane, (n, 2, 2).
        names: what stands at their tips.
        colours: of each.
        box: where to stand; the arrows and their names fit into it.
        most: times its length that an arrow is drawn at most.

    Attributes:
        arrows, names: one each.
        factors: how long each is shown, over its full length.
        unit: frame units of a vector's unit.
    """

    def __init__(
        self,
        arrows: npt.ArrayLike,
        names: Sequence[str],
        colours: Sequence[str],
        box: Box,
        most: float = 1.0,
    ) -> None:
        self.ends = np.asarray(arrows, dtype=np.float64)
        self.names: list[Lettering] = [
            text(name, SIZE, colour) for name, colour in zip(names, colours, strict=True)
        ]
        wide = max(name.width for name in self.names)
        inner = box.inset(min(wide / 2 + APART, 0.3 * box.width), SIZE + 2 * APART)
        points = np.concatenate([most * self.ends.reshape(-1, 2), [[0.0, 0.0]]])
        low, high = points.min(axis=0), points.max(axis=0)
        span = np.maximum(high - low, 1e-9)
        self.unit = float(min(inner.width / span[0], inner.height / span[1]))
        self._origin = np.array(inner.center) - np.append((low + high) / 2 * self.unit, 0)
        self.zero = Dot(self._at([0, 0]), radius=0.06, color=palette.FAINT)
        self.arrows = [
            Arrow(
                self._at(s), self._at(e), buff=0, stroke_width=6, color=c, max_tip_length_to_length_ratio=TIP
            )
            for (s, e), c in zip(self.ends, colours, strict=True)
        ]
        self._box = box
        super().__init__(self.zero, *self.arrows, *self.names)
        self.show(np.ones(len(self.arrows)))

    def show(self, factors_N: npt.ArrayLike) -> Self:
        """Make each arrow so many times as long as it is; 0 hides it."""
        self.factors = np.asarray(factors_N, dtype=np.float64)
        for (start, end), factor, arrow, name in zip(
            self.ends, self.factors, self.arrows, self.names, strict=True
        ):
            seen = float(factor > 0.02)
            tip = self._at(start + (end - start) * max(float(factor), 0.02))
            arrow.put_start_and_end_on(self._at(start), tip)
            arrow.set_opacity(seen)
            half = np.array([name.width / 2, name.height / 2, 0])
            name.move_to(self._beside(start, end, float(factor), half))
            left, right = self._box.left + half[0], self._box.right - half[0]
            name.set_x(float(np.clip(name.get_x(), left, max(left, right)))).set_opacity(
                float(np.clip(2 * factor - 1, 0, 1)) if start.any() else seen
            )
        return self

    def _beside(self, start: Floats, end: Floats, factor: float, half: Floats) -> Floats:
        """Where a name stands: beyond the tip of an arrow from the origin, along any other's middle."""
        way = (end - start) / (float(np.linalg.norm(end - start)) or 1.0)
        if not start.any():
            return self._at(start + (end - start) * factor) + np.append(way, 0) * (half + APART)
        out = np.array([way[1], -way[0]])
        out *= 1.0 if float(out @ (start + end)) >= 0 else -1.0
        return self._at((start + end) / 2) + np.append(out, 0) * (half + APART)

    def _at(self, point: npt.ArrayLike) -> Floats:
        return np.asarray(self._origin + np.append(np.asarray(point, dtype=np.float64) * self.unit, 0))
