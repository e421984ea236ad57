"""Each scene begins with a mark of the whole model, which says where in it the scene is, and goes again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_probe.trace import Trace
from scenes import SCENES, Place
from scenes.layout import Box
from scenes.lecture_scene import MARK_SECONDS
from scenes.mobjects.stack_mark import StackMark
from tests.scenes.conftest import Play
from tests.scenes.faults import ink


@dataclass(frozen=True)
class Seen:
    """The mark at one frame: its box and opacity, and whether it keeps off title, credit and stage."""

    there: bool
    apart: bool
    light: float
    layer: int | None
    layers: int
    place: str


def look(scene: Any) -> Seen:
    mark: StackMark | None = scene._mark
    if mark is None:
        return Seen(False, True, 0.0, None, 0, "")
    low, high = corners(mark)
    apart = low[1] >= scene.layout.stage.top and high[1] <= scene.layout.frame.top
    apart &= bool(low[0] >= scene.layout.header.left - 0.01 and high[0] <= scene.layout.header.right + 0.01)
    for words in (scene._title, scene._credit):
        (left, bottom), (right, top) = corners(words)
        apart &= bool(low[0] > right or high[0] < left or low[1] > top or high[1] < bottom)
    light = max(part.get_fill_opacity() for part in mark.lit)
    return Seen(light > 0, apart, light, mark.layer, mark.layers, mark.place.value)


def corners(mobject: Any) -> tuple[Any, Any]:
    points = ink(mobject) if len(ink(mobject)) else np.zeros((1, 2))
    return points.min(axis=0), points.max(axis=0)


@pytest.mark.parametrize(
    ("name", "aspect", "language"),
    [("mask", "16:9", "en"), ("heads", "9:16", "ja"), ("unembedding", "1:1", "en")],
)
def test_it_comes_lights_its_place_and_is_gone_by_half_of_the_first_beat(
    name: str, aspect: str, language: str, storyteller_trace: Path, play: Play
) -> None:
    played = play(name, storyteller_trace, watch=look, aspect=aspect, language=language)
    facts = Trace.open(storyteller_trace).facts
    shown = [frame for frame in played.frames if frame.seen.there]
    first = played.beats[0].beat
    assert shown[0].time > 0
    assert shown[-1].time <= min(MARK_SECONDS, (first.start + first.end) / 2)
    assert all(frame.seen.apart for frame in shown)
    assert max(frame.seen.light for frame in shown) == 1
    assert {frame.seen.place for frame in shown} == {SCENES[name].place.value}
    assert {frame.seen.layers for frame in shown} == {facts.n_layer}
    layer = int(played.shown[0]) if name == "mask" else None
    if name != "heads":
        assert {frame.seen.layer for frame in shown} == {layer}
    assert played.scene._mark is None
    assert not any(isinstance(each, StackMark) for each in played.beats[0].mobjects)


def test_every_place_is_some_scenes() -> None:
    assert {entry.place for entry in SCENES.values()} >= set(Place) - {Place.MLP}


def test_as_many_seams_as_the_model_has_and_one_is_lit_alone() -> None:
    room = Box(0.0, 6.0, 0.0, 0.3)
    every = StackMark(Place.ATTENTION, 12, None, room)
    assert [len(part.get_subpaths()) for part in every.lit] == [12]
    alone = StackMark(Place.MLP, 12, 4, room)
    assert [len(part.get_subpaths()) for part in alone.lit] == [1]
    assert sorted(len(part.get_subpaths()) for part in alone.unlit)[-2:] == [11, 12]
    whole = StackMark(Place.WHOLE, 48, None, room)
    assert len(whole.unlit) == 0
    assert not StackMark.fits(Box(0.0, 1.0, 0.0, 0.3))
