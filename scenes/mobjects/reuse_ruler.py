"""How far apart two sizes are: all differences and all numbers that they are of, on one logarithmic ruler."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.numerals import figures
from scenes.mobjects.ruler import Ruler, Scale

MANTISSA = 23  # bits that float32 keeps behind the first one


class ReuseRuler(Ruler):
    """A tick for every difference above 0 and for every number, and marks at the largest of either.

    Its ends are the powers of ten around them; the step of float32 at the largest number is marked as well:
    what rounding alone may change.

    Attributes:
        parts: what to show, one after the other.
    """

    def __init__(self, gaps: npt.ArrayLike, sizes: npt.ArrayLike, width: float) -> None:
        apart, numbers = (np.asarray(each, dtype=np.float64).ravel() for each in (gaps, sizes))
        apart, numbers = apart[apart > 0], numbers[numbers > 0]
        largest = float(numbers.max())
        step = float(np.exp2(math.floor(math.log2(largest)) - MANTISSA))
        peers = np.concatenate([apart, numbers])
        low = 10.0 ** np.floor(np.log10(min(float(peers.min()), step)))
        high = 10.0 ** np.ceil(np.log10(largest) + 1e-9)
        words = _("float32's own step there: {step}").format(step=figures(step))
        super().__init__(Scale(low, high, figures, log=True), width, peers, (step, words))
        values, said = [largest], [_("the largest key or value: {}")]
        if len(apart):
            values.insert(0, float(apart.max()))
            said.insert(0, _("the largest difference: {}"))
        marks = self.marked(values, said, [palette.QUERY, palette.INK][-len(values) :])
        self.parts = [self.strip, self.ends, self.chance, *marks]
        self.add(*marks)
