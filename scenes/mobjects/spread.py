"""Labels that would lie on each other move apart, as little as they must."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def spread(wanted: npt.ArrayLike, apart: float, low: float, high: float) -> Floats:
    """Places at least `apart` from each other, within low…high, as near to the wanted ones as can be.

    The order stays; equal ones stay in the order given. Where there is no room for all, they are `apart` of
    what there is. The nearest by the sum of squares: neighbours that push each other stand around the mean
    of what they wanted.

    >>> spread([0.0, 0.1, 5.0], 1.0, -10.0, 10.0).tolist()
    [-0.45, 0.55, 5.0]
    """
    places: Floats = np.asarray(wanted, dtype=np.float64)
    if not len(places):
        return places
    order = np.argsort(places, kind="stable")
    apart = min(apart, (high - low) / max(1, len(places) - 1))
    steps = apart * np.arange(len(places))
    blocks: list[tuple[float, int]] = []  # (mean, how many), of what stands together
    for place in places[order] - steps:
        mean, many = float(place), 1
        while blocks and blocks[-1][0] > mean:
            before, number = blocks.pop()
            mean, many = (mean * many + before * number) / (many + number), many + number
        blocks.append((mean, many))
    found = np.concatenate([np.full(many, mean) for mean, many in blocks])
    held = np.clip(found, low, max(low, high - float(steps[-1]))) + steps
    result: Floats = np.empty_like(held)
    result[order] = held
    return result
