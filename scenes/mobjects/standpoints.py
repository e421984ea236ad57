"""Where the cross-section is seen from while it is told of, and the parts of the frame that it is told in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scenes.layout import Box, Layout
from scenes.mobjects.attended import RISE
from scenes.mobjects.cross_section import CrossSection
from scenes.mobjects.eye import Eye

SLOW = 5.2  # world units that one layer takes while it is shown slowly
STRETCH = 2.5  # world units of the front that are seen with the end face


class Standpoints:
    """Each standpoint is an eye, fitted to what it is to see.

    Args:
        section: what is seen.
        layout: of the frame. In a narrow one the block stands upright, with the input at the bottom.
        foot: frame units below the block that something else takes in a narrow frame.

    Attributes:
        below: the stage under the tokens' row.
        band: the stage from one edge of the frame to the other.
        room: where the whole cross-section is seen.
        face, panel: where its end stands while it is read, and what is read beside or below it.
    """

    def __init__(self, section: CrossSection, layout: Layout, foot: float) -> None:
        self.section, self.block, self.layout = section, section.block, layout
        stage = layout.stage
        self.below = Box(stage.left, stage.right, stage.bottom, layout.shelf.bottom - 0.35)
        self.band = Box(layout.frame.left, layout.frame.right, stage.bottom, stage.top)
        low = stage.bottom if stage.width > 12 else stage.bottom + foot + 0.15
        left, right = (0.45, 0.45) if layout.wide else (1.7, 0.8)
        self.room = Box(stage.left + left, stage.right - right, low, stage.top)
        if layout.wide:
            self.face, self.panel = self.below.columns(7.0, 5.2, gap=0.5)
        else:
            self.panel, self.face = self.below.rows(4.2, self.below.height - 4.6, gap=0.4)

    def eye(self, yaw: float) -> Eye:
        """Not yet fitted to anything."""
        return Eye(yaw=yaw, pitch=12.0, distance=18.0, roll=0.0 if self.layout.wide else 90.0)

    def whole(self, yaw: float) -> Eye:
        """At all of it."""
        return self.section.fitted(self.eye(yaw), self.room)

    def see_whole(self, yaw: float, opened: float = 0.0) -> None:
        """See all of it, so far opened."""
        self.block.opened = opened
        self.section.see(self.whole(yaw))

    def settle(self, yaws: tuple[float, float]) -> None:
        """Make the block as tall as the room allows, and keep block and words within the band.

        The words are those that touch nowhere between these yaws, nor above the opened block, seen at the
        second one.
        """
        self.section.proportioned(self.eye(sum(yaws) / 2), self.room)
        for yaw, opened in ((yaws[0], 0.0), (yaws[1], 0.0), (yaws[1], 1.0)):
            self.block.opened = opened
            self.section.words.choose(self.whole(yaw))
        self.block.opened = 0.0
        self.block.within = self.section.words.within = self.band

    def frontal(self) -> Eye:
        """Straight at the last token's first vector."""
        box, corners = self.below, self.block.front_corners(0)
        x, y, _z = box.center
        half = 0.36 * min(box.height, box.width)
        eye = replace(self.eye(0.0), pitch=0.0, target=tuple(corners.mean(axis=0)))
        return eye.fitted(corners, Box(x - half, x + half, y - half, y + half))

    def close(self) -> Eye:
        """At the end face of what has grown, with room for arcs above it and names below."""
        block, stage = self.block, self.layout.stage
        end, z = block.end(), block.deep / 2
        margins = [
            [end, block.tall / 2 + 0.8 * RISE, 0],
            *([end, -block.tall / 2 - 0.85, d] for d in (-z, z)),
        ]
        eye = replace(self.eye(50.0), pitch=15.0, target=(end - SLOW / 2, 0.0, 0.0))
        room = Box(stage.left + 0.4, stage.right - 0.4, stage.bottom, stage.top)
        return eye.fitted(np.concatenate([block.grown_corners(), margins]), room)

    def end(self) -> Eye:
        """At the end face and a stretch of the front; what lies farther back may leave the frame."""
        block = self.block
        corners = np.concatenate([block.grown_corners(), block.end_corners() - [0, 0.3 * block.tall, 0]])
        corners[:4, 0] = block.end() - STRETCH
        return replace(self.eye(54.0), target=(block.end(), 0.0, 0.0)).fitted(corners, self.face)

    def above(self, seam: int) -> tuple[float, float]:
        """Where on the frame a word stands above a seam; upright, above the block."""
        block, eye, stage = self.block, self.section.eye, self.layout.stage
        edge = eye.project([block.point(seam, 1.0) + np.array([0, 0, z]) for z in (0, block.deep)])
        x, y = edge[:, 0].mean(), edge[:, 1].max()
        if not self.layout.wide:
            x, y = stage.center[0], eye.project(block.grown_corners())[:, 1].max()
        return float(x), min(float(y) + 0.4, stage.top - 0.3)
