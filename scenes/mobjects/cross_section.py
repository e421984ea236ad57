"""The whole cross-section: the block, the words above it, the length of its vector below."""

from __future__ import annotations

from typing import Self

import numpy as np
from manim import Group

from model_probe.trace import Trace
from scenes.language import _
from scenes.layout import Box
from scenes.mobjects.block import Block
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.length_line import LengthLine
from scenes.mobjects.residual_stack import Band
from scenes.mobjects.standing_words import StandingWords

TALL = 2.2, 7.0  # world units: the lowest and the tallest block
BELOW = 0.3, 0.8  # world units: from the foot to the line's highest point, and from there to its lowest


class CrossSection(Group):
    """One run, cut lengthwise; `see` draws all of it as one eye sees it.

    The words are the logit lens of the last position after each layer, the likeliest each
    (`lens_ids_MWN`, `lens_logprobs_MWN`).

    Attributes:
        block, words, line: its parts.
        eye: where it is seen from.
    """

    def __init__(self, trace: Trace, tokens: list[int] | None = None) -> None:
        self.block = Block.of_trace(trace, tokens)
        ids = np.asarray(trace.lens_ids_MWN[:, -1])[:, 0]
        shares = np.exp(np.asarray(trace.lens_logprobs_MWN[:, -1], dtype=np.float64))[:, 0]
        pieces = [trace.token_name(int(number)) for number in ids]
        self.words = StandingWords(pieces, shares, self.readings)
        lengths = [band.length for band in self.block.stack.bands]
        self.line = LengthLine(lengths, self._below, BELOW[1], _("length"))
        self.eye = self.block.eye
        super().__init__(self.block, self.line, self.words)

    def see(self, eye: Eye) -> Self:
        """Draw what this eye sees."""
        self.eye = eye
        self.block.see(eye)
        self.words.see(eye)
        self.line.see(eye)
        return self

    def fitted(self, eye: Eye, box: Box) -> Eye:
        """This eye, from which the block, its words and its line fill `box`."""
        return eye.fitted(self._outline(), box)

    def _outline(self) -> Points:
        corners = self.block.corners()
        low = corners[corners[:, 2] < 0] - np.array([0, sum(BELOW) + 0.25, 0])
        return np.concatenate([corners, low, self.words.outline()])

    def proportioned(self, eye: Eye, box: Box) -> Self:
        """Make the block as tall as it takes to fill `box` both ways, within reason."""
        low, high = TALL
        for _step in range(24):
            self.block.tall = (low + high) / 2
            across, up, _ = np.ptp(eye.project(self._outline()), axis=0)
            flat = across / up > box.width / box.height
            taller = flat == (np.cos(np.radians(eye.roll)) > 0.5)  # upright, a taller block is a wider one
            low, high = (self.block.tall, high) if taller else (low, self.block.tall)
        return self

    def entries(self) -> list[int]:
        """The pieces with which a layer is entered, and the last one: where the model is read out, (M,)."""
        return [
            place
            for place, piece in enumerate(self.block.stack.pieces)
            if isinstance(piece, Band) and not piece.name.startswith("resid_mid")
        ]

    def first_layer(self) -> tuple[int, int]:
        """How many pieces there are before the first MLP's, and when the second layer is entered."""
        pieces = self.block.stack.pieces
        mlp = next(place for place, piece in enumerate(pieces) if getattr(piece, "mlp", False))
        return mlp, self.entries()[1] + 1

    def left_to_its_end(self, amount: float) -> None:
        """Words sink, the line goes, and all tokens but the last darken, 0…1; `see` then draws it."""
        self.words.risen[:] = self.line.shown = 1 - min(1.0, 2 * amount)
        self.block.lit[:-1] = 1 - 0.7 * amount

    def readings(self) -> Points:
        """Where on the top edge the model is read out: above the band that enters each layer, (M, 3)."""
        spans, places = self.block.spans(), self.entries()
        top = self.block.tall / 2 * (1 + 0.1 * self.block.opened)
        return np.array([[sum(spans[place]) / 2, top, -self.block.deep / 2] for place in places])

    def _below(self) -> Points:
        """Under each band, where the line is lowest."""
        spans, pieces = self.block.spans(), self.block.stack.pieces
        low = -self.block.tall / 2 - sum(BELOW)
        return np.array(
            [
                [sum(spans[place]) / 2, low, -self.block.deep / 2]
                for place, piece in enumerate(pieces)
                if isinstance(piece, Band)
            ]
        )
