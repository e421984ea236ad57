"""The residual stream through every layer, as the cross-section shows it: bands, and seams between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace

ROWS = 48  # elements of each vector that are drawn
MOST_COLUMNS = 14  # tokens side by side; of more, some stand for their neighbours

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
        tokens: the ones that have a column, in order; the last token is always among them.
        cosines: between the last token's vectors of neighbouring bands.
    """

    pieces: list[Band | Seam]
    elements: npt.NDArray[np.int64]
    tokens: list[int]
    cosines: list[float]
    n_layer: int

    @property
    def columns(self) -> list[tuple[int, int]]:
        """Each column's token with those before it that have none, (first, one past the last)."""
        ends = [token + 1 for token in self.tokens]
        return list(zip([0, *ends[:-1]], ends, strict=True))

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


def spaced_tokens(count: int, most: int = MOST_COLUMNS) -> list[int]:
    """At most `most` of `count` tokens, evenly spaced, the first and the last among them."""
    if most >= count:
        return list(range(count))
    return [int(token) for token in np.linspace(0, count - 1, most).round()]


def read_stack(trace: Trace, tokens: list[int] | None = None, rows: int = ROWS) -> ResidualStack:
    """Every depth of a trace: `resid_pre_LTD`, `attn_out_LTD`, `resid_mid_LTD`, `mlp_out_LTD`, …,
    `resid_final_TD`, of some tokens in order, the last one among them; by default evenly spaced.

    Where attention and MLP read the same stream there is no `resid_mid_LTD`: their seams stand side by side.
    """  # noqa: D205
    facts = trace.facts
    tokens = tokens or spaced_tokens(trace.n_tokens)
    elements = np.unique(np.linspace(0, facts.d_model - 1, rows).round().astype(np.int64))
    pieces: list[Band | Seam] = []
    cosines: list[float] = []
    last: Floats | None = None
    waiting: list[tuple[str, int, bool, Floats]] = []  # seams, until the vector after them is known
    for name, layer, kind, values_TD in _steps(trace, tokens):
        if kind != "stream":
            waiting.append((name, layer, kind == "mlp", values_TD))
            continue
        spread_T1 = spread_of(values_TD)
        middle_T = np.median(np.abs(values_TD), axis=-1) + 1e-9
        for seam_name, seam_layer, mlp, added_TD in waiting:
            scaled_RT = np.asarray(np.abs(added_TD[:, elements]) / spread_T1, dtype=np.float32).T
            share_T = np.median(np.abs(added_TD), axis=-1) / middle_T
            pieces.append(
                Seam(
                    seam_name,
                    seam_layer,
                    mlp,
                    scaled_RT,
                    np.asarray(share_T, dtype=np.float32),
                )
            )
        waiting = []
        scaled_RT = np.asarray(np.abs(values_TD[:, elements]) / spread_T1, dtype=np.float32).T
        vector = values_TD[-1].astype(np.float64)
        if last is not None:
            cosines.append(cosine(last, vector))
        last = vector
        pieces.append(
            Band(
                name,
                layer,
                scaled_RT,
                float(np.linalg.norm(vector)),
                float(spread_T1[-1, 0]),
            )
        )
    return ResidualStack(pieces, elements, tokens, cosines, facts.n_layer)


def last_between(trace: Trace, start: int, end: int) -> tuple[float, tuple[float, float]]:
    """The last token's vector as it enters layer `start` and as it enters layer `end`: cosine, both lengths.

    After the last layer that is `resid_final_TD`.
    """
    after_TD = trace.resid_pre_LTD[end] if end < trace.facts.n_layer else trace.resid_final_TD
    vectors = [np.asarray(each)[-1].astype(float) for each in (trace.resid_pre_LTD[start], after_TD)]
    before, after = (float(np.linalg.norm(vector)) for vector in vectors)
    return cosine(*vectors), (before, after)


def cosine(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Of the angle between two vectors; 0 where one of them is 0."""
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b / lengths) if lengths else 0.0


def _steps(trace: Trace, tokens: list[int]) -> Iterator[tuple[str, int, str, Floats]]:
    """(name, layer, kind, values_TD) from the embedding to the last vector, of some tokens."""
    facts = trace.facts
    for layer in range(facts.n_layer):
        yield f"resid_pre_LTD[{layer}]", layer, "stream", np.asarray(trace.resid_pre_LTD[layer])[tokens]
        yield f"attn_out_LTD[{layer}]", layer, "attention", np.asarray(trace.attn_out_LTD[layer])[tokens]
        if trace.has("resid_mid_LTD"):
            yield f"resid_mid_LTD[{layer}]", layer, "stream", np.asarray(trace.resid_mid_LTD[layer])[tokens]
        yield f"mlp_out_LTD[{layer}]", layer, "mlp", np.asarray(trace.mlp_out_LTD[layer])[tokens]
    yield "resid_final_TD", facts.n_layer, "stream", np.asarray(trace.resid_final_TD)[tokens]
