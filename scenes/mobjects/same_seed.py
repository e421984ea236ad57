"""The same draws twice, and others: three texts, and the strip that their numbers fall into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from manim import Group, Mobject, VGroup

from scenes.layout import Box
from scenes.mobjects.banks import Banks, Written
from scenes.mobjects.two_draws import Draws, TwoDraws

STRIP = 1.9  # frame units, of the strip with its words


class SameSeed(Group):
    """A text, the same seed's again, another seed's.

    Args:
        texts: the three.
        draws: of the first and of the other.
        parted: the first token that differs between these two; None where none does.
        box: what it takes.

    Attributes:
        rows: the three rivers.
        strip: the distribution of the draw that is shown.
        marks: under the tokens that differ, where these are shown.
    """

    def __init__(
        self, texts: Sequence[Written], draws: Sequence[Draws], parted: int | None, box: Box
    ) -> None:
        upper, lower = box.stack(None, STRIP)
        self.parted = parted
        self.rows = Banks(texts, upper).reach(0)
        self.strip = TwoDraws(draws, lower)
        self.marks = VGroup()
        full, self.again, self.other = self.rows.rivers
        full.reach(len(full.words))
        if parted is not None and parted < min(len(full.words), len(self.other.words)):
            self.marks.add(full.underline(parted, 1), self.other.underline(parted, 1))
        super().__init__(full, self.strip)

    @property
    def drawn_together(self) -> int:
        """How many draws of both texts are from one distribution: up to the one that parts them."""
        return len(self.other.words) if self.parted is None else self.parted + 1

    def repeat(self, steps: float) -> Self:
        """The first text's numbers fall once more, and write the second row."""
        self.again.reach(steps)
        self.strip.sides[0].show(steps)
        return self

    def differ(self, steps: float) -> Self:
        """The other numbers fall from below, beside the first ones; they stay where the texts part."""
        self.other.reach(steps)
        for side in self.strip.sides:
            side.show(min(steps, self.drawn_together))
        return self

    def everything(self) -> list[Mobject]:
        """All that may be on the stage."""
        return [self, *self.rows.rivers, *self.strip.sides, self.marks]
