"""The singulars and plurals of a trace, and how many of them a direction sorts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace

COUNTED = 20  # pairs at most that the direction is tried on

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PluralPairs:
    """Pairs of a singular and its plural; pair 0 makes the direction and proves nothing about it.

    Attributes:
        pieces: the two words' bytes.
        direction: plural minus singular of pair 0, (D,).
        vectors_P2D, dots_P2, lengths_P2: the words' rows, their dot products with it, their lengths.
        cosine: of the direction and the plural of pair 1.
        mine: pairs, counted from pair 1, of which the prompt has a word.
        counted: how many pairs after pair 0 are counted.
        right: of the first so many of them, from 0 on, in how many the plural's dot product is the greater.
    """

    pieces: list[tuple[bytes, bytes]]
    direction: Floats
    vectors_P2D: Floats
    dots_P2: Floats
    lengths_P2: Floats
    cosine: float
    mine: list[int]
    counted: int
    right: list[int]

    @property
    def cut(self) -> tuple[float, float]:
        """The lengths of the direction and of the plural of pair 1, of which the longer is cut."""
        return float(np.linalg.norm(self.direction)), float(self.lengths_P2[1, 1])


def plural_pairs(trace: Trace) -> PluralPairs | None:
    """All pairs of the trace; None where there are none to try the direction on."""
    if not trace.has("direction_D") or len(trace.pair_ids_P2[:]) < 2:
        return None
    ids, prompt = trace.pair_ids_P2[:].tolist(), set(trace.token_ids_T[:].tolist())
    counted, dots = min(COUNTED, len(ids) - 1), trace.pair_dots_P2[:].astype(np.float64)
    return PluralPairs(
        pieces=[(trace.token_name(a), trace.token_name(b)) for a, b in ids],
        direction=trace.direction_D[:].astype(np.float64),
        vectors_P2D=np.asarray(trace.pair_vectors_P2D, dtype=np.float64),
        dots_P2=dots,
        lengths_P2=trace.pair_norms_P2[:].astype(np.float64),
        cosine=float(trace.pair_cosines_P2[1, 1]),
        mine=[at for at, pair in enumerate(ids[1:]) if prompt & set(pair)],
        counted=counted,
        right=[0, *np.cumsum(dots[1 : 1 + counted, 1] > dots[1 : 1 + counted, 0]).tolist()],
    )
