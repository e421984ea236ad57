"""What a head does that has a name, as one number from 0 to 1 read off its attention pattern.

Each score is a mean attention weight along one line of the pattern, over the queries that have a choice: the
first query can only look at itself, so it does not count where there are others. Definitions follow the head
detector of TransformerLens (Nanda, Bloom 2022) and, for induction, Olsson et al., "In-context Learning and
Induction Heads" (2022).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def head_scores(pattern_LHTS: NDArray[np.floating[Any]]) -> dict[str, NDArray[np.float32]]:
    """Score every head on one prompt, as (L, H) arrays.

    previous: mean over t ≥ 1 of pattern[t, t − 1]; absent for a prompt of one token.
    first:    mean over t ≥ 1 of pattern[t, 0].
    self:     mean over t ≥ 1 of pattern[t, t].
    """
    later = slice(1, None) if pattern_LHTS.shape[-1] > 1 else slice(None)
    scores = {
        "head_first_LH": pattern_LHTS[:, :, later, 0],
        "head_self_LH": np.diagonal(pattern_LHTS, axis1=2, axis2=3)[:, :, later],
    }
    if pattern_LHTS.shape[-1] > 1:
        scores["head_previous_LH"] = np.diagonal(pattern_LHTS, offset=-1, axis1=2, axis2=3)
    return {name: _mean(weights) for name, weights in scores.items()}


def induction_scores(pattern_LHTS: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Score every head on a sequence of R random tokens fed twice (T = 2R), as an (L, H) array.

    Mean over the second copy's queries t of pattern[t, t − R + 1]: the weight on the token that followed this
    one the first time.
    """
    repeat = pattern_LHTS.shape[-1] // 2
    return _mean(np.diagonal(pattern_LHTS, offset=1 - repeat, axis1=2, axis2=3)[:, :, 1:])


def induction_ids(allowed_ids: list[int], n_ctx: int, seed: int) -> NDArray[np.int64]:
    """Draw the R ids to repeat: 25, as in Olsson et al., or half the context where that is less."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.choice(np.array(allowed_ids, np.int64), size=min(25, n_ctx // 2))


def _mean(weights_LHT: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    means_LH: NDArray[np.float32] = weights_LHT.mean(axis=-1, dtype=np.float64).astype(np.float32)
    return means_LH
