"""Several texts as rivers, one below the other, that flow side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import CubicBezier, Group, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.river import River, common_size

ROOMY = 8.5  # frame units; with less, names stand above their rivers, not beside them
NAME, RULE = 0.3, 0.4  # em
GAP = 0.12  # frame units between two banks


@dataclass(frozen=True)
class Written:
    """A text: its name, its tokens' bytes, and their probabilities."""

    name: str
    pieces: Sequence[bytes]
    probabilities: npt.NDArray[np.float64]


class Banks(Group):
    """A river for each text, all in letters of one size.

    Args:
        texts: from the top.
        box: what they take.

    Attributes:
        rivers: the texts' own.
        beside: whether names stand beside their rivers.
    """

    def __init__(self, texts: Sequence[Written], box: Box) -> None:
        self.box, self.beside = box, box.width > ROOMY
        aside = max(text(each.name, NAME).width for each in texts) + 0.35 if self.beside else 0.0
        self._start = box.left + aside
        size = common_size([each.pieces for each in texts], box.width - aside)
        self.rivers = [
            River(each.name, each.pieces, each.probabilities, place, aside, size)
            for each, place in zip(texts, box.rows(*[1] * len(texts), gap=GAP), strict=True)
        ]
        super().__init__(*self.rivers)

    def reach(self, steps: float) -> Self:
        """So many tokens of each."""
        for river in self.rivers:
            river.reach(steps)
        return self

    def light(self, share: float) -> Self:
        """All of them in so much light."""
        for river in self.rivers:
            river.light(share)
        return self

    def rules(self, said: Sequence[str]) -> VGroup:
        """Words on each bank, where its text is to be."""
        rows = VGroup()
        for words, river in zip(said, self.rivers, strict=True):
            size, y = (RULE, river.words[0].get_y()) if self.beside else (NAME, river.bed.get_y() + NAME)
            row = text(words, size, palette.INK, fit=self.box.right - self._start)
            rows.add(row.move_to([self._start + row.width / 2, y, 0]))
        return rows

    def values(self, said: Sequence[str]) -> VGroup:
        """A number for each: below its name, or where that stands above the river, at the right end."""
        numbers = VGroup()
        for words, river in zip(said, self.rivers, strict=True):
            number: Lettering = text(words, 1.2 * NAME, palette.INK)
            left = self.box.left if self.beside else self.box.right - number.width
            y = river.bed.get_y() if self.beside else river.label.get_y()
            numbers.add(number.move_to([left + number.width / 2, y, 0]))
        return numbers

    def fan(self, start: npt.ArrayLike, colour: str, down: bool) -> VGroup:
        """Threads from a point to where each river begins, leaving it downwards or to the right."""
        threads = VGroup()
        first = np.asarray(start, dtype=np.float64)
        for river in self.rivers:
            end = river.bed.get_start()
            if not down:  # what stands beside the river is not crossed
                y = (river.label.get_y() + end[1]) / 2 if self.beside else end[1]
                end = np.array([self.box.left - 0.1, y, 0.0])
            middle = (first[0] + end[0]) / 2
            aside = [first[0], end[1], 0] if down else [middle, first[1], 0]
            bends = aside, [middle, end[1], 0]
            threads.add(CubicBezier(first, *bends, end, stroke_width=2.5, color=colour))
        return threads
