"""All heads at once: a wall of small pictures, composed in one image.

Layers run down and heads across, or, where that makes the pictures larger, layers across and heads down.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from manim import UP, VGroup

from model_probe.trace import Trace
from scenes.declared import scale_mark
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.heatmap import largest_in_cells
from scenes.mobjects.lettering import text
from scenes.mobjects.raster import Pixels, Raster, pixels_per_unit

EMPTY = 256  # the entry after a ramp's 256 colours: nothing is drawn
GAP = 0.1  # share of a picture's place that stays empty
FOOT = 0.55  # frame units below the wall, for what is counted
NUMBERS = (0.75, 0.6)  # at its left and above it, for layers and heads


class HeadWall(Raster):
    """Every head's pattern; each picture is shrunk by taking the largest weight under each of its pixels.

    Args:
        pattern_of: layer → that layer's patterns (H, T, T); called once a layer, so that a long prompt never
            stands in memory whole.
        n_layer, n_head: the wall's rows and columns.
        width, height: the most it may take, in frame units.

    Attributes:
        cells: (L, H, n, n), what each picture shows, n ≤ T.
        value_scale: the weight drawn brightest, the 99th percentile of all that is shown.
        brightness_LH: each picture's share of its full brightness.
        pitch: frame units from one picture to the next.
        across: whether layers run across and heads down.
    """

    def __init__(
        self,
        pattern_of: Callable[[int], npt.NDArray[np.float32]],
        n_layer: int,
        n_head: int,
        width: float,
        height: float,
    ) -> None:
        down, along = min(width / n_head, height / n_layer), min(width / n_layer, height / n_head)
        self.across = along > down
        self.pitch = max(down, along)
        self.pixels_each = max(2, round(self.pitch * pixels_per_unit()))
        inner = max(1, round(self.pixels_each * (1 - GAP)))
        shrunk = [[largest_in_cells(head, inner) for head in pattern_of(layer)] for layer in range(n_layer)]
        self.cells = np.array(shrunk, dtype=np.float32)
        size = self.cells.shape[-1]
        rows_seen, columns_seen = np.tril_indices(size)
        self.value_scale = min(1.0, palette.robust_scale(self.cells[..., rows_seen, columns_seen]))
        level = palette.levels(self.cells, self.value_scale).astype(np.int32)
        seen = np.broadcast_to(np.tri(size, dtype=bool), level.shape)
        spread = np.arange(inner) * size // inner
        shape = (n_layer, n_head, self.pixels_each, self.pixels_each)
        picture = np.full(shape, EMPTY, dtype=np.int32)
        shown = np.where(seen, level, EMPTY)
        picture[..., :inner, :inner] = shown[..., spread[:, None], spread]
        # One little ramp a head lies after the other; this says for each pixel of the wall where to look.
        start = (EMPTY + 1) * np.arange(n_layer * n_head).reshape(n_layer, n_head, 1, 1)
        pictures = picture + start
        if self.across:
            pictures = pictures.swapaxes(0, 1)
        rows, columns = pictures.shape[:2]
        wall = pictures.transpose(0, 2, 1, 3)
        self._where = np.ascontiguousarray(wall.reshape(rows * self.pixels_each, -1), dtype=np.int32)
        self.brightness_LH = np.ones((n_layer, n_head), dtype=np.float32)
        super().__init__(self._compose(), columns * self.pitch, rows * self.pitch)

    def _compose(self) -> Pixels:
        ramps = np.zeros((self.brightness_LH.size, EMPTY + 1, 4), dtype=np.uint8)
        ramps[:, :EMPTY, :3] = palette.dim(palette.ATTENTION_RAMP, self.brightness_LH.reshape(-1, 1, 1))
        ramps[:, :EMPTY, 3] = 255
        pixels: Pixels = ramps.view(np.uint32).ravel().take(self._where).view(np.uint8)
        return pixels.reshape(*self._where.shape, 4)

    def light(self, brightness_LH: npt.ArrayLike) -> HeadWall:
        """Dim each picture to its share, 0…1."""
        self.brightness_LH = np.asarray(brightness_LH, dtype=np.float32)
        self.pixels = self._compose()
        return self

    def place_of(self, layer: int, head: int) -> tuple[npt.NDArray[np.float64], float]:
        """Centre and size of one picture, where the wall stands now."""
        corner, right, below = self.points[:3]
        row, column = (head, layer) if self.across else (layer, head)
        rows, columns = self.brightness_LH.T.shape if self.across else self.brightness_LH.shape
        inner = (1 - GAP) / 2
        across, down = (right - corner) / columns, (below - corner) / rows
        centre = corner + across * (column + inner) + down * (row + inner)
        return centre, float(np.linalg.norm(across)) * (1 - GAP)


def wall_of(trace: Trace, box: Box) -> HeadWall:
    """The wall of a run's patterns (`pattern_LHTS`); see `wall_in`."""
    facts = trace.facts
    return wall_in(box, lambda layer: np.asarray(trace.pattern_LHTS[layer]), facts.n_layer, facts.n_head)


def wall_in(
    box: Box, pattern_of: Callable[[int], npt.NDArray[np.float32]], n_layer: int, n_head: int
) -> HeadWall:
    """The wall as large as a box allows, with room for its numbers and for a line below it."""
    left, above = NUMBERS
    wall = HeadWall(pattern_of, n_layer, n_head, box.width - left, box.height - above - FOOT)
    wall.move_to([box.center[0] + left / 2, box.center[1] + (FOOT - above) / 2, 0])
    return wall


def wall_numbers(wall: HeadWall) -> VGroup:
    """Layer and head numbers along a wall, as many as can be read, and which are which."""
    layers, heads = wall.brightness_LH.shape
    step = max(1, int(np.ceil(0.34 / wall.pitch)))
    size = min(0.24, max(0.18, 0.5 * wall.pitch * step))
    marks = VGroup()
    for index in range(0, layers if wall.across else heads, step):
        centre, side = wall.place_of(*((index, 0) if wall.across else (0, index)))
        marks.add(
            text(str(scale_mark(index, "wall")), size, palette.FAINT).move_to(
                centre + np.array([0, side / 2 + 0.18, 0])
            )
        )
    words = text(_("layer") if wall.across else _("head"), size, palette.FAINT)
    marks.add(words.next_to(marks[0], UP, buff=0.04).align_to(wall, [-1, 0, 0]))
    for index in range(0, heads if wall.across else layers, step):
        centre, side = wall.place_of(*((0, index) if wall.across else (index, 0)))
        number = text(str(scale_mark(index, "wall")), size, palette.FAINT)
        marks.add(number.move_to(centre - np.array([side / 2 + 0.12 + number.width / 2, 0, 0])))
    words = text(_("head") if wall.across else _("layer"), size, palette.FAINT).rotate(np.pi / 2)
    left = min(float(mark.get_left()[0]) for mark in marks)
    words.move_to([left - 0.06 - words.width / 2, float(wall.get_top()[1]) - words.height / 2, 0])
    return marks.add(words)
