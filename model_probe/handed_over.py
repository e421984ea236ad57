"""What attention hands over: heads and values through their own slice of the output matrix W_O."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from model_probe.network import Network

F32 = NDArray[np.float32]


def head_last(network: Network, z_last_LHK: F32, layers: Sequence[int], heads: Sequence[int]) -> F32:
    """What these heads add to the last position: z, times the head's own K rows of W_O.

    Args:
        network: the model.
        z_last_LHK: what all heads of all layers read there.
        layers: those that are wanted.
        heads: likewise.

    Returns them as (layers, heads, D).
    """
    shares, rows = [], list(heads)
    for layer in layers:
        z_HK, weight_HKD = z_last_LHK[layer, rows], network.output(layer)[0][rows]
        shares.append((z_HK[:, None] @ weight_HKD)[:, 0])  # [H, 1, K] @ [H, K, D] -> [H, 1, D]
    return np.stack(shares)


def value_out(network: Network, layer: int, head: int, values_SK: F32) -> F32:
    """What every key token would hand over through one head, before the weight: v · W_O, (S, D).

    Args:
        network: the model.
        layer: of the head.
        head: the query head; its values may be shared with others, its rows of W_O are its own.
        values_SK: the head's values.
    """
    handed_SD: F32 = values_SK @ network.output(layer)[0][head]  # [S, K] @ [K, D] -> [S, D]
    return handed_SD
