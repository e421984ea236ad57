"""The command line: `python -m model_probe PROMPT -o FILE`, and `python -m model_probe show FILE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from model_probe import prompts
from model_probe.errors import PromptError, UserError


class _Commands(click.Group):
    """A group in which words that name no command are a prompt to record."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = ["record", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Run a language model on a prompt and keep every tensor of the run in one file, the trace.

    \b
    python -m model_probe "The old king loved his" -o out/trace.safetensors
    python -m model_probe --prompt-file poem.txt -o poem.safetensors --model openai-community/gpt2-medium
    python -m model_probe show out/trace.safetensors

    Without a command, `record` is meant; `python -m model_probe record --help` lists its options.
    """  # noqa: D301 \b keeps click from filling the lines


@commands.command("record")
@click.argument("prompt", required=False)
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="The trace to write.")
@click.option("--prompt-file", type=click.Path(path_type=Path), help="Read the prompt from a UTF-8 file.")
@click.option(
    "--model", help="A Hub id, a directory in Hugging Face format, or storyteller.  [default: GPT-2]"
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda", "mps"]),
    default="auto",
    show_default=True,
    help="Where to run; auto is the fastest there is.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the draws.")
@click.option("--steps", type=click.IntRange(min=1), default=8, show_default=True, help="Tokens to generate.")
def _record(
    prompt: str | None,
    out: Path,
    prompt_file: Path | None,
    model: str | None,
    device: str,
    seed: int,
    steps: int,
) -> None:
    """Run a model on PROMPT, or on its default prompt, and write the trace."""
    from model_probe.record import record

    if prompt_file is not None:
        if prompt is not None:
            raise PromptError("a prompt and --prompt-file were both given; one of them is wanted")
        prompt = prompts.read(prompt_file)
    path = record(prompt, out, model=model, device=device, seed=seed, steps=steps)
    click.echo(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")


@commands.command("show")
@click.argument("file", type=click.Path(path_type=Path))
def _show(file: Path) -> None:
    """Print what the trace FILE holds."""
    from model_probe.summary import print_summary
    from model_probe.trace import Trace

    print_summary(Trace.open(file))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns its exit code: 0, 2 for bad input, 130 after Ctrl-C."""
    try:
        commands.main(arguments, prog_name="python -m model_probe", standalone_mode=False)
    except (UserError, click.ClickException) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        click.echo(f"error: {message}", err=True)
        return 2
    except (KeyboardInterrupt, click.Abort):
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
