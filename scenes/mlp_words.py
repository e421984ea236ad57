"""What is said of the MLPs' neurons: each sentence only where it is true of the run."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from scenes.declared import chosen
from scenes.language import _
from scenes.mobjects.numerals import count, percent, plain, signed
from scenes.mobjects.token_row import token_quote
from scenes.neurons import Neurons

Floats = npt.NDArray[np.float64]
Lit = npt.NDArray[np.bool_]


def alone_words(parallel: bool) -> str:
    """Where the MLP stands, and who is in it."""
    if parallel:
        return _(
            "Beside attention stands the MLP, the green plates. In it each token is alone with the weights."
        )
    return _("After attention comes the MLP, the green plates. In it each token is alone with the weights.")


def row_words(layer: int, neuron: int, biased: bool) -> str:
    """What a neuron does first."""
    numbers = {"layer": str(layer), "neuron": count(neuron)}
    if biased:
        return _(
            "Neuron {neuron} of layer {layer} asks one question: "
            "its row of weights, times the token's vector, summed up, plus a bias."
        ).format(**numbers)
    return _(
        "Neuron {neuron} of layer {layer} asks one question: "
        "its row of weights, times the token's vector, summed up."
    ).format(**numbers)


def number_words(pre_F: Floats, neuron: int) -> str:
    """One number among all of the layer's."""
    return _(
        "The answer is one number, {value}. The layer has {count} neurons, a grain each; "
        "{share} are below zero."
    ).format(
        value=signed(float(pre_F[neuron]), 2),
        count=count(len(pre_F)),
        share=percent(float((pre_F < 0).mean())),
    )


def bend_words(name: str, pre_F: Floats, gave_F: Floats) -> str:
    """What the activation does to what is below zero."""
    below = gave_F[pre_F < 0]
    if not len(below):
        return _("{name} lets through what is above zero, and here everything is.").format(name=name)
    if not below.any():
        return _("{name} lets through what is above zero. All that was below is zero now.").format(name=name)
    return _(
        "{name} lets through what is above zero. "
        "Of what was below, nothing is farther from zero than {least}."
    ).format(name=name, least=plain(float(np.abs(below).max()), 2))


def gate_words(gate: float, up: float, post: float) -> str:
    """What a gate is multiplied with."""
    return _(
        "That was a gate: it multiplies a second number, which has a row of its own. {gate} × {up} = {post}."
    ).format(gate=signed(gate, 2), up=signed(up, 2), post=signed(post, 2))


def city_words(token: bytes, lit_LF: Lit) -> str:
    """How many windows are lit, and where most and fewest."""
    words = {"token": token_quote(token), "lit": count(int(lit_LF.sum())), "total": count(lit_LF.size)}
    lit_L = lit_LF.mean(axis=-1)
    most, least = int(lit_L.argmax()), int(lit_L.argmin())
    if most == least:
        return _("At “{token}”, {lit} of all {total} neurons are lit.").format(**words)
    return _(
        "At “{token}”, {lit} of all {total} neurons are lit: "
        "{much} of layer {most}, {little} of layer {least}."
    ).format(
        **words,
        most=most,
        least=least,
        much=percent(float(lit_L[most])),
        little=percent(float(lit_L[least])),
    )


def strongest_words(shown: Neurons) -> str:
    """Which layer, and which of its neurons."""
    push = shown.push
    words = {
        "winner": token_quote(shown.winner),
        "layer": str(shown.layer),
        "neuron": count(shown.neuron),
        "post": signed(shown.post, 2),
    }
    if push is None:
        return _("Neuron {neuron} of layer {layer} stands at {post}: it writes most in its layer.").format(
            **words
        )
    words["push"] = signed(push, 2)
    if push > 0:
        return _(
            "Layer {layer}'s MLP pushes “{winner}” most: {push}. "
            "There, neuron {neuron} writes most; it stands at {post}."
        ).format(**words)
    return _(
        "No MLP pushes “{winner}”; layer {layer}'s holds it back least: {push}. "
        "There, neuron {neuron} writes most; it stands at {post}."
    ).format(**words)


def promotes_words(likeness: float, random: Floats | None) -> str:
    """Whether the promoted tokens have anything in common, by their vectors."""
    if random is None:
        return _("Its row of W_down, read by W_U: these tokens it pushes up most.")
    chance, high = float(np.median(random)), float(np.quantile(random, 0.95))
    words = {
        name: plain(round(value, 2) + 0.0, 2)
        for name, value in (("likeness", likeness), ("chance", chance), ("high", high))
    }
    if likeness > high:
        return _(
            "Its row, read by W_U, pushes up these. "
            "Mean cosine {likeness}; random pairs {chance}, one in twenty above {high}: these are alike."
        ).format(**words)
    return _(
        "Its row, read by W_U, pushes up these. "
        "Mean cosine {likeness}; random pairs {chance}, one in twenty above {high}: no name fits."
    ).format(**words)


def other_words(token: bytes, last: bytes, lit_LF: Lit, last_LF: Lit) -> str:
    """How far two cities agree."""
    lit, both = int(lit_LF.sum()), int((lit_LF & last_LF).sum())
    return _(
        "Same weights, another token: “{token}” lights {lit}, and {both} of them were lit at “{last}”. "
        "No street joins two cities."
    ).format(token=token_quote(token), last=token_quote(last), lit=count(lit), both=count(both))


def skyline_words(tokens: list[bytes], share_T: Floats) -> str:
    """Between which shares the tokens lie."""
    low, high = int(share_T.argmin()), int(share_T.argmax())
    ends = percent(float(share_T[low])), percent(float(share_T[high]))
    if len(tokens) == 1:
        return _(
            "One token, one city: {share} lit. Whatever came after it would change not one window of it."
        ).format(share=ends[0])
    if ends[0] == ends[1]:
        return _("A tower a token, a storey a layer: {share} lit in all of them.").format(share=ends[0])
    return _(
        "A tower a token, a storey a layer: from {low} lit at “{dark}” to {high} at “{light}”. "
        "In no MLP did one see another."
    ).format(low=ends[0], high=ends[1], dark=token_quote(tokens[low]), light=token_quote(tokens[high]))


def legend(gated: bool, threshold: float) -> str:
    """What a tower is, and when it is lit."""
    at = chosen(threshold, "LIT, a threshold")
    if gated:
        return _("height: |m|, to scale · green +, red − · lit: |m| > {threshold}").format(threshold=at)
    return _("height: m, to scale · lit: m > {threshold}").format(threshold=at)
