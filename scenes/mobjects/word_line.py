"""Pairs of words on one line, true to scale: the first of each below it, the second above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Circle, Dot, Line, VGroup

from scenes.declared import scale_mark
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.hues import HUES
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.plot import Axis, short
from scenes.mobjects.spread import spread
from scenes.mobjects.token_row import token_words

SIZES = (0.42, 0.38, 0.34, 0.3, 0.26, 0.22)  # em of the words
RAIL = 0.42  # frame units from the line to where the dots of one kind lie
POLE = 0.34  # frame units from a dot to the lowest names
PITCH, ROWS = 1.2, 3  # em from row to row of names, and how many rows there are if all have room
RIM = 6  # stroke width of a name's rim in the ground's colour: poles pass behind
DOT, RING = 0.09, 0.18
DIM = 0.3

Floats = npt.NDArray[np.float64]


class WordLine(VGroup):
    """A line with ticks; on two rails a dot for each word, at its value, and a pole that leads to its name.

    Names that would touch fan out, over as many rows as there is room for; no dot is moved. A thread joins
    the two of a pair.

    Args:
        pieces: the names of each pair's two words.
        values_P2: where they lie.
        box: where to stand.
        marked: pairs whose names are yellow.

    Attributes:
        dots, names, poles: for each pair, the two words'.
        threads: of each pair.
        rings: red, around the dots of the pairs that are judged to be wrong.
        grown: how far the words have come from 0 to their values, 0…1.
        judged: how many pairs have been judged.
        wrong: pairs whose second value is not above the first.
    """

    def __init__(
        self,
        pieces: Sequence[tuple[bytes, bytes]],
        values_P2: npt.ArrayLike,
        box: Box,
        marked: Sequence[int] = (),
    ) -> None:
        self.values = np.asarray(values_P2, dtype=np.float64)
        self.wrong = [int(pair) for pair in np.flatnonzero(self.values[:, 1] <= self.values[:, 0])]
        reach = [min(0.0, float(self.values.min())), max(0.0, float(self.values.max()))]
        margin = 0.04 * (reach[1] - reach[0]) or 1.0
        self.axis = Axis(reach[0] - margin, reach[1] + margin)
        self._box, self._y = box, box.center[1]
        ends = [np.array([x, self._y, 0.0]) for x in (box.left, box.right)]
        self.line = Line(*ends, stroke_color=palette.FAINT, stroke_width=2)
        self.ticks = VGroup()
        for value in self.axis.ticks(7 if box.width > 10 else 4):
            x = self.x(value)
            self.ticks.add(
                Line([x, self._y + 0.07, 0], [x, self._y - 0.07, 0], color=palette.FAINT, stroke_width=2)
            )
            words = text(short(scale_mark(value)), 0.22, palette.FAINT).move_to([x, self._y - 0.2, 0])
            left, right = box.left + words.width / 2, box.right - words.width / 2
            self.ticks.add(words.set_x(float(np.clip(x, left, right))))
        colours = [
            (palette.QUERY, palette.QUERY) if pair in marked else (HUES[0], HUES[1])
            for pair in range(len(pieces))
        ]
        rim = {"stroke_color": palette.GROUND, "stroke_width": 1.5}  # dots that overlap are seen apart
        self.dots = [tuple(Dot(radius=DOT, color=hue, **rim) for hue in (HUES[0], HUES[1])) for _ in pieces]
        self.threads = [Line(stroke_width=1.5, color=palette.FAINT) for _ in pieces]
        self.poles = [tuple(Line(stroke_width=1, color=hue) for hue in pair) for pair in colours]
        self.rings = [
            tuple(Circle(radius=RING, stroke_width=3, color=palette.VALUE) for _ in "12") for _ in pieces
        ]
        self.names = self._named(pieces, colours)
        self.grown, self.judged = 0.0, 0
        parts = (pair for group in (self.poles, self.rings, self.dots, self.names) for pair in group)
        super().__init__(self.line, self.ticks, *self.threads, *(part for pair in parts for part in pair))
        self.grow(0.0)

    def x(self, value: float) -> float:
        """Where a value lies."""
        return self._box.left + float(self.axis.share(value)) * self._box.width

    def _named(
        self, pieces: Sequence[tuple[bytes, bytes]], colours: Sequence[tuple[str, str]]
    ) -> list[tuple[Lettering, Lettering]]:
        """Names in rows, in the largest size at which all of them have a place in the box."""
        for size in SIZES:
            names = [
                (
                    token_words(one.strip(b" ") or one, size, a),
                    token_words(other.strip(b" ") or other, size, b),
                )
                for (one, other), (a, b) in zip(pieces, colours, strict=True)
            ]
            apart = max(name.width for pair in names for name in pair) + 0.5 * size
            rows = int((self._box.height / 2 - RAIL - POLE) / (PITCH * size))
            each = int((self._box.width + 0.5 * size) / apart)
            if rows * each >= len(names):
                break
        rows = max(1, min(rows, max(ROWS, -(-len(names) // max(1, each)))))
        self.places = np.zeros((len(names), 2, 2))
        for side, away in ((0, -1), (1, 1)):
            order = np.argsort(self.values[:, side], kind="stable")
            for row in range(rows):
                of = order[row::rows]
                ends = self._box.left + apart / 2 - 0.25 * size, self._box.right - apart / 2 + 0.25 * size
                self.places[of, side, 0] = spread([self.x(v) for v in self.values[of, side]], apart, *ends)
                self.places[of, side, 1] = self._y + away * (RAIL + POLE + (row + 0.5) * PITCH * size)
        self._half = 0.4 * size
        return names

    def grow(self, grown: float) -> Self:
        """All values times `grown`: the words come from 0 and arrive at 1, where their names appear."""
        self.grown = grown
        named = float(np.clip(4 * grown - 3, 0, 1))
        for pair, values in enumerate(self.values):
            ends = []
            for side, away in ((0, -1), (1, 1)):
                dot, pole, name = (group[pair][side] for group in (self.dots, self.poles, self.names))
                ends.append(np.array([self.x(float(values[side]) * grown), self._y + away * RAIL, 0.0]))
                dot.move_to(ends[-1])
                self.rings[pair][side].move_to(ends[-1])
                place = np.append(self.places[pair, side], 0.0)
                pole.put_start_and_end_on(ends[-1], place - [0, away * self._half, 0])
                pole.set_opacity(0.5 * named)
                name.move_to(place).set_fill(opacity=named).set_stroke(opacity=named)
                name.set_stroke(palette.GROUND, RIM, named, background=True)
            self.threads[pair].put_start_and_end_on(*ends)
        return self.judge(self.judged)

    def judge(self, pairs: float) -> Self:
        """Judge the first so many pairs: the wrong ones are ringed, the others step back."""
        self.judged = round(pairs)
        for pair in range(len(self.values)):
            done = pair < self.judged
            bad = done and pair in self.wrong
            for ring in self.rings[pair]:
                ring.set_stroke(opacity=float(bad))
            self.threads[pair].set_stroke(
                palette.VALUE if bad else palette.FAINT,
                opacity=1.0 if bad else 0.55 if done or not self.judged else DIM,
            )
        return self
