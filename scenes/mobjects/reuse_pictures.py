"""What a step with a cache and one without look like: every picture at its place on the stage."""

from __future__ import annotations

from dataclasses import replace

from manim import Animation, FadeIn, TransformFromCopy

from model_probe.trace import Trace
from scenes.cache_cost import CacheCost
from scenes.language import _
from scenes.layout import Layout
from scenes.mobjects.cost_curves import CostCurves
from scenes.mobjects.eye import Eye, look
from scenes.mobjects.grown_grid import GrownGrid
from scenes.mobjects.memory_bar import MemoryBar
from scenes.mobjects.moved_marks import MovedMarks
from scenes.mobjects.note import Note
from scenes.mobjects.numerals import count
from scenes.mobjects.pane_names import ABOVE, BESIDE, NamedWall
from scenes.mobjects.pane_wall import PaneWall
from scenes.mobjects.readout import Readout
from scenes.mobjects.reuse_ruler import ReuseRuler
from scenes.mobjects.subtracted import Subtracted
from scenes.mobjects.token_row import TokenRow
from scenes.mobjects.written_row import drawn_chip
from scenes.reuse import Reuse

NOTE, BAND, FOOT = (
    0.26,
    (1.2, 1.6),
    0.7,
)  # frame units above the wall, below it, and below it when frozen
ROOMY = 11.0  # frame units: both marks of the ruler stand side by side
YAW, PITCH = 24.0, 12.0  # of the eye on the frozen wall
DRIFT = 1.5  # degrees a second
DRAWN, COUNTED = 0.9, 0.7  # em


class ReusePictures:
    """The pictures of one run; nothing is shown yet.

    Attributes:
        chip: the token that was drawn, large.
        note: names the tensors.
        named, wall: a pane a token and layer, with the tokens' words and without.
        counted: how many panes were computed, below it; `foot` is its place when the wall is frozen.
        ruler: of differences and sizes, at the same place.
        subtracted: one head's keys, less the same; None where the trace has these of another head.
        grown: its weights, and the new token's row.
        marks: all logits before and after; None where there was no step after.
        curves, memory: what a step costs, and what the cache takes.
        frozen: the eye that sees the frozen wall.
    """

    def __init__(
        self, trace: Trace, reuse: Reuse, cost: CacheCost, shown: tuple[int, int], layout: Layout
    ) -> None:
        stage, facts, tokens = layout.stage, trace.facts, len(reuse.tokens)
        inner = stage.inset(0, 0.1)
        tall = BAND[stage.width < ROOMY]
        note, _names, room, band = stage.stack(NOTE, ABOVE, None, tall, gap=0.08)
        self.note = Note(note)
        self.chip = drawn_chip(reuse.tokens[-1], DRAWN)
        self.chip.scale(min(1.0, 0.6 * stage.width / self.chip.width)).move_to(stage.center)
        self.wall = PaneWall(reuse.size_LN, room.inset(BESIDE, 0), reuse.largest)
        self.named = NamedWall(self.wall, reuse.tokens)
        self.counted = Readout(_("panes computed"), _whole, (0, reuse.size_LN.size), COUNTED)
        self.counted.scale(min(1.0, band.width / self.counted.width)).move_to(band.center)
        self.ruler = ReuseRuler(reuse.gap_LT, reuse.size_LN, min(12.0, band.width - 0.2))
        self.ruler.move_to(band.center)
        self.subtracted: Subtracted | None = None
        if reuse.again_TK is not None:
            titles = _("in the cache"), _("computed anew"), _("left over")
            below = stage.stack(NOTE, None, gap=0.05)[1]
            self.subtracted = Subtracted(reuse.keys_TK.T, reuse.again_TK.T, titles, below)
        name = f"pattern_LHTS[{shown[0]}, {shown[1]}]"
        self.grown = GrownGrid(reuse.tokens, reuse.pattern_TS, reuse.sees_S, name, stage)
        self.marks: MovedMarks | None = None
        if len(reuse.logits_GV) > 1:
            lines = _("logits of the last step"), _("logits of this step")
            before_V, after_V = reuse.logits_GV
            self.marks = MovedMarks(before_V, after_V, trace.token_name, lines, inner)
        self.curves = CostCurves(cost, tokens, facts.n_ctx, inner)
        under = layout.stack(stage, stage.top - layout.shelf.bottom, None, gap=0.25)[1]
        self.memory = MemoryBar(cost, tokens, facts.n_ctx, facts.n_parameters, under)
        upper, self.foot = stage.stack(None, FOOT, gap=0.1)
        self.frozen: Eye = self.wall.aslant(YAW, PITCH, upper.inset(BESIDE, ABOVE))

    def arrival(self, row: TokenRow) -> list[Animation]:
        """The wall comes, and the words come down to it from a row."""
        self.wall.begin()
        chips = row.chips
        words = [
            TransformFromCopy(chips[column].words, word) if column in chips else FadeIn(word)
            for column, word in self.named.columns.items()
        ]
        return [FadeIn(self.wall), FadeIn(self.named.rows), FadeIn(self.named.title), *words]

    def sway(self, seconds: float) -> Animation:
        """The eye goes on round the wall for so many seconds."""
        eye = self.named.eye
        return look(self.named, replace(eye, yaw=eye.yaw - DRIFT * seconds), seconds)

    def run(self, amount: float) -> None:
        """Layer after layer is computed, 0…1, and counted: for all tokens or, frozen, for the last one."""
        self.counted.show(self.wall.run(amount).computed)


def _whole(value: float) -> str:
    return count(round(value))
