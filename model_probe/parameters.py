"""How many numbers the model learned, and what they are for."""

from __future__ import annotations

import re
from collections.abc import Mapping

from model_probe.errors import ModelError
from model_probe.shape import Shape

CATEGORIES = (
    "embedding",
    "position",
    "query",
    "key",
    "value",
    "output",
    "mlp_gate",
    "mlp_up",
    "mlp_down",
    "norm",
    "bias",
    "unembedding",
)

# The end of a module's name, in any of the families → what its weight is for
_CATEGORY = {
    "embedding": ("wte", "embed_tokens", "embed_in", "project_in"),
    "position": ("wpe", "embed_positions"),
    "query": ("q_proj",),
    "key": ("k_proj",),
    "value": ("v_proj",),
    "output": ("attn.c_proj", "o_proj", "self_attn.out_proj", "attention.dense"),
    "mlp_gate": ("mlp.gate_proj",),
    "mlp_up": ("mlp.c_fc", "mlp.up_proj", "fc1", "dense_h_to_4h"),
    "mlp_down": ("mlp.c_proj", "mlp.down_proj", "fc2", "dense_4h_to_h"),
    "norm": (r"ln_\d", "ln_f", r"\w*norm"),
    "unembedding": ("lm_head", "embed_out", "project_out"),
}
_SUFFIX = {c: re.compile(rf"(?:^|\.)(?:{'|'.join(ends)})$") for c, ends in _CATEGORY.items()}


def count(shape: Shape, sizes: Mapping[str, int]) -> dict[str, int]:
    """Count parameters, given by name and number, by category; the counts add up to the model's total.

    Weights are counted with what they are for, so a row compares with GPT-3's; biases of the matrices are a
    row of their own, and the norms' scale and shift are both "norm". Matrices that hold several side by side
    are cut apart. A tied unembedding is not among the sizes and adds nothing: 0.

    Raises:
        ModelError: a parameter is of no known kind.
    """
    counts = dict.fromkeys(CATEGORIES, 0)
    if not shape.gated:
        del counts["mlp_gate"]
    for name, number in sizes.items():
        module, _, kind = name.rpartition(".")
        for category, part in parts(shape, module, number).items():
            counts["bias" if kind == "bias" and category != "norm" else category] += part
    return counts


def parts(shape: Shape, module: str, number: int) -> dict[str, int]:
    """What a module's numbers, or the rows of its outputs, are for: so many of each category, side by side.

    Raises:
        ModelError: the module is of no known kind.
    """
    if module.endswith(("attn.c_attn", "qkv_proj", "query_key_value")):
        heads = shape.n_head + 2 * shape.n_kv_head
        key = number * shape.n_kv_head // heads
        return {"query": number - 2 * key, "key": key, "value": key}
    if module.endswith("gate_up_proj"):
        return {"mlp_gate": number // 2, "mlp_up": number - number // 2}
    for category, suffix in _SUFFIX.items():
        if suffix.search(module):
            return {category: number}
    raise ModelError(f"{module} is a parameter of no known kind")
