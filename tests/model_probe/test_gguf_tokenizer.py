"""Tokenizers of GGUF files: the ids that the tokenizer has from which the file was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import transformers
from tokenizers import Tokenizer
from tokenizers.models import BPE
from tokenizers.pre_tokenizers import ByteLevel

from model_probe.chat import chat_text
from model_probe.models import ResolvedModel, resolve
from model_probe.tokens import Vocabulary
from tests.model_probe.gguf_maker import (
    CONTROL,
    NORMAL,
    USER_DEFINED,
    byte_level_tokenizer,
    model_of,
    write_gguf,
)  # fmt: skip

TEXTS = ("The king and the queen", "  It's 1984.\n\tdéjà vu 王様 🐉", "", "a<|endoftext|>b")


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


def found(path: Path, tokenizer: Mapping[str, Any], architecture: str = "llama") -> ResolvedModel:
    tokens = {**byte_level_tokenizer(), **tokenizer}["ggml.tokens"]
    model = model_of(architecture, vocab_size=len(tokens))
    return resolve(str(write_gguf(path / "a.gguf", architecture, model=model, tokenizer=tokenizer)))


def ids_of(model: ResolvedModel, text: str) -> list[int]:
    return Vocabulary(model.directory).cut(text, added=True)


@pytest.mark.parametrize("architecture", ["gpt2", "qwen2"])
def test_byte_level_ids_are_those_of_the_same_vocabulary_and_merges(
    architecture: str, tmp_path: Path
) -> None:
    ours = byte_level_tokenizer()
    merges = [tuple(merge.split(" ")) for merge in ours["ggml.merges"]]
    expected = Tokenizer(BPE(vocab={t: n for n, t in enumerate(ours["ggml.tokens"])}, merges=merges))
    expected.pre_tokenizer = ByteLevel(add_prefix_space=False)
    expected.add_special_tokens(["<|endoftext|>"])
    model = found(tmp_path, {}, architecture)
    for text in TEXTS:
        assert ids_of(model, text) == expected.encode(text).ids
    library: Any = transformers.AutoTokenizer
    theirs = library.from_pretrained(tmp_path, gguf_file="a.gguf")
    for text in TEXTS:
        assert ids_of(model, text) == theirs(text)["input_ids"]


def with_tokens(*more: str) -> dict[str, Any]:
    usual = byte_level_tokenizer()
    types = {"<think>": USER_DEFINED}
    return {
        "ggml.tokens": [*usual["ggml.tokens"], *more],
        "ggml.token_type": [*usual["ggml.token_type"], *(types.get(token, CONTROL) for token in more)],
    }


def test_tokens_outside_the_byte_alphabet_are_matched_whole(tmp_path: Path) -> None:
    """DeepSeek's, for one, whose bars are as wide as Chinese characters."""
    marks = ("<｜User｜>", "<|im_end|>", "<think>", "a  b")
    vocabulary = Vocabulary(found(tmp_path, with_tokens(*marks)).directory)
    encoded = vocabulary.encode("".join(f"{mark}x" for mark in marks), 128)
    x = vocabulary.cut("x", added=False)
    assert encoded.ids_T.tolist() == [512, *x, 513, *x, 514, *x, 515, *x]
    assert [token.decode() for token in encoded.tokens[::2]] == list(marks)


def test_digits_apart_where_the_file_says_so(tmp_path: Path) -> None:
    usual = byte_level_tokenizer()
    merges = [*usual["ggml.merges"][:-1], "1 2"]
    tokens = [*usual["ggml.tokens"][:-1], "12"]
    for cut, expected in (("gpt-2", [b"12"]), ("smollm", [b"1", b"2"])):
        folder = tmp_path / cut
        folder.mkdir()
        model = found(folder, {"ggml.pre": cut, "ggml.merges": merges, "ggml.tokens": tokens})
        assert Vocabulary(model.directory).encode("12", 9).tokens == expected


