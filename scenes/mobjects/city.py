"""All neurons of a model as a city at night, seen from above: a district a layer, a tower a neuron."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group, VGroup

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.lettering import text
from scenes.mobjects.point_cloud import PointCloud, turned

STREET = 0.24  # between districts, by their width
TALLEST = 0.42  # of the city's width, the highest tower; a district is 1 wide
FLOORS = 45_000  # lights of all towers together, about
FLOOR = 0.02  # world units from one floor to the next, at least
GROUND, UNLIT = 0.14, 90  # light and shade of a neuron that is not lit
BRIGHT = {"dark": 2.6, "light": 6.0}  # light of a city, by that of a cloud of as many points
FINER = 5  # times as many floors has the chosen tower
DIMMED = 0.3
NAME = 0.22  # em of a district's name
RIM = 8
AVENUE = 0.62  # from a district's middle to its name, towards the viewer


@dataclass(frozen=True)
class Plan:
    """Where districts and towers stand.

    Attributes:
        across, deep: districts side by side, and one behind the other.
        feet_LF3: the foot of every tower; layer 0 is the nearest on the left.
        middles_L3: of each district.
    """

    across: int
    deep: int
    feet_LF3: Points
    middles_L3: Points

    @classmethod
    def of(cls, layers: int, neurons: int, aspect: float) -> Plan:
        """For a place that is `aspect` times as wide as deep."""
        across = int(np.clip(round((layers * aspect) ** 0.5), 1, layers))
        deep = -(-layers // across)
        across = -(-layers // deep)
        wide = int(np.ceil(neurons**0.5))
        layer, neuron = np.arange(layers), np.arange(neurons)
        middles = np.stack(
            [
                (layer % across - (across - 1) / 2) * (1 + STREET),
                np.zeros(layers),
                (layer // across - (deep - 1) / 2) * (1 + STREET),
            ],
            axis=-1,
        )
        own = np.stack(
            [
                (neuron % wide + 0.5) / wide - 0.5,
                np.zeros(neurons),
                (neuron // wide + 0.5) / -(-neurons // wide) - 0.5,
            ],
            axis=-1,
        )
        return cls(across, deep, middles[:, None] + own, middles)

    def corners(self, high: float = 0.0) -> Points:
        """The city's outline on the ground, and as high above it, (8, 3)."""
        x, z = (n * (1 + STREET) / 2 for n in (self.across, self.deep))
        return np.array([[a, b, c] for a in (-x, x) for b in (0, high) for c in (-z - 0.15, z)])


