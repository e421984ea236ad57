"""What the `config.json` of a Llama or of its kin says, with transformers' values for what it leaves out.

The library's own reading needs its import, which takes longer than a small model's run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from model_probe.shape import Shape

_ACTIVATIONS = ("silu", "swish", "relu", "gelu_new", "gelu_pytorch_tanh")
_FULL, _SLIDING = "full_attention", "sliding_attention"

# The values of transformers' config classes; None is what the model derives from the others
_DEFAULTS: dict[str, dict[str, Any]] = {
    "llama": {
        "vocab_size": 32000,
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": None,
        "head_dim": None,
        "max_position_embeddings": 2048,
        "attention_bias": False,
        "mlp_bias": False,
    },
    "qwen2": {
        "vocab_size": 151936,
        "hidden_size": 4096,
        "intermediate_size": 22016,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "max_position_embeddings": 32768,
        "use_sliding_window": False,
        "sliding_window": 4096,
        "max_window_layers": 28,
        "layer_types": None,
    },
    "qwen3": {
        "vocab_size": 151936,
        "hidden_size": 4096,
        "intermediate_size": 22016,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 32,
        "head_dim": 128,
        "max_position_embeddings": 32768,
        "attention_bias": False,
        "use_sliding_window": False,
        "sliding_window": 4096,
        "max_window_layers": 28,
        "layer_types": None,
    },
    "mistral": {
        "vocab_size": 32000,
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": None,
        "max_position_embeddings": 131072,
        "sliding_window": 4096,
    },
    "smollm3": {
        "vocab_size": 128256,
        "hidden_size": 2048,
        "intermediate_size": 11008,
        "num_hidden_layers": 36,
        "num_attention_heads": 16,
        "num_key_value_heads": 4,
        "max_position_embeddings": 32768,
        "attention_bias": False,
        "mlp_bias": False,
        "use_sliding_window": False,
        "sliding_window": None,
        "no_rope_layers": None,
        "no_rope_layer_interval": 4,
        "layer_types": None,
        "tie_word_embeddings": True,
        "rope_theta": 2_000_000.0,
    },
}
_ALL: dict[str, Any] = {
    "hidden_act": "silu",
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
    "rope_theta": 10_000.0,
}
# What these models have no code for here, or what would make transformers take another way
_ELSEWHERE = ("quantization_config", "per_layer_config", "partial_rotary_factor", "attention_chunk_size")
# What each way to scale needs beside the base
_ROPE: dict[str, tuple[str, ...]] = {
    "default": (),
    "dynamic": ("factor",),
    "linear": ("factor",),
    "llama3": ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"),
    "yarn": ("factor", "original_max_position_embeddings"),
}


@dataclass(frozen=True, kw_only=True)
class LlamaConfig:
    """All that a forward pass has to know beside the weights.

    Attributes:
        shape: sizes and wiring.
        tied: whether the config asks for the embedding as unembedding.
        projection_bias, output_bias, mlp_bias: whether queries, keys and values, the attention's output, and
            the MLP's matrices add a bias.
        query_key_norm: whether each head's queries and keys pass a norm before they are turned.
        windows: how many tokens each layer sees, from a token's own back; None: all.
        turned: whether each layer's queries and keys are turned.
        rope: how: `rope_theta`, `rope_type` and what that type needs.
    """

    shape: Shape
    tied: bool
    projection_bias: bool
    output_bias: bool
    mlp_bias: bool
    query_key_norm: bool
    windows: tuple[int | None, ...]
    turned: tuple[bool, ...]
    rope: dict[str, Any]


def read(config: dict[str, Any]) -> LlamaConfig | None:
    """Read a `config.json`; None where it is of another family, or asks for what is left to transformers.

    Values of an unexpected kind are left to it, too: it knows what to do with them, or what to say.
    """
    family = config.get("model_type")
    if not isinstance(family, str) or family not in _DEFAULTS or any(config.get(key) for key in _ELSEWHERE):
        return None
    defaults = _ALL | _DEFAULTS[family]
    foreign = {"sliding_window", "layer_types"} - set(defaults)  # the library would obey them in part
    if any(config.get(key) is not None for key in foreign):
        return None
    if "head_dim" in config and config["head_dim"] is None and defaults.get("head_dim", 0) is not None:
        return None
    values = {**defaults, **{key: config[key] for key in (*defaults, "head_dim") if key in config}}
    try:
        return _read(family, values, _rope(config, values))
    except (KeyError, TypeError, ValueError):
        return None


def _read(family: str, values: dict[str, Any], rope: dict[str, Any]) -> LlamaConfig:
    """Raises KeyError, TypeError, ValueError: there are values that are left to transformers."""
    layers, heads, width = (
        _count(values[name]) for name in ("num_hidden_layers", "num_attention_heads", "hidden_size")
    )
    kv_heads = heads if values["num_key_value_heads"] is None else _count(values["num_key_value_heads"])
    d_head = width // heads if values.get("head_dim") is None else _count(values["head_dim"])
    epsilon = values["rms_norm_eps"]
    _demand(width % heads == 0 or (family != "llama" and values.get("head_dim") is not None))
    _demand(heads % kv_heads == 0 and d_head % 2 == 0)
    _demand(values["hidden_act"] in _ACTIVATIONS and isinstance(epsilon, float) and epsilon > 0)
    turned = _turned(values, layers)
    bias = {name: _flag(values.get(name, False)) for name in ("attention_bias", "mlp_bias")}
    return LlamaConfig(
        shape=Shape(
            family=family,
            n_layer=layers,
            n_head=heads,
            n_kv_head=kv_heads,
            d_model=width,
            d_head=d_head,
            d_mlp=_count(values["intermediate_size"]),
            n_ctx=_count(values["max_position_embeddings"]),
            n_vocab=_count(values["vocab_size"]),
            activation=values["hidden_act"],
            scale=d_head**-0.5,
            norm_epsilon=epsilon,
        ),
        tied=_flag(values["tie_word_embeddings"]),
        projection_bias=family == "qwen2" or bias["attention_bias"],
        output_bias=bias["attention_bias"],
        mlp_bias=bias["mlp_bias"],
        query_key_norm=family == "qwen3",
        windows=_windows(values, layers, turned),
        turned=turned,
        rope=rope,
    )


def _turned(values: dict[str, Any], layers: int) -> tuple[bool, ...]:
    """Which layers turn queries and keys: SmolLM3 leaves out every fourth, or those that it names."""
    if "no_rope_layers" not in values:
        return (True,) * layers
    named = values["no_rope_layers"]
    if named is None:
        interval = _count(values["no_rope_layer_interval"])
        return tuple((layer + 1) % interval != 0 for layer in range(layers))
    _demand(isinstance(named, list) and len(named) >= layers and set(named) <= {0, 1})
    return tuple(bool(turns) for turns in named[:layers])


def _windows(values: dict[str, Any], layers: int, turned: tuple[bool, ...]) -> tuple[int | None, ...]:
    """How far back each layer looks."""
    window = values.get("sliding_window")
    window = None if window is None else _count(window)
    if "layer_types" not in values:
        return (window,) * layers
    asked = _flag(values["use_sliding_window"])
    if "max_window_layers" in values:  # Qwen
        window = window if asked else None
        slides = [layer >= _count(values["max_window_layers"], least=0) for layer in range(layers)]
    else:
        slides = [asked and not turns for turns in turned]
    types = values["layer_types"]
    if types is None:
        return tuple(window if slide else None for slide in slides)
    _demand(isinstance(types, list) and len(types) == layers and set(types) <= {_FULL, _SLIDING})
    _demand(window is not None or _SLIDING not in types)
    return tuple(window if kind == _SLIDING else None for kind in types)


def _rope(config: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """The `rope_parameters` of a config of today, or what older ones say in their place."""
    given = config.get("rope_scaling") or config.get("rope_parameters") or {}
    rope = {"rope_theta": values["rope_theta"], **given}
    rope["rope_type"] = kind = rope.get("rope_type", rope.get("type", "default"))
    _demand(kind in _ROPE and rope.get("partial_rotary_factor") in (None, 1))
    if kind in ("llama3", "yarn"):
        rope.setdefault("original_max_position_embeddings", values["max_position_embeddings"])
        if "original_max_position_embeddings" in config:
            rope["original_max_position_embeddings"] = config["original_max_position_embeddings"]
    for name in ("rope_theta", *_ROPE[kind]):
        _demand(isinstance(rope[name], int | float) and not isinstance(rope[name], bool) and rope[name] > 0)
    _demand(not any(isinstance(value, dict) for value in rope.values()))
    return rope


def _count(value: Any, least: int = 1) -> int:
    _demand(isinstance(value, int) and not isinstance(value, bool) and value >= least)
    return int(value)


def _flag(value: Any) -> bool:
    _demand(isinstance(value, bool))
    return bool(value)


def _demand(met: bool) -> None:
    if not met:
        raise ValueError
