from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenes.mobjects.token_lines import TokenLines, balance, fill

WIDTH, HEIGHT = 13.3, 5.2


@pytest.mark.parametrize("count", [1, 2, 9, 40, 83, 84, 85, 200, 1000])
@pytest.mark.parametrize("piece", [b" king", b"\xf0", b" extraordinarily-long-words"])
def test_lines_fit_their_box_and_count_what_they_leave_out(count: int, piece: bytes) -> None:
    ids = [50000 - at for at in range(count)]
    lines = TokenLines([piece] * count, ids, WIDTH, HEIGHT)
    assert lines.width <= WIDTH + 1e-6
    assert lines.height <= HEIGHT + 1e-6
    assert len(lines.chips) + lines.hidden == count
    assert {0, count - 1} <= lines.chips.keys() or lines.hidden == count - 1
    assert [int(number.string) for number in lines.ids.values()] == [ids[at] for at in lines.chips]
    if lines.hidden:
        words = [part.string for line in lines.lines for part in line if part not in lines.chips.values()]
        assert [f"{lines.hidden:,}" in each for each in words] == [True]


def test_no_id_is_wider_than_its_chip() -> None:
    lines = TokenLines([b"a", b",", b" the"], [50256, 50255, 1], WIDTH, HEIGHT)
    for at, chip in lines.chips.items():
        assert lines.ids[at].width < chip.width
        assert lines.ids[at].get_x() == pytest.approx(chip.get_x())


@given(st.lists(st.floats(0.5, 9), min_size=1, max_size=60))
@settings(max_examples=50, deadline=None)
def test_balanced_lines_are_as_many_and_no_longer(widths: list[float]) -> None:
    ends = fill(widths, 10)
    even = balance(widths, ends)
    assert len(even) == len(ends)
    assert even[-1] == len(widths)

    def longest(ends: list[int]) -> float:
        return max(sum(widths[start:end]) for start, end in pairwise([0, *ends]))

    assert longest(even) <= longest(ends) <= 10 + 1e-9
