"""Words that stand on an edge seen in perspective, each on its stem: what the model would say there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Line, VGroup, config

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, Points
from scenes.mobjects.lettering import ASCENT, DESCENT, Lettering
from scenes.mobjects.token_row import token_words

STEM = 0.42  # world units from the edge to the words
SIZES = 0.26, 0.34  # em in world units of a word of no probability, and what a sure one is larger by
FAINTEST = 0.52  # how bright a word of no probability is
SMALLEST = 0.2  # of an eighth of the frame's shorter side: 27 px at 1080p
LARGEST = 0.6
APART = 0.1  # frame units between two words
STEM_WIDTH = 1.6


class StandingWords(VGroup):
    """One word a place, its size and brightness by the root of its probability; the last one is yellow.

    Words that would touch are left out, the likeliest first to stay, and one that says what the one before it
    says. The last one always stands.

    Args:
        pieces: the bytes of each word.
        probabilities: of each.
        anchors: where each stands in the world now, (n, 3).
        hanging: whether they hang below the edge instead.

    Attributes:
        words, stems: one a place.
        kept: the places whose words are shown; `choose` says which.
        risen: how far each has come up, 0…1.
        within: the part of the frame that words are shown in; all of it by default.
    """

    def __init__(
        self,
        pieces: Sequence[bytes],
        probabilities: npt.ArrayLike,
        anchors: Callable[[], Points],
        hanging: bool = False,
    ) -> None:
        self.anchors = anchors
        self.side = -1.0 if hanging else 1.0
        self.probabilities = np.asarray(probabilities, dtype=float)
        self.words: list[Lettering] = []
        last = len(pieces) - 1
        for place, piece in enumerate(pieces):
            light = FAINTEST + (1 - FAINTEST) * float(self.probabilities[place]) ** 0.5
            colour = palette.QUERY if place == last else palette.mix(palette.GROUND, palette.INK, light)
            word = token_words(piece.strip(b" ") or piece, 1.0, colour)
            self.words.append(word)
        self.stems = [Line(stroke_width=STEM_WIDTH, color=palette.FAINT) for _ in pieces]
        self.outlines = [word.points - word.get_center() for word in self.words]
        self.widths = np.array([word.width for word in self.words])  # of an em of 1
        self.kept: set[int] = set(range(len(pieces)))
        self.risen = np.ones(len(pieces))
        self.within: Box | None = None
        super().__init__(*self.stems, *self.words)

    def choose(self, eye: Eye) -> Self:
        """Keep the words that say something new and do not touch where this eye sees them.

        Chosen again for another eye, or other anchors, only more are left out: the rest touches in neither.
        """
        low, high = self._spans(eye)
        last = len(self.words) - 1
        news = [
            place
            for place in sorted(self.kept - {last})
            if place == 0 or self.words[place].string != self.words[place - 1].string
        ]
        self.kept = set()
        for place in [last, *sorted(news, key=lambda place: -self.probabilities[place])]:
            free = all(
                high[place] + APART <= low[other] or low[place] >= high[other] + APART for other in self.kept
            )
            if free:
                self.kept.add(place)
        return self

    def outline(self) -> Points:
        """Points of the world that the words reach up to, (n, 3)."""
        reach = self.side * (STEM + sum(SIZES) * (ASCENT + DESCENT))
        points: Points = self.anchors() + np.array([0, reach, 0])
        return points

    def see(self, eye: Eye) -> Self:
        """Stand where this eye sees the edge."""
        anchors = self.anchors()
        feet, heads = eye.project(anchors), eye.project(anchors + self._stem())
        sizes = self._sizes(eye)
        upright = np.cos(np.radians(eye.roll)) > 0.5
        for place, (word, stem) in enumerate(zip(self.words, self.stems, strict=True)):
            shown = self.risen[place] if place in self.kept else 0.0
            foot, size = feet[place], sizes[place] * (0.6 + 0.4 * shown)
            head = foot + (heads[place] - foot) * shown
            beside = np.array([0, self.side * size * (DESCENT + ASCENT) / 2, 0])
            if not upright:
                beside = np.array([-self.side * size * (self.widths[place] / 2 + 0.15), 0, 0])
            at = head + beside
            if not shown or not self._fits(at, size * self.widths[place], size):
                word.points = stem.points = np.zeros((0, 3))
                continue
            word.set_opacity(shown)
            stem.set_stroke(opacity=0.8 * shown)
            stem.set_points_as_corners([foot, head])
            word.points = self.outlines[place] * size + at
        return self

    def _fits(self, at: Points, width: float, size: float) -> bool:
        """Whether a word this large stands wholly within its part of the frame there."""
        x, y = config.frame_width / 2, config.frame_height / 2
        room = self.within or Box(-x, x, -y, y)
        high = size * (ASCENT + DESCENT) / 2
        across = at[0] - width / 2 >= room.left and at[0] + width / 2 <= room.right
        return bool(across and at[1] - high >= room.bottom and at[1] + high <= room.top)

    def _stem(self) -> Points:
        return np.array([0, self.side * STEM, 0])

    def _sizes(self, eye: Eye) -> Points:
        """The em of each word in frame units."""
        sizes = (SIZES[0] + SIZES[1] * self.probabilities**0.5) * eye.zoom * eye.nearness(self.anchors())
        fine = min(config.frame_width, config.frame_height) / 8
        return np.clip(sizes, SMALLEST * fine, LARGEST * fine)

    def _spans(self, eye: Eye) -> tuple[Points, Points]:
        """From where to where each word reaches along the edge."""
        heads, sizes = eye.project(self.anchors() + self._stem()), self._sizes(eye)
        if np.cos(np.radians(eye.roll)) > 0.5:
            half = sizes * self.widths / 2
            return heads[:, 0] - half, heads[:, 0] + half
        half = sizes * (ASCENT + DESCENT) / 2
        return heads[:, 1] - half, heads[:, 1] + half
