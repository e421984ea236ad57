"""GPT-2's forward pass in numpy, written apart from the code under test, to check its numbers against.

Reads the weights' file by itself and computes in double precision; every line says the shape it makes.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file

Array = NDArray[np.float64]


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))  # [..., n] -> [..., n]
    return np.asarray(e / e.sum(axis=-1, keepdims=True))  # [..., n], [..., 1] -> [..., n]


def gelu_tanh(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))))  # [T, F] -> [T, F]


def layer_norm(x: Array, scale: Array, shift: Array, epsilon: float) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)  # [T, D] - [T, 1] -> [T, D]
    variance = (centred**2).mean(axis=-1, keepdims=True)  # [T, D] -> [T, 1]
    return np.asarray(centred / np.sqrt(variance + epsilon) * scale + shift)  # [T, D] * [D] + [D] -> [T, D]


def forward(directory: Path, ids: NDArray[np.int64]) -> dict[str, Any]:
    """Run the model in `directory` on T ids.

    Returns logits [T, V], patterns [L, H, T, T] and streams [L + 1, T, D].
    """
    config = json.loads((directory / "config.json").read_text())
    raw = load_file(directory / "model.safetensors")
    weights = {name.removeprefix("transformer."): w.astype(np.float64) for name, w in raw.items()}
    heads, epsilon = config["n_head"], config["layer_norm_epsilon"]
    tokens = len(ids)
    future = np.triu(np.full((tokens, tokens), -np.inf), k=1)  # [T, T], -inf above the diagonal

    x = weights["wte.weight"][ids] + weights["wpe.weight"][:tokens]  # [T, D] + [T, D] -> [T, D]
    streams, patterns = [x], []
    for layer in range(config["n_layer"]):
        w = {n.removeprefix(f"h.{layer}."): a for n, a in weights.items() if n.startswith(f"h.{layer}.")}
        normed = layer_norm(x, w["ln_1.weight"], w["ln_1.bias"], epsilon)  # [T, D] -> [T, D]
        qkv = normed @ w["attn.c_attn.weight"] + w["attn.c_attn.bias"]  # [T, D] @ [D, 3D] + [3D] -> [T, 3D]
        outputs = []
        for q, k, v in zip(
            *(np.split(part, heads, axis=-1) for part in np.split(qkv, 3, axis=-1)), strict=True
        ):
            scores = q @ k.T / np.sqrt(q.shape[-1])  # [T, K] @ [K, T] -> [T, T]
            pattern = softmax(scores + future)  # [T, T] + [T, T] -> [T, T]
            patterns.append(pattern)
            outputs.append(pattern @ v)  # [T, T] @ [T, K] -> [T, K]
        joined = np.concatenate(outputs, axis=-1)  # H × [T, K] -> [T, D]
        x = x + joined @ w["attn.c_proj.weight"] + w["attn.c_proj.bias"]  # [T, D] @ [D, D] + [D] -> [T, D]
        normed = layer_norm(x, w["ln_2.weight"], w["ln_2.bias"], epsilon)  # [T, D] -> [T, D]
        hidden = gelu_tanh(
            normed @ w["mlp.c_fc.weight"] + w["mlp.c_fc.bias"]
        )  # [T, D] @ [D, F] + [F] -> [T, F]
        x = x + hidden @ w["mlp.c_proj.weight"] + w["mlp.c_proj.bias"]  # [T, F] @ [F, D] + [D] -> [T, D]
        streams.append(x)
    final = layer_norm(x, weights["ln_f.weight"], weights["ln_f.bias"], epsilon)  # [T, D] -> [T, D]
    logits = final @ weights["wte.weight"].T  # [T, D] @ [D, V] -> [T, V]
    shape = (config["n_layer"], heads, tokens, tokens)
    return {
        "logits": logits,
        "patterns": np.stack(patterns).reshape(shape),  # L·H × [T, T] -> [L, H, T, T]
        "streams": np.stack(streams),  # L + 1 × [T, D] -> [L + 1, T, D]
    }
