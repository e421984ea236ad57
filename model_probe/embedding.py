"""What scenes show of the embedding and the unembedding, by the names in the trace.

Everything is of W_E and W_U as they are stored; `meanings.py` says what each tensor is. What is shown as a
number of a few vectors (dots, lengths, cosines of pairs) is computed in double precision; ranks and
neighbours among all tokens in single.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.derived import top_ids
from model_probe.network import Network
from model_probe.plan import Selection
from model_probe.survey import Survey, picture, survey
from model_probe.tokens import Vocabulary
from model_probe.words import words

PICTURE = ("wte_picture_RC",)
NORMS = ("wte_norms_V",)
AROUND = ("around_ids_E7", "wte_around_E7D")
SPACE = ("space_V3", "space_explained_3", "knot_ids_N", "knot_cosines_N")
NEAR = ("near_ids_E", "nearest_ids_EN", "nearest_cosines_EN")
ANALOGIES = (
    "analogy_ids_A4",
    "analogy_vectors_A4D",
    "analogy_ranks_A2",
    "analogy_cosines_A",
    "analogy_top_ids_AN",
    "analogy_top_cosines_AN",
)
PAIRS = ("direction_D", "pair_ids_P2", "pair_vectors_P2D", "pair_dots_P2", "pair_norms_P2", "pair_cosines_P2")
RANDOM = ("random_ids_R2", "random_cosines_R")
UNEMBEDDING = ("unembed_ids_N", "unembed_ND", "unembed_picture_RC")

SHELVES = 12  # E: distinct tokens of a prompt, at most
WINDOW = 7  # rows around each
TOP = 10  # neighbours
KNOT = 200
RANDOM_PAIRS = 2000


def tensors(
    network: Network, vocabulary: Vocabulary, ids_T: NDArray[np.int64], selection: Selection, seed: int
) -> dict[str, NDArray[Any]]:
    """What the selection keeps of all this, of the embedding."""
    keeps = selection.keeps_any
    if not keeps(*PICTURE, *NORMS, *AROUND, *SPACE, *NEAR, *ANALOGIES, *PAIRS, *RANDOM):
        return {}
    rows_VD = network.embedding()
    found: dict[str, NDArray[Any]] = {}
    lists = words(vocabulary.word_id) if keeps(*ANALOGIES, *PAIRS) else None
    if keeps(*AROUND):
        ids_E7 = _around(_distinct(ids_T), len(rows_VD))
        found |= {"around_ids_E7": ids_E7, "wte_around_E7D": rows_VD[ids_E7]}
    if lists is not None and keeps(*PAIRS):
        found |= _pairs(rows_VD, lists.shown_pairs(ids_T))
    if keeps(*RANDOM):
        found |= _random(rows_VD, vocabulary.ordinary_ids(len(rows_VD)), seed)
    near_E = _distinct(ids_T[::-1]) if keeps(*NEAR) and len(rows_VD) > 1 else ids_T[:0]
    analogies_A4 = np.empty((0, 4), np.int64)
    if lists is not None and keeps(*ANALOGIES):
        analogies_A4 = lists.analogy_ids_A4
    spread, pictured = keeps(*SPACE), keeps(*PICTURE)
    if not (len(near_E) or len(analogies_A4) or spread or pictured or keeps(*NORMS)):
        return found
    sums_AD = rows_VD[analogies_A4[:, 0]] - rows_VD[analogies_A4[:, 1]] + rows_VD[analogies_A4[:, 2]]
    directions_QD = np.concatenate([rows_VD[near_E], sums_AD])
    with network.one_thread():
        seen = survey(rows_VD, directions_QD, pictured=pictured, spread=spread)
    found["wte_norms_V"] = seen.norms_V
    if seen.picture_RC is not None:
        found["wte_picture_RC"] = seen.picture_RC
    if len(near_E):
        found |= _nearest(near_E, seen.cosines_QV[: len(near_E)])
    if len(analogies_A4):
        found |= _analogies(analogies_A4, seen.cosines_QV[len(near_E) :])
        found["analogy_vectors_A4D"] = rows_VD[analogies_A4]
    return found | _space(seen)


def of_unembedding(
    network: Network, logits_last_V: NDArray[np.float32], selection: Selection
) -> dict[str, NDArray[Any]]:
    """What the selection keeps of the unembedding: the likeliest tokens' rows, and a picture of its own."""
    if not selection.keeps_any(*UNEMBEDDING):
        return {}
    rows_VD = network.unembedding()
    ids_N = top_ids(logits_last_V, TOP)
    found: dict[str, NDArray[Any]] = {"unembed_ids_N": ids_N, "unembed_ND": rows_VD[ids_N]}
    if selection.keeps("unembed_picture_RC") and not network.tied_unembedding:
        found["unembed_picture_RC"] = picture(rows_VD)
    return found


