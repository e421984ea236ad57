import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from model_probe import families, lean, llama_config
from model_probe.lean.rotary import Rotary

LLAMA_3 = {
    "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}  # fmt: skip
SIZES = {"hidden_size": 256, "num_attention_heads": 4, "num_hidden_layers": 6}

# As their publishers write them, as far as they differ from the defaults; and what a config may leave out
CONFIGS: dict[str, dict[str, Any]] = {
    **{f"nothing, {name}": {"model_type": name} for name in ("llama", "qwen2", "mistral", "smollm3")},
    "nothing, qwen3": {"model_type": "qwen3"},
    "llama, no heads of keys": {"model_type": "llama", **SIZES, "num_key_value_heads": None},
    "llama 2": {"model_type": "llama", "rope_scaling": None, "rms_norm_eps": 1e-5, "pretraining_tp": 1},
    "llama 3.2": {
        "model_type": "llama", "hidden_size": 2048, "head_dim": 64, "num_key_value_heads": 8,
        "intermediate_size": 8192, "num_hidden_layers": 16, "max_position_embeddings": 131072,
        "rope_scaling": LLAMA_3, "rope_theta": 500000.0, "tie_word_embeddings": True, "vocab_size": 128256,
        "torch_dtype": "bfloat16", "eos_token_id": [128001, 128008, 128009],
    },
    "smollm2": {
        "model_type": "llama", "hidden_size": 576, "num_attention_heads": 9, "num_key_value_heads": 3,
        "intermediate_size": 1536, "max_position_embeddings": 8192, "rope_theta": 100000, "vocab_size": 49152,
        "rope_interleaved": False, "is_llama_config": True, "tie_word_embeddings": True,
    },
    "older names of scaling": {
        "model_type": "llama", **SIZES, "rope_scaling": {"type": "linear", "factor": 2.0}
    },
    "yarn, the trained length beside it": {
        "model_type": "llama", **SIZES, "max_position_embeddings": 4096,
        "original_max_position_embeddings": 512, "rope_scaling": {"type": "yarn", "factor": 8.0},
    },
    "rope parameters of today": {
        "model_type": "mistral", **SIZES, "sliding_window": None,
        "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}, "head_dim": None,
        "num_key_value_heads": 2,
    },
    "qwen2.5": {
        "model_type": "qwen2", "hidden_size": 896, "num_attention_heads": 14, "num_key_value_heads": 2,
        "num_hidden_layers": 24, "rope_theta": 1000000.0, "sliding_window": 32768, "max_window_layers": 21,
        "use_sliding_window": False, "tie_word_embeddings": True, "use_mrope": False,
    },
    "qwen2, with windows": {
        "model_type": "qwen2", **SIZES, "num_key_value_heads": 4, "use_sliding_window": True,
        "sliding_window": 9, "max_window_layers": 2,
    },
    "qwen3 0.6b": {
        "model_type": "qwen3", "hidden_size": 1024, "num_attention_heads": 16, "num_key_value_heads": 8,
        "head_dim": 128, "num_hidden_layers": 28, "rope_theta": 1000000, "sliding_window": None,
        "tie_word_embeddings": True, "attention_bias": False, "rope_scaling": None,
    },
    "qwen3, layers named": {
        "model_type": "qwen3", **SIZES, "use_sliding_window": True, "num_key_value_heads": 2,
        "layer_types": ["full_attention", "sliding_attention"] * 3,
    },
    "smollm3, layers named": {
        "model_type": "smollm3", **SIZES, "no_rope_layers": [1, 0, 1, 0, 1, 1], "use_sliding_window": True,
        "sliding_window": 7,
    },
}  # fmt: skip


def written(directory: Path, values: dict[str, Any]) -> Any:
    (directory / "config.json").write_text(json.dumps(values))
    return transformers.AutoConfig.from_pretrained(directory)


def model_of(config: Any) -> Any:
    library: Any = transformers
    return library.AutoModelForCausalLM.from_config(config)


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_says_what_the_library_reads_in_it(tmp_path: Path, name: str) -> None:
    values = CONFIGS[name]
    expected: Any = written(tmp_path, values)
    found = llama_config.read(values)
    assert found is not None
    assert lean.can_run(values)
    assert found.shape == families.shape_of(expected)
    assert families.shape_of_directory(tmp_path, values) == found.shape
    assert found.tied == expected.tie_word_embeddings
    with torch.device("meta"):
        expected.pad_token_id = None
        model = model_of(expected)
    attention, mlp = model.model.layers[0].self_attn, model.model.layers[0].mlp
    assert found.projection_bias == (attention.q_proj.bias is not None)
    assert found.output_bias == (attention.o_proj.bias is not None)
    assert found.mlp_bias == (mlp.down_proj.bias is not None)
    assert found.query_key_norm == hasattr(attention, "q_norm")
    layers = [layer.self_attn for layer in model.model.layers]
    assert found.turned == tuple(bool(getattr(layer, "use_rope", True)) for layer in layers)
    windows = [getattr(layer, "sliding_window", None) for layer in layers]
    if values["model_type"] == "mistral":
        windows = [expected.sliding_window] * len(layers)
    assert found.windows == tuple(windows)


@pytest.mark.parametrize("name", CONFIGS)
def test_positions_turn_by_the_library_s_angles(tmp_path: Path, name: str) -> None:
    expected: Any = written(tmp_path, CONFIGS[name])
    expected.num_hidden_layers, expected.pad_token_id = 1, None
    expected.intermediate_size = expected.vocab_size = 1
    model = model_of(expected)
    found = llama_config.read(CONFIGS[name])
    assert found is not None
    places_T = np.arange(300)
    ours = Rotary(found.rope, found.shape.d_head, found.shape.n_ctx).angles(places_T)
    theirs = model.model.rotary_emb(torch.zeros(1), torch.from_numpy(places_T)[None])
    for mine, turns in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine, turns[0, :, : found.shape.d_head // 2].numpy(), atol=2e-5)


@pytest.mark.parametrize(
    "values",
    [
        {"model_type": "gemma2"},
        {"model_type": "phi3"},
        {"model_type": ["llama"]},
        {"model_type": "llama", "hidden_act": "gelu"},
        {"model_type": "llama", "hidden_size": "4096"},
        {"model_type": "llama", "num_hidden_layers": True},
        {"model_type": "llama", "num_hidden_layers": 0},
        {"model_type": "llama", "hidden_size": 100, "num_attention_heads": 3},
        {"model_type": "llama", "num_key_value_heads": 5},
        {"model_type": "llama", "head_dim": 33},
        {"model_type": "llama", "attention_bias": None},
        {"model_type": "llama", "sliding_window": 5},
        {"model_type": "llama", "quantization_config": {"quant_method": "awq"}},
        {"model_type": "llama", "rope_theta": None},
        {"model_type": "llama", "rope_scaling": {"rope_type": "longrope", "factor": 4.0}},
        {"model_type": "llama", "rope_scaling": {"rope_type": "llama3", "factor": 4.0}},
        {"model_type": "llama", "rope_scaling": {"factor": 4.0, "type": "yarn", "rope_theta": "1"}},
        {"model_type": "llama", "rope_scaling": [4.0]},
        {"model_type": "llama", "partial_rotary_factor": 0.5},
        {"model_type": "llama", "rope_parameters": {"partial_rotary_factor": 0.5}},
        {"model_type": "qwen3", "head_dim": None},
        {"model_type": "qwen2", "layer_types": ["sliding_attention"] * 32},
        {"model_type": "qwen2", "layer_types": ["full_attention"]},
        {"model_type": "mistral", "layer_types": ["full_attention"] * 32},
        {"model_type": "smollm3", "no_rope_layers": [1]},
    ],
)
def test_what_is_not_computed_here_or_cannot_be_is_left_to_the_library(values: dict[str, Any]) -> None:
    assert llama_config.read(values) is None
    assert not lean.can_run(values)


def test_the_defaults_are_the_library_s() -> None:
    """A value that the library changes would move a model that leaves it out."""
    for family, defaults in llama_config._DEFAULTS.items():
        library: Any = transformers.AutoConfig.for_model(family)
        fields = {field.name: field.default for field in dataclasses.fields(library)}
        for name, value in (llama_config._ALL | defaults).items():
            expected = library.default_theta if name == "rope_theta" else fields[name]
            assert value == expected, (family, name)
