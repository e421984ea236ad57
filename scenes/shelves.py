"""Which columns of W_E are opened for a prompt, and what stands beside them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Shelf:
    """A token's column and its neighbours by number.

    Attributes:
        number: the row of `wte_around_E7D`.
        position: where in the prompt the token stands first, among the positions that are shown.
        token: its id.
        ids, pieces: of all seven, in order.
        columns_7D: their columns of W_E.
        place: which of the seven it is: the middle one, but at the ends of the vocabulary.
    """

    number: int
    position: int
    token: int
    ids: list[int]
    pieces: list[bytes]
    columns_7D: Floats
    place: int

    @property
    def column_D(self) -> Floats:  # noqa: N802 (its axis)
        """The token's own column."""
        return np.asarray(self.columns_7D[self.place])

    def columns(self) -> dict[int, Floats]:
        """Id → its column, of all seven."""
        return dict(zip(self.ids, self.columns_7D, strict=True))

    def cosines(self) -> npt.NDArray[np.float64]:
        """Each of the seven columns' cosine with the token's own."""
        return np.array([cosine(column, self.column_D) for column in self.columns_7D])


def shelves(trace: Trace, positions: Collection[int], most: int) -> list[Shelf]:
    """The first `most` distinct tokens at these positions, by where in the prompt each comes first."""
    ids = np.asarray(trace.token_ids_T).tolist()
    around_E7, columns_E7D = trace.around_ids_E7[:], trace.wte_around_E7D
    found: list[Shelf] = []
    for number, token in enumerate(dict.fromkeys(ids)):
        position = next((t for t in sorted(positions) if ids[t] == token), None)
        if position is not None and number < len(around_E7) and len(found) < most:
            numbers = around_E7[number].tolist()
            pieces = [trace.token_name(each) for each in numbers]
            place = numbers.index(token)
            found.append(Shelf(number, position, token, numbers, pieces, columns_E7D[number], place))
    return found


def twins(trace: Trace, positions: Collection[int]) -> list[int]:
    """Where, among these positions, the first token that is there more than once stands; [] for none."""
    ids = np.asarray(trace.token_ids_T).tolist()
    places = ([t for t in sorted(positions) if ids[t] == ids[first]] for first in sorted(positions))
    return next((found for found in places if len(found) > 1), [])


def cosine(first_D: Floats, second_D: Floats) -> float:
    """Of two vectors; 0 where one of them has no length."""
    first, second = first_D.astype(np.float64), second_D.astype(np.float64)
    lengths = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / lengths if lengths else 0.0
