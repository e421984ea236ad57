"""A difference of logits as a sum: the strongest parts, the others, and beside it the two logits captured."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from manim import UP, Line, Rectangle, VGroup

from scenes.attribution_words import ledger_entries
from scenes.language import _
from scenes.layout import Layout
from scenes.mobjects import palette
from scenes.mobjects.ledger import Ledger
from scenes.mobjects.lettering import fitted
from scenes.mobjects.numerals import plain, signed
from scenes.mobjects.readout import Readout
from scenes.mobjects.token_row import token_quote
from scenes.pulls import Pull, digits

NUMBER = 0.5  # em


class ShareSum(VGroup):
    """A ledger of shares, and what their sum is compared with.

    Args:
        parts: everything that pulls.
        ends: the runner-up and the winner.
        logits: the winner's and the runner-up's.
        scale: what the last norm divides by.
        layout: of the frame.

    Attributes:
        ledger: the strongest parts, all others, the norm's bias; its sum shows 0 at first.
        bars: one a line, each from where the one above it ends; the sum's from zero; and the line of zero.
        readings: both logits, and the scale.
    """

    def __init__(
        self,
        parts: Sequence[Pull],
        ends: tuple[bytes, bytes],
        logits: tuple[float, float],
        scale: float,
        layout: Layout,
    ) -> None:
        left, right = layout.split(layout.stage.inset(0.4, 0.3), 1.5, 1, gap=0.8)
        words = _("difference of the logits")
        places = digits(logits[0] - logits[1])
        entries = ledger_entries(parts)
        self.ledger = Ledger(entries, words, left, lambda value: signed(value, places))
        self.ledger.shift([0, left.center[1] - self.ledger.get_y(), 0])
        self.bars = self._bridge([entry.number for entry in entries])
        readings = VGroup()
        for end, logit in zip(ends[::-1], logits, strict=True):
            name = _("logit of “{token}”").format(token=token_quote(end))
            readings.add(Readout(name, lambda value: signed(value, places), [logit], NUMBER, below=True))
        name = _("the last norm's scale, held")
        readings.add(Readout(name, lambda value: plain(value, 2), [scale], NUMBER, below=True))
        self.readings = fitted(readings.arrange(-UP, buff=0.4), right)
        super().__init__(self.ledger, self.bars, self.readings)

    def _bridge(self, shares: list[float]) -> VGroup:
        """A bar beside each line, from where the one above ends; the last one is the sum."""
        lines = [*self.ledger.lines, VGroup(self.ledger.foot[1], self.ledger.total)]
        left = max(float(line[0].get_right()[0]) for line in lines) + 0.3
        right = min(float(line[1].get_left()[0]) for line in lines) - 0.3
        ends = np.concatenate([[0.0], np.cumsum(shares)])
        low, high = float(ends.min()), float(ends.max())
        places = left + (right - left) * (ends - low) / ((high - low) or 1.0)
        zero, bars = left + (right - left) * -low / ((high - low) or 1.0), VGroup()
        for line, (start, end) in zip(lines, [*pairwise(places), (zero, places[-1])], strict=True):
            ramp = palette.POSITIVE_RAMP if end > start else palette.NEGATIVE_RAMP
            hue = palette.hexadecimal(tuple(ramp[200] / 255)) if len(bars) < len(shares) else palette.QUERY
            bar = Rectangle(width=max(0.02, abs(end - start)), height=0.6 * line.height, stroke_width=0)
            bars.add(bar.set_fill(hue, 1).move_to([(start + end) / 2, line[0].get_y(), 0]))
        top, bottom = float(lines[0].get_top()[1]), float(lines[-1].get_bottom()[1])
        return bars.add(Line([zero, top, 0], [zero, bottom, 0], stroke_width=1.5, color=palette.FAINT))
