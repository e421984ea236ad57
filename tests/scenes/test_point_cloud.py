"""A cloud of points, names in it, and what their pictures must be."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from manim import config, tempconfig
from numpy.typing import NDArray

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.eye import Eye, look
from scenes.mobjects.named_points import NamedPoints, Threads
from scenes.mobjects.point_cloud import PointCloud, turned
from scenes.mobjects.raster import StudioCamera

STAGE = Box(-7.0, 7.0, -3.0, 3.0)
EYE = Eye(yaw=25, pitch=10, distance=6, zoom=1.5)


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    with tempconfig({"pixel_width": 1280, "pixel_height": 720}):
        config.frame_width, config.frame_height = 128 / 9, 8.0
        yield


def drawn(*mobjects: Any) -> NDArray[np.int64]:
    camera = StudioCamera()
    camera.capture_mobjects(mobjects)
    return np.asarray(camera.pixel_array[..., :3], dtype=np.int64)


def brightest(picture: NDArray[np.int64]) -> tuple[float, float]:
    """Where the light's centre is, in frame units."""
    light = picture.sum(axis=-1).astype(float)
    rows, columns = np.mgrid[0 : light.shape[0], 0 : light.shape[1]] + 0.5
    fine = config.pixel_height / config.frame_height
    x, y = (light * columns).sum() / light.sum(), (light * rows).sum() / light.sum()
    return float(x / fine - config.frame_width / 2), float(config.frame_height / 2 - y / fine)


@pytest.mark.parametrize("point", [(0.0, 0.0, 0.0), (1.3, -0.7, 0.4), (-1.9, 1.1, -0.8)])
def test_a_point_shines_where_the_eye_sees_it(point: tuple[float, float, float]) -> None:
    cloud = PointCloud([point], [palette.pixel(palette.WRITTEN)], EYE, STAGE)
    assert list(brightest(drawn(cloud))) == pytest.approx(EYE.project(point)[:2].tolist(), abs=0.02)


def test_a_point_has_its_own_colour_and_light() -> None:
    ends = np.array([[-2.0, 0.0, 0.0], [2.0, 0.0, 0.0]])
    cloud = PointCloud(ends, [palette.pixel(palette.VALUE), palette.pixel(palette.KEY)], Eye(yaw=0), STAGE)
    picture = drawn(cloud)
    left, right = picture[:, :640].sum(axis=(0, 1)), picture[:, 640:].sum(axis=(0, 1))
    assert left[0] > 1.5 * left[2]
    assert right[1] > 1.5 * right[0]
    cloud.lights_P[:] = 0, 0.3
    dimmed = drawn(cloud.see(cloud.eye))
    assert not dimmed[:, :640].any()
    assert 0 < dimmed.sum() < right.sum()


def test_many_in_one_place_add_up_and_none_is_cut() -> None:
    colours = np.tile(palette.pixel(palette.WRITTEN), (400, 1))
    crowd = PointCloud(np.zeros((400, 3)), colours, Eye(yaw=0), STAGE)
    alone = PointCloud(np.zeros((1, 3)), colours[:1], Eye(yaw=0), STAGE)
    assert drawn(crowd).max() > drawn(alone).max()
    assert drawn(crowd).max() <= 255
    assert drawn(crowd).max(axis=(0, 1)).min() > 240  # towards white


def test_nothing_is_drawn_outside_of_the_box() -> None:
    scattered = np.random.default_rng(0).normal(size=(3000, 3)) * 6
    cloud = PointCloud(scattered, np.full((3000, 3), 255), EYE, Box(-2, 3, -1, 2))
    picture = drawn(cloud)
    fine = config.pixel_height / config.frame_height
    left, right = round((config.frame_width / 2 - 2) * fine), round((config.frame_width / 2 + 3) * fine)
    assert picture.any()
    assert not picture[:, : left - 1].any()
    assert not picture[:, right + 1 :].any()
    assert not picture[: round(2 * fine) - 1].any()
    assert not picture[round(5 * fine) + 1 :].any()


