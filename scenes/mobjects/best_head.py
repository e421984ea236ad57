"""The head that does something nameable more than any other: what, which head, how much, and its pattern."""

from __future__ import annotations

import numpy as np
from manim import DOWN, UP, VGroup

from model_probe.trace import Trace
from scenes.heads_words import Kind
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import fitted, text
from scenes.mobjects.numerals import percent
from scenes.mobjects.pattern_picture import PatternPicture, halves, token_spans

TITLE, WHOSE = 0.36, 0.3  # em
BETWEEN = 0.15  # frame units from the words to the picture
FIRST = 4.0  # side of the picture that is tried first
LEAST, MOST = 4, 12  # how often its size is tried


class BestHead:
    """Words at a box's upper edge, the pattern below them. They come one after the other, so are no group.

    Args:
        trace: the run.
        kind: what the head does; its scores say which one does so most.
        box: what words and picture fill.
        brightest: the weight drawn brightest, where the pattern is the prompt's own.

    Attributes:
        layer, head, score: of the head.
        title: what it does, and which head it is with its score.
        picture: the pattern in which that was measured.
    """

    def __init__(self, trace: Trace, kind: Kind, box: Box, brightest: float) -> None:
        self.trace, self.kind, self.brightest = trace, kind, brightest
        self.scores_LH = np.asarray(getattr(trace, kind.tensor))
        best = np.unravel_index(int(self.scores_LH.argmax()), self.scores_LH.shape)
        self.layer, self.head, self.score = int(best[0]), int(best[1]), float(self.scores_LH.max())
        whose = _("layer {layer} · head {head}: {score} of its weight").format(
            layer=self.layer, head=self.head, score=percent(self.score)
        )
        words = VGroup(text(kind.title, TITLE, palette.INK), text(whose, WHOSE, palette.QUERY))
        self.title = fitted(words.arrange(DOWN, buff=0.12), box.width)
        self.title.move_to([box.center[0], box.top, 0], aligned_edge=UP)
        room = float(self.title.get_bottom()[1]) - BETWEEN - box.bottom
        self.picture = self._picture(FIRST)
        for again in range(MOST):  # names keep their size, or turn, where the picture takes another
            larger = min(room - self.picture.height, box.width - self.picture.width)
            if again >= LEAST and larger >= -1e-3:
                break
            self.picture = self._picture(self.picture.heat.width + larger)
        self.picture.move_to([box.center[0], box.bottom + room / 2, 0])

    def _picture(self, side: float) -> PatternPicture:
        trace = self.trace
        if self.kind.name == "induction" and trace.has("induction_pattern_RR"):
            repeats = len(trace.induction_ids_R)
            pattern_RR = np.asarray(trace.induction_pattern_RR)
            scale = min(1.0, palette.robust_scale(pattern_RR[np.tril_indices(2 * repeats)]))
            first = _("{count} tokens").format(count=repeats)
            return PatternPicture(pattern_RR, side, scale, halves(first, _("the same again")))
        pattern_TS = np.asarray(trace.pattern_LHTS[self.layer, self.head])
        return PatternPicture(pattern_TS, side, self.brightest, token_spans(trace.tokens, side))
