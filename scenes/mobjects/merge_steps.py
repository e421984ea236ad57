"""How a piece of text grew: its symbols after each merge, row by row."""

from __future__ import annotations

from collections.abc import Sequence

from manim import DOWN, VGroup

from scenes.layout import Box
from scenes.mobjects.tiles import tiles

SIZE, LAST = 0.5, 1.0  # em, before scaling, of the rows and of the last one
LARGEST = 1.6  # times as large, where that fits


class MergeSteps(VGroup):
    """A row of tiles a step, from its bytes down to what is left; the older a row, the fainter.

    Args:
        steps: the symbols before the first merge, after it, after the next, ….
        box: which the rows fill.
    """

    def __init__(self, steps: Sequence[Sequence[bytes]], box: Box) -> None:
        super().__init__(*(tiles(symbols, SIZE) for symbols in steps[:-1]), tiles(steps[-1], LAST))
        self.arrange(DOWN, buff=0.16)
        self.scale(min(LARGEST, 0.95 * box.width / self.width, box.height / self.height))
        for age, row in enumerate(reversed(self[:-1]), 1):
            row.fade(min(0.4, 0.05 + 0.05 * age))
        self.move_to(box.center)
