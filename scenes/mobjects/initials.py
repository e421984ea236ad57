"""What the letters of an abbreviation stand for: a line a word, its first letter lit, and what it means."""

from __future__ import annotations

from manim import DOWN, RIGHT, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text

WORD, NOTE = 0.95, 0.4  # em
ASIDE, APART = 6.2, (1.6, 2.3)  # frame units: from a word to its note, and from line to line
BELOW = 0.8


def initials(meanings: list[tuple[str, str]], box: Box, wide: bool) -> VGroup:
    """A line for each (word, meaning), as large as `box` allows: side by side, or one below the other."""
    lines = VGroup()
    for number, (word, meaning) in enumerate(meanings):
        first = text(word[0], WORD, palette.KEY)
        name = VGroup(first, text(word[1:], WORD, palette.INK).next_to(first, RIGHT, buff=0))
        name.shift([-float(name.get_left()[0]), 0, 0])
        note = text(meaning, NOTE, palette.CAPTION)
        note.move_to([note.width / 2 + (ASIDE if wide else 0), -0.05 if wide else -BELOW, 0])
        if not wide and note.width > box.width:
            note.scale_to_fit_width(box.width, about_edge=[-1, 0, 0])
        lines.add(VGroup(name, note).shift(APART[not wide] * number * DOWN))
    lines.scale(min(1.0, box.width / lines.width, box.height / lines.height))
    return lines.move_to(box.center)
