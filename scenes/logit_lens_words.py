"""What is said of the words on the way through a model: each sentence only where it is true of the run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scenes.language import _
from scenes.mobjects.numerals import count, percent
from scenes.mobjects.token_row import token_quote

Ids = npt.NDArray[np.int64]
EXACT = 5e-7  # a difference of probabilities that is nothing but rounding in single precision


def first_row_words(named: int, positions: int, tied: bool) -> str:
    """Whether the model, stopped before it begins, names what it was given."""
    numbers = {"named": count(named), "all": count(positions)}
    if named == 0 and positions == 1:
        return _("Before the first layer this is noise: the token does not even name itself.")
    if named == 0:
        return _("Before the first layer this is noise: none of {all} tokens names itself.").format(**numbers)
    if tied:
        return _(
            "Before the first layer, {named} of {all} name themselves: "
            "what reads a vector here is the matrix that made it."
        ).format(**numbers)
    return _("Before the first layer, {named} of {all} name themselves.").format(**numbers)


def fall_words(ids_M: Ids) -> str:
    """How often the guess at the last position changes on its way."""
    changes = int((np.diff(ids_M) != 0).sum())
    if changes == 0:
        return _("Going down, the last column never changes its mind.")
    if changes == 1:
        return _("Row by row it falls, and each layer may change the guess. In the last column one does.")
    return _(
        "Row by row it falls, and each layer may change the guess. "
        "The last column changes it {changes} times."
    ).format(changes=count(changes))


def dive_words(winner: bytes, rank_M: Ids, total: int) -> str:
    """Where the final winner started."""
    words = {"token": token_quote(winner), "rank": count(int(rank_M[0])), "total": count(total)}
    if rank_M[0] == 1:
        return _("“{token}” wins at the end, and it leads from the start.").format(**words)
    return _("“{token}” wins at the end. At the start it was number {rank} of {total}. See it dive.").format(
        **words
    )


def first_lead(rank_MW: Ids) -> Ids:
    """The first depth at which each position's winner leads, (W,)."""
    return np.asarray((rank_MW == 1).argmax(axis=0))


def leads_words(rank_MW: Ids) -> str:
    """When the winners first lead."""
    depths_W, last = first_lead(rank_MW), len(rank_MW) - 1
    own, late = int(depths_W[-1]), int((depths_W == last).sum())
    numbers = {"layer": str(own - 1), "late": count(late), "all": count(len(depths_W))}
    if len(depths_W) == 1 and own == last:
        return _("It leads only after the last layer, not before.")
    if own == last:
        return _("It leads only after the last layer, as at {late} of {all} positions.").format(**numbers)
    if own == 0:
        return _("{late} of {all} winners lead only after the last layer. This one led all along.").format(
            **numbers
        )
    if (rank_MW[own:, -1] > 1).any():
        return _(
            "It first leads after layer {layer}, and loses the lead again. "
            "{late} of {all} winners lead only after the last layer."
        ).format(**numbers)
    return _(
        "It leads from layer {layer} on. {late} of {all} winners lead only after the last layer."
    ).format(**numbers)


def output_words(winner: bytes, share: float, gap: float) -> str:
    """Whether the last row is the output."""
    words = {"token": token_quote(winner), "share": percent(share, 1 if share > 0.001 else 3)}
    if gap < EXACT:
        return _(
            "After the last layer nothing is left to stop: the lens is the output. "
            "“{token}”: {share} both times. All above was read off vectors that were never trained for it."
        ).format(**words)
    return _("After the last layer the lens is the output, within {gap}. “{token}”: {share}.").format(
        gap=f"{gap:.0e}", **words
    )


def rank_of(winner: bytes) -> str:
    """Whose rank it is."""
    return _("rank of “{token}”").format(token=token_quote(winner))
