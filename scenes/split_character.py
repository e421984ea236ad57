"""A character of the prompt whose bytes are spread over several tokens."""

from __future__ import annotations

from codecs import getincrementaldecoder
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise


@dataclass(frozen=True)
class SplitCharacter:
    """A character, the positions of the tokens that hold it, and which of its bytes each of them holds."""

    character: str
    positions: list[int]
    shares: list[bytes]


def split_character(tokens: Sequence[bytes]) -> SplitCharacter | None:
    r"""The first character that several tokens share; None where each stands in one.

    >>> split_character([b"a", b"\xf0\x9f", b"\x90\x89!"])
    SplitCharacter(character='🐉', positions=[1, 2], shares=[b'\xf0\x9f', b'\x90\x89'])
    """
    decoder, begun = getincrementaldecoder("utf-8")(errors="replace"), 0
    for index, piece in enumerate(tokens):
        if not decoder.getstate()[0]:
            begun = index
        words = decoder.decode(piece)
        if words and index > begun:
            return SplitCharacter(
                words[0], list(range(begun, index + 1)), _shares(words[0], tokens[begun : index + 1])
            )
    return None


def _shares(character: str, pieces: Sequence[bytes]) -> list[bytes]:
    """The bytes of a character that each of its tokens holds; other characters may come before and after."""
    before = len(pieces[0].decode(errors="ignore").encode())
    ends = [end - before for end in accumulate(map(len, pieces))]
    return [character.encode()[max(0, start) : end] for start, end in pairwise([-before, *ends])]
