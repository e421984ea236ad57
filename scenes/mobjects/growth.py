"""The block growing: pieces of one layer slowly, then all other layers, each faster than the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from manim import smooth

from scenes.mobjects.block import LENGTH
from scenes.mobjects.cross_section import CrossSection
from scenes.mobjects.eye import Eye
from scenes.mobjects.lettering import text
from scenes.mobjects.standpoints import SLOW, Standpoints

LONGEST = 8.5  # seconds that all other layers take at most


def first_piece(section: CrossSection) -> None:
    """Leave only the first piece, so long that one layer is to be SLOW units; no words, no line."""
    block = section.block
    block.long, block.grown = SLOW / block.edges[section.first_layer()[1]], 1.0
    section.words.risen[:] = section.line.shown = 0.0


class NamedSeam:
    """What comes out of the end face next, with a name above it.

    Attributes:
        label: the name; it fades as the block grows on past the seam.
    """

    def __init__(self, section: CrossSection, views: Standpoints, name: str, hue: str) -> None:
        self.section, self.views = section, views
        self.seam = int(section.block.grown)
        self.label = text(name, 0.5, hue)

    def out_of_the_end(self, goal: int) -> Iterator[Callable[[float], None]]:
        """A step a piece, up to `goal`: called with 0…1, it is so far out, and the eye has gone along."""
        for piece in range(self.seam, goal):
            step = self._step(piece, self.section.eye)
            step(0.0)
            yield step

    def _step(self, piece: int, here: Eye) -> Callable[[float], None]:
        def step(amount: float) -> None:
            self.section.block.grown = piece + amount
            self.section.see(here.towards(self.views.close(), amount))
            self.label.move_to([*self.views.above(self.seam), 0])
            self.label.set_opacity(amount if piece == self.seam else 1 - 0.75 * amount)

        return step


class Growth:
    """From the block with its first layer, seen close, to the whole block, seen whole.

    Args:
        section: as it is seen now; its words come up as the block reaches them.
        views: where the whole block is seen from, at `yaw` degrees.

    Attributes:
        seconds: how long it is to take.
    """

    def __init__(self, section: CrossSection, views: Standpoints, yaw: float) -> None:
        block = section.block
        self.section = section
        self.ends = np.array(section.entries())
        layers = len(self.ends) - 2  # after the one that was shown slowly
        paces = 1 / np.arange(1, layers + 1) ** 0.8
        self.times = (
            np.concatenate([[0.0], np.cumsum(paces) / paces.sum()]) if layers else np.array([0.0, 1.0])
        )
        self.grown = self.ends[1:] + 1.0 if layers else np.array([block.grown] * 2)
        self.seconds = min(LONGEST, 3.0 + 0.8 * layers)
        self.start: Eye = section.eye
        self.offset = block.end() - self.start.target[0]
        block.long, long = LENGTH, block.long
        self.whole = views.whole(yaw)
        block.long = long
        self.far = LENGTH / 2 - self.whole.target[0]

    def show(self, amount: float) -> None:
        """Stand `amount` (0…1) of the way there: the eye goes along and back."""
        block = self.section.block
        block.grown = float(np.interp(amount, self.times, self.grown))
        reach = float(np.interp(block.grown, np.arange(len(block.edges)), block.edges))
        block.long = (SLOW + (LENGTH - SLOW) * amount) / reach
        back = smooth(amount)
        at = block.end() - (self.offset + (self.far - self.offset) * back)
        eye = self.start.towards(self.whole, back)
        self.section.words.risen[:] = np.clip(block.grown - self.ends, 0, 1) * min(1.0, 5 * amount)
        self.section.see(replace(eye, target=(at, *eye.target[1:])))
