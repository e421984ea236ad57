"""The architectures of GGUF files that are read: the config that each states, and its weights' layout.

llama.cpp's converter renames a model's tensors and rearranges some. Here that is undone, so that what comes
out is what transformers' own loader makes of the same file. What that loader drops without a word (how
positions are scaled, windows, biases) is carried over, or refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.errors import ModelError

Weights = NDArray[np.float32]

# Llama 3's scaling of positions, of which a file holds only the outcome; its published constants
_LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
# What changes the numbers, is in no config of the families here, and has these values where it does nothing
_NEUTRAL = {
    "expert_count": 0,
    "attention.scale": 0.0,
    "attention.clamp_kqv": 0.0,
    "attention.causal": True,
    "logit_scale": 0.0,
    "residual_scale": 0.0,
    "embedding_scale": 0.0,
}


@dataclass(frozen=True)
class Stated:
    """What a file says about its model.

    Attributes:
        file: its name, for messages.
        values: the metadata by key, arrays as lists.
        names: of its tensors.
        floats: the small tensors that are part of the config, by name.
        vocabulary: how many rows the embedding has.
    """

    file: str
    values: Mapping[str, Any]
    names: frozenset[str]
    floats: Mapping[str, Weights]
    vocabulary: int

    @property
    def architecture(self) -> str:
        """The name that the format gives the model's kind."""
        return str(self.values["general.architecture"])

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key of the architecture. Of one for each layer, what they all are.

        Raises:
            ModelError: it is not the same in every layer.
        """
        value = self.values.get(f"{self.architecture}.{key}", default)
        if isinstance(value, list) and key.startswith(("attention.head_count", "feed_forward_length")):
            if len(set(value)) != 1:
                raise ModelError(f"{self.file}: {key} differs from layer to layer, which is not supported")
            value = value[0]
        return value

    def need(self, key: str) -> Any:
        """The value of a key without which there is no model. Raises ModelError."""
        value = self.get(key)
        if not isinstance(value, int | float) or isinstance(value, bool) or value <= 0:
            raise ModelError(f"{self.file} does not say {self.architecture}.{key} as a number above 0")
        return value

    def token(self, kind: str) -> int | None:
        """The id of the token for the beginning of a text ("bos"), its end ("eos"), or for padding."""
        value = self.values.get(f"tokenizer.ggml.{kind}_token_id")
        return value if isinstance(value, int) and 0 <= value < self.vocabulary else None

    @property
    def end_ids(self) -> list[int]:
        """The ids that end a text or a turn."""
        return list(dict.fromkeys(i for kind in ("eos", "eot", "eom") if (i := self.token(kind)) is not None))


@dataclass(frozen=True)
class Architecture:
    """How one architecture is read.

    Attributes:
        family: the config's `model_type`.
        config: what the config says beside what all say.
        arrange: brings a tensor, by its name in the library's model, into the library's layout.
    """

    family: str
    config: Callable[[Stated], dict[str, Any]]
    arrange: Callable[[str, Weights, dict[str, Any]], Weights]


def config_of(stated: Stated) -> dict[str, Any]:
    """The values of the library's config for a file.

    Raises:
        ModelError: the architecture is not one of `ARCHITECTURES`, or the file states something that its
            config cannot say.
    """
    for key, neutral in _NEUTRAL.items():
        if stated.get(key, neutral) != neutral:
            raise ModelError(f"{stated.file} sets {stated.architecture}.{key}, which is not supported")
    blocks = len({name.split(".")[1] for name in stated.names if name.startswith("blk.")})
    if stated.need("block_count") != blocks:
        said = f"{stated.need('block_count'):,} layers, holds tensors of {blocks:,}"
        raise ModelError(f"{stated.file} is damaged: it states {said}")
    architecture = ARCHITECTURES[stated.architecture]
    ids = {f"{kind}_token_id": stated.token(kind) for kind in ("bos", "eos")}
    return {
        "model_type": architecture.family,
        "vocab_size": stated.vocabulary,
        "tie_word_embeddings": "output.weight" not in stated.names,
        **ids,
        "pad_token_id": stated.token("padding"),
        "dtype": "float32",
        **architecture.config(stated),
    }


def _gpt2(stated: Stated) -> dict[str, Any]:
    width, inner = stated.need("embedding_length"), stated.get("feed_forward_length")
    return {
        "n_positions": stated.need("context_length"),
        "n_embd": width,
        "n_layer": stated.need("block_count"),
        "n_head": stated.need("attention.head_count"),
        "n_inner": None if inner == 4 * width else inner,
        "layer_norm_epsilon": stated.need("attention.layer_norm_epsilon"),
    }


def _sizes(stated: Stated) -> dict[str, Any]:
    heads, width = stated.need("attention.head_count"), stated.need("embedding_length")
    return {
        "hidden_size": width,
        "intermediate_size": stated.need("feed_forward_length"),
        "num_hidden_layers": stated.need("block_count"),
        "num_attention_heads": heads,
        "max_position_embeddings": stated.need("context_length"),
    }


def _decoder(stated: Stated) -> dict[str, Any]:
    """Llama and what is built like it."""
    sizes = _sizes(stated)
    heads = sizes["num_attention_heads"]
    turned = stated.get("rope.dimension_count")
    d_head = stated.get("attention.key_length") or turned or sizes["hidden_size"] // heads
    if stated.architecture != "phi3" and (turned or d_head) != d_head:
        raise ModelError(
            f"{stated.file} turns {turned} of {d_head} elements of a head, which is not supported"
        )
    return {
        **sizes,
        "num_key_value_heads": stated.get("attention.head_count_kv", heads),
        "head_dim": d_head,
        "rms_norm_eps": stated.need("attention.layer_norm_rms_epsilon"),
        "rope_parameters": _rope(stated, d_head),
    }


def _with_biases(stated: Stated) -> dict[str, Any]:
    return {
        **_decoder(stated),
        "attention_bias": "blk.0.attn_q.bias" in stated.names,
        "mlp_bias": "blk.0.ffn_up.bias" in stated.names,
    }


def _qwen3(stated: Stated) -> dict[str, Any]:
    return {**_decoder(stated), "attention_bias": "blk.0.attn_q.bias" in stated.names}


def _phi3(stated: Stated) -> dict[str, Any]:
    values = _decoder(stated)
    turned = stated.get("rope.dimension_count", values["head_dim"])
    values["rope_parameters"]["partial_rotary_factor"] = turned / values["head_dim"]
    original = stated.get("rope.scaling.original_context_length", values["max_position_embeddings"])
    return {
        **values,
        "original_max_position_embeddings": original,
        "sliding_window": stated.get("attention.sliding_window") or None,
    }


def _gemma2(stated: Stated) -> dict[str, Any]:
    caps = {
        f"{cap}_logit_softcapping": stated.get(f"{cap}_logit_softcapping")
        for cap in ("attn", "final")
        if stated.get(f"{cap}_logit_softcapping") is not None
    }
    values = {**_decoder(stated), **caps}
    if window := stated.get("attention.sliding_window"):
        values["sliding_window"] = window
    # The format has no key for it. It is 256 in all published sizes but the largest, there width over heads.
    if values["num_hidden_layers"] == {"gemma2": 46, "gemma3": 62}[stated.architecture]:
        values["query_pre_attn_scalar"] = values["hidden_size"] // values["num_attention_heads"]
    return values


def _gemma3(stated: Stated) -> dict[str, Any]:
    values = _gemma2(stated)
    local = {"rope_type": "default", "rope_theta": stated.get("rope.freq_base_swa", 10000.0)}
    rope = {"full_attention": values["rope_parameters"], "sliding_attention": local}
    return {**values, "rope_parameters": rope}


def _gptneox(stated: Stated) -> dict[str, Any]:
    sizes = _sizes(stated)
    d_head = sizes["hidden_size"] // sizes["num_attention_heads"]
    turned = stated.need("rope.dimension_count") / d_head
    return {
        **sizes,
        "layer_norm_eps": stated.need("attention.layer_norm_epsilon"),
        "use_parallel_residual": stated.get("use_parallel_residual", True),
        "rope_parameters": {**_rope(stated, d_head), "partial_rotary_factor": turned},
    }


def _rope(stated: Stated, d_head: int) -> dict[str, Any]:
    """How positions turn queries and keys, as the library's config says it. Raises ModelError."""
    base = stated.get("rope.freq_base", 10000.0)
    plain = {"rope_type": "default", "rope_theta": base}
    if "rope_freqs.weight" in stated.floats:
        return plain | _llama3(stated, base, d_head)
    if "rope_factors_long.weight" in stated.floats:
        factors = {
            f"{length}_factor": stated.floats[f"rope_factors_{length}.weight"].tolist()
            for length in ("long", "short")
        }
        return plain | {"rope_type": "longrope", **factors}
    factor = stated.get("rope.scaling.factor") or stated.get("rope.scale_linear") or 1.0
    kind = stated.get("rope.scaling.type", "linear")
    if kind == "none" or factor == 1.0:
        return plain
    if kind == "linear":
        return plain | {"rope_type": "linear", "factor": factor}
    if kind == "yarn":
        original = stated.need("rope.scaling.original_context_length")
        return plain | {"rope_type": "yarn", "factor": factor, "original_max_position_embeddings": original}
    raise ModelError(f"{stated.file} scales positions in the way {kind!r}, which is not supported")


