"""Nothing stands dead: a picture that is read drifts, or something else happens."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from manim import Square, tempconfig
from numpy.typing import NDArray

from scenes import SCENES
from scenes.lecture_scene import LectureScene
from scenes.mobjects.drift import NEAREST
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.benchmarks import stillness

LARGEST_SHARE = 0.35
LONGEST_HOLD = 1.5  # seconds

Held = tuple[list[NDArray[Any]], LectureScene]


class Hold(LectureScene):
    """A square that does nothing, and words to read."""

    def construct(self) -> None:
        self.square = Square(4, fill_opacity=1, stroke_width=0)
        self.add(self.square)
        for name in ("one", "two"):
            with self.beat(name, "A square stands here, and this takes a while to read."):
                pass


@pytest.fixture
def held(storyteller_trace: Path) -> Held:
    frames = []

    class Keeping(stillness.Watching):
        def _look(self) -> None:
            super()._look()
            frames.append(self.get_frame()[..., :3].astype(np.int16))

    with tempconfig({**stillness.QUIET, **stillness.SMALL}):
        scene = Hold(Settings(storyteller_trace), renderer=Keeping())
        scene.render()
    return frames, scene


def lit(frame: NDArray[Any]) -> float:
    """The square's area in pixels, the edges' shares of theirs included."""
    return float(frame[60:280, 200:440].sum() / (3 * 255))


@pytest.mark.parametrize("name", SCENES)
def test_no_scene_stands_still_for_long(name: str, storyteller_trace: Path) -> None:
    found = stillness.measure(name, storyteller_trace)
    assert found.share <= LARGEST_SHARE
    assert found.longest <= LONGEST_HOLD, f"{found.longest} s from {found.longest_at} s on"


def test_a_hold_that_does_not_drift_is_found(
    storyteller_trace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scenes.mobjects.drift.FASTEST", 0.0)
    found = stillness.measure("mask", storyteller_trace)
    assert found.share > LARGEST_SHARE
    assert found.longest > LONGEST_HOLD


def test_a_hold_grows_evenly_and_header_and_caption_stand(held: Held) -> None:
    frames, scene = held
    middle = round(scene.beats[0].end * stillness.SMALL["frame_rate"])
    sizes = np.sqrt([lit(frame) for frame in frames])
    first, second = sizes[:middle], sizes[middle:]
    assert (np.diff(first) >= -0.01).all()
    assert np.diff(first).max() < 1.0  # less than a pixel in a fifth of a second
    assert first[-1] / first[0] == pytest.approx(NEAREST, abs=0.004)
    assert second[0] == pytest.approx(first[-1], abs=0.4)  # the next beat begins where this one ended
    assert second[-1] == pytest.approx(first[0], abs=0.4)
    for band in (slice(0, 30), slice(300, 360)):
        for frame in frames[1:middle]:
            assert (frame[band] == frames[0][band]).all()


def test_the_picture_of_a_hold_is_what_would_be_drawn(held: Held) -> None:
    frames, scene = held
    drawn = scene.camera
    drawn.reset()
    drawn.capture_mobjects(scene.mobjects)
    assert (
        np.abs(drawn.pixel_array[..., :3].astype(np.int16) - frames[-1])[30:300].max() < 40
    )  # an eighth of an edge


def test_a_hold_changes_no_mobject(storyteller_trace: Path) -> None:
    scene = rehearse(Hold, Settings(storyteller_trace))
    assert scene.square in scene.mobjects
    assert scene.square.width == 4
