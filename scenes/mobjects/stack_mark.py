"""The whole model as a small mark: text, embedding, layers, unembedding, choice, and one place in it lit."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from manim import VGroup, VMobject

from scenes import Place
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text

HEIGHT = 0.24  # frame units
WIDEST, NARROWEST = 2.6, 1.1  # of the picture alone
NAME_SIZE, NAME_GAP = 0.2, 0.16
UNLIT = 0.35  # opacity of what the scene is not about
IN, OUT = 0.4, 0.4  # seconds of coming and going
LIGHTING = (0.4, 0.9)  # seconds at which the place begins to be lit, and is
SEAM = 0.6  # of the way to the next one
SLIMMEST = 0.045  # frame units of a seam that is lit, however many there are
# What is drawn from left to right, and where each begins and ends, of the width.
SPANS = {
    Place.TEXT: (0.0, 0.055),
    Place.EMBEDDING: (0.085, 0.15),
    Place.LAYERS: (0.18, 0.82),
    Place.UNEMBEDDING: (0.85, 0.915),
    Place.CHOICE: (0.945, 1.0),
}


class StackMark(VGroup):
    """A diagram of the model with as many layers as it has: no numbers of the run are in it.

    Args:
        place: what is lit.
        layers: of the model; each is an amber seam, attention, and a green one, the MLP.
        layer: the one that is lit alone, where a scene is about one; else all are.
        box: where it may be; it stands at the right end of it, the place's name before it where that fits.

    Attributes:
        lit, unlit: the parts that get light and those that do not.
    """

    def __init__(self, place: Place, layers: int, layer: int | None, box: Box) -> None:
        super().__init__()
        name = text(_(place.value), NAME_SIZE, palette.FAINT)
        beside = NAME_GAP + name.width
        named = box.width >= NARROWEST + beside
        width = min(WIDEST, box.width - beside * named)
        left, middle = box.right - width, box.center[1]
        self._picture = Box(left, box.right, middle - HEIGHT / 2, middle + HEIGHT / 2)
        name.move_to([left - NAME_GAP - name.width / 2, middle, 0])
        self.place, self.layers, self.layer = place, layers, layer
        self.lit, self.unlit = VGroup(), VGroup()
        for part, where in self._parts(place):
            (self.lit if where else self.unlit).add(part)
        self.names = VGroup(name) if named else VGroup()
        self.add(self.unlit, self.lit, self.names)
        self.show(0.0, 0.0)

    @staticmethod
    def fits(box: Box) -> bool:
        """Whether there is room for the picture."""
        return box.width >= NARROWEST

    def show(self, there: float, light: float) -> None:
        """How far it has come, 0…1, and how much light its place has, 0…1."""
        self.unlit.set_fill(opacity=UNLIT * there)
        self.lit.set_fill(opacity=(UNLIT + (1 - UNLIT) * light) * there)
        self.names.set_opacity(light * there)

    def at(self, time: float, end: float) -> None:
        """Show it as it is `time` seconds after it begins to come; at `end` it is gone."""
        there = min(time / IN, (end - time) / OUT, 1.0)
        light = (time - LIGHTING[0]) / (LIGHTING[1] - LIGHTING[0])
        self.show(float(np.clip(there, 0, 1)), float(np.clip(light, 0, 1)))

    def _parts(self, place: Place) -> Iterable[tuple[VMobject, bool]]:
        """What is drawn, and whether it is lit."""
        whole = place is Place.WHOLE
        third = HEIGHT / 3
        left, right, _bottom, top = self._span(Place.TEXT)
        tiles = [Box(left, right, top - third * (n + 0.8), top - third * n) for n in range(3)]
        yield filled(tiles, palette.token_colour(0)), whole or place is Place.TEXT
        for matrix in (Place.EMBEDDING, Place.UNEMBEDDING):
            yield filled([Box(*self._span(matrix))], palette.POSITIVE_LARGE), whole or place is matrix
        yield from self._seams(place)
        left, right, _bottom, top = self._span(Place.CHOICE)
        bars = [
            Box(left, left + (right - left) * share, top - third * (n + 0.8), top - third * n)
            for n, share in enumerate((1.0, 0.6, 0.35))
        ]
        yield filled(bars, palette.KEY), whole or place is Place.CHOICE

    def _seams(self, place: Place) -> Iterable[tuple[VMobject, bool]]:
        left, right, bottom, top = self._span(Place.LAYERS)
        way = (right - left) / (2 * self.layers)
        all_layers = place in (Place.LAYERS, Place.WHOLE)
        for number, (kind, hue) in enumerate(
            ((Place.ATTENTION, palette.ATTENTION_HUE), (Place.MLP, palette.GELU))
        ):
            about = all_layers or place is kind
            middles = left + way * (np.arange(self.layers) * 2 + number + 0.5)
            chosen = [self.layer] if about and self.layer is not None else [*range(self.layers)]
            for lit in (False, True):
                slim = max(SLIMMEST, SEAM * way) if lit and self.layer is not None else SEAM * way
                shown = [n for n in range(self.layers) if (about and n in chosen) is lit]
                seams = [Box(middles[n] - slim / 2, middles[n] + slim / 2, bottom, top) for n in shown]
                if seams:
                    yield filled(seams, hue), lit

    def _span(self, place: Place) -> tuple[float, float, float, float]:
        start, end = SPANS[place]
        box = self._picture
        return box.left + start * box.width, box.left + end * box.width, box.bottom, box.top


def filled(boxes: Iterable[Box], colour: str) -> VMobject:
    """Some boxes as one shape."""
    shape = VMobject(stroke_width=0, fill_color=colour, fill_opacity=1)
    for box in boxes:
        corners = [(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]
        shape.start_new_path(np.array([*corners[0], 0.0]))
        shape.add_points_as_corners([np.array([*corner, 0.0]) for corner in (*corners[1:], corners[0])])
    return shape
