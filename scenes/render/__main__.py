"""The command line of `./render.sh`: prompt → trace → clips → lecture."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click
from click.core import ParameterSource

from model_probe import prompts
from model_probe.cache import about_cache
from model_probe.command import carried_out
from model_probe.options import recording_options
from scenes import PARTS, SCENES
from scenes.render.options import drawing_options
from scenes.render.quality import QUALITIES

# what a run of the model is asked, which a saved trace has behind it
MODEL_OPTIONS = (
    *("model", "device", "chat", "beside", "budget", "seed", "steps", "method"),
    *("temperature", "top_k", "top_p", "beams"),
)
FORMATS = ("mp4", "webm", "gif", "png")


class SceneName(click.ParamType[str]):
    """A scene's short name."""

    name = "scene"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name, if there is such a scene."""
        if value not in SCENES:
            self.fail(f"there is no scene {value!r}; there are {', '.join(SCENES)}", param, ctx)
        return value


class Formats(click.ParamType[tuple[str, ...]]):
    """A list of formats, such as `mp4,gif`."""

    name = "formats"

    def convert(
        self, value: str | tuple[str, ...], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The formats, each once."""
        asked = value if isinstance(value, tuple) else tuple(part.strip() for part in value.split(","))
        for name in asked:
            if name not in FORMATS:
                self.fail(f"there is no format {name!r}; there are {', '.join(FORMATS)}", param, ctx)
        return tuple(dict.fromkeys(asked))


@click.command(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=about_cache()
)
@click.argument("scenes", nargs=-1, type=SceneName(), metavar="[SCENE]...")
@click.option(
    "--part",
    "parts",
    type=click.IntRange(1, len(PARTS)),
    multiple=True,
    help="The scenes of one part of the lecture; may be given again, and beside SCENEs.",
)
@click.option("--list", "list_scenes", is_flag=True, help="List the scenes and stop.")
@click.option("--prompt", help="What the model reads.  [default: a sentence that suits the model]")
@click.option("--trace", "trace_file", type=click.Path(path_type=Path), help="Draw this trace; run no model.")
@recording_options
@drawing_options()
@click.option("--voice", help="Who speaks: auto, ENGINE or ENGINE:VOICE, see README.  [default: nobody]")
@click.option(
    "--quality",
    type=click.Choice(list(QUALITIES)),
    default="m",
    show_default=True,
    help="l 480p15, m 720p30, h 1080p60, k 2160p60.",
)
@click.option(
    "--format",
    "formats",
    type=Formats(),
    default="mp4",
    show_default=True,
    help="A list of mp4, webm, gif, png; mp4 and the poster, a png, are always made.",
)
@click.option(
    "--transparent", is_flag=True, help="No ground: webm and png have alpha; mp4 and gif cannot have it."
)
@click.option(
    "--no-captions",
    is_flag=True,
    help="No narration in the picture: viewers choose a language, and the beats leave time to read each.",
)
@click.option(
    "--workers",
    "--jobs",
    "workers",
    type=click.IntRange(min=1),
    help="Processes that draw at a time; a long scene is drawn by several.  [default: one a core]",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Have a Dask cluster draw: tcp://HOST:8786; README says how one is started.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Where everything goes.",
)
@click.option("--setup", is_flag=True, help="Install what is needed and stop.")
def command(
    scenes: tuple[str, ...],
    parts: tuple[int, ...],
    list_scenes: bool,
    prompt: str | None,
    prompt_file: Path | None,
    chat: bool,
    beside: str | None,
    trace_file: Path | None,
    model: str | None,
    device: str,
    budget: int,
    seed: int,
    steps: int,
    method: Literal["sample", "greedy", "beam"],
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    beams: int,
    layer: int | None,
    head: int | None,
    lang: str,
    voice: str | None,
    quality: str,
    formats: tuple[str, ...],
    transparent: bool,
    aspect: str,
    theme: str,
    no_captions: bool,
    workers: int | None,
    scheduler: str | None,
    out: Path,
    setup: bool,
) -> int:
    """Render SCENEs, or the whole lecture, for a prompt: every number on screen is the model's own.

    \b
    ./render.sh                                       the whole lecture, default prompt, GPT-2
    ./render.sh next_token heads                      two scenes
    ./render.sh --part 2                              the second part: attention
    ./render.sh --prompt "The old king loved his"     any scene for any prompt
    ./render.sh heads --model openai-community/gpt2-medium --quality h
    ./render.sh --chat --prompt "Who was Plato?" --model HuggingFaceTB/SmolLM2-135M-Instruct
    ./render.sh mask --layer 5 --head 1               one particular head
    ./render.sh --lang ja --out out-ja                the Japanese edition
    ./render.sh heads --transparent --no-captions     for slides: a WebM with a clear ground
    ./render.sh tokens --format mp4,gif               for chats: a GIF as well
    ./render.sh --trace out/trace.safetensors mask    draw a saved trace, no model needed

    Clips that are up to date are not rendered again; a run that was stopped goes on where it was.
    """  # noqa: D301 \b keeps click from filling the lines
    if setup:
        return 0  # render.sh has set everything up before it came here
    if list_scenes:
        part = None
        for name, entry in SCENES.items():
            if entry.part != part:
                part = entry.part
                click.echo(f"Part {part.roman}: {part.title}")
            click.echo(f"{name:<16} {entry.number:>2}  {entry.title}")
        return 0
    if sum(given is not None for given in (prompt, prompt_file, trace_file)) > 1:
        raise click.UsageError("--prompt, --prompt-file and --trace exclude each other")
    if scheduler is not None and workers is not None:
        raise click.UsageError("--scheduler and --workers exclude each other: a cluster has its own")
    context = click.get_current_context()
    given = [
        f"--{name.replace('_', '-')}"
        for name in MODEL_OPTIONS
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT
    ]
    if trace_file is not None and given:
        raise click.UsageError(f"--trace runs no model: {', '.join(given)} has nothing to do")
    os.environ["LECTURE_THEME"] = theme  # a wrong one from outside would stop the run at its very end
    from model_probe.generation import Method
    from scenes.render.order import Order
    from scenes.render.probe import Request
    from scenes.render.run import run

    request = None
    if trace_file is None:
        if prompt_file is not None:
            prompt = prompts.read(prompt_file)
        elif prompt is not None:
            prompt = prompts.typed(prompt)
        if prompt is not None:
            prompts.check(prompt)
        chosen = Method(method, temperature, top_k, top_p, beams)
        request = Request(prompt, chat, beside, model, device, seed, steps, chosen)
    return run(
        Order(
            scenes=[
                name
                for name, entry in SCENES.items()
                if not (scenes or parts) or name in scenes or entry.part.number in parts
            ],
            request=request,
            budget=budget,
            trace_file=trace_file,
            layer=layer,
            head=head,
            language=lang,
            voice=voice,
            quality=quality,
            formats=("webm", *formats) if transparent else formats,
            captions=not no_captions,
            clear=transparent,
            theme=theme,
            aspect=aspect,
            workers=workers or os.cpu_count() or 1,
            scheduler=scheduler,
            out=out,
        )
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns its exit code: 0, 1 where a scene failed, 2 for bad input, 130 after Ctrl-C.
    """
    return carried_out(command, arguments, "./render.sh", "stopped; the same command goes on from here")


if __name__ == "__main__":
    sys.exit(main())
