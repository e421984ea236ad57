"""Small GGUF files of transformers' models, laid out as llama.cpp's converter does it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from gguf import GGMLQuantizationType, GGUFWriter, quantize
from numpy.typing import NDArray

from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.tokens import BYTE_OF_CHARACTER

NORMAL, CONTROL, USER_DEFINED, BYTE = 1, 3, 4, 6  # token types
N_VOCAB = 512

_SIZES = {"vocab_size": N_VOCAB, "hidden_size": 64, "num_hidden_layers": 3, "num_attention_heads": 4}
_SIZES |= {"max_position_embeddings": 128, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
_LLAMA = {**_SIZES, "num_key_value_heads": 2, "intermediate_size": 96}
# The library's own loader of GGUF takes a class's default where a file's key is not in its table
_GEMMA = {**_LLAMA, "head_dim": 32, "sliding_window": 4, "query_pre_attn_scalar": 256}
_GPT2 = {"vocab_size": N_VOCAB, "n_embd": 64, "n_layer": 3, "n_head": 4, "n_positions": 1024}

# architecture → (config class, its values)
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt2": ("GPT2Config", {**_GPT2, "bos_token_id": 0, "eos_token_id": 0}),
    "llama": ("LlamaConfig", _LLAMA),
    "qwen2": ("Qwen2Config", {**_LLAMA, "tie_word_embeddings": True}),
    "qwen3": ("Qwen3Config", {**_LLAMA, "head_dim": 128}),
    "gemma2": ("Gemma2Config", _GEMMA),
    "gemma3": ("Gemma3TextConfig", {**_GEMMA, "num_hidden_layers": 7}),
    "phi3": ("Phi3Config", _LLAMA),
    "gptneox": ("GPTNeoXConfig", {**_SIZES, "intermediate_size": 96, "rotary_pct": 0.5}),
    "smollm3": ("SmolLM3Config", {**_LLAMA, "num_hidden_layers": 4}),
}

_BLOCK = {
    "transformer.h.": "blk.", "model.layers.": "blk.", "gpt_neox.layers.": "blk.",
}  # fmt: skip
_TOP = {
    "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm",
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "gpt_neox.embed_in": "token_embd", "gpt_neox.final_layer_norm": "output_norm", "embed_out": "output",
}  # fmt: skip
_INNER = {
    "ln_1": "attn_norm", "ln_2": "ffn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output",
    "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down", "attention.query_key_value": "attn_qkv",
    "attention.dense": "attn_output", "mlp.dense_h_to_4h": "ffn_up", "mlp.dense_4h_to_h": "ffn_down",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "self_attn.qkv_proj": "attn_qkv", "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down", "mlp.gate_up_proj": "ffn_up", "input_layernorm": "attn_norm",
}  # fmt: skip


def model_of(architecture: str, **values: Any) -> Any:
    """A random transformers model, with weights in which every part matters."""
    class_name, usual = MODELS[architecture]
    torch.manual_seed(11)
    library: Any = transformers
    config = getattr(library, class_name)(**usual | values)
    model = library.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return model.eval()


def write_gguf(
    path: Path,
    architecture: str = "llama",
    kind: GGMLQuantizationType = GGMLQuantizationType.F32,
    *,
    model: Any = None,
    metadata: Mapping[str, Any] | None = None,
    tensors: Mapping[str, NDArray[Any] | None] | None = None,
    tokenizer: Mapping[str, Any] | None = None,
    blocks: GGMLQuantizationType | None = None,
    **writer_options: Any,
) -> Path:
    """Write a model as a GGUF file.

    Args:
        path: the file.
        architecture: as GGUF calls it.
        kind: how matrices are stored; vectors are float32.
        model: what is written; by default `model_of(architecture)`.
        metadata: keys beside the usual ones, or others in their place; None leaves a key out.
        tensors: likewise of tensors.
        tokenizer: likewise of `tokenizer.…` keys.
        blocks: what tensors of bytes hold.
        writer_options: of `GGUFWriter`.
    """
    model = model_of(architecture) if model is None else model
    writer = GGUFWriter(path, architecture, **writer_options)
    keys = {**_keys(architecture, model.config)}
    keys |= {f"tokenizer.{k}": v for k, v in {**byte_level_tokenizer(), **(tokenizer or {})}.items()}
    for key, value in {**keys, **(metadata or {})}.items():
        if value is not None and key != "general.architecture":
            _add(writer, key, value)
    if metadata and "general.architecture" in metadata:
        writer.add_architecture = lambda: None  # type: ignore[method-assign]
        _add(writer, "general.architecture", metadata["general.architecture"])
    for name, weights in {**laid_out(architecture, model), **(tensors or {})}.items():
        if weights is None:
            continue
        if weights.dtype == np.uint8:
            writer.add_tensor(name, weights, raw_dtype=blocks)
        elif weights.ndim == 1 or kind is GGMLQuantizationType.F32:
            writer.add_tensor(name, np.ascontiguousarray(weights, np.float32))
        elif kind is GGMLQuantizationType.F16:
            writer.add_tensor(name, weights.astype(np.float16))
        else:
            writer.add_tensor(name, quantize(np.ascontiguousarray(weights), kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def laid_out(architecture: str, model: Any) -> dict[str, NDArray[np.float32]]:
    """A model's tensors with GGUF's names, as llama.cpp's converter lays them out."""
    config = model.config
    tensors = {}
    for name, parameter in model.named_parameters():
        weights = parameter.detach().numpy()
        theirs = _renamed(name, architecture)
        if architecture == "gpt2" and weights.ndim == 2 and ".c_" in name:
            weights = weights.T
        if architecture in ("llama", "smollm3") and ("q_proj" in name or "k_proj" in name):
            heads = config.num_attention_heads if "q_proj" in name else config.num_key_value_heads
            halves = weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:])
            weights = halves.swapaxes(1, 2).reshape(weights.shape)
        if architecture in ("gemma2", "gemma3") and name.endswith("norm.weight"):
            weights = weights + 1
        if architecture == "gptneox" and "query_key_value" in name:
            by_head = weights.reshape(config.num_attention_heads, 3, -1, *weights.shape[1:])
            weights = np.concatenate([by_head[:, n].reshape(-1, *weights.shape[1:]) for n in range(3)])
        tensors[theirs] = weights
    return tensors


