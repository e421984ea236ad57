"""Which head the scenes about one head show, and which of its links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model_probe import chosen_head as rule
from model_probe.trace import Trace

if TYPE_CHECKING:
    from scenes.lecture_scene import LectureScene


def chosen_head(scene: LectureScene) -> tuple[int, int]:
    """The layer and head to show: the user's where given, else the one that `worth_showing` finds.

    Raises:
        MissingTensor: the trace holds no patterns.
        UserError: the user asked for a layer or head that the model does not have.
    """
    settings = scene.settings
    settings.check(scene.trace.facts)
    return shown_head(scene.trace, settings.layer, settings.head)


def shown_head(trace: Trace, layer: int | None, head: int | None) -> tuple[int, int]:
    """The layer and head to show where these are asked for; None leaves the choice to `worth_showing`.

    Raises:
        MissingTensor: the trace holds no patterns.
    """
    if layer is not None and head is not None:
        return layer, head
    found = worth_showing(trace)
    return found[0] if layer is None else layer, found[1] if head is None else head


def worth_showing(trace: Trace) -> tuple[int, int]:
    """The head that `model_probe.chosen_head` finds, among those that the trace keeps.

    Raises:
        MissingTensor: the trace holds no patterns.
    """
    pattern, scores = _last_rows(trace, "pattern"), None
    if trace.has("scores_last_LHS") or (
        trace.has("scores_LHTS") and "scores_LHTS" not in trace.facts.one_head
    ):
        scores = _last_rows(trace, "scores")
    layer, head = rule.worth_showing(pattern, scores)
    return trace.facts.kept("l")[layer], trace.facts.kept("h")[head]


def _last_rows(trace: Trace, kind: str) -> list[list[NDArray[np.floating[Any]]]]:
    """The last query's row of each kept layer and head; traces of schema 1.1 have it in the whole only."""
    last, facts = trace.n_tokens - 1, trace.facts
    if trace.has(f"{kind}_last_LHS"):
        rows_LHS = getattr(trace, f"{kind}_last_LHS")
        return [[rows_LHS[layer, head] for head in facts.kept("h")] for layer in facts.kept("l")]
    tensor_LHTS = getattr(trace, f"{kind}_LHTS")
    return [[tensor_LHTS[layer, head, last] for head in facts.kept("h")] for layer in facts.kept("l")]


def matched_key(trace: Trace, layer: int, head: int) -> int:
    """The key that the last token's query matches best, past the first token where there are three or more.

    The first token takes what a row does not need elsewhere, so a high score there is no match of meaning.
    """
    whole = not trace.has("scores_last_LHS")  # traces of schema 1.1
    last = trace.n_tokens - 1
    scores_S = trace.scores_LHTS[layer, head, last] if whole else trace.scores_last_LHS[layer, head]
    first = 1 if len(scores_S) > 2 else 0
    return first + int(scores_S[first:].argmax())
