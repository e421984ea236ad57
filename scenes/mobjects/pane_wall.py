"""A wall of panes, a row a layer and a column a token, lit by numbers; its last column can come away from it.

Seen in perspective, so that it can be seen from the front as a table and from the side as a thing.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.light import opaque, shaded
from scenes.mobjects.perspective import Face, PerspectiveRaster, Texture
from scenes.mobjects.raster import pixels_per_unit

WIDEST, TALLEST = 2.4, 0.9  # frame units: the largest pane
NARROWEST = 0.45  # of the last column, however many there are
DEEP = 0.22  # how thick the wall is
ASIDE, AWAY, AHEAD = 0.16, 0.35, 0.9  # how far the last column is aside, and when it came away; and before
EDGE = 0.34  # of the faint colour over the ground: what parts two panes
FROSTED = 0.82  # of a pane's colour that frost takes
ICE = 72  # the stream's colour, of 255, that it becomes
BRIGHTEST = 0.86  # of the ramp: the largest number's pane
SIDE = 0.55  # light of the wall's sides

# what is kept has this colour wherever it is spoken of
KEPT = palette.hexadecimal(tuple(palette.STREAM_RAMP[150 if palette.NAME == "dark" else 170] / 255))

Floats = npt.NDArray[np.float64]


class PaneWall(PerspectiveRaster):
    """Panes as bright as their number over the scale.

    Args:
        values_RC: numbers from 0 on; below it: there is none, and no pane.
        box: what it may take; the panes of a small wall do not fill it.
        scale: the number of the brightest pane.

    Attributes:
        values: what the panes hold when they are lit.
        whole: what they held at first.
        light: of each pane, 0…1.
        now: which rows are under way: their edges are yellow.
        frost: of each pane, 0…1; those of the last column have none.
        apart: how far the last column is before the wall, 0…1.
        size: width and height, the gap before the last column included.
    """

    def __init__(self, values_RC: npt.ArrayLike, box: Box, scale: float) -> None:
        self.values = self.whole = np.asarray(values_RC, dtype=np.float64)
        self.value_scale = scale
        rows, columns = self.values.shape
        self.pane = min(WIDEST, (box.width - ASIDE) / columns), min(TALLEST, box.height / rows)
        self.last = max(self.pane[0], NARROWEST)
        wide = min(self.pane[0], (box.width - ASIDE - self.last) / max(1, columns - 1))
        self.pane = wide, self.pane[1]
        self.size = (columns - 1) * wide + ASIDE + self.last, rows * self.pane[1]
        self.light = np.ones((rows, columns))
        self.frost = np.zeros((rows, columns - 1))
        self.now = np.zeros(rows)
        self.apart = 0.0
        super().__init__(Eye(yaw=0, pitch=0), glow=1.0 if palette.NAME == "dark" else 0.0)
        self.see(Eye(yaw=0, pitch=0, place=box.center[:2]))

    # What it is told.

    def begin(self) -> Self:
        """Nothing is known of the last column yet."""
        self.light[:, -1] = 0
        return self.see(self.eye)

    def run(self, amount: float) -> Self:
        """Layer after layer is computed, 0…1: for all tokens; frozen, for the last, which reads them."""
        rows = len(self.values)
        begun_R = np.clip(amount * (rows + 1) - np.arange(rows), 0, 1)
        columns = slice(-1, None) if self.apart else slice(None)
        self.light[:, columns] = begun_R[:, None]
        self.now = np.sin(np.pi * begun_R)
        if self.apart:
            self.frost[:] = 1 - self.now[:, None]
        return self.see(self.eye)

    def darken(self, amount: float) -> Self:
        """Let every light go out, 0…1; the last column has none yet."""
        self.light[:, :-1] = 1 - amount
        return self.see(self.eye)

    @property
    def computed(self) -> float:
        """How many panes are lit, those of the last column alone where the others are frozen."""
        return float(self.light.sum() if self.apart == 0 else self.light[:, -1].sum())

    def fall(self, gap_RC: npt.ArrayLike, amount: float) -> Self:
        """All but the last column fall from their numbers (0) to these (1); below 0: no pane is left."""
        gaps = np.asarray(gap_RC, dtype=np.float64)
        old, last = self.whole[:, :-1], self.whole[:, -1:]
        self.values = np.column_stack([np.where(gaps < 0, -1, old + (gaps - old) * amount), last])
        return self.see(self.eye)

    def freeze(self, amount: float) -> None:
        """Frost comes over all but the last column; that darkens and comes away, 0…1. `see` then draws it."""
        self.frost[:] = self.apart = amount
        self.light[:, -1] = 1 - amount

    def aslant(self, yaw: float, pitch: float, box: Box) -> Eye:
        """The eye that sees it so, with the last column come away, as large as `box` allows."""
        return Eye(yaw=yaw, pitch=pitch).fitted(self.corners(), box)

    # Where its parts are.

    def corners(self) -> Points:
        """The corners of all that it may take, (16, 3)."""
        (left, middle), (start, right) = self.spans()
        y, z = self.size[1] / 2, DEEP / 2
        away = AWAY * (1 - self.apart)  # it can still go so far
        spans = ((left, middle, 0.0), (start + away, right + away, AHEAD))
        return np.array(
            [
                [x, up, back - ahead]
                for a, b, ahead in spans
                for x in (a, b)
                for up in (-y, y)
                for back in (-z, z)
            ]
        )

    def spans(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Left and right of the wall and of its last column."""
        half = self.size[0] / 2
        right = half + AWAY * self.apart
        return (-half, half - self.last - ASIDE), (right - self.last, right)

    def top_of(self, column: int) -> Points:
        """The middle of a column's upper edge, (3,)."""
        columns = self.values.shape[1]
        (left, _), (start, right) = self.spans()
        if column % columns == columns - 1:
            return np.array([(start + right) / 2, self.size[1] / 2, -DEEP / 2 - AHEAD * self.apart])
        return np.array([left + (column + 0.5) * self.pane[0], self.size[1] / 2, -DEEP / 2])

    def side_of(self, row: int) -> Points:
        """The middle of a row's left edge, (3,)."""
        return np.array([-self.size[0] / 2, self.size[1] / 2 - (row + 0.5) * self.pane[1], -DEEP / 2])

    # What is drawn.

    def colours(self) -> Floats:
        """Of all panes, (rows, columns, 3), 0…255."""
        shares = BRIGHTEST * np.clip(self.values * self.light / self.value_scale, 0, 1)
        colours: Floats = palette.STREAM_RAMP[(255 * shares).astype(int)].astype(np.float64)
        frost = FROSTED * self.frost[..., None]
        colours[:, :-1] = colours[:, :-1] * (1 - frost) + palette.STREAM_RAMP[ICE] * frost
        return colours

    def faces(self) -> list[Face]:
        """The wall, then its last column, each with its top and its right side."""
        colours, faces = self.colours(), []
        seen = self.values >= 0
        y, columns = self.size[1] / 2, self.values.shape[1]
        parts = (slice(0, columns - 1), 0.0), (slice(columns - 1, columns), self.apart)
        for (x0, x1), (part, ahead) in zip(self.spans(), parts, strict=True):
            if x1 <= x0:
                continue
            near, far = -DEEP / 2 - AHEAD * ahead, DEEP / 2 - AHEAD * ahead
            edge = palette.mix(palette.GROUND, palette.FAINT, 2 * EDGE)
            top = [[x0, y, far], [x1, y, far], [x1, y, near], [x0, y, near]]
            right = [[x1, y, near], [x1, y, far], [x1, -y, far], [x1, -y, near]]
            front = [[x0, y, near], [x1, y, near], [x1, -y, near], [x0, -y, near]]
            if self.eye.position()[1] > y:
                faces.append(Face(edge, top))
            if self.eye.position()[0] > x1:
                end = shaded(colours[:, part][:, -1:], SIDE)
                faces.append(Face(Texture(opaque(end.repeat(8, axis=0))), right))
            panes = self._panes(colours[:, part], seen[:, part], (x1 - x0, 2 * y))
            faces.append(Face(Texture(panes), front))
        return faces

    def _panes(
        self, colours_RC3: Floats, seen_RC: npt.NDArray[np.bool_], size: tuple[float, float]
    ) -> npt.NDArray[np.uint8]:
        """One front, about as fine as the frame: panes, and edges between those that are large enough."""
        fine = pixels_per_unit()
        rows, columns = seen_RC.shape
        wide, tall = (
            max(count, round(each * fine)) for each, count in zip(size, (columns, rows), strict=True)
        )
        down, across = (np.arange(n) * count // n for n, count in ((tall, rows), (wide, columns)))
        pixels = colours_RC3.astype(np.float32)[down[:, None], across]
        between = shaded(palette.pixel(palette.FAINT), EDGE)
        now = palette.pixel(palette.QUERY)
        edges_R = between + (now - between) * self.now[:, None].astype(np.float32)
        thick = max(1, round(0.012 * fine))
        for reach in range(thick):
            if tall >= 8 * thick * rows:
                last = down != np.roll(down, -1 - reach)
                first = down != np.roll(down, 1 + reach)
                pixels[last] = edges_R[down[last]][:, None]
                pixels[first] = edges_R[down[first]][:, None]
            if wide >= 8 * thick * columns:
                sides = (across != np.roll(across, -1 - reach)) | (across != np.roll(across, 1 + reach))
                pixels[:, sides] = edges_R[down][:, None]
        for reach in range(thick):  # a frame, however small the panes are
            for rim in (pixels[reach], pixels[-1 - reach]):
                rim[:] = between
            pixels[:, reach] = pixels[:, -1 - reach] = edges_R[down]
        return opaque(pixels, seen_RC[down[:, None], across])
