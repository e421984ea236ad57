"""One score worked out: whose query and key meet, their dot product, and what becomes of it."""

from __future__ import annotations

from typing import Self

import numpy as np
from manim import RIGHT, VGroup

from model_probe.trace import Facts
from scenes.head_vector import HeadVector
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.dot_product import DotProduct
from scenes.mobjects.lettering import fitted, formula, text
from scenes.mobjects.token_row import TokenChip
from scenes.query_key_words import verdict

LINE = 0.75  # height of the line with the two tokens, above their vectors
VERDICT = 1.2  # and of what the sum becomes, below
FIRST, SLOW = 4, 0.45  # products, and the share of the time that they take


class ScoreWork:
    """Its parts come one after the other, so they are no group.

    Args:
        query, key: the two vectors.
        score: what the head made of their dot product.
        facts: of the run; they say how.
        stage: which they fill.

    Attributes:
        labels: the two tokens, and where there is room what bars and line are.
        work: the dot product.
        verdict: how the sum becomes the score.
    """

    def __init__(self, query: HeadVector, key: HeadVector, score: float, facts: Facts, stage: Box) -> None:
        x, y, _z = stage.center
        self.work = DotProduct(
            query.captured_K, key.captured_K, stage.width - 0.2, stage.height - LINE - VERDICT
        )
        self.work.shift([x, y + (VERDICT - LINE) / 2, 0])
        self.work.show(0)
        self.verdict = formula(verdict(facts, float(self.work.sums[-1]), score), 0.43, fit=stage.width)
        self.verdict.move_to([x, stage.bottom + 0.05 + self.verdict.height / 2, 0])
        self.labels = VGroup()
        for vector in (query, key):
            name, chip = text(vector.letter, 0.4, vector.colour), TokenChip(vector.piece, vector.token, 0.4)
            self.labels.add(VGroup(name, chip).arrange(RIGHT, buff=0.15))
        left, line = float(self.work.zero.get_start()[0]), stage.top - LINE / 2
        fitted(self.labels.arrange(RIGHT, buff=0.6), stage.right - left)
        self.labels.move_to([left + self.labels.width / 2, line, 0])
        legend = text(_("bars: the products · line: their sum so far"), 0.22, palette.FAINT)
        if legend.width < stage.right - float(self.labels.get_right()[0]) - 0.3:
            self.labels.add(legend.move_to([stage.right - legend.width / 2, line, 0]))

    def add_up(self, amount: float) -> Self:
        """Show the sum after `amount` (0…1) of the time: the first products take long, the others do not."""
        products = len(self.work.products)
        done = np.interp(amount, [0.0, SLOW, 1.0], [0, min(FIRST, products), products])
        self.work.show(round(float(done)))
        return self
