"""A tug of war: a rope between two tokens slides down a model's layers, and each part pulls its knot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DashedLine, Dot, Line, VGroup, VMobject

from scenes.declared import bound, scale_mark
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import signed
from scenes.mobjects.plot import Axis, short
from scenes.mobjects.readout import Readout
from scenes.mobjects.spread import spread
from scenes.mobjects.token_row import TokenChip
from scenes.pulls import Pull, digits, pace, path

HEAD, FOOT, SIDE = 0.85, 1.2, 0.6  # frame units above the rows, below them, and left of them
NAME, NUMBER, NOTE, LABEL = 0.42, 0.62, 0.3, 0.26  # em
LEAST_SIDE = 0.3  # of the longer side of zero, for the shorter one
STRAND, WAVE = 0.032, 0.24  # frame units that a strand of the rope swings, and from one turn to the next
THICKEST, THINNEST = 12.0, 3.0  # stroke widths of the trail
BELOW = 0.06  # frame units from a row's lower edge to the rope that has pulled it
LEADS = 0.22  # opacity of the ground between zero and the knot's trail
RUNG = 0.45  # opacity of a line where a layer begins
APART = 0.32  # frame units between the numbers of two layers
NAMED = 3  # pulls with a label

COLOURS = {"attention": palette.ATTENTION_HUE, "MLP": palette.GELU}

Floats = npt.NDArray[np.float64]


class TugOfWar(VGroup):
    """Pulls from top to bottom, for the winner to the right, for the runner-up to the left, all to one scale.

    Args:
        pulls: what pulls, in order.
        ends: the runner-up and the winner.
        box: what it fills.

    Attributes:
        path: where the knot stands before the first pull, and after each.
        done: how many pulls are done; between two of them the knot is on its way.
        trail: a stroke for each pull.
        grounds: what lies between zero and the trail, in the hue of whoever is ahead.
        labels: of the strongest pulls, at their strokes.
        knot, number: the knot, and what it stands at.
        axis: the values at both posts.
        box: where it is now.
    """

    def __init__(self, pulls: Sequence[Pull], ends: tuple[bytes, bytes], box: Box) -> None:
        self.pulls, self.path = list(pulls), path(pulls)
        low, high = float(self.path.min()), float(self.path.max())
        low, high = min(low, -LEAST_SIDE * high), max(high, -LEAST_SIDE * low)
        room = 0.08 * (high - low) or 1.0
        self.axis = Axis(low - room, high + room)
        tones = palette.NEGATIVE_RAMP[-1], palette.POSITIVE_RAMP[-1]
        hues = [palette.hexadecimal(tuple(tone / 255)) for tone in tones]
        self.chips = VGroup(
            *(TokenChip(end, 0, NAME, 14).tint(hue) for end, hue in zip(ends, hues, strict=True))
        )
        self.posts = VGroup(*(Line(stroke_width=3, color=hue) for hue in hues))
        self.zero = DashedLine([0, 0, 0], [0, -1, 0], dash_length=0.08, stroke_width=2, color=palette.FAINT)
        self.values = self.axis.ticks(7)
        self.ticks = VGroup(*(text(_signed(scale_mark(value)), 0.22, palette.FAINT) for value in self.values))
        self.trail = VGroup(*(VMobject(stroke_color=_colour(pull)) for pull in self.pulls))
        self.grounds = VGroup(*(VMobject(stroke_width=0, fill_color=hue, fill_opacity=LEADS) for hue in hues))
        self.labels = VGroup()
        self.steps = VGroup(*(Line(stroke_width=1.5, color=palette.FAINT) for _pull in self.pulls))
        self.rope = VGroup(*(VMobject(stroke_width=5.5) for _strand in range(2)))
        self.knot = Dot(radius=0.13, color=palette.QUERY)
        self.number = Readout("", self._stands, [low, high], NUMBER, palette.QUERY)
        self.note = text("", NOTE, palette.CAPTION)
        self.layers = VGroup()
        self.done = 0.0
        behind = (self.layers, self.grounds, self.zero)
        parts = (*behind, self.posts, self.ticks, self.steps, self.trail, self.rope)
        super().__init__(*parts, self.chips, self.knot, self.number, self.note)
        self.fit(box)

    def fit(self, box: Box | npt.ArrayLike) -> Self:
        """Fill another box, or (left, right, bottom, top)."""
        self.box = box if isinstance(box, Box) else Box(*np.asarray(box, dtype=float))
        box = self.box
        left, right = self.x(self.axis.low), self.x(self.axis.high)
        for chip, x, way in zip(self.chips, (left, right), (1, -1), strict=True):
            chip.scale(min(1.0, 0.36 * box.width / chip.width))
            chip.move_to([x + way * chip.width / 2, box.top - chip.height / 2, 0])
        top, bottom = box.top - self.chips.height, self.foot
        for post, x in zip(self.posts, (left, right), strict=True):
            post.put_start_and_end_on([x, top, 0], [x, bottom, 0])
        self.zero.become(
            DashedLine(
                [self.x(0), self.y(0) + 0.3, 0],
                [self.x(0), bottom, 0],
                dash_length=0.08,
                stroke_width=2,
                color=palette.FAINT,
            )
        )
        for tick, value in zip(self.ticks, self.values, strict=True):
            tick.move_to([self.x(value), bottom - 0.2, 0])
        self._number_layers()
        return self.show(self.done)

    @property
    def foot(self) -> float:
        """The height of the posts' feet."""
        return self.box.bottom + 0.4

    def x(self, value: float) -> float:
        """Where a value of the knot lies."""
        share = float(self.axis.share(value))
        return self.box.left + SIDE + share * (self.box.width - SIDE - 0.15)

    def y(self, done: float) -> float:
        """How high the rope hangs after so many pulls."""
        top, bottom = self.box.top - HEAD, self.box.bottom + FOOT
        return top - done / len(self.pulls) * (top - bottom)

    def rows_of(self, layer: int) -> tuple[float, float]:
        """The upper and the lower edge of a layer's rows."""
        rows = [number for number, pull in enumerate(self.pulls) if pull.layer == layer]
        return self.y(rows[0]), self.y(rows[-1] + 1)

    def rows_in(self, box: Box) -> tuple[float, float]:
        """Where the first layer's rows begin and the last one's end, were it in that box."""
        here = self.box
        self.fit(box)
        edges = self.rows_of(0)[0], self.rows_of(max(pull.layer for pull in self.pulls))[1]
        self.fit(here)
        return edges

    def paced(self, begun: int, moment: float) -> Self:
        """Show the pulls from `begun` on at a moment, 0…1, of the time that they take."""
        times = pace(self.pulls[begun:])
        return self.show(float(np.interp(moment, times, begun + np.arange(len(times)))))

    def show(self, done: float) -> Self:
        """Show the knot after so many pulls, and the trail that it left."""
        self.done = done
        number = max(0, int(np.ceil(done)) - 1)
        pitch = self.y(0) - self.y(1)
        width = float(np.clip(80 * pitch, THINNEST, THICKEST))
        for row, (stroke, step) in enumerate(zip(self.trail, self.steps, strict=True)):
            shown = float(np.clip(done - row, 0, 1))
            height = self.y(row + 0.5)
            start = self.x(self.path[row])
            end = start + shown * (self.x(self.path[row + 1]) - start)
            stroke.set_points_as_corners([[start, height, 0], [end + 1e-4, height, 0]])
            stroke.set_stroke(width=width, opacity=float(shown > 0))
            before = self.y(max(0.0, row - 0.5))
            step.put_start_and_end_on([start, before, 0], [start, height - 1e-4, 0])
            step.set_stroke(opacity=float(shown > 0))
        self._ground(done)
        value = float(np.interp(done, np.arange(len(self.path)), self.path))
        self._hang(self.x(value), self.y(done) - BELOW)
        self.number.show(value)
        self.number.move_to([0, self.y(done) - BELOW - 0.5, 0])
        figures = self.number.number
        self.number.shift([self._held(self.x(value), figures.width) - figures.get_x(), 0, 0])
        pull = self.pulls[number]
        going = 0 < done < len(self.pulls)
        self.note.set_color(_colour(pull))
        self.note.rewrite(f"{pull.name}  {signed(pull.share, 2)}" if going else "")
        middle = (self.chips[0].get_right()[0] + self.chips[1].get_left()[0]) / 2
        self.note.move_to([middle, self.box.top - self.chips.height / 2, 0])
        return self

    @property
    def free(self) -> float:
        """The width between the two tokens, less a margin."""
        return float(self.chips[1].get_left()[0] - self.chips[0].get_right()[0]) - 0.4

    def label(self) -> VGroup:
        """Name the strongest pulls beside their strokes, those for which there is room."""
        self.labels.submobjects = []
        rows = sorted(sorted(range(len(self.pulls)), key=lambda row: -abs(self.pulls[row].share))[:NAMED])
        middles = [self.y(row + 0.5) for row in rows]
        low, high = self.y(len(self.pulls)) + 0.3, self.y(0)
        heights = spread(middles, 1.3 * LABEL, low, high)
        for row, height in zip(rows, heights, strict=True):
            pull = self.pulls[row]
            words = text(f"{pull.name}  {signed(pull.share, 2)}", LABEL, palette.INK)
            near = [
                self.x(self.path[end])
                for each in range(len(self.pulls))
                if abs(self.y(each + 0.5) - height) < 0.75 * LABEL
                for end in (each, each + 1)
            ] or [self.x(self.path[row])]
            half = words.width / 2
            sides = (max(near) + 0.25 + half, min(near) - 0.25 - half)
            left, right = self.x(self.axis.low) + half + 0.1, self.x(self.axis.high) - half
            free = [x for x in sides if left < x < right]
            if free:
                self.labels.add(words.move_to([free[0], height, 0]))
        return self.labels

    def _ground(self, done: float) -> None:
        """Between zero and the knot, row by row, as far as the rope has come."""
        corners: list[list[Floats]] = [[], []]
        for row in range(int(np.ceil(done))):
            ends = self.path[row], self.path[row + 1]
            value = ends[0] + min(1.0, done - row) * (ends[1] - ends[0])
            x, zero, top, bottom = self.x(value), self.x(0), self.y(row), self.y(min(done, row + 1))
            square = np.array(
                [[zero, top, 0], [x, top, 0], [x, bottom, 0], [zero, bottom, 0], [zero, top, 0]]
            )
            corners[int(value > 0)].append(square)
        for ground, squares in zip(self.grounds, corners, strict=True):
            ground.clear_points()
            for square in squares:
                ground.start_new_path(square[0])
                ground.add_points_as_corners(square[1:])

    def _stands(self, value: float) -> str:
        places = digits(float(self.path[-1]))
        return signed(value, places) if abs(value) >= 0.5 * 10**-places else str(bound(0, value))

    def _held(self, x: float, width: float) -> float:
        half = width / 2 + 0.08
        return float(np.clip(x, self.x(self.axis.low) + half, self.x(self.axis.high) - half))

    def _hang(self, x: float, y: float) -> None:
        """The rope through the knot: two strands, which go along with it."""
        left, right = self.x(self.axis.low), self.x(self.axis.high)
        xs = np.linspace(left, right, max(3, int((right - left) / 0.03)))
        for strand, tone, phase in zip(self.rope, (palette.CAPTION, palette.REST), (0, np.pi), strict=True):
            ys = y + STRAND * np.sin(2 * np.pi * (xs - x) / WAVE + phase)
            strand.set_points_as_corners(np.stack([xs, ys, np.zeros_like(xs)], axis=-1))
            strand.set_stroke(tone)
        self.knot.move_to([x, y, 0])

    def _number_layers(self) -> None:
        """The numbers of as many layers as have room, left of the posts."""
        layers = 1 + max(pull.layer for pull in self.pulls)
        high = self.rows_of(0)[0] - self.rows_of(0)[1]
        every = next(n for n in (1, 2, 5, 10, 20, 50, layers) if n * high >= APART or n >= layers)
        self.layers.submobjects = []
        for layer in range(0, layers, every):
            upper, lower = self.rows_of(layer)
            number = text(str(layer), 0.2, palette.FAINT)
            number.move_to([self.box.left + SIDE - 0.14 - number.width / 2, (upper + lower) / 2, 0])
            ends = [[self.x(value), upper, 0] for value in (self.axis.low, self.axis.high)]
            rung = Line(*ends, stroke_width=1, color=palette.REST).set_stroke(opacity=RUNG)
            self.layers.add(rung, number)
        word = text(_("layer"), 0.2, palette.FAINT).rotate(np.pi / 2)
        place = [self.box.left + word.width / 2, (self.y(0) + self.y(len(self.pulls))) / 2, 0]
        self.layers.add(word.move_to(place))


def _colour(pull: Pull) -> str:
    return COLOURS.get(pull.kind, palette.INK)


def _signed(value: float) -> str:
    return f"+{short(value)}" if value > 0 else short(value)
