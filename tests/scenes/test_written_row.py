"""The row that a text grows in: no token passes over another, and it ends as it is said to."""

from itertools import combinations

import numpy as np
import pytest
from manim import VGroup

from scenes.layout import Layout
from scenes.mobjects import palette
from scenes.mobjects.token_row import TokenChip
from scenes.mobjects.written_row import grow, written_row

WORDS = [b" the", b" youngest", b" daughter", b" a", b" ring", b" gave", b" king"]


def seen(part: VGroup) -> bool:
    return max(float(each.get_fill_opacity()) for each in part.get_family()) > 0.02


@pytest.mark.parametrize("tokens", [1, 5, 14, 26, 40, 300])
def test_no_token_passes_over_another(tokens: int) -> None:
    shelf = Layout.of_frame().shelf
    prompt = [WORDS[index % len(WORDS)] for index in range(tokens)]
    written = [b" palace", b".", b" Elisabeth", b" beautiful"]
    row = written_row(prompt, [], shelf)
    for number in range(1, len(written) + 1):
        chip = TokenChip(written[number - 1], 0).move_to([3, -2, 0])
        after = written_row(prompt, written[:number], shelf)
        wanted = after.copy()
        flight = grow(row, after, chip)
        for time in np.linspace(0, 1, 41):
            flight.interpolate(float(time))
            parts = [part for part in flight.mobject if part is not chip and seen(part)]
            for one, other in combinations(parts, 2):
                apart = abs(one.get_x() - other.get_x()) - (one.width + other.width) / 2
                assert apart > -0.01, (time, one, other)
            assert all(shelf.left - 0.01 < part.get_left()[0] for part in parts)
            assert all(part.get_right()[0] < shelf.right + 0.01 for part in parts)
        assert chip.get_center() == pytest.approx(wanted[-1].get_center())
        assert chip.width == pytest.approx(wanted[-1].width)
        assert chip.words.get_fill_color().to_hex() == palette.WRITTEN
        for index, place in wanted.chips.items():
            if index in row.chips:
                assert row.chips[index].get_center() == pytest.approx(place.get_center())
        row = after


def test_what_was_written_is_in_its_own_colour() -> None:
    row = written_row([b"a", b" b"], [b" c"], Layout.of_frame().shelf)
    colours = [chip.words.get_fill_color().to_hex() for chip in row.chips.values()]
    assert colours == [palette.token_colour(0), palette.token_colour(1), palette.WRITTEN]
    assert palette.WRITTEN not in (palette.QUERY, *map(palette.token_colour, range(8)))
