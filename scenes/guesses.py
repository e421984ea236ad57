"""What every position of a prompt says of the token after it, and what really came there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model_probe.trace import Trace

LN_2 = float(np.log(2))


@dataclass(frozen=True)
class Guess:
    """One place of the text, from the second token to the one that is not there yet.

    Attributes:
        position: of the token in the prompt; the number of tokens for the one that is not there yet.
        piece: the likeliest token there, by the vector before it.
        probability: its.
        truth: the token that really is there; None where there is none.
        rank: the real token's, from 1; None likewise.
        bits: its surprise, −log₂ of its probability; None likewise.
    """

    position: int
    piece: bytes
    probability: float
    truth: bytes | None = None
    rank: int | None = None
    bits: float | None = None

    @property
    def right(self) -> bool:
        """Whether the likeliest token is the one that came."""
        return self.rank == 1


def guesses(trace: Trace) -> list[Guess]:
    """One after each of the prompt's tokens, in order; the last one's truth is not known.

    Raises:
        MissingTensor: the trace lacks a tensor of these.
    """
    ids_T, logits_T = trace.top_ids_TN[:, 0], trace.top_logits_TN[:, 0]
    probability_T = np.exp(logits_T.astype(np.float64) - trace.logsumexp_T[:])
    tokens, ranks, logprobs = trace.tokens, trace.next_rank_T[:], trace.next_logprob_T[:]
    made = [
        Guess(
            at + 1, trace.token_name(int(ids_T[at])), float(probability_T[at]), tokens[at + 1],
            int(ranks[at]), float(-logprobs[at] / LN_2),
        )
        for at in range(len(tokens) - 1)
    ]  # fmt: skip
    return [*made, Guess(len(tokens), trace.token_name(int(ids_T[-1])), float(probability_T[-1]))]


def shown(made: list[Guess], most: int) -> list[Guess]:
    """As many as there is room for: all, or the last one and those of the largest surprise, in order."""
    if len(made) <= most:
        return made
    largest = sorted(made[:-1], key=lambda guess: -(guess.bits or 0.0))[: most - 1]
    return [*sorted(largest, key=lambda guess: guess.position), made[-1]]
