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
from model_probe.changes import changes, is_what_was_read
from model_probe.errors import ModelError, PromptError
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.tokens import BYTE_OF_CHARACTER, Vocabulary

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


def replay(encoded: Any, prompt: str) -> list[bytes]:
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
    encoded: Any = VOCABULARY.encode(prompt, 10_000)
    assert encoded.ids_T.tolist() == REFERENCE.encode(prompt).ids
    assert b"".join(encoded.tokens) == prompt.encode()
    assert replay(encoded, prompt) == encoded.tokens


@settings(max_examples=150, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_any_text_joins_to_itself_byte_for_byte(prompt: str) -> None:
    encoded: Any = VOCABULARY.encode(prompt, 10_000)
    assert b"".join(encoded.tokens) == prompt.encode()
    assert replay(encoded, prompt) == encoded.tokens


def test_merges_come_lowest_rank_first_within_a_piece() -> None:
    steps: Any = VOCABULARY.encode("The woodcutter's youngest daughter", 100).merge_steps_J3
    for piece in np.unique(steps[:, 0]):
        ranks = steps[steps[:, 0] == piece, 2]
        assert (np.diff(ranks) >= 0).all()


def test_a_special_token_typed_in_a_prompt_is_one_token() -> None:
    encoded: Any = VOCABULARY.encode("a<|endoftext|>b", 10)
    assert encoded.tokens == [b"a", b"<|endoftext|>", b"b"]
    assert encoded.ids_T[1] == 0
    assert VOCABULARY.end_ids({}) == {0}
    assert VOCABULARY.end_ids({"eos_token_id": [3, 5]}) == {3, 5}
    assert VOCABULARY.end_ids({"eos_token_id": None}) == frozenset()
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
        with pytest.raises(PromptError, match=r"cannot be read as a prompt|text in UTF-8 is wanted"):
            prompts.read(path)


def changed(**model: Any) -> dict[str, Any]:
    return {**DESCRIPTION, "model": {**DESCRIPTION["model"], **model}}


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ("{", "cannot be read as a tokenizer"),
        (
            {**DESCRIPTION, "pre_tokenizer": {"type": "Whitespace"}, "decoder": None},
            "not a byte-pair tokenizer",
        ),
        (
            {**DESCRIPTION, "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}},
            "not a byte-pair",
        ),
    ],
    ids=["cut", "whitespace", "word-level"],
)
def test_tokenizers_of_another_kind_are_refused(tmp_path: Path, description: Any, message: str) -> None:
    text = description if isinstance(description, str) else json.dumps(description)
    (tmp_path / "tokenizer.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        Vocabulary(tmp_path).encode("The woodcutter's youngest daughter", 100)


def vocabulary_of(tmp_path: Path, description: dict[str, Any]) -> Vocabulary:
    (tmp_path / "tokenizer.json").write_text(json.dumps(description), encoding="utf-8")
    return Vocabulary(tmp_path)


def test_a_token_that_the_tokenizer_puts_in_front_is_the_model_s_too(tmp_path: Path) -> None:
    begin = {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}
    text = {"Sequence": {"id": "A", "type_id": 0}}
    template = {
        "type": "TemplateProcessing",
        "single": [begin, text],
        "pair": [begin, text, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}},
    }
    vocabulary = vocabulary_of(tmp_path, {**DESCRIPTION, "post_processor": template})
    encoded: Any = vocabulary.encode("The woodcutter", 9)
    plain: Any = VOCABULARY.encode("The woodcutter", 9)
    assert encoded.added == 1
    assert encoded.tokens == [b"<|endoftext|>", *plain.tokens]
    assert encoded.text == "The woodcutter"
    assert encoded.piece_starts_P.tolist() == [0, *(plain.piece_starts_P + 13).tolist()]
    np.testing.assert_array_equal(encoded.merge_steps_J3 - [1, 0, 0], plain.merge_steps_J3)


def normalised(*kinds: str) -> dict[str, Any]:
    return {"type": "Sequence", "normalizers": [{"type": kind} for kind in kinds]}


STRIP = {"type": "Strip", "strip_left": True, "strip_right": True}
PREFIX = {**DESCRIPTION["pre_tokenizer"], "add_prefix_space": True}
ADDED = DESCRIPTION["added_tokens"][0]


