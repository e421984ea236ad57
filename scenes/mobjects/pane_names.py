"""What stands along a wall of panes: a word above each column that has room for one, numbers at its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
from manim import Group, VGroup

from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count
from scenes.mobjects.pane_wall import PaneWall
from scenes.mobjects.token_row import token_words

ABOVE, BESIDE = 0.4, 0.85  # frame units that words above and numbers beside take
SIZE, SMALLEST, NUMBER = 0.32, 0.2, 0.22  # em of words and numbers
LEAST = 0.16  # em of a word that is seen aslant
AWAY = 0.1  # frame units from the wall
MOSTLY = 0.5  # of the columns have a word, or none has
WIDE = 0.92  # of a column: the most that its word takes


class NamedWall(Group):
    """A wall of panes with its tokens and layers; `see` draws all of it as one eye sees it.

    Args:
        wall: the wall.
        tokens: a token a column; the last one was written by the model.

    Attributes:
        columns: column → its word, of those that have room; the last one always.
        rows: numbers of some layers, and what they number.
    """

    def __init__(self, wall: PaneWall, tokens: Sequence[bytes]) -> None:
        self.wall = wall
        last = len(tokens) - 1
        new = token_words(tokens[last], SIZE, palette.WRITTEN, 12)
        new.scale(min(1.0, 1.6 / new.width))
        over = wall.size[0] / 2 - wall.last / 2 - new.width / 2 - AWAY  # where the last word begins
        words = {}
        for column in range(last):
            word = token_words(tokens[column], SIZE, palette.token_colour(column), 12)
            room = min(WIDE * wall.pane[0], 2 * (over - float(wall.top_of(column)[0])))
            if word.em * room >= SMALLEST * word.width:
                words[column] = (word, min(1.0, room / word.width))
        alike = min((share for _word, share in words.values()), default=1.0)
        self.columns = {
            column: word.scale(max(alike, SMALLEST / word.em)) for column, (word, _share) in words.items()
        }
        if len(words) < MOSTLY * last:  # a few short ones here and there say nothing
            middle = text(_("⋯ {count} tokens ⋯").format(count=count(last)), NUMBER, palette.CAPTION)
            self.columns = {(last - 1) // 2: middle}
        self.columns[last] = new
        layers = len(wall.values)
        step = max(1, int(np.ceil(0.3 / wall.pane[1])))
        self.numbered = list(range(0, layers, step))
        self.rows = VGroup(*(text(str(layer), NUMBER, palette.FAINT) for layer in self.numbered))
        self.title = text(_("layer"), NUMBER, palette.FAINT)
        self._sizes = {id(word): (float(word.height), word.em) for word in self.columns.values()}
        self.eye = wall.eye
        super().__init__(wall, *self.columns.values(), self.rows, self.title)
        self.see(wall.eye)

    def see(self, eye: Eye) -> Self:
        """Draw what this eye sees."""
        self.eye = eye
        self.wall.see(eye)
        shrink = float(np.cos(np.radians(eye.yaw)))
        for column, word in self.columns.items():
            (x, y, _z), near = self._seen(self.wall.top_of(column))
            high, em = self._sizes[id(word)]
            word.scale_to_fit_height(high * max(LEAST / em, min(1.0, near * (shrink + 0.08))))
            word.move_to([x, y + AWAY + word.height / 2, 0])
        for layer, number in zip(self.numbered, self.rows, strict=True):
            (x, y, _z), _near = self._seen(self.wall.side_of(layer))
            number.move_to([x - AWAY - number.width / 2, y, 0])
        x, y = float(self.rows[0].get_right()[0]), float(self.rows[0].get_top()[1])
        self.title.move_to([x - self.title.width / 2, y + self.title.height / 2 + 0.02, 0])
        return self

    def _seen(self, point: np.ndarray) -> tuple[np.ndarray, float]:
        places, nearness = self.eye.seen(point)
        return places, float(nearness) * self.eye.zoom
