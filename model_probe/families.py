"""The families whose run can be read: where each keeps its parts, one small map a family.

To add one, add a `Family` here and a tiny config to `tests/model_probe/test_families.py`. A family
qualifies where its attention goes through transformers' `ALL_ATTENTION_FUNCTIONS` and the residual stream has
one of the wirings of `Shape`.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from model_probe.errors import ModelError, first_line
from model_probe.shape import Shape, Wiring, gpt2_shape


@dataclass(frozen=True)
class Family:
    """Where a family's modules are, by dotted name: in the causal model, or in one block.

    Attributes:
        label: what people call the family.
        embedding, position, project_in, final_norm, project_out: in the model; "" where there is none.
        blocks: the list of blocks.
        attention, norm_1, norm_2, mlp_in, mlp_up, mlp_out: in a block; `mlp_in` makes what the activation is
            applied to, `mlp_up` what a gated MLP multiplies that with, or "" where `mlp_in` makes both, and
            `mlp_out` takes the product.
        output: in the attention: the matrix that brings its heads into the stream.
        after_attention, after_mlp: norms between a part and the stream ("sandwich").
        gain_from_one: whether norms multiply with 1 + weight.
        query_key: which modules give queries and keys before they are turned, and how: "separate", one each;
            "normed", one each, after a norm of their own, "normed_by_head" with the heads in front; "fused",
            one behind the other in one projection; "interleaved", in one projection, head by head. "scaled":
            nothing turns them, but queries are scaled before attention sees them; "none": neither.
        positions, norm, gated: as in `Shape`.
    """

    label: str
    embedding: str = "model.embed_tokens"
    position: str = ""
    project_in: str = ""
    blocks: str = "model.layers"
    final_norm: str = "model.norm"
    project_out: str = ""
    attention: str = "self_attn"
    output: str = "o_proj"
    norm_1: str = "input_layernorm"
    norm_2: str = "post_attention_layernorm"
    after_attention: str = ""
    after_mlp: str = ""
    gain_from_one: bool = False
    mlp_in: str = "mlp.gate_proj"
    mlp_up: str = "mlp.up_proj"
    mlp_out: str = "mlp.down_proj"
    query_key: Literal["separate", "normed", "normed_by_head", "fused", "interleaved", "scaled", "none"] = (
        "separate"
    )
    wiring: Wiring = "sequential"
    positions: Literal["learned", "rotary"] = "rotary"
    norm: Literal["layer", "rms"] = "rms"
    gated: bool = True


_SANDWICH = Family(
    "Gemma 2",
    norm_2="pre_feedforward_layernorm",
    after_attention="post_attention_layernorm",
    after_mlp="post_feedforward_layernorm",
    gain_from_one=True,
    wiring="sandwich",
)

FAMILIES: dict[str, Family] = {
    "gpt2": Family(
        "GPT-2",
        embedding="transformer.wte",
        position="transformer.wpe",
        blocks="transformer.h",
        final_norm="transformer.ln_f",
        attention="attn",
        output="c_proj",
        norm_1="ln_1",
        norm_2="ln_2",
        mlp_in="mlp.c_fc",
        mlp_up="",
        mlp_out="mlp.c_proj",
        query_key="none",
        positions="learned",
        norm="layer",
        gated=False,
    ),
    "llama": Family("Llama"),
    "qwen2": Family("Qwen2"),
    "qwen3": Family("Qwen3", query_key="normed"),
    "mistral": Family("Mistral"),
    "gemma2": _SANDWICH,
    "gemma3_text": replace(_SANDWICH, label="Gemma 3", query_key="normed_by_head"),
    "gpt_neox": Family(
        "GPT-NeoX",
        embedding="gpt_neox.embed_in",
        blocks="gpt_neox.layers",
        final_norm="gpt_neox.final_layer_norm",
        attention="attention",
        output="dense",
        mlp_in="mlp.dense_h_to_4h",
        mlp_up="",
        mlp_out="mlp.dense_4h_to_h",
        query_key="interleaved",
        norm="layer",
        gated=False,
    ),
    "opt": Family(
        "OPT",
        embedding="model.decoder.embed_tokens",
        position="model.decoder.embed_positions",
        project_in="model.decoder.project_in",
        blocks="model.decoder.layers",
        final_norm="model.decoder.final_layer_norm",
        project_out="model.decoder.project_out",
        output="out_proj",
        norm_1="self_attn_layer_norm",
        norm_2="final_layer_norm",
        mlp_in="fc1",
        mlp_up="",
        mlp_out="fc2",
        query_key="scaled",
        positions="learned",
        norm="layer",
        gated=False,
    ),
    "phi3": Family("Phi-3", mlp_in="mlp.gate_up_proj", mlp_up="", query_key="fused"),
    "smollm3": Family("SmolLM3"),
}

_ONE_KEY = "its heads share one key and one value (GPT-BigCode attention)"

# Why a family that people may ask for is not read
REFUSED = {
    "gpt_bigcode": _ONE_KEY,
    "gpt_neo": "its attention does not go through the library's attention registry",
    "gptj": "its attention does not go through the library's attention registry",
    "bloom": "its attention does not go through the library's attention registry",
    "falcon": "its attention does not go through the library's attention registry",
    "mpt": "its attention does not go through the library's attention registry",
    "codegen": "its attention does not go through the library's attention registry",
    "gemma3": "it reads pictures as well; its text-only kin, gemma3_text, is supported",
    "mixtral": "its MLP is a mixture of experts, for which a trace has no tensors",
    "mamba": "it has no attention",
    "bert": "it is no causal language model",
    "t5": "it is an encoder with a decoder",
}


# What a model's class is called, up to what it is for ("ForCausalLM", "LMHeadModel", …) → its family
_CLASSES = {
    "GPT2": "gpt2",
    "Llama": "llama",
    "Qwen2": "qwen2",
    "Qwen3": "qwen3",
    "Mistral": "mistral",
    "Gemma2": "gemma2",
    "Gemma3": "gemma3",
    "Gemma3Text": "gemma3_text",
    "GPTNeoX": "gpt_neox",
    "OPT": "opt",
    "Phi3": "phi3",
    "SmolLM3": "smollm3",
    "GPTBigCode": "gpt_bigcode",
    "GPTNeo": "gpt_neo",
    "GPTJ": "gptj",
    "Bloom": "bloom",
    "Falcon": "falcon",
    "Mpt": "mpt",
    "MPT": "mpt",
    "CodeGen": "codegen",
    "Mixtral": "mixtral",
    "Mamba": "mamba",
    "Bert": "bert",
    "T5": "t5",
}
_PURPOSE = "|".join(("ForCausalLM", "LMHeadModel", "DoubleHeadsModel", "Model", r"For\w+"))

# Options of a config that change what is computed in a way that no trace holds, and what they are
_OPTIONS = {
    "add_cross_attention": "it attends to another model's output",
    "scale_attn_by_inverse_layer_idx": "every layer divides its scores by its own number",
    "use_bidirectional_attention": "its tokens see those after them",
    "multi_query": _ONE_KEY,
    "_remove_final_layer_norm": "its stream goes to the unembedding without a final norm",
    "quantization_config": "its weights are quantised; those in full or half precision are wanted",
}

# What a config says of how the library is to be called, and not of what the model is
_CALLING = (
    "output_attentions",
    "output_hidden_states",
    "return_dict",
    "use_return_dict",
    "use_cache",
    "torch_dtype",
    "dtype",
    "torchscript",
    "gradient_checkpointing",
    "attn_implementation",
    "_attn_implementation",
    "_attn_implementation_internal",
)


def named(config: dict[str, Any]) -> Any:
    """A model's family by its `config.json`: its `model_type`, or that of the class it names, or None."""
    if config.get("model_type") is not None or not isinstance(config.get("architectures"), list):
        return config.get("model_type")
    for architecture in config["architectures"]:
        match = re.fullmatch(rf"({'|'.join(_CLASSES)})({_PURPOSE})", str(architecture))
        if match:  # Gemma 3's causal model is of text alone, whose config has a name of its own
            return "gemma3_text" if match[0] == "Gemma3ForCausalLM" else _CLASSES[match[1]]
    return None


