"""What is said of the ways of writing on: each sentence only where it is true of this run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model_probe.runs import BEAM, GREEDY, STEPS
from model_probe.trace import Facts
from scenes import N_
from scenes.language import _
from scenes.mobjects.beam_tree import Search
from scenes.mobjects.numerals import percent, plain
from scenes.mobjects.token_row import token_quote
from scenes.ways import FIVE, Way, parted, repeated

UNLIKELY = 0.02  # a band that wide is as thin as a hair

BANKS = N_("One prompt, one model, and five rules for taking the next token: it goes on in five ways.")
GATE = N_(
    "All five begin with the same {count} probabilities. A gate cuts them: what is grey cannot be drawn. "
    "What is left is scaled up to 100 %."
)
TREE = N_("Beam search: {beams} texts at once. Each step tries every next token; the {beams} likeliest stay.")


def rivers_words(five: Sequence[Way], steps: int) -> str:
    """They run; and where one has ended, why."""
    lengths = [len(way.ids) for way in five]
    if steps < STEPS:
        return _(
            "They run, as wide as each token is likely; after {steps} the context of the model is full."
        ).format(steps=steps)
    if min(lengths) < steps:
        return _(
            "They run, as wide as each token is likely. A text says that it ends by a token of its own: "
            "{count} of the five did."
        ).format(count=sum(length < steps for length in lengths))
    likeliest = max(float(way.probabilities.max()) for way in five)
    if likeliest < UNLIKELY:
        return _(
            "They run, as wide as each token is likely: here no more than hairs, at most {share}."
        ).format(share=percent(likeliest, 2))
    return _(
        "They run side by side, {steps} tokens each, as wide as the model holds each token likely."
    ).format(steps=steps)


def loop_words(five: Sequence[Way]) -> str:
    """Whether greedy repeats itself, and how many others do."""
    greedy = five[FIVE.index(GREEDY)]
    found = repeated(greedy.ids)
    others = len([way for way in five if repeated(way.ids)]) - (found is not None)
    if found is None and not others:
        return _("Greedy is known for running in circles; so soon, no phrase comes twice in any of the five.")
    if found is None:
        return _("Greedy repeats no phrase here. Other texts that repeat one: {count}.").format(count=others)
    phrase = token_quote(b"".join(greedy.pieces[found[0] : found[0] + found[2]]))
    if others:
        return _(
            "Greedy repeats itself: “{phrase}” comes twice. Other texts that repeat a phrase: {count}."
        ).format(phrase=phrase, count=others)
    return _("Greedy repeats itself: “{phrase}” comes twice. No other text repeats a phrase.").format(
        phrase=phrase
    )


def survivor_words(search: Search, facts: Facts) -> str:
    """Whether what the first scene did was beam search, and how the winner stood on the way."""
    path = search.survivor()
    worst = int(np.argmax(path))
    drawn = _("No: the first scene drew one token at a time.")
    if facts.sampling["method"] == "greedy":
        drawn = _("No: the first scene took one token at a time.")
    if facts.sampling["method"] == "beam":
        drawn = _("Yes: this time, the first scene did this, too.")
    stood = _("The winner led at every step.")
    if path[worst]:
        stood = _("The winner was only number {rank} after token {step}: a search looks further.").format(
            rank=path[worst] + 1, step=worst + 1
        )
    return _("“Is that beam search?” {drawn} {stood}").format(drawn=drawn, stood=stood)


def seed_words(full: Way, again: Way, seed: int) -> str:
    """Drawn once more with the same seed."""
    same = parted(full, again) is None
    if not same:
        return _("Drawn again from all tokens with the same seed, {seed}: it differs on this device.").format(
            seed=seed
        )
    return _(
        "Drawn again from all tokens with the same seed, {seed}: {same} of {count} tokens are the same."
    ).format(seed=seed, same=len(again.ids), count=len(full.ids))


def other_words(full: Way, other: Way, seed: int) -> str:
    """Drawn with another seed."""
    step = parted(full, other)
    if step is None:
        return _(
            "Seed {seed} draws other numbers, but they fall into the same shares: the same text."
        ).format(seed=seed)
    return _(
        "Seed {seed} draws other numbers. The texts part at token {step}: one strip, two numbers."
    ).format(seed=seed, step=step + 1)


def scale_words(five: Sequence[Way], search: Search) -> str:
    """Which of the texts is the likeliest, and whether the search found one as likely as greedy's."""
    greedy, beam = five[FIVE.index(GREEDY)], five[FIVE.index(BEAM)]
    dropped = search.dropped(greedy.ids)
    if greedy.ids == beam.ids:
        return _(
            "Each token costs: the text falls by its log-probability. Beam search found greedy’s text again."
        )
    if greedy.logprobs.sum() > beam.logprobs.sum() and dropped is not None:
        return _(
            "Each token costs its log-probability. Greedy’s text ends higher than the search’s, "
            "which had dropped it at token {step}."
        ).format(step=dropped + 1)
    if len(greedy.ids) == len(beam.ids) and beam.logprobs.sum() > greedy.logprobs.sum():
        return _(
            "Each token costs its log-probability. The search found what greedy missed: "
            "{beam} in place of {greedy}."
        ).format(beam=plain(float(beam.logprobs.sum())), greedy=plain(float(greedy.logprobs.sum())))
    return _("Each token costs: the text falls by its log-probability.")


def last_words(five: Sequence[Way]) -> str:
    """The turn: who chose."""
    best = max(five, key=lambda way: way.per_token)
    if repeated(best.ids) is not None:
        return _(
            "The likeliest text repeats itself. The model chose none of these words: "
            "it gave probabilities, and a rule took the tokens."
        )
    return _(
        "The likeliest text uppermost. The model chose none of these words: "
        "it gave probabilities, and a rule took the tokens."
    )
