"""How long a vector is along the way: a line on a logarithmic scale, its first and last value printed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import VGroup, VMobject

from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.lettering import ASCENT, DESCENT, text
from scenes.mobjects.numerals import written

SIZE = 0.26  # em of the numbers in frame units


class LengthLine(VGroup):
    """Lengths along an edge seen in perspective.

    Args:
        lengths: all above 0.
        anchors: where each is measured from in the world now, (n, 3): the line's lowest level.
        rise: world units from the least to the largest.
        name: what the numbers are, written before the first.

    Attributes:
        shown: how much of the line is there, 0…1 from the left.
    """

    def __init__(self, lengths: npt.ArrayLike, anchors: Callable[[], Points], rise: float, name: str) -> None:
        self.lengths = np.asarray(lengths, dtype=float)
        self.anchors, self.rise = anchors, rise
        logs = np.log(self.lengths)
        self.heights = (logs - logs.min()) / (float(np.ptp(logs)) or 1.0)  # 0…1
        self.shown = 1.0
        self.line = VMobject(stroke_color=palette.INK, stroke_width=2.4)
        self.first = text(f"{name} {written(self.lengths[0])}", SIZE, palette.CAPTION)
        self.last = text(written(self.lengths[-1]), SIZE, palette.CAPTION)
        super().__init__(self.line, self.first, self.last)

    def see(self, eye: Eye) -> Self:
        """Lie where this eye sees the edge."""
        points = self.anchors()
        points[:, 1] += self.rise * self.heights
        seen = eye.project(points)
        reach = self.shown * (len(seen) - 1)
        whole = int(reach)
        corners = list(seen[: whole + 1])
        if whole < len(seen) - 1:
            corners.append(seen[whole] + (seen[whole + 1] - seen[whole]) * (reach - whole))
        self.line.set_points_as_corners(corners if len(corners) > 1 else [seen[0], seen[0] + 1e-6])
        self.line.set_stroke(opacity=float(self.shown > 0))
        self.first.set_opacity(min(1.0, 8 * self.shown))
        self.last.set_opacity(float(np.clip(8 * self.shown - 7, 0, 1)))
        drop = SIZE * (ASCENT + DESCENT) * 0.62
        if np.cos(np.radians(eye.roll)) > 0.5:
            self.first.move_to(seen[0] + [self.first.width / 2 - 0.1, -drop, 0])
            self.last.move_to(seen[-1] + [-self.last.width / 2 + 0.1, -drop, 0])
        else:
            self.first.move_to(seen[0] + [self.first.width / 2 + 0.12, -drop, 0])
            self.last.move_to(seen[-1] + [self.last.width / 2 + 0.12, drop, 0])
        return self
