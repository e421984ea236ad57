"""A model's whole vocabulary as a cloud of points, coloured by what each token begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Animation, Group, linear

from model_probe.derived import BEGINNINGS, beginnings
from model_probe.trace import Trace
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, look
from scenes.mobjects.hues import HUES
from scenes.mobjects.named_points import NamedPoints, Threads
from scenes.mobjects.point_cloud import PointCloud, turned

PITCH, DISTANCE = 14.0, 3.2  # degrees; of the cloud's radius
TURN = 1.5  # degrees a second
ARRIVAL = 6.0  # degrees
BRIGHTEST = 2.5  # of what is to be seen in a dim cloud
MIDDLING = 0.4, 99.6  # percentiles: what is farther out may leave the stage


class Galaxy(Group):
    """Every token of `space_V3` as a point; names and threads come and go.

    Args:
        trace: its `space_V3`, and the vocabulary's names.
        within: the part of the frame that points are drawn in.
        room: what the cloud is to fill, turning through `yaws`.
        always: ids that are to stay in `room`, however far out they are.
        yaws: degrees, from and to.

    Attributes:
        cloud: the points; `cloud.lights_P` is how bright each is.
        kinds: of every token, what it begins with, as a place in `BEGINNINGS`.
        bright: ids that stay in full light.
        eye: where all is seen from; `home` is the first.
        names, threads: what is named now, and what leads to it; None for neither.
    """

    def __init__(
        self, trace: Trace, within: Box, room: Box, always: Sequence[int], yaws: tuple[float, float]
    ) -> None:
        points_V3 = np.asarray(trace.space_V3, dtype=np.float64)
        self.kinds = np.full(len(points_V3), BEGINNINGS.index("other"))
        if trace.has("vocab_bytes_B"):
            self.kinds = beginnings(trace.vocab_bytes_B[:], trace.vocab_offsets_V1[:])
        hues = np.array([palette.pixel(hue) for hue in HUES])
        low, high = np.percentile(points_V3, MIDDLING, axis=0)
        core = points_V3[((points_V3 >= low) & (points_V3 <= high)).all(axis=1)]
        radius = float(np.percentile(np.linalg.norm(points_V3, axis=1), MIDDLING[1])) or 1.0
        lies = room.width > room.height  # else the cloud stands upright
        eye = Eye(yaw=yaws[0], pitch=PITCH, roll=0 if lies else 90, distance=DISTANCE * radius)
        corners = np.concatenate([core, points_V3[list(always)]])
        self.eye = self.home = turned(eye, corners, room, np.linspace(*yaws, 5))
        self.cloud = PointCloud(points_V3, hues[self.kinds], self.eye, within)
        self.bright: list[int] = []
        self.names: NamedPoints | None = None
        self.threads: Threads | None = None
        super().__init__(self.cloud)

    def point(self, token_id: int) -> npt.NDArray[np.float64]:
        """Where a token is in the world, (3,)."""
        return np.asarray(self.cloud.world[token_id])

    def see(self, eye: Eye) -> Self:
        """Draw what this eye sees."""
        self.eye = eye
        for part in (self.cloud, self.threads, self.names):
            if part is not None:
                part.see(eye)
        return self

    def light(self, brightness: float) -> Self:
        """All points at one brightness, those of `bright` in full light."""
        self.cloud.lights_P[:] = brightness
        self.cloud.lights_P[self.bright] = BRIGHTEST
        return self.see(self.eye)

    def tint(self, colour: str) -> Self:
        """Points of `bright` take a colour of their own; all others keep that of their kind."""
        hues = np.array([palette.pixel(hue) for hue in HUES])[self.kinds]
        hues[self.bright] = palette.pixel(colour)
        self.cloud.paint(hues)
        return self

    def sway(self, seconds: float) -> Animation:
        """The cloud turns on for so many seconds."""
        return look(self, replace(self.eye, yaw=self.eye.yaw + TURN * seconds), seconds, linear)

    def flown(self, eye: Eye, brightness: float, within: Box, run_time: float) -> Animation:
        """A flight on which all points but `bright` come to a brightness, and the cloud into a box."""
        dim, box = float(self.cloud.lights_P.min()), self.cloud.within

        def also(amount: float) -> None:
            self.cloud.lights_P[:] = dim + (brightness - dim) * amount
            self.cloud.lights_P[self.bright] = BRIGHTEST
            edges = zip(astuple(box), astuple(within), strict=True)
            self.cloud.within = Box(*(start + (end - start) * amount for start, end in edges))

        return look(self, eye, run_time, also=also)

    def arrive(self, tokens: float) -> Self:
        """Only the first so many tokens are there; the cloud turns on, by `ARRIVAL` when all are."""
        total = len(self.cloud.world)
        self.cloud.lights_P[:] = np.arange(total) < round(tokens)
        return self.see(replace(self.home, yaw=self.home.yaw + ARRIVAL * tokens / total))

    def show_names(self, amount: float) -> Self:
        """Show the names at `amount` (0…1), and so much of the threads."""
        if self.names is not None:
            self.names.shown[:] = amount
        if self.threads is not None:
            self.threads.grown = amount
        return self.see(self.eye)

    def near(self, ids: Sequence[int], box: Box, most: float, turn: float) -> Eye:
        """The eye that has these points in a box while it turns so far, so many times as large at most."""
        points = self.cloud.world[list(ids)]
        x, y, z = points[0].tolist()
        yaws = self.eye.yaw + turn * np.linspace(0, 1, 5)
        eye = turned(replace(self.eye, target=(x, y, z)), points, box, yaws)
        if eye.zoom <= most * self.home.zoom:
            return eye
        return replace(eye, zoom=most * self.home.zoom, place=(box.center[0], box.center[1]))

    def called(
        self, pieces: Sequence[bytes], ids: Sequence[int], colours: Sequence[str], room: Box, turn: float
    ) -> NamedPoints:
        """Names of points, in places that hold while the eye turns by so many degrees; none is shown yet."""
        names = NamedPoints(pieces, self.cloud.world[list(ids)], colours, room)
        yaws = self.eye.yaw + turn * np.linspace(0, 1, 5)
        names.choose(*(replace(self.eye, yaw=float(yaw)) for yaw in yaws))
        names.shown[:] = 0.0
        return names

    def put(self, names: NamedPoints | None, threads: Threads | None = None) -> Self:
        """Show other names and threads in place of those of now."""
        self.names, self.threads = names, threads
        self.submobjects = [part for part in (self.cloud, threads, names) if part is not None]
        return self.see(self.eye)
