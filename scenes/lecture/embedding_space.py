"""The galaxy: every token of the vocabulary as a point, and whether directions between them carry meaning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from manim import DL, DOWN, UP, FadeIn, FadeOut

from scenes import N_
from scenes import embedding_space_words as words
from scenes.analogies import Analogy, analogies
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.analogy_plane import AnalogyPlane
from scenes.mobjects.entries import one_by_one
from scenes.mobjects.falling import Falling
from scenes.mobjects.galaxy import Galaxy
from scenes.mobjects.hues import hue, hues_legend
from scenes.mobjects.lettering import text
from scenes.mobjects.named_points import Threads
from scenes.mobjects.note import HEIGHT, Note
from scenes.mobjects.numerals import count, percent, plain
from scenes.mobjects.rank_strip import RankStrip
from scenes.mobjects.ranking import Ranking, distance_table
from scenes.mobjects.word_grid import WordGrid
from scenes.nearest import nearest_of_prompt

SWEEP = 16.0  # degrees that names keep their places for
YAWS = 12.0, 36.0  # about as far as the cloud turns, from the first picture to the last
DIVE, KNOT_DIVE = 4.0, 2.0  # times as large at most
DIM, NEAR, DARK = 0.5, 0.7, 0.22  # of the cloud's light: behind names, flown up to, behind other pictures
SHARES = {True: (8, 5), False: (7, 6)}  # of the cloud and of what stands beside it, or below it
READ = 30  # names of the knot that are read out


class EmbeddingSpace(LectureScene):
    """All of W_E as a cloud; the prompt in it, one token's nearest, analogies with their ranks, the knot.

    Data: `space_V3`, `space_explained_3`. `near_ids_E`, the prompt's last twelve different tokens, are named;
    the last of them that is four letters or more, else the last one, is flown to (`nearest_ids_EN`). Of the
    analogies (`analogy_…`: those of the list whose words are single tokens) the first is shown, and all have
    their ranks on the strip; without any these beats are left out. A ranking holds the inputs first, then
    strikes them. Last the tokens nearest to the mean of all (`knot_ids_N`).
    """

    reads = (
        "the prompt",
        "the vocabulary",
        "space_V3",
        "space_explained_3",
        "near_ids_E",
        "nearest_ids_EN",
        "nearest_cosines_EN",
        "analogy_ids_A4 if any",
        "analogy_vectors_A4D if any",
        "analogy_ranks_A2 if any",
        "analogy_cosines_A if any",
        "analogy_top_ids_AN if any",
        "analogy_top_cosines_AN if any",
        "knot_ids_N",
        "knot_cosines_N",
    )
    poster = "prompt"

    def construct(self) -> None:
        """All tokens, the prompt's, one's nearest; a sum, its ranking, struck; every rank; the knot."""
        # data
        trace, width = self.trace, self.trace.facts.d_model
        self.total = len(np.asarray(trace.space_V3))
        self.kept = float(trace.space_explained_3[:].sum())
        self.ids, self.named = np.unique(trace.token_ids_T[:]), trace.near_ids_E[:].tolist()
        self.near = nearest_of_prompt(trace)
        self.sums = analogies(trace)
        self.knot, nearness = trace.knot_ids_N[:].tolist(), float(trace.knot_cosines_N[0])
        some = [trace.token_name(one) for one in self.knot[:3]]

        # picture
        self.row, self.below = self.shelved()
        self._lay_out()

        # story
        self.add(self.row)
        opening = N_(
            "Each token is a vector of {width} numbers, here a point: {count} of them on three axes."
        )
        with self.beat("galaxy", opening, self.galaxy.sway, width=width, count=self.total):
            self._appear()
        with self.beat("prompt", words.prompt_words(len(self.named), len(self.ids)), self.galaxy.sway):
            self._light_up()
        farthest = float(self.near.distances.max())
        near = words.nearest_words(self.kept, width, self.near.pieces[0], farthest)
        with self.beat("nearest", near, self.galaxy.sway):
            self._fly_to_the_hub()
        if self.sums:
            first = self.sums[0]
            with self.beat("sum", words.sum_words(*first.pieces)):
                self._add_up(first)
            with self.beat("ranking", words.ranking_words(self.total, first.top[0], 0 in first.struck)):
                self.ranking = Ranking.of(first, self.side)
                come = FadeIn(self.ranking, shift=0.25 * UP)
                self.play(come, self.note.say("analogy_ranks_A2[0, 0]"), run_time=1.2)
            struck = words.struck_words(first.pieces[3], first.ranks[1], self.total)
            with self.beat("struck", struck):
                strike = self.change(self.ranking.show, 0.0, 1.0)
                self.play(strike, self.note.say("analogy_ranks_A2[0, 1]"), run_time=3)
            with self.beat("strip", words.strip_words([one.ranks[1] for one in self.sums], self.total)):
                self.strip = RankStrip(self.sums, self.total, self.room)
                gone = map(FadeOut, (self.plane, self.ranking))
                self.play(*gone, self.note.say("analogy_ranks_A2[:, 1]"), run_time=0.6)
                self.play(FadeIn(self.strip.ruler), run_time=0.4)
                self.play(one_by_one(self.strip.flags, DOWN, lag_ratio=0.5), run_time=1.6)
        else:
            none = N_("No sum of words is shown: of each in the list some word is not a single token here.")
            with self.beat("none", none, self.galaxy.sway):
                self._leave()
        with self.beat("knot", words.knot_words(some, nearness, len(self.knot)), self.galaxy.sway, last=True):
            self._read_the_knot()

    # The rest is what the story plays, beat by beat.

    def _lay_out(self) -> None:
        """The cloud fills what is left below the row; its legend at its foot."""
        frame, below = self.layout.frame, self.below
        self.note = Note(below)
        self.legend = hues_legend(below.width)
        self.legend.move_to([below.left, below.bottom, 0], aligned_edge=DL)
        self.room = Box(below.left, below.right, below.bottom + self.legend.height + 0.15, below.top - HEIGHT)
        self.main, self.side = self.layout.split(self.room, *SHARES[self.layout.wide], gap=0.5)
        self.band = Box(frame.left, frame.right, self.layout.stage.bottom, below.top + 0.2)
        self.galaxy = Galaxy(self.trace, self.band, self.room, self.named, YAWS)

    def _beside(self) -> Box:
        """The band that the cloud is drawn in while something stands beside or below it."""
        if self.layout.wide:
            return replace(self.band, right=self.side.left)
        return replace(self.band, bottom=self.side.top)

    def _appear(self) -> None:
        """Points come in the order of their ids, while the cloud turns, and are counted."""
        galaxy, counted = self.galaxy.arrive(0), text("0", 0.6, palette.INK)
        counted.move_to([self.below.left + counted.width / 2, self.below.top - counted.height / 2, 0])

        def step(tokens: float) -> None:
            galaxy.arrive(tokens)
            counted.rewrite(count(round(tokens)))

        self.wait(0.5)
        self.add(galaxy, counted)
        self.play(self.change(step, 0, self.total, galaxy, counted), FadeIn(self.legend), run_time=4)
        kept, width = percent(self.kept), count(self.trace.facts.d_model)
        said = _("space_V3 · 3 of {width} axes: {share} of the variance").format(width=width, share=kept)
        self.play(FadeOut(counted), self.note.say(said), run_time=0.5)

    def _light_up(self) -> None:
        """Lights fall from the row to where their tokens are; then the names come."""
        galaxy, trace = self.galaxy, self.trace
        galaxy.bright = self.ids.tolist()
        self.play(self.change(galaxy.light, 1.0, DIM), run_time=0.6)
        places = galaxy.eye.project(galaxy.cloud.world[self.named])
        fall = Falling(self.row, trace.token_ids_T[:].tolist(), self.named, places)
        self.play(fall)
        self.remove(*fall.lights)
        pieces = [trace.token_name(one) for one in self.named]
        galaxy.put(galaxy.called(pieces, self.named, fall.colours, self.room, SWEEP))
        self.play(self.change(galaxy.show_names, 0.0, 1.0), run_time=0.8)

    def _fly_to_the_hub(self) -> None:
        """To one token; threads to its nearest; beside the cloud their distances by all numbers."""
        galaxy, near = self.galaxy, self.near
        shown = [near.token, *near.ids]
        self.play(self.change(galaxy.show_names, 1.0, 0.0), run_time=0.4)
        galaxy.put(None)
        galaxy.bright = near.ids
        there = galaxy.near(shown, self.main.inset(0.9, 0.5), DIVE, SWEEP)
        self.play(galaxy.flown(there, NEAR, self._beside(), 1.6))
        colours = [palette.QUERY, *map(hue, near.pieces[1:])]
        names = galaxy.called(near.pieces, shown, colours, self.main, SWEEP)
        ends = galaxy.cloud.world[near.ids]
        galaxy.put(names, Threads(galaxy.point(near.token), ends, 1 - near.distances))
        self.table = distance_table(near.pieces[1:], near.distances, self.side)
        said, come = self.note.say(f"nearest_cosines_EN[{near.row}]"), FadeIn(self.table, shift=0.25 * UP)
        self.play(self.change(galaxy.show_names, 0.0, 1.0), come, said, run_time=0.9)

    def _leave(self) -> None:
        """Out of the dive; the cloud goes dark, other pictures are to stand before it."""
        galaxy = self.galaxy
        self.play(self.change(galaxy.show_names, 1.0, 0.0), FadeOut(self.table), run_time=0.4)
        galaxy.put(None)
        galaxy.bright = []
        back = replace(galaxy.home, yaw=galaxy.eye.yaw)
        self.play(galaxy.flown(back, DARK, self.band, 1))

    def _add_up(self, one: Analogy) -> None:
        """The words on their own plane; the step between two, and the same step from the third."""
        self._leave()
        self.plane = AnalogyPlane(one.pieces, one.vectors_4D, self.main)
        kept = percent(float(self.plane.plane.explained_2.sum()))
        said = _("analogy_vectors_A4D[0] on a plane that keeps {share} of their variance").format(share=kept)
        self.add(self.plane)
        self.play(self.change(self.plane.show, 0.0, 1.0), self.note.say(said), run_time=3)
        self.wait(1)

    def _read_the_knot(self) -> None:
        """The tokens nearest to the mean light up; their names come one by one."""
        galaxy, trace = self.galaxy, self.trace
        if self.sums:
            self.play(FadeOut(self.strip), run_time=0.4)
        galaxy.bright = self.knot
        galaxy.tint(palette.QUERY)
        there = galaxy.near(self.knot, self.main.inset(1, 0.8), KNOT_DIVE, SWEEP)
        first, last = (plain(float(trace.knot_cosines_N[at]), 2) for at in (0, -1))
        said = f"knot_cosines_N: {first} … {last}"
        self.play(galaxy.flown(there, DIM, self._beside(), 1.5), self.note.say(said))
        self.read_out = WordGrid([trace.token_name(one) for one in self.knot], self.side, READ)
        self.play(one_by_one(self.read_out, DOWN, lag_ratio=0.3), run_time=2.2)