def _llama3(stated: Stated, base: float, d_head: int) -> dict[str, Any]:
    """The scaling whose outcome the file holds: by how much each frequency is divided. Raises ModelError."""
    divisors = stated.floats["rope_freqs.weight"]
    factor = float(divisors.max())
    if factor == 1.0:
        return {}
    turns = _LLAMA3["original_max_position_embeddings"] / (
        2 * math.pi * base ** (np.arange(0, d_head, 2) / d_head)
    )
    low, high = _LLAMA3["low_freq_factor"], _LLAMA3["high_freq_factor"]
    kept = np.clip((turns - low) / (high - low), 0.0, 1.0)
    expected = 1.0 / ((1.0 - kept) / factor + kept)
    if divisors.shape != expected.shape or not np.allclose(divisors, expected, rtol=1e-4):
        raise ModelError(f"{stated.file} divides frequencies of positions in a way that is not Llama 3's")
    return {"rope_type": "llama3", "factor": factor, **_LLAMA3}


def _as_it_is(name: str, weights: Weights, config: dict[str, Any]) -> Weights:
    return weights


def _pairs_apart(name: str, weights: Weights, config: dict[str, Any]) -> Weights:
    """The two elements that positions turn together lie side by side in the file, half a head apart here."""
    heads = {"q_proj": "num_attention_heads", "k_proj": "num_key_value_heads"}
    kind = next((kind for kind in heads if f".{kind}." in name), None)
    if kind is None:
        return weights
    by_head = weights.reshape(config[heads[kind]], -1, 2, *weights.shape[1:])
    return by_head.swapaxes(1, 2).reshape(weights.shape)


