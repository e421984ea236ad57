"""Tokens in columns, to be read out one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from manim import VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.token_row import token_words

LARGEST, SMALLEST = 0.34, 0.22  # em
PITCH = 1.5  # em from line to line
GAP = 0.4  # frame units between columns


class WordGrid(VGroup):
    """As many of some tokens as fit a box, down the columns; all others are left out.

    Args:
        pieces: the bytes of each, in order.
        box: where to stand.
        most: how many there are at most.
        colour: of all.

    Attributes:
        shown: how many there are.
    """

    def __init__(self, pieces: Sequence[bytes], box: Box, most: int, colour: str = palette.INK) -> None:
        pieces = pieces[:most]
        for step in range(7):
            size = LARGEST - (LARGEST - SMALLEST) * step / 6
            words = [token_words(piece.strip(b" ") or piece, size, colour) for piece in pieces]
            rows = max(1, int(box.height / (PITCH * size)))
            columns = [words[start : start + rows] for start in range(0, len(words), rows)]
            widths = [max(word.width for word in column) for column in columns]
            if sum(widths) + GAP * (len(widths) - 1) <= box.width:
                break
        while sum(widths) + GAP * (len(widths) - 1) > box.width and len(columns) > 1:
            columns, widths = columns[:-1], widths[:-1]
        left = box.left
        for column, width in zip(columns, widths, strict=True):
            for row, word in enumerate(column):
                word.scale(min(1.0, box.width / word.width))
                word.move_to([left + word.width / 2, box.top - (row + 0.5) * PITCH * size, 0])
            left += width + GAP
        kept = [word for column in columns for word in column]
        self.shown = len(kept)
        super().__init__(*kept)
