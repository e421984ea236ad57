"""A picture from the middle of every beat of a scene, without rendering the film: to look at what one makes.

    python -m scenes.render.stills heads --trace out/trace.safetensors --out stills

A first pass plays the scene without drawing, to learn when its beats are; a second draws those few frames
only.
"""

from __future__ import annotations

from scenes.render import plain_manim  # noqa: F401 before anything that imports Manim

# isort: split
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from manim import config, tempconfig
from manim.renderer.cairo_renderer import CairoRenderer
from manim.utils.exceptions import EndSceneEarlyException
from PIL import Image

from model_probe.command import carried_out
from scenes import SCENES, load
from scenes.lecture_scene import Beat, LectureScene
from scenes.mobjects.raster import StudioCamera
from scenes.render.quality import ASPECTS, QUALITIES, pixels
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings

Frame = npt.NDArray[np.uint8]


class _Stills(CairoRenderer):
    """Draws only the first frame at or after each wanted time, and ends the scene after the last of them."""

    def __init__(self, wanted: list[float]) -> None:
        super().__init__(camera_class=StudioCamera)
        self.time: float = 0.0
        self.wanted = list(wanted)
        self.taken: list[Frame] = []

    def render(self, scene: LectureScene, time: float, moving_mobjects: Any = None) -> None:
        if self.wanted and self.time >= self.wanted[0]:
            self.update_frame(scene, moving_mobjects)
            self._take(self.get_frame())
        self.time += 1 / self.camera.frame_rate

    def freeze_current_frame(self, duration: float) -> None:
        end = self.time + int(duration * self.camera.frame_rate) / self.camera.frame_rate
        while self.wanted and self.wanted[0] < end:
            self._take(self.get_frame())
        self.time = end

    def _take(self, frame: Frame) -> None:
        self.wanted.pop(0)
        self.taken.append(frame)
        if not self.wanted:
            raise EndSceneEarlyException


def stills(
    scene_class: type[LectureScene],
    settings: Settings,
    size: tuple[int, int] | None = None,
    frame_rate: int = 10,
    only: str | None = None,
) -> Iterator[tuple[Beat, Frame]]:
    """Yield each beat, or `only` the one of that name, with its middle frame, (height, width, 4) uint8."""
    width, height = size or pixels(QUALITIES["h"], settings.aspect)
    quiet = {"disable_caching": True, "progress_bar": "none", "verbosity": "ERROR", "dry_run": True}
    with tempconfig({"pixel_width": width, "pixel_height": height, "frame_rate": frame_rate, **quiet}):
        config.frame_width, config.frame_height = ASPECTS[settings.aspect]
        beats = [beat for beat in rehearse(scene_class, settings).beats if only in (None, beat.name)]
        renderer = _Stills([(beat.start + beat.end) / 2 for beat in beats])
        scene_class(settings, renderer=renderer).render()
        yield from zip(beats, renderer.taken, strict=True)


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.argument("scene", type=click.Choice(list(SCENES)))
@click.option(
    "--trace", type=click.Path(path_type=Path), default=Path("out/trace.safetensors"), show_default=True
)
@click.option("--lang", default="en", show_default=True)
@click.option("--aspect", type=click.Choice(list(ASPECTS)), default="16:9", show_default=True)
@click.option("--layer", type=int)
@click.option("--head", type=int)
@click.option("--out", type=click.Path(path_type=Path), default=Path("stills"), show_default=True)
def command(
    scene: str, trace: Path, lang: str, aspect: str, layer: int | None, head: int | None, out: Path
) -> None:
    """Write OUT/SCENE-NN-BEAT.png for every beat."""
    settings = Settings(trace, lang, layer, head, aspect=aspect)
    for number, (beat, frame) in enumerate(stills(load(scene), settings), 1):
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{scene}-{number:02d}-{beat.name}.png"
        Image.fromarray(frame[..., :3]).save(path)
        click.echo(f"{path}  {beat.start:5.1f}–{beat.end:.1f} s  {beat.narration}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    return carried_out(command, arguments, "python -m scenes.render.stills")


if __name__ == "__main__":
    sys.exit(main())
