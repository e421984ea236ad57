"""What the tokenizer makes of a misspelling: a word of the prompt with two letters swapped."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from model_probe.tokens import Encoded, Vocabulary

SHORTEST = 4  # letters; a shorter word has no middle to speak of
LONGEST = 16  # bytes; more are a sentence in a script without spaces, not a word


def typo(encoded: Encoded, vocabulary: Vocabulary, message: str | None = None) -> dict[str, NDArray[Any]]:
    """Misspell the prompt's longest word and cut the prompt anew; nothing where there is no such word.

    The word is the one with the most letters among those that tokens begin and end with (a space before it
    belongs to it), the first of equals; in a chat, of what the user wrote. The differing neighbours nearest
    to its middle are swapped. The tokenizer then reads the whole prompt again: what stands between the tokens
    before and after the word is what it makes of the misspelling.

    Returns:
        typo_span_2, the word's first token and the one after its last; typo_ids_U, and those tokens' bytes as
        typo_bytes_B, typo_offsets_U1.
    """
    from model_probe.tokens import joined

    word = _longest_word(encoded, message)
    if word is None:
        return {}
    (start, end), (first, last) = word
    wrong = swap_middle(encoded.text[start:end])
    assert wrong is not None  # the word was chosen so
    misspelt = encoded.text[:start] + wrong + encoded.text[end:]
    again = vocabulary.cut(misspelt, added=encoded.added + encoded.added_after > 0)
    before, after = encoded.ids_T[:first].tolist(), encoded.ids_T[last:].tolist()
    ids = again[first : len(again) - len(after)]
    if not ids or again[:first] != before or again[len(again) - len(after) :] != after:
        return {}  # more than the word changed
    typo_bytes_B, typo_offsets_U1 = joined(vocabulary.bytes_of(ids))
    return {
        "typo_span_2": np.array([first, last], np.int64),
        "typo_ids_U": np.array(ids, np.int64),
        "typo_bytes_B": typo_bytes_B,
        "typo_offsets_U1": typo_offsets_U1,
    }


def _longest_word(encoded: Encoded, message: str | None) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Where the word stands in the text, in characters, and which tokens it is: (start, end) of each."""
    read = b"".join(encoded.tokens)
    starts = {at: token for token, at in enumerate(accumulate(map(len, encoded.tokens), initial=0))}
    text = encoded.text
    found = text.rfind(message) if message else 0
    area = (found, found + len(message)) if message and found >= 0 else (0, len(text))
    best, longest = None, SHORTEST - 1
    looked = len(b"".join(encoded.tokens[: encoded.added]))  # bytes of the tokens, up to the word before
    for match in re.finditer(r"[^\W\d_]+", text):
        at = read.find(match[0].encode(), looked)
        if at < 0:  # the tokenizer changed it
            continue
        end = looked = at + len(match[0].encode())
        begin = at - 1 if at - 1 in starts and read[at - 1 : at] == b" " else at
        fits = longest < len(match[0]) and end - begin <= LONGEST and area[0] <= match.start() < area[1]
        if fits and begin in starts and end in starts and swap_middle(match[0]) is not None:
            best, longest = ((match.start(), match.end()), (starts[begin], starts[end])), len(match[0])
    return best


def swap_middle(word: str) -> str | None:
    """Swap the two differing neighbours nearest to the middle of a word; None if it is no word or has none.

    >>> swap_middle("beautiful")
    'beatuiful'
    """
    if not word.isalpha():
        return None
    places = [at for at in range(len(word) - 1) if word[at] != word[at + 1]]
    if not places:
        return None
    at = min(places, key=lambda place: abs(2 * place + 2 - len(word)))
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
