"""Where one head's last row looks: arcs from tokens to the last one, and what it reads from each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import VGroup, VMobject

from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import fitted, text
from scenes.mobjects.numerals import percent, signed
from scenes.mobjects.token_row import TokenChip
from scenes.pulls import Pull

NAME, LEAST_NAME, NUMBER = 0.8, 0.42, 0.34  # em of a token, at most and at least, and of the numbers below it
TITLE, HERO = 0.42, 0.95
MOST = 10  # tokens named
NAMES = 0.9  # frame units at the left for what the numbers are
RISE = 0.25  # height of the widest arc over its width, at most, and a little more
GAP = 0.6  # frame units of a place where tokens are left out
THICKEST = 18.0  # stroke width of a weight of 1
STEPS = 40  # points of an arc

Floats = npt.NDArray[np.float64]


class LastRow(VGroup):
    """Some tokens in order, an arc over them from each to the last; below each its weight and its share.

    Shown are the last token and those of the largest weights, as many as there is room for.

    Args:
        tokens: of the prompt.
        weights_T: the last query's weights.
        shares_T: what is read from each token, in logits.
        box: what it fills.

    Attributes:
        shown: the positions that are named, in order.
        chips, arcs, numbers: one for each of them; the last one's arc is a loop.
        rest: what is said of the tokens left out, or None.
        drawn: how far the arcs have grown, 0…1.
    """

    def __init__(
        self, tokens: Sequence[bytes], weights_T: npt.ArrayLike, shares_T: npt.ArrayLike, box: Box
    ) -> None:
        self.weights = np.asarray(weights_T, dtype=np.float64)
        self.shares = np.asarray(shares_T, dtype=np.float64)
        last = len(self.weights) - 1
        others = np.argsort(-self.weights[:-1], kind="stable").tolist()
        tried = [(size, min(MOST, last + 1)) for size in np.linspace(NAME, LEAST_NAME, 8).tolist()]
        for size, most in [*tried, *((LEAST_NAME, most) for most in range(min(MOST, last), 0, -1))]:
            self.shown = sorted([*others[: most - 1], last])
            self.chips = {at: TokenChip(tokens[at], at, size, 14) for at in self.shown}
            self.numbers = {at: self._number(at) for at in self.shown}
            widths = [max(self.chips[at].width, self.numbers[at].width + 0.25) for at in self.shown]
            gaps = sum(
                after - before > 1 for before, after in zip([-1, *self.shown], self.shown, strict=False)
            )
            if sum(widths) + GAP * gaps <= box.width - NAMES or most == 1:
                break
        self.drawn = 0.0
        self.dots = VGroup()
        self._lay(widths, box, gaps)
        self.arcs = VGroup(*(self._arc(at) for at in self.shown))
        self.rest = self._rest(box)
        self.names = VGroup(
            *(
                text(words, 0.24, tone)
                for words, tone in ((_("weight"), palette.QUERY), (_("reads"), palette.INK))
            )
        )
        first = self.numbers[self.shown[0]]
        for name, number in zip(self.names, first, strict=True):
            name.move_to(
                [max(box.left + name.width / 2, self.left - 0.25 - name.width / 2), number.get_y(), 0]
            )
        super().__init__(self.names, self.arcs, *self.chips.values(), *self.numbers.values(), self.dots)
        if self.rest is not None:
            self.add(self.rest)
        self.grow(0.0)

    def grow(self, drawn: float) -> Self:
        """Let the arcs be drawn so far, from their keys on."""
        self.drawn = drawn
        for at, arc in zip(self.shown, self.arcs, strict=True):
            points = self._path(at)[: max(2, round(drawn * STEPS) + 1)]
            arc.set_points_as_corners(points)
            arc.set_stroke(opacity=min(1.0, 3 * drawn) * 0.9)
        return self

    def _number(self, at: int) -> VGroup:
        tone = palette.INK if abs(self.shares[at]) >= 0.005 else palette.FAINT
        weight = text(percent(self.weights[at], 0), NUMBER, palette.QUERY)
        share = text(signed(self.shares[at], 2), 1.25 * NUMBER, tone)
        return VGroup(weight, share.next_to(weight, np.array([0.0, -1.0, 0.0]), buff=0.06))

    def _lay(self, widths: list[float], box: Box, gaps: int) -> None:
        """Put chips and numbers side by side, dots where tokens are left out."""
        floor = box.bottom + 1.45 + max(chip.height for chip in self.chips.values()) / 2
        pen = self.left = box.center[0] + (NAMES - sum(widths) - GAP * gaps) / 2
        before = -1
        for at, width in zip(self.shown, widths, strict=True):
            if at - before > 1:
                self.dots.add(text("⋯", 0.4, palette.FAINT).move_to([pen + GAP / 2, floor, 0]))
                pen += GAP
            self.chips[at].move_to([pen + width / 2, floor, 0])
            self.numbers[at].move_to([pen + width / 2, box.bottom + 0.87, 0])
            pen, before = pen + width, at
        self.top = box.top

    def _path(self, at: int) -> Floats:
        """From a key's chip up and over to the last one's; of the last one a loop."""
        start, end = (self.chips[key].get_top() for key in (at, self.shown[-1]))
        width = abs(float(end[0] - self.chips[self.shown[0]].get_x()))
        rise = min(self.top - float(start[1]), 0.6 + RISE * width)
        along = np.linspace(0, 1, STEPS + 1)[:, None]
        if at == self.shown[-1]:
            turn = 2 * np.pi * along
            size = min(0.45, rise / 2)
            return np.asarray(
                start + size * np.concatenate([-np.sin(turn) * 0.7, 1 - np.cos(turn), 0 * turn], 1)
            )
        span = (end[0] - start[0]) / max(
            1e-6, self.chips[self.shown[-1]].get_x() - self.chips[self.shown[0]].get_x()
        )
        high = rise * (0.35 + 0.65 * span)
        return np.asarray(start + (end - start) * along + np.array([0, high, 0]) * 4 * along * (1 - along))

    def _arc(self, at: int) -> VMobject:
        ramp = palette.POSITIVE_RAMP if self.shares[at] > 0 else palette.NEGATIVE_RAMP
        level = abs(self.shares[at]) / (np.abs(self.shares).max() or 1.0)
        tone = palette.hexadecimal(tuple(ramp[round(255 * level)] / 255))
        return VMobject(stroke_color=tone, stroke_width=1 + THICKEST * self.weights[at])

    def _rest(self, box: Box) -> VMobject | None:
        hidden = [at for at in range(len(self.weights)) if at not in self.chips]
        if not hidden:
            return None
        words = _("not shown: {count}, with {weight} of its weight and {share}").format(
            count=f"{len(hidden):,}",
            weight=percent(float(self.weights[hidden].sum()), 0),
            share=signed(float(self.shares[hidden].sum()), 2),
        )
        line = fitted(text(words, 0.26, palette.FAINT), box.width)
        return line.move_to([box.center[0], box.bottom + 0.15, 0])


class HeadReading(VGroup):
    """A head's share and its number in the trace as a title, and its last row below them.

    Attributes:
        title: the head, its share, the number.
        row: its `LastRow`.
    """

    def __init__(
        self, tokens: Sequence[bytes], pull: Pull, looks: tuple[npt.ArrayLike, npt.ArrayLike], box: Box
    ) -> None:
        upper, lower = box.stack(1.4, None)
        self.title = VGroup(
            text(pull.name, TITLE, palette.CAPTION),
            text(signed(pull.share, 2), HERO, palette.INK),
            text(f"dla_head_2LH[1, {pull.layer}, {pull.head}]", 0.22, palette.FAINT, mono=True),
        )
        fitted(self.title.arrange(buff=0.5), upper)
        self.row = LastRow(tokens, *looks, lower)
        super().__init__(self.title, self.row)
