"""A picture from the middle of every beat of a scene, without rendering the film: to look at what one makes.

python -m scenes.render.stills heads --trace out/trace.safetensors --out stills
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from model_probe.command import carried_out
from scenes import SCENES
from scenes.render.options import drawing_options


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.argument("scene", type=click.Choice(list(SCENES)))
@click.option(
    "--trace", type=click.Path(path_type=Path), default=Path("out/trace.safetensors"), show_default=True
)
@drawing_options(theme_from="LECTURE_THEME")
@click.option("--out", type=click.Path(path_type=Path), default=Path("stills"), show_default=True)
def command(
    scene: str,
    trace: Path,
    layer: int | None,
    head: int | None,
    lang: str,
    aspect: str,
    theme: str,
    out: Path,
) -> None:
    """Write OUT/SCENE-NN-BEAT.png for every beat."""
    os.environ["LECTURE_THEME"] = theme  # before the colours are imported
    from scenes.render.beat_stills import stills  # isort: skip  it has Manim as its makers ship it
    from PIL import Image

    from scenes import load
    from scenes.settings import Settings
    from scenes.whole_file import whole_file

    settings = Settings(trace, lang, layer, head, theme=theme, aspect=aspect)
    for number, (beat, frame) in enumerate(stills(load(scene), settings), 1):
        out.mkdir(parents=True, exist_ok=True)
        path = out / f"{scene}-{number:02d}-{beat.name}.png"
        with whole_file(path) as part:
            Image.fromarray(frame[..., :3]).save(part, format="PNG")
        click.echo(f"{path}  {beat.start:5.1f}–{beat.end:.1f} s  {beat.narration}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    return carried_out(command, arguments, "python -m scenes.render.stills")


if __name__ == "__main__":
    sys.exit(main())
