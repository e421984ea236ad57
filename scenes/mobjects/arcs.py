"""Attention as arcs above a row of tokens, from the attended token to the attending one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from manim import VGroup, VMobject

from scenes.mobjects import palette

FAINTEST = 0.03  # weights under 3 % are not drawn: hundreds of hair lines would say nothing
THICKEST = 7.0  # stroke width of a weight of 1


def attention_arcs(
    weights_TS: npt.ArrayLike,
    positions: Mapping[int, npt.ArrayLike],
    rise: float,
    colour: str = palette.QUERY,
) -> VGroup:
    """One arc for each weight of at least 3 % between two positions that are shown.

    Args:
        weights_TS: a head's pattern, (queries, keys).
        positions: token index → where its arcs start and end.
        rise: height of the longest arc in frame units.
        colour: of every arc.

    Returns:
        A group of arcs; each has `query`, `key` and `weight`, and its width and opacity follow the weight.
        A token's weight on itself is a small loop.
    """
    pattern = np.asarray(weights_TS)
    ends = {index: np.asarray(point, dtype=float) for index, point in positions.items()}
    span = max((float(np.abs(a[0] - b[0])) for a in ends.values() for b in ends.values()), default=0.0) or 1.0
    group = VGroup()
    for query in ends:
        for key in ends:
            weight = float(pattern[query, key])
            if key > query or weight < FAINTEST:
                continue
            start, end = ends[key], ends[query]
            height = rise * (0.25 + 0.75 * abs(end[0] - start[0]) / span)
            spread = np.array([0.16 if key == query else 0.0, 0.0, 0.0])
            arc = VMobject(stroke_color=colour, stroke_width=0.8 + THICKEST * weight)
            arc.set_stroke(opacity=min(1.0, 0.25 + weight))
            lift = np.array([0.0, height * 4 / 3, 0.0])
            arc.set_points(
                np.stack([start - spread, start - 2 * spread + lift, end + 2 * spread + lift, end + spread])
            )
            arc.query, arc.key, arc.weight = query, key, weight
            group.add(arc)
    return group
