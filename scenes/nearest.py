"""The token of a prompt whose nearest others are shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model_probe.trace import Trace

LETTERS = 4  # of a token that is chosen


@dataclass(frozen=True)
class Nearest:
    """A token and the others that are nearest to it.

    Attributes:
        row: its place in `near_ids_E`.
        token: its id.
        ids: theirs, nearest first.
        distances: 1 − cosine of each.
        pieces: the names of the token and, after it, of the others.
    """

    row: int
    token: int
    ids: list[int]
    distances: np.ndarray
    pieces: list[bytes]


def nearest_of_prompt(trace: Trace) -> Nearest:
    """The last of the prompt's tokens that is four letters or more, else the last one, and its nearest."""
    tokens = trace.near_ids_E[:].tolist()
    labels = [trace.token_name(token).decode(errors="replace").strip() for token in tokens]
    row = next((at for at, label in enumerate(labels) if len(label) >= LETTERS and label.isalpha()), 0)
    ids = trace.nearest_ids_EN[row].tolist()
    distances = 1 - trace.nearest_cosines_EN[row].astype(float)
    return Nearest(row, tokens[row], ids, distances, [trace.token_name(one) for one in (tokens[row], *ids)])
