"""Where a picture in perspective is seen from: one camera for rasters, words and lines alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from manim import Animation, UpdateFromAlphaFunc, smooth

from scenes.layout import Box

Points = npt.NDArray[np.float64]

NEAREST = 0.5  # world units before the eye: what is nearer, or behind it, is put there


@dataclass(frozen=True)
class Eye:
    """A pinhole camera on a world whose x runs right, y up and z away from the viewer.

    Attributes:
        yaw: degrees around the upright axis; the world's right end comes nearer.
        pitch: degrees that the eye stands above the world.
        roll: degrees that the picture is turned counter-clockwise; 90 stands a lying world upright.
        distance: from the eye to the target, in world units; the smaller, the stronger the perspective.
        zoom: frame units of a world unit at the target.
        target: the point of the world that is looked at.
        place: where on the frame the target is seen.
    """

    yaw: float = 30.0
    pitch: float = 12.0
    roll: float = 0.0
    distance: float = 15.5
    zoom: float = 1.0
    target: tuple[float, float, float] = (0.0, 0.0, 0.0)
    place: tuple[float, float] = (0.0, 0.0)

    def project(self, points: npt.ArrayLike) -> Points:
        """Points of the world, (..., 3), on the frame, (..., 3) with z = 0."""
        return self.seen(points)[0]

    def seen(self, points: npt.ArrayLike) -> tuple[Points, Points]:
        """Where on the frame points of the world are, as `project` has it, and how large, as `nearness`."""
        turned, nearness = self._turned(points)
        flat = turned[..., :2] * (self.zoom * nearness)[..., None]
        roll = np.radians(self.roll)
        seen = np.zeros(turned.shape)
        seen[..., 0] = flat[..., 0] * np.cos(roll) - flat[..., 1] * np.sin(roll) + self.place[0]
        seen[..., 1] = flat[..., 0] * np.sin(roll) + flat[..., 1] * np.cos(roll) + self.place[1]
        return seen, nearness

    def position(self) -> Points:
        """Where in the world the eye is, (3,)."""
        yaw, pitch = np.radians(self.yaw), np.radians(self.pitch)
        level = self.distance * np.cos(pitch)
        offset = [level * np.sin(yaw), self.distance * np.sin(pitch), -level * np.cos(yaw)]
        place: Points = np.asarray(self.target, dtype=float) + offset
        return place

    def nearness(self, points: npt.ArrayLike) -> Points:
        """How large things are at these points, (...): 1 at the target, more where they are nearer."""
        return self._turned(points)[1]

    def _turned(self, points: npt.ArrayLike) -> tuple[Points, Points]:
        yaw, pitch = np.radians(self.yaw), np.radians(self.pitch)
        x, y, z = np.moveaxis(np.asarray(points, dtype=float) - self.target, -1, 0)
        across, away = x * np.cos(yaw) + z * np.sin(yaw), z * np.cos(yaw) - x * np.sin(yaw)
        up, away = y * np.cos(pitch) + away * np.sin(pitch), away * np.cos(pitch) - y * np.sin(pitch)
        turned = np.stack([across, up, away], axis=-1)
        return turned, self.distance / np.maximum(self.distance + away, NEAREST)

    def fitted(self, points: npt.ArrayLike, box: Box) -> Eye:
        """This eye, zoomed and placed so that the points' outline fills `box` and leaves it nowhere."""
        seen = replace(self, zoom=1.0, place=(0.0, 0.0)).project(points).reshape(-1, 3)
        low, high = seen.min(axis=0), seen.max(axis=0)
        span = np.maximum(high - low, 1e-9)
        zoom = float(min(box.width / span[0], box.height / span[1]))
        middle = (low + high) / 2 * zoom
        return replace(
            self, zoom=zoom, place=(float(box.center[0] - middle[0]), float(box.center[1] - middle[1]))
        )

    def towards(self, other: Eye, amount: float) -> Eye:
        """The eye `amount` (0…1) of the way to `other`; zoom grows by equal factors in equal times."""

        def between(start: float, end: float) -> float:
            return start + (end - start) * amount

        def between_all(start: tuple[float, ...], end: tuple[float, ...]) -> tuple[float, ...]:
            return tuple(between(a, b) for a, b in zip(start, end, strict=True))

        angles = {
            name: between(getattr(self, name), getattr(other, name))
            for name in ("yaw", "pitch", "roll", "distance")
        }
        return replace(
            self,
            **angles,
            zoom=self.zoom * (other.zoom / self.zoom) ** amount,
            target=between_all(self.target, other.target),  # type: ignore[arg-type]
            place=between_all(self.place, other.place),  # type: ignore[arg-type]
        )

    def trucked(self, x: float) -> Eye:
        """The eye moved along the world's x by so much, looking the same way."""
        return replace(self, target=(self.target[0] + x, *self.target[1:]))

    def dived(self, point: npt.ArrayLike, times: float, place: tuple[float, float]) -> Eye:
        """The eye that looks at one point of the world, `times` as large, and shows it at `place`.

        Fly there and back with `look`: the eye flown from is the way back.
        """
        x, y, z = (float(each) for each in np.asarray(point, dtype=float))
        return replace(self, target=(x, y, z), zoom=self.zoom * times, place=place)


class Seen(Protocol):
    """What an eye looks at: it knows how it is seen, and can be seen anew."""

    eye: Eye

    def see(self, eye: Eye) -> object:
        """Draw what this eye sees."""


def look(
    seen: Seen,
    eye: Eye,
    run_time: float = 2.0,
    rate_func: Callable[[float], float] = smooth,
    also: Callable[[float], object] | None = None,
) -> Animation:
    """Fly from the eye of now to `eye`; `also` is called with 0…1 each frame before it is drawn."""
    start = seen.eye

    def fly(moving: Seen, amount: float) -> None:
        if also is not None:
            also(amount)
        moving.see(start.towards(eye, amount))

    return UpdateFromAlphaFunc(seen, fly, run_time=run_time, rate_func=rate_func)
