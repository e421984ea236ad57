"""What is said of two texts' last tokens: each sentence only where it is true of the run."""

from __future__ import annotations

import numpy as np

from model_probe.trace import Trace
from scenes.language import _
from scenes.mobjects.numerals import count, percent, plain, signed
from scenes.mobjects.token_row import token_quote
from scenes.parting import Parting

STAYS = 0.98  # two vectors whose cosine never falls below this have hardly parted


def texts_words(trace: Trace, parting: Parting) -> str:
    """Which two texts these are."""
    token, other = token_quote(trace.tokens[-1]), token_quote(parting.pieces[-1])
    if trace.facts.beside_how == "reversed":
        return _(
            "The same tokens in another order: only the last, “{token}”, keeps its place. "
            "Is it the same thing to the model?"
        ).format(token=token)
    if trace.facts.beside_how == "twice":
        return _(
            "In reverse order this text is the same, so it stands twice: "
            "the last “{token}” is compared with the first."
        ).format(token=token)
    if trace.tokens[-1] == parting.pieces[-1]:
        return _(
            "Two texts that end on the same token, “{token}”. Is it the same thing to the model?"
        ).format(token=token)
    return _("Two texts. The last token of the one is “{token}”, of the other “{other}”.").format(
        token=token, other=other
    )


def start_words(trace: Trace, parting: Parting) -> str:
    """What the two vectors are before the first layer."""
    same_token = trace.tokens[-1] == parting.pieces[-1]
    if parting.start_gap == 0:
        return _(
            "Before the first layer the two vectors are the same, all {width} numbers: "
            "an embedding is looked up, whatever stands before it."
        ).format(width=count(trace.facts.d_model))
    if same_token:
        return _(
            "Before the first layer the token is the same and the place another, {one} and {other}: "
            "only the position's vector differs."
        ).format(one=count(trace.n_tokens), other=count(len(parting.pieces)))
    return _("Two tokens, two embeddings: they differ before the first layer.")


def layers_words(trace: Trace, parting: Parting) -> str:
    """What happens to them on the way."""
    first, last = parting.angles()[[0, -1]]
    if last > first:
        words = _(
            "Then both run through the same {layers} layers. "
            "In each, attention brings in what stands before, and the two drift apart."
        )
    else:
        words = _(
            "Then both run through the same {layers} layers. "
            "In each, attention brings in what stands before; yet in the end the two are nearer than before."
        )
    return words.format(layers=count(trace.facts.n_layer))


def fork_words(parting: Parting) -> str:
    """The angle at the end."""
    words = _(
        "The angle between them at every depth, and what each would say there. "
        "After the last layer it is {angle}°."
    )
    return words.format(angle=plain(float(parting.angles()[-1]), 1))


def cosine_words(trace: Trace, parting: Parting) -> str:
    """Where the cosine falls most, and by what."""
    layer = parting.steepest
    step = float(np.diff(parting.cosines_M)[layer])
    if parting.cosines_M.min() >= STAYS:
        least = plain(float(np.floor(parting.cosines_M.min() * 1e4) / 1e4), 4)
        if trace.facts.beside_how == "reversed":
            words = _(
                "As a cosine: it never falls below {least}. To this model the order hardly matters here."
            )
        else:
            words = _("As a cosine: it never falls below {least}. The two hardly part.")
        return words.format(least=least)
    if step >= 0:
        return _("As a cosine it never falls: no layer takes the two farther apart.")
    if parting.halves_L2 is None:
        return _("As a cosine, it falls most in layer {layer}: {step}.").format(
            layer=layer, step=signed(step, 3)
        )
    attention, mlp = (signed(float(half), 3) for half in parting.halves_L2[layer])
    return _("As a cosine, it falls most in layer {layer}: attention {attention}, the MLP {mlp}.").format(
        layer=layer, attention=attention, mlp=mlp
    )


def ends_words(trace: Trace, parting: Parting) -> str:
    """What the two would say next."""
    own, beside = int(trace.lens_ids_MWN[-1, -1, 0]), int(trace.beside_lens_ids_MN[-1, 0])
    shares = (
        percent(float(np.exp(trace.lens_logprobs_MWN[-1, -1, 0]))),
        percent(float(np.exp(trace.beside_lens_logprobs_MN[-1, 0]))),
    )
    if own == beside:
        return _(
            "And yet both would say “{word}” next, with {one} and with {other}: "
            "the vectors part, their likeliest word does not."
        ).format(word=token_quote(trace.token_name(own)), one=shares[0], other=shares[1])
    words = (
        _(
            "From one entry of the table, two meanings: the first would say “{own}” next, {one}; "
            "the second “{beside}”, {other}."
        )
        if trace.tokens[-1] == parting.pieces[-1]
        else _("What comes next: the first would say “{own}”, {one}; the second “{beside}”, {other}.")
    )
    return words.format(
        own=token_quote(trace.token_name(own)),
        beside=token_quote(trace.token_name(beside)),
        one=shares[0],
        other=shares[1],
    )
