"""A curve against depth whose largest fall is marked."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import signed
from scenes.mobjects.plot import Axis, Plot

FLOORS = (0.999, 0.99, 0.95, 0.9, 0.8, 0.5, 0.0, -1.0)  # where the axis may begin: what is near 1 is enlarged


class SteepestStep(VGroup):
    """Cosines from depth 0 to the last layer, at most 1, and one layer's step in another colour.

    Args:
        cosines_M: by depth.
        layer: whose step is marked.
        box: what the plot takes.
        colour: of the curve.

    Attributes:
        plot, curve, step, note: the parts; the note says the layer and the change in it.
    """

    def __init__(self, cosines_M: npt.ArrayLike, layer: int, box: Box, colour: str) -> None:
        cosines = np.asarray(cosines_M, dtype=np.float64)
        low = next((floor for floor in FLOORS if floor <= cosines.min() - 1e-9), -1.0)
        depths = np.arange(len(cosines))
        across = Axis(0, float(max(1, depths[-1])), _("depth, in layers"))
        self.plot = Plot(box, across, Axis(low, 1.0, _("cosine")))
        self.curve = self.plot.curve(depths, cosines, colour, 5)
        marked = slice(layer, layer + 2)
        self.step = self.plot.curve(depths[marked], cosines[marked], palette.QUERY, 9)
        change = float(cosines[layer + 1] - cosines[layer])
        words = _("layer {layer}: {step}").format(
            layer=layer, step=signed(change, 3 if abs(change) >= 0.0005 else 6)
        )
        self.note = text(words, 0.4, palette.QUERY)
        side = 1 if layer < depths[-1] / 2 else -1  # where the longer part of the stage is
        at = self.plot.at(layer + 0.5, float(cosines[marked].mean()))[0]
        lower = max(at[1] - 0.35, self.plot.box.bottom + 0.3)
        self.note.move_to([at[0] + side * (self.note.width / 2 + 0.35), lower, 0])
        super().__init__(self.plot, self.curve, self.step, self.note)
