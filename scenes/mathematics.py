"""What probabilities are made of and how open they are: softmax, entropy, effective number.

In double precision, whatever the logits come in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def softmax(logits_V: npt.NDArray[np.floating[Any]], temperature: float = 1.0) -> Floats:
    """e^(x / T), divided by the sum of all of them; −∞ is a token that cannot be drawn.

    The limits are the functions' own: at T = 0 the largest logit has it all (equals share), at T = ∞ every
    token that can be drawn has as much as any other. Ackley, Hinton & Sejnowski (1985), eq. 5, with energy
    −x.

    Args:
        logits_V: of shape (…, V); the last axis is divided up.
        temperature: T, from 0 to ∞.

    Raises:
        ValueError: the temperature is below 0 or not a number.
    """
    if not temperature >= 0:
        raise ValueError(f"a temperature is 0 or more, not {temperature}")
    logits = np.asarray(logits_V, dtype=np.float64)
    below = logits - logits.max(axis=-1, keepdims=True)
    if temperature == 0:
        weights = (below == 0).astype(np.float64)
    elif np.isinf(temperature):
        weights = (below > -np.inf).astype(np.float64)
    else:
        weights = np.exp(below / temperature)
    shares: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return shares


def entropy_bits(probabilities_V: npt.NDArray[np.floating[Any]]) -> float:
    """H = −Σ p log₂ p, in bits; 0 log 0 is 0. Shannon (1948), section 6."""
    shares = np.asarray(probabilities_V, dtype=np.float64)
    held = shares[shares > 0]
    return float(max(0.0, -(held * np.log2(held)).sum()))


def effective_number(probabilities_V: npt.NDArray[np.floating[Any]]) -> float:
    """2^H: of how many tokens a fair choice would be as open as this one; the perplexity."""
    return float(2.0 ** entropy_bits(probabilities_V))
