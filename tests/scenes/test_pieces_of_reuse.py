"""The pieces of the cache's picture: panes, a subtraction, a grid that grows, marks that move, costs."""

import numpy as np
import pytest
from manim import Group

from scenes.cache_cost import CacheCost
from scenes.layout import Box
from scenes.mobjects.cost_curves import CostCurves
from scenes.mobjects.grown_grid import GrownGrid
from scenes.mobjects.memory_bar import MemoryBar
from scenes.mobjects.moved_marks import MovedMarks
from scenes.mobjects.numerals import figures, memory, times
from scenes.mobjects.pane_names import NamedWall
from scenes.mobjects.pane_wall import ASIDE, NARROWEST, PaneWall
from scenes.mobjects.reuse_ruler import ReuseRuler
from scenes.mobjects.subtracted import Subtracted
from tests.scenes.played import shaped

BOX = Box(-5.0, 5.0, -2.0, 2.0)
TOKENS = [b"The", b" old", b" king", b" gave"]
COST = CacheCost(once=1000, read=16, logits=50, held=64, windows=(33, 33))


def within(piece: Group, box: Box) -> None:
    low, high = piece.get_corner([-1, -1, 0]), piece.get_corner([1, 1, 0])
    assert low[0] >= box.left - 1e-6
    assert low[1] >= box.bottom - 1e-6
    assert high[0] <= box.right + 1e-6
    assert high[1] <= box.top + 1e-6


@pytest.mark.parametrize("columns", [2, 4, 60, 1001])
def test_a_wall_fits_its_box_and_its_last_column_can_be_seen(columns: int) -> None:
    with shaped("16:9"):
        wall = PaneWall(np.ones((3, columns)), BOX, 1.0)
        assert wall.size[0] <= BOX.width + 1e-9
        assert wall.size[1] <= BOX.height + 1e-9
        assert wall.last >= NARROWEST
        (left, middle), (start, right) = wall.spans()
        assert start - middle == pytest.approx(ASIDE)
        assert right - left == pytest.approx(wall.size[0])


def test_light_runs_down_the_wall_and_then_down_the_last_column_alone() -> None:
    with shaped("16:9"):
        wall = PaneWall(np.arange(12).reshape(3, 4) + 1.0, BOX, 12.0)
        wall.darken(1).begin()
        assert wall.computed == 0
        wall.run(0.5)
        assert wall.light[0].min() == 1
        assert wall.light[2].max() == 0
        assert wall.run(1).computed == 12
        wall.freeze(1)
        assert wall.computed == 0
        wall.run(0.5)
        assert wall.light[:, :-1].min() == 1
        assert wall.frost[1, 0] < 1  # the row that is read
        assert wall.run(1).computed == 3
        brightness = wall.colours().sum(axis=-1)
        assert brightness[2, 3] > brightness[2, 2]  # frost is duller than a larger number's light


def test_panes_fall_to_what_is_left_and_those_below_zero_are_gone() -> None:
    with shaped("16:9"):
        wall = PaneWall(np.full((2, 3), 4.0), BOX, 4.0)
        gaps = np.array([[0.0, 1e-6], [-1.0, 0.0]])
        expected = np.array([[2.0, 2.0 + 5e-7, 4.0], [-1.0, 2.0, 4.0]])
        np.testing.assert_allclose(wall.fall(gaps, 0.5).values, expected)
        np.testing.assert_allclose(wall.fall(gaps, 1).values[:, :2], gaps)
        dark, light = wall.colours()[0, 0], wall.colours()[0, 2]
        assert dark.sum() < 60 < light.sum()


def test_words_stand_over_their_columns_or_are_counted() -> None:
    with shaped("16:9"):
        named = NamedWall(PaneWall(np.ones((3, 4)), BOX, 1.0), TOKENS)
        assert set(named.columns) == {0, 1, 2, 3}
        xs = [named.columns[column].get_x() for column in range(4)]
        assert xs == sorted(xs)
        many = NamedWall(PaneWall(np.ones((3, 80)), BOX, 1.0), [b"word"] * 80)
        assert len(many.columns) == 2
        assert "79" in many.columns[39].string


