from pathlib import Path

import numpy as np
import pytest

from model_probe import words as words_module
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.tokens import Vocabulary
from model_probe.words import DIRECTORY, Words, words

ENGLISH = """
pairs = ["cat cats", "dog dogs", "sheep sheep", "tree trees"]
[analogies]
family = ["king man woman queen"]
plural = ["cats cat cow cows", "cats cat dog dogs"]
"""
GERMAN = 'pairs = ["Hund Hunde", "Baum Bäume"]\n[analogies]\nfamily = ["König Mann Frau Königin"]\n'
KNOWN = ["cat", "cats", "dog", "dogs", "tree", "Hund", "Hunde", "Baum", "Bäume", "king", "man", "woman"]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "en.toml").write_text(ENGLISH)
    (tmp_path / "de.toml").write_text(GERMAN)
    return tmp_path


def ids(known: list[str]) -> words_module.WordId:
    return lambda word: known.index(word) if word in known else None


def test_what_is_not_all_single_tokens_is_left_out(directory: Path) -> None:
    found = words(ids(KNOWN[:5] + KNOWN[9:]), directory)
    assert found.pair_ids_P2.tolist() == [[0, 1], [2, 3]]
    assert found.analogy_ids_A4.tolist() == [[1, 0, 2, 3]]  # no queen; the second of the plurals


def test_the_language_is_the_one_with_the_most_pairs(directory: Path) -> None:
    assert words(ids(KNOWN), directory).pair_ids_P2.tolist() == [[0, 1], [2, 3]]  # as many of each
    assert words(ids(KNOWN[2:]), directory).pair_ids_P2.tolist() == [[3, 4], [5, 6]]
    none = words(ids([]), directory)
    assert none.pair_ids_P2.shape == (0, 2)
    assert none.analogy_ids_A4.shape == (0, 4)


@pytest.mark.parametrize(
    ("prompt", "last"),
    [([1, 2], 41), ([50], 51), ([58, 49], 49), ([50, 4], 41), ([0], 41)],
)
def test_a_pair_of_the_prompt_s_joins(prompt: list[int], last: int) -> None:
    lists = Words(np.arange(60).reshape(30, 2), np.empty((0, 4), np.int64))
    pairs_P2 = lists.shown_pairs(np.array(prompt))
    assert pairs_P2[:21].tolist() == np.arange(42).reshape(21, 2).tolist()
    assert pairs_P2[-1, 1] == last


@pytest.mark.parametrize("path", sorted(DIRECTORY.glob("*.toml")), ids=lambda path: path.stem)
def test_the_lists_are_sound(path: Path) -> None:
    seen: list[str] = []

    def note(word: str) -> int:
        seen.append(word)
        return len(seen)

    found = words_module._read(path, note)
    assert len(found.pair_ids_P2) > 20
    assert len(found.analogy_ids_A4) == 3
    pairs = np.reshape(seen[: 2 * len(found.pair_ids_P2)], (-1, 2))
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    assert path.read_text().startswith("#")  # where they come from


def test_a_word_is_one_token_with_a_space_in_front() -> None:
    vocabulary = Vocabulary(STORYTELLER_DIRECTORY)
    king = vocabulary.word_id("king")
    assert king is not None
    assert vocabulary.bytes_of([king]) == [b" king"]
    assert vocabulary.word_id("xylophonist") is None
    assert vocabulary.word_id("the old") is None
