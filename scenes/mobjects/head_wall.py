"""All heads at once: a wall of small pictures, layers down, heads across, composed in one image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from scenes.mobjects import palette
from scenes.mobjects.heatmap import largest_in_cells
from scenes.mobjects.raster import Pixels, Raster, pixels_per_unit

LARGEST = 1.15  # frame units: a wall of few heads does not fill the frame with one picture
EMPTY = 256  # the entry after a ramp's 256 colours: nothing is drawn
GAP = 0.1  # share of a picture's place that stays empty


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
    """

    def __init__(
        self,
        pattern_of: Callable[[int], npt.NDArray[np.float32]],
        n_layer: int,
        n_head: int,
        width: float,
        height: float,
    ) -> None:
        self.pitch = min(width / n_head, height / n_layer, LARGEST)
        self.pixels_each = max(2, round(self.pitch * pixels_per_unit()))
        inner = max(1, round(self.pixels_each * (1 - GAP)))
        rows = [[largest_in_cells(head, inner) for head in pattern_of(layer)] for layer in range(n_layer)]
        self.cells = np.array(rows, dtype=np.float32)
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
        wall = (picture + start).transpose(0, 2, 1, 3)
        self._where = np.ascontiguousarray(wall.reshape(n_layer * self.pixels_each, -1), dtype=np.int32)
        self.brightness_LH = np.ones((n_layer, n_head), dtype=np.float32)
        super().__init__(self._compose(), n_head * self.pitch, n_layer * self.pitch)

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
        layers, heads = self.brightness_LH.shape
        inner = (1 - GAP) / 2
        across, down = (right - corner) / heads, (below - corner) / layers
        centre = corner + across * (head + inner) + down * (layer + inner)
        return centre, float(np.linalg.norm(across)) * (1 - GAP)
