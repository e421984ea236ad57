"""The residual stream through every layer, as the cross-section shows it: bands, and seams between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace

ROWS = 48  # elements of each vector that are drawn
MOST_COLUMNS = 14  # tokens side by side; of more, neighbours share a column

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Band:
    """The stream at one depth.

    Attributes:
        name: the tensor's name, with its index where it has one.
        layer: the layer that it enters (`resid_pre`), is in (`resid_mid`), or n_layer at the end.
        values_RC: |value| by the spread of its vector, (elements drawn, columns).
        length: of the last token's vector.
        spread: of the last token's vector; see `spread_of`.
    """

    name: str
    layer: int
    values_RC: Floats
    length: float
    spread: float


@dataclass(frozen=True)
class Seam:
    """What one attention or one MLP adds to the stream.

    Attributes:
        name: the tensor's name and index.
        layer: the layer that it belongs to.
        mlp: whether the MLP wrote it, else attention.
        values_RC: |value| by the spread of the vector after it, (elements drawn, columns).
        share_C: median |value| by the median |value| of the stream after it, a number a column.
    """

    name: str
    layer: int
    mlp: bool
    values_RC: Floats
    share_C: Floats


@dataclass(frozen=True)
class ResidualStack:
    """All depths of one run.

    Attributes:
        pieces: bands and seams, in order.
        elements: which elements of each vector are drawn, evenly spaced.
        columns: the tokens that share each column, (first, one past the last); the last token has its own.
        cosines: between the last token's vectors of neighbouring bands.
    """

    pieces: list[Band | Seam]
    elements: npt.NDArray[np.int64]
    columns: list[tuple[int, int]]
    cosines: list[float]
    n_layer: int

    @property
    def bands(self) -> list[Band]:
        """The stream at every depth, in order."""
        return [piece for piece in self.pieces if isinstance(piece, Band)]

    @property
    def seams(self) -> list[Seam]:
        """What was added, in order."""
        return [piece for piece in self.pieces if isinstance(piece, Seam)]


def spread_of(vectors_TD: npt.ArrayLike) -> Floats:
    """Each vector's spread, (T, 1): median |x| / 0.6745, which outliers do not move (Hampel 1974)."""
    middle = np.median(np.abs(np.asarray(vectors_TD, dtype=np.float32)), axis=-1, keepdims=True)
    return np.asarray(middle / 0.6745 + 1e-9, dtype=np.float32)


def token_columns(count: int, most: int = MOST_COLUMNS) -> list[tuple[int, int]]:
    """`count` tokens in at most `most` columns, as even as can be; the last token has a column of its own."""
    starts = np.arange(min(count, most)) if count <= most else np.arange(most - 1) * (count - 1) // (most - 1)
    edges = [*(int(start) for start in starts), *([count - 1] if count > most else []), count]
    return list(pairwise(edges))


def read_stack(trace: Trace, rows: int = ROWS) -> ResidualStack:
    """Every depth of a trace: `resid_pre_LTD`, `attn_out_LTD`, `resid_mid_LTD`, `mlp_out_LTD`, …,
    `resid_final_TD`.

    Where attention and MLP read the same stream there is no `resid_mid_LTD`: their seams stand side by side.
    """  # noqa: D205
    facts = trace.facts
    columns = token_columns(trace.n_tokens)
    elements = np.unique(np.linspace(0, facts.d_model - 1, rows).round().astype(np.int64))
    starts = [start for start, _ in columns]
    pieces: list[Band | Seam] = []
    cosines: list[float] = []
    last: Floats | None = None
    waiting: list[tuple[str, int, bool, Floats]] = []  # seams, until the vector after them is known
    for name, layer, kind, values_TD in _steps(trace):
        if kind != "stream":
            waiting.append((name, layer, kind == "mlp", values_TD))
            continue
        spread_T1 = spread_of(values_TD)
        middle_T = np.median(np.abs(values_TD), axis=-1) + 1e-9
        for seam_name, seam_layer, mlp, added_TD in waiting:
            scaled_TR = np.abs(added_TD[:, elements]) / spread_T1
            share_T = np.median(np.abs(added_TD), axis=-1) / middle_T
            pieces.append(
                Seam(
                    seam_name,
                    seam_layer,
                    mlp,
                    np.maximum.reduceat(scaled_TR, starts, axis=0).T,
                    np.asarray(np.maximum.reduceat(share_T, starts), dtype=np.float32),
                )
            )
        waiting = []
        scaled_TR = np.abs(values_TD[:, elements]) / spread_T1
        vector = values_TD[-1].astype(np.float64)
        if last is not None:
            cosines.append(cosine(last, vector))
        last = vector
        pieces.append(
            Band(
                name,
                layer,
                np.maximum.reduceat(scaled_TR, starts, axis=0).T,
                float(np.linalg.norm(vector)),
                float(spread_T1[-1, 0]),
            )
        )
    return ResidualStack(pieces, elements, columns, cosines, facts.n_layer)


def cosine(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Of the angle between two vectors; 0 where one of them is 0."""
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b / lengths) if lengths else 0.0


def _steps(trace: Trace) -> Iterator[tuple[str, int, str, Floats]]:
    """(name, layer, kind, values_TD) from the embedding to the last vector."""
    facts = trace.facts
    for layer in range(facts.n_layer):
        yield f"resid_pre_LTD[{layer}]", layer, "stream", np.asarray(trace.resid_pre_LTD[layer])
        yield f"attn_out_LTD[{layer}]", layer, "attention", np.asarray(trace.attn_out_LTD[layer])
        if trace.has("resid_mid_LTD"):
            yield f"resid_mid_LTD[{layer}]", layer, "stream", np.asarray(trace.resid_mid_LTD[layer])
        yield f"mlp_out_LTD[{layer}]", layer, "mlp", np.asarray(trace.mlp_out_LTD[layer])
    yield "resid_final_TD", facts.n_layer, "stream", np.asarray(trace.resid_final_TD)