def _renamed(name: str, architecture: str) -> str:
    stem, _, ending = name.rpartition(".")
    if stem in _TOP:
        return f"{_TOP[stem]}.{ending}"
    start = next(start for start in _BLOCK if stem.startswith(start))
    number, _, inner = stem.removeprefix(start).partition(".")
    sandwich = architecture in ("gemma2", "gemma3")
    norms = {
        "post_attention_layernorm": "post_attention_norm" if sandwich else "ffn_norm",
        "pre_feedforward_layernorm": "ffn_norm",
        "post_feedforward_layernorm": "post_ffw_norm",
    }
    return f"blk.{number}.{(_INNER | norms)[inner]}.{ending}"


def _keys(architecture: str, config: Any) -> dict[str, Any]:
    """The metadata that describe a model."""
    heads, width = config.num_attention_heads, config.hidden_size
    d_head = getattr(config, "head_dim", None) or width // heads
    keys: dict[str, Any] = {
        "context_length": config.max_position_embeddings,
        "embedding_length": width,
        "block_count": config.num_hidden_layers,
        "feed_forward_length": getattr(config, "intermediate_size", None) or 4 * width,
        "attention.head_count": heads,
    }
    if architecture in ("gpt2", "gptneox"):
        epsilon = getattr(config, "layer_norm_epsilon", None) or config.layer_norm_eps
        keys["attention.layer_norm_epsilon"] = epsilon
    else:
        keys["attention.head_count_kv"] = config.num_key_value_heads
        keys["attention.layer_norm_rms_epsilon"] = config.rms_norm_eps
        rope = config.rope_parameters
        keys["rope.freq_base"] = (rope.get("full_attention") or rope)["rope_theta"]
        keys["vocab_size"] = config.vocab_size
    if architecture == "gptneox":
        keys["rope.dimension_count"] = int(d_head * config.rope_parameters["partial_rotary_factor"])
        keys["use_parallel_residual"] = config.use_parallel_residual
    elif architecture in ("llama", "smollm3", "phi3"):
        keys["rope.dimension_count"] = d_head
    if architecture in ("qwen3", "gemma2", "gemma3"):
        keys["attention.key_length"] = keys["attention.value_length"] = d_head
    if architecture in ("gemma2", "gemma3"):
        keys["attention.sliding_window"] = config.sliding_window
    return {f"{architecture}.{key}": value for key, value in keys.items()}


def byte_level_tokenizer() -> dict[str, Any]:
    """A byte-level tokenizer of 512 tokens: storyteller's first merges."""
    import json

    merges = json.loads((STORYTELLER_DIRECTORY / "tokenizer.json").read_text())["model"]["merges"]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in merges]
    merges = merges[: N_VOCAB - 257]
    tokens = ["<|endoftext|>", *sorted(BYTE_OF_CHARACTER), *(merge.replace(" ", "") for merge in merges)]
    return {
        "ggml.model": "gpt2",
        "ggml.pre": "gpt-2",
        "ggml.tokens": tokens,
        "ggml.token_type": [CONTROL, *[NORMAL] * (len(tokens) - 1)],
        "ggml.merges": merges,
        "ggml.bos_token_id": 0,
        "ggml.eos_token_id": 0,
        "ggml.padding_token_id": 0,
    }


def _add(writer: GGUFWriter, key: str, value: Any) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, list(value))
