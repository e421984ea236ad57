"""A square matrix that stands on its corner and folds along its diagonal: is it its own mirror image?

Row t and column s meet in one cell, column t and row s in the one that it lies on when the wings are closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Group, Polygon, VGroup

from scenes.layout import Box, Layout
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.heatmap import largest_in_cells
from scenes.mobjects.lettering import Lettering
from scenes.mobjects.perspective import Face, PerspectiveRaster, Texture
from scenes.mobjects.raster import blocks, pixels_per_unit
from scenes.mobjects.token_row import token_words

FINEST = 96  # cells along a side
FAINTEST = 26  # of 256: the darkest cell is still seen
GLOW = 0.35
MEETING = 72.0  # degrees up, from which cells are compared with those that they will meet
NEAR = 4.5  # half-diagonals from the eye to the middle
NAME, SMALLEST_NAME = 0.32, 0.2  # em
LEADING = 1.18  # em from name to name
AWAY = 0.1  # frame units from a cell to its name
OUTLINE = 4.0

CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])  # of a square, (column, row)

Shades = npt.NDArray[np.float32]


class Butterfly(Group):
    """The matrix: its diagonal is the body, what lies left of it one wing, what lies right the other.

    Args:
        shades_NN: how bright each cell is, 0…1; rows are queries, columns keys. Of more than `FINEST` tokens
            the largest in each cell is shown.
        flat: where it lies as a matrix, before it is turned.
        box: where it stands on its corner, as large as it can be.
        tokens: its names along the upper edges; they are left out where they would be too small.

    Attributes:
        shades: what is shown now, of every cell.
        turned: 0, it lies in `flat`; 1, it stands on its corner.
        folded: degrees that each wing has come up; at 90 they meet.
        compared: 0, a cell shows its shade; 1, how far that is from the one it meets.
        named: opacity of the names.
        marked: the cells with an outline, (query, key), and how far that has come, 0…1.
        eye: see `see`.
    """

    def __init__(
        self,
        shades_NN: npt.ArrayLike,
        flat: Box,
        box: Box,
        tokens: Sequence[bytes],
    ) -> None:
        self.length = len(np.asarray(shades_NN))
        self.shades = shrunk(shades_NN)
        self.flat, self.middle = flat, np.array(box.center)
        self.turned, self.folded, self.compared, self.named = 0.0, 0.0, 0.0, 0.0
        self.names, self.reach = self._fitting_names(tokens, box)
        self.marked: dict[tuple[int, int], float] = {}
        self.sheet = _Sheet(self)
        frame = Layout.of_frame().frame  # its glow stays out of what is below the box
        self.sheet.within = Box(frame.left, frame.right, min(box.bottom, flat.bottom), frame.top)
        self.outlines = VGroup()
        self._skins: tuple[Texture, Texture, Texture] | None = None
        super().__init__(self.sheet, self.outlines, self.names)
        self.eye = Eye(yaw=0, pitch=0, target=tuple(self.middle), place=tuple(self.middle[:2]))
        self.see(self.eye)

    def _fitting_names(self, tokens: Sequence[bytes], box: Box) -> tuple[VGroup, float]:
        """The names as large as they stand apart in the box, and the reach that they leave; or none."""
        if LEADING * SMALLEST_NAME * len(tokens) <= min(box.width, box.height) / 2:
            for size in np.arange(NAME, SMALLEST_NAME - 1e-9, -0.01).tolist():
                names = _names(tokens, size)
                reach = self._reach(box, names)
                if reach >= LEADING * size * len(tokens):
                    return names, reach
        return VGroup(), self._reach(box, VGroup())

    def _reach(self, box: Box, names: VGroup) -> float:
        """From the middle to a corner: the names keep within the box as well."""
        reach = min(box.width, box.height) / 2
        for side in names:
            for at, name in enumerate(side):
                out = (at + 0.5) / self.length
                reach = min(reach, (box.width / 2 - name.width - AWAY) / out)
        return max(reach, 0.3 * min(box.width, box.height))

    # What can be changed.

    def show(self, shades_NN: npt.ArrayLike) -> Self:
        """Show other shades."""
        self.shades = shrunk(shades_NN)
        self._skins = None
        return self.see(self.eye)

    def turn(self, amount: float) -> Self:
        """From the flat matrix (0) to the one on its corner (1); the names come up at the end."""
        self.turned, self.named = amount, max(0.0, 3 * amount - 2)
        return self.see(self.eye)

    def bend(self, degrees: float) -> None:
        """Set how far the wings have come up, and compare them where they meet; `see` draws it."""
        self.folded = degrees
        self.named = float(np.clip(2 - degrees / 30, 0, 1)) * (self.turned >= 1)
        compared = float(np.clip((degrees - MEETING) / (90 - MEETING), 0, 1))
        if compared != self.compared:
            self.compared, self._skins = compared, None

    def fold(self, degrees: float) -> Self:
        """`bend`, and draw."""
        self.bend(degrees)
        return self.see(self.eye)

    def mark(self, cells: Sequence[tuple[int, int]], colours: Sequence[str]) -> Self:
        """Outline cells, not seen yet; see `show_marks`."""
        self.marked = dict.fromkeys(cells, 0.0)
        self.outlines.submobjects = [
            Polygon(*np.zeros((4, 3)), stroke_color=colour, stroke_width=OUTLINE) for colour in colours
        ]
        return self.see(self.eye)

    def show_marks(self, amount: float) -> Self:
        """Let all outlines come up, 0…1."""
        self.marked = dict.fromkeys(self.marked, amount)
        return self.see(self.eye)

    def see(self, eye: Eye) -> Self:
        """Draw what this eye sees."""
        self.eye = eye
        self.sheet.see(eye)
        for (cell, amount), outline in zip(self.marked.items(), self.outlines, strict=True):
            corners = eye.project(self.cell_corners(*cell))
            outline.set_points_as_corners(corners[[0, 1, 2, 3, 0]])
            outline.set_stroke(opacity=amount)
        for side, names in zip((-1, 1), self.names, strict=False):
            for at, name in enumerate(names):
                self._put(name, at, side)
        return self

    def aslant(self, yaw: float, pitch: float, degrees: float) -> Eye:
        """The eye that looks from the side and from above, near by; wings folded so far are in the middle."""
        eye = replace(self.eye, yaw=yaw, pitch=pitch, distance=NEAR * self.reach)
        folded, self.folded = self.folded, degrees
        seen = eye.project([self._world(CORNERS[1:], 1), self._world(CORNERS[[0, 2, 3]], -1)]).reshape(-1, 3)
        self.folded = folded
        aside = (self.middle - (seen.min(axis=0) + seen.max(axis=0)) / 2)[:2]
        return replace(eye, place=(float(eye.place[0] + aside[0]), float(eye.place[1] + aside[1])))

    # Where things are.

    def cell_of(self, query: int, key: int) -> tuple[int, int]:
        """Row and column of the cell that shows a query and a key."""
        cells = len(self.shades)
        starts = np.unique(np.arange(cells) * self.length // cells)
        row, column = (int(np.searchsorted(starts, at, side="right")) - 1 for at in (query, key))
        return row, column

    def cell_corners(self, query: int, key: int) -> Points:
        """The corners of a pair's cell in the world, (4, 3)."""
        row, column = self.cell_of(query, key)
        at = (CORNERS + np.array([column, row])) / len(self.shades)
        return self._world(at, int(np.sign(column - row)))

    def _put(self, name: Lettering, at: int, side: int) -> None:
        """A name stands beside the edge's cell: queries at the left, keys at the right."""
        name.set_opacity(self.named)
        along = (at + 0.5) / self.length
        end = self._world(np.array([[0, along] if side < 0 else [along, 0]]), side)
        place = self.eye.project(end)[0]
        name.move_to(place + np.array([side * (AWAY + name.width / 2), 0.35 * name.height, 0]))

    def _world(self, at: Points, side: int) -> Points:
        """Points of the matrix, (n, 2) of column and row from 0 to 1, on one wing or (0) on the body."""
        u, w = at.T
        box, half = self.flat, self.reach
        lying = np.stack([box.left + u * box.width, box.top - w * box.height, 0 * u], axis=-1)
        x, y, up = half * (u - w), half * (1 - u - w), np.radians(self.folded)
        z = -side * x * np.sin(up)  # towards the viewer
        standing = np.stack([x * np.cos(up) if side else x, y, z], axis=-1) + self.middle
        return np.asarray(lying + (standing - lying) * self.turned)

    # What is drawn.

    def skins(self) -> tuple[Texture, Texture, Texture]:
        """The left wing, the body and the right wing."""
        if self._skins is None:
            cells = len(self.shades)
            apart = np.abs(self.shades - self.shades.T)
            np.fill_diagonal(apart, np.diag(self.shades))  # the body meets nothing
            shares = np.clip(self.shades + (apart - self.shades) * self.compared, 0, 1)
            colours = palette.ATTENTION_RAMP[level_of(shares)]
            each = max(3, round(np.sqrt(2) * self.reach * pixels_per_unit() / cells))
            gap = max(1, round(0.06 * each)) if each >= 6 else 0
            away = np.sign(np.arange(cells)[None] - np.arange(cells)[:, None])
            left, body, right = (
                Texture(blocks(colours, (each, each), gap, (away == side).astype(np.float32)))
                for side in (-1, 0, 1)
            )
            self._skins = (left, body, right)
        return self._skins

    def faces(self) -> list[Face]:
        """Both wings and the body between them, the farthest first for an eye at the right."""
        sides = zip(self.skins(), (-1, 0, 1), strict=True)
        return [Face(skin, self._world(CORNERS, side)) for skin, side in sides]


class _Sheet(PerspectiveRaster):
    """What is drawn of a butterfly."""

    def __init__(self, butterfly: Butterfly) -> None:
        self.butterfly = butterfly
        dark = palette.NAME == "dark"
        super().__init__(Eye(), glow=GLOW if dark else 0.0)

    def faces(self) -> list[Face]:
        """See `Butterfly.faces`."""
        return self.butterfly.faces()


def _names(tokens: Sequence[bytes], size: float) -> VGroup:
    """The tokens twice, for either edge."""
    names = [token_words(piece, size, palette.token_colour(at)) for at, piece in enumerate(tokens)]
    return VGroup(VGroup(*names), VGroup(*(name.copy() for name in names)))


def shrunk(shades_NN: npt.ArrayLike) -> Shades:
    """At most `FINEST` cells along a side, each the largest value that it covers."""
    return largest_in_cells(shades_NN, FINEST)


def level_of(share: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The place in a ramp of 256 colours of a share, 0…1; the least is still seen."""
    return np.asarray(np.rint(FAINTEST + (255 - FAINTEST) * np.asarray(share)), dtype=np.int64)
