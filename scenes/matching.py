"""How well the vectors of one head match: queries with keys, and what would be if they were not two kinds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace
from scenes.mathematics import softmax

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Matching:
    """One head's vectors, in double precision, and every product of them.

    Attributes:
        q_TK, k_TK, v_TK: as the trace has them.
        may_look_TS: which keys a query may look at.
        scale, cap: what products are multiplied by, and capped at (None: not at all).
        group: how many query heads share these keys and values.
        turned: whether queries are turned by their position before they meet the keys.
    """

    q_TK: Floats
    k_TK: Floats
    v_TK: Floats
    may_look_TS: npt.NDArray[np.bool_]
    scale: float
    cap: float | None
    group: int
    turned: bool

    @classmethod
    def of(cls, trace: Trace, layer: int, head: int) -> Matching:
        """Those of one head of a trace. Raises MissingTensor."""
        facts, has_mask = trace.facts, trace.has("mask_TS") or trace.has("mask_LTS")
        q_TK = np.asarray(trace.q_LHTK[layer, head])
        turned = trace.has("q_pre_rope_LHTK") and not np.allclose(trace.q_pre_rope_LHTK[layer, head], q_TK)
        return cls(
            q_TK.astype(np.float64),
            trace.keys(layer, head).astype(np.float64),
            trace.values(layer, head).astype(np.float64),
            trace.mask(layer) > 0 if has_mask else np.tri(trace.n_tokens, dtype=bool),
            facts.scale,
            facts.attention_softcap,
            facts.group,
            turned,
        )

    def scores(self, asking_TK: Floats, asked_SK: Floats) -> Floats:
        """Every row of one with every row of the other, scaled and capped as this head does, none masked."""
        products: Floats = asking_TK @ asked_SK.T * self.scale
        return products if self.cap is None else np.asarray(self.cap * np.tanh(products / self.cap))

    def weights(self, scores_TS: Floats) -> Floats:
        """The softmax of each row over the keys that it may look at."""
        return softmax(np.where(self.may_look_TS, scores_TS, -np.inf))

    def given(self, weights_TS: Floats) -> Floats:
        """What each token receives: the values, weighted, (T, K)."""
        return np.asarray(weights_TS @ self.v_TK)

    def found(self, weights_TS: Floats) -> Floats:
        """The mean weight that each token gets from those that may look at it, (T,)."""
        return np.asarray(weights_TS.sum(axis=0) / self.may_look_TS.sum(axis=0))


def cosines(one_TK: Floats, other_TK: Floats) -> Floats:
    """The cosine of each row with the other's row, (T,); 0 where one has no length."""
    lengths = np.linalg.norm(one_TK, axis=-1) * np.linalg.norm(other_TK, axis=-1)
    products = (one_TK * other_TK).sum(axis=-1)
    return np.asarray(np.clip(products / np.maximum(lengths, 1e-300), -1, 1))


def most_unlike(scores_TS: Floats) -> tuple[int, int]:
    """The query and the key, the query later, whose two scores differ most; (0, 0) of one token."""
    apart_TS = np.tril(np.abs(scores_TS - scores_TS.T))
    query, key = np.unravel_index(int(apart_TS.argmax()), apart_TS.shape)
    return int(query), int(key)
