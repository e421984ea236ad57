"""How many numbers the model learned, and what they are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import GPT2LMHeadModel

# What a GPT-2 parameter's module is for; c_attn is three matrices side by side and is cut apart below
_CATEGORY = {
    "wte": "embedding",
    "wpe": "position",
    "attn.c_proj": "output",
    "mlp.c_fc": "mlp_up",
    "mlp.c_proj": "mlp_down",
    "ln_1": "norm",
    "ln_2": "norm",
    "ln_f": "norm",
    "lm_head": "unembedding",
}
CATEGORIES = (
    "embedding",
    "position",
    "query",
    "key",
    "value",
    "output",
    "mlp_up",
    "mlp_down",
    "norm",
    "bias",
    "unembedding",
)


def tally(model: GPT2LMHeadModel) -> dict[str, int]:
    """Count the parameters by category; the counts add up to the model's total.

    Weights are counted with what they are for, so a row compares with GPT-3's; biases of the matrices are a
    row of their own, and the norms' scale and shift are both "norm". A tied unembedding adds nothing: 0.
    """
    counts = dict.fromkeys(CATEGORIES, 0)
    for name, parameter in model.named_parameters():  # a tied weight comes once, under its first name
        module, _, kind = name.rpartition(".")
        if module.endswith("attn.c_attn"):
            part = parameter.numel() // 3
            for category in ("query", "key", "value") if kind == "weight" else ("bias",) * 3:
                counts[category] += part
            continue
        category = next(c for suffix, c in _CATEGORY.items() if module.endswith(suffix))
        counts["bias" if kind == "bias" and category != "norm" else category] += parameter.numel()
    return counts
