"""What `embedding_matrix` says where it depends on the prompt and the model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace
from scenes.language import _
from scenes.mobjects.numerals import count, plain, signed
from scenes.mobjects.token_row import token_quote
from scenes.shelves import Shelf, cosine

RARE = 95  # of 100 random pairs have a smaller cosine than one that is called near


def neighbour_words(trace: Trace, shelf: Shelf) -> str:
    """The tokens next door by number, and whether any of them is near by cosine."""
    others = [(near, piece) for near, piece in zip(shelf.cosines(), shelf.pieces, strict=True)]
    del others[shelf.place]
    near, piece = max(others)
    values = {"other": token_quote(piece), "cosine": signed(near, 2)}
    if not trace.has("random_cosines_R"):
        return _("Next door by number: the cosines reach {cosine}, for {other}.").format(**values)
    random_R = trace.random_cosines_R[:]
    values["chance"] = signed(float(np.median(random_R)), 2)
    if near > np.percentile(random_R, RARE):
        return _(
            "Next door by number, and {other} is near in meaning too: cosine {cosine}. "
            "Two random tokens: {chance}."
        ).format(**values)
    return _(
        "Next door by number is not near in meaning: no cosine above {cosine}. Two random tokens: {chance}."
    ).format(**values)


def drawer_note(shelf: Shelf, norms_V: npt.NDArray[np.float32]) -> str:
    """Where the open drawer's numbers are in the trace, and its length among all."""
    return _("wte_around_E7D[{shelf}, {place}] · length {norm}: {longer} of {all} columns are longer").format(
        shelf=shelf.number,
        place=shelf.place,
        norm=plain(float(norms_V[shelf.token]), 2),
        longer=count(int((norms_V > norms_V[shelf.token]).sum())),
        all=count(len(norms_V)),
    )


def column_words(trace: Trace, twins: Sequence[int], factor: float) -> str:
    """That equal tokens get equal columns, and by what the family multiplies them."""
    if abs(factor - 1) > 1e-3:
        return _(
            "Every token gets its drawer, times {factor} in this model. The sentence plays no part."
        ).format(factor=plain(factor, 1))
    if not twins:
        return _("Every token gets its own drawer. The rest of the sentence plays no part.")
    return _(
        "{token} stands here {count} times and gets the same drawer each time. The sentence plays no part."
    ).format(token=token_quote(trace.tokens[twins[0]]), count=_times(trace, twins[0]))


def position_words(trace: Trace, twins: Sequence[int], shown: int) -> str:
    """What a learned position adds, or that none is; `shown` is the position whose drawer was opened."""
    if not trace.has("wpe_TD"):
        return _rotary_words(trace, twins)
    wte_TD, wpe_TD = trace.wte_TD[:], trace.wpe_TD[:]
    if twins:
        sums = (wte_TD + wpe_TD)[twins[:2]]
        return _(
            "Last, each position adds a learned vector. The same drawer, another place: "
            "{token} and {token} now differ, cosine {cosine}."
        ).format(token=token_quote(trace.tokens[twins[0]]), cosine=signed(cosine(*sums), 3))
    share = float(np.linalg.norm(wpe_TD[shown]) / np.linalg.norm(wte_TD[shown]))
    return _(
        "Last, each position adds a learned vector, for {token} {times} times as long as its own: "
        "elsewhere it would enter as another vector."
    ).format(token=token_quote(trace.tokens[shown]), times=plain(share, 1 if share >= 0.95 else 2))


def _rotary_words(trace: Trace, twins: Sequence[int]) -> str:
    if not twins:
        return _("This model adds no position here: a token enters as its drawer, wherever it stands.")
    return _(
        "This model adds no position here: {token} enters {count} times as the same vector. "
        "Only attention will tell them apart."
    ).format(token=token_quote(trace.tokens[twins[0]]), count=_times(trace, twins[0]))


def _times(trace: Trace, position: int) -> int:
    """How often the token at a position stands in the prompt."""
    ids = trace.token_ids_T[:]
    return int((ids == ids[position]).sum())
