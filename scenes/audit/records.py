"""What was formatted: each number leaves an invisible mark before its digits, wherever its text goes.

The mark is two private-use characters that hold the record's number. Text that is joined, translated or cut
keeps it; it is taken off where the text is set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from scenes.audit.origins import Origin

FIRST, SECOND, WIDE = 0xF0000, 0x100000, 4096
MARK = re.compile("[\U000f0000-\U000f0fff][\U00100000-\U00100fff]")


@dataclass(frozen=True)
class Record:
    """A number that was formatted."""

    text: str
    value: Any
    origin: Origin


class Records:
    """All that was formatted while a scene played."""

    def __init__(self) -> None:
        self._kept: list[Record] = []

    def marked(self, text: str, value: Any, origin: Origin) -> str:
        """Keep a record; the text with its mark, which stands behind the spaces that the text begins with."""
        if not any(character.isdigit() for character in text):
            return text
        number = len(self._kept)
        self._kept.append(Record(text.strip(), value, origin))
        mark = chr(FIRST + number // WIDE) + chr(SECOND + number % WIDE)
        return text[: len(text) - len(text.lstrip())] + mark + text.lstrip()

    def __getitem__(self, mark: str) -> Record:
        return self._kept[(ord(mark[0]) - FIRST) * WIDE + ord(mark[1]) - SECOND]

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()


RECORDS = Records()


def unmarked(text: str) -> str:
    """Text as it is seen."""
    return MARK.sub("", text)
