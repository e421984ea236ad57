"""How the tokenizer made one piece of the prompt: which pairs of symbols it joined, in order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from model_probe.errors import TraceError
from model_probe.trace import Trace

MOST_BYTES = 16  # of a piece that is shown; a longer one's tiles would be too small to read


@dataclass(frozen=True)
class Merge:
    """One step of the tokenizer: the symbols `at` and `at + 1` join, because their pair has this rank."""

    symbols: list[bytes]
    at: int
    rank: int

    def joined(self) -> list[bytes]:
        """The symbols afterwards."""
        pair = self.symbols[self.at] + self.symbols[self.at + 1]
        return [*self.symbols[: self.at], pair, *self.symbols[self.at + 2 :]]


def most_merges(trace: Trace) -> tuple[list[Merge], list[int]]:
    """The merges to show, in order, and the positions of the tokens that they make; none where none are.

    Of the pieces that the tokenizer cut the prompt into before it merged (`piece_starts_P`), the one with the
    most merges (`merge_steps_J3`) among those of at most MOST_BYTES, the first of equals.

    Raises:
        TraceError: the merges do not make these tokens.
    """
    if not (trace.has("merge_steps_J3") and trace.has("piece_starts_P")):
        return [], []
    prompt, starts = b"".join(trace.tokens), np.asarray(trace.piece_starts_P).tolist()
    pieces = [prompt[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    steps_J3 = np.asarray(trace.merge_steps_J3)
    totals = np.bincount(steps_J3[:, 0], minlength=len(pieces))
    short = np.array([len(piece) <= MOST_BYTES for piece in pieces])
    chosen = int(np.where(short, totals, 0).argmax())
    if not (short[chosen] and totals[chosen]):
        return [], []
    piece, start = pieces[chosen], starts[chosen]
    begun = enumerate(accumulate(map(len, trace.tokens), initial=0))
    positions = [at for at, byte in begun if start <= byte < start + len(piece)]
    symbols = [piece[at : at + 1] for at in range(len(piece))]
    merges: list[Merge] = []
    for which, at, rank in steps_J3.tolist():
        if which == chosen and 0 <= at < len(symbols) - 1:
            merges.append(Merge(symbols, at, rank))
            symbols = merges[-1].joined()
    if len(merges) != totals[chosen] or symbols != [trace.tokens[at] for at in positions]:
        raise TraceError(f"{trace.path}: merge_steps_J3 does not end in the tokens of the prompt")
    return merges, positions
