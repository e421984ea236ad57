"""How one token's vectors in two texts part with depth: cosine, angle, and which half of a layer did it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parting:
    """The last token of the prompt and that of the text beside it, at every depth.

    Attributes:
        pieces: the tokens of the text beside it.
        origins: place in it → place in the prompt, of each token that came from there.
        own_MD, beside_MD: both last tokens' residual stream, (L + 1, D).
        cosines_M: between the two, at each depth.
        halves_L2: by how much attention and MLP changed that cosine in each layer; None where both read the
            same stream, so that there is no depth between them.
    """

    pieces: list[bytes]
    origins: dict[int, int]
    own_MD: Floats
    beside_MD: Floats
    cosines_M: Floats
    halves_L2: Floats | None

    def angles(self) -> Floats:
        """The angle between the two at each depth, in degrees, (L + 1)."""
        return np.asarray(np.degrees(np.arccos(np.clip(self.cosines_M, -1, 1))))

    @property
    def steepest(self) -> int:
        """The layer in which the cosine falls most (rises least, if it never falls)."""
        return int(np.diff(self.cosines_M).argmin())

    @property
    def start_gap(self) -> float:
        """The largest difference between the two vectors' numbers before the first layer."""
        return float(np.abs(self.own_MD[0] - self.beside_MD[0]).max())


def parting(trace: Trace) -> Parting:
    """Read it from `resid_pre_LTD`, `resid_final_TD`, `resid_mid_LTD`, `beside_resid_MD`, `beside_mid_LD`."""
    own_MD = np.concatenate(
        [np.asarray(trace.resid_pre_LTD)[:, -1], np.asarray(trace.resid_final_TD)[-1:]]
    ).astype(np.float64)
    beside_MD = np.asarray(trace.beside_resid_MD, dtype=np.float64)
    cosines_M = _cosines(own_MD, beside_MD)
    halves_L2 = None
    if trace.has("resid_mid_LTD") and trace.has("beside_mid_LD"):
        mid_L = _cosines(np.asarray(trace.resid_mid_LTD)[:, -1], np.asarray(trace.beside_mid_LD))
        halves_L2 = np.stack([mid_L - cosines_M[:-1], cosines_M[1:] - mid_L], axis=-1)
    together, offsets = bytes(np.asarray(trace.beside_bytes_B)), np.asarray(trace.beside_offsets_T1).tolist()
    pieces = [together[start:end] for start, end in pairwise(offsets)]
    return Parting(pieces, _origins(trace), own_MD, beside_MD, cosines_M, halves_L2)


def _origins(trace: Trace) -> dict[int, int]:
    total, places = trace.n_tokens, range(len(trace.beside_offsets_T1) - 1)
    if trace.facts.beside_how == "given":
        return {}
    if trace.facts.beside_how == "twice":
        return {place: place % total for place in places}
    return {place: total - 2 - place if place < total - 1 else place for place in places}


def _cosines(one_MD: npt.ArrayLike, other_MD: npt.ArrayLike) -> Floats:
    """Row by row; equal rows have exactly 1, whatever the products round to."""
    one, other = np.asarray(one_MD, dtype=np.float64), np.asarray(other_MD, dtype=np.float64)
    lengths = np.linalg.norm(one, axis=-1) * np.linalg.norm(other, axis=-1)
    cosines = (one * other).sum(axis=-1) / np.where(lengths > 0, lengths, 1)
    return np.asarray(np.where((one == other).all(axis=-1), 1.0, cosines))
