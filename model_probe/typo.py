"""What the tokenizer makes of a misspelling: a word of the prompt with two letters swapped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from model_probe.tokens import Encoded, Vocabulary

SHORTEST = 4  # letters; a shorter word has no middle to speak of
LONGEST = 16  # bytes; more are a sentence in a script without spaces, not a word


def typo(encoded: Encoded, vocabulary: Vocabulary) -> dict[str, NDArray[Any]]:
    """Misspell the prompt's longest word and cut it into tokens; nothing where there is no such word.

    The word is the pre-tokeniser piece with the most letters among those that are letters only (a space
    before them aside), the first of equals; the differing neighbours nearest to its middle are swapped.

    Returns:
        typo_piece_1, the piece's number; typo_ids_U, and the tokens' bytes as typo_bytes_B, typo_offsets_U1.
    """
    from model_probe.tokens import joined

    if encoded.piece_starts_P is None:
        return {}
    prompt = b"".join(encoded.tokens)
    starts = encoded.piece_starts_P.tolist()
    best, wrong = -1, ""
    longest = SHORTEST - 1
    for number, (start, end) in enumerate(zip(starts, [*starts[1:], len(prompt)], strict=True)):
        piece = prompt[start:end].decode(errors="replace")
        swapped = swap_middle(piece)
        fits = len(piece.strip()) > longest and end - start <= LONGEST
        if fits and swapped is not None:
            best, wrong, longest = number, swapped, len(piece.strip())
    if best < 0:
        return {}
    cut = vocabulary.encode(wrong, n_ctx=len(wrong.encode()) + encoded.added)
    typo_bytes_B, typo_offsets_U1 = joined(cut.tokens[cut.added :])
    return {
        "typo_piece_1": np.array([best], np.int64),
        "typo_ids_U": cut.ids_T[cut.added :],
        "typo_bytes_B": typo_bytes_B,
        "typo_offsets_U1": typo_offsets_U1,
    }


def swap_middle(piece: str) -> str | None:
    """Swap the two differing neighbours nearest to the middle of a word; None if it is no word or has none.

    >>> swap_middle(" beautiful")
    ' beatuiful'
    """
    word = piece.strip(" ")
    if not word.isalpha():
        return None
    places = [at for at in range(len(word) - 1) if word[at] != word[at + 1]]
    if not places:
        return None
    at = min(places, key=lambda place: abs(2 * place + 2 - len(word)))
    return piece.replace(word, word[:at] + word[at + 1] + word[at] + word[at + 2 :])
