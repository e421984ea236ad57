"""Draws, one after the other: all tokens side by side in a strip, and a number that falls into a share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Line, Rectangle, Triangle, VGroup

from scenes.declared import scale_mark
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.token_row import token_words

STRIP = 0.4  # frame units, how high
NUMBER, TOKEN = 0.28, 0.36  # em
FLIES = 0.45  # of a step, until the number is where it falls
LONGEST = 14  # characters of a token

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Draws:
    """One text's draws: its seed in words, the numbers, the shares that they fall into, the tokens."""

    seed: str
    uniform_G: Floats
    span_G2: Floats
    pieces: Sequence[bytes]


class TwoDraws(VGroup):
    """The first text's numbers come from above the strip, the second's from below.

    The strip is the distribution of the step that is shown, over the tokens that could be drawn, in the order
    of their ids; both texts have the same one as long as they are the same.

    Attributes:
        strip: 0 to 1.
        sides: what moves above it and below it.
    """

    def __init__(self, draws: Sequence[Draws], box: Box) -> None:
        left, right, y = box.left + 0.4, box.right - 0.4, box.center[1]
        self.strip = Rectangle(
            width=right - left, height=STRIP, stroke_width=0, fill_color=palette.REST, fill_opacity=0.7
        ).move_to([(left + right) / 2, y, 0])
        self.ends = VGroup(*(
            text(words, 0.24, palette.FAINT).move_to([x, y, 0])
            for words, x in ((str(scale_mark(0)), left - 0.2), (str(scale_mark(1)), right + 0.2))
        ))  # fmt: skip
        self.sides = [Side(each, self.strip, way) for each, way in zip(draws, (1, -1), strict=False)]
        super().__init__(self.strip, self.ends)


class Side(VGroup):
    """A head at the number, the share of the token that it drew, and both in words.

    Attributes:
        step: the draw that is shown.
    """

    def __init__(self, draws: Draws, strip: Rectangle, way: int) -> None:
        self.draws, self.way = draws, way
        self._left, self._wide, self._y = float(strip.get_left()[0]), float(strip.width), float(strip.get_y())
        self.share = Rectangle(width=1, height=STRIP, stroke_width=0, fill_color=palette.WRITTEN)
        self.hair = Line(stroke_width=2.5, color=palette.GROUND)
        self.head = Triangle(stroke_width=0, fill_color=palette.QUERY, fill_opacity=1)
        self.head.rotate(np.pi if way > 0 else 0.0).scale_to_fit_width(0.24)
        self.words = [
            VGroup(
                text(f"{draws.seed}:  {uniform:.4f}  →", NUMBER, palette.QUERY),
                token_words(piece, TOKEN, palette.WRITTEN, LONGEST),
            ).arrange(buff=0.12)
            for uniform, piece in zip(draws.uniform_G, draws.pieces, strict=True)
        ]
        super().__init__(self.share, self.hair, self.head, *self.words)
        self.show(1.0)

    def show(self, drawn: float) -> Self:
        """So many draws are made; of the last one a part."""
        self.step = int(np.clip(np.ceil(drawn) - 1, 0, len(self.words) - 1))
        part = float(np.clip(drawn - self.step, 0, 1))
        flown = float(np.clip(part / FLIES, 0, 1))
        flown = flown * flown * (3 - 2 * flown)
        uniform = self.draws.uniform_G
        before = float(uniform[self.step - 1]) if self.step else 0.5
        x = self._left + self._wide * (before + (float(uniform[self.step]) - before) * flown)
        y, way = self._y, self.way
        self.head.move_to([x, y + way * (STRIP / 2 + 0.13), 0])
        self.hair.put_start_and_end_on([x, y - STRIP / 2, 0], [x, y + STRIP / 2, 0])
        low, high = (self._left + self._wide * float(edge) for edge in self.draws.span_G2[self.step])
        there = float(np.clip(4 * (part - FLIES), 0, 1))
        self.share.stretch_to_fit_width(max(high - low, 0.02)).move_to([(low + high) / 2, y, 0])
        self.share.set_fill(opacity=there)
        for step, words in enumerate(self.words):
            seen = there if step == self.step else 0.0
            words.set_fill(opacity=seen).set_stroke(opacity=seen)
            if seen:
                half = words.width / 2
                right = self._left + self._wide - half
                middle = float(np.clip(x, self._left + half, max(self._left + half, right)))
                words.move_to([middle, y + way * (STRIP / 2 + 0.52), 0])
        return self
