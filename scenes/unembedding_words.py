"""What is said of an unembedding and of guesses: each sentence only where it is true of the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model_probe.trace import Facts
from scenes import N_
from scenes.guesses import Guess
from scenes.language import _
from scenes.mobjects.numerals import count, plain, signed
from scenes.mobjects.token_row import token_quote

NORMED = N_(
    "Out of the last layer come {width} numbers a token. What comes next is read from the last vector only: "
    "normed, its length goes from {before} to {after}."
)
BARE = N_(
    "Out of the last layer come {width} numbers a token. What comes next is read from the last vector only, "
    "as it is: this model has no norm there. Its length is {before}."
)


def wall_words(facts: Facts, best: bytes) -> str:
    """Whether the unembedding is a matrix of its own."""
    words = (
        _(
            "W_U, the unembedding, has a column for every token. Here it is the embedding once more, "
            "shared, not learned twice. “{token}” has this one."
        )
        if facts.tied_unembedding
        else _(
            "W_U, the unembedding, has a column for every token: a matrix of its own, not the embedding's. "
            "“{token}” has this one."
        )
    )
    return words.format(token=token_quote(best))


def dot_words(facts: Facts, best: bytes, dot: float, logit: float) -> str:
    """What the product is, and what a soft cap makes of it."""
    if facts.logit_softcap:
        return _(
            "Multiplied number by number and added up: {sum}. This model caps that softly at {cap}: "
            "the logit of “{token}” is {logit}."
        ).format(
            sum=signed(dot, 2), cap=plain(facts.logit_softcap, 0), token=token_quote(best),
            logit=signed(logit, 2),
        )  # fmt: skip
    return _("Multiplied number by number and added up, they give “{token}” its logit: {logit}.").format(
        token=token_quote(best), logit=signed(logit, 2)
    )


def all_words(best: bytes, total: int, equals: int) -> str:
    """Whose logit is the largest."""
    words = (
        _("Every other column gives a logit likewise: {total} in all. That of “{token}” is the largest.")
        if equals == 1
        else _("Every other column gives a logit likewise: {total} in all. None is above that of “{token}”.")
    )
    return words.format(total=count(total), token=token_quote(best))


def guess_words(made: Sequence[Guess], cells: int) -> str:
    """Which positions are shown."""
    if len(made) == 1:
        return _("One token, one guess. What comes after it is not known, so nothing says how good it is.")
    if cells < len(made):
        return _(
            "All other vectors are read as well: each guesses the token after it. "
            "Orange the guess, below it what came. Here are the {count} greatest surprises, and what is open."
        ).format(count=count(cells - 1))
    return _(
        "All other vectors are read as well: each guesses the token after it. "
        "Orange the guess, below it what came, and its rank."
    )


def score_words(known: Sequence[Guess], chance: float) -> str:
    """How good the guesses were."""
    bits = [guess.bits or 0.0 for guess in known]
    return _(
        "Right: {right} of {total}. What came surprised the model by {mean} bits on average; a blind draw, "
        "by {chance}. Training lowers this one number."
    ).format(
        right=count(sum(guess.right for guess in known)), total=count(len(known)),
        mean=plain(float(np.mean(bits)), 1), chance=plain(chance, 1),
    )  # fmt: skip


def code_words(raw: float, plain_bits: float, model_bits: float) -> str:
    """What the guesses are worth as a code."""
    if model_bits >= plain_bits:
        return _(
            "Guesses are a code. These are worse than none: with them the text after its first token "
            "takes {model} bits, as plain token numbers {ids}."
        ).format(model=count(round(model_bits)), ids=count(round(plain_bits)))
    return _(
        "Guesses are a code: what is expected costs few bits. The text after its first token shrinks "
        "from {raw} bits to {model}."
    ).format(raw=count(round(raw)), model=count(round(model_bits)))