def _distinct(ids_T: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first SHELVES different ids, in order."""
    return np.array(list(dict.fromkeys(ids_T.tolist()))[:SHELVES], np.int64)


def _around(ids_E: NDArray[np.int64], n_vocab: int) -> NDArray[np.int64]:
    """WINDOW ids around each, moved inwards at the ends; all where there are fewer."""
    window = min(WINDOW, n_vocab)
    first_E = np.clip(ids_E - WINDOW // 2, 0, n_vocab - window)
    return first_E[:, None] + np.arange(window)


def _pairs(rows_VD: NDArray[np.float32], pair_ids_P2: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    if not len(pair_ids_P2):
        return {}
    vectors_P2D = rows_VD[pair_ids_P2]
    direction_D = vectors_P2D[0, 1] - vectors_P2D[0, 0]  # as stored: in single precision
    exact_P2D, exact_D = vectors_P2D.astype(np.float64), direction_D.astype(np.float64)
    dots_P2 = exact_P2D @ exact_D
    norms_P2, length = np.linalg.norm(exact_P2D, axis=-1), np.linalg.norm(exact_D)
    lengths_P2 = norms_P2 * length
    cosines_P2 = np.divide(dots_P2, lengths_P2, out=np.zeros_like(dots_P2), where=lengths_P2 > 0)
    return {
        "direction_D": direction_D,
        "pair_ids_P2": pair_ids_P2,
        "pair_vectors_P2D": vectors_P2D,
        "pair_dots_P2": dots_P2.astype(np.float32),
        "pair_norms_P2": norms_P2.astype(np.float32),
        "pair_cosines_P2": cosines_P2.astype(np.float32),
    }


def _random(rows_VD: NDArray[np.float32], ordinary: NDArray[np.int64], seed: int) -> dict[str, NDArray[Any]]:
    """Pairs of different tokens; nothing where there are not two."""
    if len(ordinary) < 2:
        return {}
    draws = np.random.Generator(np.random.PCG64(seed))
    first_R = draws.integers(len(ordinary), size=RANDOM_PAIRS)
    second_R = (first_R + draws.integers(1, len(ordinary), size=RANDOM_PAIRS)) % len(ordinary)
    ids_R2 = ordinary[np.stack([first_R, second_R], axis=1)]
    one, two = rows_VD[ids_R2[:, 0]], rows_VD[ids_R2[:, 1]]
    dots_R = np.einsum("rd,rd->r", one, two)
    lengths_R = np.sqrt(np.einsum("rd,rd->r", one, one) * np.einsum("rd,rd->r", two, two))
    cosines_R = np.divide(dots_R, lengths_R, out=np.zeros_like(dots_R), where=lengths_R > 0)
    return {"random_ids_R2": ids_R2, "random_cosines_R": cosines_R}


def _nearest(near_E: NDArray[np.int64], cosines_EV: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    np.put_along_axis(cosines_EV, near_E[:, None], -np.inf, axis=-1)
    ids_EN = top_ids(cosines_EV, min(TOP, cosines_EV.shape[1] - 1))
    cosines_EN = np.take_along_axis(cosines_EV, ids_EN, axis=-1)
    return {"near_ids_E": near_E, "nearest_ids_EN": ids_EN, "nearest_cosines_EN": cosines_EN}


def _analogies(ids_A4: NDArray[np.int64], cosines_AV: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    """Ranks among all tokens and among all but the analogy's inputs, and the nearest of all."""
    ranks, expected = [], []
    for ids_4, cosines_V in zip(ids_A4, cosines_AV, strict=True):
        cosine = cosines_V[ids_4[3]]
        above = np.count_nonzero(cosines_V > cosine)
        inputs = np.count_nonzero(cosines_V[list(set(ids_4[:3].tolist()))] > cosine)
        ranks.append([1 + above, 1 + above - inputs])
        expected.append(cosine)
    top_ids_AN = top_ids(cosines_AV, TOP + 3)
    return {
        "analogy_ids_A4": ids_A4,
        "analogy_ranks_A2": np.array(ranks, np.int64),
        "analogy_cosines_A": np.array(expected, np.float32),
        "analogy_top_ids_AN": top_ids_AN,
        "analogy_top_cosines_AN": np.take_along_axis(cosines_AV, top_ids_AN, axis=-1),
    }


def _space(seen: Survey) -> dict[str, NDArray[Any]]:
    """The principal axes, and what lies nearest to the mean; nothing where there are no three axes."""
    if seen.axes is None or seen.axes.points_V3.shape[1] < 3:
        return {}
    knot_N = top_ids(seen.axes.cosines_V, KNOT)
    return {
        "space_V3": seen.axes.points_V3,
        "space_explained_3": seen.axes.explained_3,
        "knot_ids_N": knot_N,
        "knot_cosines_N": seen.axes.cosines_V[knot_N],
    }
