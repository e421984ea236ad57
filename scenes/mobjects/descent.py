"""How likely texts become as they grow: each falls by the log-probability of every token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Dot, Line, LineJointType, VGroup, VMobject

from scenes.declared import scale_mark
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.beam_tree import Search
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import plain
from scenes.mobjects.plot import Axis
from scenes.mobjects.ribbon import ribbon
from scenes.mobjects.spread import spread
from scenes.mobjects.token_row import token_words

HIGH, NARROWEST, BROADEST = 1.0, 0.4, 2.1  # world units, of the plane
TICK, LABEL, TOKEN = 0.24, 0.32, 0.28  # em
WIDEST, THINNEST = 0.2, 0.022  # frame units of a token that is certain, and at the least
GLOW = ((14, 0.1), (6, 0.2))  # stroke width around a river, opacity
PARTS = 6  # points along a token
RIM = 5  # stroke width of words' rim in the ground's colour
AWAY = 0.22  # frame units from an end to its words
APART = 0.44  # from one end's words to the next

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fall:
    """One text: its name, and its tokens with the log-probability of each."""

    name: str
    pieces: Sequence[bytes]
    logprobs: Floats

    @property
    def so_far(self) -> Floats:
        """The text's log-probability after each token, from 0 before the first."""
        return np.concatenate([[0.0], np.cumsum(self.logprobs)])


