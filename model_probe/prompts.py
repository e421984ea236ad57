"""The prompts that run when none is given, and what text can be a prompt."""

import codecs
import os
import stat
import sys
from pathlib import Path

from model_probe.errors import PromptError

GPT2 = "When Mary and John went to the store, John gave a drink to"
STORYTELLER = "The king and the queen lived in a beautiful"

LARGEST = 16 << 20  # bytes of a prompt; the longest context of today's models has less
_MARKS = (  # the longer ones first: UTF-16's begins UTF-32's
    (codecs.BOM_UTF32_LE, "UTF-32LE"),
    (codecs.BOM_UTF32_BE, "UTF-32BE"),
    (codecs.BOM_UTF16_LE, "UTF-16LE"),
    (codecs.BOM_UTF16_BE, "UTF-16BE"),
)


def read(path: Path) -> str:
    """Read a prompt from a UTF-8 file, without the line break that ends it; "-" is standard input.

    Raises:
        PromptError: it is no file, too large for a prompt, or no UTF-8; the message says what was found.
    """
    where = "standard input" if str(path) == "-" else str(path)
    content = _bytes_of(path, where)
    if len(content) > LARGEST:
        raise PromptError(f"{where} holds more than {LARGEST >> 20} MiB; a prompt is wanted")
    found = _other_encoding(content)
    if found:
        raise PromptError(f"{where} is {found}; text in UTF-8 is wanted")
    return content.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")


def _bytes_of(path: Path, where: str) -> bytes:
    """A file's bytes, no more than are needed to see that it is too large."""
    try:
        if str(path) == "-":
            return sys.stdin.buffer.read(LARGEST + 1)
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe that nobody writes to would hang
        with open(handle, "rb") as file:
            kind = os.fstat(handle).st_mode
            if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind):
                raise PromptError(f"{where} is a pipe; a file is wanted, or - for standard input")
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL
        why = getattr(error, "strerror", None) or error
        raise PromptError(f"{where} cannot be read as a prompt: {why}") from None


def _other_encoding(content: bytes) -> str:
    """What bytes are that are no text in UTF-8; "" where they are."""
    for mark, name in _MARKS:
        if content.startswith(mark):
            return f"{name}, as its byte order mark says"
    zeros = [content[start::2].count(0) / max(1, len(content) // 2) for start in (0, 1)]
    if len(content) >= 4 and abs(zeros[0] - zeros[1]) > 0.4:  # every other byte of most texts
        return f"UTF-16{'BE' if zeros[0] > zeros[1] else 'LE'} without a byte order mark"
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        controls = sum(byte < 32 and byte not in b"\t\n\f\r\x1b" for byte in content)
        place = f"byte 0x{content[error.start]:02X} at {error.start:,} is no UTF-8"
        if controls:
            return f"no text ({place}, and {controls:,} bytes are control characters)"
        return f"in another encoding, such as Windows-1252 or Latin-1 ({place})"
    return ""


def typed(words: str) -> str:
    """A prompt from a command line: its bytes are UTF-8, whatever an ASCII locale takes them for."""
    try:
        return os.fsencode(words).decode()
    except UnicodeError:
        return words


def check(prompt: str) -> None:
    """Raise PromptError for text that no tokenizer takes: none at all, or bytes that were not UTF-8."""
    if not prompt:
        raise PromptError("the prompt is empty; at least one character is wanted")
    try:
        prompt.encode()
    except UnicodeEncodeError:
        raise PromptError("the prompt is not valid UTF-8 text") from None
