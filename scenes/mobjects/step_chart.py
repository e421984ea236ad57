"""What a token is taken from: bars for the likeliest, a strip that holds all tokens, a needle on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from manim import Animation, Group, LaggedStart

from scenes.generation_step import MOST_BARS, GenerationStep
from scenes.layout import Box
from scenes.mobjects import bars, distribution_strip
from scenes.mobjects.bars import ProbabilityBars, count_to
from scenes.mobjects.distribution_strip import THICKNESS, DistributionStrip, Needle, lay_out, reshape, slide

STRIP = THICKNESS + 0.56  # frame units, the strip and below it the needle's number
ENDS = (0.75, 1.05)  # frame units that the words at the strip's ends take
DIMMED = 0.3


class StepChart:
    """One step's distribution, and then the next one's.

    Args:
        name: what stands for a vocabulary id (`Trace.token_name`).
        steps: those that will be shown; the longest bar of all fills its place.
        n_vocab: size of the vocabulary.
        place: of the bars.
        strip: of the strip, at its top; the needle's number stands below it.

    Attributes:
        bars: of the step that is shown now; empty at first.
        strip: of all tokens.
        needle: on the strip, at 0 at first.
    """

    def __init__(
        self,
        name: Callable[[int], bytes],
        steps: Sequence[GenerationStep],
        n_vocab: int,
        place: Box,
        strip: Box,
    ) -> None:
        self._name, self._n_vocab, self._place = name, n_vocab, place
        self._longest = max(max(float(step.probabilities_N[0]), step.rest) for step in steps)
        self.bars = self._bars_of(steps[0])
        self.bars.show(np.zeros(len(steps[0].ids_N)), rest=0.0)
        y = strip.top - THICKNESS / 2
        self.strip = DistributionStrip(MOST_BARS, strip.left + ENDS[0], strip.right - ENDS[1], y)
        self.needle = Needle(self.strip)

    def _bars_of(self, step: GenerationStep) -> ProbabilityBars:
        names, place = [self._name(token) for token in step.ids_N], self._place
        chart = ProbabilityBars(
            names, step.ids_N, step.probabilities_N, self._n_vocab, place.width, place.height, self._longest
        )
        chart.shift(place.center)  # its box varies with the numbers, its axis does not
        return chart

    def everything(self) -> Group:
        """All that is drawn."""
        return Group(self.bars, self.strip, self.strip.ends, self.needle)

    def grow(self, step: GenerationStep) -> Animation:
        """The bars count from nothing to this step's probabilities."""
        return count_to(self.bars, step.probabilities_N, [0.0] * len(self.bars))

    def fall(self, step: GenerationStep) -> LaggedStart:
        """Copies of the bars come down to the strip, each to its token's place."""
        return lay_out(self.bars, self.strip, *step.spans())

    def point(self, step: GenerationStep) -> Animation:
        """The needle goes to the number that drew."""
        return slide(self.needle, step.uniform)

    def single_out(self, step: GenerationStep) -> list[Animation]:
        """All but the drawn token's bar and segment step back."""
        return [
            *bars.single_out(self.bars, step.row, DIMMED),
            *distribution_strip.single_out(self.strip, step.row, DIMMED),
        ]

    def follow(self, step: GenerationStep) -> list[Animation]:
        """Bars with this step's labels take the others' place and grow to its probabilities; the strip, too.

        The new bars are not on screen yet.
        """
        before = [bar.probability for bar in self.bars]
        self.bars = self._bars_of(step)
        self.strip.relight()
        return [count_to(self.bars, step.probabilities_N, before), reshape(self.strip, *step.spans())]
