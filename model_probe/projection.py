"""One head's learned weights: what makes its queries and keys, as transformers' modules hold them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.families import Family
from model_probe.shape import Shape


def projection(attention: Any, family: Family, shape: Shape, head: int) -> dict[str, NDArray[np.float32]]:
    """The rows of W_Q and W_K that belong to one head, and their biases where there are any.

    A row times what the attention is given (`ln1_LTD`), and the bias added, is one number of the query: as it
    is before it is normed (Qwen3, Gemma 3), turned by its position (rotary models) or scaled.

    Args:
        attention: a block's attention module.
        family: the model's.
        shape: the model's.
        head: the query head; its keys may be shared with others.

    Returns `query_weight_KD` and `key_weight_KD`, (K, D) each, `query_bias_K` and `key_bias_K`, by their
    names in the trace.
    """
    shared = head // (shape.n_head // shape.n_kv_head)
    match family.query_key:
        case "none":  # GPT-2: queries, keys and values side by side
            query, key = (attention.c_attn, head), (attention.c_attn, shape.n_head + head)
        case "fused":
            query, key = (attention.qkv_proj, head), (attention.qkv_proj, shape.n_head + shared)
        case "interleaved":  # by head: its query, key and value
            query, key = (attention.query_key_value, 3 * head), (attention.query_key_value, 3 * head + 1)
        case _:
            query, key = (attention.q_proj, head), (attention.k_proj, shared)
    tensors = {}
    for name, (module, block) in (("query", query), ("key", key)):
        rows = slice(block * shape.d_head, (block + 1) * shape.d_head)
        # GPT-2's Conv1D holds its matrix input × output
        weight_OD = module.weight.T if family.query_key == "none" else module.weight
        tensors[f"{name}_weight_KD"] = _copied(weight_OD[rows])
        if module.bias is not None:
            tensors[f"{name}_bias_K"] = _copied(module.bias[rows])
    return tensors


def _copied(weight: Any) -> NDArray[np.float32]:
    return np.array(weight.detach().cpu().numpy(), dtype=np.float32, order="C")
