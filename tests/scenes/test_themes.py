"""Both themes: all that is read stands out."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scenes import SCENES
from scenes.render.digest import clip_digest
from scenes.settings import Settings
from tests.scenes.contrast import ratio
from tests.scenes.selected import selected
from tests.scenes.themes import in_theme

THEMES = ("dark", "light")
Measured = dict[str, Any]


@pytest.fixture(scope="module")
def measured(request: pytest.FixtureRequest, storyteller_trace: Path) -> Callable[[str], Measured]:
    """What was measured in a theme, of the scenes that are asked about."""
    names = selected(request)

    @cache
    def measure(theme: str) -> Measured:
        found: Measured = json.loads(
            in_theme(theme, "-m", "tests.scenes.contrast", str(storyteller_trace), *names)
        )
        assert found["theme"] == theme
        return found

    return measure


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", SCENES)
def test_text_and_graphics_stand_out_as_wcag_asks(
    name: str, theme: str, measured: Callable[[str], Measured]
) -> None:
    for least, kind in ((4.5, "text"), (3, "graphics")):  # 1.4.3, for text of any size, and 1.4.11
        found = [one for one in measured(theme)[kind] if one[0] == name]
        assert len(found) >= 10
        assert not {(*where, round(ratio, 2)) for _, *where, ratio in found if ratio < least}


@pytest.fixture
def every_scene() -> None:
    """Asked for by a test that is about all of them; see `selected`."""


@pytest.mark.usefixtures("every_scene")
@pytest.mark.parametrize("theme", THEMES)
def test_what_is_in_pictures_is_measured_as_well(theme: str, measured: Callable[[str], Measured]) -> None:
    found = measured(theme)
    assert sum(words.startswith("the cell") for _, _, words, _ in found["text"]) > 200
    assert sum(what.startswith("the dot") for _, _, what, _ in found["graphics"]) > 20


def test_the_ratio_is_that_of_the_standard() -> None:
    assert ratio((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    assert ratio((0x77 / 255,) * 3, (1, 1, 1)) == pytest.approx(4.48, abs=0.01)


def test_another_theme_is_another_clip() -> None:
    dark, light = (Settings(Path("t"), theme=theme) for theme in ("dark", "light"))
    assert clip_digest("mask", dark, "0", "l") != clip_digest("mask", light, "0", "l")


def test_a_theme_that_there_is_not_is_said_in_one_line() -> None:
    process = subprocess.run(
        [sys.executable, "-m", "scenes.render.stills", "mask"],
        env={**os.environ, "LECTURE_THEME": "pink"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert process.returncode != 0
    assert process.returncode == 2
    assert "'pink' is not one of 'dark', 'light'" in process.stderr
    assert process.stderr.count("\n") == 1
