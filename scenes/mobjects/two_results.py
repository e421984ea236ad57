"""Two vectors one above the other, number over number, and their cosine among those of all tokens."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, LEFT, RIGHT, Group, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.heatmap import Heatmap
from scenes.mobjects.lettering import fitted, formula, text
from scenes.mobjects.numerals import plain
from scenes.mobjects.readout import Readout
from scenes.mobjects.ruler import Ruler, Scale

STRIP, HERO, NOTE = 0.5, 0.8, 0.26  # frame units; em


class TwoResults(Group):
    """The vectors as strips of light, and below them the number and a ruler.

    Args:
        titles: Typst maths, one a vector.
        words: of whom they are.
        given_2K: the two vectors; both are drawn on one scale.
        cosines_T: of all tokens, the ruler's ticks; the last one is the two vectors'.
        box: what it takes.

    Attributes:
        strips: the two pictures.
        cosine, ruler, mark: the number, and where it lies from −1 to 1.
        strips_part, cosine_part: what comes first and what comes then.
    """

    def __init__(
        self, titles: tuple[str, str], words: str, given_2K: npt.ArrayLike, cosines_T: npt.ArrayLike, box: Box
    ) -> None:
        self.given = np.asarray(given_2K, dtype=np.float32)
        scale = palette.robust_scale(self.given)
        low = box.width > 1.3 * box.height
        wide = (box.width / 2 - 0.3) if low else box.width - 0.1
        self.strips = [Heatmap(given[None], wide, STRIP, scale, gap=0.0) for given in self.given]
        heads = [fitted(formula(title, 0.4), wide) for title in titles]
        parts = [part for pair in zip(heads, self.strips, strict=True) for part in pair]
        self.strips_part = Group(text(words, NOTE, palette.CAPTION, fit=wide), *parts)
        self.strips_part.arrange(DOWN, buff=0.14)
        for head in heads:
            head.align_to(self.strips[0], LEFT)
        label = text(_("cosine of the two"), NOTE, palette.CAPTION, fit=wide)
        self.cosine = Readout("", lambda value: plain(value, 2), (-1, 1), HERO)
        self.ruler = Ruler(Scale(-1, 1, lambda value: plain(value, 0)), wide - 0.2, cosines_T)
        self.mark = self.ruler.mark(1.0)
        measured = Group(self.ruler, self.mark)
        peers = text(_("ticks: all tokens of the prompt"), 0.22, palette.FAINT, fit=wide)
        self.cosine_part = Group(VGroup(label), self.cosine, measured, peers).arrange(DOWN, buff=0.16)
        super().__init__(self.strips_part, self.cosine_part)
        self.arrange(*((RIGHT, 0.5) if low else (DOWN, 0.5)))
        self.scale(min(1.0, box.height / self.height)).move_to(box.center)
        self.show(1.0)

    def receive(self, amount: float) -> Self:
        """Show both vectors at `amount` (0…1) of their size."""
        for strip, given in zip(self.strips, self.given, strict=True):
            strip.show(amount * given[None])
        return self

    def show(self, cosine: float) -> Self:
        """Show another cosine."""
        self.cosine.show(cosine)
        self.mark.show(cosine)
        return self
