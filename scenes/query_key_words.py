"""What is said of one head's queries and keys: each sentence only where it is true of the run."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from model_probe.trace import Facts
from scenes import N_
from scenes.head_vector import HeadVector
from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.numerals import count, signed
from scenes.mobjects.token_row import token_quote

Array = npt.NDArray[np.float32]

VECTORS = N_("On its way through layer {layer}, every token is a vector of {width} numbers.")
KEYS = N_("Other weights give every token a key: what it has to offer.")


def query_words(query: HeadVector) -> str:
    """What makes a query: weights that the trace may lack, and then its position where that turns it."""
    if query.weight_KD is None:
        words = _(
            "A head's learned weights make {count} other numbers of it, the query: what it looks for. "
            "The trace lacks this head's weights; here is the query itself."
        )
    elif query.turned:
        words = _(
            "A head's learned weights make {count} other numbers of it, the query: what it looks for. "
            "Only then does this model turn it by its position."
        )
    else:
        words = _("A head's learned weights make {count} other numbers of it, the query: what it looks for.")
    return words.format(count=count(len(query.captured_K)))


def product_words(facts: Facts) -> str:
    """How a score is worked out."""
    if over_root(facts):
        return _(
            "How well they match is their dot product: multiply number by number, "
            "add up all {count}, and divide by the root of their count."
        ).format(count=count(facts.d_head))
    return _(
        "How well they match is their dot product: multiply number by number, "
        "add up all {count}, and scale the sum as this model does."
    ).format(count=count(facts.d_head))


def row_words(tokens: Sequence[bytes]) -> str:
    """What else the query meets."""
    if len(tokens) == 1:
        return _("That is one cell. There is no other key to meet: the row ends here.")
    return _("That is one cell. The same query, “{query}”, meets the key of every token: a row.").format(
        query=token_quote(tokens[-1])
    )


def grid_words(facts: Facts, scores_TS: Array) -> str:
    """What all scores are."""
    low, high = float(scores_TS.min()), float(scores_TS.max())
    if len(scores_TS) == 1 and over_root(facts):
        return _(
            "One token makes a grid of one cell. The root keeps scores from growing with the head's width."
        )
    if len(scores_TS) == 1:
        return _("One token makes a grid of one cell.")
    if not over_root(facts):
        return _("Every query with every key: {cells} scores, from {low} to {high}.").format(
            cells=count(scores_TS.size), low=signed(low), high=signed(high)
        )
    return _(
        "Every query with every key: {cells} scores, from {low} to {high}. "
        "The root keeps their spread from growing with the head's width."
    ).format(cells=count(scores_TS.size), low=signed(low), high=signed(high))


def match_words(tokens: Sequence[bytes], scores_S: Array, key: int) -> str:
    """Which key the last query matches best."""
    words = {
        "query": token_quote(tokens[-1]),
        "key": token_quote(tokens[key]),
        "score": signed(float(scores_S[key])),
    }
    if len(scores_S) == 1:
        return _("A token alone has only its own key to meet: {score}.").format(**words)
    if scores_S[key] < scores_S.max():
        return _(
            "Past the first token, the query of “{query}” matches the key of “{key}” best: {score}. "
            "What counts is how far it stands above the rest of its row."
        ).format(**words)
    return _(
        "The query of “{query}” matches the key of “{key}” best: {score}. "
        "What counts is how far it stands above the rest of its row."
    ).format(**words)


def over_root(facts: Facts) -> bool:
    """Whether the score is the dot product over the root of the head's width, as in most families."""
    return facts.attention_softcap is None and math.isclose(facts.scale, facts.d_head**-0.5, rel_tol=1e-6)


def verdict(facts: Facts, dot: float, score: float) -> str:
    """How the dot product becomes the score: over √d, or as the family does it."""
    product = f'#tone("{palette.QUERY}", $q$) dot #tone("{palette.KEY}", $k$)'
    cap = facts.attention_softcap
    if cap is not None:
        return (
            f"$ {cap:g} tanh ({product}) / ({cap:g} dot {1 / facts.scale:.3g}) "
            f"= {cap:g} tanh ({signed(dot, 2)}) / {cap / facts.scale:.4g} = {signed(score, 2)} $"
        )
    if over_root(facts):
        under = 'sqrt(d_"head")', f"sqrt({facts.d_head})"
    else:
        under = ("c", f"{1 / facts.scale:.4g}")
    return f"$ ({product}) / {under[0]} = ({signed(dot, 2)}) / {under[1]} = {signed(score, 2)} $"
