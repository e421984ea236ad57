"""Where a tokenizer changes a text: what was given, and what its tokens join to."""

from __future__ import annotations

import re
from typing import Any, TypedDict

MOST = 50  # changes that a trace lists
FAR = 64  # words and spaces within which a change ends


class Change(TypedDict):
    """One place: from character `at` on, `given` stood in the text; the tokens hold `read` instead."""

    at: int
    given: str
    read: str


def changes(given: str, read: bytes) -> list[Change]:
    """Where the bytes that tokens join to are not the text's: none where they are.

    Compared are words, single spaces and single other characters, so that a change can be read. Bytes that
    are no text are given as U+FFFD.
    """
    if read == given.encode():
        return []
    became = read.decode(errors="replace")
    before, after = _units(given), _units(became)
    found: list[Change] = []
    place = here = there = 0
    while here < len(before) or there < len(after):
        left, right = _until_they_agree(before[here : here + FAR], after[there : there + FAR])
        if left == right == FAR:  # they do not: what is left is one change
            left, right = len(before) - here, len(after) - there
        if left or right:
            change = "".join(before[here : here + left]), "".join(after[there : there + right])
            found.append(Change(at=place, given=change[0], read=change[1]))
            place += len(change[0])
            here, there = here + left, there + right
        else:
            place += len(before[here])
            here, there = here + 1, there + 1
    return found


def _until_they_agree(before: list[str], after: list[str]) -> tuple[int, int]:
    """How many units to pass over on either side until both go on alike, or end; the fewest together."""
    for together in range(len(before) + len(after) + 1):
        for left in range(max(0, together - len(after)), min(together, len(before)) + 1):
            right = together - left
            ended = (left == len(before), right == len(after))
            if all(ended) or (not any(ended) and before[left] == after[right]):
                return left, right
    return len(before), len(after)


def is_what_was_read(given: str, listed: list[dict[str, Any]], places: int, read: bytes) -> bool:
    """Whether a text with the changes that a trace lists is what its tokens join to.

    Where there are more places than are listed, what lies before the last of these.
    """
    if not places:
        return given.encode() == read
    made, at = "", 0
    for change in listed:
        made += given[at : change["at"]] + change["read"]
        at = change["at"] + len(change["given"])
    became = read.decode(errors="replace")
    return became.startswith(made) if places > len(listed) else became == made + given[at:]


def _units(text: str) -> list[str]:
    return re.findall(r"\w{1,24}|\W", text)
