"""A step of generation after the prompt: what the cache holds for it, beside the same computed anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Reuse:
    """The prompt of T tokens, and the token that the first step chose.

    Attributes:
        tokens: the bytes of T + 1 tokens; the last one was chosen.
        gap_LT: `cache_gap_LT`.
        size_LN: `again_size_LT1`, (L, T + 1).
        keys_TK, again_TK: one head's keys as the cache has them, and computed anew; None where the trace has
            these of another head.
        pattern_TS: that head's weights.
        sees_S: which of the T + 1 tokens the new one sees in that head's layer.
        logits_GV: the logits of this step and the one before; one row alone where generation ended.
    """

    tokens: list[bytes]
    gap_LT: Floats
    size_LN: Floats
    keys_TK: Floats
    again_TK: Floats | None
    pattern_TS: Floats
    sees_S: npt.NDArray[np.bool_]
    logits_GV: Floats

    @classmethod
    def of(cls, trace: Trace, layer: int, head: int) -> Reuse:
        """That of a run, and of one layer and head.

        Raises:
            MissingTensor: the trace lacks it.
        """
        again_TK = trace.again_k_TK[:] if trace.facts.projected == [layer, head] else None
        tokens = [*trace.tokens, trace.token_name(int(trace.step_ids_G[0]))]
        windows = trace.facts.windows
        window = windows[layer] if windows else 0
        return cls(
            tokens=tokens,
            gap_LT=trace.cache_gap_LT[...],
            size_LN=trace.again_size_LT1[...],
            keys_TK=trace.keys(layer, head),
            again_TK=again_TK,
            pattern_TS=trace.pattern_LHTS[layer, head],
            sees_S=np.arange(len(tokens)) >= (len(tokens) - window if window else 0),
            logits_GV=trace.step_logits_GV[:2],
        )

    @property
    def largest(self) -> float:
        """The largest |number| of all keys and values."""
        return float(self.size_LN.max())
