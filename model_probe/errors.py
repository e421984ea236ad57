"""What can go wrong that a user can put right: each error is one plain line."""


class UserError(Exception):
    """Something a user gave or has cannot be used; the message says what it was and what is wanted.

    The command lines print it as ``error: MESSAGE`` on standard error and exit with code 2.
    """

    def __str__(self) -> str:
        # File names and prompts may hold line breaks or terminal escapes: the message stays one plain line.
        return "".join(c if c.isprintable() else repr(c)[1:-1] for c in super().__str__())


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
