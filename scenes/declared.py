"""What a piece says of digits that it writes and that are no data. They come back as they are.

`scenes.audit`, which asks of each number on screen where it comes from, hears what is said here.
"""

from __future__ import annotations

from typing import TypeVar

Value = TypeVar("Value", int, float)


def scale_mark(value: Value, of: str = "scale") -> Value:
    """A round number at a place along an axis, or a count of places there; `of` names the scale."""
    return value


def chosen(value: Value, rule: str) -> Value:
    """A round number that a rule of the code has, such as a threshold; `rule` names it."""
    return value


def bound(limit: Value, value: float) -> Value:
    """A limit that is written in place of a number that lies below it."""
    return limit


def published(value: Value, source: str) -> Value:
    """A number that was published, and where."""
    return value


def quoted(words: str) -> str:
    """Text that is quoted, a token or the prompt: digits in it are its letters."""
    return words
