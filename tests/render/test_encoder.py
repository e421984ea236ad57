"""What is encoded is what Manim's own encoder would: only less of each frame is converted."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from manim._config.video_encoder import VideoEncoderSpec
from manim.scene.video_segment_encoder import VideoSegmentEncoder
from numpy.typing import NDArray

from scenes.render.clip import ENCODER_OPTIONS
from scenes.render.encoder import SegmentEncoder, changed, plane

OPTIONS = tuple(
    sorted({**ENCODER_OPTIONS, "threads": "1"}.items())
)  # with more, the order of work may differ


def spec(width: int, height: int) -> VideoEncoderSpec:
    return VideoEncoderSpec("mp4", "libx264", "yuv420p", width, height, Fraction(30), OPTIONS)


def frames(width: int, height: int) -> list[NDArray[np.uint8]]:
    """A picture of noise in which something changes: nothing, a pixel, a corner, an edge, a band, all."""
    generator = np.random.default_rng(0)
    picture = generator.integers(0, 256, (height, width, 4), np.uint8)
    picture[..., 3] = 255
    made = [picture]
    for top, bottom, left, right in (
        (0, 0, 0, 0), (37, 38, 51, 52), (0, 5, 0, 9), (height - 1, height, width - 1, width),
        (64, 96, 0, width), (33, 47, 18, 63), (0, height, 7, 8), (0, height, 0, width),
        (height // 2, height, width // 2, width),
    ):  # fmt: skip
        picture = picture.copy()
        picture[top:bottom, left:right, :3] = generator.integers(0, 256, (bottom - top, right - left, 3))
        made.append(picture)
    return made


@pytest.mark.parametrize(("width", "height"), [(854, 480), (480, 854), (320, 180), (142, 102)])
def test_a_converted_part_is_what_the_whole_would_be(width: int, height: int, tmp_path: Path) -> None:
    encoder = SegmentEncoder(target=tmp_path / "film.mp4", spec=spec(width, height))
    for pixels in frames(width, height):
        frame = encoder.converted(pixels)
        whole = av.VideoFrame.from_ndarray(pixels, format="rgba").reformat(format="yuv420p")
        for number in range(3):
            np.testing.assert_array_equal(plane(frame, number), plane(whole, number))
        frame.pts, frame.time_base = encoder._next_pts, Fraction(1, 30)
        encoder._next_pts += 1
        encoder.encode(frame)
    encoder.finish()


def test_the_film_is_manims_to_the_bit(tmp_path: Path) -> None:
    made = []
    for encoder_class in (VideoSegmentEncoder, SegmentEncoder):
        target = tmp_path / f"{encoder_class.__name__}.mp4"
        encoder = encoder_class(target=target, spec=spec(320, 180))
        for number, pixels in enumerate(frames(320, 180) * 6):
            encoder.write_frame(pixels, repeat=1 + number % 3)
        encoder.finish()
        made.append(target.read_bytes())
    assert made[0] == made[1]


def test_what_changed_is_found_to_the_pixel() -> None:
    before = np.zeros((96, 128, 4), np.uint8)
    assert changed(before, before.copy()) is None
    after = before.copy()
    after[50, 70, 1] = 1
    assert changed(before, after) == (32, 80, 48, 96)
    after[0, 0, 3] = after[-1, -1, 0] = 9
    assert changed(before, after) == (0, 96, 0, 128)
