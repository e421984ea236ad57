"""Both themes: all that is read stands out, and the light one looks as it did when it was looked at."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from scenes import SCENES
from scenes.render.digest import inputs_digest
from scenes.settings import Settings
from tests.scenes.contrast import ratio
from tests.scenes.test_frames import FRAMES, LARGEST, difference

# Where to stop: the middle of the scene's own poster beat, at the size of the reference pictures
DRAW = """
import sys
from pathlib import Path
from PIL import Image
from scenes import SCENES, load
from scenes.render.stills import stills
from scenes.settings import Settings
from tests.scenes.test_frames import SIZE
for name in SCENES:
    scene = load(name)
    for beat, frame in stills(scene, Settings(Path(sys.argv[1])), SIZE):
        if beat.name == scene.poster:
            Image.fromarray(frame[..., :3]).save(Path(sys.argv[2]) / f"{name}.png", optimize=True)
"""


def in_theme(theme: str, *arguments: str) -> str:
    """Run Python in a process that has this theme; returns what it prints."""
    environment = {**os.environ, "LECTURE_THEME": theme}
    process = subprocess.run(
        [sys.executable, *arguments], env=environment, check=False, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_and_graphics_stand_out_as_wcag_asks(theme: str, storyteller_trace: Path) -> None:
    measured: dict[str, Any] = json.loads(
        in_theme(theme, "-m", "tests.scenes.contrast", str(storyteller_trace))
    )
    assert measured["theme"] == theme
    assert len(measured["text"]) > 500
    assert len(measured["graphics"]) > 300
    assert sum(words.startswith("the cell") for _, _, words, _ in measured["text"]) > 200
    assert sum(what.startswith("the dot") for _, _, what, _ in measured["graphics"]) > 20
    for least, kind in ((4.5, "text"), (3, "graphics")):  # 1.4.3, for text of any size, and 1.4.11
        assert not {(*where, round(found, 2)) for *where, found in measured[kind] if found < least}


def test_the_ratio_is_that_of_the_standard() -> None:
    assert ratio((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert ratio((0x77 / 255,) * 3, (1, 1, 1)) == pytest.approx(4.48, abs=0.01)


def test_the_light_theme_looks_as_it_did(storyteller_trace: Path, tmp_path: Path) -> None:
    in_theme("light", "-c", DRAW, str(storyteller_trace), str(tmp_path))
    changed = []
    for name in SCENES:
        picture, path = tmp_path / f"{name}.png", FRAMES / "light" / f"{name}.png"
        if os.environ.get("UPDATE_FRAMES"):
            path.parent.mkdir(exist_ok=True)
            picture.replace(path)
            continue
        frame, reference = (np.array(Image.open(each).convert("RGB")) for each in (picture, path))
        assert (frame[-1, 0] == 255).all()
        if difference(frame, reference) > LARGEST:
            changed.append(f"{path.name} is not what {picture} shows")
    assert not changed, "\n".join(changed)


def test_another_theme_is_another_clip() -> None:
    dark, light = (Settings(Path("t"), theme=theme) for theme in ("dark", "light"))
    assert inputs_digest("mask", dark, "0", "l") != inputs_digest("mask", light, "0", "l")


def test_a_theme_that_there_is_not_is_said_in_one_line() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "scenes.render.stills", "mask"],
        env={**os.environ, "LECTURE_THEME": "pink"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert process.returncode != 0
    assert "LECTURE_THEME is 'pink'; there are dark, light" in process.stderr.splitlines()[-1]
