"""The command line: `python -m model_probe PROMPT -o FILE`, and `python -m model_probe show FILE`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

# Idle threads of numpy's OpenBLAS wait in a loop of 2**26 turns unless told otherwise before it is loaded
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")

import click

from model_probe import prompts
from model_probe.cache import about_cache
from model_probe.command import carried_out
from model_probe.errors import PromptError


class _Commands(click.Group):
    """A group in which words that name no command are a prompt to record."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["record", *args]
        return super().parse_args(ctx, args)


class _Bytes(click.ParamType[int]):
    """A number of bytes, such as 500MB or 2GiB."""

    name = "size"
    _UNITS: ClassVar = {
        "": 1,
        "KB": 10**3,
        "MB": 10**6,
        "GB": 10**9,
        "KIB": 2**10,
        "MIB": 2**20,
        "GIB": 2**30,
    }

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of bytes."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMG]i?B)?", value.strip(), re.ASCII | re.IGNORECASE)
        if match is None:
            self.fail(f"{value!r} is no size; such as 500MB or 2GiB is wanted", param, ctx)
        return int(float(match[1]) * self._UNITS[(match[2] or "").upper()])


BYTES = _Bytes()


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
@click.option("--prompt-file", type=click.Path(path_type=Path), help="Read the prompt from a UTF-8 file.")
@click.option(
    "--chat", is_flag=True, help="The prompt is a user's message, put into the model's chat template."
)
@click.option(
    "--model",
    help="A Hub id, a directory in Hugging Face format, a GGUF file, smollm2 or storyteller.  "
    "[default: GPT-2]",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    help="auto (the fastest there is), cpu, cuda, cuda:N or mps.",
)
@click.option("--reference", is_flag=True, help="Have transformers run the model even where numpy could.")
@click.option("--layers", help="Layers to keep of heads and MLPs, such as 0,5-7.  [default: all]")
@click.option("--heads", help="Heads to keep, such as 0,5-7.  [default: all]")
@click.option("--no-scores", is_flag=True, help="Leave out the scores before the softmax.")
@click.option(
    "--budget", type=BYTES, default="1GiB", show_default=True, help="What a trace may take, such as 500MB."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the draws.")
@click.option("--steps", type=click.IntRange(min=1), default=8, show_default=True, help="Tokens to generate.")
@click.option(
    "--method",
    type=click.Choice(["sample", "greedy", "beam"]),
    default="sample",
    show_default=True,
    help="Draw each token, take the likeliest, or keep the likeliest texts.",
)
@click.option("--temperature", type=float, default=1.0, show_default=True, help="Divides the logits.")
@click.option("--top-k", type=int, help="Draw among so many of the likeliest.  [default: all]")
@click.option("--top-p", type=float, help="Draw among the likeliest of this probability.  [default: all]")
@click.option("--beams", type=int, default=4, show_default=True, help="Texts that --method beam keeps.")
def _record(
    prompt: str | None,
    out: Path,
    prompt_file: Path | None,
    chat: bool,
    model: str | None,
    device: str,
    reference: bool,
    layers: str | None,
    heads: str | None,
    no_scores: bool,
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
        ),
        budget=budget,
        chat=chat,
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
