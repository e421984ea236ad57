"""Every id opens one drawer of W_E; a look-up is the product with a one-hot vector."""

from __future__ import annotations

import numpy as np
from manim import DOWN, UP, Create, FadeIn, FadeOut, LaggedStart, linear

from scenes import N_
from scenes.embedding_matrix_words import column_words, drawer_note, neighbour_words, position_words
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.added_columns import AddedColumns
from scenes.mobjects.eye import look
from scenes.mobjects.lettering import text
from scenes.mobjects.one_hot import OneHotProduct
from scenes.mobjects.pixel_wall import PixelWall
from scenes.mobjects.token_columns import TokenColumns, numbers_under
from scenes.mobjects.wall_labels import column_labels, id_strip, id_threads
from scenes.shelves import shelves, twins

SHELVES = 6  # drawers that are opened one by one
NAMES = 0.62  # frame units above the wall: for ids, then for the neighbours' names
FOOT = 0.42  # below it: for the strip of ids, then for the cosines
DRAWER = (0.8, 2.2)  # frame units that it is wide, and that it comes out
YAW = 28.0  # degrees that the wall is seen from aside
LOW = 0.5  # of the wall's height is left to it, where columns stand under the chips


class EmbeddingMatrix(LectureScene):
    """W_E as a wall with a drawer for every token of the vocabulary.

    Data: `wte_picture_RC` (the wall), `wte_around_E7D` (columns of which every element is at hand),
    `wte_norms_V`, `wte_TD` (what stands under the chips), `wpe_TD` where positions are learned. Drawers are
    opened for the first SHELVES distinct ids, by first appearance, whose chip is on the row; the columns of
    the others come at once. The dive goes to the one of them with the largest id: the tokenizer learned it
    last. A strip below the wall has every id of the prompt. The token that is shown to repeat is the first
    that does.
    """

    reads = (
        "the prompt",
        "vocab_bytes_B if any",
        "vocab_offsets_V1 if any",
        "wte_TD",
        "wpe_TD if any",
        "wte_picture_RC",
        "wte_norms_V",
        "around_ids_E7",
        "wte_around_E7D",
        "random_cosines_R if any",
    )
    poster = "drawer"

    def construct(self) -> None:
        """Ids, the wall, seven columns of it, a drawer, all drawers, the product, positions."""
        # data
        trace, facts = self.trace, self.trace.facts
        self.ids, self.norms_V = np.asarray(trace.token_ids_T).tolist(), trace.wte_norms_V[:]
        wte_TD, wpe_TD = trace.wte_TD[:], trace.wpe_TD[:] if trace.has("wpe_TD") else None

        # picture
        self.row, below = self.shelved()
        top, rest = self.layout.stack(below, NAMES, None, gap=0.05)
        self.shelves = shelves(trace, self.row.chips, SHELVES)
        self.twins = twins(trace, self.row.chips)
        shelf = self.shelf = max(self.shelves, key=lambda shelf: shelf.token)
        known = {number: column for shelf in self.shelves for number, column in shelf.columns().items()}
        shape = (wte_TD.shape[1], len(self.norms_V))
        self.wall = PixelWall(trace.wte_picture_RC[:], rest, shape, "wte_picture_RC", known, foot=FOOT)
        self.wall.hang([s.token for s in self.shelves])
        self.numbers = numbers_under(self.row, self.ids, top.top)
        self.threads = id_threads(self.row, self.ids, self.wall, float(self.numbers.get_bottom()[1]) - 0.03)
        self.strip = id_strip(self.wall, self.ids)
        self._window(1.0)
        self.labels = column_labels(self.wall, shelf.ids, shelf.pieces, shelf.cosines().tolist(), shelf.token)
        self._window(0.0)
        factor = float(np.linalg.norm(wte_TD[shelf.position]) / np.linalg.norm(shelf.column_D))
        scales = (self.wall.scales[1] * factor, self.wall.scales[1])
        tall = Box(below.left, below.right, below.bottom + 0.65, float(self.numbers.get_bottom()[1]) - 0.08)
        self.columns = TokenColumns(self.row, wte_TD, scales[0], tall)
        self.sums = AddedColumns(self.row, wte_TD, wpe_TD, scales, self.twins, tall)
        self.product = OneHotProduct(shelf.columns_7D, shelf.ids, shelf.pieces, shelf.place, below)

        # story
        self.add(self.row)
        words = N_("What goes in is one number a token: its place in a list of {count}.")
        with self.beat("ids", words, count=facts.n_vocab):
            *threads, line = self.threads
            self.play(*(FadeIn(part, shift=0.25 * DOWN) for part in (self.numbers, line)), run_time=0.6)
            self.play(LaggedStart(*map(Create, threads), lag_ratio=0.1), run_time=1.8)
        words = N_(
            "Behind each number stands a column of {width} learned weights. Together they are a matrix, W_E."
        )
        with self.beat("wall", words, width=facts.d_model):
            self._raise_wall()
        with self.beat("dive", neighbour_words(trace, shelf)):
            self._dive()
        words = N_("The id of {token} opens this one. It holds the same numbers whatever stands around it.")
        with self.beat("drawer", words, token=trace.tokens[shelf.position]):
            self._pull()
        with self.beat("columns", column_words(trace, self.twins, factor)):
            self._open_all()
        words = N_(
            "Look-up or product? Both. Times a 1 among {zeros} zeros, each sum stays 0 but for one term."
        )
        with self.beat("one_hot", words, zeros=len(self.norms_V) - 1):
            self._multiply()
        with self.beat("position", position_words(trace, self.twins, shelf.position), last=True):
            self._add_positions()

    # The rest plays the story's parts.

    def _raise_wall(self) -> None:
        wall, high = self.wall, self.wall.size[1]
        self.add(wall.rise(0.0))
        self.play(
            self.change(wall.rise, 0, high), FadeIn(wall.notes), FadeOut(self.threads[-1]), run_time=1.6
        )
        self.play(self.change(wall.drop, 0, 1), FadeOut(self.threads[:-1]), FadeIn(self.strip), run_time=2.0)

    def _window(self, amount: float) -> None:
        """Come so far from all columns to the seven around the one that is opened, 0…1."""
        self.wall.show(self.wall.dived(self.shelf.token, len(self.shelf.ids), amount)).focus(amount)

    def _dive(self) -> None:
        self.play(FadeOut(self.strip), FadeOut(self.numbers), run_time=0.5)
        self.play(self.change(self._window, 0, 1, self.wall), run_time=2.6)
        self.play(LaggedStart(*map(FadeIn, self.labels), lag_ratio=0.1), run_time=1.0)

    def _pull(self) -> None:
        """Back to the whole wall; seen from the side, the drawer comes out."""
        wall = self.wall
        self.play(FadeOut(self.labels), run_time=0.4)
        self.play(self.change(self._window, 1, 0, wall), FadeIn(self.numbers), run_time=1.4)
        wall.column, wall.drawer = self.shelf.token, DRAWER
        self.yaw = -YAW if wall.x_of(wall.column) < 0 else YAW
        self.note = text(drawer_note(self.shelf, self.norms_V), 0.22, palette.CAPTION, fit=wall.size[0])
        self.note.move_to(self.strip)
        self.play(look(wall, wall.aslant(self.yaw), 1.2))
        moves = self.change(wall.open, 0, 1), self.change(wall.focus, 0, 1)
        self.play(*moves, FadeIn(self.note), run_time=2.0)

    def _open_all(self) -> None:
        """The column stands under its chip; then the next ones, and at last all others."""
        wall, room = self.wall, self.wall.room
        low = Box(room.left, room.right, room.bottom, room.bottom + LOW * room.height)
        self.columns.reach(low.top + 0.4)
        self.play(FadeOut(self.note), wall.into(low, self.yaw, 1.2))
        self._land(1.0)
        for shelf in self.shelves:
            if shelf is not self.shelf:
                wall.column, wall.holds = shelf.token, True
                self.play(self.change(wall.open, 0, 1), run_time=0.3)
                self._land(0.4)
        rest = [column for column in self.columns if column not in self.mobjects]
        self.columns.flow(1.0)
        self.link = self.columns.link(self.twins)
        self.play(*map(FadeIn, (*rest, self.link)), self.change(wall.focus, 1, 0), run_time=1.0)

    def _land(self, run_time: float) -> None:
        """The drawer's column flies to every chip of its token, and is grey when it is there."""
        wall, moves = self.wall, []
        for position, column in self.columns.columns.items():
            if self.ids[position] == wall.column:
                goal, start = column.corners(), wall.drawer_corners()
                self.add(column.stand(start))
                moves += [self.change(column.stand, start, goal), self.change(column.flow, 0, 1)]
        wall.holds = False
        self.play(*moves, self.change(wall.open, 1, 0), run_time=run_time)

    def _multiply(self) -> None:
        """One row against the one-hot column, term by term; a second, faster; then all."""
        product, rows = self.product, len(self.product.sums_RC1)
        gone = (self.wall, *self.columns, self.link, self.numbers)
        self.play(*map(FadeOut, gone), run_time=0.6)
        self.play(FadeIn(product), run_time=0.8)
        for start, end, run_time in ((0, 1, 3.2), (1, 2, 1.6), (2, rows, 1.6)):
            self.play(self.change(product.step, start, end), run_time=run_time, rate_func=linear)

    def _add_positions(self) -> None:
        """The columns as tall as the stage; below each its position's, which goes into it."""
        sums = self.sums
        self.play(FadeOut(self.product), run_time=0.5)
        self.play(FadeIn(sums.columns), FadeIn(self.numbers), run_time=0.8)
        if len(sums.added):
            self.play(
                LaggedStart(*(FadeIn(p, shift=0.3 * UP) for p in sums.added), lag_ratio=0.1, run_time=1.6)
            )
            self.wait(0.8)
            sums.remove(sums.added)
            self.play(FadeOut(sums.added, shift=UP), self.change(sums.grow, 0, 1), run_time=1.0)
        self.play(FadeIn(sums.link), FadeIn(sums.likeness), run_time=0.5)
        if len(sums.added):
            self.play(self.change(sums.add_up, 0, 1), run_time=2.0)
