"""The contrast of all that is read, in this process' theme: `python -m tests.scenes.contrast TRACE`.

Prints, as JSON, each text's ratio to what lies beneath it, at the end of every beat of every scene: the
relative luminances of WCAG 2.2. Text that is dimmed stands for what is inactive, and does not count.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from manim import VMobject

from scenes import SCENES, load
from scenes.lecture_scene import LectureScene
from scenes.mobjects import palette
from scenes.mobjects.attention_grid import DARKEST, AttentionGrid
from scenes.mobjects.lettering import Lettering
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings


def luminance(colour: Any) -> float:
    """Of an sRGB colour, three numbers in 0…1."""
    channels = np.asarray(colour, dtype=float)[:3]
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def ratio(one: Any, other: Any) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def beneath(scene: LectureScene, words: Lettering) -> Any:
    """The colour behind the middle of some words: the ground, with every filled shape drawn before them."""
    colour = np.array(palette.rgb(palette.GROUND))
    x, y, _ = words.get_center()
    for mobject in (each for top in scene.mobjects for each in top.get_family()):
        if mobject is words:
            break
        if isinstance(mobject, Lettering) or not isinstance(mobject, VMobject) or not len(mobject.points):
            continue
        low, high = mobject.points.min(axis=0), mobject.points.max(axis=0)
        if low[0] <= x <= high[0] and low[1] <= y <= high[1]:
            opacity = float(mobject.get_fill_opacity())
            colour = colour * (1 - opacity) + np.array(mobject.get_fill_color().to_rgb()) * opacity
    return colour


def measured(scene: LectureScene) -> Iterator[tuple[str, float]]:
    for mobject in (each for top in scene.mobjects for each in top.get_family()):
        if isinstance(mobject, Lettering) and len(mobject.points) and mobject.get_fill_opacity() > 0.95:
            yield mobject.string, ratio(mobject.get_fill_color().to_rgb(), beneath(scene, mobject))
        if isinstance(mobject, AttentionGrid):
            for look in mobject.looks.values():
                if look.words and look.seen == 1 and look.ink >= 0.5 and not look.dot:
                    ground = palette.dim(palette.ATTENTION_RAMP[round(255 * look.glow)], DARKEST) / 255
                    ink = palette.dim(255 * np.array(palette.rgb(palette.INK)), look.ink) / 255
                    yield f"the cell {look.words}", ratio(ink, ground)


def main() -> None:
    found: list[tuple[str, str, str, float]] = []
    plain = LectureScene.beat

    @contextmanager
    def beat(scene: LectureScene, name: str, narration: str) -> Iterator[None]:
        with plain(scene, name, narration):
            yield
        found.extend((type(scene).__name__, name, *one) for one in measured(scene))

    LectureScene.beat = beat  # type: ignore[method-assign, assignment]
    for name in SCENES:
        rehearse(load(name), Settings(Path(sys.argv[1])))
    graphics = {
        name: ratio(palette.rgb(colour), palette.rgb(palette.GROUND))
        for name, colour in {
            "rest": palette.REST,
            "query": palette.QUERY,
            "key": palette.KEY,
            "value": palette.VALUE,
            "gelu": palette.GELU,
            "above zero": palette.ABOVE_ZERO,
            "below zero": palette.BELOW_ZERO,
            **{f"bar {index}": palette.bar_colour(index, 8) for index in range(8)},
            **{f"token {index}": palette.token_colour(index) for index in range(8)},
            "strongest weight": palette.hexadecimal(tuple(palette.ATTENTION_RAMP[-1] / 255)),
        }.items()
    }
    print(json.dumps({"theme": palette.NAME, "text": found, "graphics": graphics}))


if __name__ == "__main__":
    main()
