"""A number among its peers: a strip with a tick for each of them, its range, what chance gives, and marks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from manim import Group, Line, Triangle, VGroup

from scenes.declared import scale_mark
from scenes.mobjects import palette
from scenes.mobjects.lettering import ASCENT, DESCENT, Lettering, text
from scenes.mobjects.light import opaque, shaded
from scenes.mobjects.raster import Pixels, Raster, pixels_per_unit

STRIP = 0.34  # frame units, how high the strip is
HEAD = 0.2  # of a mark's needle
FLAG = 0.08  # frame units from a needle to words that begin beside it
FAINTEST = 0.16  # of the strip where there is no tick
LIGHTEST = 0.85  # where ticks lie closely
APART = 0.12  # frame units between the labels of two marks, and from the strip to what is written

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scale:
    """What a ruler measures.

    Attributes:
        low, high: the least and the greatest value that there can be.
        write: how a value is written.
        log: equal ratios lie equally far apart, for ranks; both ends are above 0.
    """

    low: float
    high: float
    write: Callable[[float], str]
    log: bool = False

    def share(self, value: npt.ArrayLike) -> Floats:
        """How far along the ruler values lie, 0…1; nothing is moved: what is out of range is an error.

        Raises:
            ValueError: a value is below the least or above the greatest.
        """
        values = np.asarray(value, dtype=np.float64)
        slack = 1e-9 * max(1.0, abs(self.low), abs(self.high))
        if values.size and not (values.min() >= self.low - slack and values.max() <= self.high + slack):
            raise ValueError(f"{values.min()} to {values.max()} is not within {self.low} to {self.high}")
        if self.log:
            return np.asarray(np.log(values / self.low) / np.log(self.high / self.low))
        return np.asarray((values - self.low) / (self.high - self.low))


class Ruler(Group):
    """A strip as long as what there can be, a tick for each peer, the ends' values below it.

    Args:
        scale: what it measures.
        width: in frame units.
        peers: the values that have a tick; none by default.
        chance: the value that chance gives, with its words, as a tick of its own; None for none.
        names: what stands before the values of the two ends.
        size: em of what is written.

    Attributes:
        strip: the picture; its edges are the scale's ends.
        marks: what `mark` and `marked` have made.
    """

    def __init__(
        self,
        scale: Scale,
        width: float,
        peers: npt.ArrayLike = (),
        chance: tuple[float, str] | None = None,
        names: tuple[str, str] = ("", ""),
        size: float = 0.24,
    ) -> None:
        self.scale_of, self.size = scale, size
        self.peers = np.asarray(peers, dtype=np.float64)
        self.strip = Raster(_ticks(scale.share(self.peers), width), width, STRIP)
        self.marks: list[Mark] = []
        below = -STRIP / 2 - APART - size * (ASCENT + DESCENT) / 2
        values = [scale.write(scale_mark(value, "ruler")) for value in (scale.low, scale.high)]
        self.ends = VGroup(*(
            text(f"{name} {value}".strip(), size, palette.FAINT)
            for name, value in zip(names, values, strict=True)
        ))  # fmt: skip
        for end, side in zip(self.ends, (-1, 1), strict=True):
            end.move_to([side * (width / 2 - end.width / 2), below, 0])
        super().__init__(self.strip, self.ends)
        self.chance: VGroup | None = None
        if chance is not None:
            x = self.at(chance[0])[0]
            tick = Line([x, STRIP / 2 + 0.06, 0], [x, -STRIP / 2 - 0.06, 0], stroke_width=3)
            words = text(chance[1], size, palette.CAPTION)
            words.move_to([x, below, 0])
            free = [self.ends[0].get_right()[0] + 0.2, self.ends[1].get_left()[0] - 0.2]
            half = words.width / 2
            words.set_x(float(np.clip(x, free[0] + half, max(free[0] + half, free[1] - half))))
            self.chance = VGroup(tick.set_color(palette.CAPTION), words)
            self.add(self.chance)

    def at(self, value: float) -> Floats:
        """Where a value lies in the frame now, on the strip's middle line, (3,)."""
        corner, right, below = self.strip.points[:3]
        share = float(self.scale_of.share(value))
        return np.asarray(corner + (right - corner) * share + (below - corner) / 2)

    def mark(self, value: float, words: str = "", colour: str = palette.QUERY) -> Mark:
        """A needle at a value, its words above; it is to be added or played. `show` moves it."""
        made = Mark(self, value, words, colour)
        self.marks.append(made)
        return made

    def marked(self, values: Sequence[float], words: Sequence[str], colours: Sequence[str]) -> list[Mark]:
        """Marks whose words fly from their needles like flags, on as many levels as it takes."""
        made = [
            self.mark(value, each, colour) for value, each, colour in zip(values, words, colours, strict=True)
        ]
        feet = [float(self.at(value)[0]) for value in values]
        end = float(self.strip.points[1, 0])
        sides = [1 if x + FLAG + m.label.width <= end else -1 for x, m in zip(feet, made, strict=True)]
        reaches = [side * (FLAG + m.label.width) for side, m in zip(sides, made, strict=True)]
        for mark, side, level in zip(made, sides, levels(feet, reaches), strict=True):
            mark.side, mark.level = side, level
            mark.show(mark.value)
        return made


