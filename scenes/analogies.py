"""The analogies of a trace, a − b + c ≈ d, as scenes show them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model_probe.trace import Trace
from scenes.mobjects.token_row import token_quote


@dataclass(frozen=True)
class Analogy:
    """One analogy.

    Attributes:
        pieces: the bytes of a, b, c and d.
        vectors_4D: their rows of W_E.
        ranks: d's, by cosine with the sum: with the three inputs in the ranking, and without.
        cosine: d's.
        top: the nearest tokens' bytes, the inputs among them.
        top_cosines: theirs.
        struck: which rows of `top` are inputs.
    """

    pieces: tuple[bytes, ...]
    vectors_4D: np.ndarray
    ranks: tuple[int, int]
    cosine: float
    top: tuple[bytes, ...]
    top_cosines: np.ndarray
    struck: tuple[int, ...]

    @property
    def sum_words(self) -> str:
        """The sum in words: a − b + c."""
        a, b, c, _ = (token_quote(piece) for piece in self.pieces)
        return f"{a} − {b} + {c}"


def analogies(trace: Trace) -> list[Analogy]:
    """All that the trace has, in the order of the list that they are from."""
    if not trace.has("analogy_ids_A4"):
        return []
    found = []
    ids_A4, tops_AN = trace.analogy_ids_A4[:], trace.analogy_top_ids_AN[:]
    for row, (ids, tops) in enumerate(zip(ids_A4.tolist(), tops_AN.tolist(), strict=True)):
        with_inputs, without = trace.analogy_ranks_A2[row].tolist()
        found.append(
            Analogy(
                pieces=tuple(trace.token_name(one) for one in ids),
                vectors_4D=np.asarray(trace.analogy_vectors_A4D[row]),
                ranks=(with_inputs, without),
                cosine=float(trace.analogy_cosines_A[row]),
                top=tuple(trace.token_name(one) for one in tops),
                top_cosines=np.asarray(trace.analogy_top_cosines_AN[row]),
                struck=tuple(at for at, one in enumerate(tops) if one in ids[:3]),
            )
        )
    return found
