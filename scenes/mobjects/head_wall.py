"""All heads at once: a wall of small pictures, layers down, heads across, composed in one image."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from scenes.mobjects import palette
from scenes.mobjects.heatmap import largest_in_cells
from scenes.mobjects.raster import Pixels, Raster, pixels_per_unit

LARGEST = 1.15  # frame units: a wall of few heads does not fill the frame with one picture
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
        # A weight is never above 1, and the sink's rows reach it in every trained model.
        self.value_scale = min(1.0, palette.robust_scale(self.cells[..., np.tril_indices(size)[0], np.tril_indices(size)[1]]))
        level = palette.levels(self.cells, self.value_scale)
        seen = np.broadcast_to(np.tri(size, dtype=bool), level.shape)
        spread = np.arange(inner) * size // inner
        self._level = np.zeros((n_layer, n_head, self.pixels_each, self.pixels_each), dtype=np.uint8)
        self._seen = np.zeros_like(self._level)
        self._level[..., :inner, :inner] = level[..., spread[:, None], spread]
        self._seen[..., :inner, :inner] = seen[..., spread[:, None], spread]
        self.brightness_LH = np.ones((n_layer, n_head), dtype=np.float32)
        super().__init__(self._compose(), n_head * self.pitch, n_layer * self.pitch)

    def _compose(self) -> Pixels:
        layers, heads, side, _ = self._level.shape
        strength = np.rint(self.brightness_LH * 256).astype(np.uint16)
        # One small ramp a head, already dimmed: the rest is a look-up.
        ramps = (palette.ATTENTION_RAMP[None, None].astype(np.uint16) * strength[..., None, None] >> 8).astype(np.uint8)
        colours = ramps.reshape(-1, 256, 3)[
            np.arange(layers * heads)[:, None, None], self._level.reshape(-1, side, side)
        ]
        pixels = np.empty((layers, side, heads, side, 4), dtype=np.uint8)
        pixels[..., :3] = (colours * self._seen.reshape(-1, side, side)[..., None]).reshape(
            layers, heads, side, side, 3
        ).transpose(0, 2, 1, 3, 4)
        pixels[..., 3] = 255 * self._seen.transpose(0, 2, 1, 3)
        return pixels.reshape(layers * side, heads * side, 4)

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
        centre = corner + (right - corner) * (head + inner) / heads + (below - corner) * (layer + inner) / layers
        return centre, float(np.linalg.norm(right - corner)) / heads * (1 - GAP)
