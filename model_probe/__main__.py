"""The command line: `python -m model_probe PROMPT -o FILE`, and `python -m model_probe show FILE`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

# Idle threads of numpy's OpenBLAS wait in a loop of 2**26 turns unless told otherwise before it is loaded
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")

import click

from model_probe import prompts
from model_probe.cache import about_cache
from model_probe.command import carried_out
from model_probe.errors import PromptError
from model_probe.options import recording_options


class _Commands(click.Group):
    """A group in which words that name no command are a prompt to record."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["record", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]}, epilog=about_cache())
def commands() -> None:
    """Run a language model on a prompt and keep every tensor of the run in one file, the trace.

    \b
    python -m model_probe "The old king loved his" -o out/trace.safetensors
    python -m model_probe --prompt-file poem.txt -o poem.safetensors --model openai-community/gpt2-medium
    python -m model_probe "Once" -o once.safetensors --temperature 0.7 --top-k 40
    python -m model_probe --prompt-file long.txt -o long.safetensors --layers 5 --heads 1 --no-scores
    python -m model_probe show out/trace.safetensors

    Without a command, `record` is meant; `python -m model_probe record --help` lists its options.
    """  # noqa: D301 \b keeps click from filling the lines


@commands.command("record", epilog=about_cache())
@click.argument("prompt", required=False)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The trace to write.")
@click.option("--reference", is_flag=True, help="Have transformers run the model even where numpy could.")
@click.option("--layers", help="Layers to keep of heads and MLPs, such as 0,5-7.  [default: all]")
@click.option("--heads", help="Heads to keep, such as 0,5-7.  [default: all]")
@click.option("--no-scores", is_flag=True, help="Leave out the scores before the softmax.")
@click.option(
    "--tensor",
    "tensors",
    metavar="NAME",
    multiple=True,
    help="Keep this tensor, and others so named; --tensor NAME --tensor NAME ….  "
    "[default: all but those of --runs]",
)
@click.option(
    "--one-head",
    metavar="NAME",
    multiple=True,
    help="Keep this tensor, and where the prompt is long only one head of it.",
)
@click.option(
    "--runs",
    is_flag=True,
    help="Keep five ways of writing on as well, the tensors runs_…: eleven more passes.",
)
@click.option("--layer", type=int, help="That head's layer.  [default: by a rule from the data]")
@click.option("--head", type=int, help="That head.  [default: by a rule from the data]")
@click.option("--smaller", hidden=True, help="What makes a trace smaller, in the words of who starts this.")
@recording_options
def _record(
    prompt: str | None,
    out: Path,
    prompt_file: Path | None,
    chat: bool,
    beside: str | None,
    model: str | None,
    device: str,
    reference: bool,
    layers: str | None,
    heads: str | None,
    no_scores: bool,
    tensors: tuple[str, ...],
    one_head: tuple[str, ...],
    runs: bool,
    layer: int | None,
    head: int | None,
    smaller: str | None,
    budget: int,
    seed: int,
    steps: int,
    method: Literal["sample", "greedy", "beam"],
    temperature: float,
    top_k: int | None,
    top_p: float | None,
    beams: int,
) -> None:
    """Run a model on PROMPT, or on its default prompt, and write the trace."""
    from model_probe.generation import Method
    from model_probe.plan import Selection, numbers
    from model_probe.record import record

    if prompt_file is not None:
        if prompt is not None:
            raise PromptError("a prompt and --prompt-file were both given; one of them is wanted")
        prompt = prompts.read(prompt_file)
    elif prompt is not None:
        prompt = prompts.typed(prompt)
    path = record(
        prompt,
        out,
        model=model,
        device=device,
        reference=reference,
        seed=seed,
        steps=steps,
        method=Method(method, temperature, top_k, top_p, beams),
        selection=Selection(
            numbers(layers) if layers is not None else (),
            numbers(heads) if heads is not None else (),
            not no_scores,
            (*tensors, *one_head),
            one_head,
            (layer, head),
            runs,
        ),
        budget=budget,
        **({"smaller": smaller} if smaller else {}),
        chat=chat,
        beside=beside,
    )
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


@commands.command("show")
@click.argument("file", type=click.Path(path_type=Path))
def _show(file: Path) -> None:
    """Print what the trace FILE holds, and check that it is as it was written."""
    from model_probe.summary import print_summary
    from model_probe.trace import Trace

    trace = Trace.open(file)
    trace.check_bytes()
    print_summary(trace)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code: 0, 2 for bad input, 130 after Ctrl-C."""
    return carried_out(commands, arguments, "python -m model_probe")


if __name__ == "__main__":
    sys.exit(main())
