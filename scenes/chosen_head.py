"""Which head the scenes about one head show, and which of its links."""

from __future__ import annotations

from model_probe.trace import Trace
from scenes.lecture_scene import LectureScene


def chosen_head(scene: LectureScene) -> tuple[int, int]:
    """The layer and head to show: the user's where given, else the one that `worth_showing` finds.

    Raises:
        MissingTensor: the trace holds no patterns.
        UserError: the user asked for a layer or head that the model does not have.
    """
    settings = scene.settings
    if settings.layer is not None and settings.head is not None:
        return scene.choose_head(settings.layer, settings.head)
    return scene.choose_head(*worth_showing(scene.trace))


def worth_showing(trace: Trace) -> tuple[int, int]:
    """The head whose last row puts the most weight on one key that is far from obvious.

    Most heads rest on the first token, on the token itself or on the one before it; what they do there says
    little about the prompt. So only the other keys count. A head for which the query and that key point the
    same way (their score is positive) is taken before one for which the score is only the least negative:
    the softmax sees no difference, a viewer of the dot product does. The last row is read because the next
    token is predicted from it, and because the mask hides nothing from it. Where the prompt is too short,
    the keys left out come back: the one before (3 tokens), the first (2), the token itself (1). Where the
    trace keeps some layers and heads only, it is one of those.
    """
    last = trace.n_tokens - 1
    keys = next(keys for keys in (range(1, last - 1), range(1, last), range(last), range(1)) if keys)
    best, found = (False, -1.0), (0, 0)
    for layer in trace.facts.kept("l"):
        for head in trace.facts.kept("h"):
            weights_S = trace.pattern_LHTS[layer, head, last, keys.start : keys.stop]
            strongest = int(weights_S.argmax())
            positive = (
                trace.has("scores_LHTS")
                and float(trace.scores_LHTS[layer, head, last, keys.start + strongest]) > 0
            )
            rank = (positive, float(weights_S[strongest]))
            if rank > best:
                best, found = rank, (layer, head)
    return found


def matched_key(trace: Trace, layer: int, head: int) -> int:
    """The key that the last token's query matches best, past the first token where there are three or more.

    The first token takes what a row does not need elsewhere, so a high score there is no match of meaning.
    """
    scores_S = trace.scores_LHTS[layer, head, trace.n_tokens - 1]
    first = 1 if len(scores_S) > 2 else 0
    return first + int(scores_S[first:].argmax())
