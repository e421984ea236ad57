"""A row of tokens that comes out of another: each chip from where its token stood there."""

from __future__ import annotations

from manim import DOWN, Animation, FadeIn, LaggedStart, ReplacementTransform

from scenes.mobjects import palette
from scenes.mobjects.token_row import TokenRow


def come_down(before: TokenRow, after: TokenRow, origins: dict[int, int]) -> Animation:
    """Copies of chips of the first row move to their places in the second, and keep their hues.

    Args:
        before: the row that stands.
        after: the row that is to be; its chips take the hues of those that they come from.
        origins: place in `after` → place in `before`; a token that came from nowhere, or from a place that
            is left out there, fades in.
    """
    moves: list[Animation] = []
    for place, chip in after.chips.items():
        origin = origins.get(place)
        if origin is not None:
            chip.tint(palette.token_colour(origin))
        if origin is None or origin not in before.chips:
            moves.append(FadeIn(chip, shift=0.25 * DOWN))
        else:
            moves.append(ReplacementTransform(before.chips[origin].copy(), chip))
    if after.gap is not None:
        moves.append(FadeIn(after.gap))
    return LaggedStart(*moves, lag_ratio=0.08)
