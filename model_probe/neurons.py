"""Neurons of the MLPs: which are lit, which write most at the last position, and which tokens they promote.

A neuron is one entry of mlp_post_LTF: m = activation(pre), times up where the MLP has a gate. It writes m ·
its row of W_down to the stream. What that adds to the logits is read through the final norm, its scale held
at what it was in the run, and W_U (Geva et al. 2022, who leave the norm out; direct logit attribution:
Elhage et al. 2021). Where a norm stands between MLP and stream (Gemma 2 and 3), its scale is held likewise.
Where a norm stands behind every sum (OPT 350M) there is no final norm, and rows are read by W_U alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.derived import neuron_promotions, strongest_neurons, top_ids
from model_probe.network import Network

LIT = 0.1
"""A neuron is lit where it is above this; where the MLP has a gate, beyond it on either side."""

STRONGEST, PROMOTED = 5, 10

LAST = (
    *("mlp_pre_LTF", "mlp_up_LTF", "mlp_post_LTF", "mlp_unnormed_LTD", "mlp_out_LTD", "ln2_LTD"),
    *("resid_mid_LTD", "resid_final_TD"),
)
"""The tensors whose last token's rows all this is computed from; those that the family has."""

NAMES = (
    "neuron_ids_LN",
    "neuron_strengths_LN",
    "neuron_logits_LN",
    "neuron_tokens_LN",
    "neuron_token_logits_LN",
    "neuron_likeness_L",
    "neuron_shown_2",
    "neuron_in_D",
    "neuron_pre_F",
    "neuron_up_F",
    "neuron_pre_weight_D",
    "neuron_pre_bias_1",
    "neuron_up_weight_D",
    "neuron_up_bias_1",
    "neuron_out_weight_D",
)


def lit(post_TF: Any, gated: bool) -> Any:
    """The share of neurons that are lit at each position, from 0 to 1; of numpy's arrays or torch's."""
    bright = post_TF > LIT
    if gated:
        bright = bright | (post_TF < -LIT)
    return bright.sum(-1) / post_TF.shape[-1]


def tensors(
    network: Network, last: Mapping[str, NDArray[np.float32]], logits_last_V: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    """All of NAMES that the model has.

    Args:
        network: the model.
        last: the last token's rows of the tensors LAST, (L, D), (L, F) or (D,).
        logits_last_V: its logits.
    """
    norm, unembedding_VD, embedding_VD = network.final_norm(), network.unembedding(), network.embedding()
    stream_D = last["resid_final_TD"]
    ids, strengths, rows = [], [], []
    for layer, post_F in enumerate(last["mlp_post_LTF"]):
        output_FD = network.mlp_output(layer)
        ids_N, strengths_N = strongest_neurons(post_F, output_FD, STRONGEST)
        rows_ND = post_F[ids_N, None] * np.asarray(output_FD[ids_N], np.float64)
        between = network.norm_after_mlp(layer)
        rows.append(rows_ND if between is None else between.part(rows_ND, last["mlp_unnormed_LTD"][layer]))
        ids.append(ids_N)
        strengths.append(strengths_N)
    ids_LN, read_LND = np.stack(ids), np.stack(rows)
    added_LD = np.asarray(last["mlp_out_LTD"], np.float64)
    if norm is not None:
        read_LND, added_LD = norm.part(read_LND, stream_D), norm.part(added_LD, stream_D)
    winner_D = unembedding_VD[top_ids(logits_last_V, 1)[0]].astype(np.float64)
    tokens_LN, token_logits_LN = neuron_promotions(read_LND[:, 0], unembedding_VD, top=PROMOTED)
    layer = int((added_LD @ winner_D).argmax())
    neuron = int(ids_LN[layer, 0])
    came_in = last["ln2_LTD" if "ln2_LTD" in last else "resid_mid_LTD"]
    found: dict[str, NDArray[Any]] = {
        "neuron_strengths_LN": np.stack(strengths),
        "neuron_logits_LN": read_LND @ winner_D,
        "neuron_token_logits_LN": token_logits_LN,
        "neuron_likeness_L": _likeness(embedding_VD[tokens_LN]),
        "neuron_in_D": came_in[layer],
        "neuron_pre_F": last["mlp_pre_LTF"][layer],
        **({"neuron_up_F": last["mlp_up_LTF"][layer]} if "mlp_up_LTF" in last else {}),
        **network.neuron(layer, neuron),
        "neuron_out_weight_D": network.mlp_output(layer)[neuron],
    }
    return {
        "neuron_ids_LN": ids_LN,
        "neuron_tokens_LN": tokens_LN,
        "neuron_shown_2": np.array([layer, neuron]),
        **{name: np.ascontiguousarray(each, np.float32) for name, each in found.items()},
    }


def _likeness(vectors_LND: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean cosine of all pairs of N vectors, (L,); a vector of zeros is like none."""
    vectors = vectors_LND.astype(np.float64)
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit_LND = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    many = unit_LND.shape[1]
    sums_L = (unit_LND.sum(axis=1) ** 2).sum(axis=-1) - (unit_LND**2).sum(axis=(1, 2))
    return np.asarray(sums_L / max(1, many * (many - 1)))
