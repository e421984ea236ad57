"""Which of many things are shown when not all fit: the first and the last, and how many lie between."""

from __future__ import annotations


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
