"""The pieces of the mirror test: a matrix that folds, bars, a legend of a range, two results."""

import numpy as np
import pytest

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.butterfly import Butterfly
from scenes.mobjects.dials import Dial, Dials
from scenes.mobjects.range_legend import RangeLegend
from scenes.mobjects.two_results import TwoResults
from tests.scenes.played import shaped

FLAT, ROOM = Box(-2.0, 2.0, -1.0, 1.0), Box(-4.0, 4.0, -2.8, 2.8)
TOKENS = [b"one", b" two", b" three", b" four"]


def test_a_cell_lies_on_its_mirror_image_when_the_wings_are_closed() -> None:
    with shaped("16:9"):
        wings = Butterfly(np.arange(16).reshape(4, 4) / 15, FLAT, ROOM, TOKENS).turn(1)
        opened = [wings.cell_corners(3, 1).mean(axis=0), wings.cell_corners(1, 3).mean(axis=0)]
        assert opened[0][0] == pytest.approx(-opened[1][0])
        wings.fold(90)
        closed = [wings.cell_corners(3, 1).mean(axis=0), wings.cell_corners(1, 3).mean(axis=0)]
        np.testing.assert_allclose(closed[0], closed[1], atol=1e-9)
        np.testing.assert_allclose(closed[0][2], -abs(opened[0][0]))
        assert wings.compared == 1
        body = wings.cell_corners(2, 2).mean(axis=0)
        assert body[0] == pytest.approx(wings.middle[0])


def test_flat_it_covers_the_matrix_it_comes_from() -> None:
    with shaped("16:9"):
        wings = Butterfly(np.eye(4), FLAT, ROOM, TOKENS)
        np.testing.assert_allclose(wings.cell_corners(0, 0)[0][:2], [-2, 1])
        np.testing.assert_allclose(wings.cell_corners(3, 3)[2][:2], [2, -1])


def test_closed_wings_show_how_far_each_cell_is_from_the_one_it_meets() -> None:
    with shaped("16:9"):
        same = np.full((4, 4), 0.5)
        dark = Butterfly(same, FLAT, ROOM, TOKENS).turn(1).fold(90).skins()[0].pixels.max()
        other = np.triu(np.ones((4, 4)))
        lit = Butterfly(other, FLAT, ROOM, TOKENS).turn(1).fold(90).skins()[0].pixels[..., :3].max()
        assert dark == 255  # of its opacity
        assert lit > Butterfly(same, FLAT, ROOM, TOKENS).turn(1).fold(90).skins()[0].pixels[..., :3].max()


def test_bars_are_as_long_as_their_values_and_numbers_count() -> None:
    with shaped("16:9"):
        dial = Dial("head", "unit", [4.0, 2.0, 1.0], lambda value: f"{value:.1f}", palette.KEY)
        dials = Dials(TOKENS[:3], range(3), [dial], ROOM).show([1.0])
        widths = [bar.width for bar in dials.bars[0]]
        np.testing.assert_allclose(np.array(widths) / widths[0], [1, 0.5, 0.25], rtol=1e-6)
        assert [each.string for each in dials.show([0.5]).numbers[0]] == ["2.0", "1.0", "0.5"]
        assert dials.width <= ROOM.width


def test_the_ends_of_a_range_and_two_results_are_written() -> None:
    with shaped("16:9"):
        legend = RangeLegend(palette.ATTENTION_RAMP, -1.0, 2.0).show((-3.0, 12.5))
        assert (legend.low.string, legend.high.string) == ("−3.0", "+12.5")
        for box in (Box(0, 4, 0, 5.8), Box(0, 7, 0, 3.5)):
            results = TwoResults(("$a$", "$b$"), "words", np.eye(2, 8), [1.0, 0.25], box).show(0.25)
            assert results.cosine.number.string == "0.25"
            assert results.width <= box.width + 1e-6
            assert results.height <= box.height + 1e-6
