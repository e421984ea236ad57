"""Some weights of each category of a model's parameters, as the trace has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_probe.parameters import CATEGORIES
from model_probe.trace import Trace


@dataclass(frozen=True)
class WeightTile:
    """The top left of one matrix.

    Attributes:
        number: its place in `weight_tiles_PRC`.
        weights_RC: what there is of it, 48 × 48 at most.
    """

    number: int
    weights_RC: npt.NDArray[np.float32]

    def strongest(self) -> tuple[int, int]:
        """Row and column of the weight that is farthest from zero."""
        row, column = np.unravel_index(int(np.abs(self.weights_RC).argmax()), self.weights_RC.shape)
        return int(row), int(column)


def weight_tiles(trace: Trace) -> dict[str, WeightTile]:
    """Category → its tile, the category with most parameters first; those without any have none."""
    kinds = [CATEGORIES[kind] for kind in trace.weight_tile_kinds_P[:]]
    sizes, tiles = trace.weight_tile_sizes_P2[:].tolist(), trace.weight_tiles_PRC
    found = {name: WeightTile(p, tiles[p][: sizes[p][0], : sizes[p][1]]) for p, name in enumerate(kinds)}
    counts = trace.facts.parameters
    return {name: found[name] for name in sorted(found, key=lambda name: -counts[name])}