def check(name: str, config: dict[str, Any]) -> None:
    """Raise ModelError unless the model with this config is of a family whose run can be read in full."""
    family = named(config)
    supported = ", ".join(f"{entry.label} ({key})" for key, entry in FAMILIES.items())
    if family is None:
        classes = config.get("architectures")
        told = f"its architectures are {classes!r}" if classes else "and no architectures"
        raise ModelError(
            f"{name} has no model_type in its config, {told}: its family is not known; supported: {supported}"
        )
    if family not in FAMILIES:
        reason = REFUSED.get(family, "which is not supported") if isinstance(family, str) else "not a name"
        reason = f"which is not supported: {reason}" if family in REFUSED else reason
        raise ModelError(f"{name} is of the family {family!r}, {reason}; supported: {supported}")
    if config.get("attention_head_type") == "multiquery":  # as GPT-BigCode's first models have it
        config = {**config, "multi_query": True}
    for option, meaning in _OPTIONS.items():
        if config.get(option):
            raise ModelError(f"{name} sets {option} in its config, which is not supported: {meaning}")


def library_config(config: dict[str, Any]) -> Any:
    """A model's `config.json` as transformers has it, whatever that says of how the library is to be called.

    Raises:
        ValueError: the config is not one of its family.
    """
    import transformers

    library: Any = transformers  # untyped
    kept = {name: value for name, value in config.items() if name not in _CALLING}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # advice on the config's age
            return library.CONFIG_MAPPING[named(config)].from_dict(kept)
    except Exception as error:  # the library checks configs with exceptions of its own
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        raise ValueError(lines[-1] if lines else type(error).__name__) from None  # the first names the check


