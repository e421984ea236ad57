"""GPT-2's and Llama's forward passes in numpy, written apart from the code under test, to check it against.

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


def rms_norm(x: Array, scale: Array, epsilon: float) -> Array:
    mean_square = (x**2).mean(axis=-1, keepdims=True)  # [T, D] -> [T, 1]
    return np.asarray(x / np.sqrt(mean_square + epsilon) * scale)  # [T, D] * [D] -> [T, D]


def rotate(x: Array, base: float) -> Array:
    """Turn each pair (i, i + K/2) by its position times base^(-2i/K) (Su et al. 2021)."""
    tokens, width = x.shape
    angle = np.arange(tokens)[:, None] * base ** (
        -np.arange(0, width, 2) / width
    )  # [T, 1] * [K/2] -> [T, K/2]
    one, two = x[:, : width // 2], x[:, width // 2 :]  # 2 × [T, K/2]
    turned = (one * np.cos(angle) - two * np.sin(angle), two * np.cos(angle) + one * np.sin(angle))
    return np.concatenate(turned, axis=-1)  # 2 × [T, K/2] -> [T, K]


def silu(x: Array) -> Array:
    return np.asarray(x / (1 + np.exp(-x)))  # [T, F] -> [T, F]


def llama_forward(directory: Path, ids: NDArray[np.int64]) -> dict[str, Any]:
    """Run the Llama in `directory` on T ids (Touvron et al. 2023; grouped keys as in Llama 2).

    Returns logits [T, V], patterns [L, H, T, T], streams [L + 1, T, D], and queries [L, H, T, K] and keys
    [L, C, T, K] before ("q_pre", "k_pre") and after ("q", "k") they are turned.
    """
    config = json.loads((directory / "config.json").read_text())
    raw = load_file(directory / "model.safetensors")
    weights = {name.removeprefix("model."): w.astype(np.float64) for name, w in raw.items()}
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    width, epsilon = config["head_dim"], config["rms_norm_eps"]
    base, tokens = config["rope_parameters"]["rope_theta"], len(ids)
    future = np.triu(np.full((tokens, tokens), -np.inf), k=1)  # [T, T], -inf above the diagonal

    x = weights["embed_tokens.weight"][ids]  # [V, D] -> [T, D]
    streams, found = [x], {name: [] for name in ("patterns", "q_pre", "k_pre", "q", "k")}  # type: ignore[var-annotated]
    for layer in range(config["num_hidden_layers"]):
        prefix = f"layers.{layer}."
        w = {n.removeprefix(prefix): a for n, a in weights.items() if n.startswith(prefix)}
        normed = rms_norm(x, w["input_layernorm.weight"], epsilon)  # [T, D] -> [T, D]
        parts = {}
        for name, count in (("q", heads), ("k", kv_heads), ("v", kv_heads)):
            projected = normed @ w[f"self_attn.{name}_proj.weight"].T  # [T, D] @ [D, C·K] -> [T, C·K]
            parts[name] = projected.reshape(tokens, count, width).swapaxes(0, 1)  # [C, T, K]
        turned = {name: np.stack([rotate(head, base) for head in parts[name]]) for name in "qk"}  # [C, T, K]
        outputs = []
        for head in range(heads):
            shared = head // (heads // kv_heads)
            scores = turned["q"][head] @ turned["k"][shared].T / np.sqrt(width)  # [T, K] @ [K, T] -> [T, T]
            pattern = softmax(scores + future)  # [T, T] + [T, T] -> [T, T]
            found["patterns"].append(pattern)
            outputs.append(pattern @ parts["v"][shared])  # [T, T] @ [T, K] -> [T, K]
        joined = np.concatenate(outputs, axis=-1)  # H × [T, K] -> [T, H·K]
        x = x + joined @ w["self_attn.o_proj.weight"].T  # [T, H·K] @ [H·K, D] -> [T, D]
        normed = rms_norm(x, w["post_attention_layernorm.weight"], epsilon)  # [T, D] -> [T, D]
        gate = silu(normed @ w["mlp.gate_proj.weight"].T)  # [T, D] @ [D, F] -> [T, F]
        hidden = gate * (normed @ w["mlp.up_proj.weight"].T)  # [T, F] * [T, F] -> [T, F]
        x = x + hidden @ w["mlp.down_proj.weight"].T  # [T, F] @ [F, D] -> [T, D]
        streams.append(x)
        for name in "qk":
            found[f"{name}_pre"].append(parts[name])
            found[name].append(turned[name])
    final = rms_norm(x, weights["norm.weight"], epsilon)  # [T, D] -> [T, D]
    unembedding = weights.get("lm_head.weight", weights["embed_tokens.weight"])  # [V, D]
    layers = config["num_hidden_layers"]
    return {
        "logits": final @ unembedding.T,  # [T, D] @ [D, V] -> [T, V]
        "patterns": np.stack(found["patterns"]).reshape(layers, heads, tokens, tokens),
        "streams": np.stack(streams),  # L + 1 × [T, D] -> [L + 1, T, D]
        **{name: np.stack(found[name]) for name in ("q_pre", "k_pre", "q", "k")},
    }
