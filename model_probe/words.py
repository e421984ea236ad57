"""Words for directions in the embedding: pairs and analogies from `assets/words`, a file a language."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DIRECTORY = Path(__file__).parent.parent / "assets" / "words"
FIRST = "en"  # of languages that a model knows equally well
PAIRS = 20  # that are tried on the direction, beside the one that makes it

WordId = Callable[[str], int | None]
"""A word's id with a space in front, where that is one token; see `model_probe.tokens.Vocabulary.word_id`."""


@dataclass(frozen=True)
class Words:
    """What a tokenizer has as single tokens of one language's lists.

    Attributes:
        pair_ids_P2: singular and plural, in the list's order.
        analogy_ids_A4: a − b + c ≈ d, the first of each kind.
    """

    pair_ids_P2: NDArray[np.int64]
    analogy_ids_A4: NDArray[np.int64]

    def shown_pairs(self, prompt_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The pair that makes the direction, the first PAIRS others, and perhaps one of the prompt's.

        That is the first further pair of which one word is in the prompt, where none of the others' is.
        """
        prompt = set(prompt_ids.tolist())
        own = [n for n, pair in enumerate(self.pair_ids_P2.tolist()) if n and prompt.intersection(pair)][:1]
        first = 1 + PAIRS
        return self.pair_ids_P2[[*range(min(first, len(self.pair_ids_P2))), *(n for n in own if n >= first)]]


def words(word_id: WordId, directory: Path = DIRECTORY) -> Words:
    """The lists of the language of which a tokenizer has the most pairs as single tokens."""
    found = {path.stem: _read(path, word_id) for path in sorted(directory.glob("*.toml"))}
    return max(found.items(), key=lambda each: (len(each[1].pair_ids_P2), each[0] == FIRST))[1]


def _read(path: Path, word_id: WordId) -> Words:
    lists = tomllib.loads(path.read_text(encoding="utf-8"))

    def ids(line: str) -> list[int] | None:
        known = [number for word in line.split() if (number := word_id(word)) is not None]
        return known if len(known) == len(line.split()) else None

    pairs = [pair for line in lists["pairs"] if (pair := ids(line))]
    kinds = ([each for line in lines if (each := ids(line))] for lines in lists["analogies"].values())
    analogies = [each[0] for each in kinds if each]
    return Words(
        np.array(pairs, np.int64).reshape(-1, 2),
        np.array(analogies, np.int64).reshape(-1, 4),
    )
