"""The line in the corner that names the tensor of the picture."""

from __future__ import annotations

from manim import Animation, AnimationGroup, FadeIn, FadeOut, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text

SIZE = 0.22  # em
RIM = 6  # stroke width of its rim in the ground's colour: a cloud may be behind it
HEIGHT = 0.4  # frame units to leave for it


class Note(VGroup):
    """One small line at a box' top left; `say` changes it.

    Attributes:
        line: what is written now.
    """

    def __init__(self, box: Box) -> None:
        self.box = box
        self.line: Lettering = text(" ", SIZE, palette.FAINT)
        super().__init__()

    def say(self, said: str) -> Animation:
        """Other words come in the place of those of now."""
        before, box = self.line, self.box
        self.line = text(said, SIZE, palette.FAINT, fit=box.width)
        self.line.set_stroke(palette.GROUND, RIM, background=True)
        self.line.move_to([box.left + self.line.width / 2, box.top - self.line.height / 2, 0])
        return AnimationGroup(FadeOut(before), FadeIn(self.line))
