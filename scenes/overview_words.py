"""What is said of the residual stream through the layers: each sentence only where it is true of the run."""

from __future__ import annotations

from collections.abc import Sequence

from model_probe.trace import Facts
from scenes.declared import chosen
from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.numerals import count, percent, plain, written
from scenes.mobjects.token_row import token_quote

# Cosines: from here on a vector keeps its direction, has turned, has left a trace
KEEPS, REWRITES, TRACES = 0.9, 0.5, 0.15
LITTLE = 1.25  # times as long, or as short, at most: what more does to a length is not little


def numbers_words(facts: Facts) -> str:
    """What a token becomes."""
    return _(
        "Each token becomes a vector of {width} numbers. The larger a number, the brighter its cell."
    ).format(width=count(facts.d_model))


def attention_words(weights_S: Sequence[float], layer: int, head: int) -> str:
    """What attention does, by the weights that the last token gives to each."""
    if len(weights_S) == 1:
        return _("Attention: each token takes over from those before it. A single one has only itself.")
    return _(
        "Attention: the last token takes over from those before it. "
        "Arcs: its largest weights in layer {layer}, head {head}, up to {share}."
    ).format(
        layer=chosen(layer, "the layer that is shown slowly"),
        head=head,
        share=percent(max(weights_S[:-1]), 0),
    )


def mlp_words(cosine: float, lengths: tuple[float, float], parallel: bool) -> str:
    """What the MLP does, and what the layer has done to the last vector.

    Args:
        cosine: of the vector that enters the layer and the one that leaves it.
        lengths: of both.
        parallel: attention and MLP read the same vector, and both add to it.
    """
    before, after = lengths
    words = (
        _("At the same time, an MLP reads the same vectors, each by itself. {layer}")
        if parallel
        else _("Then an MLP, on each vector by itself. {layer}")
    )
    layer = _layer_words(cosine, after / before if before else 1.0)
    return words.format(
        layer=layer.format(cosine=plain(cosine, 2), before=written(before), after=written(after))
    )


def _layer_words(cosine: float, longer: float) -> str:
    if cosine >= KEEPS and 1 / LITTLE <= longer <= LITTLE:
        return _("The layer adds a little to the last one: cosine {cosine}, length {before} → {after}.")
    if cosine >= KEEPS and longer > 1:
        return _(
            "The layer makes the last one longer, and hardly turns it: "
            "cosine {cosine}, length {before} → {after}."
        )
    if cosine >= KEEPS:
        return _(
            "The layer makes the last one shorter, and hardly turns it: "
            "cosine {cosine}, length {before} → {after}."
        )
    if cosine >= REWRITES:
        return _("The layer turns the last one: cosine {cosine}, length {before} → {after}.")
    return _("The layer all but replaces the last one: cosine {cosine}, length {before} → {after}.")


def layers_words(facts: Facts, parallel: bool) -> str:
    """What happens in all other layers, if there are any, and what the words above the block are."""
    if facts.n_layer == 1:
        return _(
            "This model has one layer only. "
            "The words: what it would say without that layer, and what it says."
        )
    words = (
        _(
            "The same in each of the {total} layers: attention and MLP side by side. "
            "The words: what the model would say if it stopped there."
        )
        if parallel
        else _(
            "The same two steps in each of the {total} layers. "
            "The words: what the model would say if it stopped there."
        )
    )
    return words.format(total=facts.n_layer)


def block_words(cosines: Sequence[float]) -> str:
    """What the block is, and how many steps keep the last vector's direction, by their cosines."""
    keep = sum(value >= KEEPS for value in cosines)
    kept = (
        _("Its one step has a cosine of {cosine}.").format(cosine=plain(cosines[0], 2))
        if len(cosines) == 1
        else _("{keep} of {total} steps keep its direction (cosine {least} or more).").format(
            keep=keep, total=len(cosines), least=plain(chosen(KEEPS, "KEEPS, a threshold"))
        )
    )
    words = (
        _("The last token at every depth. Ochre: attention, green: MLP. {kept}")
        if palette.NAME == "light"
        else _("The last token at every depth. Amber: attention, green: MLP. {kept}")
    )
    return words.format(kept=kept)


def plates_words(together: int, every: bool) -> str:
    """What the plates are; `every` seam has one, or those of the last of `together` layers."""
    if every:
        return _(
            "Each plate: what one attention or one MLP adds. "
            "The light is as bright as the cosine from vector to vector."
        )
    return _(
        "Opened after every {count} layers: what attention and MLP add there. "
        "The light is as bright as the cosine from vector to vector."
    ).format(count=together)


def read_words(tokens: int, token: bytes, probability: float) -> str:
    """Which token comes out as the likeliest."""
    words = (
        _("This vector is read for the next token: “{token}” gets {share}.")
        if tokens == 1
        else _(
            "Only the last vector is read for the next token: “{token}” gets {share}. "
            "Every other position predicts its own."
        )
    )
    return words.format(token=token_quote(token), share=percent(probability))


def compare_words(token: bytes, kept: float) -> str:
    """How much of the last token's first vector is in its last one: `kept`, a cosine."""
    if kept >= REWRITES:
        words = _("What came in as “{first}”, and what goes out: cosine {cosine}. Much is left.")
    elif kept >= TRACES:
        words = _("What came in as “{first}”, and what goes out: cosine {cosine}. A trace is left.")
    else:
        words = _("What came in as “{first}”, and what goes out: cosine {cosine}. Next to nothing is left.")
    return words.format(cosine=plain(kept, 2), first=token_quote(token))
