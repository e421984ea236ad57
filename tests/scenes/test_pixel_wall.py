from collections.abc import Iterator

import numpy as np
import pytest
from manim import config, tempconfig
from numpy.typing import NDArray

from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.pixel_wall import PARTED, PixelWall
from scenes.mobjects.raster import StudioCamera
from scenes.mobjects.weight_column import WeightColumn
from scenes.mobjects.weight_pixels import weight_pixels

BOX = Box(-6, 6, -3, 3)
SHAPE = (40, 9000)


@pytest.fixture(autouse=True)
def full_hd() -> Iterator[None]:
    with tempconfig({"pixel_width": 1920, "pixel_height": 1080}):
        yield


@pytest.fixture
def weights() -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)


@pytest.fixture
def wall(weights: NDArray[np.float32]) -> PixelWall:
    known = {column: weights[:, column] for column in range(3000, 3007)}
    blocks = weights.reshape(40, 500, 18)
    strongest = np.abs(blocks).argmax(axis=-1)[..., None]
    picture = np.take_along_axis(blocks, strongest, axis=-1)[..., 0]
    return PixelWall(picture, BOX, SHAPE, "wte_picture_RC", known, scale=(2.0, 2.0))


def seen(wall: PixelWall) -> NDArray[np.uint8]:
    camera = StudioCamera()
    camera.capture_mobjects([wall])
    picture: NDArray[np.uint8] = camera.pixel_array
    return picture


def at(wall: PixelWall, column: float, row: int) -> list[int]:
    """The colour in the middle of a row, where a column is."""
    fine, (x, top, _z) = config.pixel_height / config.frame_height, wall.top_of(column)
    y = top - wall.size[1] * (row + 0.5) / wall.values.shape[0]
    picture = seen(wall)
    return [int(c) for c in picture[round((4 - y) * fine), int((config.frame_width / 2 + x) * fine), :3]]


def colour(value: float) -> list[int]:
    return [int(c) for c in weight_pixels(np.array([[value]], np.float32), 2.0)[0, 0, :3]]


def test_each_pixel_is_a_weight_in_its_own_colour(weights: NDArray[np.float32]) -> None:
    small = PixelWall(weights[:5, :7], BOX, scale=(2.0, 2.0))
    for row, column in np.ndindex(5, 7):
        assert at(small, column, row) == pytest.approx(colour(float(weights[row, column])), abs=1)
    assert small.note.string == "5 × 7 weights"


def test_a_cell_is_the_strongest_of_those_under_it(wall: PixelWall, weights: NDArray[np.float32]) -> None:
    window = wall.show((1000, 1090)).window
    assert wall.note.string == "wte_picture_RC · 40 × 9,000 weights · a pixel: the strongest of 18 or fewer"
    for column in (1001, 1030, 1080):
        first = column // 18 * 18
        block = weights[7, first : first + 18]
        assert at(wall, column, 7) == pytest.approx(colour(float(block[np.abs(block).argmax()])), abs=1)
    assert window == (1000, 1090)


def test_a_dive_ends_at_whole_columns_around_the_one_in_the_middle(
    wall: PixelWall, weights: NDArray[np.float32]
) -> None:
    assert wall.dived(3003, 7, 0.0) == pytest.approx((0, SHAPE[1]))
    assert wall.dived(3003, 7, 1.0) == pytest.approx((3000, 3007))
    wall.show(wall.dived(3003, 7, 1.0))
    for column, row in ((3000, 0), (3003, 20), (3006, 39)):
        assert at(wall, column, row) == pytest.approx(colour(float(weights[row, column])), abs=1)


def test_where_there_is_no_column_nothing_is_drawn(wall: PixelWall) -> None:
    wall.show(wall.dived(0, 7, 1.0))
    assert at(wall, -3, 5) == [0, 0, 0]


def test_hairlines_stand_at_their_columns_and_come_down_one_after_the_other(wall: PixelWall) -> None:
    wall.hang([4500, 10, 8990]).drop(0.5)
    lengths = [line.get_length() for line in wall.hairlines.values()]
    assert lengths[0] > lengths[1] > 0
    assert wall.hairlines[8990].get_stroke_opacity() == 0
    wall.drop(1.0)
    for column, line in wall.hairlines.items():
        x = -wall.size[0] / 2 + wall.size[0] * (column + 0.5) / SHAPE[1]
        assert line.get_x() == pytest.approx(x, abs=1e-6)
        assert line.get_length() > wall.size[1]


@pytest.mark.parametrize("column", [3000, 3006])
def test_the_drawer_holds_its_column_and_the_wall_stays_whole(
    wall: PixelWall, weights: NDArray[np.float32], column: int
) -> None:
    wall.column = column
    assert wall.faces()[0].window == (0.0, 1.0)
    wall.open(PARTED)
    corners = wall.drawer_corners()
    assert corners[1, 0] - corners[0, 0] == pytest.approx(wall.drawer[0])
    left, right = wall.faces()[:2]
    assert left.window[1] == right.window[0] == pytest.approx((column + 0.5) / SHAPE[1])
    assert at(wall, column, 11) == pytest.approx(colour(float(weights[11, column])), abs=1)
    wall.open(1.0)
    out = wall.drawer_corners()
    assert out[1, 0] - out[0, 0] > wall.drawer[0]  # nearer to the eye
    wall.holds = False
    assert len(wall.faces()) == 2


def test_from_near_the_colours_have_another_scale_which_is_said(weights: NDArray[np.float32]) -> None:
    known = {3003: weights[:, 3003]}
    wall = PixelWall(10 * weights[:, :50], BOX, SHAPE, known=known)
    far, near = (palette.robust_scale(values) for values in (10 * weights[:, :50], known[3003]))
    assert wall.value_scale == pytest.approx(far)
    wall.focus(1.0)
    assert wall.value_scale == pytest.approx(near)
    assert [end.string for end in wall.scale_bar.ends] == [f"−{near:.2f}", f"+{near:.2f}"]


def test_it_rises_from_its_foot(wall: PixelWall) -> None:
    foot, high = wall.sheet.get_bottom()[1], wall.size[1]
    wall.rise(0.5 * high)
    assert wall.sheet.get_bottom()[1] == pytest.approx(foot, abs=0.02)
    assert wall.sheet.height == pytest.approx(0.5 * high, abs=0.02)


@pytest.mark.parametrize("yaw", [-30.0, 30.0])
def test_seen_from_the_side_all_of_it_stays_in_its_place(wall: PixelWall, yaw: float) -> None:
    wall.column = 3003
    wall.see(wall.aslant(yaw)).open(1.0)
    for part in (wall.sheet.points, wall.drawer_corners(), wall.brackets[0].points, wall.brackets[1].points):
        low, high = part.min(axis=0), part.max(axis=0)
        assert wall.room.left - 0.05 <= low[0] <= high[0] <= wall.room.right + 0.05
        assert wall.room.bottom - 0.05 <= low[1] <= high[1] <= wall.room.top + 0.05


def test_a_column_flows_from_blue_and_red_to_grey() -> None:
    values = np.array([0.5, -2.0, 1.0], np.float32)
    column = WeightColumn(values, 2.0, 0.5, 3)
    np.testing.assert_array_equal(column.pixels[:, :, :3], weight_pixels(values[:, None], 2.0)[..., :3])
    column.flow(1.0)
    np.testing.assert_array_equal(column.pixels[:, 0, :3], palette.DATA_RAMP[palette.levels(values, 2.0)])
    square = np.array([[0.0, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 0]])
    np.testing.assert_allclose(column.stand(square).corners(), square)
