"""Where a tokenizer changes a text: what was given, and what its tokens join to."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Any, TypedDict

MOST = 50  # changes that a trace lists


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
    starts = [0]
    for unit in before:
        starts.append(starts[-1] + len(unit))
    for kind, first, last, from_, to in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            found.append(
                Change(at=starts[first], given="".join(before[first:last]), read="".join(after[from_:to]))
            )
    return found


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
