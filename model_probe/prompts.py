"""The prompts that run when none is given, and what text can be a prompt."""

from pathlib import Path

from model_probe.errors import PromptError

GPT2 = "When Mary and John went to the store, John gave a drink to"
STORYTELLER = "The king and the queen lived in a beautiful"


def read(path: Path) -> str:
    """Read a prompt from a UTF-8 file, without the line break that ends the file. Raises PromptError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise PromptError(f"{path} cannot be read as a prompt in UTF-8: {error}") from None
    return text.removesuffix("\n").removesuffix("\r")


def check(prompt: str) -> None:
    """Raise PromptError for text that no tokenizer takes: none at all, or bytes that were not UTF-8."""
    if not prompt:
        raise PromptError("the prompt is empty; at least one character is wanted")
    try:
        prompt.encode()
    except UnicodeEncodeError:
        raise PromptError("the prompt is not valid UTF-8 text") from None
