"""What one head hands over to the last token: weights, values, their sum, and what of it arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from model_probe.trace import Trace

AGREE = 0.05  # of the whole: a smaller gap between the two bars of every token is said to be none

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Handed:
    """The last token's row of one head, in double precision.

    Attributes:
        weights: of every key token, (S,).
        values: theirs, (S, K).
        read: what the head read, as it was captured, z: (K,).
        outputs: values through W_O, before the weight, (S, D); where the trace holds another head's, the
            values themselves.
        shown: the positions that are shown, in order: all, or those of most weight.
        widened: whether `outputs` went through W_O.
    """

    weights: Floats
    values: Floats
    read: Floats
    outputs: Floats
    shown: list[int]
    widened: bool = True

    @classmethod
    def of(cls, trace: Trace, layer: int, head: int, most: int) -> Self:
        """That of one head; of more than `most` tokens one fewer is shown, and the others as one.

        Raises:
            MissingTensor: the trace lacks a tensor.
        """
        last = trace.n_tokens - 1
        whole = not trace.has("pattern_last_LHS")  # schema 1.1
        row: Any = trace.pattern_LHTS[layer, head, last] if whole else trace.pattern_last_LHS[layer, head]
        weights = np.asarray(row, np.float64)
        heaviest = np.argsort(-weights, kind="stable")[: most if len(weights) <= most else most - 1]
        values = trace.values(layer, head).astype(np.float64)
        widened = trace.has("value_out_SD") and trace.facts.projected == [layer, head]
        return cls(
            weights,
            values,
            trace.z_LHTK[layer, head, last].astype(np.float64),
            trace.value_out_SD[:].astype(np.float64) if widened else values,
            sorted(heaviest.tolist()),
            widened,
        )

    @property
    def others(self) -> list[int]:
        """The positions that are not shown."""
        return sorted(set(range(len(self.weights))) - set(self.shown))

    @property
    def heaviest(self) -> int:
        """The position of most weight."""
        return int(self.weights.argmax())

    def grouped(self, values_S: Floats) -> Floats:
        """Values of those shown, and last the sum of all others, where there are any."""
        rest = [values_S[self.others].sum(axis=0)] if self.others else []
        return np.stack([*values_S[self.shown], *rest])

    @property
    def products(self) -> Floats:
        """Weight · value: of those shown, and of all others together, (n, K)."""
        return self.grouped(self.weights[:, None] * self.values)

    @property
    def gap(self) -> float:
        """The largest difference of the sum of all products from what was captured."""
        return float(np.abs(self.products.sum(axis=0) - self.read).max())

    @property
    def lengths(self) -> Floats:
        """‖weight · v W_O‖ of every token, (S,) (Kobayashi et al. 2020)."""
        return np.asarray(np.linalg.norm(self.weights[:, None] * self.outputs, axis=-1))

    @property
    def arrived(self) -> Floats:
        """Those lengths as shares of their sum."""
        return np.asarray(self.lengths / (self.lengths.sum() or 1.0))

    @property
    def correlation(self) -> float | None:
        """Pearson's, of weights and lengths; None where there are fewer than three, or all are alike."""
        pair = np.stack([self.weights, self.lengths])
        if pair.shape[1] < 3 or not pair.std(axis=-1).all():
            return None
        return float(np.asarray(np.corrcoef(pair))[0, 1])

    @property
    def apart(self) -> int:
        """The position that brings least for its weight; where none lacks much, that which brings most."""
        gained = self.arrived - self.weights
        return int(gained.argmin() if gained.min() <= -AGREE else gained.argmax())

    @property
    def agree(self) -> bool:
        """Whether no token's two shares are far from each other."""
        return bool(np.abs(self.arrived - self.weights).max() < AGREE)


def rank_among(lengths: Sequence[float] | Floats, length: float) -> int:
    """The place of a length among others, the longest first, from 1."""
    return 1 + int((np.asarray(lengths) > length).sum())
