"""What two vectors would go on with, as bars on one scale, each below what it belongs to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from manim import Mobject, VGroup

from model_probe.trace import Trace
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects.bars import ProbabilityBars
from scenes.mobjects.numerals import count

BARS = 4  # likeliest tokens shown of each
HEAD = 0.5  # height of what stands above the bars


class TwoPredictions(VGroup):
    """Two charts of the likeliest tokens and the rest; the longest bar of both is the largest share.

    Args:
        trace: names its tokens.
        ids_EN: two lists of token ids, likeliest first.
        logprobs_EN: their natural log-probabilities.
        heads: what stands above each chart.
        boxes: what each takes.

    Attributes:
        charts: the two charts.
    """

    def __init__(
        self,
        trace: Trace,
        ids_EN: tuple[npt.ArrayLike, npt.ArrayLike],
        logprobs_EN: tuple[npt.ArrayLike, npt.ArrayLike],
        heads: tuple[Mobject, Mobject],
        boxes: list[Box],
    ) -> None:
        shares_EN = [np.exp(np.asarray(each, dtype=np.float64)[:BARS]) for each in logprobs_EN]
        longest = max(max(float(shares.max()), 1 - float(shares.sum())) for shares in shares_EN)
        total = trace.facts.n_vocab
        self.charts: list[ProbabilityBars] = []
        super().__init__()
        for ids, shares, head, box in zip(ids_EN, shares_EN, heads, boxes, strict=True):
            above, place = box.stack(HEAD, None, gap=0.2)
            shown = np.asarray(ids)[: len(shares)].tolist()
            others = _("{count} others").format(count=count(total - len(shown)))
            names = [trace.token_name(token) for token in shown]
            chart = ProbabilityBars(names, shown, shares, total, place.width, place.height, longest, others)
            self.charts.append(chart.shift(place.center))
            self.add(VGroup(head.move_to(above.center), chart))
