"""The balance: how far a word lies along a direction, one number for each; and why its length matters."""

from __future__ import annotations

import numpy as np
from manim import DOWN, UP, Animation, AnimationGroup, FadeIn, FadeOut, VGroup, linear

from scenes import N_
from scenes import dot_product_words as words
from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.arrow_plane import ArrowPlane, on_their_plane
from scenes.mobjects.dot_product import DotProduct
from scenes.mobjects.histogram import Histogram
from scenes.mobjects.hues import HUES
from scenes.mobjects.lettering import text
from scenes.mobjects.named_columns import NamedColumns
from scenes.mobjects.numerals import count, plain, signed
from scenes.mobjects.readout import Readout
from scenes.mobjects.ruler import Ruler, Scale
from scenes.mobjects.token_row import token_quote
from scenes.mobjects.word_line import WordLine

COUNTED = 20  # pairs at most that the direction is tried on; one of the prompt's may come after them
NOTE = 0.4  # frame units for the line that names a tensor


class DotProducts(LectureScene):
    """A plural minus its singular as a direction; dot products with it sort other words, or do not.

    Data: `pair_…`: pairs from a fixed list whose both words are single tokens, in its order. Pair 0 makes
    `direction_D` and proves nothing about it; the next twenty lie on the line and are counted, a pair is
    right where the plural's dot product is the greater one. A pair of the prompt's that is not among them is
    on the line as well, and not counted; words of the prompt are yellow. The plural of pair 1 is the one
    that is multiplied out. `random_cosines_R`: of pairs drawn with the seed. Independent of the prompt
    otherwise.
    """

    reads = (
        "prompt_bytes_B",
        "prompt_offsets_T1",
        "vocab_bytes_B if any",
        "vocab_offsets_V1 if any",
        "direction_D if any",
        "pair_ids_P2 if any",
        "pair_vectors_P2D if any",
        "pair_dots_P2 if any",
        "pair_norms_P2 if any",
        "pair_cosines_P2 if any",
        "random_cosines_R",
    )
    poster = "score"

    def construct(self) -> None:
        """A direction, one product, all words on a line, how many are right, the length; random pairs."""
        # data
        trace, width = self.trace, self.trace.facts.d_model
        self.cosines = np.asarray(trace.random_cosines_R, dtype=np.float64)
        mean = float(self.cosines.mean())

        # picture
        self.row, below = self.shelved()
        _note, self.room = below.stack(NOTE, None, gap=0.05)
        self.note = text(" ", 0.22, palette.FAINT).move_to(_note.center)

        # story
        self.add(self.row)
        if trace.has("direction_D") and len(trace.pair_ids_P2[:]) > 1:
            self._read_pairs()
            singular, plural = self.pieces[0]
            word = self.pieces[1][1]
            step = N_("{plural} minus {singular}: what is left is a direction, {width} numbers long.")
            with self.beat("direction", step, plural=plural, singular=singular, width=width):
                self._subtract()
            with self.beat("products", words.sum_words(word, width)):
                self._multiply(word)
            line = N_(
                "Each word's dot product is its place on a line. Singulars lie below it, plurals above."
            )
            with self.beat("line", line):
                self._ride()
            with self.beat("score", words.score_words(self.right, self.counted)):
                self._judge()
            with self.beat("length", self._cut_words()):
                self._cut(word)
        else:
            none = N_("No pair of the list is shown: none has both its words as single tokens here.")
            with self.beat("score", none):
                self.wait(1)
        with self.beat("random", words.random_words(mean, len(self.cosines)), last=True):
            self._scatter(mean)

    # The rest is what the story plays, beat by beat.

    def _read_pairs(self) -> None:
        trace = self.trace
        self.ids = trace.pair_ids_P2[:]
        self.pieces = [(trace.token_name(a), trace.token_name(b)) for a, b in self.ids.tolist()]
        self.dots, self.lengths = trace.pair_dots_P2[:], trace.pair_norms_P2[:]
        self.counted = min(COUNTED, len(self.ids) - 1)
        tried = self.dots[1 : 1 + self.counted]
        self.right = int((tried[:, 1] > tried[:, 0]).sum())
        self.direction = np.asarray(trace.direction_D, dtype=np.float64)
        self.long = float(np.linalg.norm(self.direction))
        self.cosine = float(trace.pair_cosines_P2[1, 1])

    def _noted(self, said: str) -> Animation:
        """Which tensor the picture is of, in the corner."""
        before, stage = self.note, self.layout.stage
        self.note = text(said, 0.22, palette.FAINT, fit=stage.width)
        self.note.move_to([stage.left + self.note.width / 2, before.get_y(), 0])
        return AnimationGroup(FadeOut(before), FadeIn(self.note))

    def _subtract(self) -> None:
        """Both words and their difference, as columns and as arrows on the plane that the two span."""
        singular, plural = (token_quote(piece) for piece in self.pieces[0])
        vectors = np.asarray(self.trace.pair_vectors_P2D[0], dtype=np.float64)
        names, hues = (plural, singular, f"{plural} − {singular}"), (HUES[1], HUES[0], palette.QUERY)
        left, right = self.layout.split(self.room, 3, 2)
        self.columns = NamedColumns([vectors[1], vectors[0], self.direction], names, hues, ("−", "="), right)
        flat = on_their_plane(vectors[0], vectors[1])
        origin = np.zeros(2)
        ends = [[origin, flat[1]], [origin, flat[0]], [flat[0], flat[1]]]
        self.arrows = ArrowPlane(ends, names, hues, left)
        self.arrows.show([0, 0, 0])
        self.add(self.arrows)
        self.play(
            self.change(self.arrows.show, [0, 0, 0], [1, 1, 0]),
            *self.columns.shown(0, 1),
            self._noted("pair_vectors_P2D[0]"),
            run_time=2,
        )
        self.play(self.change(self.arrows.show, [1, 1, 0], [1, 1, 1]), *self.columns.shown(2), run_time=1.6)
        self.play(self._noted(f"direction_D · {count(len(self.direction))}"), run_time=0.5)

    def _multiply(self, word: bytes) -> None:
        """Direction times word, element by element, and the sum as it grows."""
        room, vector = self.room, np.asarray(self.trace.pair_vectors_P2D[1, 1])
        self.product = DotProduct(
            self.direction, vector, room.width, min(room.height, 5.2), (palette.QUERY, HUES[1])
        )
        self.product.shift(room.center)
        self.play(FadeOut(self.columns), FadeOut(self.arrows), FadeIn(self.product), run_time=0.8)
        said = f"direction_D · {token_quote(word)} = pair_dots_P2[1, 1]"
        last = len(vector)
        for upto, seconds in ((3, 1.5), (last, 3.0)):
            start = self.product.summed
            step = self.change(lambda value: self.product.show(round(value)), start, upto, self.product)
            self.play(step, run_time=seconds)
        self.play(self._noted(said), run_time=0.4)

    def _ride(self) -> None:
        """All words come from 0 to where their dot products are."""
        mine = set(self.trace.token_ids_T[:].tolist())
        marked = [at for at, pair in enumerate(self.ids[1:].tolist()) if mine & set(pair)]
        self.stand, self.foot = self.layout.stack(self.room, None, 1.4, gap=0.1)
        self.line = WordLine(self.pieces[1:], self.dots[1:], self.stand, marked)
        self.play(FadeOut(self.product), FadeIn(self.line), self._noted("pair_dots_P2[1:]"), run_time=0.8)
        self.play(self.change(self.line.grow, 0.0, 1.0), run_time=3.5)

    def _judge(self) -> None:
        """Pair by pair: right or wrong; the right ones are counted on a scale with what a coin gives."""
        total = self.counted
        scale = Scale(0, total, lambda value: count(round(value)))
        coin = (total / 2, _("a coin: {half}").format(half=plain(total / 2, 0 if total % 2 == 0 else 1)))
        self.score = Ruler(scale, self.foot.width, (), coin, size=0.3)
        self.score.shift([self.foot.center[0], self.foot.bottom + 0.62, 0])
        mark = self.score.mark(0, _("{right} of {of}").format(right="{}", of=total))
        good = np.cumsum([0, *(pair[1] > pair[0] for pair in self.dots[1 : 1 + total])])
        self.mark = mark

        def step(value: float) -> None:
            self.line.judge(value)
            mark.show(int(good[round(value)]))

        self.play(FadeIn(self.score), FadeIn(mark), run_time=0.5)
        self.play(self.change(step, 0, total, self.line, mark), run_time=4, rate_func=linear)

    def _cut_words(self) -> str:
        longer = max(self.long, float(self.lengths[1, 1]))
        dot = float(self.dots[1, 1])
        return words.cut_words(longer, dot, dot / longer)

    def _cut(self, word: bytes) -> None:
        """One pair's dot product, lengths and cosine; the longer arrow is brought to length 1."""
        names = (_("direction"), token_quote(word))
        vector = np.asarray(self.trace.pair_vectors_P2D[1, 1])
        flat = on_their_plane(self.direction, vector)
        left, right = self.layout.split(self.room, 3, 2)
        lengths = np.array([self.long, float(self.lengths[1, 1])])
        most = max(1.0, 1 / float(lengths.max()))
        self.pair = ArrowPlane([[[0, 0], end] for end in flat], names, (palette.QUERY, HUES[1]), left, most)
        self.dials = [
            Readout(name, write, among, 0.56, below=True)
            for name, write, among in (
                (_("dot product"), lambda v: signed(v, 2), (-9.99, 9.99)),
                (_("length of the direction"), lambda v: plain(v, 2), (9.99,)),
                (_("length of {word}").format(word=names[1]), lambda v: plain(v, 2), (9.99,)),
                (_("cosine"), lambda v: signed(v, 2), (-1.0,)),
            )
        ]
        dials = VGroup(*self.dials).arrange(DOWN, buff=0.25)
        dials.scale(min(1.0, right.height / dials.height, right.width / dials.width)).move_to(right.center)
        self._turn_dials(lengths)
        self.play(
            *map(FadeOut, (self.line, self.score, self.mark)), FadeIn(dials), FadeIn(self.pair),
            self._noted("pair_dots_P2[1, 1] · pair_norms_P2[1, 1] · pair_cosines_P2[1, 1]"), run_time=1,
        )  # fmt: skip
        self.wait(1.2)
        cut = lengths.copy()
        cut[int(lengths.argmax())] = 1.0

        def step(now: np.ndarray) -> None:
            self.pair.show(now / lengths)
            self._turn_dials(now)

        self.play(self.change(step, lengths, cut, self.pair, dials), run_time=3)

    def _turn_dials(self, lengths: np.ndarray) -> None:
        dot, direction, word, cosine = self.dials
        direction.show(float(lengths[0]))
        word.show(float(lengths[1]))
        cosine.show(self.cosine)
        dot.show(self.cosine * float(lengths.prod()))

    def _scatter(self, mean: float) -> None:
        """The cosines of random pairs, all that there can be on the axis, and their mean."""
        self.histogram = Histogram(self.cosines, self.room, _("cosine"), _("pairs"))
        if hasattr(self, "pair"):
            self.play(FadeOut(self.pair), *map(FadeOut, self.dials), run_time=0.5)
        self.play(
            FadeIn(self.histogram.plot),
            self._noted(f"random_cosines_R · {count(len(self.cosines))}"),
            run_time=0.6,
        )
        self.add(self.histogram)
        self.play(self.change(self.histogram.grow, 0.0, 1.0), run_time=2.5)
        self.middle = self.histogram.marked(mean, signed(mean, 2))
        self.play(FadeIn(self.middle, shift=0.25 * UP), run_time=0.6)