@pytest.mark.parametrize("box", [BOX, Box(-2, 2, -5, 5)])
def test_what_is_left_is_one_less_the_other(box: Box) -> None:
    one, other = np.arange(20.0).reshape(5, 4), np.arange(20.0).reshape(5, 4) + 0.25
    with shaped("16:9"):
        piece = Subtracted(one, other, ("a", "b", "c"), box)
        assert piece.largest.value == 19
        piece.take(1)
        assert piece.largest.number.string == "0.25"
        np.testing.assert_allclose(piece.pictures[2].values, 0.25)
        within(piece, box)


def test_a_new_column_is_hidden_and_a_new_row_comes() -> None:
    pattern = np.tril(np.full((3, 3), 0.25, np.float32))
    with shaped("16:9"):
        grid = GrownGrid(TOKENS, pattern, np.array([False, True, True, True]), "name", BOX)
        before = {at: look for at, look in grid.grid.looks.items() if max(at) < 3}
        assert grid.grow(1).grid.looks[0, 3].words == "−∞"
        assert grid.grow(2).grid.looks[0, 3].seen == 0
        looks = grid.grow(3).grid.looks
        assert [looks[3, key].seen for key in range(4)] == [0, 1, 1, 1]
        assert before == {at: look for at, look in looks.items() if max(at) < 3}


def test_threads_lead_from_where_things_were_to_where_they_are() -> None:
    before, after = np.array([3.0, 1.0, -2.0, 0.0]), np.array([-1.0, 4.0, -2.0, 0.5])
    with shaped("16:9"):
        marks = MovedMarks(before, after, lambda number: TOKENS[number], ("one", "two"), BOX).move(0.5)
        assert marks.ids[0] == 0
        place = marks.ids.index(1)
        middle = marks.box.left + float(marks.axis.share(2.5)) * marks.box.width
        assert marks.threads[place].get_end()[0] == pytest.approx(middle)
        assert marks.threads[place].get_start()[0] == pytest.approx(
            marks.box.left + float(marks.axis.share(1.0)) * marks.box.width
        )


def test_costs_are_read_off_true_axes_and_bars_are_to_scale() -> None:
    with shaped("16:9"):
        curves = CostCurves(COST, 4, 32, BOX)
        assert curves.tokens == 4
        curves.reach(1)
        without, reusing = int(COST.without(32)), int(COST.reusing(32))
        shown = [each.number.string for each in curves.numbers]
        assert shown == ["32", f"{without:,}", f"{reusing:,}", f"{times(without / reusing)} ×"]
        np.testing.assert_allclose(curves.dots[0].get_center(), curves.plot.at(32, COST.without(32))[0])
        bar = MemoryBar(COST, 4, 32, 5000, BOX).reach(1)
        assert bar.cache.width / bar.weights.width == pytest.approx(int(COST.memory(32)) / 20000)
        within(bar, BOX)


def test_a_ruler_has_differences_and_sizes() -> None:
    with shaped("16:9"):
        ruler = ReuseRuler([[0.0, 2e-6]], [[3.0, 12.0]], 9.0)
        assert [mark.value for mark in ruler.marks] == [2e-6, 12.0]
        np.testing.assert_allclose(sorted(ruler.peers), [2e-6, 3, 12])
        alike = ReuseRuler([[0.0]], [[3.0, 12.0]], 9.0)
        assert [mark.value for mark in alike.marks] == [12.0]


def test_how_small_and_large_numbers_are_written() -> None:
    assert [figures(value) for value in (0, 0.0000047, 0.351, 3.0, 16.2, 1234)] == [
        "0", "0.0000047", "0.35", "3", "16", "1,234",
    ]  # fmt: skip
    assert [memory(size) for size in (12, 16384, 4_194_304, 377_487_360, 1_132_000_000)] == [
        "12 B", "16.4 kB", "4.2 MB", "377 MB", "1.1 GB",
    ]  # fmt: skip
    assert [times(ratio) for ratio in (1.74, 99.9, 185.2, 4860.0)] == ["1.7", "99.9", "185", "4,860"]
