"""A weight matrix as a wall of pixels: dive to a few of its columns, or open one of them like a drawer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, RIGHT, Animation, Group, Line, Polygon, VGroup, VMobject

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, Points, look
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count
from scenes.mobjects.perspective import Face, PerspectiveRaster, Texture
from scenes.mobjects.raster import Pixels, pixels_per_unit
from scenes.mobjects.weight_column import WeightColumn
from scenes.mobjects.weight_pixels import Array, WeightScale, extremes_in_cells, weight_pixels

SIDE, LIP = 0.2, 0.14  # frame units left and right of the pixels, for the brackets; and how wide those are
ABOVE = 0.2  # frame units above them, for the hairlines
NOTE = 0.2  # em of what is written below
PARTED = 0.35  # of the opening: until then the pixels part, then the drawer comes out
DIMMED = 0.4  # of its light that a wall keeps behind an open drawer
SHADED = 0.5  # of its light that the drawer's side keeps


class _Sheet(PerspectiveRaster):
    """The wall's pixels and its drawer."""

    def __init__(self, wall: PixelWall) -> None:
        self.wall = wall
        super().__init__(wall.eye)

    def faces(self) -> Sequence[Face]:
        """What the wall is made of just now."""
        return self.wall.faces()


class PixelWall(Group):
    """A matrix in brackets, its size and the scale of its colours below.

    Args:
        values_RC: elements; of a large matrix a picture, each cell the element farthest from zero of those
            under it, all cells being as large, (⌈rows / R⌉, ⌈columns / C⌉), but the last ones.
        box: where it stands, with all that belongs to it.
        shape: rows and columns of the whole matrix; those of `values_RC` by default.
        name: what the trace calls it.
        known: columns of which every element is at hand, by their number; a drawer opens one of these.
        scale: the |weight| of the lightest colour, and that of columns seen from near; by default the 99th
            percentiles of `values_RC` and of what is known: a picture's extremes are larger than most.
        words: what is written below in place of name and size.
        foot: frame units to leave empty between the pixels and that.

    Attributes:
        size: width and height of its pixels; see `rise`.
        window: the columns that are shown, from and to, not counting those that part for the drawer.
        hairlines: number of a column → the line in front of it; `drop` lets them down.
        scales, near: those of `scale`, and how far from the first to the second the colours are; see `focus`.
        column, opened: the drawer: which column, and how far it is open, 0…1.
        holds: whether the drawer's column is in it.
        drawer: how wide the drawer is and how far it comes out, in frame units.
        eye: where it is seen from; see `see`.
    """

    def __init__(
        self,
        values_RC: npt.ArrayLike,
        box: Box,
        shape: tuple[int, int] | None = None,
        name: str = "",
        known: Mapping[int, npt.ArrayLike] | None = None,
        scale: tuple[float, float] | None = None,
        words: str = "",
        foot: float = 0.0,
    ) -> None:
        super().__init__()
        self.values: Array = np.asarray(values_RC, dtype=np.float32)
        self.shape = shape or (self.values.shape[0], self.values.shape[1])
        self.known = {column: np.asarray(values, np.float32) for column, values in (known or {}).items()}
        usual = palette.robust_scale(self.values)
        near = palette.robust_scale(list(self.known.values())) if self.known else usual
        self.scales, self.near = scale or (usual, near), 0.0
        self._colours: tuple[float, Pixels] | None = None
        self.note = text(words or self._size(name), NOTE, palette.FAINT)
        self.scale_bar = WeightScale(self.value_scale, NOTE)
        self.notes = self._notes(box.width - 2 * SIDE)
        self.room = Box(box.left, box.right, box.bottom + self.notes.height + 0.16 + foot, box.top)
        self.size = (box.width - 2 * SIDE, self.room.height - ABOVE)
        self.notes.move_to([box.center[0], box.bottom + self.notes.height / 2, 0])
        self.window = (0.0, float(self.shape[1]))
        self.column, self.opened, self.holds, self.drawer = 0, 0.0, True, (0.5, 1.6)
        self.hairlines: dict[int, Line] = {}
        self._dropped: dict[int, float] = {}
        self._skin: tuple[tuple[float, ...], Texture] | None = None
        self.eye = Eye(yaw=0, pitch=0, place=(box.center[0], box.top - ABOVE - self.size[1] / 2))
        self.sheet = _Sheet(self)
        self.brackets = VGroup(*(VMobject(stroke_color=palette.INK, stroke_width=2) for _side in range(2)))
        self.lines = VGroup()
        self.edge = Polygon(*np.zeros((4, 3)), stroke_color=palette.QUERY, stroke_width=3)
        self.add(self.sheet, self.brackets, self.edge, self.lines, self.notes)
        self.see(self.eye)

    def _size(self, name: str) -> str:
        rows, columns = self.shape
        words = _("{rows} × {columns} weights").format(rows=count(rows), columns=count(columns))
        each = -(-rows // self.values.shape[0]) * -(-columns // self.values.shape[1])
        if each > 1:
            words += " · " + _("a pixel: the strongest of {count} or fewer").format(count=count(each))
        return f"{name} · {words}" if name else words

    def _notes(self, width: float) -> Group:
        notes = Group(self.note, self.scale_bar).arrange(RIGHT, buff=0.5)
        if notes.width > width:
            self.note.scale(min(1.0, width / self.note.width))
            notes.arrange(DOWN, buff=0.08)
        return notes

    # What can be changed.

    def see(self, eye: Eye) -> Self:
        """Draw what this eye sees; the wall stands upright around the world's origin."""
        self.eye = eye
        self.sheet.see(eye)
        wide, high = self.size[0] / 2 + SIDE / 2, self.size[1] / 2
        for side, bracket in zip((-1, 1), self.brackets, strict=True):
            x = side * wide
            ends = [[x - side * LIP, high], [x, high], [x, -high], [x - side * LIP, -high]]
            bracket.set_points_as_corners(self._seen(ends))
        for column, line in self.hairlines.items():
            x, reach = self.x_of(column), self._dropped[column]
            if reach > 0 and -wide < x < wide:
                line.put_start_and_end_on(
                    *self._seen([[x, high + ABOVE], [x, high - 2 * high * reach - 1e-3]])
                )
            line.set_stroke(opacity=(1 - self.opened) * (reach > 0 and -wide < x < wide))
        self.edge.set_points_as_corners(self.drawer_corners()[[0, 1, 2, 3, 0]])
        self.edge.set_stroke(opacity=min(1.0, self.opened / PARTED) * self.holds)
        return self

    def aslant(self, yaw: float, pitch: float = 6.0, room: Box | None = None) -> Eye:
        """The eye that sees the wall from the side, with its drawer out; by default in the wall's place."""
        wide, high = self.size[0] / 2 + SIDE, self.size[1] / 2
        eye = replace(self.eye, yaw=yaw, pitch=pitch)
        x, half = self.x_of(self.column), self.drawer[0] / 2
        drawer = _upright(x - half, x + half, high, (-self.drawer[1], -self.drawer[1]))
        return eye.fitted(np.concatenate([_upright(-wide, wide, high, (0, 0)), drawer]), room or self.room)

    @property
    def value_scale(self) -> float:
        """The |weight| of the lightest colour now."""
        return float(self.scales[0] ** (1 - self.near) * self.scales[1] ** self.near)

    def focus(self, amount: float) -> Self:
        """Go so far from the scale of the whole wall to that of single columns, 0…1, and say it below."""
        self.near = amount
        self.scale_bar.tell(self.value_scale)
        return self.see(self.eye)

    def rise(self, height: float) -> Self:
        """Take another height; seen from the front, its foot stays where it is."""
        x, y = self.eye.place
        foot = y - self.size[1] / 2
        self.size = (self.size[0], max(0.02, height))
        return self.see(replace(self.eye, place=(x, foot + self.size[1] / 2)))

    def into(self, room: Box, yaw: float, run_time: float) -> Animation:
        """Fly into another place, seen from the side, the pixels as much lower as the place is."""
        (wide, high), share = self.size, room.height / self.room.height
        self.size = (wide, high * share)
        eye = self.aslant(yaw, room=room)

        def lower(amount: float) -> None:
            self.size = (wide, high * (1 + (share - 1) * amount))

        lower(0.0)
        return look(self, eye, run_time, also=lower)

    def show(self, window: Sequence[float]) -> Self:
        """Show the columns from `window[0]` to `window[1]`; parts of columns and none at all are possible."""
        self.window = (float(window[0]), float(window[1]))
        return self.see(self.eye)

    def dived(self, column: int, columns: int, amount: float) -> tuple[float, float]:
        """The window `amount` (0…1) of the way from all columns to `columns` with `column` in the middle.

        It grows by equal factors in equal times.
        """
        middle, whole = column + 0.5, self.shape[1]
        wide = whole * (columns / whole) ** amount
        left = middle - wide * (middle / whole + (0.5 - middle / whole) * amount)
        return (left, left + wide)

    def hang(self, columns: Sequence[int], colour: str = palette.QUERY) -> Self:
        """Keep a hairline ready for each of these columns."""
        for column in columns:
            self.hairlines[column] = Line(stroke_width=2, color=colour)
            self._dropped[column] = 0.0
        self.lines.add(*self.hairlines.values())
        return self.see(self.eye)

    def drop(self, amount: float) -> Self:
        """Let the hairlines down, one after the other, the first half-way when the next sets out; 0…1."""
        done = amount * (len(self._dropped) + 1) / 2
        self._dropped = {c: min(1.0, max(0.0, done - i / 2)) for i, c in enumerate(self._dropped)}
        return self.see(self.eye)

    def open(self, amount: float) -> Self:
        """Open the drawer of `column`: the pixels part, then it comes out; 0…1."""
        self.opened = amount
        return self.see(self.eye)

    # Where things are.

    def x_of(self, column: float) -> float:
        """Where the middle of a column is, in the wall's own units from its middle."""
        low, high = self.window
        share, slot, gap = (column + 0.5 - low) / (high - low), self._share(), self._gap()
        x = share * (self.size[0] - gap) + gap * (0.5 if column == self.column else float(share > slot))
        return x - self.size[0] / 2

    def top_of(self, column: float) -> Points:
        """The point of the frame above a column, (3,)."""
        point: Points = self._seen([[self.x_of(column), self.size[1] / 2]])[0]
        return point

    def drawer_corners(self) -> Points:
        """The drawer's front on the frame: top left, top right, bottom right and bottom left, (4, 3)."""
        return self.eye.project(self._front())

    def _seen(self, points: npt.ArrayLike) -> Points:
        flat = np.asarray(points, dtype=float)
        return self.eye.project(np.concatenate([flat, np.zeros((len(flat), 1))], axis=1))

    def _share(self) -> float:
        low, high = self.window
        return float(np.clip((self.column + 0.5 - low) / (high - low), 0, 1))

    def _gap(self) -> float:
        return min(1.0, self.opened / PARTED) * 1.3 * self.drawer[0]

    def _front(self) -> Points:
        x, wide, high = self.x_of(self.column), min(self._gap(), self.drawer[0]) / 2, self.size[1] / 2
        z = -self.drawer[1] * max(0.0, self.opened - PARTED) / (1 - PARTED)
        return _upright(x - wide, x + wide, high, (z, z))

    # What is drawn.

    def faces(self) -> list[Face]:
        """The wall, and the drawer before it, the farthest first."""
        skin, wide, high = self.skin(), self.size[0] / 2, self.size[1] / 2
        if self.opened <= 0:
            return [Face(skin, _upright(-wide, wide, high, (0, 0)))]
        share, gap = self._share(), self._gap()
        slot = -wide + share * (2 * wide - gap)
        light = 1 - (1 - DIMMED) * min(1.0, self.opened)
        faces = [
            Face(skin, _upright(-wide, slot, high, (0, 0)), (0.0, share), light),
            Face(skin, _upright(slot + gap, wide, high, (0, 0)), (share, 1.0), light),
        ]
        if self.column not in self.known or not self.holds:
            return faces
        column = WeightColumn(self.known[self.column], self.value_scale, *self.size).pixels
        fine = pixels_per_unit()
        column = column.repeat(max(1, round(self.size[1] * fine / len(column))), axis=0)
        column = column.repeat(max(1, round(self.drawer[0] * fine)), axis=1)
        dark = (column * np.array([SHADED] * 3 + [1.0])).astype(np.uint8)
        front = self._front()
        x = front[1, 0] if self.eye.position()[0] > front[1, 0] else front[0, 0]
        side = _upright(x, x, high, (front[0, 2], 0.0))
        return [*faces, Face(Texture(dark), side), Face(Texture(column), front)]

    def skin(self) -> Texture:
        """The pixels of the window, about as fine as the frame; empty where there is no column."""
        state = (*self.window, *self.size, self.value_scale)
        if self._skin is None or self._skin[0] != state:
            self._skin = (state, Texture(self._compose()))
        return self._skin[1]

    def _compose(self) -> Pixels:
        fine, (low, high) = pixels_per_unit(), self.window
        wide, tall = (max(1, round(each * fine)) for each in self.size)
        rows, cells = self.values.shape
        at = np.floor(low + (high - low) * (np.arange(wide) + 0.5) / wide).astype(int)
        inside = (at >= 0) & (at < self.shape[1])
        cell = np.clip(at, 0, self.shape[1] - 1) // -(-self.shape[1] // cells)
        down = np.arange(tall) * rows // tall
        if self._colours is None or self._colours[0] != self.value_scale:
            self._colours = (self.value_scale, weight_pixels(self.values, self.value_scale))
        pixels: Pixels = self._colours[1][down[:, None], cell]
        for column, values in self.known.items():
            here = np.flatnonzero(at == column)
            if len(here):
                shown = extremes_in_cells(values[None], tall)[0]
                shown = shown[np.arange(tall) * len(shown) // tall]
                pixels[:, here] = weight_pixels(shown[:, None], self.value_scale)
        each = wide / (high - low)
        if each >= 6:  # pixels are large enough to stand apart
            pixels[:, np.diff(at, append=at[-1]) > 0] = 0
        pixels[:, ~inside] = 0
        if tall / rows >= 6:
            pixels[np.diff(down, append=down[-1]) > 0] = 0
        return pixels


def _upright(left: float, right: float, high: float, z: tuple[float, float]) -> Points:
    """A rectangle from -`high` to `high`; its left and its right edge may differ in depth."""
    return np.array([[left, high, z[0]], [right, high, z[1]], [right, -high, z[1]], [left, -high, z[0]]])
