"""The prompt as running text; of a long one its first and last words, and how many characters lie between."""

from __future__ import annotations

import re
from bisect import bisect_left
from unicodedata import category

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.elision import elide, hidden
from scenes.mobjects.numerals import count
from scenes.mobjects.running_text import RunningText

LARGEST = 3.2  # em of a prompt that is short
ASIDE, ABOVE = 0.5, 0.3  # frame units that stay free at either side, above and below


def prompt_text(prompt: str, message: str | None, box: Box) -> RunningText:
    """The prompt in the middle of a box, with room around it; as many of its first and last words as fit.

    Args:
        prompt: the whole of it.
        message: in a chat what the user wrote; it is bright, and the template around it is not.
        box: where it stands.
    """
    own = (message or "").strip()
    start = max(0, prompt.rfind(own)) if own else 0
    end = start + len(own) if own else len(prompt)
    colours = (palette.FAINT, palette.INK, palette.FAINT)
    words = [
        (word, colour)
        for part, colour in zip((prompt[:start], prompt[start:end], prompt[end:]), colours, strict=True)
        for word in words_of(part)
    ]

    def shortened(limit: int) -> RunningText:
        width, height = box.width - 2 * ASIDE, box.height - 2 * ABOVE
        return RunningText(_parts(words, limit), width, height, largest=LARGEST)

    found = shortened(len(words))
    if found.cut:
        most = bisect_left(range(len(words)), True, key=lambda limit: shortened(limit).cut) - 1
        found = shortened(most)
    found.move_to(box.center)
    return found


def words_of(prompt: str) -> list[str]:
    """Text in words, full-width characters and what is neither; a combining mark stays with its letter.

    >>> words_of("It's me.")
    ['It', "'", 's', ' me', '.']
    """
    found: list[str] = []
    for part in re.findall(r" ?[^\W\u2e80-\uffff]+|.", prompt, re.DOTALL):
        if found and category(part[0])[0] == "M":
            found[-1] += part
        else:
            found.append(part)
    return found


def _parts(words: list[tuple[str, str]], limit: int) -> list[tuple[list[bytes], str]]:
    """At most so many words, each with its colour; those left out are counted in characters."""
    parts = [([word.encode()], colour) for word, colour in words]
    if left_out := hidden(len(words), limit):
        start = elide(len(words), limit).index(None)
        end = start + left_out
        characters = sum(len(word) for word, _colour in words[start:end])
        gap = _("⋯ {count} more characters ⋯").format(count=count(characters))
        parts[start:end] = [([b" " + word.encode() for word in gap.split()], palette.FAINT)]
    return parts
