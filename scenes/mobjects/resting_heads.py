"""The heads that rest on the first token: which pictures of the wall are lit, and how many there are."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import VGroup

from scenes.heads_words import SINK
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.head_wall import HeadWall
from scenes.mobjects.lettering import fitted, text
from scenes.mobjects.numerals import count
from scenes.mobjects.wall_lights import DIMMED, reached

NONE_LIT = 0.5  # brightness of all where none stands out: the picture stays


class RestingHeads:
    """A count below the wall, and the wall's light.

    Args:
        first_LH: each head's share of weight that goes to the first token.
        wall: of all heads.
        stage: at the foot of which the count stands.

    Attributes:
        resting_LH: which heads give it more than SINK.
        number: how many of them are lit.
        line: the number, and of how many.
    """

    def __init__(self, first_LH: npt.ArrayLike, wall: HeadWall, stage: Box) -> None:
        self.wall, self.resting_LH = wall, np.asarray(first_LH) > SINK
        self._low = DIMMED if self.resting_LH.any() else NONE_LIT
        total = count(self.resting_LH.size)
        self.number = text(count(int(self.resting_LH.sum())), 0.46, palette.QUERY)
        of = text(_("of {total} heads rest on the first token").format(total=total), 0.3)
        self.line = fitted(VGroup(self.number, of).arrange(buff=0.15), stage.width)
        self.line.move_to([stage.center[0], stage.bottom + 0.2, 0])
        self._write(0)

    def show(self, moment: float) -> Self:
        """Layer by layer, 0…1, those at rest stay bright, are counted, and all others are dimmed."""
        there = reached(len(self.resting_LH), moment)
        self.wall.light(1 + (np.where(self.resting_LH, 1.0, self._low) - 1) * there)
        self._write(int((self.resting_LH & (there >= 1)).sum()))
        return self

    def _write(self, number: int) -> None:
        self.number.rewrite(count(number), (1.0, 0.0, 0.0))