def family_of(config: Any) -> Family:
    """The map of a model, as its transformers config wires it."""
    family = FAMILIES[config.model_type]
    if config.model_type == "gpt_neox" and config.use_parallel_residual:
        family = replace(family, wiring="parallel")
    if config.model_type == "opt" and not config.do_layer_norm_before:
        family = replace(family, wiring="post_norm", final_norm="")
    if config.model_type == "opt" and config.word_embed_proj_dim == config.hidden_size:
        family = replace(family, project_in="", project_out="")
    return family


def shape_of(config: Any) -> Shape:
    """The shape of a model from its transformers config."""
    if config.model_type == "gpt2":
        return gpt2_shape(config.to_dict())
    family = family_of(config)
    heads, width = config.num_attention_heads, config.hidden_size
    d_head = getattr(config, "head_dim", None) or width // heads
    if family.positions == "rotary":
        _check_turned(config, d_head)

    def first(*names: str) -> Any:
        return next((value for n in names if (value := getattr(config, n, None)) is not None), None)

    return Shape(
        family=config.model_type,
        n_layer=config.num_hidden_layers,
        n_head=heads,
        n_kv_head=first("num_key_value_heads") or heads,
        d_model=width,
        d_head=d_head,
        d_mlp=first("intermediate_size", "ffn_dim"),
        n_ctx=config.max_position_embeddings,
        n_vocab=config.vocab_size,
        activation=first("activation_function", "hidden_activation", "hidden_act"),
        scale=(first("query_pre_attn_scalar") or d_head) ** -0.5,
        norm_epsilon=first("layer_norm_epsilon", "layer_norm_eps", "rms_norm_eps") or 1e-5,
        wiring=family.wiring,
        positions=family.positions,
        norm=family.norm,
        gated=family.gated,
        attention_softcap=first("attn_logit_softcapping") if config.model_type == "gemma2" else None,
        logit_softcap=first("final_logit_softcapping"),
    )


def _check_turned(config: Any, d_head: int) -> None:
    """Raise ValueError where a head is too narrow for the pairs of numbers that its position turns."""
    turned = d_head
    if config.model_type in ("gpt_neox", "phi3"):  # the library's other rotary families turn whole heads
        turned = int(d_head * config.rope_parameters.get("partial_rotary_factor", 1.0))
    if turned + turned % 2 > d_head:
        raise ValueError(
            f"its heads are {d_head} wide; rotary positions turn pairs of numbers, an even width is wanted"
        )


def shape_of_directory(directory: Path, config: dict[str, Any]) -> Shape:
    """The shape of the model in a directory, from its `config.json`.

    Raises:
        ModelError: the config is not one of its family.
    """
    try:
        if named(config) == "gpt2":
            return gpt2_shape(config)
        from model_probe import llama_config

        found = llama_config.read(config)
        return shape_of(library_config(config)) if found is None else found.shape
    except Exception as error:
        raise ModelError(f"{directory / 'config.json'} cannot be used: {first_line(error)}") from None
