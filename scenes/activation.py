"""What an MLP bends its numbers with: the function that a model's config names."""

from __future__ import annotations

from collections.abc import Callable
from math import erf, sqrt

import numpy as np
import numpy.typing as npt

from model_probe.lean.arithmetic import ACTIVATIONS

Floats = npt.NDArray[np.float64]

LABELS = {
    "gelu": "GELU",
    "gelu_new": "GELU",
    "gelu_pytorch_tanh": "GELU",
    "relu": "ReLU",
    "silu": "SiLU",
    "swish": "SiLU",
}


def label(name: str) -> str:
    """What it is called; an uncommon one has the config's own word."""
    return LABELS.get(name, name)


def curve(name: str, given: npt.ArrayLike, gave: npt.ArrayLike) -> Callable[[npt.ArrayLike], Floats]:
    """The function; an uncommon one is led through what a run `gave` for what it was `given`, both (F,)."""
    if name == "gelu":  # x · Φ(x) (Hendrycks, Gimpel 2016)
        return np.vectorize(lambda x: 0.5 * x * (1 + erf(x / sqrt(2))), otypes=[np.float64])
    if name in ACTIVATIONS:
        return lambda x: np.asarray(ACTIVATIONS[name](np.array(x, np.float32)), np.float64)
    order = np.argsort(given)
    return lambda x: np.asarray(
        np.interp(np.asarray(x, np.float64), np.asarray(given)[order], np.asarray(gave)[order])
    )
