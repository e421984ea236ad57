"""The neurons of a run that scenes show: one of them, its layer's, and all of them at the last tokens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace
from scenes import activation

LIT = 0.1
"""A neuron is lit above this; where the MLP has a gate, beyond it on either side."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Neurons:
    """What is drawn of a trace's MLPs.

    Attributes:
        layer, neuron: the one that is shown, `neuron_shown_2`.
        pre_F: what its layer's neurons are given at the last position; `gave_F`: the activation of it.
        up_F: what that is multiplied with, or None without a gate.
        bend: the activation.
        post_WLF: every neuron's value at the last W positions; `lit_WLF`: which are lit.
        lit_LT: share of each layer's that are lit at each position.
        other: the place in W whose lit neurons are least those of the last; None of one token.
        likeness, random: mean cosine of the tokens that the neuron promotes, and cosines of random pairs.
        winner: the likeliest next token; `push`: what the layer's MLP adds to its logit, if that is known.
    """

    layer: int
    neuron: int
    pre_F: Floats
    gave_F: Floats
    up_F: Floats | None
    bend: Callable[[npt.ArrayLike], Floats]
    post_WLF: Floats
    lit_WLF: npt.NDArray[np.bool_]
    lit_LT: Floats
    other: int | None
    likeness: float
    random: Floats | None
    winner: bytes
    push: float | None

    @classmethod
    def of(cls, trace: Trace) -> Neurons:
        """Read them."""
        facts = trace.facts
        layer, neuron = trace.neuron_shown_2[:].tolist()
        pre_F = trace.neuron_pre_F[:].astype(np.float64)
        up_F = trace.neuron_up_F[:].astype(np.float64) if facts.gated else None
        post_WLF = np.swapaxes(trace.neuron_post_LWF[:], 0, 1).astype(np.float64)
        lit_WLF = np.abs(post_WLF) > LIT if facts.gated else post_WLF > LIT
        own_F = post_WLF[-1, layer]
        if up_F is not None:
            own_F = np.divide(own_F, up_F, out=np.zeros_like(own_F), where=up_F != 0)
        bend = activation.curve(facts.activation, pre_F, own_F)
        common = [int((one & lit_WLF[-1]).sum()) for one in lit_WLF[:-1]]
        return cls(
            layer=layer,
            neuron=neuron,
            pre_F=pre_F,
            gave_F=bend(pre_F),
            up_F=up_F,
            bend=bend,
            post_WLF=post_WLF,
            lit_WLF=lit_WLF,
            lit_LT=trace.neuron_lit_LT[:].astype(np.float64),
            other=int(np.argmin(common)) if common else None,
            likeness=float(trace.neuron_likeness_L[layer]),
            random=trace.random_cosines_R[:].astype(np.float64) if trace.has("random_cosines_R") else None,
            winner=trace.token_name(int(trace.logits_last_V[:].argmax())),
            push=float(trace.dla_mlp_2L[0, layer]) if trace.has("dla_mlp_2L") else None,
        )

    @property
    def post(self) -> float:
        """The value of the neuron that is shown."""
        return float(self.post_WLF[-1, self.layer, self.neuron])

    def position(self, place: int, n_tokens: int) -> int:
        """Which token of the prompt a place in W is."""
        return n_tokens - len(self.post_WLF) + place
