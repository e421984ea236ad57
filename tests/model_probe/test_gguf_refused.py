"""Files that are no model, or none that is read: one line each, and nothing is left in the cache."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFEndian

from model_probe import gguf_file
from model_probe.errors import ModelError
from model_probe.models import resolve
from tests.model_probe.gguf_maker import laid_out, model_of, write_gguf


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own; returns where de-quantised models go."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    return gguf_file.gguf_path()


def refused(path: Path, message: str) -> None:
    with pytest.raises(ModelError, match=message) as caught:
        resolve(str(path))
    assert str(caught.value).isprintable()
    assert path.name in str(caught.value)
    cache = gguf_file.gguf_path()
    assert not cache.exists() or not [entry for entry in cache.iterdir() if entry.is_dir()]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not a GGUF file: it does not begin with GGUF"),
        (b"GGU", "is not a GGUF file"),
        (b"PK\x03\x04 a zip", "is not a GGUF file"),
        (b"ggjt\x03\x00\x00\x00", "is not a GGUF file"),  # what llama.cpp had before GGUF
        (b"GGUF", "is a GGUF file of version 0; version 2 or 3, little-endian, is wanted"),
        (b"GGUF\x01\x00\x00\x00" + bytes(64), "is a GGUF file of version 1; "),
        (b"GGUF\x04\x00\x00\x00" + bytes(64), "is a GGUF file of version 4; "),
        (b"GGUF\x03\x00\x00\x00", "is cut off or damaged: it ends after 8 bytes, of 24 or more"),
    ],
)
def test_foreign_files(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(content)
    refused(path, message)


def test_the_other_byte_order(tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf", endianess=GGUFEndian.BIG)
    refused(path, "is a GGUF file for machines of the other byte order; version 2 or 3, little-endian")


def test_a_file_that_ends_anywhere_before_its_end(tmp_path: Path) -> None:
    whole = write_gguf(tmp_path / "whole.gguf").read_bytes()
    header = whole.index(b"blk.0.attn_norm.weight")
    cut = tmp_path / "a.gguf"
    for length in (
        12,
        23,
        24,
        31,
        40,
        200,
        header // 2,
        header,
        header + 40,
        len(whole) // 2,
        len(whole) - 33,
    ):
        cut.write_bytes(whole[:length])
        refused(cut, f"is cut off or damaged: it ends after {length:,} bytes, of [0-9,]+ or more")


def test_damaged_headers_are_refused_or_read_and_never_anything_else(tmp_path: Path) -> None:
    whole = write_gguf(tmp_path / "whole.gguf").read_bytes()
    end = whole.index(b"blk.0.attn_norm.weight") + 2000
    random = np.random.default_rng(3)
    answers = []
    path = tmp_path / "a.gguf"
    for _ in range(60):
        damaged = bytearray(whole)
        for place in random.integers(8, end, 3):
            damaged[place] = int(random.integers(256))
        path.write_bytes(damaged)
        try:
            resolve(str(path))
        except ModelError as error:
            answers.append(str(error))
    assert len(answers) > 3
    assert all(answer.isprintable() for answer in answers), answers


def test_a_list_that_claims_to_be_endless(tmp_path: Path) -> None:
    """The package would go on for ever: behind the end it reads nothing, without an error."""
    key = b"some.numbers"
    path = tmp_path / "a.gguf"
    path.write_bytes(
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", len(key)) + key
        + struct.pack("<IIQ", 9, 4, 1 << 60) + bytes(64)
    )  # fmt: skip
    refused(path, "is cut off or damaged")


class Case(NamedTuple):
    """A file in words: what is written, and what is answered."""

    options: dict[str, Any]
    message: str


def without(*names: str) -> dict[str, None]:
    return dict.fromkeys(names)


ALL = laid_out("llama", model_of("llama"))
CASES = {
    "a vocabulary alone": Case({"tensors": without(*ALL)}, "holds a vocabulary alone, no weights"),
    "a part of a split model": Case(
        {"metadata": {"split.count": 3, "split.no": 0}},
        "is part 1 of 3 of a model; a whole one is wanted, which llama-gguf-split --merge makes of its parts",
    ),
    "a projector of pictures": Case(
        {"metadata": {"general.type": "mmproj"}}, "is only the part of a model that reads pictures or sound"
    ),
    "an older projector": Case(
        {"metadata": {"general.architecture": "clip"}}, "is only the part of a model that reads pictures"
    ),
    "an adapter": Case({"metadata": {"general.type": "adapter"}}, "holds no model but a 'adapter'"),
    "another architecture": Case(
        {"metadata": {"general.architecture": "mamba"}},
        r"is of the architecture 'mamba', which is not supported; supported: GPT-2 \(gpt2\), ",
    ),
    "no architecture": Case(
        {"metadata": {"general.architecture": 7}}, "is of the architecture 7, which is not supported"
    ),
    "experts": Case(
        {"metadata": {"llama.expert_count": 8}}, r"sets llama\.expert_count, which is not supported"
    ),
    "a scale of its own": Case(
        {"metadata": {"llama.attention.scale": 0.5}}, r"sets llama\.attention\.scale, which is not supported"
    ),
    "layers that are not there": Case(
        {"metadata": {"llama.block_count": 1 << 30}},
        r"is damaged: it states 1,073,741,824 layers, holds tensors of 3",
    ),
    "no size": Case(
        {"metadata": {"llama.embedding_length": None}},
        r"does not say llama\.embedding_length as a number above 0",
    ),
    "a size of 0": Case(
        {"metadata": {"llama.attention.head_count": 0}}, r"llama\.attention\.head_count as a number above 0"
    ),
    "heads that differ": Case(
        {"metadata": {"llama.attention.head_count_kv": [2, 4, 2]}},
        "head_count_kv differs from layer to layer",
    ),
    "a scaling not known": Case(
        {"metadata": {"llama.rope.scaling.type": "new", "llama.rope.scaling.factor": 2.0}},
        "scales positions in the way 'new', which is not supported",
    ),
    "heads turned in part": Case(
        {"metadata": {"llama.rope.dimension_count": 8, "llama.attention.key_length": 16}},
        "turns 8 of 16 elements of a head",
    ),
    "a tensor too few": Case(
        {"tensors": without("blk.1.ffn_up.weight")}, r"lacks the tensor blk\.1\.ffn_up\.weight"
    ),
    "no embedding": Case({"tensors": without("token_embd.weight")}, r"holds no token_embd\.weight"),
    "a tensor too many": Case(
        {"tensors": {"blk.0.attn_q_norm.weight": np.ones(16, np.float32)}},
        r"holds tensors that no Llama has, 1 in all, the first blk\.0\.attn_q_norm\.weight",
    ),
    "a tensor of another shape": Case(
        {"tensors": {"blk.0.ffn_up.weight": np.ones((95, 64), np.float32)}},
        r"ffn_up\.weight is \(95, 64\), by the config model\.layers\.0\.mlp\.up_proj\.weight is \(96, 64\)",
    ),
    "no number": Case(
        {"tensors": {"output_norm.weight": np.full(64, np.nan, np.float32)}},
        r"is damaged: output_norm\.weight holds values that are no numbers",
    ),
    "a storage that is not read": Case(
        {"tensors": {"output_norm.weight": np.zeros(292, np.uint8)}, "blocks": GGMLQuantizationType.Q8_K},
        r"output_norm\.weight (is stored as Q8_K, which cannot be read|is \(256,\))",
    ),
    "no tokenizer": Case(
        {"tokenizer": without("ggml.model", "ggml.tokens")},
        "has no tokenizer; one of the kinds gpt2 and",
    ),
    "a tokenizer of another kind": Case(
        {"tokenizer": {"ggml.model": "bert"}},
        "has a tokenizer of the kind 'bert'; one of",
    ),
    "a tokenizer that cuts in a way not known": Case(
        {"tokenizer": {"ggml.pre": "deepseek-coder"}},
        "its tokenizer cuts text in the way 'deepseek-coder', which is not supported",
    ),
    "a tokenizer without merges": Case(
        {"tokenizer": without("ggml.merges")}, "its tokenizer cannot be read: "
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_files_that_are_sound_but_not_read(case: str, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf", **CASES[case].options)
    refused(path, CASES[case].message)


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_gguf(tmp_path / "a.gguf")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=10_000_000))
    refused(path, r"a\.gguf: de-quantised it takes 0\.00 GB; .*/gguf has 0\.01 GB left")


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_gguf(tmp_path / "a.gguf")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    refused(path, r"a\.gguf cannot be used: Not a directory \(.*file/transformer-film-studio/gguf\)")


def test_the_command_line_says_it_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "no such.gguf"
    out = tmp_path / "trace"
    command = [sys.executable, "-m", "model_probe", "x", "-o", str(out), "--model"]
    for name, message in (
        (path, "neither a directory with a model, a GGUF file, a Hub id, 'storyteller' nor 'smollm2'"),
        (Path(__file__), "neither a directory with a model, a GGUF file"),
        (write_gguf(tmp_path / "a.gguf", metadata={"split.count": 2, "split.no": 1}), "is part 2 of 2"),
        (write_gguf(tmp_path / "b.gguf", tokenizer={"ggml.pre": "new"}), "cuts text in the way 'new'"),
    ):
        result = subprocess.run([*command, str(name)], capture_output=True, text=True, check=False)
        assert result.returncode == 2
        assert result.stdout == ""
        assert result.stderr.startswith(f"error: {name}")
        assert message in result.stderr
        assert result.stderr.count("\n") == 1
        assert not out.exists()
