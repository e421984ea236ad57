"""What is said of a temperature: each sentence only where it is true of the logits."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scenes import N_
from scenes.declared import chosen
from scenes.language import _
from scenes.mathematics import effective_number, softmax
from scenes.mobjects.choice import Choice
from scenes.mobjects.numerals import count, percent, plain
from scenes.mobjects.plot import short
from scenes.mobjects.thermometer import tokens_written

OPEN = 4.0  # of so many tokens a choice is as good as made
LADDER = N_(
    "The model gives each of {total} tokens a number, its logit. Upside down, E = −logit, they are the rungs "
    "of a ladder: the likeliest token lies lowest."
)
WEIGHTS = N_(
    "Every step up divides by e = 2.718…: at height h a token weighs e to the −h. All together: {sum}."
)
SHARES = N_(
    "Each weight, divided by that sum, is a probability. These are the model's own: “{token}” has {share}."
)
HOT = N_(
    "Hot: the ladder sinks together and the crowd comes down. "
    "At T = ∞ each of the {total} tokens is as likely as any other."
)
FAN = N_("The same logits at five temperatures: cold is a spike, hot a shelf.")
PHYSICS = N_(
    "With E = −logit it is a formula of physics: Boltzmann's, for how often a system in a warm world "
    "is found at energy E."
)
STOPS_BELOW, STOPS_ABOVE = (0.5, 0.25, 0.1, 0.05, 0.02, 0.01), (2.0, 5.0, 10.0, 20.0, 50.0)


def share_written(share: float) -> str:
    """In per cent, with more digits where it is small."""
    return percent(share, 1 if share >= 0.001 else 3)


def journey(logits_V: npt.NDArray[np.floating]) -> tuple[float, float]:
    """The cold and the hot end worth going to.

    The first stop below 1 at which the choice is among fewer than `OPEN`, and the first above 1 at which it
    is among more than half of the vocabulary.
    """
    cold = (t for t in STOPS_BELOW if effective_number(softmax(logits_V, t)) < OPEN)
    hot = (t for t in STOPS_ABOVE if effective_number(softmax(logits_V, t)) > len(logits_V) / 2)
    return next(cold, STOPS_BELOW[-1]), next(hot, STOPS_ABOVE[-1])


def fanned(cold: float, hot: float) -> list[float]:
    """Five temperatures between two, 1 among them, the coldest first."""

    def between(temperature: float) -> float:
        middle = float(temperature**0.5)
        return round(middle, 1) if middle > 0.3 else round(middle, 2)

    return [cold, between(cold), 1.0, between(hot), hot]


def cold_words(logits_V: npt.NDArray[np.floating]) -> str:
    """What is left at T = 0."""
    lowest = int((logits_V == logits_V.max()).sum())
    if lowest > 1:
        return _(
            "A temperature T divides every height. Cold: the ladder stretches, "
            "and at T = 0 only its {count} lowest rungs are left, at the same height."
        ).format(count=count(lowest))
    return _(
        "A temperature T divides every height. Cold: the ladder stretches, "
        "and at T = 0 only the lowest rung is left: always the likeliest token."
    )


def coins_words(own: Choice) -> str:
    """How open the model's own choice is."""
    return _(
        "At T = 1 the choice has {bits} bits: as open as {bits} tosses of a fair coin, "
        "or one fair draw among {number} tokens, of {total}."
    ).format(
        bits=plain(own.bits, 1), number=tokens_written(own.number), total=count(len(own.probabilities_V))
    )  # fmt: skip


def tail_words(own: Choice, ids: list[int]) -> str:
    """What the bars do not show."""
    tail = max(0.0, 1 - float(own.probabilities_V[ids].sum()))
    shown, total = len(ids), len(own.probabilities_V)
    if tail < 0.01:
        return _(
            "All {total} tokens, by rank. Beyond the first {shown} there is {share} in all: "
            "here the bars showed nearly everything."
        ).format(total=count(total), shown=count(shown), share=percent(tail, 2))
    return _(
        "All {total} tokens, by rank. Beyond the first {shown}, where no bar was, "
        "lie {share} of the probability."
    ).format(total=count(total), shown=count(shown), share=percent(tail))


def fan_words(choice: Choice) -> str:
    """A sheet's temperature, and how open the choice is, as a formula."""
    temperature = short(chosen(choice.temperature, "a temperature that the scene goes to"))
    return f'$T = {temperature}, #h(0.5em) 2^H = "{tokens_written(choice.number)}"$'
