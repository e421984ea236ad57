"""What is said of values and of what arrives: each sentence only where it is true of the run."""

from __future__ import annotations

from collections.abc import Sequence

from scenes.handing_over import Handed
from scenes.language import _
from scenes.mobjects.numerals import count, percent, plain
from scenes.mobjects.token_row import token_quote

UNLIKE = 0.9  # a correlation above it is said to be one that goes together


def row_words(tokens: Sequence[bytes]) -> str:
    """What the pattern's last row is, and what it is not."""
    if len(tokens) == 1:
        return _("“{token}” takes all that it takes from itself. But what is it that it takes?").format(
            token=token_quote(tokens[-1])
        )
    return _("The last row says how much “{token}” takes from each token. But how much of what?").format(
        token=token_quote(tokens[-1])
    )


def values_words(handed: Handed, group: int) -> str:
    """What every token holds out."""
    width = count(handed.values.shape[1])
    if len(handed.weights) == 1:
        words = _("Beside query and key a token has a third vector, its value: {width} numbers to hand over.")
    elif group > 1:
        words = _(
            "Each token has a third vector, its value: {width} numbers to hand over. "
            "In this model {group} query heads share it."
        )
    else:
        words = _(
            "Beside query and key each token has a third vector, its value: {width} numbers to hand over."
        )
    return words.format(width=width, group=count(group))


def weight_words(handed: Handed, tokens: Sequence[bytes]) -> str:
    """What a weight does to a value."""
    share, heaviest = percent(float(handed.weights[handed.heaviest])), token_quote(tokens[handed.heaviest])
    if len(handed.weights) == 1:
        return _("Its weight is {share}: the value stays as it is.").format(share=share)
    if handed.others:
        return _(
            "Each value is multiplied by its weight: “{token}” gives {share} of its own. "
            "The {count} tokens of least weight are one grey column: their weighted sum."
        ).format(share=share, token=heaviest, count=count(len(handed.others)))
    return _(
        "Each value is multiplied by its weight: “{token}” gives {share} of its own. "
        "Where the weight is small, little is left."
    ).format(share=share, token=heaviest)


def pour_words(handed: Handed, name: str) -> str:
    """What the sum is, and how near it comes to what was captured."""
    gap = f"{handed.gap:.0e}" if handed.gap else "0"
    if len(handed.weights) == 1:
        words = _(
            "So what the head reads is the token's own value. It is {name} in the trace, to within {gap}."
        )
    else:
        words = _(
            "All columns fall into one: what the head reads. It is {name} in the trace, to within {gap}."
        )
    return words.format(name=name, gap=gap)


def heads_words(n_head: int, wiring: str) -> str:
    """What the other heads do, and what becomes of the sum."""
    if n_head == 1:
        return _("This layer has no other head: with a constant, that is what its attention brings.")
    if wiring == "sandwich":
        return _(
            "Every head of the layer writes so. Added up and normed, that is what this layer's attention "
            "brings to the last token."
        )
    return _(
        "Every head of the layer writes so. Added up, with a constant where the model has one, that is what "
        "its attention brings to the last token."
    )


def arrived_words(handed: Handed, tokens: Sequence[bytes]) -> str:
    """Whether what arrives goes as attention does."""
    if len(handed.weights) == 1:
        return _("A token alone: all of the attention, and all that arrives.")
    apart, correlation = handed.apart, handed.correlation
    words = {
        "token": token_quote(tokens[apart]),
        "weight": percent(float(handed.weights[apart])),
        "arrived": percent(float(handed.arrived[apart])),
        "correlation": "" if correlation is None else plain(correlation, 2),
    }
    if handed.agree:
        if correlation is None:
            return _("Attention is not yet what arrives; here the two agree to within 5 points.")
        return _(
            "Attention is not yet what arrives: a value may be long or short. Here the two agree to within "
            "5 points (correlation {correlation})."
        ).format(**words)
    if handed.arrived[apart] < handed.weights[apart]:
        return _(
            "Attention is not yet what arrives: “{token}” has {weight} of the attention, "
            "but brings {arrived}. Its value is short."
        ).format(**words)
    return _(
        "Attention is not yet what arrives: “{token}” has {weight} of the attention, "
        "and brings {arrived}. Its value is long."
    ).format(**words)