class Mark(VGroup):
    """One value on a ruler: a needle with a head, and its words.

    Attributes:
        value: what it shows.
        level: how many rows above the strip its words stand.
        side: 1 or −1: they begin or end at the needle; 0: they stand over it.
    """

    def __init__(self, ruler: Ruler, value: float, words: str, colour: str) -> None:
        self.ruler, self.value, self.words = ruler, value, words
        self.level, self.side = 0, 0
        self.needle = Line(stroke_width=3, color=colour)
        self.head = Triangle(stroke_width=0, fill_color=colour, fill_opacity=1).rotate(np.pi)
        self.head.scale_to_fit_width(HEAD)
        self.label: Lettering = text("", ruler.size * 1.25, colour)
        super().__init__(self.needle, self.head, self.label)
        self.show(value)

    def show(self, value: float) -> Self:
        """Stand at another value; `{}` in its words is the value."""
        self.value = value
        ruler = self.ruler
        foot = ruler.at(value)
        top = foot + np.array([0, STRIP / 2, 0])
        high = top[1] + HEAD + self.level * ruler.size * 1.25 * (ASCENT + DESCENT)
        self.needle.set_points_as_corners([foot - [0, STRIP / 2, 0], [top[0], high, 0]])
        self.head.move_to(top + np.array([0, self.head.height / 2, 0]))
        self.label.rewrite(self.words.format(ruler.scale_of.write(value)))
        x, half = float(foot[0]), self.label.width / 2
        if self.side:
            x += self.side * (FLAG + half)
        else:
            left, right = (float(point[0]) for point in ruler.strip.points[:2])
            x = float(np.clip(x, left + half, max(left + half, right - half)))
        self.label.move_to([x, high + (0.04 if not self.side else -0.02) + self.label.height / 2, 0])
        return self


def levels(feet: Sequence[float], reaches: Sequence[float]) -> list[int]:
    """The lowest level for each flag, so that none touches another, nor the pole of one above it.

    Args:
        feet: where each pole stands.
        reaches: how far each flag reaches from its pole, to the right or, below 0, to the left.

    >>> levels([0.0, 0.5, 5.0], [1.0, 1.0, -1.0])
    [1, 0, 0]
    """
    spans = [sorted((foot, foot + reach)) for foot, reach in zip(feet, reaches, strict=True)]
    found: dict[int, int] = {}
    order = sorted(range(len(feet)), key=lambda one: (reaches[one] < 0, -np.sign(reaches[one]) * feet[one]))
    for one in order:
        low, high = spans[one]
        found[one] = next(
            (
                level
                for level in range(len(feet))
                if not any(
                    (at == level and low < spans[other][1] + APART and spans[other][0] < high + APART)
                    or (at < level and spans[other][0] < feet[one] < spans[other][1])
                    or (at > level and low < feet[other] < high)
                    for other, at in found.items()
                )
            ),
            len(feet),
        )
    return [found[one] for one in range(len(feet))]


def _ticks(shares: Floats, width: float) -> Pixels:
    """A strip of ticks: the lighter, the more of them lie in a pixel's column."""
    columns = max(2, round(width * pixels_per_unit()))
    crowd = np.bincount(np.minimum((shares * columns).astype(int), columns - 1), minlength=columns)
    light = FAINTEST + (LIGHTEST - FAINTEST) * np.minimum(1.0, crowd.astype(float)) ** 0.5
    light[crowd > 1] = LIGHTEST + (1 - LIGHTEST) * (1 - 1 / crowd[crowd > 1])
    colours = shaded(palette.pixel(palette.REST)[None, None], light[None, :, None])
    pixels: Any = opaque(colours)
    return np.ascontiguousarray(pixels)
