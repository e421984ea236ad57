"""How probabilities multiply: a bar a token on one logarithmic scale, each from the end of the one before."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import DOWN, LEFT, RIGHT, Line, Rectangle, VGroup, VMobject

from scenes.declared import scale_mark
from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.elision import elide
from scenes.mobjects.lettering import Lettering, formula, text
from scenes.mobjects.numerals import count, percent
from scenes.mobjects.token_row import token_words

MOST_ROWS = 9
LABELS = 0.22  # of the width, at most, for the tokens
AXIS = 0.62  # frame units below the rows
THINNEST = 0.02
TICK = 0.24  # em


class ChanceSteps(VGroup):
    """From 1 at the left, each token's bar is as long as −log of its probability: they add up to the text's.

    Args:
        pieces: the tokens' bytes, in order.
        probabilities: theirs.
        width, height: of the whole in frame units.

    Attributes:
        rows: what each line shows, (label, bar, share), in order.
        ends: −log₁₀ of the probability of the text up to each line's end.
        ticks: the scale.
    """

    def __init__(
        self, pieces: list[bytes], probabilities: npt.ArrayLike, width: float, height: float
    ) -> None:
        surprise_G = -np.log10(np.asarray(probabilities, dtype=np.float64))
        places = elide(len(pieces), MOST_ROWS)
        pitch = (height - AXIS) / max(4, len(places))
        size = min(0.4, 0.7 * pitch)
        spans, labels, shares = [], [], []
        for row, place in enumerate(places):
            if place is None:
                first, last = places[row - 1], places[row + 1]
                assert first is not None
                assert last is not None
                spans.append((first + 1, last))
                labels.append(
                    text(_("⋯ {count} more ⋯").format(count=last - first - 1), 0.8 * size, palette.FAINT)
                )
            else:
                spans.append((place, place + 1))
                labels.append(token_words(pieces[place], size, palette.WRITTEN))
            shares.append(float(10 ** -surprise_G[slice(*spans[-1])].sum()))
        total = np.concatenate([[0.0], np.cumsum(surprise_G)])
        self.ends = np.array([total[end] for _, end in spans])
        most = max(1.0, float(total[-1]))
        side = max(min(label.width, LABELS * width) for label in labels)
        left, room = -width / 2 + side + 0.2, width - side - 0.2 - 0.45
        self.rows: list[tuple[Lettering, Rectangle, Lettering]] = []
        super().__init__()
        for row, ((start, end), label, share) in enumerate(zip(spans, labels, shares, strict=True)):
            y = height / 2 - (row + 0.5) * pitch
            if label.width > side:
                label.scale_to_fit_width(side)
            from_x, to_x = (left + room * total[at] / most for at in (start, end))
            bar = Rectangle(
                width=max(THINNEST, to_x - from_x), height=0.62 * pitch, stroke_color=palette.INK,
                stroke_width=1, fill_color=palette.probability_colour(share), fill_opacity=1,
            )  # fmt: skip
            bar.move_to([from_x, y, 0], LEFT)
            words = text(percent(share, 1 if share >= 0.001 else 3), 0.8 * size, palette.INK)
            after = left + room - float(bar.get_right()[0]) + 0.45 > words.width + 0.12
            words.next_to(bar, RIGHT if after else LEFT, buff=0.12)
            label.move_to([left - 0.2 - label.width / 2, y, 0])
            self.rows.append((label, bar, words))
            self.add(VGroup(label, bar, words))
        self.ticks = VGroup()
        foot = -height / 2 + AXIS
        for decades, words in _ticks(most, room).items():
            x = left + room * decades / most
            self.ticks.add(Line([x, foot, 0], [x, foot - 0.1, 0], stroke_width=2, color=palette.FAINT))
            self.ticks.add(words.next_to([x, foot - 0.12, 0], DOWN, buff=0.05))
        self.ticks.add(Line([left, foot, 0], [left + room, foot, 0], stroke_width=2, color=palette.FAINT))
        self.add(self.ticks)


def _ticks(most: float, room: float) -> dict[int, VMobject]:
    """Powers of ten at equal distances, as many as their words have room for."""
    for step in (1, 2, 3, 5, 10, 20, 50, 100, 500):
        ticks = {decades: _tick(decades) for decades in range(0, int(most + 1e-9) + 1, step)}
        if max(words.width for words in ticks.values()) + TICK < room * step / most:
            break
    return ticks


def _tick(decades: int) -> VMobject:
    decades = scale_mark(decades)
    if decades == 0:
        return text(count(scale_mark(1)), TICK, palette.FAINT)
    if decades < 7:
        return text(_("1 in {count}").format(count=count(10**decades)), TICK, palette.FAINT)
    return formula(_("1 in {count}").format(count=f"$10^{decades}$"), TICK, palette.FAINT)
