"""What belongs to a wall: names of a few columns, and where a prompt's ids lie among all of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from manim import Line, VGroup

from scenes.declared import scale_mark
from scenes.language import _
from scenes.mobjects import palette
from scenes.mobjects.heatmap import Heatmap
from scenes.mobjects.lettering import text
from scenes.mobjects.numerals import count, signed
from scenes.mobjects.pixel_wall import PixelWall
from scenes.mobjects.token_row import TokenRow, token_words

NAME, NUMBER = 0.34, 0.2  # em of a token and of its id
CELLS = 400  # of the strip
STRIP = 0.14  # frame units, its height
BELOW = 0.2  # frame units from the pixels to the middle of what stands below them


def column_labels(
    wall: PixelWall, ids: Sequence[int], pieces: Sequence[bytes], cosines: Sequence[float], own: int
) -> VGroup:
    """For each column of a few in the wall's window, its token, its id, and its cosine with the one `own`."""
    labels, pitch = VGroup(), 0.94 * wall.size[0] / len(ids)
    for number, piece, cosine in zip(ids, pieces, cosines, strict=True):
        x, top = wall.top_of(number)[:2]
        name = token_words(piece, NAME, palette.QUERY if number == own else palette.CAPTION)
        name.scale(min(1.0, pitch / name.width)).move_to([x, top + 0.64, 0])
        token = text(count(number), NUMBER, palette.FAINT, fit=pitch).move_to([x, top + 0.34, 0])
        words = _("cosine") if number == own else signed(cosine, 2)
        below = text(words, 0.3, palette.CAPTION, fit=pitch).move_to([x, wall.room.bottom - BELOW, 0])
        labels.add(VGroup(name, token, below))
    return labels


def id_strip(wall: PixelWall, ids: Sequence[int]) -> Heatmap:
    """Below the wall: where these columns lie among all; the brighter, the more of them are in one place."""
    cells = min(wall.shape[1], CELLS)
    tally = np.bincount(np.asarray(ids) * cells // wall.shape[1], minlength=cells)
    ramp = palette.ramp([palette.GROUND, palette.mix(palette.GROUND, palette.QUERY, 0.6), palette.QUERY])
    strip = Heatmap(tally[None], wall.size[0], STRIP, float(tally.max()), ramp, gap=0)
    strip.move_to([wall.eye.place[0], wall.room.bottom - BELOW, 0])
    return strip


def id_threads(row: TokenRow, ids: Sequence[int], wall: PixelWall, top: float) -> VGroup:
    """The list of all ids as a line at the wall's foot, and a thread from each token on the row to its place.

    The threads come first, in the row's order; the line and the numbers at its ends follow.
    """
    foot, half = wall.room.bottom, wall.size[0] / 2
    threads = VGroup()
    for token, chip in row.chips.items():
        ends = [chip.get_x(), top, 0], [wall.eye.place[0] + wall.x_of(ids[token]), foot, 0]
        threads.add(Line(*ends, stroke_width=2, color=palette.token_colour(token)))
    left, right = ([wall.eye.place[0] + side * half, foot, 0] for side in (-1, 1))
    line = Line(left, right, stroke_width=2, color=palette.INK)
    low, high = (text(count(scale_mark(end, "ids")), 0.24, palette.FAINT) for end in (0, wall.shape[1] - 1))
    low.move_to([left[0] + low.width / 2, foot - BELOW, 0])
    high.move_to([right[0] - high.width / 2, foot - BELOW, 0])
    return threads.add(VGroup(line, low, high))
