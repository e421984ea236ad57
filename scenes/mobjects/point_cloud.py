"""A cloud of points, tens of thousands of them, that turns: each a small light, and where many are it glows.

All of it is one image, added up in numpy for every frame: at 1080p 50,257 points take about 15 ms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, Self

import cv2
import numpy as np
import numpy.typing as npt

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.raster import Pixels, Raster, pixels_per_unit

STAR = 0.0062  # frame units: the radius (one sigma) of a point at the target, seen from the first eye
FEW = 50_000  # points: where there are fewer, they are larger
LARGEST = 0.035  # of a point that is flown up to
FINEST = 0.55  # pixels: no point is drawn smaller, or it would flicker on its way
REACH = 2.2  # sigmas that a point is drawn to
GROWTH = 0.45  # power of how much nearer a point is: it grows less than the space between points
FOG = 1.6  # power of the nearness: what is farther away is fainter
BRIGHT = {"dark": 1.25, "light": 0.6}  # how much light a point gives where there are CROWD of them
CROWD = 12_000
EDGE = 0.4  # frame units from the box's edge in which points fade
HAZE, HAZE_CELL = 0.05, 0.06  # the light that a point spreads around itself, in cells of so many frame units

Floats = npt.NDArray[np.float32]


class PointCloud(Raster):
    """Points of a world, each a light of its own colour, seen by an eye within a box.

    On the dark ground lights add up towards white, on the light one inks add up towards black.

    Args:
        points_P3: where they are.
        colours_P3: of each, 0…255.
        eye: where it is seen from; `see` changes it. Points are as large as from this first one, or larger
            where they are nearer.
        within: the part of the frame that it is drawn in; what is outside is cut.

    Attributes:
        lights_P: how bright each point is, 1 by default; set it, then `see`.
        eye: where it is seen from.
    """

    def __init__(self, points_P3: npt.ArrayLike, colours_P3: npt.ArrayLike, eye: Eye, within: Box) -> None:
        self.world = np.asarray(points_P3, dtype=np.float64)
        if self.world.ndim != 2 or self.world.shape[1] != 3:
            raise ValueError(f"points are (P, 3), not {self.world.shape}")
        self.paint(colours_P3)
        self._planes = np.empty((3, 0, 0), np.float32)
        self.lights_P = np.ones(len(self.world), dtype=np.float32)
        self.exposure = BRIGHT[palette.NAME] * min(1.0, (CROWD / max(1, len(self.world))) ** 0.45)
        self.star = STAR * float(np.clip((FEW / max(1, len(self.world))) ** 0.25, 1, 2))
        self.eye, self.within, self._near = eye, within, eye.zoom
        super().__init__(np.zeros((1, 1, 4), np.uint8), within.width, within.height)
        self.see(eye)

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        copied = copy(self)  # the points never change, and they are many
        copied.lights_P, copied.points = self.lights_P.copy(), self.points.copy()
        return copied

    def paint(self, colours_P3: npt.ArrayLike) -> None:
        """Give the points other colours, 0…255; they are seen when next drawn."""
        colours = np.asarray(colours_P3, dtype=np.float32).T / 255
        self._emitted = [np.ascontiguousarray(c if palette.NAME == "dark" else 1 - c) for c in colours]

    def see(self, eye: Eye) -> Self:
        """Draw what this eye sees."""
        self.eye, box, fine = eye, self.within, pixels_per_unit()
        high, wide = max(1, round(box.height * fine)), max(1, round(box.width * fine))
        seen, nearness = eye.seen(self.world)
        across, down = (seen[:, 0] - box.left) * fine - 0.5, (box.top - seen[:, 1]) * fine - 0.5
        inside = (across > 0) & (across < wide) & (down > 0) & (down < high)
        at = np.flatnonzero(inside & (self.lights_P > 0))
        x, y, near = (values[at].astype(np.float32) for values in (across, down, nearness))
        sigma = np.minimum(self.star * (near * np.float32(eye.zoom / self._near)) ** GROWTH, LARGEST) * fine
        light = self.exposure * self.lights_P[at] * np.minimum(near, 2) ** FOG
        light *= np.minimum(1, sigma / FINEST) ** 2  # what is smaller than a pixel gives it less
        for place, size in ((x, wide), (y, high)):
            light *= np.clip(np.minimum(place, size - place) / np.float32(EDGE * fine), 0, 1)
        sigma = np.maximum(sigma, FINEST)
        lights = [np.float32(-1) * emitted[at] * light for emitted in self._emitted]
        if self._planes.shape[1:] != (high, wide):  # kept from frame to frame: new memory costs time
            self._planes = np.empty((3, high, wide), np.float32)
        self._planes.fill(0)
        reaches = np.ceil(REACH * sigma).astype(np.int32)
        for reach in range(1, int(reaches.max(initial=0)) + 1):
            of = np.flatnonzero(reaches == reach)
            _splat(self._planes, x[of], y[of], sigma[of], [light[of] for light in lights], reach)
        _haze(self._planes, x, y, lights)
        self.pixels = _developed(self._planes)
        self.place([box.left, box.top, 0], [box.width, 0, 0], [0, -box.height, 0])
        return self


def _splat(planes: Floats, x: Floats, y: Floats, sigma: Floats, lights: list[Floats], reach: int) -> None:
    """Add round lights to planes (3, height, width); between pixels they lie between pixels."""
    high, wide = planes.shape[1:]
    left, top = np.floor(x).astype(np.int32), np.floor(y).astype(np.int32)
    across: list[tuple[npt.NDArray[np.intp], Floats]] = []
    down: list[tuple[npt.NDArray[np.intp], Floats]] = []
    for step in range(1 - reach, reach + 1):
        for corner, at, size, found in ((left, x, wide, across), (top, y, high, down)):
            place = corner + np.int32(step)
            weight = np.exp(-0.5 * ((place - at).astype(np.float32) / sigma) ** 2)
            weight[(place < 0) | (place >= size)] = 0
            found.append((np.clip(place, 0, size - 1).astype(np.intp), weight))
    for row, tall in down:
        for column, broad in across:
            pixel, weight = row * wide + column, tall * broad  # float32 throughout: else `at` is slow
            for plane, light in zip(planes, lights, strict=True):
                np.add.at(plane.reshape(-1), pixel, weight * light)


def _haze(planes: Floats, x: Floats, y: Floats, lights: list[Floats]) -> None:
    """Add the light that many points spread together, drawn coarsely."""
    high, wide = planes.shape[1:]
    fine = pixels_per_unit()
    side = max(2, round(HAZE_CELL * fine))
    rows, columns = -(-high // side), -(-wide // side)
    across = np.clip(x.astype(np.intp) // side, 0, columns - 1)
    cell = np.clip(y.astype(np.intp) // side, 0, rows - 1) * columns + across
    scale = HAZE * (HAZE_CELL * fine / side) ** 2  # the same to the eye, however fine the pixels
    for plane, light in zip(planes, lights, strict=True):
        cells = np.bincount(cell, light * scale, minlength=rows * columns).reshape(rows, columns)
        soft: Any = cv2.GaussianBlur(cells.astype(np.float32), (0, 0), 1.6)
        whole: Any = cv2.resize(soft, (columns * side, rows * side))
        cv2.add(plane, whole[:high, :wide], dst=plane)


def _developed(planes: Floats) -> Pixels:
    """Minus the lights that were added up, as pixels: 1 − e^−light of each channel, so that none is cut."""
    shown: list[Any] = []
    for plane in planes:
        cv2.exp(plane, dst=plane)
        shown.append(cv2.convertScaleAbs(plane, alpha=-255, beta=255))
    alpha = cv2.max(cv2.max(shown[0], shown[1]), shown[2])
    if palette.NAME == "light":  # ink: what it takes from the white ground
        shown = [cv2.subtract(alpha, channel) for channel in shown]
    return np.asarray(cv2.merge((*shown, alpha)), dtype=np.uint8)


def turned(eye: Eye, points: npt.ArrayLike, box: Box, yaws: Iterable[float]) -> Eye:
    """This eye, zoomed and placed so that points (P, 3) stay in `box` while it turns through these yaws."""
    seen: Sequence[Points] = [
        replace(eye, yaw=yaw, zoom=1.0, place=(0.0, 0.0)).project(points) for yaw in yaws
    ]
    together = np.concatenate([np.reshape(one, (-1, 3)) for one in seen])
    low, high = together.min(axis=0), together.max(axis=0)
    span = np.maximum(high - low, 1e-9)
    zoom = float(min(box.width / span[0], box.height / span[1]))
    middle = (low + high) / 2 * zoom
    place = (float(box.center[0] - middle[0]), float(box.center[1] - middle[1]))
    return replace(eye, zoom=zoom, place=place)
