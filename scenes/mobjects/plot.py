"""Values on true axes: linear or logarithmic, with ticks; curves, marks, and a dot that moves along."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from manim import DOWN, LEFT, UP, Dot, Line, Polygon, VGroup, VMobject

from scenes.declared import scale_mark
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import ASCENT, DESCENT, Lettering, text, words_or_formula

TICK = 0.09  # frame units, the length of a tick
APART = 0.5  # em at least between the words of two ticks
AWAY = 0.09  # frame units from a tick to its words
CROWD = 9  # ticks at most
DOT = 0.09

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Axis:
    """What an axis measures.

    Attributes:
        low, high: the values at its ends; `low` > `high` runs the other way.
        name: what is measured, in the viewer's language, or maths between dollar signs; "" for none.
        log: equal ratios lie equally far apart; both ends are above 0.
        write: how a tick's value is written; as short as it can be by default.
        at: where the ticks are, if not at round numbers.
    """

    low: float
    high: float
    name: str = ""
    log: bool = False
    write: Callable[[float], str] | None = None
    at: tuple[float, ...] = ()

    def share(self, values: npt.ArrayLike) -> Floats:
        """How far along the axis the values lie, 0…1; what lies outside stays at its end."""
        measured = np.asarray(values, dtype=np.float64)
        ends = np.array([self.low, self.high], dtype=np.float64)
        if self.log:
            with np.errstate(divide="ignore"):
                measured, ends = np.log(measured), np.log(ends)
        return np.asarray(np.clip((measured - ends[0]) / (ends[1] - ends[0]), 0, 1), dtype=np.float64)

    def ticks(self, most: int) -> list[float]:
        """At most so many round values between its ends: 1, 2 or 5 times a power of ten, or powers of ten."""
        low, high = sorted((self.low, self.high))
        if self.at:
            within = [value for value in self.at if low <= value <= high]
            return within[:: max(1, -(-len(within) // max(1, most)))]
        if self.log and high >= 10 * low:  # else there may be no power of ten between them
            powers = range(int(np.ceil(np.log10(low) - 1e-9)), int(np.floor(np.log10(high) + 1e-9)) + 1)
            every = max(1, -(-len(powers) // max(1, most)))
            return [float(10.0**power) for power in powers if power % every == 0]
        step = _step((high - low) / max(1, most))
        first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
        return [number * step for number in range(first, last + 1)]

    def words(self, value: float, size: float) -> Lettering | VGroup:
        """What stands at a tick."""
        value = scale_mark(value, "axis")
        written = self.write(value) if self.write else short(value)
        return words_or_formula(written, size, palette.FAINT)


def short(value: float) -> str:
    """As few figures as tell it: 0, 2.5, −10, 50,000, 0.001; a power of ten of more figures as a formula."""
    if value and (abs(value) < 1e-3 or abs(value) >= 1e6):
        times = float(f"{value:.2e}".partition("e")[0])
        power = round(math.log10(value / times))
        lead = "" if times == 1 else f"{times:g} times "
        return f"${lead}10^({power})$"
    figures = f"{value:,.6f}".rstrip("0").rstrip(".")
    return (figures if figures not in ("-0", "") else "0").replace("-", "−")


def _step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is no less."""
    power = 10.0 ** np.floor(np.log10(least))
    return float(next(power * times for times in (1, 2, 5, 10) if power * times >= least - 1e-12 * power))


