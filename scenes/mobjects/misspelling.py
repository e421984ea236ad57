"""A word and the same word misspelt, each with what the tokenizer cuts it into."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import bidirectional

import numpy as np
from manim import DOWN, VGroup

from model_probe.trace import Trace
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.arrowed import Arrowed
from scenes.mobjects.tiles import tiles
from scenes.mobjects.token_row import token_words

WORD, CHIP = 0.8, 0.7  # em
LINE, TALL = 2.0, 4.6  # frame units from one spelling to the other, tokens beside and below them


class Misspelling(VGroup):
    """Two lines, each a spelling and its tokens; the letters that changed places are lit.

    Args:
        right, wrong: the tokens of both spellings.
        index: whose hue the tokens have.
        box: in the middle of which they stand, no larger than it.
        beside: whether the tokens stand beside their word, or else below it.

    Attributes:
        spelt, misspelt: the tokens' chips.
    """

    def __init__(
        self, right: Sequence[bytes], wrong: Sequence[bytes], index: int, box: Box, beside: bool
    ) -> None:
        super().__init__()
        spellings = [b"".join(pieces).decode().strip() for pieces in (right, wrong)]
        at = next((place for place, (a, b) in enumerate(zip(*spellings, strict=False)) if a != b), 0)
        self.spelt, self.misspelt = (tiles(pieces, CHIP, index) for pieces in (right, wrong))
        for row, (spelling, cut) in enumerate(zip(spellings, (self.spelt, self.misspelt), strict=True)):
            cut.scale(min(1.0, box.width / cut.width))
            line = Arrowed(_lit(spelling, at), cut, 0.3, down=not beside)
            self.add(line.shift((LINE if beside else TALL) * row * DOWN))
        self.scale(min(1.6, 0.97 * box.width / self.width, 0.9 * box.height / self.height))
        self.move_to(box.center)

    @classmethod
    def of(cls, trace: Trace, box: Box, beside: bool) -> Misspelling | None:
        """That of a run (`typo_*`); None where it has none."""
        # Traces before schema 1.2 have a misspelling, but not of which tokens it is one.
        if not (trace.has("typo_span_2") and trace.has("typo_ids_U")):
            return None
        start, end = np.asarray(trace.typo_span_2).tolist()
        return cls(trace.tokens[start:end], trace.typo_tokens, start, box, beside)


def _lit(spelling: str, at: int) -> VGroup:
    """A word whose letters `at` and `at + 1` are lit."""
    stretches = [(spelling, palette.INK)]
    if bidirectional(spelling[0]) == "L":  # elsewhere letters join, or run the other way
        stretches = [
            (spelling[:at], palette.INK),
            (spelling[at : at + 2], palette.QUERY),
            (spelling[at + 2 :], palette.INK),
        ]
    letters = (token_words(part.encode(), WORD, colour) for part, colour in stretches if part)
    return VGroup(*letters).arrange(buff=0)
