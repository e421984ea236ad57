"""How much every token of a text surprised the model, in bits, beside what chance would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from manim import RIGHT, UP, Line, VGroup, VMobject

from scenes.guesses import Guess
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import plain
from scenes.mobjects.plot import Axis, Plot
from scenes.mobjects.spread import spread
from scenes.mobjects.token_row import token_words

BAR = 0.72  # of the distance to the next
PEAKS = 3  # bars that are named
NAME = 0.28  # em
MARGIN = 1.75  # frame units right of the plot, for what the two lines say
LONGEST = 14  # characters of a name


class SurpriseBars(VGroup):
    """A bar a token, as high as −log₂ of its probability; lines at their mean and at log₂ V.

    Args:
        made: the guesses whose truth is known, in order.
        n_vocab: V.
        box: what it takes.

    Attributes:
        mean, chance: in bits.
        bars: in order; those that the model guessed right have the colour of a key.
        lines: the mean's and that of chance, each with its words.
        peaks: names of the largest, three if there is room, none of them on a bar.
    """

    def __init__(self, made: Sequence[Guess], n_vocab: int, box: Box) -> None:
        self.bits = np.array([guess.bits for guess in made], dtype=np.float64)
        self.mean, self.chance = float(self.bits.mean()), float(np.log2(n_vocab))
        high = 1.12 * max(self.chance, float(self.bits.max()))
        places = np.array([guess.position for guess in made], dtype=np.float64)
        last = int(places[-1])
        x = Axis(0.4, last + 0.6, _("position"), at=_positions(last))
        inside = Box(box.left, box.right - MARGIN, box.bottom, box.top)
        self.plot = Plot(inside, x, Axis(0, high, _("surprise in bits")))
        self._places = places
        tones = [palette.KEY if guess.right else palette.WRITTEN for guess in made]
        self.bars = VGroup(*(VMobject(stroke_width=0, fill_color=tone, fill_opacity=1) for tone in tones))
        self.lines = self._lines()
        self.peaks = self._peaks(made)
        super().__init__(self.plot, self.bars, self.lines, self.peaks)
        self.grow(1.0)

    def grow(self, amount: float) -> Self:
        """Let the bars be so far up, the first before the last, 0…1."""
        order = np.arange(len(self.bits)) / max(1, len(self.bits))
        heights = self.bits * np.clip(2 * amount - order, 0, 1)
        for bar, place, height in zip(self.bars, self._places, heights, strict=True):
            xs = place + np.array([-BAR / 2, BAR / 2, BAR / 2, -BAR / 2, -BAR / 2])
            bar.set_points_as_corners(self.plot.at(xs, [0, 0, height, height, 0]))
        return self

    def _lines(self) -> VGroup:
        values, tones = (self.mean, self.chance), (palette.INK, palette.FAINT)
        words = (_("mean {bits}"), _("chance {bits}"))
        ends = self.plot.at(self.plot.x.high, np.array(values))
        heights = spread(ends[:, 1], 0.34, self.plot.box.bottom, self.plot.box.top)
        lines = VGroup()
        for value, tone, each, end, y in zip(values, tones, words, ends, heights, strict=True):
            start = self.plot.at(self.plot.x.low, value)[0]
            label = text(each.format(bits=plain(value, 1)), 0.28, tone, fit=MARGIN - 0.15)
            label.next_to([end[0], y, 0], RIGHT, buff=0.12)
            lines.add(VGroup(Line(start, end, stroke_width=2.5, color=tone), label))
        return lines

    def _peaks(self, made: Sequence[Guess]) -> VGroup:
        named = VGroup()
        for at in np.argsort(-self.bits, kind="stable")[: 4 * PEAKS]:
            truth = made[at].truth
            if len(named) == PEAKS or truth is None:
                break
            label = token_words(truth, NAME, palette.INK, LONGEST)
            top = self.plot.at(self._places[at], self.bits[at])[0]
            label.next_to(top, UP, buff=0.06)
            label.shift([min(0.0, self.plot.box.right - label.get_right()[0]), 0, 0])
            label.shift([max(0.0, self.plot.box.left + 0.1 - label.get_left()[0]), 0, 0])
            near = np.abs(self.plot.at(self._places, 0.0)[:, 0] - label.get_x())
            under = near < label.width / 2 + BAR / 2 * self._pitch()
            clear = self.plot.at(self._places[under], self.bits[under])[:, 1].max() < label.get_bottom()[1]
            if clear and all(_apart(label, other) for other in named):
                named.add(label)
        return named

    def _pitch(self) -> float:
        one, two = self.plot.at([1.0, 2.0], 0.0)[:, 0]
        return float(two - one)


def _apart(one: VMobject, other: VMobject) -> bool:
    across = abs(one.get_x() - other.get_x()) - (one.width + other.width) / 2
    along = abs(one.get_y() - other.get_y()) - (one.height + other.height) / 2
    return bool(max(across, along) > 0.05)


def _positions(last: int) -> tuple[float, ...]:
    """Round positions to name, eight at most."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if last / step <= 8)
    return tuple(float(place) for place in range(step, last + 1, step))