def test_a_slow_turn_does_not_flicker() -> None:
    """A point moves by part of a pixel a frame: its light stays the same to a few hundredths."""
    cloud = PointCloud([[1.0, 0.4, 0.3]], np.full((1, 3), 255), EYE, STAGE)
    lights = [drawn(cloud.see(replace(EYE, yaw=25 + 0.02 * step))).sum() for step in range(12)]
    assert np.ptp(lights) < 0.06 * np.mean(lights)


def test_the_eye_of_a_turn_keeps_all_in_the_box() -> None:
    points = np.random.default_rng(1).normal(size=(200, 3))
    yaws = (0, 20, 40)
    eye = turned(Eye(pitch=12, distance=9), points, STAGE, yaws)
    seen = np.concatenate([replace(eye, yaw=yaw).project(points) for yaw in yaws])
    assert seen[:, 0].min() >= STAGE.left - 1e-6 <= STAGE.right + 1e-6 >= seen[:, 0].max()
    assert seen[:, 1].min() >= STAGE.bottom - 1e-6
    assert seen[:, 1].max() <= STAGE.top + 1e-6
    assert max(np.ptp(seen[:, 0]) / STAGE.width, np.ptp(seen[:, 1]) / STAGE.height) > 0.999


def test_a_cloud_can_be_flown_through() -> None:
    cloud = PointCloud(np.eye(3), np.full((3, 3), 255), EYE, STAGE)
    flight = look(cloud, EYE.dived([1, 0, 0], 3, (0.0, 0.0)))
    flight.begin()
    flight.interpolate(1)
    assert cloud.eye.zoom == pytest.approx(4.5)


def crowded(names: int = 30) -> NamedPoints:
    points = np.random.default_rng(2).normal(size=(names, 3)) * 0.6
    pieces = [b" word%d" % number for number in range(names)]
    return NamedPoints(pieces, points, [palette.INK] * names, STAGE)


def test_labels_cover_neither_each_other_nor_a_dot_from_any_eye() -> None:
    named = crowded()
    eyes = [replace(EYE, yaw=yaw) for yaw in (20, 25, 30)]
    named.choose(*eyes, avoid=[(-7, 2, 7, 3)])
    assert len(named.offsets) > 15
    for eye in eyes:
        named.see(eye)
        boxes = [
            (label.get_left()[0], label.get_bottom()[1], label.get_right()[0], label.get_top()[1])
            for label in named.labels
            if len(label.points)
        ]
        assert len(boxes) == len(named.offsets)
        for a, b in combinations(boxes, 2):
            assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        for dot in named.dots:
            x, y = dot.get_center()[:2]
            assert not any(left < x < right and low < y < high for left, low, right, high in boxes)
        assert all(
            STAGE.left <= a[0] and a[2] <= STAGE.right and STAGE.bottom <= a[1] and a[3] <= 2 for a in boxes
        )


def test_dots_are_where_the_eye_sees_them_and_names_can_wait() -> None:
    named = crowded(4)
    named.choose(EYE)
    named.shown[1] = 0.0
    named.see(EYE)
    for dot, place in zip(named.dots, EYE.project(named.world), strict=True):
        np.testing.assert_allclose(dot.get_center(), place, atol=1e-9)
    assert named.dots[1].get_fill_opacity() == 0
    assert not len(named.labels[1].points)
    assert len(named.labels[0].points)


def test_threads_lead_from_one_to_the_others_as_strong_as_their_shares() -> None:
    start, ends = np.zeros(3), np.array([[1.0, 0, 0], [0, 1, 0.5]])
    threads = Threads(start, ends, [0.2, 0.9]).see(EYE)
    for thread, end in zip(threads, ends, strict=True):
        np.testing.assert_allclose(thread.get_start(), EYE.project(start), atol=1e-9)
        np.testing.assert_allclose(thread.get_end(), EYE.project(end), atol=1e-9)
    assert threads[1].get_stroke_width() > threads[0].get_stroke_width()
    threads.grown = 0.5
    half = EYE.project(start) + (EYE.project(ends[0]) - EYE.project(start)) / 2
    np.testing.assert_allclose(threads.see(EYE)[0].get_end(), half, atol=1e-9)
