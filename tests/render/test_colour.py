"""A colour in the code is that colour in the clip, and every place where a clip can be cut is clean."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from scenes.render.__main__ import main

BT601, BT709 = (0.299, 0.114), (0.2126, 0.0722)  # weights of red and blue in luma


def decoded(clip: Path, red_weight: float, blue_weight: float) -> tuple[float, float, float]:
    """The colour in the middle of the first frame, from its stored Y, U and V by the matrix given."""
    with av.open(str(clip)) as container:
        frame = next(container.decode(video=0))
    assert frame.format.name == "yuv420p"
    luma, blue, red = (
        np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[
            plane.height // 2, plane.width // 2
        ]
        for plane in frame.planes
    )
    y, u, v = (float(luma) - 16) / 219, (float(blue) - 128) / 224, (float(red) - 128) / 224
    r, b = y + 2 * (1 - red_weight) * v, y + 2 * (1 - blue_weight) * u
    g = (y - red_weight * r - blue_weight * b) / (1 - red_weight - blue_weight)
    return 255 * r, 255 * g, 255 * b


@pytest.mark.usefixtures("small_scenes")
def test_a_blue_comes_back_as_it_was_by_the_matrix_that_the_clip_names(
    storyteller_trace: Path, tmp_path: Path
) -> None:
    assert main(["blue", "--trace", str(storyteller_trace), "--out", str(tmp_path), "--quality", "l"]) == 0
    clip = tmp_path / "clips" / "blue.mp4"
    assert decoded(clip, *BT601) == pytest.approx((0x58, 0xC4, 0xDD), abs=2)
    # What a player makes of it that guesses the other matrix: the tag is no ornament.
    assert decoded(clip, *BT709) != pytest.approx((0x58, 0xC4, 0xDD), abs=5)


@pytest.mark.usefixtures("small_scenes")
def test_no_frame_needs_one_from_before_the_last_key_frame(storyteller_trace: Path, tmp_path: Path) -> None:
    assert main(["small", "--trace", str(storyteller_trace), "--out", str(tmp_path), "--quality", "l"]) == 0
    with av.open(str(tmp_path / "lecture.mp4")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
    keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
    assert keys[0] == 0
    assert len(keys) > 1
    for start, end in pairwise([*keys, len(packets)]):
        assert min(packet.pts for packet in packets[start:end]) == packets[start].pts
