"""What is wrong with a picture: cut off, in the caption's way, too small, one on top of the other."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
from manim import Mobject

from scenes import load
from scenes.lecture_scene import LectureScene
from scenes.mobjects.lettering import Lettering
from scenes.mobjects.number_matrix import NumberMatrix
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.played import shaped, visible, watched

SMALLEST = 18 / 1080 * 8  # 18 px at 1080p, in frame units
TOUCHING = 0.03  # frame units, 4 px at 1080p, that the boxes of two words' ink may share in both directions
LINE_BOX = 8  # points; what follows them in a lettering is its ink


def inspected(name: str, settings: Settings) -> tuple[LectureScene, list[str]]:
    """A scene at its end, and what was wrong with its picture at the end of each beat, in words."""
    faults: list[str] = []

    def look(scene: LectureScene) -> None:
        faults.extend(f"{scene.beats[-1].name}: {fault}" for fault in faults_of(scene))

    with shaped(settings.aspect):
        return rehearse(watched(load(name), look), settings), list(dict.fromkeys(faults))


def faults_of(scene: LectureScene) -> Iterator[str]:
    """All that is wrong with what the scene shows now."""
    frame = scene.layout.frame
    smallest = SMALLEST * min(frame.width, frame.height) / 8  # 18 px where the shorter side has 1,080
    told = set(map(id, scene._caption.get_family()))
    shown = [each for top in scene.mobjects for each in top.get_family()]
    seen = [each for each in shown if len(each.points) and visible(each)]
    for mobject in seen:
        low, high = mobject.points.min(axis=0), mobject.points.max(axis=0)
        what = named(mobject)
        if low[0] < frame.left or high[0] > frame.right or low[1] < frame.bottom or high[1] > frame.top:
            yield f"{what} leaves the frame: {low.round(2)} to {high.round(2)}"
        if id(mobject) not in told and low[1] < scene.layout.caption.top:
            yield f"{what} reaches into the caption: {low.round(2)} to {high.round(2)}"
        if isinstance(mobject, Lettering) and mobject.em < smallest - 1e-6:
            yield f"{what} is {mobject.em / smallest * 18:.1f} px at 1080p"
    yield from overlaps(seen)


def overlaps(seen: list[Any]) -> Iterator[str]:
    """Words and numbers that stand on one another: the boxes of their ink share more than a touch."""
    written = [
        (each, *ink(each)) for each in dict.fromkeys(seen) if isinstance(each, (Lettering, NumberMatrix))
    ]
    lows, highs = (np.array([each[side] for each in written]).reshape(-1, 3)[:, :2] for side in (1, 2))
    for one, other in combinations(range(len(written)), 2):
        shared = np.minimum(highs[one], highs[other]) - np.maximum(lows[one], lows[other])
        if (shared > TOUCHING).all():
            pair = " and ".join(named(written[each][0]) for each in (one, other))
            yield f"{pair} overlap: {shared.round(2)} near {np.maximum(lows[one], lows[other]).round(2)}"


def ink(mobject: Mobject) -> tuple[Any, Any]:
    """The least and the greatest corner of what is drawn; a line box is not."""
    points = mobject.points
    if isinstance(mobject, Lettering) and len(points) > LINE_BOX:
        points = points[LINE_BOX:]
    return points.min(axis=0), points.max(axis=0)


def named(mobject: Mobject) -> str:
    """What a mobject is called in a message."""
    return f"{type(mobject).__name__} {getattr(mobject, 'string', '')!r}"
