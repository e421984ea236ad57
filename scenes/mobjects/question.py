"""One neuron's question: its row of weights times a vector, summed up, and its bias after that."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group

from model_probe.trace import Trace
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.dot_product import DotProduct
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import signed

WIDEST, HIGHEST = 12.5, 5.0  # frame units, of the product
SUM, NOTE = 0.46, 0.22  # em
FOOT = 1.0  # frame units for what stands below it


class Question(Group):
    """The product above, below it sum and bias, and the names of the tensors.

    Args:
        given_D: the vector.
        row_D: the neuron's weights.
        bias: what is added, or None where there is none.
        note: names of the tensors.
        box: what it takes.

    Attributes:
        product: the two vectors at work.
        answer: their dot product, plus bias.
        total: the line that says so.
        names: the line with the tensors' names.
    """

    def __init__(
        self, given_D: npt.ArrayLike, row_D: npt.ArrayLike, bias: float | None, note: str, box: Box
    ) -> None:
        upper, foot = box.stack(None, FOOT, gap=0.2)
        size = min(WIDEST, upper.width), min(HIGHEST, upper.height)
        self.product = DotProduct(given_D, row_D, *size, (palette.INK, palette.POSITIVE_LARGE))
        self.product.shift(np.array(upper.center))  # it keeps room at its right for the number at the tip
        summed = float(self.product.sums[-1])
        self.answer = summed + (bias or 0.0)
        said = signed(summed, 2)
        if bias is not None:
            words = _("bias {bias}").format(bias=signed(bias, 2))
            said = f"{signed(summed, 2)}   {words}   =   {signed(self.answer, 2)}"
        half = foot.rows(1.6, 1.0, gap=0.05)
        self.total = text(said, SUM, palette.QUERY, fit=half[0])
        self.names = text(note, NOTE, palette.FAINT, mono=True, fit=half[1])
        super().__init__(self.product, self.total, self.names)

    @classmethod
    def of_trace(cls, trace: Trace, box: Box) -> Self:
        """The question of the neuron that is shown; with a gate, that of its row of the gate."""
        biased = trace.has("neuron_pre_bias_1")
        note = f"neuron_in_D · neuron_pre_weight_D{' + neuron_pre_bias_1' if biased else ''}"
        bias = float(trace.neuron_pre_bias_1[0]) if biased else None
        return cls(trace.neuron_in_D[:], trace.neuron_pre_weight_D[:], bias, note, box)

    def ask(self, amount: float) -> None:
        """Sum up to there, 0…1: the first products slowly, then all the others."""
        many = len(self.product.products)
        slow = min(6, many)
        at = slow * amount / 0.4 if amount < 0.4 else slow + (many - slow) * ((amount - 0.4) / 0.6) ** 2
        self.product.show(int(np.clip(round(at), 0, many)))