def test_llama_3_takes_words_whole_and_begins_every_text(tmp_path: Path) -> None:
    usual = byte_level_tokenizer()
    tokens = [*usual["ggml.tokens"][:-1], "zqx"]  # which no merge reaches
    types = {"ggml.pre": "llama-bpe", "ggml.tokens": tokens, "ggml.merges": usual["ggml.merges"][:-1]}
    vocabulary = Vocabulary(found(tmp_path, types).directory)
    assert vocabulary.encode("zqx", 9).tokens == [b"<|endoftext|>", b"zqx"]
    assert vocabulary.encode("zqx", 9).added == 1
    (tmp_path / "b").mkdir()
    told = Vocabulary(found(tmp_path / "b", {**types, "ggml.add_bos_token": False}).directory)
    assert told.encode("zqx", 9).tokens == [b"zqx"]


def test_what_cuts_text_is_asked_for_where_the_file_does_not_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = found(tmp_path, {"ggml.pre": None})
    assert (
        "a.gguf does not say how its tokenizer cuts text; GPT-2's way is taken\n" in capsys.readouterr().err
    )
    assert ids_of(model, "The king") == ids_of(resolve(str(tmp_path / "a.gguf")), "The king")
    (tmp_path / "b").mkdir()
    found(tmp_path / "b", {"ggml.pre": None}, "gpt2")
    assert "does not say" not in capsys.readouterr().err


PIECES = {"▁": -1.0, "t": -2.0, "h": -3.0, "e": -4.0, "▁t": -5.0, "he": -6.0, "▁the": -7.0, "the": -8.0}


def sentencepiece_tokenizer(**more: Any) -> dict[str, Any]:
    """As Llama 2's: three tokens of its own, the bytes, then pieces with scores, which stand for merges."""
    bytes_ = [f"<0x{n:02X}>" for n in range(256)]
    tokens = ["<unk>", "<s>", "</s>", *bytes_, *PIECES]
    return {
        "ggml.model": "llama",
        "ggml.pre": None,
        "ggml.merges": None,
        "ggml.tokens": tokens,
        "ggml.scores": [0.0] * 259 + list(PIECES.values()),
        "ggml.token_type": [2, CONTROL, CONTROL, *[6] * 256, *[NORMAL] * len(PIECES)],
        "ggml.bos_token_id": 1,
        "ggml.eos_token_id": 2,
        "ggml.unknown_token_id": 0,
        "ggml.padding_token_id": None,
        **{f"ggml.{key}": value for key, value in more.items()},
    }


@pytest.mark.parametrize(
    ("more", "text", "pieces"),
    [
        ({}, "the", ["<s>", "▁the"]),
        ({}, "the the", ["<s>", "▁the", "▁the"]),
        ({}, "é", ["<s>", "▁", "<0xC3>", "<0xA9>"]),
        ({}, "the</s>", ["<s>", "▁the", "</s>"]),
        ({"add_bos_token": False}, "the", ["▁the"]),
        ({"add_space_prefix": False}, "the", ["<s>", "the"]),
        ({"add_space_prefix": False}, "the the", ["<s>", "the", "▁the"]),
        ({"add_eos_token": True}, "the", ["<s>", "▁the", "</s>"]),
    ],
)
def test_sentencepiece_s_pieces_and_bytes(
    more: dict[str, Any], text: str, pieces: list[str], tmp_path: Path
) -> None:
    tokenizer = sentencepiece_tokenizer(**more)
    model = found(tmp_path, tokenizer)
    names = tokenizer["ggml.tokens"]
    assert [names[number] for number in ids_of(model, text)] == pieces


def test_what_ends_a_turn_ends_a_text(tmp_path: Path) -> None:
    """Chat models name a second token for it, as Llama 3 does."""
    model = found(tmp_path, {**with_tokens("<|eot|>"), "ggml.eot_token_id": 512})
    generation = json.loads((model.directory / "generation_config.json").read_text())
    assert generation == {"bos_token_id": 0, "eos_token_id": [0, 512]}


def test_the_chat_template_goes_along(tmp_path: Path) -> None:
    template = "{% for message in messages %}[{{ message.role }}] {{ message.content }}\n{% endfor %}>"
    model = found(tmp_path, {"chat_template": template})
    assert chat_text("a", model.directory, "Hello") == "[user] Hello\n>"
