"""Keys and values that generation takes from a cache, beside the same computed anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.network import Network, Run, Text
from model_probe.plan import Recording

Held = Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]
"""A layer's keys and values, (C, S, K) each: of the last S tokens that the next one can look at."""


class Reuse:
    """What a cache holds after the prompt, and a run without it: the prompt and what follows, from its start.

    Made before the cache is gone on from; `again` gives the run, `tensors` what the two say.
    """

    def __init__(self, network: Network, run: Run, n_tokens: int) -> None:
        self._shape, self._n_tokens = network.shape, n_tokens
        self._held: Held = network.held(run.cache)
        self._recording: Recording | None = None

    def again(self, text: Text) -> Text:
        """The same text, its keys and values kept."""
        axes = self._shape.key_axes
        self._recording = Recording(self._shape, len(text.ids_T), only=(f"k_{axes}", f"v_{axes}"))
        return Text(text.ids_T, self._recording, text.first)

    def tensors(self, shown: tuple[int, int] | None) -> dict[str, NDArray[Any]]:
        """`REUSED`, `again_k_TK` of one layer and query head; nothing where there was no run."""
        if self._recording is None:
            return {}
        anew, axes = self._recording.finished(), self._shape.key_axes
        size_LT1 = np.zeros((self._shape.n_layer, self._n_tokens + 1), np.float32)
        gap_LT = np.full((self._shape.n_layer, self._n_tokens), -1, np.float32)
        for layer, held in enumerate(self._held):
            seen = held[0].shape[1]
            rows = slice(self._n_tokens - seen, self._n_tokens)
            for old_CSK, name in zip(held, (f"k_{axes}", f"v_{axes}"), strict=True):
                gap_S = _largest(old_CSK - anew[name][layer][:, rows])
                np.maximum(
                    size_LT1[layer], _largest(anew[name][layer][:, : self._n_tokens + 1]), out=size_LT1[layer]
                )
                np.maximum(gap_LT[layer, rows], gap_S, out=gap_LT[layer, rows])
        found = {"cache_gap_LT": gap_LT, "again_size_LT1": size_LT1}
        if shown is None:
            return found
        layer, head = shown
        shared = head * self._shape.n_kv_head // self._shape.n_head
        again_TK = anew[f"k_{axes}"][layer, shared, : self._n_tokens]
        return {**found, "again_k_TK": again_TK.copy()}


def _largest(values_CSK: NDArray[np.float32]) -> NDArray[np.float32]:
    """The largest |number| of each token, (S,)."""
    largest_S: NDArray[np.float32] = np.abs(values_CSK).max(axis=(0, 2))
    return largest_S
