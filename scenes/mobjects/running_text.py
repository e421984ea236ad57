"""Tokens set as running text, in lines: characters that were cut between tokens are whole again."""

from __future__ import annotations

from codecs import getincrementaldecoder
from dataclasses import dataclass, replace
from unicodedata import east_asian_width

import numpy as np
from manim import VGroup

from scenes.mobjects import marks, palette
from scenes.mobjects.lettering import Lettering, string_points, text
from scenes.mobjects.token_row import token_label

MONO = 0.72  # the monospaced face looks larger than the text face
LARGEST, SMALLEST = 0.85, 0.5  # em
LEADING = 1.45
NEVER_FIRST = "、。，．」』）！？ー…"  # of a line


class RunningText(VGroup):
    """Lines of text no larger than a box: as large as fits, and where the smallest does not, the end of it.

    Lines are about as long as each other: a last line of one word would look like an accident.

    Args:
        parts: (tokens, colour), one after the other.
        width: in frame units.
        height: in frame units.
        largest: em of a text that is short enough for it.

    Attributes:
        cut: whether the beginning is left out.
    """

    def __init__(
        self, parts: list[tuple[list[bytes], str]], width: float, height: float, largest: float = LARGEST
    ) -> None:
        super().__init__()
        words = running_words(parts)
        for size in np.linspace(largest, SMALLEST, round(20 * (largest - SMALLEST)) + 1):
            rows = fill(words, width / float(size))
            room = int(height / (LEADING * float(size)))
            widest = max(sum(run.width for run in row) for row in rows)
            if len(rows) <= room and widest * float(size) <= width:
                break
        self.cut = len(rows) > room
        if self.cut:
            rows = rows[-room:]
            rows[0].insert(0, Run("… ", palette.FAINT))
        else:
            rows = balance(words, rows)
        for number, row in enumerate(rows):
            pen = 0.0
            for run in merge(row):
                lettering = run.draw(float(size))
                lettering.move_to([pen + lettering.width / 2, -number * LEADING * float(size), 0])
                pen += lettering.width
                self.add(lettering)


@dataclass(frozen=True)
class Run:
    """A stretch of the final text in one face and one colour; `new` where a line may break before it."""

    words: str
    colour: str
    mono: bool = False
    new: bool = True

    @property
    def width(self) -> float:
        """In em."""
        return string_points(self.words, self.mono)[1] * (MONO if self.mono else 1.0)

    def draw(self, size: float) -> Lettering:
        """At an em of `size`."""
        return text(self.words, size * (MONO if self.mono else 1.0), self.colour, self.mono)


def running_words(parts: list[tuple[list[bytes], str]]) -> list[Run]:
    """Tokens and their colours as running text: characters that were cut between tokens are whole again.

    A Run of nothing but a newline begins a new line.
    """
    runs: list[Run] = []
    for tokens, colour in parts:
        for piece in whole_characters(tokens):
            for number, line in enumerate(piece.split(b"\n")):
                if number:  # the line ends here, and that it does is a character of the text
                    runs.append(Run(token_label(b"\n")[0], colour, new=False))
                    runs.append(Run("\n", colour))
                if line:
                    label, mono = token_label(line)
                    code = mono and label.encode() != line  # codes side by side would read as one
                    apart = code and bool(runs) and runs[-1].mono
                    new = not runs or code or _may_break(runs[-1].words, label)
                    runs.append(Run(" " * apart + label, colour, mono, new))
    return runs


def _may_break(before: str, after: str) -> bool:
    """Whether a line may end between two stretches: at a space, around a mark or a full-width character."""
    if after[0] in NEVER_FIRST:
        return False
    if after[0] == " " or after.startswith(marks.OPEN) or before.endswith(marks.CLOSE):
        return True
    return any(east_asian_width(character) in "WF" for character in (before[-1], after[0]))


def whole_characters(tokens: list[bytes]) -> list[bytes]:
    """Join neighbouring tokens that only together are whole UTF-8 characters."""
    joined: list[bytes] = []
    for token in tokens:
        if joined and _unfinished(joined[-1]) and _unfinished(joined[-1] + token) is not None:
            joined[-1] += token
        else:
            joined.append(token)
    return joined


def _unfinished(piece: bytes) -> bytes | None:
    """The beginning of a character at the end of `piece`; None if no bytes after it can make it text."""
    decoder = getincrementaldecoder("utf-8")()
    try:
        decoder.decode(piece)
    except UnicodeDecodeError:
        return None
    return decoder.getstate()[0]


def fill(runs: list[Run], width: float) -> list[list[Run]]:
    """Lines no wider than `width` em."""
    groups: list[list[Run]] = []
    for run in runs:
        if run.new or not groups:
            groups.append([run])
        else:
            groups[-1].append(run)
    rows: list[list[Run]] = [[]]
    used = 0.0
    for group in groups:
        if group[0].words == "\n":
            rows.append([])
            used = 0.0
            group = group[1:]
        wide = sum(run.width for run in group)
        if rows[-1] and used + wide > width:
            rows.append([])
            used = 0.0
        if not rows[-1] and group:
            group = [replace(group[0], words=group[0].words.lstrip(" ")), *group[1:]]
        rows[-1] += group
        used += wide
    return rows


def balance(runs: list[Run], rows: list[list[Run]]) -> list[list[Run]]:
    """As many lines as `rows` has, the longest of them as short as can be, to half an em."""
    width = max(sum(run.width for run in row) for row in rows)
    while width > 1 and len(narrower := fill(runs, width - 0.5)) == len(rows):
        rows, width = narrower, width - 0.5
    return rows


def merge(row: list[Run]) -> list[Run]:
    """Neighbours of one face and colour as one."""
    merged: list[Run] = []
    for run in row:
        if merged and (merged[-1].colour, merged[-1].mono) == (run.colour, run.mono):
            merged[-1] = replace(merged[-1], words=merged[-1].words + run.words)
        else:
            merged.append(run)
    return [run for run in merged if run.words]
