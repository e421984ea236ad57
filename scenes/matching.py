"""How well the vectors of one head match: queries with keys, and what would be if they were not two kinds."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
    def both(self) -> Floats:
        """q·k: every query with every key, none masked, (T, S)."""
        return self._scores(self.q_TK, self.k_TK)

    @cached_property
    def one(self) -> Floats:
        """k·k: the keys in the place of the queries, (T, S)."""
        return self._scores(self.k_TK, self.k_TK)

    @cached_property
    def weights(self) -> tuple[Floats, Floats]:
        """softmax(q·k) and softmax(q·v), over what each query may look at, (T, S) each."""
        by_value = self._scores(self.q_TK, self.v_TK)
        return self._shares(self.both), self._shares(by_value)

    @cached_property
    def given(self) -> tuple[Floats, Floats]:
        """What each token receives by either: the values, weighted, (T, K) each."""
        return self.weights[0] @ self.v_TK, self.weights[1] @ self.v_TK

    @cached_property
    def cosines(self) -> Floats:
        """How far those two point the same way, for each token, (T,)."""
        return cosines(*self.given)

    @cached_property
    def found(self) -> Floats:
        """The mean weight that each token gets from those that may look at it, (T,)."""
        return np.asarray(self.weights[0].sum(axis=0) / self.may_look_TS.sum(axis=0))

    @cached_property
    def sought(self) -> Floats:
        """The largest weight that each token gives to one, (T,)."""
        return np.asarray(self.weights[0].max(axis=-1))

    @cached_property
    def lengths(self) -> Floats:
        """The lengths of the values, (T,)."""
        return np.asarray(np.linalg.norm(self.v_TK, axis=-1))

    @cached_property
    def pair(self) -> tuple[int, int]:
        """The later and the earlier token whose two scores differ most; (0, 0) of one token."""
        apart_TS = np.tril(np.abs(self.both - self.both.T))
        later, earlier = np.unravel_index(int(apart_TS.argmax()), apart_TS.shape)
        return int(later), int(earlier)

    @cached_property
    def choosing(self) -> int:
        """How many tokens may look at more than themselves."""
        return int((self.may_look_TS.sum(axis=-1) > 1).sum())

    def themselves(self, scores_TS: Floats) -> int:
        """How many of those match themselves best."""
        best_T = np.where(self.may_look_TS, scores_TS, -np.inf).argmax(axis=-1)
        choice_T = self.may_look_TS.sum(axis=-1) > 1
        return int(((best_T == np.arange(len(best_T))) & choice_T).sum())

    def _scores(self, asking_TK: Floats, asked_SK: Floats) -> Floats:
        """Every row of one with every row of the other, scaled and capped as this head does."""
        products: Floats = asking_TK @ asked_SK.T * self.scale
        return products if self.cap is None else np.asarray(self.cap * np.tanh(products / self.cap))

    def _shares(self, scores_TS: Floats) -> Floats:
        return softmax(np.where(self.may_look_TS, scores_TS, -np.inf))


def cosines(one_TK: Floats, other_TK: Floats) -> Floats:
    """The cosine of each row with the other's row, (T,); 0 where one has no length."""
    lengths = np.linalg.norm(one_TK, axis=-1) * np.linalg.norm(other_TK, axis=-1)
    products = (one_TK * other_TK).sum(axis=-1)
    return np.asarray(np.clip(products / np.maximum(lengths, 1e-300), -1, 1))


def apart(scores_TS: Floats) -> float:
    """The largest difference of a score from the one with query and key exchanged."""
    return float(np.abs(scores_TS - scores_TS.T).max())


def shades(scores_TS: Floats) -> Floats:
    """From the least score (0) to the largest (1); where there is only one, it is the largest."""
    low, high = float(scores_TS.min()), float(scores_TS.max())
    return np.asarray((scores_TS - low) / (high - low)) if high > low else np.ones_like(scores_TS)
