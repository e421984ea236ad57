"""A token, and beside it what one of its vectors stands for, as a question."""

from __future__ import annotations

from manim import RIGHT, VGroup

from scenes.head_vector import HeadVector
from scenes.layout import Box
from scenes.mobjects.lettering import text
from scenes.mobjects.token_row import TokenChip

CHIP, QUESTION = 0.42, 0.34  # em, where they fit
BETWEEN = 0.3


class AskingToken(VGroup):
    """One line at a box's upper edge; the token takes half of its width at most.

    Args:
        vector: whose token and question they are.
        left: where the line begins.
        box: where it stands.

    Attributes:
        chip, question: the parts.
    """

    def __init__(self, vector: HeadVector, left: float, box: Box) -> None:
        self.chip = TokenChip(vector.piece, vector.token, CHIP)
        self.chip.scale(min(1.0, 0.5 * box.width / self.chip.width))
        self.chip.move_to([left + self.chip.width / 2, box.top - self.chip.height / 2, 0])
        room = box.right - float(self.chip.get_right()[0]) - BETWEEN
        self.question = text(vector.question, QUESTION, vector.colour, fit=room)
        self.question.next_to(self.chip, RIGHT, buff=BETWEEN)
        super().__init__(self.chip, self.question)
