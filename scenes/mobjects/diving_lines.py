"""Ranks by depth, a line a position, one behind the other: how each winner dives to the first place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Dot, VGroup, VMobject

from scenes.declared import scale_mark
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import count

MOST = 48  # lines; of more positions the last ones
DEEP = 0.75  # how far back the first of them stands, over the height
TICK = 0.24  # em
FAINTEST = 0.3  # of the line that is farthest back
AWAY = 0.16  # frame units from an edge to its numbers


class DivingLines(VGroup):
    """Logarithm of the rank, from the vocabulary's size at the top to 1 at the floor.

    Args:
        rank_MW: ranks from 1; the last position stands in front.
        total: the size of the vocabulary.
        names: what stands at the first depth and at the last.
        box: what it takes.
        eye: from where it is seen; zoomed and placed so that it fits the box.

    Attributes:
        lines: a position each, the last one in front.
        dived: how far along the depths the lines are drawn, 0…1.
        dot: the front line's end.
        eye: see `see`.
    """

    def __init__(
        self, rank_MW: npt.ArrayLike, total: int, names: tuple[str, str], box: Box, eye: Eye
    ) -> None:
        self.ranks = np.asarray(rank_MW)[:, -MOST:]
        self.total = total
        positions = self.ranks.shape[1]
        self.wide, self.high = 1.75 * min(1.0, box.width / box.height), 1.0
        self.deep = DEEP * (positions - 1) / max(positions - 1, 6)
        self.lines = VGroup()
        for position in range(positions):
            near = (position + 1) / positions
            front = position == positions - 1
            hue = palette.token_colour(position)
            line = VMobject(stroke_color=palette.QUERY if front else hue, stroke_width=6 if front else 2.2)
            self.lines.add(line.set_stroke(opacity=1.0 if front else FAINTEST + 0.5 * near))
        self.dot = Dot(radius=0.1, color=palette.QUERY)
        self.frame = VGroup(*(VMobject(stroke_color=palette.FAINT, stroke_width=1.6) for _ in range(3)))
        powers = [10**power for power in range(9) if 10**power <= total]
        last = [*powers, total] if total > 3 * powers[-1] else [*powers[:-1], total]
        self.ticks: dict[int, Lettering] = {
            rank: text(count(scale_mark(rank, "ranks")), TICK, palette.CAPTION) for rank in last
        }
        self.ends = VGroup(*(text(name, TICK, palette.CAPTION) for name in names))
        super().__init__(self.frame, self.lines, self.dot, *self.ticks.values(), self.ends)
        side = max(label.width for label in self.ticks.values()) + AWAY + 0.1
        room = Box(box.left + side, box.right - 0.2, box.bottom + 0.5, box.top - 0.15)
        corners = [(x, y, z) for x in (0, self.wide) for y in (0, self.high) for z in (0, self.deep)]
        target = (self.wide / 2, self.high / 2, self.deep / 2)
        self.eye = replace(eye, distance=4.5, target=target).fitted(np.array(corners), room)
        self.dived = 1.0
        self.see(self.eye)

    def world(self, depth: npt.ArrayLike, rank: npt.ArrayLike, position: int) -> Points:
        """Where ranks at depths are in the world, (n, 3)."""
        depths, positions = self.ranks.shape
        x = np.asarray(depth, dtype=float) / max(1, depths - 1) * self.wide
        y = np.log(np.asarray(rank, dtype=float)) / np.log(self.total) * self.high
        z = self.deep * (positions - 1 - position) / max(1, positions - 1)
        return np.stack([*np.broadcast_arrays(x, y), np.full(np.shape(x), z)], axis=-1)

    def dive(self, amount: float) -> Self:
        """Draw the lines up to a share of the depths, 0…1."""
        self.dived = amount
        return self.see(self.eye)

    def swung(self, degrees: float) -> Eye:
        """The eye, gone round by so many degrees."""
        return replace(self.eye, yaw=self.eye.yaw + degrees)

    def see(self, eye: Eye) -> Self:
        """Draw what this eye sees."""
        self.eye = eye
        depths, positions = self.ranks.shape
        end = self.dived * (depths - 1)
        whole = int(end)
        for position, line in enumerate(self.lines):
            logs = np.log(self.ranks[:, position].astype(float))
            at = np.append(np.arange(whole + 1), end)
            ranks = np.exp(np.interp(at, np.arange(depths), logs))
            line.set_points_as_corners(eye.project(self.world(at, ranks, position)))
        self.dot.move_to(self.lines[-1].get_end())
        w, h, d = self.wide, self.high, self.deep
        axes = [[0, h, 0], [0, 0, 0], [w, 0, 0]]
        floor = [[0, 0, 0], [0, 0, d], [w, 0, d], [w, 0, 0]]
        back = [[0, 0, d], [0, h, d], [0, h, 0]]
        for edge, points in zip(self.frame, (axes, floor, back), strict=True):
            edge.set_points_as_corners(eye.project(np.array(points, dtype=float)))
        for rank, label in self.ticks.items():
            place = eye.project(self.world(0, rank, positions - 1))
            label.move_to(place.reshape(3) - np.array([AWAY + label.width / 2, 0, 0]))
        for label, x in zip(self.ends, (0.0, w), strict=True):
            foot = eye.project(np.array([x, 0.0, 0.0]))
            label.move_to(foot - np.array([0, AWAY + 0.1, 0]))
        return self

    def place_of(self, depth: int, position: int = -1) -> Points:
        """Where on the frame a position's line is at a depth, (3,)."""
        positions = self.ranks.shape[1]
        rank = self.ranks[depth, position]
        return self.eye.project(self.world(depth, rank, position % positions)).reshape(3)


def steepest(rank_M: npt.ArrayLike, most: int) -> list[int | None]:
    """At most so many depths: the first, the last and those after the largest falls; None marks a gap."""
    logs = np.log(np.asarray(rank_M, dtype=float))
    depths = len(logs)
    if depths <= most:
        return list(range(depths))
    order = np.argsort(-np.abs(np.diff(logs)), kind="stable") + 1
    chosen: Sequence[int] = sorted({0, depths - 1})
    for depth in order.tolist():
        trial = sorted({*chosen, depth})
        gaps = sum(after > before + 1 for before, after in pairwise(trial))
        if len(trial) + gaps > most:
            break
        chosen = trial
    rows: list[int | None] = [chosen[0]]
    for before, after in pairwise(chosen):
        rows += [after] if after == before + 1 else [None, after]
    return rows