class City(Group):
    """Towers as high as |m|, to scale, and as light; lit are those beyond a threshold.

    A light is green to white where m is above zero and red where it is below (gated MLPs); what is not lit
    is a faint light on the ground.

    Args:
        post_WLF: activations of every neuron at some positions; one of them is shown.
        lit_WLF: which are lit.
        name: of a district, given its layer and the share of it that is lit.
        box: the part of the frame that it takes.
        yaws: between which it turns.

    Attributes:
        cloud: its lights.
        at: the position that is shown.
        risen: how far its towers are up, 0…1.
        chosen: the layer and neuron that stays light while all others are dimmed, or None.
    """

    def __init__(
        self,
        post_WLF: npt.ArrayLike,
        lit_WLF: npt.NDArray[np.bool_],
        name: Callable[[int, float], str],
        box: Box,
        yaws: tuple[float, float],
    ) -> None:
        self.post, self.lit = np.asarray(post_WLF, np.float64), lit_WLF
        _positions, layers, neurons = self.post.shape
        self.plan = Plan.of(layers, neurons, 0.75 * box.width / box.height)
        self.highest = float(np.abs(self.post).max()) or 1.0
        self.tallest = TALLEST * max(2.0, self.plan.across)
        self.box, self.at, self.risen = box, len(self.post) - 1, 1.0
        self.chosen: tuple[int, int] | None = None
        self.others = 1.0
        eye = Eye(
            yaw=yaws[0],
            pitch=28.0 if box.width > box.height else 44.0,
            distance=2.5 * max(self.plan.across, self.plan.deep),
        )
        inner = Box(box.left + 0.15, box.right - 0.15, box.bottom + 0.1, box.top - 0.1)
        self.eye = self.above = turned(eye, self.plan.corners(0.5), inner, yaws)
        self.cloud = PointCloud(np.zeros((1, 3)), np.zeros((1, 3)), self.eye, box)
        self._named = name
        self._outlines: list[Points] = []
        self.names = VGroup()
        super().__init__(self.cloud, self.names)
        self.show(self.at)

    def _name(self) -> None:
        shares = self.lit[self.at].mean(axis=-1)
        named = [
            text(self._named(layer, float(share)), NAME, palette.CAPTION)
            for layer, share in enumerate(shares)
        ]
        self.names.submobjects = [each.set_stroke(palette.GROUND, RIM, background=True) for each in named]
        self._outlines = [each.points - each.get_center() for each in named]

    def tall(self, layer: int, neuron: int) -> float:
        """How high a tower stands, in world units."""
        return float(abs(self.post[self.at, layer, neuron]) / self.highest * self.tallest)

    def top(self, layer: int, neuron: int) -> Points:
        """Where a tower ends, (3,)."""
        foot: Points = self.plan.feet_LF3[layer, neuron]
        return np.asarray(foot + np.array([0.0, self.tall(layer, neuron), 0.0]))

    def show(self, at: int) -> Self:
        """Light the windows of another position."""
        self.at = at
        post_N, lit_N = self.post[at].ravel(), self.lit[at].ravel()
        feet_N3 = self.plan.feet_LF3.reshape(-1, 3)
        high_N = np.abs(post_N) / self.highest * self.tallest * lit_N
        step = max(FLOOR, float(high_N.sum()) / FLOORS)
        floors_N = np.ceil(high_N / step).astype(int)
        chosen = None if self.chosen is None else self.chosen[0] * self.post.shape[2] + self.chosen[1]
        if chosen is not None:
            floors_N[chosen] *= FINER
        tower = np.repeat(np.arange(len(post_N)), floors_N)
        floor = np.arange(len(tower)) - np.repeat(np.cumsum(floors_N) - floors_N, floors_N) + 1
        self._own = np.concatenate([np.arange(len(post_N)), tower])
        self._high = np.concatenate([np.zeros(len(post_N)), floor / floors_N[tower] * high_N[tower]])
        level = np.sqrt(np.abs(post_N) / self.highest)
        shine = np.where(lit_N, 0.45 + 0.55 * level, 0.0)
        grades = (255 * np.clip(0.55 + 0.45 * level, 0, 1)).astype(int)
        colours_N3 = np.where(
            (post_N >= 0)[:, None], palette.MLP_SEAM_RAMP[grades], palette.NEGATIVE_RAMP[grades]
        )
        colours_N3[~lit_N] = palette.MLP_SEAM_RAMP[UNLIT]
        self._shine = np.concatenate(
            [np.maximum(GROUND, 0.8 * shine), shine[tower] * (0.35 + 0.65 * floor / floors_N[tower])]
        )
        self._colours = colours_N3[self._own]
        self._layer = self._own // self.post.shape[2]
        self._picked = np.zeros(len(self._own), bool)
        if chosen is not None:
            self._picked = self._own == chosen
            self._colours[self._picked] = palette.pixel(palette.QUERY)
        cloud, world = self.cloud, feet_N3[self._own]
        fresh = PointCloud(world, self._colours, self.above, self.box)
        cloud.world, cloud.exposure, cloud.star = (
            fresh.world,
            BRIGHT[palette.NAME] * fresh.exposure,
            fresh.star,
        )
        cloud.paint(self._colours)
        self._name()
        self._rise()
        return self.see(self.eye)

    def choose(self, chosen: tuple[int, int] | None) -> Self:
        """Light one tower of a layer and a neuron in the colour of what is looked at; None: none."""
        self.chosen = chosen
        return self.show(self.at)

    def rise(self, amount: float) -> Self:
        """Let the towers be so far up, the first layer's before the last's, 0…1."""
        self.risen = amount
        self._rise()
        return self.see(self.eye)

    def leave(self, light: float) -> Self:
        """Leave all towers but the chosen one so much light, 0…1; it is seen when next drawn."""
        self.others = light
        self._rise()
        return self

    def _rise(self) -> None:
        layers = self.post.shape[1]
        up_L = np.clip(2 * self.risen - np.arange(layers) / layers, 0, 1)
        up = up_L[self._layer]
        self.cloud.world[:, 1] = self._high * up
        light = self._shine * np.where(self._high > 0, up, np.maximum(up, GROUND / self._shine))
        self.cloud.lights_P = (light * np.where(self._picked, 1.0, self.others)).astype(np.float32)
        self.cloud.lights_P[self._picked] = np.maximum(1.0, self.cloud.lights_P[self._picked])

    def see(self, eye: Eye) -> Self:
        """Draw what this eye sees; a district's name stands before it where it covers no other."""
        self.eye = eye
        self.cloud.see(eye)
        feet = eye.project(self.plan.middles_L3 - [0, 0, AVENUE])
        taken: list[tuple[float, float, float, float]] = []
        for name, outline, (x, y, _z) in zip(self.names, self._outlines, feet, strict=True):
            wide, high = np.ptp(outline[:, 0]) / 2 + 0.06, np.ptp(outline[:, 1]) / 2 + 0.04
            own = (x - wide, y - high, x + wide, y + high)
            box = self.box
            inside = own[0] > box.left and own[2] < box.right and own[1] > box.bottom and own[3] < box.top
            if self.others == 1 and inside and not any(_touch(own, other) for other in taken):
                taken.append(own)
                name.points = outline + np.array([x, y, 0.0])
            else:
                name.points = np.zeros((0, 3))
        return self

    def near(self, layer: int, neuron: int, times: float, place: tuple[float, float], reach: float) -> Eye:
        """The eye that looks at a tower, its middle at `place`, `times` as large or `reach` units high."""
        middle = self.plan.feet_LF3[layer, neuron] + [0, self.tall(layer, neuron) / 2, 0]
        times = min(times, reach / (self.above.zoom * max(self.tall(layer, neuron), 0.2)))
        return replace(self.above.dived(middle, times, place), pitch=15.0)


def _touch(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
