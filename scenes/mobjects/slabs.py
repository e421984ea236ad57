"""The residual stream as thin slabs in perspective, one a depth, with every shown token's vector on each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from manim import Animation, Group, Polygon, UpdateFromAlphaFunc, VMobject, smooth

from scenes.mobjects import palette
from scenes.mobjects.raster import Raster, blocks, pixels_per_unit

Point = npt.NDArray[np.float64]

PANE = 0.05  # opacity of a slab between its vectors, where it stands in front
FAR = 26.0  # distance of the eye in frame units: the larger, the flatter the perspective


@dataclass(frozen=True)
class View:
    """Where the eye stands: angles in degrees, `centre` is where the deck's middle lands on the frame.

    `front` is the depth (a slab's number) that stands in the frame's plane; slabs more than `reach` behind it
    have faded away, and so have slabs more than `ahead` before it.
    """

    yaw: float = -7.0
    pitch: float = 7.0
    zoom: float = 1.0
    centre: tuple[float, float] = (0.0, 0.0)
    front: float = 0.0
    spacing: float = 0.42
    reach: float = 9.0
    ahead: float = 1.0

    def project(self, x: float, y: float, z: float) -> Point:
        """A point of the deck (z runs away from the viewer) on the frame."""
        yaw, pitch = np.radians(self.yaw), np.radians(self.pitch)
        across, away = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
        up, away = y * np.cos(pitch) + away * np.sin(pitch), away * np.cos(pitch) - y * np.sin(pitch)
        nearness = self.zoom * FAR / (FAR + away)
        return np.array([self.centre[0] + across * nearness, self.centre[1] + up * nearness, 0.0])

    def towards(self, other: View, amount: float) -> View:
        """The view `amount` (0…1) of the way to `other`."""
        blend = {
            name: (1 - amount) * getattr(self, name) + amount * getattr(other, name)
            for name in ("yaw", "pitch", "zoom", "front", "spacing", "reach", "ahead")
        }
        here, there = np.array(self.centre), np.array(other.centre)
        centre = (1 - amount) * here + amount * there
        return replace(self, **blend, centre=(float(centre[0]), float(centre[1])))


class Slab(Group):
    """One depth of the residual stream: a pane with a strip of blocks for each shown token.

    Args:
        values_RT: the elements shown, (rows, shown tokens).
        places: each token's x, in frame units from the deck's middle.
        ramps: (shown tokens, 256, 3), each token's colours.
        width: of the pane.
        height: of the pane.
        edge: colour of the pane's outline; it tells what wrote the slab.
        strip: width of a token's strip.

    Attributes:
        values: what is shown now.
        value_scale: the |value| drawn brightest, the 99th percentile of this slab's values.
    """

    def __init__(
        self,
        values_RT: npt.ArrayLike,
        places: list[float],
        ramps: palette.Lut,
        width: float,
        height: float,
        edge: str,
        strip: float,
    ) -> None:
        self.places, self.ramps, self.size, self.strip_width = places, ramps, (width, height), strip
        self.values = np.zeros((1, 1), dtype=np.float32)
        self.value_scale = 1.0
        self.lit = np.ones(len(places))
        self.seen = 1.0
        self.outline = Polygon(
            *np.zeros((4, 3)), stroke_color=edge, stroke_width=1.6, fill_color=edge, fill_opacity=PANE
        )
        empty = np.zeros((1, 1, 4), dtype=np.uint8)
        self.strips = [Raster(empty, strip, height, smooth=True) for _ in places]
        super().__init__(self.outline, *self.strips)
        self.show(values_RT)

    def show(
        self,
        values_RT: npt.ArrayLike,
        value_scale: float | None = None,
        alpha_R: npt.NDArray[np.float64] | None = None,
    ) -> Slab:
        """Show these values; without a scale, on their own; without opacities of the rows, in full."""
        self.values = np.array(values_RT, dtype=np.float32)
        self.value_scale = palette.robust_scale(self.values) if value_scale is None else value_scale
        level = palette.levels(self.values, self.value_scale)
        # One pixel wide, for a strip is one colour from side to side; a hair line between elements, so that
        # they read as numbers and not as a gradient.
        fine = max(1, round(self.size[1] * pixels_per_unit() / len(self.values)))
        for token, strip in enumerate(self.strips):
            colours = self.ramps[token, level[:, token]][:, None]
            strip.pixels = blocks(
                colours,
                (fine, 1),
                alpha=None if alpha_R is None else alpha_R[:, None],
                row_gap=int(fine >= 5),
            )
        return self

    def light(self, share_T: npt.ArrayLike) -> Slab:
        """Dim each token's strip to its share, 0…1."""
        self.lit = np.asarray(share_T, dtype=float)
        for lit, strip in zip(self.lit, self.strips, strict=True):
            strip.set_opacity(self.seen * lit)
        return self

    def reveal(self, share: float) -> Slab:
        """Show the lowest `share` of every vector, 0…1, with a soft upper end."""
        height_R = 1 - np.arange(len(self.values)) / len(self.values)
        return self.show(self.values, self.value_scale, np.clip((1.3 * share - height_R) / 0.3, 0, 1))

    def stand(self, view: View, depth: float) -> Slab:
        """Take its place in the frame as `view` sees it."""
        z = (view.front - depth) * view.spacing
        # One scale a slab keeps it a parallelogram: the perspective is between slabs, not within one.
        middle = view.project(0, 0, z)
        yaw, pitch = np.radians(view.yaw), np.radians(view.pitch)
        zoom = view.zoom * FAR / (FAR + z * np.cos(yaw))
        unit_across = zoom * np.array([np.cos(yaw), -np.sin(yaw) * np.sin(pitch), 0.0])
        down = zoom * self.size[1] * np.array([0.0, -np.cos(pitch), 0.0])
        across = self.size[0] * unit_across
        corner = middle - across / 2 - down / 2
        self.outline.set_points_as_corners(
            [corner, corner + across, corner + across + down, corner + down, corner]
        )
        age = view.front - depth
        self.seen = float(np.clip(1 - age / view.reach if age >= 0 else 1 + age / view.ahead, 0, 1))
        for place, strip in zip(self.places, self.strips, strict=True):
            left = middle - down / 2 + (place - self.strip_width / 2) * unit_across
            strip.place(left, self.strip_width * unit_across, down)
        self.light(self.lit)
        # Panes behind panes add up to a fog; only the one in front is glass, the others are frames.
        glass = PANE * float(np.clip(1 - age, 0, 1)) if view.ahead <= 1 else 0.4 * PANE
        self.outline.set_stroke(opacity=0.8 * self.seen).set_fill(opacity=glass * self.seen)
        return self

    def corner(self) -> Point:
        """The pane's lower left corner on the frame."""
        point: Point = self.outline.points[-4].copy()
        return point

    def point(self, token: int, share: float) -> Point:
        """Where on the frame a token's strip is, `share` of the way from its top to its bottom."""
        left, right, below = self.strips[token].points[:3]
        middle: Point = (left + right) / 2 + share * (below - left)
        return middle


class Deck(Group):
    """Slabs one behind the other, the latest in front.

    Attributes:
        slabs: in order of depth.
        view: how they stand now; `stand` changes it.
    """

    def __init__(self, view: View) -> None:
        super().__init__()
        self.slabs: list[Slab] = []
        self.view = view

    def push(self, slab: Slab) -> Deck:
        """Add a slab in front of the others."""
        self.slabs.append(slab)
        self.add(slab)
        return self.stand(self.view)

    def stand(self, view: View) -> Deck:
        """Put every slab where `view` sees it."""
        self.view = view
        for depth, slab in enumerate(self.slabs):
            slab.stand(view, depth)
        return self


def turn(
    deck: Deck, view: View, run_time: float = 2.0, also: Callable[[float], None] | None = None
) -> Animation:
    """Move the eye to `view`; `also` is called with 0…1 each frame after the slabs stand."""
    start = deck.view

    def step(moving: Deck, amount: float) -> None:
        moving.stand(start.towards(view, amount))
        if also is not None:
            also(amount)

    return UpdateFromAlphaFunc(deck, step, run_time=run_time, rate_func=smooth)


class Streams(VMobject):
    """A line a token through the middle of its strip on every slab: the residual stream."""

    def __init__(self, deck: Deck, token: int, colour: str) -> None:
        super().__init__(stroke_color=colour, stroke_width=1.4)
        self.deck, self.token = deck, token
        self.follow()

    def follow(self) -> Streams:
        """Run through the slabs where they stand now."""
        self.set_points_as_corners([slab.point(self.token, 0.5) for slab in self.deck.slabs])
        return self
