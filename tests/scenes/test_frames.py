"""Reference pictures: numbers can be right and the picture wrong.

Each beat's frame was looked at once, and is kept.

    UPDATE_FRAMES=1 tests/run.sh tests/scenes/test_frames.py     draw them anew, then look at each

Manim's own comparison skips without a word where Cairo is older than 1.18, so this is ours: frames may differ
by the last bit of anti-aliasing, not by anything that a viewer could see.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from scenes import SCENES, load
from scenes.render.stills import stills
from scenes.settings import Settings

FRAMES = Path(__file__).parent.parent / "frames"
SIZE = (640, 360)
BLOCK = 8  # pixels; the most that a block's mean may differ is far below what moving one letter does
LARGEST = 3.0  # of 255


def difference(frame: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    """The largest difference between the means of corresponding blocks, in levels of 255."""
    if frame.shape != reference.shape:
        return 255.0
    gap = frame.astype(np.float64) - reference
    rows, columns = gap.shape[0] // BLOCK * BLOCK, gap.shape[1] // BLOCK * BLOCK
    blocks = gap[:rows, :columns].reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK, 3)
    return float(np.abs(blocks.mean(axis=(1, 3))).max())


@pytest.mark.parametrize("name", SCENES)
def test_each_beat_looks_as_it_did(name: str, storyteller_trace: Path, tmp_path: Path) -> None:
    changed = []
    for beat, frame in stills(load(name), Settings(storyteller_trace), SIZE):
        path = FRAMES / f"{name}-{beat.name}.png"
        if os.environ.get("UPDATE_FRAMES"):
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(frame[..., :3]).save(path, optimize=True)
            continue
        assert path.is_file(), (
            f"no reference for the beat {beat.name}: draw it with UPDATE_FRAMES=1 and look at it"
        )
        reference = np.array(Image.open(path).convert("RGB"))
        if difference(frame[..., :3], reference) > LARGEST:
            Image.fromarray(frame[..., :3]).save(tmp_path / path.name)
            changed.append(f"{path.name} is not what {tmp_path / path.name} shows")
    assert not changed, "\n".join(changed)


@pytest.mark.parametrize("name", SCENES)
def test_a_phone_held_upright_shows_what_it_did(name: str, storyteller_trace: Path, tmp_path: Path) -> None:
    scene = load(name)
    settings = Settings(storyteller_trace, aspect="9:16")
    pictures = {beat.name: frame[..., :3] for beat, frame in stills(scene, settings, SIZE[::-1])}
    frame, path = pictures[scene.poster], FRAMES / "upright" / f"{name}.png"
    if os.environ.get("UPDATE_FRAMES"):
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(frame).save(path, optimize=True)
        return
    Image.fromarray(frame).save(tmp_path / path.name)
    found = difference(frame, np.array(Image.open(path).convert("RGB")))
    assert found <= LARGEST, f"{path} is not what {tmp_path / path.name} shows"


def test_a_letter_out_of_place_is_seen(storyteller_trace: Path) -> None:
    _, frame = next(iter(stills(load("next_token"), Settings(storyteller_trace), SIZE)))
    picture = frame[..., :3]
    assert difference(picture, picture) == 0
    lit = np.argwhere(picture.min(axis=-1) > 200)[0]  # where the first white letter begins
    patch = (slice(lit[0], lit[0] + 20), slice(lit[1] - 8, lit[1] + 24))
    moved = picture.copy()
    moved[patch] = np.roll(picture[patch], 2, axis=1)
    assert difference(moved, picture) > LARGEST


def test_no_reference_is_left_over(storyteller_trace: Path) -> None:
    from scenes.render.rehearsal import rehearse

    wanted = {
        f"{name}-{beat.name}.png"
        for name in SCENES
        for beat in rehearse(load(name), Settings(storyteller_trace)).beats
    }
    assert {path.name for path in FRAMES.glob("*.png")} == wanted
