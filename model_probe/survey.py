"""One look at every row of an embedding: lengths, a picture, cosines with some directions, principal axes.

An embedding is the largest matrix of a small model, and most of the time goes into reading it. So it is
gone through in blocks that stay in the processor's cache, and all that is wanted is made of a block at once;
twice, where principal axes are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.plan import COLUMNS, ROWS

F32 = NDArray[np.float32]

BLOCK = 256  # rows at once, about; 0.8 MB where they are 768 wide
SAMPLE = 2048  # rows that the axes start from, or all of a small embedding:
SMALL, NARROW = 6e8, 512  # multiplications, width
SPARE = 8  # axes that are followed, so that the first three are found
TURNS = 16  # powers of the sample's covariance


@dataclass(frozen=True)
class Axes:
    """The first three principal axes of rows of length 1.

    Attributes:
        points_V3: the rows minus their mean, on the axes.
        explained_3: each axis' share of the variance.
        mean_D: the mean.
        cosines_V: each row's cosine with it.
    """

    points_V3: F32
    explained_3: F32
    mean_D: F32
    cosines_V: F32


@dataclass(frozen=True)
class Survey:
    """What was seen; rows without any length have cosines of 0.

    Attributes:
        norms_V: the rows' lengths.
        cosines_QV: with every direction.
        picture_RC: see `Picture`; None where it was not wanted.
        axes: None where they were not.
    """

    norms_V: F32
    cosines_QV: F32
    picture_RC: F32 | None
    axes: Axes | None


def survey(rows_VD: F32, directions_QD: F32, *, pictured: bool, spread: bool) -> Survey:
    """Look at all rows.

    Args:
        rows_VD: the embedding.
        directions_QD: what cosines are wanted with.
        pictured: whether there is to be a picture.
        spread: whether the principal axes are wanted. They are found by two steps of subspace iteration
            (Halko, Martinsson, Tropp 2011, algorithm 4.4) from those of a sample of SAMPLE rows.
    """
    n_rows, width = rows_VD.shape
    lengths_Q = np.linalg.norm(directions_QD.astype(np.float64), axis=1)
    unit_QD = _divided(directions_QD, lengths_Q[:, None])
    start_SD = _start(rows_VD) if spread else np.empty((0, width), np.float32)
    columns_DC = np.ascontiguousarray(np.concatenate([unit_QD, start_SD]).T)
    norms_V, cosines_VQ = np.empty(n_rows, np.float32), np.empty((n_rows, len(unit_QD)), np.float32)
    back_SD = np.zeros((len(start_SD) + 1, width))
    step = -(-n_rows // COLUMNS)  # tokens of a cell
    cells = Picture(n_rows, width) if pictured else None
    for block in _blocks(n_rows, max(1, BLOCK // step) * step):
        rows = rows_VD[block]
        norms_V[block] = np.sqrt(np.einsum("vd,vd->v", rows, rows))
        inverse_V1 = _divided(np.ones((len(rows), 1), np.float32), norms_V[block, None])
        products = rows @ columns_DC
        products *= inverse_V1
        cosines_VQ[block] = products[:, : len(unit_QD)]
        if spread:  # [unit rows · axes, 1]ᵀ · unit rows
            back = np.concatenate([products[:, len(unit_QD) :], np.ones((len(rows), 1), np.float32)], axis=1)
            back *= inverse_V1
            back_SD += back.T @ rows
        if cells is not None:
            cells.add(block.start, rows)
    axes = _axes(rows_VD, norms_V, start_SD, back_SD) if spread else None
    picture_RC = None if cells is None else cells.finished()
    return Survey(norms_V, np.ascontiguousarray(cosines_VQ.T), picture_RC, axes)


def picture(rows_VD: F32) -> F32:
    """The picture of a matrix that nothing else is wanted of; see `Picture`."""
    cells = Picture(*rows_VD.shape)
    for block in _blocks(len(rows_VD), max(1, BLOCK // cells.step) * cells.step):
        cells.add(block.start, rows_VD[block])
    return cells.finished()


class Picture:
    """A matrix of V rows lying on its side, (R, C), so small that it can be looked at.

    A cell is the entry of largest magnitude, with its sign, of ⌈D/192⌉ dimensions and ⌈V/1600⌉ rows.
    """

    def __init__(self, n_rows: int, width: int) -> None:
        self.step, self._down = -(-n_rows // COLUMNS), -(-width // ROWS)
        self._cells_CD = np.zeros((-(-n_rows // self.step), width), np.float32)

    def add(self, start: int, rows: F32) -> None:
        """Take in rows from `start` on, which begins a cell."""
        whole = len(rows) // self.step
        end = whole * self.step
        first = start // self.step
        if whole:
            parts = rows[:end].reshape(whole, self.step, -1)
            self._cells_CD[first : first + whole] = _extreme(parts)
        if end < len(rows):
            self._cells_CD[first + whole] = _extreme(rows[None, end:])[0]

    def finished(self) -> F32:
        """The picture."""
        columns, width = self._cells_CD.shape
        lying = np.zeros(
            (-(-width // self._down) * self._down, columns), np.float32
        )  # 0 is the least extreme
        lying[:width] = self._cells_CD.T
        return _extreme(lying.reshape(-1, self._down, columns))


def _extreme(parts: F32) -> F32:
    """The entry of largest magnitude along the middle axis; of two, the positive one."""
    if parts.shape[1] == 1:
        return parts[:, 0]
    highest, lowest = parts.max(axis=1), parts.min(axis=1)
    extreme: F32 = np.where(highest >= -lowest, highest, lowest)
    return extreme


def _blocks(n_rows: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size))


def _divided(values: NDArray[np.floating[Any]], by: NDArray[np.floating[Any]]) -> F32:
    """A quotient; 0 where the divisor is 0."""
    quotient = np.zeros(values.shape, np.float32)
    np.divide(values, by, out=quotient, where=by > 0, casting="same_kind")
    return quotient


def _orthonormal(directions_SD: NDArray[np.floating[Any]]) -> F32:
    """Directions that span the same, of length 1 and at right angles, (S, D)."""
    found: F32 = np.linalg.qr(np.asarray(directions_SD, np.float64).T)[0].T.astype(np.float32)
    return found


def _start(rows_VD: F32) -> F32:
    """About the first principal axes of a sample of the rows, evenly spread over them, (S, D)."""
    n_rows, width = rows_VD.shape
    small = n_rows * width**2 <= SMALL and width <= NARROW
    rows = rows_VD[:: 1 if small else -(-n_rows // SAMPLE)]
    rows = _divided(rows, np.sqrt(np.einsum("vd,vd->v", rows, rows))[:, None])
    rows -= rows.mean(axis=0)
    covariance_DD = rows.T @ rows
    if small:
        return np.ascontiguousarray(np.linalg.eigh(covariance_DD)[1].T[-SPARE:])
    draws = np.random.Generator(np.random.PCG64(0))
    axes_SD = _orthonormal(draws.normal(size=(min(SPARE, width), width)))
    for turn in range(TURNS):
        axes_SD = axes_SD @ covariance_DD
        if turn % 4 == 3:  # they lean together, but not that fast
            axes_SD = _orthonormal(axes_SD)
    return axes_SD


def _axes(rows_VD: F32, norms_V: F32, start_SD: F32, back_SD: NDArray[np.float64]) -> Axes:
    """The axes after one step, by a second look at all rows."""
    n_rows = len(rows_VD)
    mean_D = back_SD[-1] / n_rows
    turned_SD = back_SD[:-1] - np.outer(start_SD @ mean_D, back_SD[-1])  # centred afterwards
    axes_SD = _orthonormal(np.concatenate([turned_SD, start_SD])[: rows_VD.shape[1]])
    length = float(np.linalg.norm(mean_D))
    mean_1D = _divided(mean_D[None], np.array([[length]]))
    columns_DC = np.ascontiguousarray(np.concatenate([axes_SD, mean_1D]).T)
    seen_VC = np.empty((n_rows, len(axes_SD) + 1), np.float32)
    spread_SS = np.zeros((len(axes_SD), len(axes_SD)))
    for block in _blocks(n_rows, BLOCK):
        seen = np.matmul(rows_VD[block], columns_DC, out=seen_VC[block])
        seen *= _divided(np.ones((len(seen), 1), np.float32), norms_V[block, None])
        spread_SS += seen[:, :-1].T @ seen[:, :-1]
    offset_S = axes_SD @ mean_D
    variances_S, turns_SS = np.linalg.eigh(spread_SS - n_rows * np.outer(offset_S, offset_S))
    three = slice(None, -4, -1)  # the largest come last
    turns_S3 = turns_SS[:, three]
    axes_D3 = axes_SD.T @ turns_S3
    largest = np.take_along_axis(axes_D3, np.abs(axes_D3).argmax(axis=0)[None], axis=0)[0]
    turns_S3 = turns_S3 * np.where(largest < 0, -1, 1)
    total = np.count_nonzero(norms_V) - n_rows * length**2
    return Axes(
        points_V3=seen_VC[:, :-1] @ turns_S3.astype(np.float32) - (offset_S @ turns_S3).astype(np.float32),
        explained_3=(np.maximum(variances_S[three], 0) / max(total, 1e-30)).astype(np.float32),
        mean_D=mean_D.astype(np.float32),
        cosines_V=seen_VC[:, -1],
    )
