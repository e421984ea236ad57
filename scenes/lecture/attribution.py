"""Who pushed the winning token: a tug of war between it and the runner-up, part by part."""

from __future__ import annotations

import numpy as np
from manim import UP, FadeIn, FadeOut, VGroup, linear

from scenes import attribution_words as words
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.last_row import HeadReading
from scenes.mobjects.lettering import text
from scenes.mobjects.share_sum import ShareSum
from scenes.mobjects.share_wall import DIMMED, ShareWall
from scenes.mobjects.tug_of_war import TugOfWar
from scenes.mobjects.two_teams import TwoTeams
from scenes.pulls import Pull, hardest, logits, looks, parts, steps

PULLING = 9.0  # seconds of all pulls after the first layer's


class Attribution(LectureScene):
    """The likeliest next token and the second: what each part adds to the difference of their logits.

    Data: `dla_…`, direct logit attribution at the last position, of the difference: the last norm's scale
    (`dla_scale_1`) is held at what it was. `dla_ids_2` has the two tokens, `logits_last_V` their logits. The
    knot is moved by the embedding, the position, each layer's attention and MLP, and the last norm's bias.
    The heads lifted out are those of the largest and of the smallest share; `pattern_last_LHS` has their
    weights, `dla_source_2T` what they read from each token. Parts by |share|: embedding, position, heads,
    biases of attention, MLPs, bias of the norm. A cap on logits comes after all this.
    """

    reads = ("the prompt", "the vocabulary", "the shares", "pattern_last_LHS")
    poster = "wall"

    reading: HeadReading  # of the head that is lifted out

    def construct(self) -> None:
        """The rope, the pulls, the wall of heads, the two strongest, the ledger, both teams."""
        # data
        trace, facts = self.trace, self.trace.facts
        winner, runner = trace.dla_ids_2[:].tolist()
        self.ends = ends = trace.token_name(runner), trace.token_name(winner)
        self.pulls, self.parts, self.logits = steps(trace), parts(trace), logits(trace)
        difference = self.logits[0] - self.logits[1]
        head_LH, scale = np.asarray(trace.dla_head_2LH[1]), float(trace.dla_scale_1[0])
        begun = next(at for at, pull in enumerate(self.pulls) if pull.kind == "MLP") + 1

        # picture
        stage = self.layout.stage
        self.row, below = self.shelved()
        self.tug = TugOfWar(self.pulls, ends, stage)
        self.beside, room = self.layout.split(stage, 1, 1.5, gap=0.3)
        rows = self.tug.rows_in(self.beside) if self.layout.wide else None
        self.wall = ShareWall(head_LH, trace.dla_mlp_2L[1], room, rows)
        self.sum = ShareSum(self.parts, ends, self.logits, scale, self.layout)
        self.teams = TwoTeams(self.parts, ends, below.inset(0.3, 0.1))

        # story
        self.add(self.row)
        with self.beat("rope", words.rope_words(ends, self.logits)):
            self._begin()
        with self.beat("first", words.first_words(ends, scale)):
            self.play(self.change(self.tug.show, 0, begun), run_time=1.1 * begun, rate_func=linear)
        with self.beat("pull", words.pull_words(self.pulls, ends)):
            self._pull(begun)
        with self.beat("sum", words.sum_words(self.pulls, difference, facts)):
            self._compare()
        with self.beat("wall", words.wall_words(ends, head_LH.size)):
            self._show_wall()
        for name, pull in hardest(trace).items():
            with self.beat(name, words.head_words(pull, ends, trace.tokens, *looks(trace, pull))):
                self._lift(pull, first=self.tug in self.mobjects)
        with self.beat("ledger", words.ledger_words(self.parts, difference)):
            self._add_up()
        with self.beat("teams", words.teams_words(self.parts, self.teams.half), last=True):
            self._line_up()

    # The rest builds what the story plays, and plays its parts.

    def _begin(self) -> None:
        """The two tokens take the ends of the rope."""
        self.wait(0.8)
        tug = self.tug
        self.play(FadeOut(self.row), FadeIn(tug.chips, shift=0.25 * UP), run_time=0.8)
        self.play(FadeIn(VGroup(*(part for part in tug if part is not tug.chips))), run_time=0.8)
        self.add(tug)

    def _pull(self, begun: int) -> None:
        """The other pulls: the harder one is, the longer it takes."""
        seconds = PULLING * min(1.0, (len(self.pulls) - begun) / 12)
        going = self.change(lambda moment: self.tug.paced(begun, moment), 0, 1, self.tug)
        self.play(going, run_time=max(1.0, seconds), rate_func=linear)

    def _compare(self) -> None:
        """Above the trail the captured logits' difference; at it the strongest pulls by name."""
        tug = self.tug
        self.captured = text(words.difference_words(self.logits), 0.36, palette.INK, fit=tug.free)
        self.captured.move_to(tug.note.get_center())
        self.play(FadeIn(self.captured, *tug.label(), shift=0.25 * UP), run_time=1.2)

    def _show_wall(self) -> None:
        """The rope gives way to the wall; their rows are the same layers."""
        ends = [[box.left, box.right, box.bottom, box.top] for box in (self.layout.stage, self.beside)]
        self.play(FadeOut(self.captured, *self.tug.labels), run_time=0.4)
        self.play(self.change(self.tug.fit, *ends), run_time=1.3)
        self.play(FadeIn(self.wall), run_time=1.0)

    def _lift(self, pull: Pull, first: bool) -> None:
        """A head's cell lifts out of the wall; where it looks and what it reads there."""
        wall, stage = self.wall, self.layout.stage
        if not first:
            self.play(FadeOut(self.reading), FadeIn(wall), run_time=0.6)
        self.reading = reading = HeadReading(self.trace.tokens, pull, looks(self.trace, pull), stage)
        only = np.full(wall.head_LH.shape, DIMMED, np.float32)
        only[pull.layer, pull.head] = 1
        frame = wall.frame(pull.layer, pull.head)
        self.credit(pull.layer, pull.head)
        self.play(FadeIn(frame), self.change(wall.light, np.ones_like(only), only), run_time=0.8)
        gone = FadeOut(wall, self.tug) if first else FadeOut(wall)
        lifted = frame.animate.surround(reading.title[1], buff=0.15)
        self.play(gone, lifted, FadeIn(reading.title), run_time=0.9)
        wall.light(np.ones_like(only))
        self.play(FadeOut(frame), one_by_one(reading.row.chips.values()), run_time=0.6)
        self.add(reading)
        self.play(self.change(reading.row.grow, 0, 1), run_time=1.6)

    def _add_up(self) -> None:
        """The strongest parts, all others, and their sum."""
        self.credit()
        ledger = self.sum.ledger
        self.play(FadeOut(self.reading), run_time=0.5)
        bars = self.sum.bars
        self.play(one_by_one(ledger.lines), one_by_one(bars[:-2]), FadeIn(bars[-1]), run_time=2.5)
        self.play(FadeIn(ledger.foot, bars[-2], self.sum.readings), run_time=0.6)
        self.add(self.sum)
        self.play(self.change(ledger.total.show, 0, ledger.sum), run_time=1.2)

    def _line_up(self) -> None:
        """Both teams, end to end."""
        teams = self.teams.grow(0)
        self.play(FadeOut(self.sum), FadeIn(self.row), run_time=0.6)
        self.play(FadeIn(teams.names), run_time=0.6)
        self.add(teams.bars)
        self.play(self.change(teams.grow, 0, 1, teams.bars), run_time=2.5, rate_func=linear)
        self.play(FadeIn(teams.left_over), run_time=0.8)
        self.play(FadeIn(teams.rule, shift=0.25 * UP), run_time=0.8)
