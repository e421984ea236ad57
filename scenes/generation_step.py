"""One step of the generation that a trace holds: the distribution, and what was taken from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace
from scenes.mathematics import softmax

MOST_BARS = 6

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GenerationStep:
    """The distribution that a token was taken from, and the token.

    Attributes:
        ids_N: the likeliest tokens that could be taken, best first.
        probabilities_N: theirs.
        probabilities_V: of the whole vocabulary; together 1.
        drawn: the token that was taken.
        uniform: the number that drew it, where one did; else the middle of the token's share.
        name: what stands for the token (`Trace.token_name`).
        in_text: the same in running text, where a number in a token's place stands apart.
    """

    ids_N: list[int]
    probabilities_N: Floats
    probabilities_V: Floats
    drawn: int
    uniform: float
    name: bytes = b""
    in_text: bytes = b""

    @property
    def rest(self) -> float:
        """What all the others have together."""
        return max(0.0, 1 - float(self.probabilities_N.sum()))

    @property
    def probability(self) -> float:
        """Of the token that was taken."""
        return float(self.probabilities_V[self.drawn])

    @property
    def row(self) -> int | None:
        """Which of the likeliest was taken; None if none of them was."""
        return self.ids_N.index(self.drawn) if self.drawn in self.ids_N else None

    def spans(self) -> tuple[Floats, Floats]:
        """Where the shares of the likeliest begin in the order of the ids, and their sizes; last, the drawn.

        They are always MOST_BARS and one: where fewer can be taken, the others are 0 wide.
        """
        tokens = [*self.ids_N, self.drawn]
        starts, shares = np.zeros(MOST_BARS + 1), np.zeros(MOST_BARS + 1)
        rows = [*range(len(self.ids_N)), MOST_BARS]
        starts[rows] = (np.cumsum(self.probabilities_V) - self.probabilities_V)[tokens]
        shares[rows] = self.probabilities_V[tokens]
        return starts, shares


def generation_steps(trace: Trace) -> list[GenerationStep]:
    """Every step of a trace's generation, in order.

    Softmax in double precision of `step_logits_GV`, or, where the trace has them, of `step_scaled_GV` over
    the tokens that `step_kept_GV` kept. The draw added up the probabilities in the order of the ids and took
    the token in whose share the number fell.

    Raises:
        MissingTensor: the steps were not recorded.
    """
    steps = []
    for step, drawn in enumerate(np.asarray(trace.step_ids_G).tolist()):
        logits_V = trace.step_logits_GV[step]
        if trace.has("step_scaled_GV"):
            logits_V = np.where(trace.step_kept_GV[step] > 0, trace.step_scaled_GV[step], -np.inf)
        probabilities_V = softmax(logits_V)
        most = min(MOST_BARS, np.count_nonzero(probabilities_V))
        likeliest = np.argsort(-probabilities_V, kind="stable")[:most]
        middle = probabilities_V[:drawn].sum() + probabilities_V[drawn] / 2
        uniform = trace.step_uniform_G[step] if trace.has("step_uniform_G") else middle
        shares, name = probabilities_V[likeliest], trace.token_name(drawn)
        in_text = name if trace.token_bytes(drawn) is not None else b" " + name
        steps.append(
            GenerationStep(likeliest.tolist(), shares, probabilities_V, drawn, float(uniform), name, in_text)
        )
    return steps
