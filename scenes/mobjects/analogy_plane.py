"""Four words on the plane that keeps most of them, and the step between two taken from the third."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Arrow, VGroup

from model_probe.derived import Plane, pca_plane
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye
from scenes.mobjects.named_points import NamedPoints

FLAT = Eye(yaw=0, pitch=0, distance=1e9)  # so far off that nothing is in perspective
COLOURS = (
    palette.token_colour(0),
    palette.token_colour(2),
    palette.token_colour(4),
    palette.QUERY,
    palette.WRITTEN,
)
SIZE = 0.34


class AnalogyPlane(VGroup):
    """a − b + c as two arrows of one length and direction: from b to a, and from c on; d stands where it is.

    Args:
        pieces: the names of a, b, c and d.
        vectors_4D: their vectors.
        box: where to stand; both axes have one scale.

    Attributes:
        plane: the words' first two principal components.
        sum_D: a − b + c.
        tip: where the sum is, in frame units.
        names: dots and names of the four words, and of the sum.
        step, taken: the arrow from b to a, and the same from c.
        seen: how much of it all is shown, 0…1: the words, then the step, then the step taken.
    """

    def __init__(self, pieces: Sequence[bytes], vectors_4D: npt.ArrayLike, box: Box) -> None:
        vectors = np.asarray(vectors_4D, dtype=np.float64)
        self.plane: Plane = pca_plane(vectors)
        self.sum_D = vectors[0] - vectors[1] + vectors[2]
        flat = np.stack([*self.plane.points_P2, self.plane.project(self.sum_D)])
        world = np.column_stack([flat, np.zeros(5)])
        room = Box(box.left + 0.9, box.right - 0.9, box.bottom + 0.45, box.top - 0.45)
        self.eye = FLAT.fitted(world, room)
        places = self.eye.project(world)
        self.tip = places[4]
        on_the_way = np.linspace(0.1, 1, 30)[:, None]
        ways = [places[start] + (places[end] - places[start]) * on_the_way for start, end in ((1, 0), (2, 4))]
        held = [(x - 0.06, y - 0.06, x + 0.06, y + 0.06) for x, y, _ in np.concatenate(ways).tolist()]
        a, b, c, _ = (piece.strip(b" ") for piece in pieces)
        called = (*pieces, b"%s \xe2\x88\x92 %s + %s" % (a, b, c))
        self.names = NamedPoints(called, world, COLOURS, box, SIZE).choose(self.eye, avoid=held)
        self.step = _arrow(places[1], places[0], palette.INK)
        self.taken = _arrow(places[2], places[4], palette.WRITTEN)
        super().__init__(self.step, self.taken, self.names)
        self.show(0.0)

    def show(self, seen: float) -> Self:
        """Show the words, then the step between two, then the same step from the third."""
        self.seen = seen
        self.names.shown[:4] = np.clip(9 * seen, 0, 1)
        self.names.shown[4] = np.clip(9 * seen - 8, 0, 1)
        self.names.see(self.eye)
        for arrow, amount in ((self.step, 2.4 * seen - 0.4), (self.taken, 2.4 * seen - 1.4)):
            arrow.set_opacity(float(np.clip(4 * amount, 0, 1)))
            grown = max(0.05, min(1.0, amount))
            arrow.put_start_and_end_on(arrow.start, arrow.start + (arrow.whole - arrow.start) * grown)
        return self


def _arrow(start: npt.NDArray[np.float64], end: npt.NDArray[np.float64], colour: str) -> Arrow:
    arrow = Arrow(start, end, buff=0, stroke_width=5, color=colour, max_tip_length_to_length_ratio=0.2)
    arrow.start, arrow.whole = start, end
    return arrow
