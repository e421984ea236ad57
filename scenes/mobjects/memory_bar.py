"""What a cache takes, to scale beside what the weights take: one bar that grows by a sliver a token."""

from __future__ import annotations

from typing import Self

from manim import DOWN, RIGHT, UP, Line, Rectangle, VGroup

from scenes.cache_cost import BYTES, CacheCost
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, memory
from scenes.mobjects.pane_wall import KEPT
from scenes.mobjects.readout import Readout

HEAD, FOOT = 1.5, 0.75  # frame units for the numbers above the bar, and for words below it
HIGHEST = 2.2
NUMBER = 0.85  # em
WORDS = 0.28
FILLED = 0.6  # of the weights' colour over the ground


class MemoryBar(VGroup):
    """The weights' bytes, and behind them those of the keys and values; all widths on one scale.

    Args:
        cost: of the model.
        first: how long the text is now, in tokens.
        n_ctx: how long it can get.
        parameters: how many weights the model has.
        box: what it takes.

    Attributes:
        weights, cache: the two bars.
        numbers: tokens of the text, what their keys and values take.
        tokens: the text's length that is reached.
    """

    def __init__(self, cost: CacheCost, first: int, n_ctx: int, parameters: int, box: Box) -> None:
        self.cost, self.first, self.last = cost, first, n_ctx
        head, room, foot = box.stack(HEAD, None, FOOT, gap=0.15)
        whole = BYTES * parameters
        self.unit = room.width / (whole + int(cost.memory(n_ctx)))  # frame units of a byte
        high = min(room.height, max(HIGHEST, 0.4 * room.height))
        self.weights = Rectangle(width=whole * self.unit, height=high, stroke_width=1.5)
        self.weights.set_stroke(palette.POSITIVE_LARGE)
        self.weights.set_fill(palette.mix(palette.GROUND, palette.POSITIVE_SMALL, FILLED), opacity=1)
        self.weights.move_to([room.left + self.weights.width / 2, room.center[1], 0])
        self.cache = Rectangle(width=1, height=high, stroke_width=1.5, stroke_color=KEPT)
        self.cache.set_fill(KEPT, opacity=0.9)
        self.outline = Line(stroke_color=palette.FAINT, stroke_width=2)
        corner, end = self.weights.get_corner(DOWN + RIGHT), room.right
        self.outline.set_points_as_corners(
            [corner, [end, corner[1], 0], [end, corner[1] + high, 0], self.weights.get_corner(UP + RIGHT)]
        )
        under = text(_("the weights: {size}").format(size=memory(whole)), WORDS, palette.CAPTION)
        each = memory(int(cost.memory(1)))
        sliver = text(_("one token's keys and values: {size}").format(size=each), WORDS, KEPT)
        under.move_to(
            [foot.left + under.width / 2, self.weights.get_bottom()[1] - 0.15 - under.height / 2, 0]
        )
        sliver.move_to([foot.right - sliver.width / 2, under.get_y(), 0])
        if under.width + sliver.width + 0.3 > foot.width:
            sliver.move_to([foot.right - sliver.width / 2, under.get_y() - 1.2 * under.height, 0])
        sizes = [float(cost.memory(n)) for n in (first, n_ctx)]
        self.numbers = VGroup(
            Readout(_("tokens in the text"), _whole, (first, n_ctx), NUMBER, below=True),
            Readout(_("keys and values"), _size, sizes, NUMBER, KEPT, below=True),
        ).arrange(buff=1.4, aligned_edge=UP)
        self.numbers.scale(min(1.0, head.width / self.numbers.width)).move_to(head.center)
        self.numbers.next_to(self.weights, UP, buff=0.35).set_x(head.center[0])
        super().__init__(self.weights, self.outline, self.cache, under, sliver, self.numbers)
        self.reach(0)

    def reach(self, amount: float) -> Self:
        """Go from this text's length (0) to a full context (1)."""
        self.tokens = round(self.first + (self.last - self.first) * amount)
        size = int(self.cost.memory(self.tokens))
        self.cache.stretch_to_fit_width(max(size * self.unit, 1e-3)).next_to(self.weights, RIGHT, buff=0)
        for number, value in zip(self.numbers, (self.tokens, size), strict=True):
            number.show(value)
        return self


def _whole(value: float) -> str:
    return count(round(value))


def _size(value: float) -> str:
    return memory(round(value))
