from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from model_probe.trace import Trace
from model_probe.typo import swap_middle


@pytest.mark.parametrize(
    ("piece", "swapped"),
    [
        ("beautiful", "beatuiful"),
        ("king", "knig"),
        ("ab", "ba"),
        ("aaab", "aaba"),
        ("aa", None),
        ("42", None),
    ],
)
def test_the_neighbours_nearest_to_the_middle_are_swapped(piece: str, swapped: str | None) -> None:
    assert swap_middle(piece) == swapped


def test_the_longest_word_is_misspelt_and_cut_by_the_tokenizer(
    storyteller_trace: Path, storyteller_directory: Path
) -> None:
    trace = Trace.open(storyteller_trace)
    tokenizer = Tokenizer.from_file(str(storyteller_directory / "tokenizer.json"))
    assert np.asarray(trace.typo_span_2).tolist() == [8, 9]
    assert np.asarray(trace.typo_ids_U).tolist() == tokenizer.encode(" beatuiful").ids
    assert b"".join(trace.typo_tokens) == b" beatuiful"
