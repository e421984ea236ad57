"""A thermometer for the softmax's temperature, from 0 to ∞, and what it and the choice measure at it."""

from __future__ import annotations

from typing import Self

import numpy as np
from manim import DOWN, RIGHT, Circle, Line, RoundedRectangle, VGroup

from scenes.declared import chosen, scale_mark
from scenes.language import _
from scenes.layout import Box, Layout
from scenes.mobjects import palette
from scenes.mobjects.choice import Choice, share_of
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, plain
from scenes.mobjects.plot import short
from scenes.mobjects.readout import Readout

TUBE = 0.26  # frame units, the thickness
BULB = 0.24  # its radius
TICKS = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0, np.inf)
SIZE = 0.24  # em of the ticks' numbers


class Thermometer(VGroup):
    """A tube filled as far as T / (T + 1) of its length, in the colour of that share; T, H and 2^H beside it.

    Args:
        choice: what is shown first.
        box: what it takes.
        layout: whether the numbers stand beside the tube or below it.

    Attributes:
        mercury: what fills the tube.
        temperature, bits, number: the readouts.
    """

    def __init__(self, choice: Choice, box: Box, layout: Layout) -> None:
        left, right = layout.split(box, 6, 7)
        y = left.center[1] + 0.18
        self._left, self._length = left.left + 2.4 * BULB, left.width - 2.4 * BULB - 0.2
        self.tube = RoundedRectangle(
            corner_radius=TUBE / 2, width=self._length + TUBE, height=TUBE, stroke_color=palette.FAINT,
            stroke_width=2,
        )  # fmt: skip
        self.tube.move_to([self._left + self._length / 2, y, 0])
        self.mercury = Line([self._left, y, 0], [self._left + 1, y, 0], stroke_width=17)
        self.bulb = Circle(BULB, stroke_color=palette.FAINT, stroke_width=2, fill_opacity=1)
        self.bulb.move_to([self._left - 1.25 * BULB, y, 0])  # clear of the first tick
        self.ticks = VGroup()
        for temperature in TICKS:
            x, foot = self._left + self._length * share_of(temperature), y - TUBE / 2
            words = short(scale_mark(temperature)) if np.isfinite(temperature) else "∞"
            self.ticks.add(
                Line([x, foot, 0], [x, foot - 0.1, 0], stroke_width=2, color=palette.FAINT),
                text(words, SIZE, palette.FAINT).next_to([x, foot - 0.1, 0], DOWN, buff=0.04),
            )
        most = np.log2(len(choice.probabilities_V))
        self.temperature = Readout("$T =$", written, (0.25, 88.0))
        self.bits = Readout("$H =$", lambda h: plain(h, 2) + " " + _("bits"), (0.0, 10.0, most))
        self.number = Readout("$2^H =$", tokens_written, (1.0, 2**most))
        readouts = VGroup(self.temperature, self.bits, self.number).arrange(RIGHT, buff=0.5)
        readouts.scale(min(1.0, right.width / readouts.width)).move_to(right.center)
        super().__init__(self.tube, self.mercury, self.bulb, self.ticks, readouts)
        self.follow(choice)

    def follow(self, choice: Choice) -> Self:
        """Stand at a choice's temperature."""
        start = self.bulb.get_center()
        end = start.copy()
        end[0] = self.tube.get_left()[0] + TUBE / 2 + self._length * max(1e-3, choice.share)
        self.mercury.put_start_and_end_on(start, end).set_stroke(choice.colour)
        self.bulb.set_fill(choice.colour)
        self.temperature.show(choice.temperature)
        self.bits.show(choice.bits)
        self.number.show(choice.number)
        return self


def written(temperature: float) -> str:
    """∞, 0.25, 1.4, 12: two figures that count, and no more decimals than two."""
    if np.isinf(temperature) or temperature >= 999.5:
        return "∞" if np.isinf(temperature) else "> 999"
    temperature = chosen(temperature, "a temperature that the scene goes to")
    return plain(temperature, 2 if temperature < 9.995 else 0 if temperature > 99.5 else 1)


def tokens_written(number: float) -> str:
    """4.1, 43, 5,348: an effective number of tokens."""
    return plain(number, 1) if number < 9.95 else count(round(number))
