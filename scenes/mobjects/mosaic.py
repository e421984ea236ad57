"""All parameters of a model as tiles, areas to scale, and around them another model's at the same scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import sqrt
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import UP, Circle, Polygon, Rectangle, VGroup, VMobject

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import signed
from scenes.mobjects.perspective import Face, PerspectiveRaster, Texture
from scenes.mobjects.treemap import treemap
from scenes.mobjects.weight_pixels import Array, weight_pixels

APART = 0.012  # of a mosaic's shorter side: between two tiles
HEIGHT = 1.6  # in the world's units, from where a tile falls
DISTANCE = 4.0  # of the eye, over the square root of what it looks at
LABEL, NUMBER = 0.3, 1.0  # em of a name on a tile, and of the number of a weight that is opened
RING = 0.3  # frame units, at least, around a mosaic that has become small
RIM = 0.03  # frame units of light around a mosaic in another's wall
TINT = 0.3  # of its hue that a tile has of which only the size is known
FINE = 20  # pixels of a tile's texture for each weight

Corners = npt.NDArray[np.float64]


class Mosaic(PerspectiveRaster):
    """A rectangle a category, the model's own in the world's middle with an area of 1 in all.

    Args:
        counts: category → number of parameters, those above zero.
        tiles: category → some of its weights, (rows, columns); they fill its rectangle.
        around: the same of another model, of which the sizes alone are known.
        hues: category → `#RRGGBB`.
        box: where it is to be seen; its shape is that of the mosaics.

    Attributes:
        places: category → its rectangle in the world; its area is its share of all.
        around_places: likewise; an area of 1 is as many parameters.
        scales: category → the |weight| of its tile's lightest colour.
        landed: how many tiles have come down, in order; the part behind the point is the next one's way.
        walled: opacity of what is around; before it the model's own mosaic has a bright rim.
    """

    def __init__(
        self,
        counts: Mapping[str, int],
        tiles: Mapping[str, Array],
        around: Mapping[str, int],
        hues: Mapping[str, str],
        box: Box,
    ) -> None:
        self.counts, self.tiles, self.hues, self.box = dict(counts), dict(tiles), hues, box
        self.places = _cut(counts, 1.0, box)
        self.around_places = _cut(around, sum(around.values()) / sum(counts.values()), box)
        self.scales = {name: palette.robust_scale(tile) for name, tile in tiles.items()}
        self.skins = {
            name: Texture(weight_pixels(tile, self.scales[name]).repeat(FINE, 0).repeat(FINE, 1))
            for name, tile in tiles.items()
        }
        self.landed, self.walled = 0.0, 0.0
        super().__init__(Eye(yaw=0, pitch=0))
        self.within = box
        self.see(self.whole())

    def land(self, landed: float) -> Self:
        """Let so many tiles be down; they fall towards the wall."""
        self.landed = landed
        return self.see(self.eye)

    def surround(self, opacity: float) -> Self:
        """Show what is around."""
        self.walled = opacity
        return self.see(self.eye)

    def whole(self, yaw: float = 0.0, pitch: float = 0.0) -> Eye:
        """The eye that sees the model's own tiles, as large as may be."""
        eye = Eye(yaw=yaw, pitch=pitch, distance=DISTANCE)
        return eye.fitted(_corners(_hull(self.places), 0.0), self.box)

    def wall(self) -> Eye:
        """The eye that sees all that is around as well."""
        hull = _hull(self.around_places)
        eye = Eye(yaw=0, pitch=0, distance=DISTANCE * sqrt(hull.width * hull.height))
        return eye.fitted(_corners(hull, 0.0), self.box)

    def weight_at(self, name: str, row: int, column: int) -> Box:
        """The place of one weight of a tile in the world."""
        place, (rows, columns) = self.places[name], self.tiles[name].shape
        high, wide = place.height / rows, place.width / columns
        left, top = place.left + column * wide, place.top - row * high
        return Box(left, left + wide, top - high, top)

    def near(self, place: Box, share: float) -> Eye:
        """The eye from the front that sees this place in the middle of the box, with that share of it."""
        zoom = share * min(self.box.width / place.width, self.box.height / place.height)
        return Eye(
            yaw=0, pitch=0, distance=DISTANCE, zoom=zoom, target=place.center, place=self.box.center[:2]
        )

    def centred(self, eye: Eye, place: Box) -> Eye:
        """The same view from the front, by an eye that looks at this place: a flight from it is straight."""
        x, y, _z = eye.project(place.center)
        return replace(eye, target=place.center, place=(float(x), float(y)))

    def corners(self, name: str) -> Corners:
        """A landed tile on the frame: top left, top right, bottom right, bottom left, (4, 3)."""
        return self.eye.project(_corners(self.places[name], 0.0))

    def labels(self, names: Mapping[str, str]) -> VGroup:
        """A name on each of the model's own tiles, as it is seen now, on which there is room for it."""
        labels = VGroup()
        for name, place in self.places.items():
            words, seen = text(names[name], LABEL, palette.INK), self.eye.project(_corners(place, 0.0))
            if _fits(words, seen):
                ground = Rectangle(width=words.width + 0.2, height=words.height + 0.06, stroke_width=0)
                ground.set_fill(palette.GROUND, opacity=0.75)
                labels.add(VGroup(ground, words).move_to(seen.mean(axis=0)))
        return labels

    def labels_around(self, names: Mapping[str, str]) -> VGroup:
        """A name in the top left corner of each rectangle around in which there is room for it."""
        labels = VGroup()
        for name, place in self.around_places.items():
            words, seen = text(names[name], LABEL, palette.INK), self.eye.project(_corners(place, 0.0))
            if _fits(words, seen):
                half = np.array([words.width / 2 + 0.12, -words.height / 2 - 0.08, 0])
                labels.add(words.move_to(seen[0] + half))
        return labels

    def ringed(self, words: str) -> VGroup:
        """A ring around the model's own tiles, as they are seen now, and words above it."""
        seen = self.eye.project(_corners(_hull(self.places), 0.0))
        reach = max(RING, 0.75 * float(np.linalg.norm(seen[2] - seen[0])))
        ring = Circle(reach, stroke_color=palette.QUERY, stroke_width=3).move_to(seen.mean(axis=0))
        name = text(words, 0.34, palette.QUERY, fit=self.box.width - 0.4).next_to(ring, UP, buff=0.1)
        return VGroup(ring, name)

    def opened(self, name: str, row: int, column: int, digits: int = 4) -> VGroup:
        """One weight of a tile, as it is seen now, in its colour, and in it its number."""
        corners = self.eye.project(_corners(self.weight_at(name, row, column), 0.0))
        value = self.tiles[name][row : row + 1, column : column + 1]
        colour = weight_pixels(value, self.scales[name])[0, 0, :3] / 255
        cell = Polygon(*corners, stroke_color=palette.QUERY, stroke_width=4)
        cell.set_fill(palette.hexadecimal((colour[0], colour[1], colour[2])), opacity=1)
        number = text(signed(float(value[0, 0]), digits), NUMBER, palette.GROUND, fit=0.8 * cell.width)
        return VGroup(cell, number.move_to(cell))

    def faces(self) -> Sequence[Face]:
        """What is around, then the tiles that are down, then those that fall."""
        faces = [
            Face(
                palette.mix(palette.GROUND, self.hues[name], TINT), _corners(place, 0.0), opacity=self.walled
            )
            for name, place in _shrunk(self.around_places).items()
        ]
        rim, hull = RIM / self.eye.zoom, _hull(self.places)
        stamp = Box(hull.left - rim, hull.right + rim, hull.bottom - rim, hull.top + rim)
        faces.append(Face(palette.BRIGHTEST, _corners(stamp, 0.0), opacity=self.walled))
        for index, (name, place) in enumerate(_shrunk(self.places).items()):
            way = min(1.0, max(0.0, self.landed - index))
            if way > 0:
                height = -HEIGHT * (1 - way) ** 2
                faces.append(Face(self.skins[name], _corners(place, height), opacity=min(1.0, 2 * way)))
        return faces


