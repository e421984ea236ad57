"""What the brightest colour of each ramp stands for."""

from __future__ import annotations

from typing import Self

import numpy as np
from manim import DOWN, LEFT, RIGHT, Animation, Group, UpdateFromAlphaFunc

from scenes.declared import scale_mark
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.light import opaque
from scenes.mobjects.raster import Raster

SIZE = 0.22
LENGTH, THICKNESS = 1.0, 0.13  # frame units of a ramp


class ScaleLegend(Group):
    """A line a ramp: from 0 to its scale, and what is measured; below them, words on the unit.

    Args:
        lines: (ramp, the number at its bright end, what it colours).
        unit: what the numbers are counted in, or "".
        note: what else is to be said, or "".
    """

    def __init__(
        self, lines: list[tuple[palette.Lut, str, str]], unit: str, note: str = "", size: float = SIZE
    ) -> None:
        super().__init__()
        for ramp, most, name in lines:
            bar = Raster(opaque(ramp[None].astype(np.float32)), LENGTH, THICKNESS, smooth=True)
            ends = (
                text(str(scale_mark(0, "colours")), size, palette.FAINT),
                text(f"{most}  {name}", size, palette.CAPTION),
            )
            line = Group(ends[0].next_to(bar, LEFT, buff=0.1), bar, ends[1].next_to(bar, RIGHT, buff=0.1))
            self.add(line)
        self.add(*(text(words, size, palette.FAINT) for words in (unit, note) if words))
        self.arrange(DOWN, buff=0.06, aligned_edge=LEFT)

    def faded(self, opacity: float) -> Animation:
        """Fade from all or nothing to the other."""
        start = 1 - opacity
        return UpdateFromAlphaFunc(
            self, lambda legend, amount: legend.show(start + (opacity - start) * amount)
        )

    def show(self, opacity: float) -> Self:
        """Fade all of it, 0…1."""
        for mobject in self.get_family():
            if isinstance(mobject, Raster | Lettering):
                mobject.set_opacity(opacity)
        return self
