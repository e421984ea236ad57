"""The cross-section: tokens → vectors → attention → MLP → … → last vector → probabilities."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from manim import (
    DOWN,
    UP,
    Animation,
    FadeIn,
    FadeOut,
    Group,
    LaggedStart,
    Line,
    Mobject,
    Polygon,
    ShowPassingFlash,
    UpdateFromAlphaFunc,
    linear,
    smooth,
)

from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.attended import RISE, Attended, most_attended
from scenes.mobjects.bars import ProbabilityBars
from scenes.mobjects.block import LENGTH, SEAM_SCALE, STREAM_SCALE
from scenes.mobjects.cell_column import CellColumn
from scenes.mobjects.comet import Comet
from scenes.mobjects.cross_section import CrossSection
from scenes.mobjects.eye import Eye, Points, look
from scenes.mobjects.length_line import written
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.number_columns import NumberColumns
from scenes.mobjects.numerals import count, percent, plain
from scenes.mobjects.residual_stack import cosine
from scenes.mobjects.scale_legend import ScaleLegend
from scenes.mobjects.token_row import shelved_row, token_quote

LAYER = 0  # the one that is shown slowly
SLOW = 5.2  # world units that one layer takes while it is shown slowly
LONGEST = 8.5  # seconds that all other layers take at most
YAWS = 24.0, 35.0  # degrees: the block's slow turn
DRIFT = 1.5  # degrees a second
MOST_BARS = 6
SMALL = 0.2  # em of the legend, for a frame of 8 units
STRETCH = 2.5  # world units of the front that are seen with the end face
# Cosines: from here on a vector keeps its direction, has turned, has left a trace
KEEPS, REWRITES, TRACES = 0.9, 0.5, 0.15


class Overview(LectureScene):
    """The residual stream of the last token through every layer, as one block cut lengthwise.

    Data: see `read_stack` for the block and `CrossSection` for the words above it; `pattern_LHTS[0]`: of the
    head that gives the least weight to the first token and to the token itself, summed over queries, the last
    token's weights; `logits_last_V`.
    """

    reads = (
        "prompt_bytes_B",
        "prompt_offsets_T1",
        "vocab_bytes_B if any",
        "vocab_offsets_V1 if any",
        "resid_pre_LTD",
        "attn_out_LTD",
        "resid_mid_LTD if any",
        "mlp_out_LTD",
        "resid_final_TD",
        "pattern_LHTS",
        "lens_ids_MWN",
        "lens_logprobs_MWN",
        "logits_last_V",
    )
    poster = "cross_section"

    def construct(self) -> None:
        """Numbers, one layer slowly, all of them, the block, opened, read at its end."""
        # data
        trace, facts = self.trace, self.trace.facts
        first_TD = np.asarray(trace.resid_pre_LTD[0])
        self.head = busiest_head(np.asarray(trace.pattern_LHTS[LAYER]))
        self.weights_S = np.asarray(trace.pattern_LHTS[LAYER, self.head])[-1]
        self.section = CrossSection(trace, most_attended(self.weights_S))
        self.block, self.stack = self.section.block, self.section.block.stack
        pieces = self.stack.pieces
        self.first_mlp = next(place for place, piece in enumerate(pieces) if getattr(piece, "mlp", False))
        self.entries = self.section.entries()  # pieces at which a layer is entered, and the last
        self.slow_end = self.entries[1] + 1

        logits_V = np.asarray(trace.logits_last_V, dtype=np.float64)
        self.odds_V = np.exp(logits_V - logits_V.max())
        self.odds_V /= self.odds_V.sum()
        self.best = int(self.odds_V.argmax())
        ends = first_TD[-1], np.asarray(trace.resid_final_TD)[-1]
        self.kept = cosine(*ends)
        after = trace.resid_pre_LTD[1] if facts.n_layer > 1 else trace.resid_final_TD
        self.layer_cosine = cosine(first_TD[-1], np.asarray(after)[-1])

        # picture
        stage = self.layout.stage
        self.row = shelved_row(trace.tokens, self.layout.shelf)
        self.below = Box(stage.left, stage.right, stage.bottom, self.layout.shelf.bottom - 0.35)
        self.columns = NumberColumns(first_TD, self.stack.elements, self.row, self.below)
        self.legend = self._legend()
        self.section.proportioned(self._eye(sum(YAWS) / 2), self._room())
        self.section.words.choose(self._whole(YAWS[0]))
        self.block.within = self.section.words.within = Box(
            self.layout.frame.left, self.layout.frame.right, stage.bottom, stage.top
        )

        # story
        self.add(self.row)
        with self.beat("numbers", self._numbers_narration()):
            self._numbers()
        with self.beat("attention", self._attention_narration(), drift=self._sway):
            self._attention()
        with self.beat("mlp", self._mlp_narration(), drift=self._sway):
            self._grow(_("MLP"), palette.GELU, self.slow_end)
        with self.beat("layers", self._layers_narration(), drift=self._sway):
            self._layers()
        with self.beat("cross_section", self._block_narration(), drift=self._sway):
            self._turn()
        with self.beat("plates", self._plates_narration(), drift=self._sway):
            self._open()
        with self.beat("last_vector", self._read_narration()):
            self._read()
        with self.beat("first_and_last", self._compare_narration(), last=True):
            self._compare()

    # The rest is what the story plays, beat by beat.

    def _numbers(self) -> None:
        """Columns of numbers, then of cells; the last token's stays, the others line up behind it."""
        columns, block = self.columns, self.block
        entries = [FadeIn(part, shift=0.25 * DOWN) for part in (*columns.numbers, *columns.gap)]
        self.play(LaggedStart(*entries, lag_ratio=0.08), FadeIn(columns.links), run_time=1.8)
        self.wait(1.0)
        self.play(FadeOut(columns.numbers), *map(FadeIn, columns.few), run_time=0.8)
        self.wait(0.4)
        self.play(*map(FadeOut, columns.few), *map(FadeIn, columns.many), run_time=0.8)
        self.wait(0.6)
        block.long, block.grown = SLOW / block.edges[self.slow_end], 1.0
        self.section.words.risen[:] = self.section.line.shown = 0.0
        front = self._frontal()
        corners = front.project(block.front_corners(0))
        last = columns.many[-1]
        self.remove(last)
        self.add(last)
        moves = [cell.moved(corners, opacity=float(cell is last)) for cell in columns.many]
        self.play(*moves, FadeOut(columns.links), FadeOut(columns.gap), FadeOut(self.row), run_time=1.4)
        self.remove(*columns.many)
        self.add(self.section.see(front))

    def _attention(self) -> None:
        """Turn to the end face, where all tokens stand; the last one's arcs; then what attention adds."""
        side = self._close()
        self.play(look(self.section, side, run_time=2.2))
        self.attended = Attended(self.block, self.weights_S, self.trace.tokens)
        self.attended.names.choose(side)
        self.credit(LAYER, self.head)
        self.play(self.attended.drawn(side, run_time=1.2))
        if self.attended.keys:
            self.play(self.attended.flown(side, run_time=1.6))
        self.play(FadeOut(self.attended), run_time=0.4)
        self.credit()
        self._grow(_("Attention"), palette.ATTENTION_HUE, self.first_mlp)

    def _grow(self, name: str, hue: str, goal: int) -> None:
        """Pieces come out of the end face, one after the other, up to `goal`; the seam has its name."""
        block, label = self.block, text(name, 0.5, hue)
        seam = int(block.grown)
        for piece in range(seam, goal):
            start, here = block.grown, self.section.eye

            def step(amount: float, piece: int = piece, start: float = start, here: Eye = here) -> None:
                block.grown = start + amount
                self.section.see(here.towards(self._close(), amount))
                self._above(label, seam)
                label.set_opacity(amount if piece == seam else 1 - 0.75 * amount)

            step(0)
            self.add(label)
            self.play(_each_frame(step, self.section, label), run_time=1.5)
        self.play(FadeOut(label), run_time=0.3)

    def _layers(self) -> None:
        """All other layers, each faster; the eye goes along and back, until the block is whole."""
        block, words = self.block, self.section.words
        ends = np.array(self.entries)
        layers = len(ends) - 2  # after the one that was shown slowly
        paces = 1 / np.arange(1, layers + 1) ** 0.8
        times = np.concatenate([[0.0], np.cumsum(paces) / paces.sum()]) if layers else np.array([0.0, 1.0])
        grown = ends[1:] + 1.0 if layers else np.array([block.grown] * 2)
        start, offset = self.section.eye, block.end() - self.section.eye.target[0]
        self.block.long, long = LENGTH, self.block.long
        whole, self.block.long = self._whole(YAWS[0]), long
        far = LENGTH / 2 - whole.target[0]

        def step(amount: float) -> None:
            block.grown = float(np.interp(amount, times, grown))
            reach = float(np.interp(block.grown, np.arange(len(block.edges)), block.edges))
            block.long = (SLOW + (LENGTH - SLOW) * amount) / reach
            back = smooth(amount)
            eye = start.towards(whole, back)
            at = block.end() - (offset + (far - offset) * back)
            words.risen[:] = np.clip(block.grown - ends, 0, 1) * min(1.0, 5 * amount)
            self.section.see(replace(eye, target=(at, *eye.target[1:])))

        seconds = min(LONGEST, 3.0 + 0.8 * layers)
        self.play(_each_frame(step, self.section), run_time=seconds, rate_func=linear)

    def _turn(self) -> None:
        """The whole block turns slowly; the line of lengths is drawn below it."""
        line, (start, end) = self.section.line, YAWS
        seconds = (end - start) / DRIFT

        def step(amount: float) -> None:
            line.shown = min(1.0, 3 * amount)
            self.section.see(self._whole(start + (end - start) * amount))

        self._add_behind(self.legend.show(0))
        self.play(
            self.legend.faded(1.0),
            _each_frame(lambda share: step(share / seconds), self.section),
            run_time=1,
            rate_func=linear,
        )
        rest = _each_frame(lambda share: step((1 + share * (seconds - 1)) / seconds), self.section)
        self.play(rest, run_time=seconds - 1, rate_func=linear)

    def _open(self) -> None:
        """The seams part; one comet runs through the last token's vectors; half closed again."""
        yaw = YAWS[1]

        def part(start: float, end: float, turn: float) -> Callable[[float], None]:
            def step(amount: float) -> None:
                self.block.opened = start + (end - start) * amount
                self.section.see(self._whole(yaw + turn * amount))

            return step

        part(1, 0, 0)(0)  # the plates are made now, not while they move
        self.play(_each_frame(part(0, 1, 0), self.section), run_time=2.2)
        comet = Comet(self.stack.cosines)
        path = self._comet_path()

        def run(amount: float) -> None:
            comet.show(path(), amount)

        self.comet = comet
        self.add(comet)
        self.play(_each_frame(run, comet), run_time=4.0, rate_func=linear)
        self.remove(comet)
        self.play(_each_frame(part(1, 0, 0), self.section), run_time=1.8)

    def _comet_path(self) -> Callable[[], Points]:
        places = [place for place, piece in enumerate(self.stack.pieces) if piece in self.stack.bands]
        return lambda: self.section.eye.project(
            np.array([(self.block.point(a) + self.block.point(b)) / 2 for a, b in pairwise(places)])
        )

    def _read(self) -> None:
        """Along the front to the end face: the last vector alone is lit, and read."""
        block, section, words = self.block, self.section, self.section.words
        face, panel = self._halves()
        end = self._end_eye(face)
        opened = block.opened

        def fly(amount: float) -> None:
            block.opened = opened * (1 - amount)
            words.risen[:] = section.line.shown = 1 - min(1.0, 2 * amount)
            block.lit[:-1] = 1 - 0.7 * amount

        self.play(self.legend.faded(0.0), run_time=0.3)
        self.remove(self.legend)
        self.play(look(section, end, run_time=2.4, also=fly))
        self.frame = Polygon(*end.project(block.end_corners(-1)), stroke_color=palette.QUERY, stroke_width=4)
        best = np.argsort(-self.odds_V, kind="stable")[:MOST_BARS]
        self.bars = ProbabilityBars(
            [self.trace.token_name(int(token)) for token in best],
            [int(token) for token in best],
            self.odds_V[best],
            len(self.odds_V),
            panel.width,
            min(panel.height, 3.9),
            others=_("{count} others").format(count=count(len(self.odds_V) - len(best))),
        )
        self.bars.shift(np.array(panel.center) - self.bars.get_center())
        ends = self.frame.get_center(), self.bars.get_left() + np.array([-0.1, 0, 0])
        beam = Line(*ends, color=palette.QUERY, stroke_width=6)
        self.play(FadeIn(self.frame), run_time=0.4)
        self.play(ShowPassingFlash(beam, time_width=0.7), run_time=0.8)
        entries = [FadeIn(bar, shift=0.25 * UP) for bar in self.bars]
        self.play(LaggedStart(*entries, lag_ratio=0.1), run_time=1.2)

    def _compare(self) -> None:
        """The vector that came in beside the one that goes out."""
        panel, eye, bands = self._halves()[1], self.section.eye, self.stack.bands
        starts = self.block.front_corners(0), self.block.end_corners(-1)
        tall = min(3.6, panel.height - 1.3)
        self.pair = []
        moves: list[Animation] = [FadeOut(self.bars), FadeIn(self.row)]
        for side, (band, start) in enumerate(zip((bands[0], bands[-1]), starts, strict=True)):
            column = CellColumn(band.values_RC[:, -1], 1, 1).stand(eye.project(start))
            x, y = panel.center[0] + (1.3 if side else -1.3), panel.center[1] + 0.2
            goal = np.array(
                [[x + a, y + b, 0] for a, b in ((-0.5, 0.5), (0.5, 0.5), (0.5, -0.5), (-0.5, -0.5))]
            )
            goal[:, 1] = y + (goal[:, 1] - y) * tall
            name = text((_("came in"), _("goes out"))[side], 0.32, palette.CAPTION).move_to(
                [x, y - tall / 2 - 0.35, 0]
            )
            self.pair.append(column)
            moves += [column.moved(goal), FadeIn(name)]
        self.add(*self.pair)
        self.play(*moves, run_time=2.0)
        self.cosine = text(plain(self.kept, 2), 0.6, palette.INK).move_to(
            [panel.center[0], panel.center[1] + 0.2, 0]
        )
        self.play(FadeIn(self.cosine, scale=1.4), run_time=0.8)
        self.wait(1)

    # Where things are seen from.

    def _eye(self, yaw: float) -> Eye:
        """Upright in a narrow frame, with the input at the bottom."""
        return Eye(yaw=yaw, pitch=12.0, distance=18.0, roll=0.0 if self.layout.wide else 90.0)

    def _room(self) -> Box:
        stage = self.layout.stage
        foot = stage.bottom if stage.width > 12 else stage.bottom + self.legend.height + 0.15
        if self.layout.wide:
            return Box(stage.left + 0.45, stage.right - 0.45, foot, stage.top)
        return Box(stage.left + 1.7, stage.right - 0.8, foot, stage.top)

    def _legend(self) -> ScaleLegend:
        """In the corner below the block's far end."""
        legend = ScaleLegend(
            [
                (palette.STREAM_RAMP, f"{STREAM_SCALE} σ", _("residual stream")),
                (palette.ATTENTION_SEAM_RAMP, f"{SEAM_SCALE} σ", _("attention")),
                (palette.MLP_SEAM_RAMP, f"{SEAM_SCALE} σ", _("MLP")),
            ],
            _("σ: the vector's own spread, median |x| / 0.6745"),
            self._of_how_many(),
            SMALL * min(self.layout.frame.width, self.layout.frame.height) / 8,
        )
        stage = self.layout.stage
        legend.move_to([stage.left + legend.width / 2, stage.bottom + legend.height / 2, 0])
        return legend

    def _of_how_many(self) -> str:
        shown, total = len(self.stack.tokens), self.trace.n_tokens
        if shown == total:
            return ""
        return _("⋯ {shown} of {total} tokens: the last, and those it attends to most").format(
            shown=shown, total=count(total)
        )

    def _halves(self) -> tuple[Box, Box]:
        """Where the block stands while it is read, and what is read beside or below it."""
        if self.layout.wide:
            face, panel = self.below.columns(7.0, 5.2, gap=0.5)
            return face, panel
        panel, face = self.below.rows(4.2, self.below.height - 4.6, gap=0.4)
        return face, panel

    def _whole(self, yaw: float) -> Eye:
        return self.section.fitted(self._eye(yaw), self._room())

    def _frontal(self) -> Eye:
        """Straight at the last token's first vector."""
        box, corners = self.below, self.block.front_corners(0)
        x, y, _z = box.center
        half = 0.36 * min(box.height, box.width)
        eye = replace(self._eye(0.0), pitch=0.0, target=tuple(corners.mean(axis=0)))
        return eye.fitted(corners, Box(x - half, x + half, y - half, y + half))

    def _close(self) -> Eye:
        """At the end face of what has grown, with room for arcs above it and names below."""
        block, stage = self.block, self.layout.stage
        end, z = block.end(), block.deep / 2
        margins = [
            [end, block.tall / 2 + 0.8 * RISE, 0],
            *([end, -block.tall / 2 - 0.85, d] for d in (-z, z)),
        ]
        eye = replace(self._eye(50.0), pitch=15.0, target=(end - SLOW / 2, 0.0, 0.0))
        room = Box(stage.left + 0.4, stage.right - 0.4, stage.bottom, stage.top)
        return eye.fitted(np.concatenate([block.grown_corners(), margins]), room)

    def _end_eye(self, face: Box) -> Eye:
        """At the end face and a stretch of the front; what lies farther back may leave the frame."""
        block = self.block
        corners = np.concatenate([block.grown_corners(), block.end_corners() - [0, 0.3 * block.tall, 0]])
        corners[:4, 0] = block.end() - STRETCH
        return replace(self._eye(54.0), target=(block.end(), 0.0, 0.0)).fitted(corners, face)

    def _sway(self, seconds: float) -> Animation:
        """While a caption is read, the block turns on, towards its front."""
        eye = self.section.eye
        return look(self.section, replace(eye, yaw=eye.yaw - DRIFT * seconds), seconds, smooth)

    def _above(self, label: Lettering, seam: int) -> None:
        """Write above a seam; upright, above the block."""
        block, eye, stage = self.block, self.section.eye, self.layout.stage
        edge = eye.project([block.point(seam, 1.0) + np.array([0, 0, z]) for z in (0, block.deep)])
        x, y = edge[:, 0].mean(), edge[:, 1].max()
        if not self.layout.wide:
            x, y = stage.center[0], eye.project(block.grown_corners())[:, 1].max()
        label.move_to([x, min(y + 0.4, stage.top - 0.3), 0])

    # What is true of this run.

    def _numbers_narration(self) -> str:
        return _(
            "Each token becomes a vector of {width} numbers. The larger a number, the brighter its cell."
        ).format(width=count(self.trace.facts.d_model))

    def _attention_narration(self) -> str:
        if self.trace.n_tokens == 1:
            return _("Attention: each token takes over from those before it. A single one has only itself.")
        return _(
            "Attention: the last token takes over from those before it. "
            "Arcs: its largest weights in layer {layer}, head {head}, up to {share}."
        ).format(layer=LAYER, head=self.head, share=percent(float(self.weights_S[:-1].max()), 0))

    def _mlp_narration(self) -> str:
        after = next(band for band in self.stack.bands if band.layer == LAYER + 1)
        if self.layer_cosine >= KEEPS:
            words = _(
                "Then an MLP, on each vector by itself. The layer adds a little to the last one: "
                "cosine {cosine}, length {before} → {after}."
            )
        elif self.layer_cosine >= REWRITES:
            words = _(
                "Then an MLP, on each vector by itself. The layer turns the last one: "
                "cosine {cosine}, length {before} → {after}."
            )
        else:
            words = _(
                "Then an MLP, on each vector by itself. The layer all but replaces the last one: "
                "cosine {cosine}, length {before} → {after}."
            )
        lengths = written(self.stack.bands[0].length), written(after.length)
        return words.format(cosine=plain(self.layer_cosine, 2), before=lengths[0], after=lengths[1])

    def _layers_narration(self) -> str:
        return _(
            "The same two steps in each of the {total} layers. "
            "The words: what the model would say if it stopped there."
        ).format(total=self.trace.facts.n_layer)

    def _block_narration(self) -> str:
        light = palette.NAME == "light"
        words = (
            _(
                "The last token at every depth. Ochre: attention, green: MLP. "
                "{keep} of {total} steps keep its direction (cosine {least} or more)."
            )
            if light
            else _(
                "The last token at every depth. Amber: attention, green: MLP. "
                "{keep} of {total} steps keep its direction (cosine {least} or more)."
            )
        )
        keep = sum(value >= KEEPS for value in self.stack.cosines)
        return words.format(keep=keep, total=len(self.stack.cosines), least=plain(KEEPS))

    def _plates_narration(self) -> str:
        if len(self.block.parted) < len(self.stack.seams):
            return _(
                "Opened after every {count} layers: what attention and MLP add there. "
                "The light is as bright as the cosine from vector to vector."
            ).format(count=self.block.together)
        return _(
            "Each plate: what one attention or one MLP adds. "
            "The light is as bright as the cosine from vector to vector."
        )

    def _read_narration(self) -> str:
        label = token_quote(self.trace.token_name(self.best))
        words = (
            _("This vector is read for the next token: “{token}” gets {share}.")
            if self.trace.n_tokens == 1
            else _(
                "Only the last vector is read for the next token: “{token}” gets {share}. "
                "Every other position predicts its own."
            )
        )
        return words.format(token=label, share=percent(float(self.odds_V[self.best])))

    def _compare_narration(self) -> str:
        if self.kept >= REWRITES:
            words = _("What came in as “{first}”, and what goes out: cosine {cosine}. Much is left.")
        elif self.kept >= TRACES:
            words = _("What came in as “{first}”, and what goes out: cosine {cosine}. A trace is left.")
        else:
            words = _(
                "What came in as “{first}”, and what goes out: cosine {cosine}. Next to nothing is left."
            )
        return words.format(cosine=plain(self.kept, 2), first=token_quote(self.trace.tokens[-1]))


def busiest_head(pattern_HTS: npt.NDArray[np.float32]) -> int:
    """The head that gives the least weight to the first token and to the query's own token."""
    own = np.trace(pattern_HTS, axis1=1, axis2=2, dtype=np.float64)
    first = pattern_HTS[:, 1:, 0].sum(axis=1, dtype=np.float64)
    return int(np.argmin(own + first))


def _each_frame(step: Callable[[float], None], *moving: Mobject) -> Animation:
    """Call `step` with 0…1 each frame while these are drawn anew."""
    return UpdateFromAlphaFunc(Group(*moving), lambda _group, amount: step(amount))
