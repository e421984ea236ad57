"""Two vectors as arrows with their dot product, lengths and cosine; the longer one is brought to length 1."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import VGroup

from scenes.layout import Box
from scenes.mobjects.arrow_plane import ArrowPlane, on_their_plane
from scenes.mobjects.length_dials import LengthDials


class CutToLength(VGroup):
    """The arrows on the plane that the two span, the dials beside them.

    Args:
        vectors_2D: the two vectors.
        lengths_2: theirs.
        cosine: of the angle between them.
        names, colours: of each.
        boxes: where the arrows stand, and where the dials.

    Attributes:
        arrows, dials: the two parts.
        lengths: of the vectors.
        cut: the same, but the longer one's is 1.
    """

    def __init__(
        self,
        vectors_2D: tuple[npt.ArrayLike, npt.ArrayLike],
        lengths_2: npt.ArrayLike,
        cosine: float,
        names: tuple[str, str],
        colours: tuple[str, str],
        boxes: list[Box],
    ) -> None:
        self.lengths = np.asarray(lengths_2, dtype=np.float64)
        self.cut = np.where(self.lengths == self.lengths.max(), 1.0, self.lengths)
        ends = [[[0, 0], end] for end in on_their_plane(*vectors_2D)]
        most = max(1.0, 1 / float(self.lengths.max()))
        self.arrows = ArrowPlane(ends, names, colours, boxes[0], most)
        self.dials = LengthDials(names, cosine, boxes[1])
        super().__init__(self.arrows, self.dials)
        self.show(self.lengths)

    def show(self, lengths_2: npt.ArrayLike) -> Self:
        """Give the vectors other lengths; their directions stay."""
        now = np.asarray(lengths_2, dtype=np.float64)
        self.arrows.show(now / self.lengths)
        self.dials.show(now)
        return self
