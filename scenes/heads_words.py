"""What is said of all heads at once: each sentence only where it is true of the run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from model_probe.trace import Facts, Trace
from scenes.language import _
from scenes.mobjects.numerals import count, percent

SINK = 0.5  # a head that gives the first token more than this of its weight rests on it
HABIT = 2.0  # times what looking everywhere alike gives: a head that does more has a habit
INDUCTION = 0.3  # a head with this score is called an induction head


@dataclass(frozen=True)
class Kind:
    """Something nameable that a head may do, and how much of it was measured."""

    name: str
    tensor: str
    title: str
    narration: str


def kinds_of(trace: Trace) -> list[Kind]:
    """The kinds that were measured in this run and in which heads may differ."""
    kinds = [
        Kind("previous", "head_previous_LH", _("the token before"), _previous_words(trace)),
        Kind(
            "first",
            "head_first_LH",
            _("the first token"),
            _("No head rests on the first token more than this one."),
        ),
        Kind(
            "self",
            "head_self_LH",
            _("the token itself"),
            _("No head stays with its own token more than this one."),
        ),
        Kind("induction", "head_induction_LH", _("what came next last time"), _induction_words(trace)),
    ]
    # With one token every head gives itself, the first token, everything: none stands out.
    alike = ("first", "self") if trace.n_tokens == 1 else ()
    return [kind for kind in kinds if trace.has(kind.tensor) and kind.name not in alike]


def wall_words() -> str:
    """What the wall is made of."""
    return _("Every small picture is one head's whole pattern.")


def count_words(facts: Facts) -> str:
    """How many patterns there are."""
    layers, heads = facts.n_layer, facts.n_head
    if layers == heads == 1:
        return _("One layer with one head: its one pattern for this prompt is all there is.")
    if layers == 1:
        words = _("One layer of {heads} heads: {total} patterns for one prompt, all of them computed.")
    elif heads == 1:
        words = _("{layers} layers of one head each: {total} patterns for one prompt, all of them computed.")
    else:
        words = _("{layers} layers of {heads} heads: {total} patterns for one prompt, all of them computed.")
    return words.format(layers=layers, heads=heads, total=count(layers * heads))


def pattern_words() -> str:
    """How a pattern is read."""
    return _(
        "One attention head: each row is a token that looks, each column a token that is looked at; "
        "the stronger the colour, the more weight."
    )


def closing_words(trace: Trace) -> str:
    """How many heads rest on the first token."""
    if not trace.has("head_first_LH"):
        return _("Nobody told a head what to do. Most have no name, and all of them work side by side.")
    if trace.n_tokens == 1:
        return _("With one token, every head can only give that one everything.")
    resting_LH = np.asarray(trace.head_first_LH) > SINK
    sinks, total = int(resting_LH.sum()), resting_LH.size
    if not sinks:
        return _("On this prompt, no head gives the first token more than half of its weight.")
    counted = {"sinks": count(sinks), "total": count(total)}
    if 4 * sinks < total:
        return _(
            "Lit: the heads that give the first token more than half of their weight, {sinks} of {total}."
        ).format(**counted)
    return _(
        "Lit: the heads that give the first token more than half of their weight, {sinks} of {total}. "
        "What a row does not need elsewhere often goes there."
    ).format(**counted)


def _previous_words(trace: Trace) -> str:
    if not trace.has("head_previous_LH") or trace.n_tokens == 1:
        return ""
    best = float(np.asarray(trace.head_previous_LH).max())
    # of a head that looks everywhere alike, over all queries but the first
    chance = float(np.mean(1 / np.arange(2, trace.n_tokens + 1)))
    if best > HABIT * chance:
        return _(
            "Some heads do something that has a name. "
            "More than any other, this one looks one step to the left: at the token just before."
        )
    return _(
        "This head looks at the token just before more than any other: {score} of its weight. "
        "Looking everywhere alike would give {chance}."
    ).format(score=percent(best), chance=percent(chance))


def _induction_words(trace: Trace) -> str:
    if not trace.has("head_induction_LH") or not trace.has("induction_ids_R"):
        return ""
    repeats, best = len(trace.induction_ids_R), float(np.asarray(trace.head_induction_LH).max())
    if best > INDUCTION:
        return _(
            "An induction head: on {count} random tokens played twice, "
            "it finds the same token in the first round and looks at what came next."
        ).format(count=repeats)
    # of a head that looks everywhere alike, over the second round's queries
    chance = float(np.mean(1 / np.arange(repeats + 1, 2 * repeats + 1)))
    return _(
        "On {count} random tokens played twice, the best head gives {score} to what came next last time. "
        "Looking everywhere alike would give {chance}."
    ).format(count=repeats, score=percent(best), chance=percent(chance))
