"""Reference pictures: numbers can be right and the picture wrong.

Each beat's frame was looked at once, and is kept; so are a scene's poster in a frame held upright and in the
light theme.

    UPDATE_FRAMES=mask tests/run.sh tests/scenes/test_frames.py     draw that scene's anew, then look at each

Several names stand between commas; `all` is every scene. A picture is written only where it differs from the
one that is kept, and which were is printed at the end. Nothing of another scene is touched.

Manim's own comparison skips without a word where Cairo is older than 1.18, so this is ours: frames may differ
by the last bit of anti-aliasing, not by anything that a viewer could see.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from scenes import SCENES, load
from scenes.render.beat_stills import stills
from scenes.settings import Settings
from tests.scenes.selected import selected
from tests.scenes.themes import in_theme

FRAMES = Path(__file__).parent.parent / "frames"
SIZE = (640, 360)
BLOCK = 8  # pixels; the most that a block's mean may differ is far below what moving one letter does
LARGEST = 3.0  # of 255

Frame = NDArray[np.uint8]
Compare = Callable[[str, Frame], None]

DRAW = """
import sys
from pathlib import Path
from PIL import Image
from scenes import load
from scenes.render.beat_stills import stills
from scenes.settings import Settings
from tests.scenes.test_frames import SIZE
trace, folder, *names = sys.argv[1:]
for name in names:
    scene = load(name)
    for _, frame in stills(scene, Settings(Path(trace)), SIZE, only=scene.poster):
        Image.fromarray(frame[..., :3]).save(Path(folder) / f"{name}.png")
"""


def difference(frame: Frame, reference: Frame) -> float:
    """The largest difference between the means of corresponding blocks, in levels of 255."""
    if frame.shape != reference.shape:
        return 255.0
    gap = frame.astype(np.float64) - reference
    rows, columns = gap.shape[0] // BLOCK * BLOCK, gap.shape[1] // BLOCK * BLOCK
    blocks = gap[:rows, :columns].reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK, 3)
    return float(np.abs(blocks.mean(axis=(1, 3))).max())


def updated() -> set[str]:
    """The scenes whose pictures are to be written."""
    asked = {name for name in os.environ.get("UPDATE_FRAMES", "").split(",") if name}
    unknown = asked - SCENES.keys() - {"all"}
    if unknown:
        pytest.exit(f"UPDATE_FRAMES={','.join(sorted(unknown))}: there are all, {', '.join(SCENES)}", 2)
    return set(SCENES) if "all" in asked else asked


class Kept:
    """A scene's kept pictures beside new ones.

    Attributes:
        changed: what differs, in words.
        written: the pictures that took the place of another, or of none.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.update = name in updated()
        self.folder = folder
        self.changed: list[str] = []
        self.written: list[str] = []

    def compare(self, frame: Frame, path: Path) -> None:
        """See whether a picture is as it is kept at `path`; where it is not, say so or keep it."""
        if path.is_file() and difference(frame, np.array(Image.open(path).convert("RGB"))) <= LARGEST:
            return
        if self.update:
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(frame).save(path, optimize=True)
            self.written.append(str(path.relative_to(FRAMES.parent.parent)))
            return
        new = self.folder / path.name
        Image.fromarray(frame).save(new)
        if path.is_file():
            self.changed.append(f"{path.relative_to(FRAMES)} is not what {new} shows")
        else:
            self.changed.append(f"{path.relative_to(FRAMES)} is missing: look at {new} and keep it")

    def only(self, wanted: set[Path], found: Iterator[Path]) -> None:
        """See that no other picture is kept."""
        for path in set(found) - wanted:
            if self.update:
                path.unlink()
                self.written.append(f"{path.relative_to(FRAMES.parent.parent)} (taken away)")
            else:
                self.changed.append(f"{path.relative_to(FRAMES)} is of no beat")


