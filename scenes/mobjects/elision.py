"""Which of many things are shown when not all fit: the first and the last, and how many lie between."""

from __future__ import annotations

from itertools import pairwise


def elide(count: int, limit: int) -> list[int | None]:
    """Indices to show of `count` things in `limit` places; None marks the gap.

    The gap takes one place. The end gets the odd place: the last token is the one that predicts.

    >>> elide(4, 6)
    [0, 1, 2, 3]
    >>> elide(100, 6)
    [0, 1, None, 97, 98, 99]
    """
    if count <= limit:
        return list(range(count))
    first = max(0, (limit - 1) // 2)
    last = max(1, limit - 1 - first)
    return [*range(first), None, *range(count - last, count)]


def hidden(count: int, limit: int) -> int:
    """How many of `count` things `elide` leaves out."""
    return count - sum(index is not None for index in elide(count, limit))


def elide_around(count: int, limit: int, kept: int) -> list[int | None]:
    """As `elide`, but `kept` is always shown, between its neighbours where it lies in the gap.

    `limit` is 7 at least: one index at either end, two gaps and three in the middle.

    >>> elide_around(100, 12, 50)
    [0, 1, None, 49, 50, 51, None, 95, 96, 97, 98, 99]
    """
    usual = elide(count, limit)
    if kept in usual:
        return usual
    first = max(1, (limit - 5) // 3)
    last = limit - 5 - first
    shown = sorted({*range(first), kept - 1, kept, kept + 1, *range(count - last, count)})
    places: list[int | None] = [shown[0]]
    for before, index in pairwise(shown):
        places += [index] if index == before + 1 else [None, index]
    return places
