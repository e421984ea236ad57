"""Corners of a model's matrices, one of each kind, for a picture of what was learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.parameters import CATEGORIES, parts
from model_probe.shape import Shape

NAMES = ("weight_tiles_PRC", "weight_tile_sizes_P2", "weight_tile_kinds_P")
ROWS = ("weight_rows_7D", "weight_rows_bias_7")
SIDE = 48
FIRST = 7  # rows that are kept whole


def tiles(shape: Shape, weights: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """The top left SIDE × SIDE of one matrix of each kind; norms and biases are a row each, in order.

    Args:
        shape: the model's.
        weights: the parameters of the first layer and the embeddings, by name; see
            `model_probe.network.Network.first_weights`.

    Returns weight_tiles_PRC, filled up with 0, weight_tile_sizes_P2 and weight_tile_kinds_P, by their names
    in the trace.
    """
    found: dict[str, NDArray[np.float32]] = {}
    vectors: dict[str, list[NDArray[np.float32]]] = {"norm": [], "bias": []}
    for name, weight in weights.items():
        module = name.rpartition(".")[0]
        for category, part in _cut(shape, module, weight).items():
            if part.ndim == 1:
                vectors["norm" if category == "norm" else "bias"].append(_numbers(part[:SIDE]))
            elif category not in found:
                found[category] = _numbers(part[:SIDE, :SIDE])
    for category, rows in vectors.items():
        if rows:
            found[category] = np.zeros((len(rows[:SIDE]), max(map(len, rows))), np.float32)
            for place, row in zip(found[category], rows, strict=False):
                place[: len(row)] = row
    kinds = [category for category in CATEGORIES if category in found]
    tiles_PRC = np.zeros((len(kinds), SIDE, SIDE), np.float32)
    for tile, category in zip(tiles_PRC, kinds, strict=True):
        rows_RC = found[category]
        tile[: rows_RC.shape[0], : rows_RC.shape[1]] = rows_RC
    return {
        "weight_tiles_PRC": tiles_PRC,
        "weight_tile_sizes_P2": np.array([found[category].shape for category in kinds], np.int64),
        "weight_tile_kinds_P": np.array([CATEGORIES.index(category) for category in kinds], np.int64),
    }


def first_rows(projection: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """The first rows of what makes a head's queries, by their names in the trace.

    Args:
        projection: see `model_probe.network.Network.projection`.
    """
    found = {"weight_rows_7D": projection["query_weight_KD"][:FIRST]}
    if "query_bias_K" in projection:
        found["weight_rows_bias_7"] = projection["query_bias_K"][:FIRST]
    return found


def _cut(shape: Shape, module: str, weight: Any) -> dict[str, Any]:
    """A parameter by what it is for; several matrices side by side are taken apart."""
    if module.endswith("query_key_value"):  # by head: its query, key and value
        by_head = weight.reshape(shape.n_head, 3, shape.d_head, *weight.shape[1:])
        rows = (shape.n_head * shape.d_head, *weight.shape[1:])
        return {name: by_head[:, at].reshape(rows) for at, name in enumerate(("query", "key", "value"))}
    found, start = {}, 0
    for category, count in parts(shape, module, weight.shape[0]).items():
        found[category] = weight[start : start + count]
        start += count
    return found


def _numbers(part: Any) -> NDArray[np.float32]:
    """A part in memory of its own, from numpy or from wherever torch has it."""
    return np.array(part.cpu().numpy() if hasattr(part, "cpu") else part, np.float32)
