"""What is wrong with a picture: cut off, in the caption's way, too small, one on top of the other."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenes import load
from scenes.lecture_scene import LectureScene
from scenes.mobjects.lettering import ASCENT, DESCENT, Formula, Lettering
from scenes.mobjects.number_matrix import NumberMatrix
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.played import shaped, visible, watched

SMALLEST = 18 / 1080 * 8  # 18 px at 1080p, in frame units
TOUCHING = 0.03  # frame units, 4 px at 1080p, that the boxes of two words' ink may share in both directions
Points = NDArray[np.float64]
WRITTEN = (Lettering, Formula, NumberMatrix)
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
    yield from overlaps(shown)


def overlaps(shown: list[Any]) -> Iterator[str]:
    """Words, formulas and numbers on one another: the boxes of their ink share more than a touch."""
    written = [each for each in dict.fromkeys(shown) if isinstance(each, WRITTEN) and len(ink(each))]
    turns = np.array([turn(each) for each in written])
    depths = np.full((len(written), len(written)), np.inf)
    for angle in set(turns.tolist()):
        # Two boxes that are turned are apart where a side of either is between them.
        sides = np.array([box(ink(each), angle) for each in written])
        shared = np.minimum(sides[:, None, 1], sides[None, :, 1]) - np.maximum(
            sides[:, None, 0], sides[None, :, 0]
        )
        asked = (turns[:, None] == angle) | (turns[None, :] == angle)
        depths[asked] = np.minimum(depths, shared.min(axis=-1))[asked]
    for one, other in zip(*np.nonzero(np.triu(depths, 1) > TOUCHING), strict=True):
        place = written[one].get_center().round(1)[:2]
        depth = depths[one, other]
        yield f"{named(written[one])} and {named(written[other])} overlap by {depth:.2f} near {place}"


def turn(mobject: Any) -> float:
    """By how much a line of text is turned, in radians."""
    if not isinstance(mobject, Lettering):
        return 0.0
    across, up = (mobject.points[4] - mobject.points[0])[:2]  # the line box, from corner to corner
    return round(float(np.arctan2(up, across) - np.arctan2(ASCENT + DESCENT, mobject._advance)), 2)


def ink(mobject: Any) -> Points:
    """The outline of what is drawn, (n, 2); a line box is not."""
    parts = [each for each in mobject.get_family() if len(each.points) and visible(each)]
    drawn = [each.points[LINE_BOX * isinstance(each, Lettering) :, :2] for each in parts]
    return np.concatenate([np.zeros((0, 2)), *drawn])


def box(points: Points, angle: float) -> Points:
    """The least and the greatest corner, (2, 2), after a turn back by `angle`."""
    cosine, sine = np.cos(angle), np.sin(angle)
    turned = points @ np.array([[cosine, -sine], [sine, cosine]])
    return np.stack([turned.min(axis=0), turned.max(axis=0)])


def named(mobject: Any) -> str:
    """What a mobject is called in a message."""
    return f"{type(mobject).__name__} {getattr(mobject, 'string', '')!r}"
