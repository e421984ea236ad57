"""Weights are what was learned, data is what flows through; a model's parameters by category, and GPT-3's."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from manim import DOWN, UP, Animation, FadeIn, FadeOut, Mobject, Polygon, Rectangle, linear

from model_probe.derived import GPT_3_MATRICES, parameter_tally
from scenes import N_
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.eye import look
from scenes.mobjects.ledger import Ledger
from scenes.mobjects.lettering import text
from scenes.mobjects.matrix_vector import MatrixVector
from scenes.mobjects.mosaic import Mosaic
from scenes.mobjects.pixel_wall import PixelWall
from scenes.mobjects.weight_column import WeightColumn
from scenes.parameters_words import (
    HUES,
    entries,
    names,
    tally_words,
    tile_note,
    unembedding_words,
    wall_words,
)
from scenes.weight_tiles import weight_tiles

SHARES = (1.7, 1.0)  # of the stage: mosaic, tally
LINE = 0.36  # frame units of a line of the tally, where it stands below the mosaic
COLUMN = 0.6  # frame units: the data beside the wall of weights
SLOW = 2  # tiles that land slowly, to be seen
OPENED = 0.75  # of the stage that the one weight takes at the end
LIT = 1.0  # glow of the stamp


class Parameters(LectureScene):
    """Weights and data, every parameter by category, GPT-3's eight matrices around them, one weight.

    Data: `facts.parameters` (the tally), `weight_tiles_PRC` (the top left of one matrix of each category,
    layer 0; what fills its rectangle), `weight_rows_7D` and its bias on `ln1_LTD[0]`. GPT-3's sizes are
    those of its published shape. Categories come by size, those without parameters not at all; the colours'
    scale is each tile's own. The weight that is opened is the strongest of the largest category's tile. The
    prompt only passes by: its tokens on the row, one after the other.
    """

    reads = (
        "the prompt",
        "ln1_LTD",
        "weight_rows_7D",
        "weight_rows_bias_7 if any",
        "weight_tiles_PRC",
        "weight_tile_sizes_P2",
        "weight_tile_kinds_P",
    )
    poster = "wall"

    def construct(self) -> None:
        """A matrix and what passes through it, its pixels, the tally, GPT-3, one weight."""
        # data
        trace, facts = self.trace, self.trace.facts
        self.tiles = weight_tiles(trace)
        self.counts = {name: facts.parameters[name] for name in self.tiles}
        other = {name: number for name, number in parameter_tally(GPT_3_MATRICES).items() if number}
        bias_7 = trace.weight_rows_bias_7[:] if trace.has("weight_rows_bias_7") else None

        # picture
        self.row, self.below = self.shelved()
        self.passing = trace.ln1_LTD[0][list(self.row.chips)]
        places = 6 if self.layout.wide else 4
        self.product = MatrixVector(trace.weight_rows_7D[:], bias_7, self.passing, self.below, places)
        self.marker = Rectangle(stroke_color=palette.QUERY, stroke_width=3)
        lines = entries(self.counts, facts.tied_unembedding)
        left, right = self.layout.stack(self.below, None, LINE * (len(lines) + 2))
        if self.layout.wide:
            left, right = self.below.columns(*SHARES)
        tiles = {name: tile.weights_RC for name, tile in self.tiles.items()}
        self.mosaic = Mosaic(self.counts, tiles, other, HUES, left)
        self.tally = Ledger(lines, facts.credit, right)
        self.other_tally = Ledger(entries(other), "GPT-3", right)

        # story
        self.add(self.row)
        words = N_(
            "Blue and red are weights: learned once. Grey is data: it changes with every token that passes."
        )
        with self.beat("flow", words):
            self._pass_by()
        words = N_("{size} weights of one matrix, as pixels. The grey changes, the blue does not move.")
        with self.beat("pixels", words, size=tiles["query"].size):
            self._pixels()
        with self.beat("tally", tally_words(facts)):
            self._count()
        with self.beat("unembedding", unembedding_words(facts)):
            self._share(facts.tied_unembedding)
        with self.beat("wall", wall_words(facts, sum(other.values()))):
            self._pull_back()
        words = N_(
            "In the stamp, one of its pixels: one of {count} numbers. Training found it, no prompt moves it."
        )
        with self.beat("number", words, last=True, count=facts.n_parameters):
            self._open()

    # The rest plays the story's parts.

    def _passes(self, show: Callable[[int], object], *moving: Mobject) -> Animation:
        """Each of the row's tokens in turn is marked and shown."""
        chips = list(self.row.chips.values())

        def step(value: float) -> None:
            chip = chips[int(value)]
            self.marker.stretch_to_fit_width(chip.width + 0.1).stretch_to_fit_height(chip.height + 0.1)
            self.marker.move_to(chip)
            show(int(value))

        step(0.0)
        passes = self.change(step, 0.0, len(chips) - 1e-3, self.marker, *moving)
        passes.run_time, passes.rate_func = min(5.0, 0.5 * len(chips)), linear
        return passes

    def _pass_by(self) -> None:
        passes, (matrix, vector, *result) = self._passes(self.product.show, self.product), self.product
        self.play(FadeIn(matrix), run_time=0.8)
        self.play(FadeIn(vector, shift=0.5 * UP), *map(FadeIn, (*result, self.marker)), run_time=0.8)
        self.play(passes)

    def _pixels(self) -> None:
        """The numbers turn to pixels; beside them the data goes on passing."""
        tile, below = self.tiles["query"], self.below
        box = Box(below.left, below.right - COLUMN - 0.5, below.bottom, below.top)
        self.wall = PixelWall(tile.weights_RC, box, words=tile_note(self.trace.facts, tile))
        data_TC = self.passing[:, : tile.weights_RC.shape[1]]
        self.data = WeightColumn(data_TC[0], palette.robust_scale(data_TC), COLUMN, self.wall.size[1]).flow(
            1.0
        )
        self.data.move_to([below.right - COLUMN / 2, self.wall.eye.place[1], 0])
        self.play(FadeOut(self.product), FadeIn(self.wall), FadeIn(self.data), run_time=1.2)
        self.play(self._passes(lambda token: self.data.show(data_TC[token]), self.data))

    def _count(self) -> None:
        """Tile by tile all parameters land, while the sum counts; then they are seen from the front."""
        mosaic, tally, done = self.mosaic, self.tally, 0
        mosaic.see(mosaic.whole(-28.0, 20.0))
        self.play(*map(FadeOut, (self.wall, self.data, self.marker)), FadeIn(tally.foot), run_time=0.8)
        self.add(mosaic)
        for index, number in enumerate(self.counts.values()):
            moves = self.change(mosaic.land, index, index + 1), FadeIn(tally.lines[index])
            counting = self.change(tally.total.show, done, done + number)
            self.play(*moves, counting, run_time=1.0 if index < SLOW else 0.4)
            done += number
        self.play(look(mosaic, mosaic.whole(), 1.4))
        self.labels = mosaic.labels(names())
        self.play(FadeIn(self.labels), run_time=0.5)

    def _share(self, tied: bool) -> None:
        """A tied unembedding comes as an outline without a filling, and lies down on the embedding."""
        corners = self.mosaic.corners("embedding" if tied else "unembedding")
        self.outline = Polygon(*corners, stroke_color=palette.QUERY, stroke_width=4)
        self.play(FadeIn(self.outline, shift=np.array([-0.6, 0.6, 0.0])), run_time=1.5)
        if tied:
            self.play(FadeIn(self.tally.lines[-1]), run_time=0.6)

    def _pull_back(self) -> None:
        """The mosaic shrinks to a stamp, for GPT-3 is drawn around it at the same scale."""
        mosaic, tally = self.mosaic, self.other_tally
        self.play(*map(FadeOut, (self.tally, self.labels, self.outline)), run_time=0.6)
        mosaic.surround(1.0)
        self.play(FadeIn(tally), run_time=0.5)
        self.play(look(mosaic, mosaic.wall(), 3.0), self.change(tally.total.show, 0, tally.sum), run_time=3.0)
        mosaic.glow = LIT if palette.NAME == "dark" else 0.0
        mosaic.see(mosaic.eye)
        self.labels, self.ring = mosaic.labels_around(names()), mosaic.ringed(self.trace.facts.credit)
        self.play(FadeIn(self.labels), FadeIn(self.ring, scale=2.0), run_time=0.8)

    def _open(self) -> None:
        """Into the stamp, to the strongest weight of its largest tile."""
        mosaic, (name, tile) = self.mosaic, next(iter(self.tiles.items()))
        self.at = (tile.number, *tile.strongest())
        place = mosaic.weight_at(name, *self.at[1:])
        self.play(*map(FadeOut, (self.labels, self.ring, self.other_tally)), run_time=0.5)
        mosaic.glow, mosaic.box, mosaic.within = 0.0, self.below, self.below
        mosaic.see(mosaic.centred(mosaic.eye, place))
        self.play(look(mosaic, mosaic.near(place, OPENED), 3.2))
        self.opened = mosaic.opened(name, *self.at[1:])
        words = f"weight_tiles_PRC[{', '.join(map(str, self.at))}] · {names()[name]}"
        note = text(words, 0.24, palette.CAPTION).next_to(self.opened, DOWN, buff=0.12)
        self.play(FadeIn(self.opened[0]), mosaic.animate.set_opacity(0.3), run_time=0.8)
        self.play(FadeIn(self.opened[1]), FadeIn(note), run_time=0.6)
