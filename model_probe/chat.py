"""What a chatbot reads: a user's message within the model's own chat template."""

from __future__ import annotations

from pathlib import Path

from model_probe.errors import ModelError, PromptError, first_line
from model_probe.tokenizer_files import has_chat_template, read_by_transformers


def chat_text(name: str, directory: Path, message: str) -> str:
    """The text that a model is given when a user writes `message`: it ends where the answer begins.

    transformers renders the template, in its sandbox.

    Raises:
        ModelError: the model has no chat template, or it cannot be read.
        PromptError: the template takes no such message.
    """
    if not has_chat_template(directory):
        raise ModelError(
            f"{name} has no chat template, so it was not taught to chat; --chat is for models that were"
        )
    try:
        tokenizer = read_by_transformers(directory)
    except Exception as error:  # the library raises plain Exception
        raise ModelError(f"{name} has no tokenizer that can be read: {first_line(error)}") from None
    try:
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": message}], tokenize=False, add_generation_prompt=True
        )
    except Exception as error:  # whatever a template may raise
        raise PromptError(f"{name}'s chat template does not take the prompt: {first_line(error)}") from None
    return str(text)
