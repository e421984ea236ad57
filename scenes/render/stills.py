"""A picture from the middle of every beat of a scene, without rendering the film: to look at what one makes.

python -m scenes.render.stills heads --trace out/trace.safetensors --out stills
python -m scenes.render.stills heads --trace short.safetensors --trace long.safetensors
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from model_probe.command import carried_out
from model_probe.errors import MissingTensor, UserError
from scenes import SCENES
from scenes.render.options import drawing_options


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.argument("scene", type=click.Choice(list(SCENES)))
@click.option(
    "--trace",
    "traces",
    type=click.Path(path_type=Path),
    multiple=True,
    default=[Path("out/trace.safetensors")],
    show_default=True,
    help="A trace to draw; given again, each has a folder of its name within --out.",
)
@drawing_options(theme_from="LECTURE_THEME")
@click.option("--out", type=click.Path(path_type=Path), default=Path("stills"), show_default=True)
def command(
    scene: str,
    traces: tuple[Path, ...],
    layer: int | None,
    head: int | None,
    lang: str,
    aspect: str,
    theme: str,
    out: Path,
) -> None:
    """Write OUT/SCENE-NN-BEAT.png for every beat; of several traces OUT/TRACE/SCENE-NN-BEAT.png.

    A trace that the scene is not for is said, and the others are drawn.
    """
    os.environ["LECTURE_THEME"] = theme  # before the colours are imported
    from scenes.render.beat_stills import stills  # isort: skip  it has Manim as its makers ship it
    from PIL import Image

    from scenes import load
    from scenes.settings import Settings
    from scenes.whole_file import whole_file

    failed: list[MissingTensor] = []
    for folder, trace in zip(folders(traces, out), traces, strict=True):
        settings = Settings(trace, lang, layer, head, theme=theme, aspect=aspect)
        try:
            for number, (beat, frame) in enumerate(stills(load(scene), settings), 1):
                folder.mkdir(parents=True, exist_ok=True)
                path = folder / f"{scene}-{number:02d}-{beat.name}.png"
                with whole_file(path) as part:
                    Image.fromarray(frame[..., :3]).save(part, format="PNG")
                click.echo(f"{path}  {beat.start:5.1f}–{beat.end:.1f} s  {beat.narration}")
        except MissingTensor as error:
            failed.append(error)
    if failed:
        raise UserError("; ".join(map(str, failed))) from failed[0]


def folders(traces: Sequence[Path], out: Path) -> list[Path]:
    """Where the pictures of each trace go.

    Raises:
        UserError: two traces have the same name.
    """
    if len(traces) == 1:
        return [out]
    names = [trace.stem for trace in traces]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"two traces are named {twice}: their pictures would go into one folder")
    return [out / name for name in names]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    return carried_out(command, arguments, "python -m scenes.render.stills")


if __name__ == "__main__":
    sys.exit(main())
