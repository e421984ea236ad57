"""Some points of a cloud by name, labels where they cover nothing; threads from one point to others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Dot, Line, VGroup, VMobject

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.lettering import Lettering
from scenes.mobjects.token_row import token_words

SIZE = 0.3  # em of a label, in frame units
DOT = 0.065
RIM = 7  # stroke width
APART = 0.07  # frame units around a label in which no other one is, nor another's dot
# where a label may stand: how far to the right and up its middle is from the dot, in halves of its size
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
RINGS = (0.14, 0.6, 1.1)  # frame units from the dot to the label; from the second on a line leads to it

Rectangle = tuple[float, float, float, float]  # left, bottom, right, top


class NamedPoints(VGroup):
    """Dots with labels, where an eye sees points of a world.

    `choose` finds a place for each label in which it covers neither another one nor a dot, for all the eyes
    that it is given: those at the ends of a turn. The first names choose first; one that finds no room is
    left out, its dot stays.

    Args:
        pieces: the bytes of each name.
        points_N3: where they are in the world.
        colours: of each.
        within: the part of the frame that names are shown in.
        size: em of the labels.

    Attributes:
        dots, labels, leads: one a name.
        offsets: name → how far the label's middle is from its dot, for the names that are shown.
        shown: how far each has appeared, 0…1; set it, then `see`.
    """

    def __init__(
        self,
        pieces: Sequence[bytes],
        points_N3: npt.ArrayLike,
        colours: Sequence[str],
        within: Box,
        size: float = SIZE,
    ) -> None:
        self.world = np.asarray(points_N3, dtype=float).reshape(-1, 3)
        self.within = within
        self.dots = [Dot(radius=DOT, color=colour) for colour in colours]
        self.labels: list[Lettering] = [
            token_words(piece.strip(b" ") or piece, size, colour)
            for piece, colour in zip(pieces, colours, strict=True)
        ]
        for label in self.labels:  # a rim in the ground's colour: they stand before the cloud
            label.set_stroke(palette.GROUND, RIM, background=True)
        self.leads = [Line(stroke_width=1.5, color=colour) for colour in colours]
        self._outlines = [label.points - label.get_center() for label in self.labels]
        self._halves = [(label.width / 2, label.height / 2) for label in self.labels]
        self.offsets: dict[int, Points] = {}
        self.shown = np.ones(len(pieces))
        super().__init__(*self.leads, *self.dots, *self.labels)

    def choose(self, *eyes: Eye, avoid: Sequence[Rectangle] = ()) -> Self:
        """Give each name its place, clear of `avoid`, for all these eyes."""
        seen = [eye.project(self.world) for eye in eyes]
        taken: list[list[Rectangle]] = [list(avoid) for _ in eyes]
        self.offsets = {}
        for name in range(len(self.labels)):
            for offset in self._places(name):
                boxes = [self._box(name, feet[name] + offset) for feet in seen]
                if all(
                    self._free(box, name, feet, others)
                    for box, feet, others in zip(boxes, seen, taken, strict=True)
                ):
                    self.offsets[name] = offset
                    for box, others in zip(boxes, taken, strict=True):
                        others.append(box)
                    break
        return self

    def see(self, eye: Eye) -> Self:
        """Stand where this eye sees the points."""
        for name, foot in enumerate(eye.project(self.world)):
            there = float(self.shown[name]) * self._inside(foot[0], foot[1], foot[0], foot[1])
            dot, label, lead = self.dots[name], self.labels[name], self.leads[name]
            dot.move_to(foot).set_opacity(there)
            offset = self.offsets.get(name)
            box = self._box(name, foot + offset) if offset is not None else None
            if box is None or not there or not self._inside(*box):
                label.points = lead.points = np.zeros((0, 3))
                continue
            label.points = self._outlines[name] + foot + offset
            label.set_opacity(there)
            near = np.clip(foot, [box[0], box[1], 0], [box[2], box[3], 0])
            far = float(np.linalg.norm(near - foot)) > 0.5 * RINGS[1]
            lead.set_points_as_corners([foot, near if far else foot]).set_stroke(opacity=0.6 * there * far)
        return self

    def _places(self, name: int) -> list[Points]:
        half_wide, half_high = self._halves[name]
        return [
            np.array([across * (half_wide + ring), up * (half_high + ring * (1 - 0.5 * abs(across))), 0.0])
            for ring in RINGS
            for across, up in SIDES
        ]

    def _box(self, name: int, middle: Points) -> Rectangle:
        half_wide, half_high = self._halves[name]
        x, y = float(middle[0]), float(middle[1])
        return x - half_wide, y - half_high, x + half_wide, y + half_high

    def _inside(self, left: float, bottom: float, right: float, top: float) -> bool:
        room = self.within
        return bool(left >= room.left and right <= room.right and bottom >= room.bottom and top <= room.top)

    def _free(self, box: Rectangle, name: int, feet: Points, others: Sequence[Rectangle]) -> bool:
        left, bottom, right, top = box
        if not self._inside(*box):
            return False
        for other in others:
            if left < other[2] + APART and other[0] < right + APART and bottom < other[3] and other[1] < top:
                return False
        x, y = np.delete(feet, name, axis=0)[:, :2].T
        gap = DOT + 0.02
        return not ((x > left - gap) & (x < right + gap) & (y > bottom - gap) & (y < top + gap)).any()


class Threads(VGroup):
    """Straight threads from one point of a world to others, each as strong as its share.

    Args:
        start: where they come from, (3,).
        points_N3: where they lead to.
        shares: of each, 0…1: its width and brightness.
        colour: of all.

    Attributes:
        grown: how far they have come, 0…1; set it, then `see`.
    """

    def __init__(
        self,
        start: npt.ArrayLike,
        points_N3: npt.ArrayLike,
        shares: npt.ArrayLike,
        colour: str = palette.QUERY,
    ) -> None:
        self.ends = np.asarray(points_N3, dtype=float).reshape(-1, 3)
        self.start = np.asarray(start, dtype=float)
        self.grown = 1.0
        strengths = np.clip(np.asarray(shares, dtype=float), 0, 1)
        super().__init__(
            *(
                VMobject(stroke_color=colour, stroke_width=1 + 3 * share, stroke_opacity=0.3 + 0.6 * share)
                for share in strengths
            )
        )

    def see(self, eye: Eye) -> Self:
        """Lie where this eye sees them."""
        start = eye.project(self.start)
        for thread, end in zip(self, eye.project(self.ends), strict=True):
            tip = start + (end - start) * self.grown
            thread.set_points_as_corners([start, tip if self.grown else start + 1e-6])
        return self
