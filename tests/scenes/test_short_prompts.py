"""A short prompt fills the stage: what there is of it is shown large."""

from pathlib import Path

import numpy as np
import pytest
from manim import config, tempconfig
from numpy.typing import NDArray

from model_probe.plan import Selection
from model_probe.record import record
from model_probe.trace import Trace
from scenes import SCENES, load
from scenes.layout import Layout
from scenes.render.beat_stills import Frame, stills
from scenes.render.quality import ASPECTS
from scenes.settings import Settings

SIZES = {"16:9": (640, 360)}
LEAST = 0.55  # of the stage's width or height
LIT = 60  # levels from the ground, of 255
NOTES = 0.02  # of all that is lit: a note in a corner makes no hero larger


def extent(frame: Frame, aspect: str) -> tuple[float, float]:
    """How much of the stage's width and height is between the first and the last lit per cent."""
    width, height = SIZES[aspect]
    with tempconfig({"pixel_width": width, "pixel_height": height}):
        config.frame_width, config.frame_height = ASPECTS[aspect]
        stage, fine = Layout.of_frame().stage, height / config.frame_height
    rows = slice(round(height / 2 - fine * stage.top), round(height / 2 - fine * stage.bottom))
    columns = slice(round(width / 2 + fine * stage.left), round(width / 2 + fine * stage.right))
    picture = frame[rows, columns, :3].astype(int)
    lit: NDArray[np.bool_] = np.any(np.abs(picture - frame[-1, 0, :3]) > LIT, axis=-1)
    if not lit.any():
        return 0.0, 0.0
    across, down = (np.quantile(places, [NOTES, 1 - NOTES]) for places in np.nonzero(lit)[::-1])
    return float(np.ptp(across)) / picture.shape[1], float(np.ptp(down)) / picture.shape[0]


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out, whole = tmp_path_factory.mktemp("five") / "t.safetensors", Selection(runs=True)
    path = record("The old king loved his", out, model="storyteller", selection=whole)
    assert Trace.open(path).n_tokens == 5
    return path


@pytest.mark.parametrize("aspect", SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_a_prompt_of_five_tokens_fills_the_stage(name: str, aspect: str, five: Path) -> None:
    scene = load(name)
    for _, frame in stills(scene, Settings(five, aspect=aspect), SIZES[aspect], only=scene.poster):
        assert max(extent(frame, aspect)) >= LEAST
