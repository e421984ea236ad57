"""What is wrong with a picture: cut off, in the caption's way, too small, one on top of the other."""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np

from scenes import load
from scenes.lecture_scene import LectureScene
from scenes.mobjects.lettering import Lettering
from scenes.mobjects.number_matrix import NumberMatrix
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.played import shaped, visible, watched

SMALLEST = 18 / 1080 * 8  # 18 px at 1080p, in frame units
TOUCHING = 0.03  # frame units, 4 px at 1080p, that the boxes of two words' ink may share in both directions
Box = tuple[float, float, float, float]
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
    written = [each for each in dict.fromkeys(seen) if isinstance(each, (Lettering, NumberMatrix))]
    turns = [turn(each) for each in written]
    boxes = {angle: [box(each, angle) for each in written] for angle in set(turns)}
    for one, other in combinations(range(len(written)), 2):
        # Two boxes that are turned are apart where a side of either is between them.
        depths = [shared(boxes[turns[each]][one], boxes[turns[each]][other]) for each in (one, other)]
        if min(map(min, depths)) > TOUCHING:
            place = written[one].get_center().round(1)[:2]
            yield f"{named(written[one])} and {named(written[other])} overlap by {min(depths)} near {place}"


def shared(one: Box, other: Box) -> tuple[float, float]:
    """How wide and how high is what two boxes have in common; below 0 where they are apart."""
    (left, right, bottom, top), (left_, right_, bottom_, top_) = one, other
    return min(right, right_) - max(left, left_), min(top, top_) - max(bottom, bottom_)


def turn(mobject: Any) -> float:
    """By how much a line of text is turned, in radians."""
    if not isinstance(mobject, Lettering):
        return 0.0
    across, up = (mobject.points[4] - mobject.points[0])[:2]  # the line box, from corner to corner
    level = Lettering(mobject.string, mobject.size, mono=mobject.mono)
    return round(float(np.arctan2(up, across) - np.arctan2(level.height, level.width)), 2)


def box(mobject: Any, angle: float) -> Box:
    """Left, right, bottom and top of what is drawn, after a turn back by `angle`; a line box is not drawn."""
    points = mobject.points[LINE_BOX * isinstance(mobject, Lettering) :, :2]
    if not len(points):
        points = mobject.points[:, :2]
    if angle:
        cosine, sine = np.cos(angle), np.sin(angle)
        points = points @ np.array([[cosine, -sine], [sine, cosine]])
    (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
    return float(left), float(right), float(bottom), float(top)


def named(mobject: Any) -> str:
    """What a mobject is called in a message."""
    return f"{type(mobject).__name__} {getattr(mobject, 'string', '')!r}"
