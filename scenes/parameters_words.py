"""What `parameters` says where it depends on the model, and what the categories are called."""

from __future__ import annotations

from model_probe.trace import Facts
from scenes import N_
from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.ledger import Entry
from scenes.mobjects.numerals import count
from scenes.weight_tiles import WeightTile

NAMES = {
    "embedding": N_("embedding"),
    "position": N_("positions"),
    "query": N_("query"),
    "key": N_("key"),
    "value": N_("value"),
    "output": N_("output"),
    "mlp_gate": N_("MLP gate"),
    "mlp_up": N_("MLP up"),
    "mlp_down": N_("MLP down"),
    "norm": N_("norms"),
    "bias": N_("biases"),
    "unembedding": N_("unembedding"),
}

HUES = {
    **dict.fromkeys(("embedding", "position", "unembedding"), palette.token_colour(1)),
    **dict.fromkeys(("query", "key", "value", "output"), palette.ATTENTION_HUE),
    **dict.fromkeys(("mlp_gate", "mlp_up", "mlp_down"), palette.GELU),
    **dict.fromkeys(("norm", "bias"), palette.CAPTION),
}


def names() -> dict[str, str]:
    """Category → what it is called in the viewer's language."""
    return {category: _(name) for category, name in NAMES.items()}


def entries(counts: dict[str, int], tied: bool = False) -> list[Entry]:
    """A tally's lines, the largest first; a tied unembedding is the last one, and counts 0."""
    order = sorted(counts, key=lambda name: -counts[name])
    lines = [Entry(_(NAMES[name]), counts[name], HUES[name]) for name in order]
    if tied:
        lines.append(
            Entry(
                _(NAMES["unembedding"]),
                0,
                HUES["unembedding"],
                (_("shared with the embedding: 0"), _("shared: 0")),
            )
        )
    return lines


def tile_note(facts: Facts, tile: WeightTile) -> str:
    """Which part of W_Q a tile is."""
    rows, columns = tile.weights_RC.shape
    return _(
        "weight_tiles_PRC[{place}] · the first {rows} × {columns} of {high} × {wide} weights of W_Q"
    ).format(
        place=tile.number,
        rows=rows,
        columns=columns,
        high=count(facts.parameters["query"] // facts.n_layer // facts.d_model),
        wide=count(facts.d_model),
    )


def tally_words(facts: Facts) -> str:
    """How many parameters there are, and what this model has none of."""
    words = _("Sorted by what they are for, areas to scale: {count} numbers in all.")
    if facts.positions == "rotary":
        words = _("Sorted by what they are for, areas to scale: {count} numbers. Positions have none here.")
    return words.format(count=count(facts.n_parameters))


def unembedding_words(facts: Facts) -> str:
    """Whether the unembedding is the embedding again."""
    if facts.tied_unembedding:
        return _("And the unembedding? It is the embedding's own matrix, used a second time. It counts 0.")
    return _("The unembedding is a matrix of its own here: {count} more.").format(
        count=count(facts.parameters["unembedding"])
    )


def wall_words(facts: Facts, other: int) -> str:
    """How many times as large GPT-3 is."""
    times = other / facts.n_parameters
    if times < 2:
        return _("GPT-3 at the same scale: {count} parameters.").format(count=count(other))
    return _(
        "GPT-3 at the same scale has {times} times as many. Our model is the stamp in the middle."
    ).format(times=count(round(times) if times < 1000 else 100 * round(times / 100)))
