"""The text as it grows: the prompt's tokens on the shelf, and after them what the model wrote."""

from __future__ import annotations

import numpy as np
from manim import Animation, UpdateFromAlphaFunc, VGroup, smooth

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.token_row import TokenChip, TokenRow, shelved_row

LEAVE, ARRIVE = 0.3, 0.75  # shares of the time: who finds no room has gone, who is new begins to appear
SHADE = 0.15  # of a token's colour in its ground
DRAWN = 0.34  # em of a token where it is drawn
ARC = 0.5  # frame units that the flying token is off the straight line


def written_row(prompt: list[bytes], written: list[bytes], shelf: Box) -> TokenRow:
    """The prompt and what was written after it, in the colour of what a model wrote."""
    row = shelved_row([*prompt, *written], shelf)
    for index, chip in row.chips.items():
        if index >= len(prompt):
            chip.tint(palette.WRITTEN)
    return row


def drawn_chip(piece: bytes, size: float = DRAWN) -> TokenChip:
    """A token that was just drawn: lit, and on a ground of its own, for it will pass over other things."""
    return _tint(TokenChip(piece, 0, size), palette.QUERY)


def _tint(chip: TokenChip, colour: str) -> TokenChip:
    chip.tint(colour).box.set_fill(palette.mix(palette.GROUND, colour, SHADE), opacity=1)
    return chip


def grow(before: TokenRow, after: TokenRow, chip: TokenChip) -> Animation:
    """`chip` flies to the end of the row; the row makes room, and stands as `after` does.

    No token passes over another: those that find no more room go first, then the rest of the row moves as
    one block or two, and only then does what is new between them appear.
    """
    goal = after[-1]
    staying = {
        index: (before.chips[index], place) for index, place in after.chips.items() if index in before.chips
    }
    leaving = [part for part in before if part not in [old for old, _ in staying.values()]]
    arriving = [
        part for part in after if part is not goal and part not in [new for _, new in staying.values()]
    ]
    moves = [(old, _frame_of(old), _frame_of(new)) for old, new in staying.values()]
    flight = (_frame_of(chip), _frame_of(goal))
    opacities = {id(part): _opacities(part) for part in (*leaving, *arriving)}
    for part in arriving:
        _fade(part, opacities[id(part)], 0.0)

    def step(_row: VGroup, time: float) -> None:
        for part in leaving:
            _fade(part, opacities[id(part)], max(0.0, 1 - time / LEAVE))
        moved = smooth(float(np.clip((time - (LEAVE if leaving else 0)) / (ARRIVE - LEAVE), 0, 1)))
        for old, start, end in moves:
            _stand(old, start, end, moved)
        for part in arriving:
            _fade(part, opacities[id(part)], max(0.0, (time - ARRIVE) / (1 - ARRIVE)))
        flown = smooth(time)
        _stand(chip, *flight, flown)
        chip.shift([ARC * np.sin(np.pi * flown), 0, 0])
        _tint(chip, palette.mix(palette.QUERY, palette.WRITTEN, flown))

    moving = VGroup(*before, *arriving, chip)
    return UpdateFromAlphaFunc(moving, step, rate_func=lambda time: time)


def _frame_of(chip: TokenChip) -> tuple[float, np.ndarray]:
    return float(chip.width), np.array(chip.get_center())


def _stand(
    chip: TokenChip, start: tuple[float, np.ndarray], end: tuple[float, np.ndarray], amount: float
) -> None:
    chip.scale_to_fit_width((1 - amount) * start[0] + amount * end[0])
    chip.move_to((1 - amount) * start[1] + amount * end[1])


def _opacities(part: VGroup) -> list[tuple[float, float]]:
    return [(each.get_fill_opacity(), each.get_stroke_opacity()) for each in part.get_family()]


def _fade(part: VGroup, opacities: list[tuple[float, float]], share: float) -> None:
    for each, (fill, stroke) in zip(part.get_family(), opacities, strict=True):
        each.set_fill(opacity=share * fill, family=False).set_stroke(opacity=share * stroke, family=False)
