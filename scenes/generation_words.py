"""What is said of a generation: each sentence only where it is true of the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model_probe.trace import Facts
from scenes import N_
from scenes.generation_step import GenerationStep
from scenes.language import NO_BREAK, _
from scenes.mobjects.numerals import count, one_in, percent
from scenes.mobjects.token_row import token_quote

NAME = N_("{model} is built as a GPT. The letters say what that is.")
PROMPT = N_("It reads text as tokens: words, or smaller pieces. Tokens in this prompt: {count}.")
AGAIN = N_("The longer text goes in again: new probabilities, one more token. And again.")


def letters() -> list[tuple[str, str]]:
    """What the letters of GPT stand for, and what that means."""
    return [
        ("Generative", _("it writes on, one token after another")),
        ("Pre-trained", _("before that, it is trained on text")),
        ("Transformer", _("the kind of network: layers of attention and MLPs")),
    ]


def distribution_words(facts: Facts, step: GenerationStep) -> str:
    """What comes out, and what was done to it before a token was drawn."""
    size = count(facts.n_vocab)
    if facts.n_vocab <= len(step.ids_N):
        return _(
            "Out comes a probability for every token it knows, {vocabulary} of them: together 100 %."
        ).format(vocabulary=size)
    if settings := _settings(facts):
        return _(
            "Out comes a probability for every token it knows, {vocabulary} of them, "
            "here with {settings}. All that has no bar shares the grey one."
        ).format(vocabulary=size, settings=settings)
    return _(
        "Out comes a probability for every token it knows, {vocabulary} of them. "
        "The likeliest have a bar, all others share the grey one: together 100 %."
    ).format(vocabulary=size)


def draw_words(facts: Facts) -> str:
    """How one token is taken."""
    size, temperature = count(facts.n_vocab), facts.sampling["temperature"]
    if facts.sampling["method"] == "sample":
        return _(
            "All {vocabulary} tokens side by side, in vocabulary order, as wide as they are likely. "
            "A random number picks one: {method}, seed {seed}."
        ).format(
            vocabulary=size,
            method=_settings(facts) or _("temperature {temperature}").format(temperature=f"{temperature:g}"),
            seed=facts.seed,
        )
    method = (
        _("the likeliest is taken")
        if facts.sampling["method"] == "greedy"
        else _("of the {count} likeliest texts, the best goes on").format(count=facts.sampling["beams"])
    )
    return _(
        "All {vocabulary} tokens side by side, in vocabulary order, as wide as they are likely. "
        "Nothing is left to chance here: {method}."
    ).format(vocabulary=size, method=method)


def append_words(facts: Facts, step: GenerationStep, piece: bytes) -> str:
    """Which token was taken, and where the number fell that drew it."""
    words = (
        _("“{token}” ({share}) joins the text.")
        if facts.sampling["method"] != "sample"
        else _("The random number lies in the share of “{token}” ({share}). That token joins the text.")
        if step.row is not None
        else _(
            "The random number lies in the grey, in the share of “{token}” ({share}). "
            "That token joins the text."
        )
    )
    digits = 1 if step.probability >= 0.001 else 3
    return words.format(token=token_quote(piece), share=percent(step.probability, digits))


def closing_words(facts: Facts) -> str:
    """What was done again and again."""
    words = (
        _("Predict, draw, append: that is how {model} writes. In colour: what it wrote.")
        if facts.sampling["method"] == "sample"
        else _("Predict, choose, append: that is how {model} writes. In colour: what it wrote.")
    )
    return words.format(model=facts.model_name)


def chance_words(facts: Facts, steps: Sequence[GenerationStep]) -> str:
    """The probability of the whole text; another seed writes another where that is likelier than not."""
    chance = float(np.exp(sum(np.log(step.probability) for step in steps)))
    words = (
        _("The shares multiply. To the model, exactly this text has a probability of {chance}.")
        if facts.sampling["method"] != "sample"
        else _("The shares multiply: exactly this text had a chance of {chance}.")
        if chance >= 0.5
        else _(
            "The shares multiply: exactly this text had a chance of {chance}. "
            "Another seed would most likely have written another."
        )
    )
    return words.format(chance=one_in(chance).replace(" ", NO_BREAK))


def _settings(facts: Facts) -> str:
    """What was done to the model's own probabilities before a token was drawn; empty where nothing."""
    sampling = facts.sampling
    parts = []
    if sampling["method"] == "sample" and sampling["temperature"] != 1:
        parts.append(_("temperature {temperature}").format(temperature=sampling["temperature"]))
    if sampling.get("top_k") is not None:
        parts.append(_("top-k {k}").format(k=count(sampling["top_k"])))
    if sampling.get("top_p") is not None:
        parts.append(_("top-p {p}").format(p=sampling["top_p"]))
    return _(", ").join(parts)
