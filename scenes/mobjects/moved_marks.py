"""The same things on one scale, before and after: a thread from where each was to where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import DOWN, UP, Dot, Line, VGroup, VMobject

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.plot import Axis
from scenes.mobjects.spread import spread
from scenes.mobjects.token_row import token_words

MOST = 240  # threads without a name
NAMED = 3  # the largest before and the largest after
NAME, TICK, TITLE = 0.36, 0.22, 0.28  # em
ABOVE = 0.8  # frame units that names take above and below
LEAD = 0.28  # from a dot to its name
GAP = 0.15  # frame units between two names
THREAD = 0.5  # opacity of a thread without a name


class MovedMarks(VGroup):
    """Logits of all tokens: where they were on the upper line, where they are on the lower one.

    Drawn are the NAMED largest of either, with names, and MOST others at equal distances by rank before.

    Args:
        before_V, after_V: the numbers.
        name: id → the token's bytes.
        titles: what stands at the two lines.
        box: what it takes.

    Attributes:
        ids: those with names, the largest before first.
        others: those without.
        threads, rest: the threads with and without names.
        upper_parts, lower_parts: what is there before, and what comes down from it.
        new_names: the names of the largest after.
        moved: how far all are on their way, 0…1.
    """

    def __init__(
        self,
        before_V: npt.ArrayLike,
        after_V: npt.ArrayLike,
        name: Callable[[int], bytes],
        titles: tuple[str, str],
        box: Box,
    ) -> None:
        self.before, self.after = (np.asarray(each, dtype=np.float64) for each in (before_V, after_V))
        order, later = np.argsort(-self.before, kind="stable"), np.argsort(-self.after, kind="stable")
        named = [*order[:NAMED].tolist(), *later[:NAMED].tolist()]
        self.ids = list(dict.fromkeys(named))
        self.others = order[:: max(1, len(order) // MOST)]
        low = float(min(self.before.min(), self.after.min()))
        high = float(max(self.before.max(), self.after.max()))
        self.axis, self._titled = Axis(low, high), 0.0
        self.box = Box(box.left + 0.2, box.right - 0.2, box.bottom + ABOVE, box.top - ABOVE)
        self.rest = VMobject(stroke_color=palette.FAINT, stroke_width=1.2, stroke_opacity=THREAD)
        self.threads = VGroup()
        self.dots = VGroup()
        self.upper = self._line(self.box.top, titles[0], DOWN)
        self.lower = self._line(self.box.bottom, titles[1], UP)
        for number in self.ids:
            colour = self._colour(number, later)
            self.threads.add(VMobject(stroke_color=colour, stroke_width=3.5))
            self.dots.add(VGroup(Dot(radius=0.07, color=colour), Dot(radius=0.07, color=colour)))
        self.names = self._names(order[:NAMED], self.before, name, UP, palette.INK)
        self.new_names = self._names(later[:NAMED], self.after, name, DOWN, palette.WRITTEN)
        super().__init__(
            self.rest, self.upper, self.lower, self.threads, self.dots, self.names, self.new_names
        )
        self.upper_parts = [self.upper, self.names]
        self.lower_parts = [self.rest, self.lower, self.threads, self.dots]
        self.move(0)

    def move(self, amount: float) -> Self:
        """Move the lower ends, 0…1: from below where they were to where they are."""
        self.moved = amount
        now = self.before + (self.after - self.before) * amount
        top, foot = self.box.top, self.box.bottom
        ends = np.stack([self._at(self.before[self.others], top), self._at(now[self.others], foot)], axis=1)
        shares = np.linspace(0, 1, 4)[None, :, None]
        self.rest.points = (ends[:, :1] * (1 - shares) + ends[:, 1:] * shares).reshape(-1, 3)
        for number, thread, dots in zip(self.ids, self.threads, self.dots, strict=True):
            start, end = self._at(self.before[number], top)[0], self._at(now[number], foot)[0]
            thread.set_points_as_corners([start, end])
            dots[0].move_to(start)
            dots[1].move_to(end)
        return self

    def _colour(self, number: int, later: npt.NDArray[np.int64]) -> str:
        return palette.WRITTEN if number in later[:NAMED] else palette.INK

    def _at(self, values: npt.ArrayLike, y: float) -> npt.NDArray[np.float64]:
        shares = self.axis.share(np.atleast_1d(values))
        x = self.box.left + shares * self.box.width
        return np.stack([x, np.full_like(x, y), np.zeros_like(x)], axis=-1)

    def _line(self, y: float, title: str, side: npt.NDArray[np.float64]) -> VGroup:
        """An axis with its ticks; words on the outer side of it, its title on the left."""
        group = VGroup(
            Line([self.box.left, y, 0], [self.box.right, y, 0], stroke_width=2, color=palette.FAINT)
        )
        for value in self.axis.ticks(9):
            at = self._at(value, y)[0]
            words = self.axis.words(value, TICK).move_to(at - side * 0.22)
            group.add(Line(at, at - side * 0.08, stroke_width=2, color=palette.FAINT), words)
        words = text(title, TITLE, palette.CAPTION, fit=0.4 * self.box.width)
        self._titled = max(self._titled, words.width)
        words.move_to([self.box.left + words.width / 2, y - side[1] * (ABOVE - 0.16), 0])
        return group.add(words)

    def _names(
        self,
        ids: Sequence[int] | npt.NDArray[np.int64],
        values_V: npt.NDArray[np.float64],
        name: Callable[[int], bytes],
        side: npt.NDArray[np.float64],
        colour: str,
    ) -> VGroup:
        """Names beyond the line, moved apart where they would touch."""
        y = self.box.top if side[1] > 0 else self.box.bottom
        words = [token_words(name(int(number)), NAME, colour, 10) for number in ids]
        wanted = [float(self._at(values_V[number], y)[0][0]) for number in ids]
        left, right = self.box.left + self._titled + 0.3, self.box.right + 0.2
        widest = max(word.width for word in words)
        share = min(1.0, ((right - left) / len(words) - GAP) / widest)
        widest *= share
        places = spread(wanted, widest + GAP, left + widest / 2, right - widest / 2)
        group = VGroup()
        for word, x in zip(words, places, strict=True):
            group.add(word.scale(share).move_to([float(x), y + side[1] * (ABOVE - 0.2), 0]))
        return group
