"""What the families' forward passes have in common: matrix products, norms, softmax, activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Linear = tuple[F32, F32 | None]
"""A matrix of inputs × outputs, whichever way it is stored, and a bias, if there is one."""

ROWS = 4  # OpenBLAS multiplies so many rows at a time
IN_CACHE = 1 << 16  # numbers that stay in the processor's cache from one step to the next


def product(x: F32, weights: F32) -> F32:
    """T rows times a matrix.

    Up to three rows of zeros are added: the rows that are left over from fours are multiplied one by one,
    which takes longer (15 rows a third longer than 16).
    """
    lacking = -len(x) % ROWS
    if len(x) == 1 or not lacking:
        y: F32 = x @ weights  # [T, I] @ [I, O] -> [T, O]
        return y
    padded = np.concatenate([x, np.zeros((lacking, x.shape[-1]), np.float32)])  # [T, I] -> [4n, I]
    return (padded @ weights)[: len(x)]  # [4n, I] @ [I, O] -> [T, O]


def linear(x: F32, layer: Linear) -> F32:
    """A matrix and its bias, applied to T rows."""
    weights, bias = layer
    y = product(x, weights)  # [T, I] @ [I, O] -> [T, O]
    if bias is not None:
        y += bias
    return y


def layer_norm(x: F32, weights: tuple[F32, F32], epsilon: float) -> F32:
    """Ba et al. 2016."""
    mean = x.sum(axis=-1, keepdims=True) / np.float32(x.shape[-1])  # [T, 1]
    centred: F32 = x - mean  # [T, D] - [T, 1] -> [T, D]
    variance = np.einsum("td,td->t", centred, centred)[:, None] / np.float32(x.shape[-1])  # [T, 1]
    centred /= np.sqrt(variance + np.float32(epsilon))  # [T, D] / [T, 1] -> [T, D]
    centred *= weights[0]
    centred += weights[1]
    return centred


def rms_norm(x: F32, weight: F32, epsilon: float) -> F32:
    """Zhang, Sennrich 2019."""
    square = np.einsum("...d,...d->...", x, x)[..., None] / np.float32(x.shape[-1])  # [..., 1]
    normed: F32 = x / np.sqrt(square + np.float32(epsilon))  # [..., D] / [..., 1] -> [..., D]
    normed *= weight
    return normed


def softmax(scores_EHTS: F32, hidden_TS: NDArray[np.bool_]) -> F32:
    """Turn scores into weights in place; what is hidden gets exactly 0."""
    heads = scores_EHTS.reshape(-1, *hidden_TS.shape)  # [E, H, T, S] -> [E·H, T, S]
    together = max(1, IN_CACHE // hidden_TS.size)
    for start in range(0, len(heads), together):
        scores_HTS = heads[start : start + together]
        np.copyto(scores_HTS, np.float32(-np.inf), where=hidden_TS)
        scores_HTS -= scores_HTS.max(axis=-1, keepdims=True)
        np.exp(scores_HTS, out=scores_HTS)
        scores_HTS /= scores_HTS.sum(axis=-1, keepdims=True)
    return scores_EHTS


def _gelu_tanh(x: F32) -> F32:
    """GPT-2's own form: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (Hendrycks, Gimpel 2016, section 2)."""
    inner = x * x
    inner *= np.float32(0.044715)
    inner += np.float32(1)
    inner *= x
    inner *= np.float32(np.sqrt(2 / np.pi))
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    inner *= x
    inner *= np.float32(0.5)
    return inner


def _relu(x: F32) -> F32:
    return np.maximum(x, np.float32(0))


def _silu(x: F32) -> F32:
    """Swish or SiLU: x / (1 + e^−x) (Elfwing et al. 2017)."""
    with np.errstate(over="ignore"):  # far below zero the sum is infinite and the quotient 0
        divisor = np.exp(-x)
    divisor += np.float32(1)
    return np.divide(x, divisor, out=divisor)


ACTIVATIONS: dict[Any, Callable[[F32], F32]] = {
    "gelu_new": _gelu_tanh,
    "gelu_pytorch_tanh": _gelu_tanh,
    "relu": _relu,
    "silu": _silu,
    "swish": _silu,
}


def head_part(name: str, layer: Linear, block: int, width: int) -> dict[str, F32]:
    """What one head's queries or keys are made with: `NAME_weight_KD` and, if there is one, `NAME_bias_K`."""
    weights, bias = layer
    part = slice(block * width, (block + 1) * width)
    tensors = {f"{name}_weight_KD": np.array(weights[:, part].T, order="C")}  # [D, K] -> [K, D]
    if bias is not None:
        tensors[f"{name}_bias_K"] = np.array(bias[part])
    return tensors


def neuron_part(name: str, layer: Linear, neuron: int) -> dict[str, F32]:
    """What one number is made with: `neuron_NAME_weight_D` and, if there is one, `neuron_NAME_bias_1`."""
    weights, bias = layer
    tensors = {f"neuron_{name}_weight_D": np.array(weights[:, neuron])}  # [D, F] -> [D]
    if bias is not None:
        tensors[f"neuron_{name}_bias_1"] = np.array(bias[neuron, None])
    return tensors
