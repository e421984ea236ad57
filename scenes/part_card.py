"""The card that a part of the lecture begins with: its title above the block of this very run."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from manim import Group, linear

from scenes import N_, PARTS, Part
from scenes.language import _
from scenes.layout import Box
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.block import HEIGHT, Block
from scenes.mobjects.eye import Eye
from scenes.mobjects.lettering import text
from scenes.mobjects.residual_stack import Band, Seam, read_stack

SECONDS = 2.0
FLAT = 2.2  # world units: as tall as the block is where the room is wide
NUMBER_SIZE, TITLE_SIZE = 0.34, 0.8
YAW, TURN = 31.5, 1.5  # degrees at the start, and how many a second
COMING, GOING = 0.5, 0.3  # seconds


class PartCard(LectureScene):
    """The prompt's tokens stay on the shelf, so that the cuts before and after are on the same picture.

    Data: `resid_pre_LTD` … `resid_final_TD` of this run, as the cross-section draws them. What the part is
    about keeps its light, the rest of the block is darker.

    Attributes:
        part: the part of the lecture.
        light: of the stream, of what attention adds and of what the MLPs add, 0…1.
    """

    part: ClassVar[Part]
    light: ClassVar[tuple[float, float, float]]
    poster = "card"

    def construct(self) -> None:
        """Two seconds: number and title come, the block turns a little, both go."""
        # data
        stack = read_stack(self.trace)
        stream, attention, mlp = self.light
        lights = [self._light_of(piece, stream, attention, mlp) for piece in stack.pieces]

        # picture
        row, below = self.shelved()
        number_box, title_box, room = self.layout.stack(below, NUMBER_SIZE, TITLE_SIZE, None, gap=0.22)
        number = text(
            _(N_("Part {number}")).format(number=self.part.roman), NUMBER_SIZE, palette.FAINT, fit=number_box
        )
        self.title = text(_(self.part.title), TITLE_SIZE, palette.INK, fit=title_box)
        self.words = Group(number, self.title)
        self.block = Block(stack, FLAT if room.width > 2 * room.height else HEIGHT, lights=lights)
        frame, stage = self.layout.frame, self.layout.stage
        self.block.within = Box(frame.left, frame.right, stage.bottom, stage.top)  # with its reflection
        self.room = room.inset(0.03 * room.width, 0.04 * room.height)

        # story
        if self.part is not PARTS[0]:  # the film's first picture has no text yet
            self.add(row)
        with self.beat(self.poster, "", last=True):
            self.add(self.block, self.words)
            turn = self.change(self._show, 0.0, SECONDS, self.block, self.words)
            turn.rate_func = linear
            self.play(turn, run_time=SECONDS)

    def _show(self, time: float) -> None:
        """As it is at a time, in seconds."""
        there = float(np.clip(min(time / COMING, (SECONDS - time) / GOING), 0, 1))
        eye = Eye(yaw=YAW - TURN * time, pitch=12.0, distance=18.0)
        self.block.fit(self.room, eye if self.layout.wide else replace(eye, roll=90.0))
        for mobject in (self.block, *self.words):
            mobject.set_opacity(there)

    @staticmethod
    def _light_of(piece: Band | Seam, stream: float, attention: float, mlp: float) -> float:
        if isinstance(piece, Band):
            return stream
        return mlp if piece.mlp else attention


class PartI(PartCard):
    """What is a GPT? The whole block."""

    reads = ("the prompt", "the stream")
    part = PARTS[0]
    light = (1.0, 1.0, 1.0)


class PartII(PartCard):
    """Attention: what it adds keeps its light."""

    reads = ("the prompt", "the stream")
    part = PARTS[1]
    light = (0.4, 1.0, 0.15)


class PartIII(PartCard):
    """MLPs and the whole stack: what the MLPs add keeps its light."""

    reads = ("the prompt", "the stream")
    part = PARTS[2]
    light = (0.4, 0.15, 1.0)
