"""What is said of the cache of keys and values: each sentence only where it is true."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from model_probe.trace import Facts
from scenes import N_
from scenes.cache_cost import BYTES, CacheCost
from scenes.language import _
from scenes.mobjects.numerals import count, figures, memory, percent, times
from scenes.mobjects.token_row import token_quote

STEP = N_("“{token}” was drawn, and the text is longer by one token. What of the last step can be kept?")
MASK = N_("Why? No older token may look at the new one. The grid gets a row; no older row changes.")
SMALL = 1e-4  # of the largest number: what is below it is nearly nothing


def again_words(tokens: int, layers: int) -> str:
    """What a run without a memory does."""
    words = _(
        "Without a memory everything runs again: {tokens} tokens in {layers} layers, {panes} panes. "
        "The stronger, the larger its keys and values."
    )
    return words.format(tokens=count(tokens), layers=count(layers), panes=count(tokens * layers))


def head_words(tokens: int, largest: float) -> str:
    """What is left of one head's keys, less the same keys."""
    if tokens == 1:
        words = _(
            "One head's key of the old token: as it was, less as it is computed anew. Left over: {gap}."
        )
    else:
        words = _(
            "One head's keys of the {tokens} old tokens: as they were, less the same computed anew. "
            "Left over: {gap}."
        )
    return words.format(tokens=count(tokens), gap=figures(largest))


def wall_words(gap_LT: npt.NDArray[np.floating], largest: float) -> str:
    """How near all of it is to nothing."""
    gap = float(gap_LT.max())
    values = {"gap": figures(gap), "largest": figures(largest)}
    if gap == 0:
        return _(
            "All layers, all heads: the same to the last bit, among numbers up to {largest}. "
            "Only one column is new."
        ).format(**values)
    if gap < SMALL * largest:
        return _(
            "All layers, all heads: nearly nothing. At most {gap}, rounding, among numbers up to {largest}. "
            "Only one column is new."
        ).format(**values)
    return _("All layers, all heads: differences up to {gap}, among numbers up to {largest}.").format(
        **values
    )


def cache_words(facts: Facts, tokens: int) -> str:
    """What runs with a cache."""
    words = _(
        "So keys and values are kept, frozen. One column runs: {layers} panes in place of {panes}. "
        "In each layer it reads the old ones."
    )
    if any(facts.windows):
        words = _(
            "So keys and values are kept, frozen. One column runs: {layers} panes in place of {panes}. "
            "In each layer it reads the old ones, as far back as that layer looks."
        )
    return words.format(layers=count(facts.n_layer), panes=count(tokens * facts.n_layer))


def logits_words(logits_GV: npt.NDArray[np.floating], name: Callable[[int], bytes]) -> str:
    """Whether the last step's logits (the first row) are of use in this one; `name` gives a token's bytes."""
    before_V, after_V = logits_GV
    same, winner = int((before_V == after_V).sum()), int(before_V.argmax())
    rank = 1 + int((after_V > after_V[winner]).sum())
    values = {
        "same": count(same),
        "all": count(len(before_V)),
        "token": token_quote(name(winner)),
        "rank": count(rank),
    }
    stay = _(
        "And the logits? Of {all}, {same} stay: they say what follows the last token, and that is new now."
    )
    if same == 0:
        stay = _(
            "And the logits? Not one of {all} stays: they say what follows the last token, which is new now."
        )
    lead = _("“{token}” falls from rank 1 to {rank}.")
    if rank == 1:
        lead = _("Nothing to reuse, even if “{token}” still leads.")
    return _("{first} {second}").format(first=stay, second=lead).format(**values)


def cost_words(cost: CacheCost, tokens: int, n_ctx: int) -> str:
    """How much work is saved, now and at the end of the context."""
    now, end = (float(cost.without(n) / cost.reusing(n)) for n in (tokens, n_ctx))
    words = _(
        "One more token costs {now} times less work with a cache; at {context} tokens, {end} times less."
    )
    return words.format(now=times(now), end=times(end), context=count(n_ctx))


def memory_words(facts: Facts, cost: CacheCost) -> str:
    """What the cache costs."""
    size = int(cost.memory(facts.n_ctx))
    values = {
        "unshared": memory(size * facts.group),
        "size": memory(size),
        "share": percent(size / (BYTES * facts.n_parameters), 0),
        "heads": count(facts.n_head),
        "shared": count(facts.kv_heads),
    }
    if any(facts.windows):
        return _(
            "The price is memory: {size} for a full context, {share} of what the weights take. "
            "Layers with a window keep no more than that."
        ).format(**values)
    if facts.group > 1:
        return _(
            "The price is memory: {size} for a full context, {share} of what the weights take. "
            "{heads} query heads share {shared} of keys; else it were {unshared}."
        ).format(**values)
    return _(
        "The price is memory: {size} for a full context, {share} of what the weights take. "
        "Every text that is written at the same time has its own."
    ).format(**values)
