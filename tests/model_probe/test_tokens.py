import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from model_probe import prompts
from model_probe.errors import ModelError, PromptError
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.tokens import BYTE_OF_CHARACTER, Encoded, Vocabulary

DESCRIPTION = json.loads((STORYTELLER_DIRECTORY / "tokenizer.json").read_text(encoding="utf-8"))
REFERENCE = Tokenizer.from_file(str(STORYTELLER_DIRECTORY / "tokenizer.json"))
VOCABULARY = Vocabulary(STORYTELLER_DIRECTORY)
STRANGE = [
    "The old king loved his",
    " ",
    "\n\n \t",
    "The 🐉 and 👩‍👩‍👧‍👦 laughed",
    "むかしむかし、王さまがいました。",
    "كان يا ما كان\u202e abc",
    "a\x00b\x1b[31mred\x07\x7f",
    "<script>alert(1)</script> &amp; \\frac{1}{2} [bold]x[/]",
    "Once<|endoftext|><|endoftext|> upon",
    "<|endoftext|>",
    "<|endoftext",
    "don't you'll WE'RE",
    "x" * 300,
    "abababab" * 20 + "aaaaaaa",
    "\ufeffé\u0301\U0010ffff",
]


def replay(encoded: Encoded, prompt: str) -> list[bytes]:
    """Apply the recorded merges to the pieces' single bytes; a special token is one piece that is not cut."""
    text = prompt.encode()
    bounds = [*encoded.piece_starts_P.tolist(), len(text)]
    pieces = [text[a:b] for a, b in pairwise(bounds)]
    symbols = [[p] if p == b"<|endoftext|>" else [bytes([b]) for b in p] for p in pieces]
    for piece, index, rank in encoded.merge_steps_J3.tolist():
        left, right = symbols[piece][index : index + 2]
        pair = tuple(bytes(BYTE_OF_CHARACTER[c] for c in s) for s in DESCRIPTION["model"]["merges"][rank])
        assert (left, right) == pair
        symbols[piece][index : index + 2] = [left + right]
    return [symbol for piece in symbols for symbol in piece]


@pytest.mark.parametrize("prompt", STRANGE)
def test_tokens_join_to_the_prompt_and_come_of_their_merges(prompt: str) -> None:
    encoded = VOCABULARY.encode(prompt, 10_000)
    assert encoded.ids_T.tolist() == REFERENCE.encode(prompt).ids
    assert b"".join(encoded.tokens) == prompt.encode()
    assert replay(encoded, prompt) == encoded.tokens


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_any_text_joins_to_itself_byte_for_byte(prompt: str) -> None:
    encoded = VOCABULARY.encode(prompt, 10_000)
    assert b"".join(encoded.tokens) == prompt.encode()
    assert replay(encoded, prompt) == encoded.tokens


def test_merges_come_lowest_rank_first_within_a_piece() -> None:
    steps = VOCABULARY.encode("The woodcutter's youngest daughter", 100).merge_steps_J3
    for piece in np.unique(steps[:, 0]):
        ranks = steps[steps[:, 0] == piece, 2]
        assert (np.diff(ranks) >= 0).all()


def test_a_special_token_typed_in_a_prompt_is_one_token() -> None:
    encoded = VOCABULARY.encode("a<|endoftext|>b", 10)
    assert encoded.tokens == [b"a", b"<|endoftext|>", b"b"]
    assert encoded.ids_T[1] == VOCABULARY.id_of("<|endoftext|>") == 0
    assert encoded.piece_starts_P.tolist() == [0, 1, 14]


def test_the_vocabulary_is_that_of_the_tokenizer() -> None:
    tensors = VOCABULARY.tensors(8200)
    offsets = tensors["vocab_offsets_V1"]
    joined = tensors["vocab_bytes_B"].tobytes()
    for i in (0, 1, 255, 256, 257, 4000, 8191):
        token = joined[offsets[i] : offsets[i + 1]]
        assert token.decode(errors="replace") == REFERENCE.decode([i], skip_special_tokens=False)
    assert len(offsets) == 8201
    assert offsets[8192] == offsets[8200] == len(joined)


def test_a_prompt_over_the_context_is_refused_with_both_counts() -> None:
    with pytest.raises(PromptError, match="the prompt has 1,200 tokens; the model's context holds 256"):
        VOCABULARY.encode(" king" * 1200, 256)


@pytest.mark.parametrize(("prompt", "message"), [("", "is empty"), ("a\udcffb", "not valid UTF-8")])
def test_text_that_is_no_prompt_is_refused(prompt: str, message: str) -> None:
    with pytest.raises(PromptError, match=message):
        prompts.check(prompt)


def test_prompt_files(tmp_path: Path) -> None:
    for data, prompt in (
        (b"a\nb\n", "a\nb"),
        (b"a\r\n", "a"),
        (b"\xef\xbb\xbfa\n\n", "a\n"),
        (b" a ", " a "),
    ):
        (tmp_path / "p").write_bytes(data)
        assert prompts.read(tmp_path / "p") == prompt
    (tmp_path / "p").write_bytes(b"a\xff")
    for path in (tmp_path / "p", tmp_path, tmp_path / "none"):
        with pytest.raises(PromptError, match="cannot be read as a prompt in UTF-8"):
            prompts.read(path)


def changed(**model: Any) -> dict[str, Any]:
    return {**DESCRIPTION, "model": {**DESCRIPTION["model"], **model}}


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("{", "cannot be read as a tokenizer"),
        ({**DESCRIPTION, "normalizer": {"type": "Lowercase"}}, "not a byte-level BPE"),
        ({**DESCRIPTION, "pre_tokenizer": {"type": "Whitespace"}}, "not a byte-level BPE"),
        (
            {**DESCRIPTION, "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}},
            "not a byte-level",
        ),
        (changed(vocab={}, merges=[]), "cannot be read as a tokenizer|changes the prompt"),
        (changed(merges=DESCRIPTION["model"]["merges"][::-1], ignore_merges=True), "merges do not lead"),
        (
            {**DESCRIPTION, "pre_tokenizer": {**DESCRIPTION["pre_tokenizer"], "add_prefix_space": True}},
            "changes the prompt",
        ),
    ],
    ids=["cut", "normalizer", "whitespace", "word-level", "empty", "no-merges", "prefix-space"],
)
def test_tokenizers_of_another_kind_are_refused(tmp_path: Path, description: Any, message: str) -> None:
    text = description if isinstance(description, str) else json.dumps(description)
    (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        Vocabulary(tmp_path).encode("The woodcutter's youngest daughter", 100)
