"""What something was, an arrow, what it became."""

from __future__ import annotations

from manim import DOWN, LEFT, RIGHT, UP, Arrow, Mobject, VGroup

from scenes.mobjects import palette

LONG = 0.9  # frame units of the arrow


class Arrowed(VGroup):
    """Both with an arrow from one to the other, side by side or one below the other.

    Args:
        before, after: the two; they are moved, not copied.
        gap: frame units from each to the arrow.
        down: whether the second stands below the first.

    Attributes:
        before, arrow, after: the parts.
    """

    def __init__(self, before: Mobject, after: Mobject, gap: float, down: bool = False) -> None:
        back, way = (UP, DOWN) if down else (LEFT, RIGHT)
        self.arrow = Arrow(0.3 * way, (0.3 + LONG) * way, buff=0, color=palette.CAPTION, stroke_width=4)
        self.before = before.next_to(self.arrow, back, buff=gap)
        self.after = after.next_to(self.arrow, way, buff=gap)
        super().__init__(self.before, self.arrow, self.after)
