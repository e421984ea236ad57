"""Five ways of writing on from one prompt, side by side: greedy, top-k, top-p, all tokens, beam search.

All of them go on from one run of the prompt, a forward pass a step for all together; a text is replayed from
the seed alone.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.generation import Beams, Method, largest, softmax, write, writer
from model_probe.network import Network, Run

STEPS = 12  # tokens of a text, at most
TOP = 2  # likeliest tokens that are kept of every step
ROWS: tuple[tuple[Method, int], ...] = (  # how, and what is added to the seed
    (Method("greedy"), 0),
    (Method(top_k=40), 0),
    (Method(top_p=0.9), 0),
    (Method(), 0),
    (Method("beam", beams=4), 0),
    (Method(), 0),
    (Method(), 1),
)
GREEDY, TOP_K, TOP_P, FULL, BEAM, AGAIN, OTHER = range(len(ROWS))


def runs(
    network: Network, run: Run, *, seed: int, end_ids: Collection[int], room: int
) -> dict[str, NDArray[Any]]:
    """Write on in all the ways of `ROWS` after a run, as far as there is room for tokens.

    The meaning of each tensor stands in `meanings.py`.
    """
    writers = [writer(method, network.shape, seed + more, end_ids) for method, more in ROWS]
    steps = min(STEPS, room)
    write(network, run, writers, steps)
    count, top = len(writers), min(TOP, network.shape.n_vocab)
    lengths_R = np.zeros(count, np.int64)
    ids_RG, kept_RG = np.zeros((2, count, steps), np.int64)
    logprobs_RG, mass_RG = np.zeros((2, count, steps), np.float32)
    uniform_RG, spans_RG2 = np.full((count, steps), -1.0), np.zeros((count, steps, 2))
    top_ids_RGN = np.zeros((count, steps, top), np.int64)
    top_logprobs_RGN = np.zeros((count, steps, top), np.float32)
    for row, each in enumerate(writers):
        tensors = each.tensors()
        ids_G = _until_the_end(tensors["step_ids_G"], end_ids)
        lengths_R[row] = len(ids_G)
        ids_RG[row] = np.pad(ids_G, (0, steps - len(ids_G)), mode="edge")
        parents = [parent for _, parent in each.survivor()] if isinstance(each, Beams) else []
        for step, token in enumerate(ids_G.tolist()):
            probability_V = softmax(tensors["step_logits_GV"][step])
            kept_ids = _kept_ids(tensors, step, parents)
            logprobs_RG[row, step] = np.log(max(probability_V[token], 1e-300))
            kept_RG[row, step], mass_RG[row, step] = len(kept_ids), min(1.0, probability_V[kept_ids].sum())
            likeliest = largest(probability_V, top)
            top_ids_RGN[row, step] = likeliest
            top_logprobs_RGN[row, step] = np.log(np.maximum(probability_V[likeliest], 1e-300))
            if "step_uniform_G" in tensors:
                uniform_RG[row, step] = tensors["step_uniform_G"][step]
                shares = probability_V[kept_ids] / probability_V[kept_ids].sum()
                at = int(np.searchsorted(kept_ids, token))
                spans_RG2[row, step] = shares[:at].sum(), shares[: at + 1].sum()
    beams = writers[BEAM].tensors()
    return {
        "runs_lengths_R": lengths_R,
        "runs_ids_RG": ids_RG,
        "runs_logprobs_RG": logprobs_RG,
        "runs_kept_RG": kept_RG,
        "runs_mass_RG": mass_RG,
        "runs_uniform_RG": uniform_RG,
        "runs_spans_RG2": spans_RG2,
        "runs_top_ids_RGN": top_ids_RGN,
        "runs_top_logprobs_RGN": top_logprobs_RGN,
        **{f"runs_{name}": beams[name] for name in ("beam_ids_GE", "beam_parents_GE", "beam_logprobs_GE")},
    }


def _until_the_end(ids_G: NDArray[np.int64], end_ids: Collection[int]) -> NDArray[np.int64]:
    """A text up to its end: a beam that has ended repeats it as long as it is not the likeliest."""
    ends = np.flatnonzero([token in end_ids for token in ids_G.tolist()])
    return ids_G[: ends[0] + 1] if len(ends) else ids_G


def _kept_ids(tensors: dict[str, NDArray[Any]], step: int, parents: list[int]) -> NDArray[np.int64]:
    """What a text could go on with at a step, in ascending order.

    The likeliest alone; the tokens that may be drawn; of a beam search, where the text goes on from
    `parents`, the tokens of all kept texts that go on from the same one.
    """
    if parents:
        beside = tensors["beam_parents_GE"][step] == parents[step]
        return np.unique(tensors["beam_ids_GE"][step][beside])
    if "step_kept_GV" in tensors:
        return np.flatnonzero(tensors["step_kept_GV"][step])
    return tensors["step_ids_G"][step : step + 1]
