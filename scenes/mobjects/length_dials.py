"""A dot product, the two lengths that it holds, and the cosine that it does not change with."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, VGroup

from scenes.declared import chosen
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects.numerals import plain, signed
from scenes.mobjects.readout import Readout

CUT = "the length that an arrow is cut to"
SIZE = 0.56  # em of the numbers


class LengthDials(VGroup):
    """Four numbers, each below its name: the dot product is the product of the other three.

    Args:
        names: what the two vectors are called.
        cosine: of the angle between them.
        box: where to stand.

    Attributes:
        dot, first, second, angle: the readouts.
    """

    def __init__(self, names: tuple[str, str], cosine: float, box: Box) -> None:
        self.cosine = cosine
        lengths = [_("length of {word}").format(word=name) for name in names]
        self.dot = Readout(_("dot product"), lambda v: signed(v, 2), (-9.99, 9.99), SIZE, below=True)
        self.first, self.second = (
            Readout(name, lambda v: plain(chosen(v, CUT), 2), (9.99,), SIZE, below=True) for name in lengths
        )
        self.angle = Readout(_("cosine"), lambda v: signed(v, 2), (-1.0,), SIZE, below=True)
        super().__init__(self.dot, self.first, self.second, self.angle)
        self.arrange(DOWN, buff=0.25)
        self.scale(min(1.0, box.height / self.height, box.width / self.width)).move_to(box.center)

    def show(self, lengths_2: npt.ArrayLike) -> Self:
        """Give the vectors other lengths."""
        first, second = np.asarray(lengths_2, dtype=np.float64).tolist()
        for dial, value in zip(self, (self.cosine * first * second, first, second, self.cosine), strict=True):
            dial.show(value)
        return self