def _columns(name: str, weights: Weights, config: dict[str, Any]) -> Weights:
    """GPT-2's published matrices are input × output, the file's output × input."""
    return weights.T if ".c_" in name and weights.ndim == 2 else weights


def _norms_from_zero(name: str, weights: Weights, config: dict[str, Any]) -> Weights:
    """Gemma adds 1 to its norms' weights when it runs, the file has it added."""
    return weights - 1 if name.endswith("norm.weight") else weights


def _head_by_head(name: str, weights: Weights, config: dict[str, Any]) -> Weights:
    """GPT-NeoX has queries, keys and values of one head together, the file those of all heads."""
    if ".query_key_value." not in name:
        return weights
    by_kind = weights.reshape(3, config["num_attention_heads"], -1, *weights.shape[1:])
    return by_kind.swapaxes(0, 1).reshape(weights.shape)


ARCHITECTURES: dict[str, Architecture] = {
    "gpt2": Architecture("gpt2", _gpt2, _columns),
    "llama": Architecture("llama", _with_biases, _pairs_apart),
    "qwen2": Architecture("qwen2", _decoder, _as_it_is),
    "qwen3": Architecture("qwen3", _qwen3, _as_it_is),
    "gemma2": Architecture("gemma2", _gemma2, _norms_from_zero),
    "gemma3": Architecture("gemma3_text", _gemma3, _norms_from_zero),
    "gptneox": Architecture("gpt_neox", _gptneox, _head_by_head),
    "phi3": Architecture("phi3", _phi3, _as_it_is),
    "smollm3": Architecture("smollm3", _with_biases, _pairs_apart),
}
