"""The model, small, on the way from a row of tokens to what it predicts: the block of the cross-section."""

from __future__ import annotations

import numpy as np
from manim import DOWN, RIGHT, Animation, Arrow, CubicBezier, Group, UpdateFromAlphaFunc, VGroup, smooth

from model_probe.trace import Trace
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.block import Block
from scenes.mobjects.lettering import lines
from scenes.mobjects.token_row import TokenRow

FALL = 0.45  # frame units: how far below the row a thread has turned aside
NAME, APART = 0.24, 0.3  # em of the words below the block, and frame units to them
ARROW = 0.5  # frame units, of the arrow out of it


class SmallModel(Group):
    """A trace's block with the model's name below it and an arrow to what comes out.

    Args:
        box: where it stands, the arrow beyond it.
        onward: RIGHT or DOWN, where what comes out is shown.
    """

    def __init__(self, trace: Trace, box: Box, onward: np.ndarray = RIGHT) -> None:
        facts = trace.facts
        layers = _("layers: {count}").format(count=facts.n_layer)
        said = [facts.model_name, _("at work on this prompt"), layers]
        self.words = lines(said, NAME, palette.FAINT)
        self.words.scale(min(1.0, box.width / self.words.width))
        foot = APART + self.words.height
        self.block = Block.of_trace(trace).fit(Box(box.left, box.right, box.bottom + foot, box.top))
        low = float(self.block.eye.project(self.block.corners())[:, 1].min())
        self.words.move_to([box.center[0], low - foot + self.words.height / 2, 0])
        middle = np.array(box.center)
        start = np.where(onward, middle + onward * [box.width / 2, box.height / 2, 0], middle) + 0.05 * onward
        self.out = Arrow(
            start, start + ARROW * onward, buff=0, stroke_width=4, color=palette.CAPTION,
            max_tip_length_to_length_ratio=0.5,
        )  # fmt: skip
        super().__init__(self.block, self.words, self.out)


def threads(row: TokenRow, block: Block) -> VGroup:
    """One thread a token that is shown, in its hue; what the model wrote itself goes in with the last one."""
    columns = block.stack.columns
    lane = float(row.get_bottom()[1]) - FALL
    lines = VGroup()
    for index, chip in row.chips.items():
        column = next((at for at, (_, end) in enumerate(columns) if index < end), len(columns) - 1)
        depth = (len(columns) - column - 0.5) / len(columns)
        corner = [-block.long / 2, block.tall / 2, (depth - 0.5) * block.deep]
        start, end = chip.get_bottom() + 0.06 * DOWN, block.eye.project(corner)
        bends = [np.array([x, lane, 0.0]) for x in (start[0], end[0])]
        lines.add(CubicBezier(start, *bends, end, stroke_width=2, color=chip.box.get_stroke_color()))
    return lines


def pass_through(block: Block) -> Animation:
    """The block grows from its first vector to its last, as the model works layer by layer."""
    pieces = len(block.stack.pieces)

    def step(block: Block, amount: float) -> None:
        block.grown = max(1.0, amount * pieces)
        block.see(block.eye)

    return UpdateFromAlphaFunc(block, step, rate_func=smooth)
