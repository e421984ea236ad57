"""What is said of a mask and of what it leaves: each sentence only where it is true of the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from scenes.language import _
from scenes.mobjects.numerals import count, percent
from scenes.mobjects.token_row import token_quote

SINK = 0.5  # a head that gives the first token more than this is told of


def mask_words(may_look_TS: npt.NDArray[np.bool_]) -> str:
    """Which keys a query may look at."""
    if may_look_TS.all():
        return _(
            "A token may look at itself and at what came before. Here that is everything: nothing is masked."
        )
    earlier = np.tri(len(may_look_TS), dtype=bool)
    if not may_look_TS[earlier].all():
        return _(
            "A later token must not tell an earlier one: every score right of the diagonal becomes −∞. "
            "This layer sees the last {window} tokens only: what lies farther back does, too."
        ).format(window=count(int(may_look_TS.sum(axis=-1).max())))
    return _(
        "A later token must not tell an earlier one: training would give the answer away. "
        "Every score right of the diagonal becomes −∞."
    )


def shares_words(tokens: Sequence[bytes], elided: bool) -> str:
    """What the row's results become; `elided`: some share a column."""
    words = (
        _(
            "Each result, divided by their sum, is that key's share of the attention of “{query}”. "
            "A grey bar stands for all the keys that are left out there."
        )
        if elided
        else _("Each result, divided by their sum, is that key's share of the attention of “{query}”.")
    )
    return words.format(query=token_quote(tokens[-1]))


def row_words(n_tokens: int) -> str:
    """What a softmax does to a row."""
    if n_tokens == 1:
        return _("Softmax turns each row into shares of 100 %. Here there is one row, of one number.")
    return _("Softmax turns each row into shares of 100 %. Take the last row.")


def rows_words(n_tokens: int) -> str:
    """What it does to all rows."""
    if n_tokens == 1:
        return _("A score that is alone in its row gets 100 %, whatever it was.")
    return _("Every row does the same, each for itself, and each adds up to 100 %.")


def pattern_words(tokens: Sequence[bytes], pattern_TS: npt.NDArray[np.float32]) -> str:
    """What the pattern gives to whom."""
    weights_S = pattern_TS[-1]
    if len(weights_S) == 1:
        return _("This is the attention pattern: a token alone gives itself everything.")
    first = float(pattern_TS[1:, 0].mean(dtype=np.float64))
    if first > SINK and len(weights_S) > 2:
        return _(
            "This is the attention pattern. On average {share} of a later row rests on the first token: "
            "what a row does not need elsewhere often goes there."
        ).format(share=percent(first))
    best = int(weights_S.argmax())
    return _(
        "This is the attention pattern: the larger the dot, the more weight. "
        "“{query}” gives {share} of its attention to “{key}”."
    ).format(
        query=token_quote(tokens[-1]),
        key=token_quote(tokens[best]),
        share=percent(float(weights_S[best])),
    )
