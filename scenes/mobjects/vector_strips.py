"""Under each token of a row the beginning of its vector, as blocks in the token's hue."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import DOWN, Group

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.heatmap import Heatmap
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, plain
from scenes.mobjects.token_row import TokenRow

ROWS = 20
WIDEST = 0.6  # frame units
AWAY, NOTE = 0.2, 0.6  # frame units from a token to its strip, and of the box's height for the note


class VectorStrips(Group):
    """A strip a token that the row shows, and a note that says how much of what they are.

    Args:
        vectors_TD: of the whole prompt.
        name: what the trace calls them.
        row: of tokens, at its place.
        box: below it, where strips and note stand.

    Attributes:
        strips: in the order of the row's chips.
        note: below them.
    """

    def __init__(self, vectors_TD: npt.NDArray[np.float32], name: str, row: TokenRow, box: Box) -> None:
        rows = min(ROWS, vectors_TD.shape[1])
        shown = vectors_TD[list(row.chips), :rows]
        scale = palette.robust_scale(shown)
        high = box.height - NOTE
        self.strips = Group()
        for values, (index, chip) in zip(shown, row.chips.items(), strict=True):
            wide = min(WIDEST, 0.8 * chip.width)
            strip = Heatmap(values[:, None], wide, high, scale, palette.token_ramp(index))
            self.strips.add(strip.next_to(chip, DOWN, buff=AWAY))
        words = _("{name}, the first {rows} of {width} numbers · strongest: ±{scale} or more")
        words = words.format(
            name=name, rows=shown.shape[1], width=count(vectors_TD.shape[1]), scale=plain(scale)
        )
        self.note = text(words, 0.22, palette.FAINT, fit=box.width)
        self.note.next_to(self.strips, DOWN, buff=0.25).set_x(row.get_x())
        super().__init__(*self.strips, self.note)
