"""A model's shape: what its config says, in one vocabulary for all families."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Wiring = Literal["sequential", "parallel", "sandwich", "post_norm"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """The sizes and the wiring of one model.

    Attributes:
        family: Hugging Face's `model_type`.
        n_kv_head: heads of keys and values; where there are fewer than n_head, neighbouring queries share one
            (grouped-query attention, Ainslie et al. 2023).
        wiring: where the norms stand. "sequential": before attention and before the MLP (GPT-2, Llama);
            "parallel": both read the same stream, and their sum is added (GPT-NeoX); "sandwich": before and
            after each (Gemma 2); "post_norm": after each sum (Vaswani et al. 2017; OPT 350M).
        positions: "learned" vectors added to the embedding, or "rotary" ones that turn queries and keys.
        norm: "layer" or "rms".
        gated: whether the MLP multiplies its activation with a second projection (Shazeer 2020).
        attention_softcap, logit_softcap: c in c·tanh(x / c), applied to scores and logits; None: not applied.
    """

    family: str
    n_layer: int
    n_head: int
    n_kv_head: int
    d_model: int
    d_head: int
    d_mlp: int
    n_ctx: int
    n_vocab: int
    activation: str
    scale: float
    norm_epsilon: float
    wiring: Wiring = "sequential"
    positions: Literal["learned", "rotary"] = "rotary"
    norm: Literal["layer", "rms"] = "rms"
    gated: bool = True
    attention_softcap: float | None = None
    logit_softcap: float | None = None

    @property
    def key_axes(self) -> str:
        """The axes of keys and values in the trace: with query heads, or with heads that those share."""
        return "LHTK" if self.n_kv_head == self.n_head else "LCTK"


def shared_heads(heads: Iterable[int], group: int) -> list[int]:
    """The heads of keys and values that these query heads use, in order; `group` neighbours share one."""
    return sorted({head // group for head in heads})


# Names that a GPT-2's config may use as well; transformers takes them before GPT-2's own (`attribute_map`)
_GPT2_NAMES = {
    "n_embd": "hidden_size",
    "n_head": "num_attention_heads",
    "n_layer": "num_hidden_layers",
    "n_positions": "max_position_embeddings",
}


def gpt2_shape(config: dict[str, Any]) -> Shape:
    """GPT-2's shape from its `config.json`; what that leaves out has GPT2Config's value, GPT-2 small's.

    Raises:
        KeyError, TypeError, ValueError, ZeroDivisionError: the config is not one of a GPT-2.
    """
    config = config | {own: config[name] for own, name in _GPT2_NAMES.items() if name in config}

    def whole(name: str, otherwise: int) -> int:
        value = config.get(name, otherwise)
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} is {value!r}; a whole number from 1 on is wanted")
        return value

    width, heads = whole("n_embd", 768), whole("n_head", 12)
    if width % heads:
        raise ValueError(f"n_embd {width} is not a multiple of n_head {heads}")
    return Shape(
        family="gpt2",
        n_layer=whole("n_layer", 12),
        n_head=heads,
        n_kv_head=heads,
        d_model=width,
        d_head=width // heads,
        d_mlp=4 * width if config.get("n_inner") is None else whole("n_inner", 0),
        n_ctx=whole("n_positions", 1024),
        n_vocab=whole("vocab_size", 50257),
        activation=str(config.get("activation_function", "gelu_new")),
        scale=(width // heads) ** -0.5 if config.get("scale_attn_weights", True) else 1.0,
        norm_epsilon=float(config.get("layer_norm_epsilon", 1e-5)),
        positions="learned",
        norm="layer",
        gated=False,
    )
