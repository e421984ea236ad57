"""All of a row's weights as one strip of light, and a thread from some of them down to their columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from manim import Group, Line, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.light import opaque, shaded
from scenes.mobjects.numerals import count
from scenes.mobjects.raster import Raster, pixels_per_unit

STRIP, NOTE = 0.3, 0.32  # frame units: the strip, and the words over it
FAINTEST = 0.14  # of a weight of nothing


class WeightStrip(Group):
    """The strip in a box' upper part; threads reach its lower edge.

    Args:
        weights_S: of all keys, in the order of the prompt.
        shown: those that have a thread.
        feet: where the threads end, x in frame units.
        box: what it takes.

    Attributes:
        strip: the picture; a place of several keys has the light of the strongest.
        threads: one a key that is shown.
    """

    def __init__(
        self, weights_S: npt.ArrayLike, shown: Sequence[int], feet: Sequence[float], box: Box
    ) -> None:
        weights = np.asarray(weights_S, dtype=np.float64)
        columns = min(len(weights), max(2, round(box.width * pixels_per_unit())))
        at = np.arange(len(weights)) * columns // len(weights)
        strongest = np.zeros(columns)
        np.maximum.at(strongest, at, weights)
        level = np.sqrt(strongest / (weights.max() or 1.0))
        light = FAINTEST + (1 - FAINTEST) * level
        colours = palette.WEIGHT_RAMP[np.rint(255 * level).astype(int)]
        self.strip = Raster(opaque(shaded(colours, light[:, None])[None]), box.width, STRIP)
        words = _("all {count} weights, from the first token to the last").format(count=count(len(weights)))
        note = text(words, 0.22, palette.FAINT, fit=box.width)
        note.move_to([box.left + note.width / 2, box.top - NOTE / 2, 0])
        top = box.top - NOTE
        self.strip.move_to([box.center[0], top - STRIP / 2, 0])
        self.threads = VGroup()
        for key, foot in zip(shown, feet, strict=True):
            x = box.left + box.width * (key + 0.5) / len(weights)
            thread = Line([x, top - STRIP, 0], [foot, box.bottom, 0], stroke_width=2)
            self.threads.add(thread.set_stroke(palette.token_colour(key), opacity=0.7))
        super().__init__(self.strip, note, self.threads)