class Descent(VGroup):
    """Steps to the right, log-probability so far downwards, on a plane that is seen aslant.

    A river is as wide as its token is likely; the deepest single fall of all has its token beside it.

    Args:
        falls: the texts.
        search: what it dropped hangs as twigs from its text.
        box: what it takes, the words at the ends included.
        eye: from where it is seen; zoomed and placed so that it fits the box.

    Attributes:
        rivers: for each text its glow, and last a band for each token.
        twigs: of the search, each from where a text goes on to where it stands.
        deepest: the text and the token of the deepest fall.
        labels: at the ends: the name, and the mean log-probability of a token.
        flown: how many tokens the texts have.
        eye: see `see`.
    """

    def __init__(self, falls: Sequence[Fall], search: Search, box: Box, eye: Eye) -> None:
        self.falls, self.box = falls, box
        self.steps = max(len(fall.logprobs) for fall in falls)
        self._twigs = list(twigs(search))
        ends = [float(fall.so_far[-1]) for fall in falls]
        self.low = min([*ends, *(float(values.min()) for _steps, values in self._twigs), -0.5])
        self.rivers = VGroup(*map(_river, falls))
        self.twigs = VGroup(*(
            VMobject(stroke_color=palette.REST, stroke_width=2.5) for _twig in self._twigs
        ))  # fmt: skip
        self.ticks: dict[float, Lettering] = {
            value: text(plain(scale_mark(value), 0), TICK, palette.FAINT)
            for value in Axis(self.low, 0.0).ticks(5)
            if value == round(value)
        }
        self.grid = VGroup(*(Line(stroke_width=1.4, color=palette.REST) for _value in self.ticks))
        self.axis = text(_("log-probability so far"), TICK, palette.CAPTION)
        self.dots = VGroup(*(Dot(radius=0.07, color=palette.WRITTEN) for _fall in falls))
        self.labels = VGroup(*(
            text(f"{fall.name}  {plain(float(fall.logprobs.mean()), 2)}", LABEL, palette.INK)
            for fall in falls
        ))  # fmt: skip
        self.leaders = VGroup(*(Line(stroke_width=1.4, color=palette.FAINT) for _fall in falls))
        self.head = text(_("per token"), TICK, palette.CAPTION)
        least = [float(fall.logprobs.min()) for fall in falls]
        text_of = int(np.argmin(least))
        self.deepest = (text_of, int(np.argmin(falls[text_of].logprobs)))
        piece = falls[text_of].pieces[self.deepest[1]]
        self.fallen = (
            VGroup(
                token_words(piece, TOKEN, palette.WRITTEN, 12), text(plain(min(least), 1), TOKEN, palette.INK)
            )
            .arrange(buff=0.1)
            .set_stroke(palette.GROUND, RIM, background=True)
        )
        super().__init__(
            self.grid, *self.ticks.values(), self.axis, self.twigs, self.leaders, self.rivers, self.dots,
            self.labels, self.head, self.fallen,
        )  # fmt: skip
        side = max(label.width for label in self.labels) + AWAY + 0.1
        left = max((label.width for label in self.ticks.values()), default=0.0) + 0.3
        room = Box(box.left + left, box.right - side, box.bottom + 0.1, box.top - 0.4)
        self.wide = float(np.clip(HIGH * room.width / room.height, NARROWEST, BROADEST))
        corners = np.array([(x, y, 0) for x in (0, self.wide) for y in (0, HIGH)], dtype=float)
        target = (self.wide / 2, HIGH / 2, 0.0)
        self.eye = replace(eye, distance=3.6, target=target).fitted(corners, room)
        self.flown = float(self.steps)
        self.see(self.eye)

    def world(self, step: npt.ArrayLike, value: npt.ArrayLike) -> Points:
        """Where log-probabilities after so many tokens are in the world, (n, 3)."""
        x = np.asarray(step, dtype=float) / self.steps * self.wide
        y = HIGH * (1 - np.asarray(value, dtype=float) / self.low)
        return np.stack([*np.broadcast_arrays(x, y), np.zeros(np.shape(x))], axis=-1)

    def flow(self, steps: float) -> Self:
        """The texts have so many tokens."""
        self.flown = steps
        return self.see(self.eye)

    def swung(self, degrees: float) -> Eye:
        """The eye, gone round by so many degrees."""
        return replace(self.eye, yaw=self.eye.yaw + degrees)

    def see(self, eye: Eye) -> Self:
        """Draw what this eye sees."""
        self.eye = eye
        ends = []
        for fall, river in zip(self.falls, self.rivers, strict=True):
            so_far, seen = fall.so_far, min(self.flown, float(len(fall.logprobs)))
            self._draw(river, fall, seen)
            ends.append(eye.project(self.world([seen], np.interp([seen], range(len(so_far)), so_far)))[0])
        for twig, (steps, values) in zip(self.twigs, self._twigs, strict=True):
            at = np.array([steps[0], float(np.clip(self.flown, *steps))])
            twig.set_points_as_corners(eye.project(self.world(at, np.interp(at, steps, values))))
            twig.set_stroke(opacity=0.9 if self.flown > steps[0] else 0.0)
        self._name(ends)
        self._rule(eye)
        row, token = self.deepest
        at = self.world([token + 0.5], [float(self.falls[row].so_far[token : token + 2].mean())])
        x, y, _z = eye.project(at)[0]
        beside = max((label.get_right()[0] for label in self.ticks.values()), default=self.box.left)
        left = max(x - 0.3 - self.fallen.width, beside + 0.1)
        self.fallen.move_to([left + self.fallen.width / 2, y - 0.24, 0])
        there = float(np.clip(self.flown - token, 0, 1))
        self.fallen.set_fill(opacity=there).set_stroke(opacity=there)
        self.fallen.set_stroke(opacity=there, background=True)
        return self

    def _name(self, ends: list[Points]) -> None:
        """The names in a column at the right, a hairline from each end to its own."""
        heights = spread([end[1] for end in ends], APART, self.box.bottom + 0.2, self.box.top - 0.6)
        left = max(float(end[0]) for end in ends) + AWAY
        for dot, leader, label, end, y in zip(
            self.dots, self.leaders, self.labels, ends, heights, strict=True
        ):
            dot.move_to(end)
            label.move_to([left + label.width / 2, y, 0])
            leader.put_start_and_end_on(end, [left - 0.05, y, 0])
        right = max(label.get_right()[0] for label in self.labels)
        self.head.move_to([right - self.head.width / 2, max(heights) + 0.42, 0])

    def _draw(self, river: VGroup, fall: Fall, seen: float) -> None:
        """One text's bands and the glow around them, as far as it has come."""
        likely = np.exp(fall.logprobs)
        before = np.concatenate([likely[:1], likely[:-1]])
        steps = np.linspace(0, max(seen, 1e-3), max(1, int(np.ceil(seen))) * PARTS + 1)
        steps = np.unique(np.concatenate([steps, np.arange(int(seen) + 1)]))
        token = np.minimum(steps.astype(int), len(likely) - 1)
        share = steps - token
        widths = before[token] + (likely - before)[token] * share * share * (3 - 2 * share)
        places = self.world(steps, np.interp(steps, np.arange(len(likely) + 1), fall.so_far))
        points, near = self.eye.seen(places)
        outline = ribbon(points, np.maximum(WIDEST * widths, THINNEST) * near)
        left, right = outline[: len(steps)], outline[len(steps) : -1][::-1]
        *glows, bands = river
        for glow, (width, light) in zip(glows, GLOW, strict=True):
            glow.set_points_as_corners(outline).set_stroke(palette.KEY, width, light if seen else 0.0)
        for number, band in enumerate(bands):
            own = (steps >= number) & (steps <= number + 1)
            there = own.sum() > 1
            if there:
                band.set_points_as_corners([*left[own], *right[own][::-1], left[own][0]])
            band.set_fill(opacity=1.0 if there and seen else 0.0)

    def _rule(self, eye: Eye) -> None:
        """Level lines at round values, which stand at the left."""
        for line, (value, label) in zip(self.grid, self.ticks.items(), strict=True):
            start, end = eye.project(self.world([0, self.steps], [value, value]))
            line.put_start_and_end_on(start, end)
            label.move_to(start - np.array([0.14 + label.width / 2, 0, 0]))
        top = eye.project(self.world([0], [0.0]))[0]
        self.axis.move_to([max(self.box.left, top[0] - 0.5) + self.axis.width / 2, top[1] + 0.32, 0])


def _river(fall: Fall) -> VGroup:
    """A glow, and before it a band for each token, in the colour of its probability."""
    glows = (VMobject(fill_opacity=0, joint_type=LineJointType.ROUND) for _glow in GLOW)
    colours = (palette.probability_colour(float(likely)) for likely in np.exp(fall.logprobs))
    bands = (VMobject(stroke_width=0, fill_color=colour) for colour in colours)
    return VGroup(*glows, VGroup(*bands))


def twigs(search: Search) -> list[tuple[Floats, Floats]]:
    """Of every beam that is not on the winner's way: steps and log-probabilities, where from and where to."""
    path, found = search.survivor(), []
    for step, parents_E in enumerate(search.parents_GE):
        for beam, parent in enumerate(parents_E.tolist()):
            if beam != path[step]:
                before = float(search.logprobs_GE[step - 1, parent]) if step else 0.0
                values = np.array([before, float(search.logprobs_GE[step, beam])])
                found.append((np.array([step, step + 1.0]), values))
    return found
