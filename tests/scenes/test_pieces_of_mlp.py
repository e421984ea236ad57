"""The pieces of the MLP's scene: a city, sand on a curve, a fan, a skyline, a question."""

import numpy as np
import pytest

from scenes.layout import Box
from scenes.mobjects.bent_sand import BentSand
from scenes.mobjects.city import City, Plan
from scenes.mobjects.fan import Fan
from scenes.mobjects.plot import Axis, Plot
from scenes.mobjects.question import Question
from scenes.mobjects.sand import Sand
from scenes.mobjects.skyline import Skyline
from tests.scenes.played import shaped

STAGE = Box(-6.5, 6.5, -2.6, 3.0)
POST_WLF = np.array([[[0.0, 2.0, 0.05], [1.0, 0.0, 0.0]], [[4.0, 0.0, 0.0], [0.0, 0.0, 3.0]]])


def city() -> City:
    return City(POST_WLF, POST_WLF > 0.1, lambda layer, share: f"{layer}: {share:.2f}", STAGE, (-20.0, -10.0))


def heights(made: City) -> np.ndarray:
    """How high each neuron's highest light is."""
    high = np.zeros(POST_WLF[0].size)
    np.maximum.at(high, made._own, made.cloud.world[:, 1])
    return np.asarray(high)


def test_a_tower_is_as_high_as_its_neuron_is_strong_whichever_token_is_shown() -> None:
    with shaped("16:9"):
        made = city()
        np.testing.assert_allclose(heights(made), [made.tallest, 0, 0, 0, 0, 0.75 * made.tallest])
        made.show(0)
        np.testing.assert_allclose(heights(made) / made.tallest, [0, 0.5, 0, 0.25, 0, 0])
        assert [name.string for name in made.names] == ["0: 0.33", "1: 0.33"]
        assert not heights(made.rise(0)).any()
        first, second = heights(made.rise(0.5)).reshape(2, 3).max(axis=1)
        assert first == pytest.approx(0.5 * made.tallest)
        assert second < 0.25 * made.tallest


def test_the_chosen_tower_stays_light_while_the_others_are_dimmed() -> None:
    with shaped("16:9"):
        made = city().choose((1, 2)).leave(0.2)
        own = made._own == 5
        assert made.cloud.lights_P[own].min() >= 1
        assert made.cloud.lights_P[~own].max() <= 0.2
        eye = made.near(1, 2, 3.0, (-3.0, 0.0), 3.0)
        foot, top = (eye.project(place)[1] for place in (made.plan.feet_LF3[1, 2], made.top(1, 2)))
        assert top - foot == pytest.approx(3.0, abs=0.4)


def test_districts_stand_apart_and_hold_each_neuron_once() -> None:
    plan = Plan.of(7, 50, 2.0)
    assert plan.feet_LF3.shape == (7, 50, 3)
    assert len(np.unique(plan.feet_LF3.reshape(-1, 3).round(6), axis=0)) == 350
    assert np.abs(plan.feet_LF3 - plan.middles_L3[:, None]).max() <= 0.5
    assert plan.across * plan.deep >= 7


def test_grains_are_heaped_apart_and_then_lie_where_they_are_brought() -> None:
    with shaped("16:9"):
        plot = Plot(STAGE, Axis(-3, 3), Axis(-1, 3))
        xs = np.array([-1.0, -1.0, -1.0, 2.0])
        sand = Sand(plot, xs, np.maximum(xs, 0))
        assert len(np.unique(sand.world.round(6), axis=0)) == 4
        np.testing.assert_allclose(sand.world[:, 0], plot.at(xs, 0)[:, 0])
        np.testing.assert_allclose(sand.show(1).world, plot.at(xs, [0, 0, 0, 2]))
        bent = BentSand(xs, [np.maximum(xs, 0)], lambda x: np.maximum(x, 0), "ReLU", 3, STAGE)
        assert [words.string for words in bent.shares] == ["below zero: 75.0 %", "above: 25.0 %"]
        np.testing.assert_allclose(bent.show(1).own.get_center(), bent.plot.at(2, 2)[0])
        assert bent.number.string == "+2.00"


def test_rays_lead_from_the_point_to_each_number() -> None:
    with shaped("16:9"):
        fan = Fan([-4, 0, 0], [b" one", b"two"], [0.5, 0.25], Box(0.0, 6.0, -2.0, 2.0), marked=1)
        for ray, row in zip(fan.grow(1).rays, fan.rows, strict=True):
            np.testing.assert_allclose(ray.get_start(), [-4, 0, 0], atol=1e-6)
            assert ray.get_end()[0] < row[0].get_left()[0]
        assert [row[0].string for row in fan.rows] == ["+0.50", "+0.25"]
        assert fan.rays[0].get_stroke_width() > fan.rays[1].get_stroke_width()
        assert fan.grow(0).rows[0][1].get_fill_opacity() == 0


def test_a_storey_is_as_high_as_its_layer_s_share() -> None:
    with shaped("16:9"):
        lit_LT = np.array([[0.5, 0.1], [0.1, 0.3]])
        line = Skyline(lit_LT, [b"a", b"b"], STAGE)
        np.testing.assert_allclose(line.shares, [0.3, 0.2])
        unit = 10 * (line.plot.at(0, 0.1)[0, 1] - line.plot.at(0, 0)[0, 1])
        for storey, own in zip(line.storeys, lit_LT, strict=True):
            tall = np.ptp(storey.points.reshape(2, -1, 3)[:, :, 1], axis=1)
            np.testing.assert_allclose(tall, own / 2 * unit)
        assert len(line.names) == 2


def test_a_question_adds_its_bias_after_the_sum() -> None:
    with shaped("16:9"):
        question = Question([1.0, 2.0], [3.0, -1.0], -0.5, "a · b", STAGE)
        assert question.answer == 0.5
        assert question.total.string.split() == ["+1.00", "bias", "−0.50", "=", "+0.50"]
        question.ask(1)
        assert question.product.total.string == "+1.00"
        assert Question([1.0, 2.0], [3.0, -1.0], None, "a · b", STAGE).total.string == "+1.00"
