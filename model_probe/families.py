"""The families whose run can be read: where each keeps its parts, one small map a family.

To add one, add a `Family` here and a tiny config to `tests/model_probe/test_families.py`. A family
qualifies where its attention goes through transformers' `ALL_ATTENTION_FUNCTIONS` and the residual stream has
one of the wirings of `Shape`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from model_probe import llama_config
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
        after_attention, after_mlp: norms between a part and the stream ("sandwich").
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
    norm_1: str = "input_layernorm"
    norm_2: str = "post_attention_layernorm"
    after_attention: str = ""
    after_mlp: str = ""
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

# Why a family that people may ask for is not read
REFUSED = {
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


def check(name: str, config: dict[str, Any]) -> None:
    """Raise ModelError unless the model with this config is of a family whose run can be read in full."""
    family = config.get("model_type")
    if family not in FAMILIES:
        supported = ", ".join(f"{entry.label} ({key})" for key, entry in FAMILIES.items())
        reason = REFUSED.get(family, "which is not supported") if isinstance(family, str) else "not a name"
        reason = f"which is not supported: {reason}" if family in REFUSED else reason
        raise ModelError(f"{name} is of the family {family!r}, {reason}; supported: {supported}")
    for option in ("add_cross_attention", "scale_attn_by_inverse_layer_idx", "use_bidirectional_attention"):
        if config.get(option):
            raise ModelError(f"{name} sets {option} in its config, which is not supported")


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
    family = family_of(config)
    heads, width = config.num_attention_heads, config.hidden_size
    d_head = getattr(config, "head_dim", None) or width // heads

    def first(*names: str) -> Any:
        return next((value for n in names if (value := getattr(config, n, None)) is not None), None)

    return Shape(
        family=config.model_type,
        n_layer=config.num_hidden_layers,
        n_head=heads,
        n_kv_head=first("num_key_value_heads") or heads,
        d_model=width,
        d_head=d_head,
        d_mlp=first("intermediate_size", "ffn_dim", "n_inner") or 4 * width,
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


def shape_of_directory(directory: Path, config: dict[str, Any]) -> Shape:
    """The shape of the model in a directory, from its `config.json`.

    Raises:
        ModelError: the config is not one of its family.
    """
    try:
        if config.get("model_type") == "gpt2":
            return gpt2_shape(config)
        found = llama_config.read(config)
        if found is not None:
            return found.shape
        from transformers import AutoConfig

        return shape_of(AutoConfig.from_pretrained(directory, local_files_only=True))
    except Exception as error:  # the library checks configs with exceptions of its own
        raise ModelError(f"{directory / 'config.json'} cannot be used: {first_line(error)}") from None
