"""What is said of values and of what arrives: each sentence only where it is true of the run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from model_probe.trace import Facts
from scenes.handing_over import Handed
from scenes.language import _
from scenes.mobjects.numerals import count, percent, plain
from scenes.mobjects.token_row import token_quote


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


def pour_words(handed: Handed) -> str:
    """What the sum is, and how near it comes to what was captured."""
    if len(handed.weights) == 1:
        words = _("So the head reads the token's own value. The model's run has the same, but for {gap}.")
    else:
        words = _(
            "All columns fall into one: what the head reads. The model's run has the same, but for {gap}."
        )
    if not handed.gap:
        words = _("That is what the head reads, in the model's run as well: the same to the last digit.")
    return words.format(gap=gap_of(handed))


def gap_of(handed: Handed) -> str:
    """The largest difference of the sum from what was captured, to one figure that counts."""
    return np.format_float_positional(float(f"{handed.gap:.1g}"), trim="-")


def gap_words(handed: Handed, name: str) -> str:
    """That, with the tensor's name."""
    return _("{name}: largest difference from the sum {gap}").format(name=name, gap=gap_of(handed))


def widen_words(facts: Facts) -> str:
    """What W_O does."""
    words = _("The matrix W_O makes {wide} numbers of {narrow}: as many as the token's own vector has.")
    return words.format(wide=count(facts.d_model), narrow=count(facts.d_head))


def heads_words(facts: Facts) -> str:
    """What the other heads do, and what becomes of the sum."""
    if facts.n_head == 1:
        return _("This layer has no other head: with a constant, that is what its attention brings.")
    if facts.wiring == "sandwich":
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
        "correlation": "" if correlation is None else figures(correlation),
    }
    if handed.agree:
        if correlation is None:
            return _("Attention is not yet what arrives. Here the two agree to within 5 points.")
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


def figures(correlation: float) -> str:
    """Three figures, cut off: what is not 1 is not called 1."""
    return plain(float(np.trunc(1000 * correlation) / 1000), 3)


def correlation_words(handed: Handed) -> str:
    """The correlation of the two bars over all tokens; a space where there is none."""
    if handed.correlation is None:
        return " "
    words = _("correlation of weight and what arrives, over all {count} tokens: {r}")
    return words.format(count=count(len(handed.weights)), r=figures(handed.correlation))


def name_words(facts: Facts, layer: int, head: int, last: int) -> dict[str, str]:
    """What the trace calls what a beat shows."""
    values = f"v_{facts.key_axes}[{layer}, {head // facts.group}]"
    return {
        "values": values,
        "weight": f"pattern_last_LHS[{layer}, {head}] · {values}",
        "z": f"z_LHTK[{layer}, {head}, {last}]",
        "widen": f"head_last_LHD[{layer}, {head}]",
        "heads": f"head_last_LHD[{layer}]",
    }
