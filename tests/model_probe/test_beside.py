from pathlib import Path

import numpy as np
import pytest

from model_probe.__main__ import main
from model_probe.beside import other_order
from model_probe.errors import PromptError
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.record import record
from model_probe.tokens import Encoded, Vocabulary
from model_probe.trace import Trace


def encoded(ids: list[int], added: int = 0, added_after: int = 0) -> Encoded:
    return Encoded(np.array(ids), [b"x"] * len(ids), "x", added, added_after, [], None, None)


@pytest.mark.parametrize(
    ("prompt", "found", "how"),
    [
        (encoded([1, 2, 3]), [2, 1, 3], "reversed"),
        (encoded([1, 2, 3, 4, 5]), [4, 3, 2, 1, 5], "reversed"),
        (encoded([9, 1, 2, 3], added=1), [9, 2, 1, 3], "reversed"),
        (encoded([9, 1, 2, 3, 8], added=1, added_after=1), [9, 2, 1, 3, 8], "reversed"),
        (encoded([1]), [1, 1], "twice"),
        (encoded([1, 2]), [1, 2, 1, 2], "twice"),
        (encoded([9, 1, 2], added=1), [9, 1, 2, 1, 2], "twice"),
        (encoded([1, 2, 1, 7]), [1, 2, 1, 7, 1, 2, 1, 7], "twice"),
        (encoded([5, 5, 5]), [5, 5, 5, 5, 5, 5], "twice"),
    ],
)
def test_the_prompt_in_another_order(prompt: Encoded, found: list[int], how: str) -> None:
    beside = other_order(prompt, n_ctx=8)
    assert beside is not None
    assert beside.ids_T.tolist() == found
    assert beside.how == how


def test_without_room_or_words_there_is_no_second_text() -> None:
    assert other_order(encoded([5] * 5), n_ctx=9) is None
    assert other_order(encoded([9], added=1), n_ctx=9) is None


def test_a_second_text_that_was_given(tmp_path: Path) -> None:
    trace = Trace.open(record("The old king", tmp_path / "t", model="storyteller", beside=" A king"))
    assert (trace.facts.beside, trace.facts.beside_how) == (" A king", "given")
    assert trace.beside_bytes_B[:].tobytes() == b" A king"
    assert trace.beside_ids_T.shape == (2,)
    assert trace.beside_ids_T[-1] == trace.token_ids_T[-1]
    assert trace.beside_resid_MD.shape == (9, 256)
    # the same word, in another place
    assert not np.array_equal(trace.beside_resid_MD[0], trace.resid_pre_LTD[0, -1])


def test_a_long_prompt_s_other_order_does_not_reach_into_another_text(tmp_path: Path) -> None:
    prompt = "The old king had a ring and a " * 17
    trace = Trace.open(record(prompt, tmp_path / "t", model="storyteller"))
    ids_T = trace.beside_ids_T[:]
    vocabulary = Vocabulary(STORYTELLER_DIRECTORY)
    text = b"".join(vocabulary.bytes_of(ids_T.tolist())).decode()
    again = Trace.open(record(prompt, tmp_path / "u", model="storyteller", beside=text))
    if again.beside_ids_T[:].tolist() == ids_T.tolist():
        np.testing.assert_allclose(again.beside_resid_MD[:], trace.beside_resid_MD[:], atol=1e-4)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "the prompt is empty"), ("king " * 400, "of the second text, beside: the prompt has ")],
)
def test_one_that_cannot_be_read_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        record("The old king", tmp_path / "t", model="storyteller", beside=text)
    assert not list(tmp_path.iterdir())


def test_the_command_line_takes_one_that_begins_with_a_dash(tmp_path: Path) -> None:
    path = tmp_path / "t"
    assert main(["The king", "-o", str(path), "--model", "storyteller", "--beside", "-- king"]) == 0
    assert Trace.open(path).facts.beside == "-- king"
