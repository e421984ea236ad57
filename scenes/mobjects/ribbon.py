"""A band along a path whose width changes on the way."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def ribbon(path: npt.ArrayLike, widths: npt.ArrayLike) -> Floats:
    """The outline of a band, closed: up one side of the path and down the other.

    Args:
        path: its middle, (n, 3), two points or more.
        widths: across it at each point, (n,) or one for all, in frame units.
    """
    points = np.asarray(path, dtype=np.float64)
    ahead = np.gradient(points, axis=0)
    length = np.maximum(np.linalg.norm(ahead, axis=1), 1e-9)
    side = np.stack([-ahead[:, 1], ahead[:, 0], np.zeros(len(points))], axis=1) / length[:, None]
    side *= np.broadcast_to(np.asarray(widths, dtype=np.float64) / 2, len(points))[:, None]
    outline = np.concatenate([points + side, (points - side)[::-1]])
    return np.concatenate([outline, outline[:1]])


def eased(start: float, end: float, count: int) -> Floats:
    """Values from one to another, level at both ends."""
    share = np.linspace(0, 1, count)
    return np.asarray(start + (end - start) * share * share * (3 - 2 * share))
