"""Where expected words stand in a vocabulary: a strip with a tick for every rank, and a flag for each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import Group, VGroup

from scenes.analogies import Analogy
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.numerals import count
from scenes.mobjects.ruler import Ruler, Scale
from scenes.mobjects.token_row import token_quote

SIZES = (0.4, 0.34, 0.28, 0.22)  # em of what is written


class RankStrip(Group):
    """The ranks of some analogies, without what was put in, on a scale of equal ratios.

    Args:
        sums: the analogies.
        total: of the vocabulary.
        box: where to stand; the type is as large as lets every flag stay in it.

    Attributes:
        ruler: the strip; `flags` are its marks, one an analogy.
    """

    def __init__(self, sums: Sequence[Analogy], total: int, box: Box) -> None:
        ranks = Scale(1, total, lambda rank: count(round(rank)), log=True)
        values = [one.ranks[1] for one in sums]
        rank_words, half = (_("rank"), _("rank")), (total / 2, _("half of all"))
        for size, whole in ((size, whole) for size in SIZES for whole in (True, False)):
            said = [
                one.sum_words + (f" → {token_quote(one.pieces[3])}: {{}}" if whole else ": {}")
                for one in sums
            ]
            self.ruler = Ruler(ranks, box.width, np.arange(1, total + 1), half, rank_words, size)
            self.flags = VGroup(*self.ruler.marked(values, said, [palette.QUERY] * len(said)))
            left, right = float(self.flags.get_left()[0]), float(self.flags.get_right()[0])
            fits = max(-left, right) <= box.width / 2 + 0.15
            if fits and self.flags.height + 1 <= box.height:
                break
        super().__init__(self.ruler, self.flags)
        self.shift(box.center)
