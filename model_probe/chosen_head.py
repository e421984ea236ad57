"""Which head is worth showing where one stands for all, by a rule from the last query's rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = Sequence[Sequence[NDArray[np.floating[Any]]]] | NDArray[np.floating[Any]]
"""A row of S numbers for each layer and head."""


def worth_showing(pattern_last_LHS: Rows, scores_last_LHS: Rows | None) -> tuple[int, int]:
    """The head whose last row puts the most weight on one key that is far from obvious, by its place.

    Most heads rest on the first token, on the token itself or on the one before it; what they do there says
    little about the prompt. So only the other keys count. A head for which the query and that key point the
    same way (their score is positive) is taken before one for which the score is only the least negative:
    the softmax sees no difference, a viewer of the dot product does. The last row is read because the next
    token is predicted from it, and because the mask hides nothing from it. Where the prompt is too short,
    the keys left out come back: the one before (3 tokens), the first (2), the token itself (1).
    """
    last = len(pattern_last_LHS[0][0]) - 1
    keys = next(keys for keys in (range(1, last - 1), range(1, last), range(last), range(1)) if keys)
    best, found = (False, -1.0), (0, 0)
    for layer, weights_HS in enumerate(pattern_last_LHS):
        for head, weights_S in enumerate(weights_HS):
            strongest = keys.start + int(np.argmax(weights_S[keys.start : keys.stop]))
            positive = scores_last_LHS is not None and bool(scores_last_LHS[layer][head][strongest] > 0)
            rank = (positive, float(weights_S[strongest]))
            if rank > best:
                best, found = rank, (layer, head)
    return found
