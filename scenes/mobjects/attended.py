"""What one token attends to, on the end face of the block: arcs over the columns, tokens below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Animation, Group, UpdateFromAlphaFunc, VGroup, VMobject

from scenes.mobjects import palette
from scenes.mobjects.block import Block
from scenes.mobjects.comet import Comet
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.residual_stack import MOST_COLUMNS
from scenes.mobjects.standing_words import StandingWords

LEAST = 0.1  # weights of less have no arc
AT_LEAST = 3  # arcs, where fewer weigh as much
RISE = 1.1  # world units of an arc from one end of the face to the other
THICKEST = 16.0  # stroke width of a weight of 1
STEPS = 24  # points of an arc


def most_attended(weights_S: npt.ArrayLike, most: int = MOST_COLUMNS) -> list[int]:
    """The last token and those that it gives most weight to, `most` in all, in order."""
    weights = np.asarray(weights_S)
    largest = np.argsort(-weights[:-1], kind="stable")[: most - 1]
    return [*sorted(int(token) for token in largest), len(weights) - 1]


def busiest_head(pattern_HTS: npt.NDArray[np.float32]) -> int:
    """The head that gives the least weight to the first token and to the query's own token."""
    own = np.trace(pattern_HTS, axis1=1, axis2=2, dtype=np.float64)
    first = pattern_HTS[:, 1:, 0].sum(axis=1, dtype=np.float64)
    return int(np.argmin(own + first))


class Attended(Group):
    """Arcs from the keys to the last token, over the end face; width and comets follow the weights.

    Args:
        block: on whose end face they stand, and which has a column for each of `most_attended`.
        weights_S: the last token's weights.
        tokens: the bytes of each.

    Attributes:
        keys: the tokens that have an arc: each of at least LEAST, and the AT_LEAST largest; in order.
        arcs: one a key. The last token's weight on itself has none.
    """

    def __init__(self, block: Block, weights_S: npt.ArrayLike, tokens: Sequence[bytes]) -> None:
        self.block = block
        self.weights = np.asarray(weights_S, dtype=np.float64)
        others = self.weights[:-1]
        largest = np.argsort(-others, kind="stable")[: max(AT_LEAST, int((others >= LEAST).sum()))]
        self.keys = sorted(int(key) for key in largest)
        self.arcs = VGroup(
            *(
                VMobject(stroke_color=palette.QUERY, stroke_width=1 + THICKEST * self.weights[key])
                for key in self.keys
            )
        )
        self.comets = [Comet([self.weights[key]], palette.QUERY, 1.1) for key in self.keys]
        shown = block.stack.tokens
        names = [tokens[token] for token in shown]
        self.names = StandingWords(names, self.weights[shown], self._feet, hanging=True)
        self.grown = 1.0
        super().__init__(self.names, self.arcs, *self.comets)

    def drawn(self, eye: Eye, run_time: float) -> Animation:
        """The arcs grow from their keys, and the names come up."""

        def draw(moving: Attended, amount: float) -> None:
            moving.grown = amount
            moving.names.risen[:] = min(1.0, 2 * amount)
            moving.see(eye)

        return UpdateFromAlphaFunc(self, draw, run_time=run_time)

    def flown(self, eye: Eye, run_time: float) -> Animation:
        """A comet runs along each arc, as bright as its weight."""
        return UpdateFromAlphaFunc(self, lambda moving, amount: moving.run(eye, amount), run_time=run_time)

    def see(self, eye: Eye) -> Self:
        """Stand where this eye sees the end face; `grown` (0…1) of each arc is there."""
        self.names.see(eye)
        for key, arc in zip(self.keys, self.arcs, strict=True):
            path = self.path(key, eye)
            arc.set_points_as_corners(path[: max(2, round(self.grown * STEPS) + 1)])
            arc.set_stroke(opacity=min(1.0, 4 * self.grown) * 0.9)
        return self

    def run(self, eye: Eye, share: float) -> Self:
        """The comets stand `share` (0…1) of their way from the keys to the last token, and go out there."""
        for key, comet in zip(self.keys, self.comets, strict=True):
            comet.show(self.path(key, eye), share)
            comet.set_opacity(min(1.0, 8 * (1 - share)) * comet.light)
        return self

    def path(self, key: int, eye: Eye) -> Points:
        """The arc of a key, on the frame, (STEPS + 1, 3)."""
        tokens = self.block.stack.tokens
        start, end = self.block.column(tokens.index(key)), self.block.column(len(tokens) - 1)
        along = np.linspace(0, 1, STEPS + 1)[:, None]
        rise = RISE * (0.25 + 0.75 * abs(end[2] - start[2]) / self.block.deep)
        points = start + (end - start) * along + np.array([0, rise, 0]) * 4 * along * (1 - along)
        return eye.project(points)

    def _feet(self) -> Points:
        return np.array([self.block.column(column, 0.0) for column in range(len(self.block.stack.tokens))])