@pytest.fixture
def kept(name: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> Iterator[Kept]:
    if updated() and name not in updated():
        pytest.skip(f"UPDATE_FRAMES is for {', '.join(sorted(updated()))}")
    pictures = Kept(name, tmp_path)
    yield pictures
    for path in pictures.written:
        record_property("written", path)
    again = f"UPDATE_FRAMES={name} tests/run.sh tests/scenes/test_frames.py keeps them as they are now"
    assert not pictures.changed, "\n".join([*pictures.changed, again])


@pytest.mark.parametrize("name", SCENES)
def test_each_beat_looks_as_it_did(name: str, storyteller_trace: Path, kept: Kept) -> None:
    beats = set()
    for beat, frame in stills(load(name), Settings(storyteller_trace), SIZE):
        path = FRAMES / f"{name}-{beat.name}.png"
        kept.compare(frame[..., :3], path)
        beats.add(path)
    kept.only(beats, FRAMES.glob(f"{name}-*.png"))


@pytest.mark.parametrize("name", SCENES)
def test_a_phone_held_upright_shows_what_it_did(name: str, storyteller_trace: Path, kept: Kept) -> None:
    scene = load(name)
    settings = Settings(storyteller_trace, aspect="9:16")
    (_, frame), *_more = stills(scene, settings, SIZE[::-1], only=scene.poster)
    kept.compare(frame[..., :3], FRAMES / "upright" / f"{name}.png")


@pytest.fixture(scope="module")
def light(
    request: pytest.FixtureRequest, storyteller_trace: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The posters in the light theme of the scenes that are to be looked at: a process has one theme."""
    folder = tmp_path_factory.mktemp("light")
    names = set(selected(request)) & (updated() or set(SCENES))
    in_theme("light", "-c", DRAW, str(storyteller_trace), str(folder), *sorted(names))
    return folder


@pytest.mark.parametrize("name", SCENES)
def test_the_light_theme_looks_as_it_did(name: str, kept: Kept, light: Path) -> None:
    frame = np.array(Image.open(light / f"{name}.png").convert("RGB"))
    assert (frame[-1, 0] == 255).all()
    kept.compare(frame, FRAMES / "light" / f"{name}.png")


def test_a_letter_out_of_place_is_seen(storyteller_trace: Path) -> None:
    _, frame = next(iter(stills(load("next_token"), Settings(storyteller_trace), SIZE)))
    picture = frame[..., :3]
    assert difference(picture, picture) == 0
    lit = np.argwhere(picture.min(axis=-1) > 200)[0]  # where the first white letter begins
    patch = (slice(lit[0], lit[0] + 20), slice(lit[1] - 8, lit[1] + 24))
    moved = picture.copy()
    moved[patch] = np.roll(picture[patch], 2, axis=1)
    assert difference(moved, picture) > LARGEST


def test_only_what_differs_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    grey = np.full((16, 16, 3), 100, np.uint8)
    nearly, other = grey + 1, grey + 9
    monkeypatch.setattr("tests.scenes.test_frames.FRAMES", tmp_path / "tests" / "frames")
    path = tmp_path / "tests" / "frames" / "mask-row.png"
    name = next(iter(SCENES))
    monkeypatch.setenv("UPDATE_FRAMES", name)
    assert updated() == {name}
    for frame, written in ((grey, 1), (nearly, 0), (other, 1)):
        path.parent.mkdir(parents=True, exist_ok=True)
        kept = Kept(name, tmp_path)
        kept.compare(frame, path)
        assert (len(kept.written), kept.changed) == (written, [])
    assert (np.array(Image.open(path)) == other).all()
    monkeypatch.delenv("UPDATE_FRAMES")
    kept = Kept(name, tmp_path)
    kept.compare(grey, path)
    kept.only(set(), iter([path]))
    assert kept.written == []
    assert [words.split(" is ")[0] for words in kept.changed] == ["mask-row.png"] * 2
    assert (np.array(Image.open(path)) == other).all()


def test_no_picture_is_left_of_a_scene_that_is_gone() -> None:
    of_scenes = {path.name.partition("-")[0] for path in FRAMES.glob("*.png")}
    posters = {path.stem for shape in ("upright", "light") for path in (FRAMES / shape).glob("*.png")}
    assert of_scenes | posters <= SCENES.keys()
