"""The logit lens: what the model would say if it stopped at each layer (nostalgebraist 2020)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.derived import top_ids
from model_probe.network import Network

TOP = 10  # N
WINDOW = 128  # W: at most so many last positions
CHUNK = 128  # vectors unembedded at once: one product over many is fast, but has V numbers for each


def top_logits(logits_TV: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Each position's ten largest logits, their ids, and the logsumexp that makes probabilities of them."""
    ids_TN, logits_TN, logsumexp_T = _top(logits_TV)
    return {"top_ids_TN": ids_TN, "top_logits_TN": logits_TN, "logsumexp_T": logsumexp_T}


def logit_lens(
    network: Network, resid_pre_LTD: NDArray[np.float32], resid_final_TD: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    """Read the residual stream through the model's own final norm and unembedding, at M = L + 1 depths.

    Depth l is what layer l receives; the last is what the final norm receives. Returns lens_ids_MWN and
    lens_logprobs_MWN (natural logarithm), for the last W positions and their N likeliest tokens, and
    lens_rank_MW, the rank at every depth of the token that is likeliest at the last.
    """
    # the last depth first: it has the tokens whose ranks are wanted at the others
    resid_MWD = np.concatenate([resid_final_TD[None, -WINDOW:], resid_pre_LTD[:, -WINDOW:]])
    depths, window, width = resid_MWD.shape
    rows = resid_MWD.reshape(-1, width)
    ids, logprobs, ranks = [], [], []
    winners_W = np.empty(0, np.int64)
    for start in range(0, len(rows), CHUNK):
        logits_CV = network.unembed(rows[start : start + CHUNK])
        ids_CN, logits_CN, logsumexp_C = _top(logits_CV)
        if start == 0:
            winners_W = ids_CN[:window, 0]
        ids.append(ids_CN)
        logprobs.append(logits_CN - logsumexp_C[:, None])
        ranks.append(ranks_of(winners_W[(start + np.arange(len(ids_CN))) % window], logits_CV))
    found = {
        "lens_ids_MWN": np.concatenate(ids).reshape(depths, window, -1),
        "lens_logprobs_MWN": np.concatenate(logprobs).reshape(depths, window, -1),
        "lens_rank_MW": np.concatenate(ranks).reshape(depths, window),
    }
    return {name: np.roll(tensor, -1, axis=0) for name, tensor in found.items()}


def ranks_of(ids_T: NDArray[np.int64], logits_TV: NDArray[np.float32]) -> NDArray[np.int64]:
    """The rank of one token a row among that row's logits, from 1; equals by id."""
    ranks = []
    for token, row_V in zip(ids_T.tolist(), logits_TV, strict=True):
        own = row_V[token]
        ranks.append(1 + np.count_nonzero(row_V > own) + np.count_nonzero(row_V[:token] == own))
    return np.array(ranks, np.int64)


def _top(
    logits_TV: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """The N largest of each row and their ids, largest first, equals by id; and each row's logsumexp."""
    ids_TN = top_ids(logits_TV, TOP)
    logits_TN = np.take_along_axis(logits_TV, ids_TN, axis=-1)
    sums, weights_V = [], np.empty_like(logits_TV[0])  # one row's room, used again for each
    for row_V, top in zip(logits_TV, logits_TN[:, 0], strict=True):
        np.exp(np.subtract(row_V, top, out=weights_V), out=weights_V)
        sums.append(weights_V.sum(dtype=np.float64))
    return ids_TN, logits_TN, (logits_TN[:, 0] + np.log(sums)).astype(np.float32)
