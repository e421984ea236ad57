from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from manim import tempconfig

from scenes.mobjects import palette
from scenes.mobjects.numerals import count, plain
from scenes.mobjects.ruler import APART, Ruler, Scale, levels

RANKS = Scale(1, 50_257, lambda rank: count(round(rank)), log=True)
COSINES = Scale(-1, 1, lambda value: plain(value, 2))


@pytest.fixture(autouse=True)
def full_hd() -> Iterator[None]:
    with tempconfig({"pixel_width": 1920, "pixel_height": 1080}):
        yield


def test_a_value_lies_where_the_scale_has_it_wherever_the_ruler_is_moved() -> None:
    ruler = Ruler(COSINES, 10).shift([1, 2, 0])
    np.testing.assert_allclose(ruler.at(-1), [-4, 2, 0], atol=1e-9)
    np.testing.assert_allclose(ruler.at(0.5), [3.5, 2, 0], atol=1e-9)
    ranks = Ruler(RANKS, 10)
    steps = [ranks.at(rank)[0] for rank in (1, 10, 100, 1000)]
    np.testing.assert_allclose(np.diff(steps), np.diff(steps)[0])
    assert ranks.at(50_257)[0] == pytest.approx(5)


def test_nothing_is_moved_onto_the_scale() -> None:
    with pytest.raises(ValueError, match="not within"):
        Ruler(COSINES, 10).mark(1.2)
    with pytest.raises(ValueError, match="not within"):
        Ruler(RANKS, 10, [0])


def test_each_peer_has_its_tick() -> None:
    ruler = Ruler(COSINES, 10, [-0.5, 0.25])
    row = ruler.strip.pixels[0, :, 0].astype(int)
    lit = np.flatnonzero(row > row.min() + 20) / len(row)
    np.testing.assert_allclose(lit, [0.25, 0.625], atol=1 / len(row))


def test_a_mark_moves_and_counts() -> None:
    ruler = Ruler(RANKS, 10, np.arange(1, 50_258), chance=(25_129, "half of all"))
    mark = ruler.mark(1, "rank {}")
    assert mark.label.string == "rank 1"
    mark.show(17_000)
    assert mark.label.string == "rank 17,000"
    assert mark.needle.get_start()[0] == pytest.approx(ruler.at(17_000)[0])
    assert ruler.chance is not None
    assert ruler.chance[0].get_x() == pytest.approx(ruler.at(25_129)[0])
    words = ruler.chance[1]
    assert ruler.ends[0].get_right()[0] < words.get_left()[0]
    assert words.get_right()[0] < ruler.ends[1].get_left()[0]


def test_flags_touch_neither_each_other_nor_a_pole() -> None:
    ranks = [1, 2, 2, 3, 41, 400, 17_000, 50_257]
    ruler = Ruler(RANKS, 12)
    marks = ruler.marked(ranks, ["king − man + woman: {}"] * 8, [palette.QUERY] * 8)
    left, right = ruler.strip.points[0, 0], ruler.strip.points[1, 0]
    for mark, rank in zip(marks, ranks, strict=True):
        assert mark.needle.get_start()[0] == pytest.approx(ruler.at(rank)[0])
        assert left <= mark.label.get_left()[0]
        assert mark.label.get_right()[0] <= right
    for one in marks:
        for other in marks:
            if one is other:
                continue
            a, b = one.label, other.label
            beside = a.get_right()[0] <= b.get_left()[0] or b.get_right()[0] <= a.get_left()[0]
            below, above = (
                a.get_bottom()[1] + 1e-6 >= b.get_top()[1],
                b.get_bottom()[1] + 1e-6 >= a.get_top()[1],
            )
            assert beside or below or above
            x, high = one.needle.get_end()[:2]
            assert not (b.get_left()[0] < x < b.get_right()[0] and high > b.get_bottom()[1] + 0.1)


flags = st.lists(st.tuples(st.floats(0, 10), st.floats(0.3, 4), st.booleans()), max_size=12)


@given(flags)
def test_flags_of_one_side_always_find_a_level(found: list[tuple[float, float, bool]]) -> None:
    feet, reaches = [foot for foot, _, _ in found], [reach for _, reach, _ in found]
    chosen = levels(feet, reaches)
    assert all(level < max(1, len(feet)) for level in chosen)
    for one, at in enumerate(chosen):
        for other, level in enumerate(chosen):
            if one != other and at == level:
                gap = max(feet[one], feet[other]) - min(
                    feet[one] + reaches[one], feet[other] + reaches[other]
                )
                assert gap >= APART - 1e-9 or abs(gap) > 1e3
            if at > level:
                assert not feet[other] < feet[one] < feet[other] + reaches[other]
