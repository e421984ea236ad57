"""Direct logit attribution of the last position: who pushed the winning token, and who its runner-up.

Every part that was written to the last token's stream has a share in a logit; the formula and its source are
in `derived.direct_logit_attribution`. The final norm's scale is held at what it was in the run, so that the
shares add up. Where a norm stands between attention and the stream (Gemma 2 and 3), its scale is held
likewise, so heads add up to what attention adds. A soft cap comes after all this: the shares add up to logits
before it. No family here adds a bias to its logits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.derived import direct_logit_attribution, head_outputs, top_ids
from model_probe.network import Network

LAST = ("wte_TD", "wpe_TD", "z_LHTK", "attn_unnormed_LTD", "attn_out_LTD", "mlp_out_LTD", "resid_final_TD")
"""The tensors whose last token's rows it is computed from; those that the family has."""

NAMES = (
    "dla_ids_2",
    "dla_logit_2",
    "dla_scale_1",
    "dla_embed_2",
    "dla_position_2",
    "dla_attn_2L",
    "dla_head_2LH",
    "dla_attn_bias_2L",
    "dla_mlp_2L",
    "dla_norm_bias_2",
)


def tensors(
    network: Network, last: Mapping[str, NDArray[np.float32]], logits_last_V: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    """The shares in the winner's logit and in winner − runner-up, by their names in the trace.

    Nothing where a norm stands behind every sum (OPT 350M): what is written then is not added to what reaches
    the unembedding; nor in a vocabulary of one token.

    Args:
        network: the model.
        last: the last token's rows of the tensors LAST, (L, D), (D,) or (L, H, K).
        logits_last_V: its logits.
    """
    ids_2 = top_ids(logits_last_V, 2)
    norm = network.final_norm()
    if norm is None or len(ids_2) < 2:
        return {}
    heads: list[NDArray[np.floating[Any]]] = []
    biases: list[NDArray[np.floating[Any]]] = []
    for layer, z_HK in enumerate(last["z_LHTK"]):
        output_HKD, bias_D = network.output(layer)
        heads.append(head_outputs(z_HK, output_HKD))
        biases.append(np.zeros_like(last["wte_TD"]) if bias_D is None else bias_D)
        between = network.norm_after_attention(layer)
        if between is not None:
            given_D = last["attn_unnormed_LTD"][layer]
            heads[-1], biases[-1] = between.part(heads[-1], given_D), between.part(biases[-1], given_D)
    parts = {
        "embed": last["wte_TD"],
        **({"position": last["wpe_TD"]} if "wpe_TD" in last else {}),
        "head": np.stack(heads),
        "attn_bias": np.stack(biases),
        "mlp": last["mlp_out_LTD"],
    }
    stream_D = last["resid_final_TD"]
    rows_2D = network.unembedding()[ids_2].astype(np.float64)
    readings_2D = np.stack([rows_2D[0], rows_2D[0] - rows_2D[1]])
    shares = [direct_logit_attribution(parts, stream_D, norm, each_D) for each_D in readings_2D]
    found = {name: np.stack([each[name] for each in shares]) for name in shares[0]}
    found["norm_bias"] = found.pop("bias")
    attention_LD = np.asarray(last["attn_out_LTD"], np.float64)
    found["attn"] = norm.reading(readings_2D) @ attention_LD.T / norm.deviation(stream_D)
    found["logit"] = readings_2D @ norm(stream_D)
    axes = {"attn": "2L", "head": "2LH", "attn_bias": "2L", "mlp": "2L"}
    named = {f"dla_{name}_{axes.get(name, '2')}": each.astype(np.float32) for name, each in found.items()}
    scale_1 = norm.deviation(stream_D)[None].astype(np.float32)
    return {"dla_ids_2": ids_2, "dla_scale_1": scale_1, **named}
