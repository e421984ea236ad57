"""Bars, strip and needle of a generation's steps, by themselves."""

import numpy as np
import pytest
from manim import Animation
from manim.animation.animation import prepare_animation

from scenes.generation_step import GenerationStep
from scenes.layout import Box
from scenes.mobjects.step_chart import DIMMED, StepChart

PLACE, STRIP = Box(-2.0, 6.0, -1.0, 3.0), Box(-6.6, 6.6, -3.0, -2.0)


def step(shares: list[float], drawn: int, uniform: float) -> GenerationStep:
    shares_V = np.array(shares)
    likeliest = np.argsort(-shares_V)[:3]
    return GenerationStep(likeliest.tolist(), shares_V[likeliest], shares_V, drawn, uniform)


FIRST, SECOND = step([0.1, 0.5, 0.1, 0.3], 1, 0.4), step([0.05, 0.15, 0.7, 0.1], 0, 0.02)


def finished(*asked: Animation) -> None:
    for animation in map(prepare_animation, asked):
        animation.begin()
        animation.interpolate(1)
        animation.finish()


@pytest.fixture
def chart() -> StepChart:
    return StepChart(lambda token: b"abcd"[token : token + 1], [FIRST, SECOND], 4, PLACE, STRIP)


def test_bars_grow_from_nothing_and_the_longest_of_all_steps_is_the_longest_bar(chart: StepChart) -> None:
    assert [bar.probability for bar in chart.bars] == [0, 0, 0, 0]
    finished(chart.grow(FIRST))
    assert [bar.probability for bar in chart.bars] == pytest.approx([0.5, 0.3, 0.1, 0.1])
    assert [bar.label.string for bar in chart.bars.bars] == ["b", "d", "a"]
    first = chart.bars.bars[0].shape.width
    finished(*chart.follow(SECOND))
    assert first / chart.bars.bars[0].shape.width == pytest.approx(0.5 / 0.7)
    assert chart.bars.bars[0].shape.width == pytest.approx(chart.bars.room)


def test_the_strip_takes_over_and_follows(chart: StepChart) -> None:
    chart.strip.show(*FIRST.spans())
    finished(*chart.single_out(FIRST))
    assert [segment.get_fill_opacity() for segment in chart.strip.segments[:3]] == [1, DIMMED, DIMMED]
    finished(*chart.follow(SECOND))
    assert all(segment.get_fill_opacity() == 1 for segment in chart.strip.segments)
    widths = [segment.width / chart.strip.length for segment in chart.strip.segments[:3]]
    assert widths == pytest.approx([0.7, 0.15, 0.1], abs=1e-3)
    finished(*chart.single_out(SECOND))  # what was drawn has no bar if only three are the likeliest
    assert chart.strip.lit.get_fill_opacity() == 1
    assert chart.strip.lit.width / chart.strip.length == pytest.approx(0.05, abs=1e-3)


def test_the_needle_goes_to_the_number_that_drew(chart: StepChart) -> None:
    finished(chart.point(FIRST))
    assert chart.needle.needle.get_x() == pytest.approx(chart.strip.x(0.4))
    assert chart.needle.number.string == "40.00 %"
    assert {id(part) for part in chart.everything()} == {
        id(part) for part in (chart.bars, chart.strip, chart.strip.ends, chart.needle)
    }
