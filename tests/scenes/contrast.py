"""The contrast of all that is seen, in this process' theme: `python -m tests.scenes.contrast TRACE SCENE…`.

Prints, as JSON, the ratio of each text and of each shape to what lies beneath it, at the end of every beat of
these scenes: the relative luminances of WCAG 2.2. What is dimmed stands for what is inactive, and does not
count; nor do heatmaps, where a faint cell is a small value.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from manim import DOWN, LEFT, ORIGIN, RIGHT, UP, VMobject

from scenes import load
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import DARKEST, AttentionGrid, Look, weight_colour
from scenes.mobjects.lettering import Lettering
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.played import watched

SPECK = 0.005  # frame units, less than a pixel at 1080p: a share of nothing


def luminance(colour: Any) -> float:
    """Of an sRGB colour, three numbers in 0…1."""
    channels = np.asarray(colour, dtype=float)[:3]
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def ratio(one: Any, other: Any) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def beneath(scene: LectureScene, seen: VMobject, place: Any = None) -> Any:
    """The colour behind something's middle, or a place: the ground and the filled shapes drawn before it."""
    colour = np.array(palette.rgb(palette.GROUND))
    x, y, _ = seen.get_center() if place is None else place
    for mobject in (each for top in scene.mobjects for each in top.get_family()):
        if mobject is seen:
            break
        if isinstance(mobject, Lettering) or not isinstance(mobject, VMobject) or not len(mobject.points):
            continue
        if inside(mobject, x, y):
            opacity = float(mobject.get_fill_opacity())
            colour = colour * (1 - opacity) + np.array(mobject.get_fill_color().to_rgb()) * opacity
    return colour


def inside(mobject: VMobject, x: float, y: float) -> bool:
    """Whether a place lies in a shape, or on its edge: in any of its outlines."""
    low, high = mobject.points.min(axis=0), mobject.points.max(axis=0)
    if not (low[0] <= x <= high[0] and low[1] <= y <= high[1]):
        return False
    outlines = (np.asarray(path, dtype=np.float32)[:, None, :2] for path in mobject.get_subpaths())
    return any(cv2.pointPolygonTest(path, (float(x), float(y)), False) >= 0 for path in outlines if len(path))


def cells(scene: LectureScene) -> Iterator[tuple[Look, Any]]:
    """The cells that are wholly there, with their ground; a scene shows a grid's image, not the grid.

    The scene has the grid by itself, or a piece of it has.
    """
    drawn = {id(each) for top in scene.mobjects for each in top.get_family()}
    held = [
        each for holder in (scene, *vars(scene).values()) for each in getattr(holder, "__dict__", {}).values()
    ]
    for grid in {id(each): each for each in held if isinstance(each, AttentionGrid)}.values():
        if id(grid.cells) in drawn and grid.cells.opacity == 1:
            for look in grid.looks.values():
                if look.seen == 1:
                    yield look, palette.dim(palette.ATTENTION_RAMP[round(255 * look.glow)], DARKEST) / 255


def texts(scene: LectureScene) -> Iterator[tuple[str, float]]:
    for mobject in (each for top in scene.mobjects for each in top.get_family()):
        if isinstance(mobject, Lettering) and len(mobject.points) and mobject.get_fill_opacity() > 0.95:
            yield mobject.string, ratio(mobject.get_fill_color().to_rgb(), beneath(scene, mobject))
    for look, ground in cells(scene):
        if look.words and look.ink:
            ink = palette.dim(palette.pixel(palette.INK), look.ink) / 255
            yield f"the cell {look.words}", ratio(ink, ground)


def shapes(scene: LectureScene) -> Iterator[tuple[str, float]]:
    """A shape is known by its outline or inside, in its middle or at an end: whichever stands out most."""
    for look, ground in cells(scene):
        if look.dot:
            yield f"the dot of {look.dot:.3f}", ratio(palette.rgb(weight_colour(look.dot)), ground)
    known: set[bytes] = set()
    for mobject in (each for top in scene.mobjects for each in top.get_family()):
        if isinstance(mobject, Lettering) or not isinstance(mobject, VMobject) or not len(mobject.points):
            continue
        if mobject.points.round(3).tobytes() in known:  # it lies on its like: two marks in one place
            continue
        known.add(mobject.points.round(3).tobytes())
        if max(mobject.width, mobject.height) < SPECK:
            continue
        colours = []
        if mobject.get_fill_opacity() > 0.95 and min(mobject.width, mobject.height) > 0:
            colours.append(mobject.get_fill_color())
        if mobject.get_stroke_opacity() > 0.95 and mobject.get_stroke_width() > 0:
            colours.append(mobject.get_stroke_color())
        if colours:
            places = [mobject.get_critical_point(side) for side in (ORIGIN, UP, DOWN, LEFT, RIGHT)]
            grounds = [beneath(scene, mobject, place) for place in places]
            best = max(ratio(colour.to_rgb(), ground) for colour in colours for ground in grounds)
            x, y, _ = mobject.get_center()
            yield (
                f"{type(mobject).__name__} {'/'.join(c.to_hex() for c in colours)} at {x:.1f}, {y:.1f}",
                best,
            )


def main() -> None:
    read: list[tuple[str, str, str, float]] = []
    drawn: list[tuple[str, str, str, float]] = []
    trace, *names = sys.argv[1:]
    for name in names:

        def look(scene: LectureScene, name: str = name) -> None:
            beat = scene.beats[-1].name
            read.extend((name, beat, *one) for one in texts(scene))
            drawn.extend((name, beat, *one) for one in shapes(scene))

        rehearse(watched(load(name), look), Settings(Path(trace)))
    print(json.dumps({"theme": palette.NAME, "text": read, "graphics": drawn}))


if __name__ == "__main__":
    main()