def _cut(counts: Mapping[str, int], area: float, box: Box) -> dict[str, Box]:
    """A treemap of this area around the world's middle, of the shape of `box`."""
    wide, high = sqrt(area * box.width / box.height), sqrt(area * box.height / box.width)
    whole = Box(-wide / 2, wide / 2, -high / 2, high / 2)
    return dict(zip(counts, treemap(list(counts.values()), whole), strict=True))


def _hull(places: Mapping[str, Box]) -> Box:
    boxes = places.values()
    return Box(
        min(b.left for b in boxes),
        max(b.right for b in boxes),
        min(b.bottom for b in boxes),
        max(b.top for b in boxes),
    )


def _shrunk(places: Mapping[str, Box]) -> dict[str, Box]:
    """The places with gaps between them, the same everywhere; a thin one keeps half of its width."""
    hull = _hull(places)
    apart = APART * min(hull.width, hull.height) / 2
    shrunk = {}
    for name, box in places.items():
        x, y = min(apart, box.width / 4), min(apart, box.height / 4)
        shrunk[name] = Box(box.left + x, box.right - x, box.bottom + y, box.top - y)
    return shrunk


def _corners(box: Box, z: float) -> Corners:
    left, right, bottom, top = box.left, box.right, box.bottom, box.top
    return np.array([[left, top, z], [right, top, z], [right, bottom, z], [left, bottom, z]])


def _fits(words: VMobject, corners: Corners) -> bool:
    """Whether words have room in the rectangle of these corners."""
    wide, high = (float(size) for size in (corners[1] - corners[3])[:2])
    return bool(words.width + 0.3 < wide and words.height + 0.2 < high)
