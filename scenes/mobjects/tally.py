"""Large numbers side by side, each over what it counts."""

from __future__ import annotations

from collections.abc import Sequence

from manim import DOWN, VGroup

from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count

NUMBER, LABEL = 0.8, 0.34  # em
APART, NEAREST = 1.6, 0.3  # frame units from one to the next, and where there is no room


def text_tally(prompt: str, tokens: int, width: float) -> Tally:
    """How many characters and words a prompt has, and how many tokens."""
    numbers = len(prompt), len(prompt.split()), tokens
    return Tally(numbers, (_("characters"), _("words between spaces"), _("tokens")), width)


class Tally(VGroup):
    """A column a number; the last one is the one that matters.

    Args:
        numbers: the numbers.
        names: what each counts.
        width: the most that they may take, in frame units; they move together before they would be wider.
    """

    def __init__(self, numbers: Sequence[int], names: Sequence[str], width: float) -> None:
        super().__init__(
            *(
                VGroup(text(count(number), NUMBER, palette.INK), text(name, LABEL, palette.CAPTION))
                for number, name in zip(numbers, names, strict=True)
            )
        )
        self[-1][0].set_color(palette.QUERY)
        for column in self:
            column.arrange(DOWN, buff=0.1)
        self.arrange(buff=APART)
        if self.width > width:
            self.arrange(buff=max(NEAREST, APART - (self.width - width) / 2))
