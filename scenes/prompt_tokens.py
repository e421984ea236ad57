"""The prompt's tokens, seen to be what the tokenizer read of it."""

from __future__ import annotations

from model_probe.changes import is_what_was_read
from model_probe.errors import TraceError
from model_probe.trace import Trace


def prompt_tokens(trace: Trace) -> list[bytes]:
    """All tokens of a run; those that the tokenizer did not add join to the prompt, but for named changes.

    Raises:
        TraceError: they do not.
    """
    facts, tokens = trace.facts, trace.tokens
    own = tokens[facts.added_tokens : len(tokens) - facts.added_after]
    if not is_what_was_read(facts.prompt, facts.changes, facts.changed_places, b"".join(own)):
        raise TraceError(f"{trace.path}: prompt_bytes_B is not the prompt that the trace names")
    return tokens