class Plot(VGroup):
    """Two axes in a box, and what is drawn on them.

    `curve`, `area`, `mark` and `moving_dot` give mobjects that are to be added or played; what is outside
    the axes is held at their edge. All lie where the plot is now, so move or scale it together with them.

    Args:
        box: what the plot takes, its ticks and names included.
        x, y: the axes.
        size: em of the words.

    Attributes:
        axes: the two lines, from their common corner.
        marked: the values of x and of y that have a tick.
        ticks, names: what stands at them.
        box: where the values lie, in frame units, as it was built.
    """

    def __init__(self, box: Box, x: Axis, y: Axis, size: float = 0.24) -> None:
        self.x, self.y = x, y
        line = (ASCENT + DESCENT) * size
        top = box.top - (1.5 * line if y.name else line / 2)
        bottom = box.bottom + line + TICK + AWAY + 0.02 + (line if x.name else 0)
        rows = _fitting(y, top - bottom, size, upright=True)
        left = box.left + max((words.width for words in rows.values()), default=0.0) + TICK + AWAY
        columns = _fitting(x, box.right - left, size)
        last = max((words.width for words in columns.values()), default=0.0) / 2
        self.box = Box(left, box.right - last, bottom, top)
        corner = np.array([left, bottom, 0.0])
        ends = np.array([self.box.right, bottom, 0.0]), np.array([left, top, 0.0])
        self.axes = VGroup(*(Line(corner, end, stroke_color=palette.FAINT, stroke_width=2) for end in ends))
        self.marked = (list(columns), list(rows))
        self.ticks, self.names = VGroup(), VGroup()
        super().__init__(self.axes, self.ticks, self.names)
        for places, labels, side in (
            (self.at(list(columns), y.low), columns, DOWN),
            (self.at(x.low, list(rows)), rows, LEFT),
        ):
            for place, words in zip(places, labels.values(), strict=True):
                end = place + TICK * side
                self.ticks.add(Line(place, end, stroke_width=2, color=palette.FAINT))
                self.ticks.add(words.next_to(end, side, buff=AWAY))
        if x.name:
            name = words_or_formula(x.name, size, palette.CAPTION)
            self.names.add(name.move_to([self.box.right - name.width / 2, box.bottom + line / 2, 0]))
        if y.name:
            name = words_or_formula(y.name, size, palette.CAPTION)
            self.names.add(name.move_to([box.left + name.width / 2, box.top - line / 2, 0]))

    def at(self, xs: npt.ArrayLike, ys: npt.ArrayLike) -> Floats:
        """Where these values lie in the frame now, (n, 3)."""
        corner = self.axes[0].get_start()
        across, up = self.axes[0].get_end() - corner, self.axes[1].get_end() - corner
        shares = np.broadcast_arrays(np.atleast_1d(self.x.share(xs)), np.atleast_1d(self.y.share(ys)))
        return np.asarray(corner + shares[0][:, None] * across + shares[1][:, None] * up)

    def curve(
        self, xs: npt.ArrayLike, ys: npt.ArrayLike, colour: str = palette.INK, width: float = 4
    ) -> VMobject:
        """A line through the points, straight from each to the next."""
        line = VMobject(stroke_color=colour, stroke_width=width)
        return self.bend(line, xs, ys)

    def bend(self, curve: VMobject, xs: npt.ArrayLike, ys: npt.ArrayLike) -> VMobject:
        """Lead a curve that is there through other points: for values that change every frame."""
        points = self.at(xs, ys)
        curve.set_points_as_corners(points if len(points) > 1 else np.repeat(points, 2, axis=0))
        return curve

    def area(
        self, xs: npt.ArrayLike, ys: npt.ArrayLike, colour: str = palette.KEY, opacity: float = 0.3
    ) -> Polygon:
        """What lies between the points and the x axis."""
        return self.fill(Polygon([0, 0, 0], [1, 0, 0], [0, 1, 0]).set_style(
            fill_color=colour, fill_opacity=opacity, stroke_width=0
        ), xs, ys)  # fmt: skip

    def fill(self, area: Polygon, xs: npt.ArrayLike, ys: npt.ArrayLike) -> Polygon:
        """Give an area that is there other points."""
        top = self.at(xs, ys)
        feet = self.at(np.atleast_1d(xs)[[-1, 0]], self.y.low)
        area.set_points_as_corners(np.concatenate([top, feet, top[:1]]))
        return area

    def mark(
        self, x: float, y: float, words: str = "", colour: str = palette.QUERY, side: Floats = UP
    ) -> VGroup:
        """A dot at a value, with words on the side that is named, held within the plot's width."""
        dot = Dot(self.at(x, y)[0], radius=DOT, color=colour)
        if not words:
            return VGroup(dot)
        label = text(words, 0.26, colour).next_to(dot, side, buff=0.1)
        left, right = float(self.get_left()[0]), float(self.get_right()[0])
        label.shift([max(0.0, left - label.get_left()[0]) - max(0.0, label.get_right()[0] - right), 0, 0])
        return VGroup(dot, label)

    def moving_dot(self, x: float, y: float, colour: str = palette.QUERY) -> MovingDot:
        """A dot that `show` moves to other values."""
        return MovingDot(self, x, y, colour)


class MovingDot(Dot):
    """A dot on a plot, with hairlines to both axes' values left to the scene.

    Attributes:
        values: where it is, in the axes' units.
    """

    def __init__(self, plot: Plot, x: float, y: float, colour: str) -> None:
        self.plot = plot
        super().__init__(radius=1.2 * DOT, color=colour)
        self.show((x, y))

    def show(self, values: npt.ArrayLike) -> MovingDot:
        """Stand at (x, y)."""
        self.values = np.asarray(values, dtype=np.float64)
        self.move_to(self.plot.at(*self.values)[0])
        return self


def _fitting(
    axis: Axis, length: float, size: float, upright: bool = False
) -> dict[float, Lettering | VGroup]:
    """As many ticks as have room along a length, with what stands at them."""
    for most in range(CROWD, 0, -1):
        values = axis.ticks(most)
        if len(values) > CROWD:
            continue
        labels = {value: axis.words(value, size) for value in values}
        room = 1.5 * size
        if not upright:
            room = APART * size + max((words.width for words in labels.values()), default=0.0)
        if len(values) < 2 or np.diff(np.sort(axis.share(values))).min() * length >= room:
            return labels
    return {}
