"""All heads' shares as a wall, the MLPs' as a tower beside it: blue and + for one side, red and − against."""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, Group, Line, Rectangle, VGroup

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import signed
from scenes.mobjects.raster import Pixels, Raster, pixels_per_unit
from scenes.mobjects.weight_pixels import WeightScale, weight_pixels

GAP = 0.1  # share of a cell's place that stays empty
MARK = 0.5  # of a cell's shorter side, the size of its sign
DIMMED = 0.2
ROBUST = 97.0  # percentile of the heads' |shares| that has the lightest colour
HEAD, FOOT, SIDE = 0.75, 0.45, 0.35  # frame units above the cells, below them, and left of them
TOWER = 0.24  # of the width, for the MLPs

Floats = npt.NDArray[np.float32]


class ShareWall(Group):
    """Layers down and heads across, each cell as strong as its share; beside it a bar for each layer's MLP.

    Args:
        head_LH: the heads' shares.
        mlp_L: the MLPs' shares, drawn to the tower's own scale.
        box: what it fills.
        rows: the upper edge of the first layer's row and the lower edge of the last one's, where the picture
            beside it has the same rows.

    Attributes:
        cells: the picture of the heads, a sign in each.
        bars: of the MLPs, right of their zero line for the winner, left of it against.
        value_scale: the |share| of the lightest colour, and of a bar that is as long as can be: both scales.
    """

    def __init__(
        self, head_LH: Floats, mlp_L: Floats, box: Box, rows: tuple[float, float] | None = None
    ) -> None:
        self.head_LH, self.mlp_L = np.asarray(head_LH), np.asarray(mlp_L)
        top, bottom = rows or (box.top - HEAD, box.bottom + FOOT)
        layers, heads = self.head_LH.shape
        tower = TOWER * box.width
        width = box.width - SIDE - tower - 0.3
        self.cell = (width / heads, (top - bottom) / layers)
        strongest = float(np.percentile(np.abs(self.head_LH), ROBUST)) or float(np.abs(self.head_LH).max())
        self.value_scale = strongest or 1.0, float(np.abs(self.mlp_L).max()) or 1.0
        self.light_LH = np.ones_like(self.head_LH)
        self.cells = Raster(self._compose(), width, top - bottom)
        left = box.left + SIDE
        self.cells.move_to([left + width / 2, (top + bottom) / 2, 0])
        self.names = self._names(left, top, layers, heads)
        self.bars = self._bars(Box(left + width + 0.3, box.right, bottom, top))
        self.scale_note = WeightScale(self.value_scale[0])
        self.scale_note.next_to(self.cells, DOWN, buff=0.14)
        super().__init__(self.cells, self.names, self.bars, self.scale_note)

    def place_of(self, layer: int, head: int) -> npt.NDArray[np.float64]:
        """The middle of a head's cell."""
        corner, right, below = self.cells.points[:3]
        layers, heads = self.head_LH.shape
        across, down = (right - corner) / heads, (below - corner) / layers
        return np.asarray(corner + (head + 0.5 - GAP / 2) * across + (layer + 0.5 - GAP / 2) * down)

    def frame(self, layer: int, head: int) -> Rectangle:
        """A frame around a head's cell."""
        width, height = (max(side * (1 - GAP) + 0.06, 0.16) for side in self.cell)
        frame = Rectangle(width=width, height=height, stroke_color=palette.QUERY, stroke_width=4)
        return frame.move_to(self.place_of(layer, head))

    def light(self, light_LH: npt.ArrayLike) -> Self:
        """Dim each cell to its share, 0…1."""
        self.light_LH = np.broadcast_to(np.asarray(light_LH, np.float32), self.head_LH.shape)
        self.cells.pixels = self._compose()
        return self

    def _compose(self) -> Pixels:
        layers, heads = self.head_LH.shape
        fine = pixels_per_unit()
        wide, high = (max(3, round(side * fine)) for side in self.cell)
        colours = weight_pixels(self.head_LH, self.value_scale[0])[..., :3]
        level = np.minimum(np.abs(self.head_LH) / self.value_scale[0], 1)
        pixels = np.zeros((layers, high, heads, wide, 4), np.uint8)
        inner_high, inner_wide = (max(2, round(side * (1 - GAP))) for side in (high, wide))
        lit = palette.dim(colours, self.light_LH[..., None])
        pixels[:, :inner_high, :, :inner_wide, :3] = lit[:, None, :, None]
        pixels[:, :inner_high, :, :inner_wide, 3] = 255
        self._mark(pixels, level, inner_high, inner_wide)
        return pixels.reshape(layers * high, heads * wide, 4)

    def _mark(self, pixels: Pixels, level: Floats, high: int, wide: int) -> None:
        """A plus or a minus into each cell, the stronger the plainer."""
        size = max(3, round(MARK * min(high, wide))) | 1
        thick = max(1, size // 7) | 1
        top, left, middle = (high - size) // 2, (wide - size) // 2, (size - thick) // 2
        stroke = np.zeros((size, size), bool)
        stroke[middle : middle + thick] = True
        both = stroke | stroke.T
        for layer, head in np.ndindex(self.head_LH.shape):
            sign = both if self.head_LH[layer, head] > 0 else stroke
            strong = float(level[layer, head])
            tone = palette.pixel(palette.GROUND if strong > 0.5 else palette.INK)
            alpha = (0.3 + 0.7 * min(1.0, 2 * strong)) * float(self.light_LH[layer, head])
            patch = pixels[layer, top : top + size, head, left : left + size, :3]
            patch[sign] = patch[sign] * (1 - alpha) + tone * alpha

    def _names(self, left: float, top: float, layers: int, heads: int) -> VGroup:
        names = VGroup()
        for count, pitch, across in ((heads, self.cell[0], True), (layers, self.cell[1], False)):
            every = next(n for n in (1, 2, 5, 10, 20, 50, count) if n * pitch >= 0.3 or n >= count)
            for number in range(0, count, every):
                name = text(str(number), 0.2, palette.FAINT)
                cell = self.place_of(0, number) if across else self.place_of(number, 0)
                place = [cell[0], top + 0.16] if across else [left - 0.1 - name.width / 2, cell[1]]
                names.add(name.move_to([*place, 0]))
        middle = (left + float(self.cells.points[1][0])) / 2
        return names.add(text(_("heads"), 0.26, palette.CAPTION).move_to([middle, top + 0.48, 0]))

    def _bars(self, box: Box) -> VGroup:
        """A bar a layer, from a zero line in the middle."""
        bars, x = VGroup(), box.center[0]
        half = box.width / 2
        for layer, share in enumerate(self.mlp_L.tolist()):
            y = self.place_of(layer, 0)[1]
            length = max(0.004, abs(share) / self.value_scale[1] * half)
            ramp = palette.POSITIVE_RAMP if share > 0 else palette.NEGATIVE_RAMP
            tone = palette.hexadecimal(tuple(ramp[200] / 255))
            bar = Rectangle(width=length, height=0.72 * self.cell[1], stroke_width=0)
            bar.set_fill(tone, 1).move_to([x + (length / 2 if share > 0 else -length / 2), y, 0])
            bars.add(bar)
        line = Line([x, box.bottom, 0], [x, box.top, 0], stroke_width=2, color=palette.FAINT)
        name = text(_("MLPs"), 0.26, palette.CAPTION).move_to([x, box.top + 0.48, 0])
        ends = [text(signed(side * self.value_scale[1], 2), 0.2, palette.FAINT) for side in (-1, 1)]
        for side, end in zip((-1, 1), ends, strict=True):
            end.move_to([x + side * (half - end.width / 2), box.bottom - 0.22, 0])
        return bars.add(line, name, *ends)
