"""What can go wrong that a user can put right: each error is one plain line."""

import errno
import os
import re

LONGEST_WORD, LONGEST = 240, 2000  # characters that a message repeats of what was given


def short(message: str) -> str:
    """A message in which what is very long is cut: nobody reads an argument of 3,000 letters."""
    message = re.sub(rf"\S{{{LONGEST_WORD},}}", lambda word: _cut(word[0], LONGEST_WORD // 2), message)
    return _cut(message, LONGEST) if len(message) > LONGEST else message


def _cut(text: str, length: int) -> str:
    return f"{text[: length * 2 // 3]}…{text[-length // 3 :]}"


class UserError(Exception):
    """Something a user gave or has cannot be used; the message says what it was and what is wanted.

    The command lines print it as ``error: MESSAGE`` on standard error and exit with code 2.
    """

    def __str__(self) -> str:
        # File names and prompts may hold line breaks or terminal escapes: the message stays one plain line.
        return short("".join(c if c.isprintable() else repr(c)[1:-1] for c in super().__str__()))


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that it was raised for, is that a disk has no room."""
    codes = (errno.ENOSPC, errno.EDQUOT)
    while error is not None:
        # Manim passes on what the system said, and not the error
        if getattr(error, "errno", None) in codes or any(os.strerror(code) in str(error) for code in codes):
            return True
        error = error.__cause__ or error.__context__
    return False


def first_line(error: Exception) -> str:
    """The first line of what a library's error says; its type's name where it says nothing."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


class TraceError(UserError):
    """A trace cannot be read or written."""


class MissingTensor(TraceError):  # noqa: N818 it names what is missing
    """The trace is sound but was recorded without this tensor."""


class ModelError(UserError):
    """A model cannot be had, or is of a kind that is not supported."""


class PromptError(UserError):
    """The prompt cannot be given to the model."""
