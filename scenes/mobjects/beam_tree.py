"""A beam search as a tree: step by step the likeliest texts, from which of the step before each goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from manim import Dot, LineJointType, VGroup, VMobject

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.ribbon import eased, ribbon
from scenes.mobjects.token_row import token_words

NARROWEST = 0.85  # frame units of a step side by side; with less room the steps run down
LARGEST, SMALLEST = 0.36, 0.26  # em of the tokens
LONGEST = 9  # characters of one
WIDEST, THINNEST = 0.3, 0.02  # frame units of a branch whose token is certain, and at the least
GLOW = ((24, 0.12), (14, 0.16), (6, 0.3))  # stroke width around the winner's branches, opacity
DEAD, LOST = 0.38, 0.3  # opacity of a twig that died, and of what did not win
RIM = 5  # stroke width of a word's rim in the ground's colour
POINTS = 40  # of a branch

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Search:
    """What a trace holds of a search: G steps of E beams, the likeliest first.

    Attributes:
        ids_GE: each beam's new token.
        parents_GE: the beam of the step before that it goes on from.
        logprobs_GE: of all that it has written.
    """

    ids_GE: Ints
    parents_GE: Ints
    logprobs_GE: Floats

    def survivor(self) -> list[int]:
        """Which beam the winner is at each step."""
        path, beam = [], 0
        for parents_E in self.parents_GE[::-1]:
            path.append(beam)
            beam = int(parents_E[beam])
        return path[::-1]

    def text(self, step: int, beam: int) -> list[int]:
        """What a beam has written at a step, (step + 1) tokens."""
        found: list[int] = []
        for at in range(step, -1, -1):
            found.append(int(self.ids_GE[at, beam]))
            beam = int(self.parents_GE[at, beam])
        return found[::-1]

    def lives(self) -> Ints:
        """The last step at which each beam has a text that goes on from it, (G, E)."""
        steps, beams = self.ids_GE.shape
        last = np.repeat(np.arange(steps)[:, None], beams, axis=1)
        for step in range(steps - 1, 0, -1):
            np.maximum.at(last[step - 1], self.parents_GE[step], last[step])
        return last

    def shares(self) -> Floats:
        """The probability of each new token, given what it goes on from, (G, E)."""
        before = np.zeros_like(self.logprobs_GE)
        before[1:] = np.take_along_axis(self.logprobs_GE[:-1], self.parents_GE[1:], axis=1)
        return np.asarray(np.minimum(1.0, np.exp(self.logprobs_GE - before)))

    def dropped(self, ids: list[int]) -> int | None:
        """The first step at which no beam is the beginning of a text; None where one always is."""
        for step in range(min(len(ids), len(self.ids_GE))):
            texts = [self.text(step, beam) for beam in range(self.ids_GE.shape[1])]
            if ids[: step + 1] not in texts:
                return step
        return None


class BeamTree(VGroup):
    """Steps run to the right, or down where there is little room; the likeliest beam is in the first lane.

    A branch is as wide as its token is likely. `grow` shows so many steps; what no text goes on from any
    more is grey, and after the last step the winner glows.

    Args:
        search: what the search kept.
        name: the bytes of a token.
        box: what it takes.

    Attributes:
        branches, words: by step and beam.
        survivor: which beam the winner is at each step.
        lives: see `Search.lives`.
        steps: how many steps are shown.
        glow: behind the winner's branches.
        lanes: the numbers of the lanes.
    """

    def __init__(self, search: Search, name: Callable[[int], bytes], box: Box) -> None:
        self.search, self.survivor, self.lives = search, search.survivor(), search.lives()
        steps, beams = search.ids_GE.shape
        self.upright = box.width / (steps + 1) < NARROWEST
        self._box = box
        self._along = (box.height if self.upright else box.width) / (steps + 1)
        self._lane = (box.width if self.upright else box.height) / beams
        self.lanes = VGroup(*(text(f"{lane + 1}", 0.26, palette.FAINT) for lane in range(beams)))
        for lane, label in enumerate(self.lanes):
            label.move_to(self._at(-1, lane))
        self.root = Dot(self._at(-1, (beams - 1) / 2), radius=0.09, color=palette.INK)
        shares = search.shares()
        self.branches = [[self._branch(step, beam, shares) for beam in range(beams)] for step in range(steps)]
        self.words = [
            [self._word(name(int(search.ids_GE[step, beam])), step, beam) for beam in range(beams)]
            for step in range(steps)
        ]
        self.glow = VGroup(*(
            VMobject(stroke_width=width, joint_type=LineJointType.ROUND).set_points_as_corners(
                self.branches[step][beam].outline
            )
            for width, _light in GLOW
            for step, beam in enumerate(self.survivor)
        ))  # fmt: skip
        order = sorted(
            ((step, beam) for step in range(steps) for beam in range(beams)),
            key=lambda at: self.survivor[at[0]] == at[1],
        )
        self._always = (self.lanes, self.root)
        self._parts = [
            self.lanes,
            *self.glow,
            *(self.branches[step][beam] for step, beam in order),
            self.root,
            *(self.words[step][beam] for step, beam in order),
        ]
        super().__init__(*self._parts)
        self.grow(float(steps)).win(0)

    def grow(self, steps: float) -> Self:
        """Show so many steps, of the last one a part."""
        self.steps = steps
        for step, (branches, words) in enumerate(zip(self.branches, self.words, strict=True)):
            there = float(np.clip(steps - step, 0, 1))
            for beam, (branch, word) in enumerate(zip(branches, words, strict=True)):
                light = self._light(step, beam)
                branch.reach(there).set_fill(opacity=light if there else 0)
                _show(word, float(np.clip(2 * there - 1, 0, 1)) * light)
        return self._leave_out()

    def win(self, amount: float) -> Self:
        """The winner glows, all others fade: 0…1."""
        for step, (branches, words) in enumerate(zip(self.branches, self.words, strict=True)):
            for beam, (branch, word) in enumerate(zip(branches, words, strict=True)):
                mine, light = self.survivor[step] == beam, self._light(step, beam)
                seen = light + ((1.0 if mine else min(light, LOST)) - light) * amount
                branch.set_fill(opacity=seen)
                if mine:
                    word.set_color(palette.mix(palette.CAPTION, palette.WRITTEN, amount))
                _show(word, seen)
        lights = [light for _width, light in GLOW for _step in self.survivor]
        for halo, light in zip(self.glow, lights, strict=True):
            halo.set_stroke(palette.WRITTEN, opacity=light * amount)
        return self._leave_out()

    def _leave_out(self) -> Self:
        """What cannot be seen is not drawn: it would take as long as what can."""
        self.submobjects = [
            part
            for part in self._parts
            if part in self._always or max(part.get_fill_opacity(), part.get_stroke_opacity()) > 0
        ]
        return self

    def _light(self, step: int, beam: int) -> float:
        """Full as long as a text goes on from here."""
        last = int(self.lives[step, beam])
        gone = float(np.clip(self.steps - last - 1, 0, 1)) if last < len(self.branches) - 1 else 0.0
        return 1 - (1 - DEAD) * gone

    def _branch(self, step: int, beam: int, shares: Floats) -> Branch:
        parent = int(self.search.parents_GE[step, beam])
        start = self._at(step - 1, parent) if step else self.root.get_center()
        before = float(shares[step - 1, parent]) if step else 0.0
        return Branch(start, self._at(step, beam), before, float(shares[step, beam]), self.upright)

    def _word(self, piece: bytes, step: int, beam: int) -> Lettering:
        """Above its branch's end, or beside it where the steps run down."""
        room = (self._lane if self.upright else self._along) - 0.2
        word = token_words(piece, LARGEST, palette.CAPTION, LONGEST)
        word.scale(min(1.0, max(room / max(word.width, 1e-9), SMALLEST / LARGEST)))
        word.set_stroke(palette.GROUND, RIM, background=True)
        aside = [WIDEST / 2 + word.width / 2, 0, 0] if self.upright else [0, WIDEST / 2 + word.height / 2, 0]
        word.move_to(self._at(step, beam) + np.array(aside))
        return word

    def _at(self, step: int, lane: float) -> Floats:
        """Where a beam stands at a step, (3,); step −1 is where all begin."""
        along = (step + 1.3) * self._along
        if self.upright:
            return np.array([self._box.left + 0.2 + lane * self._lane, self._box.top - along, 0.0])
        return np.array([self._box.left + along, self._box.top - (lane + 0.68) * self._lane, 0.0])


class Branch(VMobject):
    """From one text to the same with a token more, as wide at its end as that token is likely.

    Attributes:
        outline: its edge, as far as it has come.
    """

    def __init__(self, start: Floats, end: Floats, before: float, likely: float, upright: bool) -> None:
        super().__init__(stroke_width=0, fill_color=palette.probability_colour(likely), fill_opacity=1)
        axis = 1 if upright else 0
        self._path = np.linspace(start, end, POINTS)
        other = 1 - axis
        self._path[:, other] = eased(float(start[other]), float(end[other]), POINTS)
        self._widths = np.maximum(WIDEST * eased(before, likely, POINTS), THINNEST)
        self.reach(1.0)

    def reach(self, share: float) -> Self:
        """Be there up to a share of the way."""
        count = max(2, round(share * POINTS))
        self.outline = ribbon(self._path[:count], self._widths[:count])
        self.set_points_as_corners(self.outline)
        return self


def _show(word: Lettering, seen: float) -> None:
    word.set_fill(opacity=seen).set_stroke(opacity=seen).set_stroke(opacity=seen, background=True)
