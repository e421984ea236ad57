"""The ways of writing on that a trace holds: five texts of one prompt, and two more for their seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_probe.runs import BEAM, FULL, GREEDY, ROWS, TOP_K, TOP_P
from model_probe.trace import Trace
from scenes import N_
from scenes.language import _
from scenes.mobjects.numerals import count

FIVE = (GREEDY, TOP_K, TOP_P, FULL, BEAM)
NAMES = (N_("greedy"), N_("top-k {k}"), N_("top-p {p}"), N_("all tokens"), N_("beam search"))

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Way:
    """One text.

    Attributes:
        row: its row in `runs_ids_RG` and the others of that name.
        ids, pieces: the tokens, and what stands for them (`Trace.token_name`).
        logprobs: their log-probabilities by the model itself.
        kept, mass: of the first step: how many tokens could be next, and their probability together.
        draws: the numbers that drew the tokens; −1 where none did.
        spans: where the share of each token begins and ends.
    """

    row: int
    ids: list[int]
    pieces: list[bytes]
    logprobs: Floats
    kept: int
    mass: float
    draws: Floats
    spans: Floats

    @property
    def name(self) -> str:
        """In the viewer's language."""
        method, _more = ROWS[self.row]
        return _(NAMES[FIVE.index(self.row)]).format(k=method.top_k, p=method.top_p)

    @property
    def probabilities(self) -> Floats:
        """Of the tokens, by the model itself."""
        return np.asarray(np.exp(self.logprobs))

    @property
    def per_token(self) -> float:
        """The mean of the log-probabilities."""
        return float(self.logprobs.mean())


def ways(trace: Trace) -> list[Way]:
    """All rows of a trace, each up to its end. Raises MissingTensor."""
    found = []
    for row, length in enumerate(trace.runs_lengths_R[:].tolist()):
        ids = trace.runs_ids_RG[row][:length].tolist()
        found.append(
            Way(
                row,
                ids,
                [trace.token_name(token) for token in ids],
                trace.runs_logprobs_RG[row][:length].astype(np.float64),
                int(trace.runs_kept_RG[row, 0]),
                float(trace.runs_mass_RG[row, 0]),
                trace.runs_uniform_RG[row][:length],
                trace.runs_spans_RG2[row][:length],
            )
        )
    return found


def rule(way: Way, vocabulary: int) -> str:
    """What a way takes, in a few words."""
    method, _more = ROWS[way.row]
    return {
        GREEDY: _("always the likeliest token"),
        TOP_K: _("drawn from the {k} likeliest").format(k=method.top_k),
        TOP_P: _("drawn from the likeliest that together reach {p}").format(p=method.top_p),
        FULL: _("drawn from all {count}").format(count=count(vocabulary)),
        BEAM: _("the {beams} likeliest texts go on together").format(beams=method.beams),
    }[way.row]


def repeated(ids: Sequence[int]) -> tuple[int, int, int] | None:
    """The longest phrase of two tokens or more that comes twice: where, where again, and how many tokens.

    The two do not overlap; of several the first. None where no phrase does.
    """
    for length in range(len(ids) // 2, 1, -1):
        for first in range(len(ids) - 2 * length + 1):
            for again in range(first + length, len(ids) - length + 1):
                if ids[first : first + length] == ids[again : again + length]:
                    return first, again, length
    return None


def parted(one: Way, other: Way) -> int | None:
    """The first step at which two texts differ; None where one is the other, or its beginning."""
    return next((step for step, (a, b) in enumerate(zip(one.ids, other.ids, strict=False)) if a != b), None)
