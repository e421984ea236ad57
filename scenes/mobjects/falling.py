"""Lights that fall from the chips of a row to places below it, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from manim import Dot, LaggedStart

from scenes.mobjects.palette import token_colour
from scenes.mobjects.token_row import TokenRow

USUAL = token_colour(0)


class Falling(LaggedStart):
    """A light a token: from its last chip that is shown to its place. A token without a chip has none.

    Args:
        row: the chips.
        ids: the token of each position of the prompt.
        tokens, places_N3: where the light of which token falls to.

    Attributes:
        lights: the dots, to be taken away when all have fallen.
        colours: of every one of `tokens`, that of its chip.
    """

    def __init__(
        self, row: TokenRow, ids: Sequence[int], tokens: Sequence[int], places_N3: npt.NDArray[np.float64]
    ) -> None:
        chips = {ids[position]: chip for position, chip in row.chips.items()}
        self.colours = [
            chips[token].box.get_stroke_color().to_hex() if token in chips else USUAL for token in tokens
        ]
        ways = [
            (Dot(chips[token].get_bottom(), color=colour), place)
            for token, colour, place in zip(tokens, self.colours, places_N3, strict=True)
            if token in chips
        ]
        self.lights = [dot for dot, _ in ways]
        super().__init__(*(dot.animate.move_to(place) for dot, place in ways), lag_ratio=0.15, run_time=1.6)
