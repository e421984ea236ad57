"""How many bits a text takes: as bytes, as token numbers, and with a model's guesses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from scenes.guesses import Guess
from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.numerals import count
from scenes.mobjects.token_table import Column, TokenTable

LARGEST = 0.035  # of the width is the em


class CodeLengths(TokenTable):
    """Three rows with bits and bars to one scale.

    Args:
        known: the guesses whose truth is known.
        n_vocab: V; a token's number takes log₂ V bits.
        width, height: of the whole.

    Attributes:
        bits: (3,) bytes, token numbers, surprises.
    """

    def __init__(self, known: Sequence[Guess], n_vocab: int, width: float, height: float) -> None:
        raw = 8 * sum(len(guess.truth or b"") for guess in known)
        surprise = float(sum(guess.bits or 0.0 for guess in known))
        self.bits = np.array([raw, len(known) * np.log2(n_vocab), surprise])
        labels = (_("as bytes, 8 bits each"), _("as token numbers"), _("by the model's surprise"))
        bits = Column(_("bits"), lambda value: count(round(value)), (float(self.bits.max()),))
        super().__init__(
            [label.encode() for label in labels], [bits], width, height, bars=0,
            longest=float(self.bits.max()), colour=lambda _bits: palette.REST, largest=LARGEST * width,
        )  # fmt: skip
        self.grow(1.0)

    def grow(self, amount: float) -> Self:
        """Show so much of every length, 0…1."""
        self.show(0, amount * self.bits)
        self.shapes[-1].set_fill(palette.WRITTEN)
        return self
