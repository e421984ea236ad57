"""What `embedding_space` says, as the numbers have it."""

from __future__ import annotations

from collections.abc import Sequence

from scenes.language import _
from scenes.mobjects.numerals import count, percent, plain
from scenes.mobjects.token_row import token_quote

SAME = 0.005  # 1 − cosine, below which two digits show no difference
KNOT = 0.5  # a cosine with the mean from which the nearest are called a knot


def prompt_words(named: int, different: int) -> str:
    """The prompt's tokens light up: all of them have names, or the last ones."""
    if different == 1:
        return _("This prompt's token has its place there before the model has read anything.")
    said = _("The prompt's {count} different tokens have their places there before the model reads anything.")
    said = said.format(count=count(different))
    return said if named == different else said + " " + _("The last {count} are named.").format(count=named)


def nearest_words(kept: float, width: int, token: bytes, farthest: float) -> str:
    """Ten threads: in the picture they may be long. `farthest` is the tenth's 1 − cosine."""
    said = _(
        "Three axes keep {share} of the differences. By all {width} numbers, these are nearest to {token}."
    )
    if farthest < SAME:
        said = _(
            "Three axes keep {share} of the differences. By all {width} numbers, {token} and these are one."
        )
    return said.format(share=percent(kept), width=count(width), token=token_quote(token))


def sum_words(a: bytes, b: bytes, c: bytes, d: bytes) -> str:
    """The question."""
    said = _("The step from {b} to {a}, taken from {c}: does it lead to {d}?")
    return said.format(a=token_quote(a), b=token_quote(b), c=token_quote(c), d=token_quote(d))


def ranking_words(total: int, first: bytes, given: bool) -> str:
    """All tokens are ranked, the inputs among them: one of these may come first."""
    if given:
        said = _("All {count} tokens by their cosine with the sum: first comes {first}, which was put in.")
    else:
        said = _(
            "All {count} tokens by their cosine with the sum, the three put in among them. First: {first}."
        )
    return said.format(count=count(total), first=token_quote(first))


def struck_words(expected: bytes, rank: int, total: int) -> str:
    """The inputs are struck out, as is usual; where that leaves the expected word."""
    if rank == 1:
        said = _("What was put in is struck out, as is usual. Then {expected} comes first of {count}.")
    else:
        said = _("What was put in is struck out, as is usual. Then {expected} has rank {rank} of {count}.")
    return said.format(expected=token_quote(expected), rank=count(rank), count=count(total - 3))


def strip_words(ranks: Sequence[int], total: int) -> str:
    """All analogies: how many come first, or where the worst is."""
    first = sum(rank == 1 for rank in ranks)
    if len(ranks) == 1:
        said = _("A strip of {count} ranks: by chance, a word would lie in its right half as often as not.")
        return said.format(count=count(total))
    said = _("{count} such questions, each rank on a strip of {total}: {first} of them come first.")
    if first == 0:
        said = _("{count} such questions, each rank on a strip of {total}: none of the words comes first.")
    if first == len(ranks):
        said = _("{count} such questions, each rank on a strip of {total}: every word comes first.")
    return said.format(count=len(ranks), total=count(total), first=first)


def knot_words(names: Sequence[bytes], cosine: float, how_many: int) -> str:
    """The tokens nearest to the mean of all, and how near they are."""
    some = ", ".join(token_quote(name) for name in names)
    if cosine < KNOT:
        said = _(
            "No token lies near the mean of all: the nearest has a cosine of {cosine}. They are {names} …"
        )
    else:
        said = _("The {count} vectors nearest to the mean of all, cosine up to {cosine}: {names} …")
    return said.format(count=how_many, cosine=plain(cosine, 2), names=some)
