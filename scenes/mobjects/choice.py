"""A choice among all tokens at one temperature: what every piece of a picture shows at one moment."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from scenes.mathematics import Floats, entropy_bits, softmax
from scenes.mobjects import palette


class Choice:
    """The softmax of some logits at a temperature.

    Args:
        logits_V: of every token.
        temperature: T, from 0 to ∞.

    Attributes:
        share: T / (T + 1), where T stands on a scale from 0 to ∞ with 1 in its middle.
        probabilities_V: of every token.
        weights_V: the same over the likeliest one's: e^−h for a rung at height h.
        total: the sum of all weights.
    """

    def __init__(self, logits_V: npt.NDArray[np.floating], temperature: float) -> None:
        self.temperature = temperature
        self.share = share_of(temperature)
        self.probabilities_V: Floats = softmax(logits_V, temperature)
        self.total = float(1 / self.probabilities_V.max())
        self.weights_V: Floats = self.probabilities_V * self.total

    @cached_property
    def bits(self) -> float:
        """The entropy H."""
        return entropy_bits(self.probabilities_V)

    @property
    def number(self) -> float:
        """2^H."""
        return float(2.0**self.bits)

    @property
    def colour(self) -> str:
        """Of its temperature."""
        return palette.heat_colour(self.share)


def share_of(temperature: float) -> float:
    """T / (T + 1): 0 at T = 0, a half at 1, 1 at ∞."""
    return 1.0 if np.isinf(temperature) else temperature / (temperature + 1)


def temperature_at(share: float) -> float:
    """The temperature that stands at a share of the scale."""
    return share / (1 - share) if share < 1 else float("inf")
