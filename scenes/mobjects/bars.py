"""A bar chart of probabilities: label, bar, percentage; last, in grey, everything that is not shown.

A bar is as long and as light as its token is likely.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from manim import Animation, Rectangle, UpdateFromAlphaFunc, VGroup, smooth

from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import count, percent
from scenes.mobjects.token_row import token_words

THINNEST = 0.012  # a bar of no length could not be seen at all


class Bar(VGroup):
    """One row: label, bar, percentage.

    Attributes:
        probability: what the bar shows now.
        token_id: the vocabulary id, or None for the rest.
    """

    def __init__(self, label: Lettering, token_id: int | None, size: float) -> None:
        self.label = label
        self.token_id = token_id
        self.probability = 0.0
        self.shape = Rectangle(
            width=THINNEST, height=0.8 * size, stroke_color=palette.INK, stroke_width=1,
            fill_color=palette.REST, fill_opacity=1,
        )  # fmt: skip
        self.share = text("0.0 %", 0.9 * size, palette.INK)
        super().__init__(label, self.shape, self.share)


class ProbabilityBars(VGroup):
    """Bars for some tokens and one for all others; together they are 100 %.

    Args:
        pieces: what stands for each token shown (`Trace.token_name`).
        token_ids: their vocabulary ids.
        probabilities: their probabilities.
        n_vocab: size of the vocabulary, for the count in the rest bar's label.
        width, height: of the whole chart in frame units.
        longest: the probability of the longest possible bar; the largest one shown by default.
        others: label of the rest bar, where the chart is too narrow for the usual one.
    """

    def __init__(
        self,
        pieces: list[bytes],
        token_ids: list[int],
        probabilities: npt.ArrayLike,
        n_vocab: int,
        width: float,
        height: float,
        longest: float | None = None,
        others: str | None = None,
    ) -> None:
        shown = np.asarray(probabilities, dtype=np.float64)
        rows = len(token_ids) + 1
        pitch = height / rows
        size = min(0.36, 0.72 * pitch)
        self.bars = [
            Bar(
                token_words(piece, size, palette.INK),
                token_id,
                size,
            )
            for piece, token_id in zip(pieces, token_ids, strict=True)
        ]
        words = others or _("all other {count} tokens").format(count=count(n_vocab - len(token_ids)))
        self.rest = Bar(text(words, 0.8 * size, palette.FAINT), None, size)
        self.longest = longest or float(max(shown.max(initial=0.0), 1 - shown.sum()))
        labels = max(bar.label.width for bar in (*self.bars, self.rest))
        shares = self.rest.share.width + 0.6 * size
        self.room = max(0.5, width - labels - shares - 0.3)
        super().__init__(*self.bars, self.rest)
        for row, bar in enumerate(self):
            y = height / 2 - (row + 0.5) * pitch
            bar.label.move_to([-width / 2 + labels - bar.label.width / 2, y, 0])
            bar.shape.move_to([-width / 2 + labels + 0.15 + THINNEST / 2, y, 0])
            bar.share.move_to([0, y, 0])
        self.show(shown)

    def show(self, probabilities: npt.ArrayLike, rest: float | None = None) -> ProbabilityBars:
        """Set every bar; the rest bar takes what is left to 100 %, or `rest` while all of them grow."""
        shown = np.asarray(probabilities, dtype=np.float64)
        left_over = max(0.0, 1 - float(shown.sum())) if rest is None else rest
        for bar, probability in zip(self, [*shown, left_over], strict=True):
            left = bar.shape.get_left()
            bar.probability = float(probability)
            length = max(THINNEST, self.room * min(1.0, bar.probability / self.longest))
            bar.shape.stretch_to_fit_width(length).move_to(left).shift([length / 2, 0, 0])
            bar.share.rewrite(percent(bar.probability))
            bar.share.next_to(bar.shape, buff=0.12)
            if bar is not self.rest:
                bar.shape.set_fill(palette.probability_colour(bar.probability))
        return self


def single_out(bars: ProbabilityBars, row: int | None, dimmed: float) -> list[Animation]:
    """Only the bar `row` stays lit; None is the rest, which then is lighter than it was."""
    changes: list[Animation] = [
        bar.animate.set_opacity(dimmed) for at, bar in enumerate(bars.bars) if at != row
    ]
    if row is not None:
        return [*changes, bars.rest.animate.set_opacity(dimmed)]
    return [
        *changes,
        bars.rest.shape.animate.set_fill(palette.CAPTION),
        bars.rest.label.animate.set_color(palette.INK),
    ]


def count_to(bars: ProbabilityBars, probabilities: npt.ArrayLike, before: Sequence[float]) -> Animation:
    """The bars grow or shrink from the shares of `before`, the rest's last in it, to `probabilities`."""
    shares = np.asarray(probabilities, dtype=np.float64)
    end = np.append(shares, max(0.0, 1 - float(shares.sum())))
    start = np.zeros_like(end)
    same = min(len(start), len(before)) - 1  # a step may leave fewer tokens than the one before it
    start[:same], start[-1] = before[:same], before[-1]

    def move(bars: ProbabilityBars, amount: float) -> None:
        now = (1 - amount) * start + amount * end
        bars.show(now[:-1], rest=float(now[-1]))

    return UpdateFromAlphaFunc(bars, move, rate_func=smooth)


def likeliest_bars(
    name: Callable[[int], bytes],
    probabilities_V: npt.NDArray[np.float64],
    width: float,
    height: float,
    most: int = 6,
) -> ProbabilityBars:
    """The likeliest tokens of a vocabulary, in a chart that has no room for a long label of the rest.

    Args:
        name: what stands for a vocabulary id (`Trace.token_name`).
        probabilities_V: of every token.
        width: of the whole chart in frame units.
        height: the same.
        most: bars but that of the rest.
    """
    best = [int(token) for token in np.argsort(-probabilities_V, kind="stable")[:most]]
    total = len(probabilities_V)
    others = _("{count} others").format(count=count(total - len(best)))
    names = [name(token) for token in best]
    return ProbabilityBars(names, best, probabilities_V[best], total, width, height, others=others)
