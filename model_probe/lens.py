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
    network: Network,
    stream: tuple[NDArray[np.float32], NDArray[np.float32]] | None,
    beside_MD: NDArray[np.float32] | None = None,
) -> dict[str, NDArray[Any]]:
    """Read the residual stream through the model's own final norm and unembedding, at M = L + 1 depths.

    Depth l is what layer l receives; the last is what the final norm receives: `stream` is resid_pre_LTD and
    resid_final_TD. Returns lens_ids_MWN and lens_logprobs_MWN (natural logarithm), for the last W positions
    and their N likeliest tokens, and lens_rank_MW, the rank at every depth of the token that is likeliest at
    the last; and of `beside_MD`, one vector at every depth, beside_lens_ids_MN and beside_lens_logprobs_MN.
    What is None is left out.
    """
    width, depths = network.shape.d_model, network.shape.n_layer + 1
    parts = [np.empty((0, width), np.float32)]
    if stream is not None:  # the last depth first: it has the tokens whose ranks are wanted at the others
        resid_pre_LTD, resid_final_TD = stream
        parts += [each[..., -WINDOW:, :].reshape(-1, width) for each in (resid_final_TD, resid_pre_LTD)]
    own = sum(map(len, parts))
    if beside_MD is not None:  # in one go with the others: a product over few vectors takes as long
        parts.append(beside_MD)
    rows, window = np.concatenate(parts), own // depths
    if not len(rows):
        return {}
    ids, logprobs, ranks = [], [], [np.empty(0, np.int64)]
    winners_W = np.empty(0, np.int64)
    for start in range(0, len(rows), CHUNK):
        logits_CV = network.unembed(rows[start : start + CHUNK])
        ids_CN, logits_CN, logsumexp_C = _top(logits_CV)
        if start == 0:
            winners_W = ids_CN[:window, 0]
        ids.append(ids_CN)
        logprobs.append(logits_CN - logsumexp_C[:, None])
        places = np.arange(start, min(start + CHUNK, own))
        if len(places):
            ranks.append(ranks_of(winners_W[places % window], logits_CV[: len(places)]))
    ids_RN, logprobs_RN = np.concatenate(ids), np.concatenate(logprobs)
    found: dict[str, NDArray[Any]] = {}
    if stream is not None:
        whole = {
            "lens_ids_MWN": ids_RN[:own].reshape(depths, window, -1),
            "lens_logprobs_MWN": logprobs_RN[:own].reshape(depths, window, -1),
            "lens_rank_MW": np.concatenate(ranks).reshape(depths, window),
        }
        found = {name: np.roll(tensor, -1, axis=0) for name, tensor in whole.items()}
    if beside_MD is not None:
        found |= {"beside_lens_ids_MN": ids_RN[own:], "beside_lens_logprobs_MN": logprobs_RN[own:]}
    return found


def ranks_of(ids_T: NDArray[np.int64], logits_TV: NDArray[np.float32]) -> NDArray[np.int64]:
    """The rank of one token a row among that row's logits, from 1; equals by id."""
    ranks = []
    for token, row_V in zip(ids_T.tolist(), logits_TV, strict=True):
        own = row_V[token]
        ranks.append(1 + np.count_nonzero(row_V > own) + np.count_nonzero(row_V[:token] == own))
    return np.array(ranks, np.int64)


def followed(
    logits_TV: NDArray[np.float32], ids_T: NDArray[np.int64], logsumexp_T: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    """Rank and log-probability of the token that really follows each position but the last."""
    next_ids = ids_T[1:]
    logits_T = np.take_along_axis(logits_TV[:-1], next_ids[:, None], axis=-1)[:, 0]
    return {
        "next_rank_T": ranks_of(next_ids, logits_TV[:-1]),
        "next_logprob_T": logits_T - logsumexp_T[:-1],
    }


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
