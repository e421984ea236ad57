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

LAST = (
    *("wte_TD", "wpe_TD", "pattern_LHTS", "z_LHTK", "attn_unnormed_LTD", "attn_out_LTD", "mlp_out_LTD"),
    "resid_final_TD",
)
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
    "dla_source_2T",
)


def tensors(
    network: Network,
    last: Mapping[str, NDArray[np.float32]],
    cache: Any,
    logits_last_V: NDArray[np.float32],
) -> dict[str, NDArray[Any]]:
    """The shares in the winner's logit and in winner − runner-up, by their names in the trace.

    Nothing where a norm stands behind every sum (OPT 350M): what is written then is not added to what reaches
    the unembedding; nor in a vocabulary of one token.

    Args:
        network: the model.
        last: the last token's rows of the tensors LAST, (L, D), (D,), (L, H, K) or (L, H, S).
        cache: the run's keys and values.
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
    named["dla_scale_1"] = norm.deviation(stream_D)[None].astype(np.float32)
    reading_D = norm.reading(readings_2D[1]) / norm.deviation(stream_D)
    sources_2T = _sources(network, last, cache, reading_D, found["head"][1])
    if sources_2T is not None:
        named["dla_source_2T"] = sources_2T.astype(np.float32)
    return {"dla_ids_2": ids_2, **named}


def _sources(
    network: Network,
    last: Mapping[str, NDArray[np.float32]],
    cache: Any,
    reading_D: NDArray[np.float64],
    head_LH: NDArray[np.float64],
) -> NDArray[np.float64] | None:
    """From which tokens the strongest head for the winner and the strongest against read their shares.

    A head's output is the sum over tokens of weight · value · W_O. Where the cache has let go of the token at
    the window's far end, its share is what the others lack; None where more than one is gone.
    """
    held, shape = network.held(cache), network.shape
    rows = []
    for place in (head_LH.argmax(), head_LH.argmin()):
        layer, head = divmod(int(place), shape.n_head)
        between = network.norm_after_attention(layer)
        direction_D = reading_D
        if between is not None:
            direction_D = between.reading(reading_D) / between.deviation(last["attn_unnormed_LTD"][layer])
        pushed_K = network.output(layer)[0][head] @ direction_D
        values_SK = held[layer][1][head * shape.n_kv_head // shape.n_head]
        weights_T = last["pattern_LHTS"][layer, head].astype(np.float64)
        gone = len(weights_T) - len(values_SK)
        row_T = np.zeros_like(weights_T)
        row_T[gone:] = weights_T[gone:] * (values_SK @ pushed_K)
        lost = np.flatnonzero(weights_T[:gone])
        if len(lost) > 1:
            return None
        row_T[lost] = head_LH[layer, head] - row_T.sum()
        rows.append(row_T)
    return np.stack(rows)
