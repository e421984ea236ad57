"""The balance: how far a word lies along a direction, one number for each; and why its length matters."""

from __future__ import annotations

import numpy as np
from manim import UP, FadeIn, FadeOut, linear

from scenes import dot_product_words as words
from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.arrow_plane import ArrowPlane, on_their_plane
from scenes.mobjects.counted_right import CountedRight
from scenes.mobjects.cut_to_length import CutToLength
from scenes.mobjects.dot_product import DotProduct
from scenes.mobjects.histogram import Histogram
from scenes.mobjects.hues import HUES
from scenes.mobjects.named_columns import NamedColumns
from scenes.mobjects.note import HEIGHT, Note
from scenes.mobjects.numerals import count, signed
from scenes.mobjects.token_row import token_quote
from scenes.mobjects.word_line import WordLine
from scenes.plural_pairs import PluralPairs, plural_pairs

BOTH = palette.QUERY, HUES[1]  # the direction's colour, and the other word's


class DotProducts(LectureScene):
    """A plural minus its singular as a direction; dot products with it sort other words, or do not.

    Data: `pair_…`: pairs from a fixed list whose both words are single tokens, in its order. Pair 0 makes
    `direction_D`, the next twenty lie on the line and are counted: right where the plural's dot product is
    the greater. A further pair that the prompt has a word of is on the line as well, not counted; words of
    the prompt are yellow. The plural of pair 1 is multiplied out. `random_cosines_R`: drawn with the seed.
    """

    reads = (
        "the prompt",
        "the vocabulary",
        "the pairs",
        "random_cosines_R",
    )
    poster = "score"

    def construct(self) -> None:
        """A direction, one product, all words on a line, how many are right, the length; random pairs."""
        # data
        self.pairs = pairs = plural_pairs(self.trace)
        self.cosines = np.asarray(self.trace.random_cosines_R, dtype=np.float64)
        self.mean = float(self.cosines.mean())

        # picture
        self.row, below = self.shelved()
        corner, self.room = below.stack(HEIGHT, None, gap=0.05)
        self.note = Note(corner)

        # story
        self.add(self.row)
        if pairs is not None:
            with self.beat("direction", words.direction_words(*pairs.pieces[0], len(pairs.direction))):
                self._subtract(pairs)
            with self.beat("products", words.sum_words(pairs.pieces[1][1], len(pairs.direction))):
                self._multiply(pairs)
            with self.beat("line", words.LINE):
                self._ride(pairs)
            with self.beat("score", words.score_words(pairs.right[-1], len(pairs.right) - 1)):
                self._judge(pairs)
            longer, dot = max(pairs.cut), pairs.dots_P2[1, 1]
            with self.beat("length", words.cut_words(longer, dot, dot / longer)):
                self._cut(pairs)
        else:
            with self.beat("score", words.NO_PAIR):
                self.wait(1)
            with self.beat("question", words.QUESTION):
                self.wait(1)
        with self.beat("random", words.random_words(self.mean, len(self.cosines)), last=True):
            self._scatter()

    # The rest is what the story plays, beat by beat.

    def _subtract(self, pairs: PluralPairs) -> None:
        """Both words and their difference, as columns and as arrows on the plane that the two span."""
        singular, plural = (token_quote(piece) for piece in pairs.pieces[0])
        vectors = pairs.vectors_P2D[0]
        names, hues = (plural, singular, f"{plural} − {singular}"), (HUES[1], HUES[0], palette.QUERY)
        left, right = self.layout.split(self.room, 3, 2)
        columns = [vectors[1], vectors[0], pairs.direction]
        self.columns = NamedColumns(columns, names, hues, ("−", "="), right)
        one, many = on_their_plane(vectors[0], vectors[1])
        self.arrows = ArrowPlane([[0 * one, many], [0 * one, one], [one, many]], names, hues, left)
        self.add(self.arrows.show([0, 0, 0]))
        both = self.change(self.arrows.show, [0, 0, 0], [1, 1, 0])
        self.play(both, *self.columns.shown(0, 1), self.note.say("pair_vectors_P2D[0]"), run_time=1.4)
        difference = self.change(self.arrows.show, [1, 1, 0], [1, 1, 1])
        self.play(difference, *self.columns.shown(2), run_time=1.2)
        self.play(self.note.say(f"direction_D · {count(len(pairs.direction))}"), run_time=0.5)

    def _multiply(self, pairs: PluralPairs) -> None:
        """Direction times word, element by element, and the sum as it grows."""
        room, vector, word = self.room, pairs.vectors_P2D[1, 1], token_quote(pairs.pieces[1][1])
        self.product = DotProduct(pairs.direction, vector, room.width, min(room.height, 5.2), BOTH)
        self.product.shift(room.center)
        self.play(FadeOut(self.columns), FadeOut(self.arrows), FadeIn(self.product), run_time=0.8)
        for upto, seconds in ((3, 1.0), (len(vector), 2.0)):
            start = self.product.summed
            step = self.change(lambda value: self.product.show(round(value)), start, upto, self.product)
            self.play(step, run_time=seconds)
        self.play(self.note.say(f"direction_D · {word} = pair_dots_P2[1, 1]"), run_time=0.4)

    def _ride(self, pairs: PluralPairs) -> None:
        """All words come from 0 to where their dot products are."""
        stand, self.foot = self.layout.stack(self.room, None, 1.4, gap=0.1)
        self.line = WordLine(pairs.pieces[1:], pairs.dots_P2[1:], stand, pairs.mine)
        self.play(FadeOut(self.product), FadeIn(self.line), self.note.say("pair_dots_P2[1:]"), run_time=0.6)
        self.play(self.change(self.line.grow, 0.0, 1.0), run_time=3)

    def _judge(self, pairs: PluralPairs) -> None:
        """Pair by pair: right or wrong; the right ones are counted on a scale with what a coin gives."""
        self.score = CountedRight(pairs.right, self.foot)

        def step(value: float) -> None:
            self.line.judge(value)
            self.score.show(value)

        self.play(FadeIn(self.score), run_time=0.5)
        judge = self.change(step, 0, pairs.counted, self.line, self.score.mark)
        self.play(judge, run_time=4, rate_func=linear)

    def _cut(self, pairs: PluralPairs) -> None:
        """One pair's dot product, lengths and cosine; the longer arrow is brought to length 1."""
        names = (_("direction"), token_quote(pairs.pieces[1][1]))
        both, boxes = (pairs.direction, pairs.vectors_P2D[1, 1]), self.layout.split(self.room, 3, 2)
        self.arrows = CutToLength(both, pairs.cut, pairs.cosine, names, BOTH, boxes)
        said = self.note.say("pair_dots_P2[1, 1] · pair_norms_P2[1, 1] · pair_cosines_P2[1, 1]")
        gone = map(FadeOut, (self.line, self.score))
        self.play(*gone, FadeIn(self.arrows), said, run_time=1)
        self.wait(1)
        self.play(self.change(self.arrows.show, self.arrows.lengths, self.arrows.cut), run_time=2.5)

    def _scatter(self) -> None:
        """The cosines of random pairs, all that there can be on the axis, and their mean."""
        self.histogram = Histogram(self.cosines, self.room, _("cosine"), _("pairs"))
        if self.pairs is not None:
            self.play(FadeOut(self.arrows), run_time=0.5)
        said = self.note.say(f"random_cosines_R · {count(len(self.cosines))}")
        self.play(FadeIn(self.histogram.plot), said, run_time=0.6)
        self.add(self.histogram)
        self.play(self.change(self.histogram.grow, 0.0, 1.0), run_time=2)
        self.middle = self.histogram.marked(self.mean, signed(self.mean, 2))
        self.play(FadeIn(self.middle, shift=0.25 * UP), run_time=0.6)
