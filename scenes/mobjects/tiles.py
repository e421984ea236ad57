"""Pieces of text that stand apart from each other, where a row of tokens abuts."""

from __future__ import annotations

from collections.abc import Sequence

from manim import VGroup

from scenes.mobjects.token_row import TokenChip

GAP = 0.18  # em from one tile to the next


def tiles(pieces: Sequence[bytes], size: float, index: int = 0) -> VGroup:
    """A chip a piece with gaps between them, all in the hue of one place in the prompt.

    Args:
        pieces: the bytes of each.
        size: em of the words, in frame units.
        index: the place.
    """
    return VGroup(*(TokenChip(piece, index, size) for piece in pieces)).arrange(buff=GAP * size)