@pytest.mark.parametrize(
    ("parts", "prompt", "told"),
    [
        ({}, "The king\u2028 cafe\u0301", []),
        ({"normalizer": {"type": "NFC"}}, "the cafe\u0301 here", [(4, "cafe\u0301", "caf\u00e9")]),
        ({"pre_tokenizer": PREFIX}, "king", [(0, "", " ")]),
        ({"pre_tokenizer": PREFIX}, " king", []),
        ({"normalizer": normalised("Lowercase")}, "The old King", [(0, "The", "the"), (8, "King", "king")]),
        ({"normalizer": normalised("NFKC")}, "a \ufb01n", [(2, "\ufb01n", "fin")]),
        ({"normalizer": STRIP}, " a ", [(0, " ", ""), (2, " ", "")]),
        ({"added_tokens": [{**ADDED, "rstrip": True}]}, "<|endoftext|>\n\nb", [(13, "\n\n", "")]),
        ({"added_tokens": [{**ADDED, "lstrip": True}]}, "a  <|endoftext|>", [(1, "  ", "")]),
    ],
)  # fmt: skip
def test_what_a_tokenizer_changes_is_told(
    tmp_path: Path, parts: dict[str, Any], prompt: str, told: list[tuple[int, str, str]]
) -> None:
    encoded = vocabulary_of(tmp_path, {**DESCRIPTION, **parts}).encode(prompt, 40)
    assert [(change["at"], change["given"], change["read"]) for change in encoded.changes] == told
    read = b"".join(encoded.tokens)
    listed = [dict(change) for change in encoded.changes]
    assert is_what_was_read(prompt, listed, len(listed), read)
    assert not is_what_was_read(prompt, listed, len(listed), read + b"x")
    assert (read == prompt.encode()) == (not told)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_changes_turn_any_text_into_the_other(given_text: str, read: str) -> None:
    found = [dict(change) for change in changes(given_text, read.encode())]
    assert is_what_was_read(given_text, found, len(found), read.encode())
    assert is_what_was_read(given_text, found[:1], len(found), read.encode())


def test_a_prompt_without_any_token_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptError, match="makes no token of the prompt ' '"):
        vocabulary_of(tmp_path, {**DESCRIPTION, "normalizer": STRIP}).encode(" ", 9)


def test_a_token_that_the_model_has_no_row_for_is_named(tmp_path: Path) -> None:
    pad = {**ADDED, "id": 8192, "content": "[PAD]"}
    vocabulary = vocabulary_of(tmp_path, {**DESCRIPTION, "added_tokens": [ADDED, pad]})
    vocabulary.check_rows(vocabulary.encode("The king", 9), 8192)
    with pytest.raises(PromptError, match=r"token '\[PAD\]' is number 8,192; the model has none above 8,191"):
        vocabulary.check_rows(vocabulary.encode("The [PAD]", 9), 8192)


def test_merges_are_left_out_where_the_tokenizer_ignores_them(tmp_path: Path) -> None:
    encoded: Any = vocabulary_of(tmp_path, changed(ignore_merges=True)).encode("The woodcutter", 9)
    assert encoded.merge_steps_J3 is encoded.piece_starts_P is None
    assert b"".join(encoded.tokens) == b"The woodcutter"


SENTENCE_PIECE: dict[str, Any] = {
    "version": "1.0",
    **dict.fromkeys(("truncation", "padding", "pre_tokenizer", "post_processor")),
    "added_tokens": [],
    "normalizer": {
        "type": "Sequence",
        "normalizers": [
            {"type": "Prepend", "prepend": "\u2581"},
            {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
        ],
    },
    "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
    "model": {
        "type": "BPE",
        "unk_token": "<unk>",
        "fuse_unk": True,
        "byte_fallback": True,
        "vocab": {
            "<unk>": 0,
            **{f"<0x{byte:02X}>": 1 + byte for byte in range(256)},
            "\u2581": 257,
            "a": 258,
            "b": 259,
            "ab": 260,
            "\u2581ab": 261,
        },
        "merges": ["a b", "\u2581 ab"],
    },
}


def test_a_tokenizer_with_byte_fallback_gives_the_prompt_back(tmp_path: Path) -> None:
    encoded: Any = vocabulary_of(tmp_path, SENTENCE_PIECE).encode("ab ab\u732b", 20)
    assert encoded.tokens == [b" ab", b" ab", *(bytes([byte]) for byte in "\u732b".encode())]
    assert encoded.ids_T.tolist()[:2] == [261, 261]
    assert b"".join(encoded.tokens).decode() == " " + encoded.text == " ab ab\u732b"
    assert encoded.changes == [{"at": 0, "given": "", "read": " "}]
    assert encoded.merge_steps_J3 is None
