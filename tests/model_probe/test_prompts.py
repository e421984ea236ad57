"""A prompt from a file or from standard input; what is no UTF-8 is said to be what it is."""

import io
import os
import sys
from pathlib import Path

import pytest

from model_probe import prompts
from model_probe.errors import LONGEST_WORD, PromptError, UserError, short


@pytest.mark.parametrize(
    ("content", "prompt"),
    [
        (b"one\n", "one"),
        (b"one\r\n", "one"),
        (b"\n\n", "\n"),
        ("\ufeffcafé".encode(), "café"),
        ("むかし A\x00B".encode(), "むかし A\x00B"),
        (b"", ""),
    ],
)
def test_text_in_utf_8_is_read_as_it_is(
    content: bytes, prompt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "p.txt").write_bytes(content)
    assert prompts.read(tmp_path / "p.txt") == prompt
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert prompts.read(Path("-")) == prompt


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("The king".encode("utf-16"), "is UTF-16LE, as its byte order mark says"),
        ("The king".encode("utf-16-be"), "is UTF-16BE without a byte order mark"),
        ("むかし the old king".encode("utf-16-le"), "is UTF-16LE without a byte order mark"),
        ("The king".encode("utf-32"), "is UTF-32LE, as its byte order mark says"),
        ("The king’s café".encode("cp1252"), r"such as Windows-1252 or Latin-1 \(byte 0x92 at 8 is no UTF-8"),
        ("café".encode("latin-1"), r"such as Windows-1252 or Latin-1 \(byte 0xE9 at 3 is no UTF-8"),
        (
            Path(sys.executable).read_bytes()[:4096],
            r"is no text \(byte 0x.. at [\d,]+ is no UTF-8, and [\d,]+",
        ),
    ],
)
def test_what_is_in_another_encoding_is_said_to_be(content: bytes, found: str, tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_bytes(content)
    with pytest.raises(PromptError, match=rf"p\.txt .*{found}.*; text in UTF-8 is wanted"):
        prompts.read(tmp_path / "p.txt")


def test_what_is_no_file_is_refused_without_reading_on(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, why in (
        (Path("/dev/zero"), "holds more than 16 MiB"),
        (tmp_path / "pipe", "is a pipe"),
        (tmp_path, "Is a directory"),
        (tmp_path / "no", "No such file"),
        (Path("a\0b"), "null"),
    ):
        with pytest.raises(PromptError, match=why):
            prompts.read(path)


def test_a_message_repeats_no_long_argument_whole() -> None:
    assert short("a plain message") == "a plain message"
    message = str(UserError(f"--model {'a' * 3000} is no model; {'b ' * 3000}is wanted"))
    assert message.startswith("--model aaa")
    assert message.endswith(" is wanted")
    assert "a" * LONGEST_WORD not in message
    assert len(message) < 2100
