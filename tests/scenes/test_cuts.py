"""A film of several scenes cuts on the same picture: what a scene begins with, the one before it ended on."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from manim import config, tempconfig
from numpy.typing import NDArray

from scenes import PARTS, SCENES, load
from scenes.layout import Layout
from scenes.render.beat_stills import Frame, Stills
from scenes.render.quality import ASPECTS
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.conftest import Traces

SIZES = {"16:9": (1280, 720), "9:16": (720, 1280)}
QUIET = {"disable_caching": True, "progress_bar": "none", "verbosity": "ERROR", "dry_run": True}
LIT = 40  # levels from the ground, of 255: something is drawn there
LEAST = 0.003  # of the stage: less would be no picture
SAME, MOST = 48, 0.97  # levels that a lit pixel may differ by, and how many must not differ by more

# The card of a part stands between two scenes; the first, before all of them, begins and ends on nothing
CARD_CUTS = [
    cut
    for part in PARTS[1:]
    for first in [next(name for name, entry in SCENES.items() if entry.part == part)]
    for cut in (
        *((name, part.card) for name, after in pairwise(SCENES) if after == first),
        (part.card, first),
    )
]


@cache
def ends(name: str, trace: Path, aspect: str) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
    """A scene's first picture and its last one, the stage of each."""
    settings = Settings(trace, captions=False, aspect=aspect)
    width, height = SIZES[aspect]
    with tempconfig({"pixel_width": width, "pixel_height": height, "frame_rate": 10, **QUIET}):
        config.frame_width, config.frame_height = ASPECTS[aspect]
        played = rehearse(load(name), settings)
        played.camera.reset()
        played.camera.capture_mobjects(played.mobjects)
        renderer = Stills([0.0], [0])
        load(name)(settings, renderer=renderer).render()
        stage, fine = Layout.of_frame().stage, height / config.frame_height
        top, bottom = (round(config.pixel_height / 2 - fine * y) for y in (stage.top, stage.bottom))
    first, last = (between(frame, top, bottom) for frame in (renderer.taken[0], played.camera.pixel_array))
    return first, last


def between(frame: Frame, top: int, bottom: int) -> NDArray[np.int16]:
    return frame[top:bottom, :, :3].astype(np.int16)


def kept(before: NDArray[np.int16], after: NDArray[np.int16]) -> tuple[float, float]:
    """How much of a picture is drawn on, and the share of that which was there before as well."""
    drawn = (np.abs(after - after[-1, 0]) > LIT).any(axis=-1)
    same = np.abs(after - before).max(axis=-1) <= SAME
    return float(drawn.mean()), float(same[drawn].mean()) if drawn.any() else 0.0


@pytest.mark.parametrize(("aspect", "prompt"), [("16:9", None), ("9:16", "The old king")])
@pytest.mark.parametrize("cut", [*pairwise(SCENES), *CARD_CUTS], ids="-".join)
def test_a_scene_begins_with_what_the_one_before_it_ended_on(
    cut: tuple[str, str], aspect: str, prompt: str | None, storyteller_trace: Path, traces: Traces
) -> None:
    trace = storyteller_trace if prompt is None else traces[prompt]
    drawn, same = kept(ends(cut[0], trace, aspect)[1], ends(cut[1], trace, aspect)[0])
    assert drawn >= LEAST
    assert same >= MOST


def test_a_row_a_few_pixels_aside_is_seen(storyteller_trace: Path) -> None:
    last = ends("next_token", storyteller_trace, "16:9")[1]
    row = last.copy()
    row[100:] = row[-1, 0]
    assert kept(last, row)[1] == 1
    assert kept(last, np.roll(row, 3, axis=1))[1] < MOST
