"""The pieces in which all heads at once are shown, each by itself."""

from dataclasses import replace

import numpy as np
import pytest

from model_probe.trace import Trace
from scenes.heads_words import kinds_of
from scenes.layout import Box
from scenes.mobjects.best_head import BestHead
from scenes.mobjects.head_wall import wall_in, wall_of
from scenes.mobjects.pattern_grid import PatternGrid
from scenes.mobjects.resting_heads import NONE_LIT, RestingHeads
from scenes.mobjects.wall_lights import DIMMED, Light, reached, sweep, wave

STAGE = Box(-6.6, 6.6, -2.7, 3.1)
SHAPE = (8, 12)


@pytest.mark.parametrize("light", [sweep, wave])
def test_a_light_ends_with_all_pictures_bright(light: Light) -> None:
    assert light(SHAPE, 1.0).shape == SHAPE
    assert (light(SHAPE, 1.0) == 1).all()
    for moment in np.linspace(0, 1, 20):
        assert (light(SHAPE, float(moment)) >= 0).all()
        assert (light(SHAPE, float(moment)) <= 1).all()


def test_a_sweep_lights_one_layer_after_the_other() -> None:
    assert not sweep(SHAPE, 0.0).any()
    half = sweep(SHAPE, 0.5)
    assert (half[:4] == 1).all()
    assert not half[5:].any()
    assert (np.diff(sweep(SHAPE, 0.35), axis=1) <= 0).all()


def test_a_wave_leaves_the_others_in_the_shade() -> None:
    assert (wave(SHAPE, 0.0) == 1).all()
    bright = [int(wave(SHAPE, moment)[:, 0].argmax()) for moment in (0.3, 0.5, 0.7)]
    assert bright == sorted(bright)
    assert wave(SHAPE, 0.5).min() == pytest.approx(0.4)


def test_layers_are_reached_in_order() -> None:
    assert reached(3, 0.5).ravel().tolist() == [1.0, 1.0, 0.0]
    assert reached(3, 1.0).ravel().tolist() == [1.0, 1.0, 1.0]


def test_a_pattern_s_dots_dissolve_into_the_colour_of_their_cells() -> None:
    pattern_TS = np.array([[1.0, 0.0], [0.25, 0.75]], np.float32)
    picture = PatternGrid([b"a", b" b"], pattern_TS, 1, STAGE, "pattern_LHTS[0, 0]", 0.5)
    looks = picture.grid.looks
    assert looks[0, 1].seen == 0
    assert (looks[1, 0].dot, looks[1, 0].glow, looks[1, 0].words) == (0.25, 0.0, "25 %")
    picture.dissolve(1.0)
    assert looks[0, 1].seen == 0
    assert [looks[at].dot for at in ((0, 0), (1, 0), (1, 1))] == [0.0, 0.0, 0.0]
    assert [looks[at].glow for at in ((0, 0), (1, 0), (1, 1))] == [1.0, 0.5, 1.0]
    assert looks[1, 0].shine == 1.0


@pytest.mark.parametrize("box", [Box(0.4, 6.6, -2.7, 3.1), Box(-2.0, 2.0, -5.0, 0.0)])
def test_the_head_with_the_highest_score_comes_with_its_pattern(trace: Trace, box: Box) -> None:
    for kind in kinds_of(trace):
        best = BestHead(trace, kind, box, 0.5)
        scores_LH = np.asarray(getattr(trace, kind.tensor))
        assert scores_LH[best.layer, best.head] == best.score == scores_LH.max()
        assert best.title[0].string == kind.title
        assert f"layer {best.layer} · head {best.head}" in best.title[1].string
        shown = best.picture.heat.values
        if kind.name == "induction":
            np.testing.assert_array_equal(shown, trace.induction_pattern_RR[:])
        else:
            np.testing.assert_array_equal(shown, trace.pattern_LHTS[best.layer, best.head])
        for part in (best.title, best.picture):
            assert box.left - 1e-3 <= part.get_left()[0]
            assert part.get_right()[0] <= box.right + 1e-3
            assert box.bottom - 1e-3 <= part.get_bottom()[1]
            assert part.get_top()[1] <= box.top + 1e-3
        assert best.picture.get_top()[1] < best.title.get_bottom()[1]
        room = best.title.get_bottom()[1] - box.bottom
        assert best.picture.width > 0.97 * box.width or best.picture.height > 0.9 * room


def test_heads_at_rest_are_lit_and_counted_layer_by_layer() -> None:
    wall = wall_in(STAGE, lambda _: np.full((3, 4, 4), 0.25, np.float32), 2, 3)
    resting = RestingHeads([[0.9, 0.1, 0.5], [0.6, 0.7, 0.2]], wall, STAGE)
    assert resting.resting_LH.tolist() == [[True, False, False], [True, True, False]]
    assert resting.number.string == "0"
    left = resting.line[1].get_left()[0]
    for moment, number in ((0.5, "1"), (0.6, "1"), (1.0, "3")):
        resting.show(moment)
        assert resting.number.string == number
        assert resting.number.get_right()[0] < left
    np.testing.assert_allclose(wall.brightness_LH, np.where(resting.resting_LH, 1.0, DIMMED))
    assert "of 6 heads" in resting.line[1].string


def test_where_no_head_rests_the_wall_stays_visible() -> None:
    wall = wall_in(STAGE, lambda _: np.full((3, 4, 4), 0.25, np.float32), 2, 3)
    resting = RestingHeads(np.zeros((2, 3)), wall, STAGE).show(1.0)
    assert resting.number.string == "0"
    assert (wall.brightness_LH == NONE_LIT).all()


def test_the_wall_of_a_run_is_its_patterns(trace: Trace) -> None:
    wall = wall_of(trace, STAGE)
    np.testing.assert_array_equal(wall.cells, trace.pattern_LHTS[:])
    smaller = wall_of(trace, replace(STAGE, right=-3.0))
    assert smaller.pitch < wall.pitch
