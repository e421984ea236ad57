"""How many were right, on a scale from none to all, beside what a coin would give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from manim import Group

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects.numerals import count, plain
from scenes.mobjects.ruler import Ruler, Scale

UP_FROM = 0.62  # frame units from the box's lower edge to the strip


class CountedRight(Group):
    """A ruler and a mark that counts.

    Args:
        right: of the first so many, from 0 on, how many were right.
        box: what it takes; the strip runs along its lower edge.

    Attributes:
        ruler, mark: the two parts.
    """

    def __init__(self, right: Sequence[int], box: Box) -> None:
        self.right, total = right, len(right) - 1
        coin = (total / 2, _("a coin: {half}").format(half=plain(total / 2, total % 2)))
        scale = Scale(0, total, lambda value: count(round(value)))
        self.ruler = Ruler(scale, box.width, (), coin, size=0.3)
        self.ruler.shift([box.center[0], box.bottom + UP_FROM, 0])
        self.mark = self.ruler.mark(0, _("{right} of {of}").format(right="{}", of=total))
        super().__init__(self.ruler, self.mark)

    def show(self, judged: float) -> Self:
        """The mark stands where so many have been judged."""
        self.mark.show(self.right[round(judged)])
        return self
