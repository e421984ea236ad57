"""A still of each piece that is seen in perspective, and what its geometry must be.

UPDATE_FRAMES=1 tests/run.sh tests/scenes/test_pieces_in_perspective.py     draw them anew, look at each
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from manim import config, tempconfig
from numpy.typing import NDArray
from PIL import Image

from model_probe.trace import Trace
from scenes.mobjects import palette
from scenes.mobjects.attended import Attended
from scenes.mobjects.block import Block
from scenes.mobjects.comet import Comet
from scenes.mobjects.cross_section import CrossSection
from scenes.mobjects.eye import Eye
from scenes.mobjects.length_line import LengthLine
from scenes.mobjects.light import opaque
from scenes.mobjects.perspective import Face, PerspectiveRaster, Texture
from scenes.mobjects.plate import Plate
from scenes.mobjects.raster import StudioCamera
from scenes.mobjects.standing_words import StandingWords
from tests.scenes.test_frames import FRAMES, LARGEST, difference

SLANT = Eye(yaw=48, pitch=15, distance=14)


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    with tempconfig({"pixel_width": 640, "pixel_height": 360}):
        config.frame_width, config.frame_height = 128 / 9, 8.0
        yield


def looks_as_it_did(name: str, *mobjects: Any) -> NDArray[np.uint8]:
    camera = StudioCamera()
    camera.capture_mobjects(mobjects)
    picture: NDArray[np.uint8] = camera.pixel_array[..., :3]
    path = FRAMES / "pieces" / f"{name}.png"
    if os.environ.get("UPDATE_FRAMES"):
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(picture).save(path, optimize=True)
    assert difference(picture, np.array(Image.open(path).convert("RGB"))) <= LARGEST, path
    return picture


def pixel(picture: NDArray[np.uint8], at: NDArray[np.float64]) -> NDArray[np.uint8]:
    fine = config.pixel_height / config.frame_height
    found: NDArray[np.uint8] = picture[
        round((4 - at[1]) * fine), round((at[0] + config.frame_width / 2) * fine)
    ]
    return found


class _Sheet(PerspectiveRaster):
    """Four colours on one face."""

    corners = np.array([[-4, 2, -1], [4, 2, -1], [4, -2, -1], [-4, -2, -1]], dtype=float)

    def faces(self) -> list[Face]:
        colours = np.array([[[200, 0, 0], [0, 200, 0]], [[0, 0, 200], [200, 200, 0]]])
        return [Face(Texture(opaque(colours.repeat(64, axis=0).repeat(64, axis=1))), self.corners)]


def test_a_face_is_where_the_camera_projects_it() -> None:
    for eye in (SLANT, SLANT.trucked(1.5), SLANT.dived([2, 1, -1], 2.0, (0.5, 0.2))):
        picture = looks_as_it_did("sheet", _Sheet(SLANT).see(SLANT)) if eye is SLANT else None
        camera = StudioCamera()
        camera.capture_mobjects([_Sheet(eye).see(eye)])
        picture = camera.pixel_array[..., :3]
        for x, y, colour in ((-2, 1, [200, 0, 0]), (2, 1, [0, 200, 0]), (-2, -1, [0, 0, 200])):
            at = eye.project([x, y, -1.0])
            if abs(at[0]) < 7 and abs(at[1]) < 3.9:
                assert pixel(picture, at).astype(int) == pytest.approx(colour, abs=2)


def test_a_dive_shows_its_cell_where_it_was_told_to_and_comes_back() -> None:
    inside = SLANT.dived([2.0, 1.0, -1.0], 3.0, (1.0, 0.5))
    assert inside.project([2.0, 1.0, -1.0]) == pytest.approx(np.array([1.0, 0.5, 0.0]))
    assert SLANT.towards(inside, 1.0) == inside
    assert inside.towards(SLANT, 1.0) == SLANT


def test_a_plate_has_a_rim_an_edge_and_a_highlight_that_slides() -> None:
    colours = np.full((120, 90, 3), 40)

    class Shown(PerspectiveRaster):
        def faces(self) -> list[Face]:
            return Plate(opaque(colours), palette.GELU).faces(0.0, (4.0, 3.0), 0.15, self.eye.yaw)

    picture = looks_as_it_did("plate", Shown(SLANT).see(SLANT))
    edge = pixel(picture, SLANT.project([0.0, 0.0, -1.5]))
    assert edge[1] > edge[0] > edge[2]  # the hue of the rim
    further = Eye(yaw=54, pitch=15, distance=14)
    assert not np.array_equal(Shown(SLANT).see(SLANT).pixels, Shown(further).see(further).pixels)


def test_a_comet_is_as_bright_as_its_number() -> None:
    path = np.stack([np.linspace(-5, 5, 9), np.linspace(-1, 1, 9), np.zeros(9)], axis=-1)
    comet = Comet([1.0, 0.0, 0.5])
    picture = looks_as_it_did("comet", comet.show(path, 0.2))
    light = []
    for share, number in ((0.0, 1.0), (0.25, 0.5), (0.5, 0.0), (1.0, 0.5)):
        comet.show(path, share)
        assert comet.light == pytest.approx(number)
        camera = StudioCamera()
        camera.capture_mobjects([comet])
        head = path[0] + (path[-1] - path[0]) * share
        light.append(int(pixel(camera.pixel_array[..., :3], head).max()))
        assert comet.head.opacity == pytest.approx(number)
    assert light[0] > max(light[1], light[3])
    assert min(light[1], light[3]) > light[2] == 0
    assert picture.max() > 200


def test_words_that_would_touch_are_left_out_and_never_the_last() -> None:
    places = np.array([[x, 1.0, -1.0] for x in (-4.0, -3.7, 0.0, 3.8, 4.0)])
    pieces = [b" beautiful", b" queen", b" and", b" country", b" country"]
    words = StandingWords(pieces, [0.5, 0.1, 0.2, 0.9, 0.1], lambda: places).choose(SLANT).see(SLANT)
    assert words.kept == {0, 2, 4}
    looks_as_it_did("words", words)
    for place in words.kept:
        assert words.words[place].get_center()[1] > SLANT.project(places[place])[1]
    level = Eye(yaw=0, pitch=0, distance=14)
    words.see(level)
    heights = [words.words[place].height for place in (0, 2)]
    assert heights[0] / heights[1] == pytest.approx((0.26 + 0.34 * 0.5**0.5) / (0.26 + 0.34 * 0.2**0.5))


def test_a_line_of_lengths_is_logarithmic_and_prints_its_ends() -> None:
    places = np.array([[x, -2.0, -1.0] for x in (-4.0, 0.0, 4.0)])
    eye = Eye(yaw=0, pitch=0, distance=14)
    line = LengthLine([1.0, 10.0, 100.0], lambda: places.copy(), 2.0, "length").see(eye)
    looks_as_it_did("lengths", line)
    ends = line.line.points[[0, 3, -1], 1]
    assert ends[1] - ends[0] == pytest.approx(ends[2] - ends[1], rel=1e-6)
    assert (line.first.string, line.last.string) == ("length 1.00", "100")


def test_the_block_open_and_what_it_attends_to(storyteller_trace: Path) -> None:
    trace = Trace.open(storyteller_trace)
    section = CrossSection(trace)
    section.block.opened = 1.0
    eye = SLANT.fitted(section.block.corners(), section.block.within or _stage())
    section.words.choose(eye)
    looks_as_it_did("open", section.see(eye))
    block = Block.of_trace(trace)
    block.grown, block.long = 1.0, 28.0
    close = Eye(yaw=50, pitch=15).fitted(block.grown_corners(), _stage())
    attended = Attended(block.see(close), np.asarray(trace.pattern_LHTS[0, 1])[-1], trace.tokens)
    attended.names.choose(close)
    looks_as_it_did("attended", block, attended.see(close))


def _stage() -> Any:
    from scenes.layout import Layout

    return Layout.of_frame().stage
