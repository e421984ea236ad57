"""What `python -m model_probe` costs from start to trace, beside transformers, on published models.

    python -m tests.benchmarks.command DIRECTORY [DIRECTORY] # in Hugging Face format

Processor time, user and system, of whole processes on 8 tokens, interleaved round by round in one run; a
ratio is the median of the rounds'. "plain" loads tokenizer and model by transformers and makes one eager
forward pass, no more. No test: nothing here passes or fails.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from model_probe.trace import Trace
from tests.benchmarks.capture import child, summary

TOKENS = 8
_PLAIN = """
import sys
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
tokenizer = AutoTokenizer.from_pretrained(sys.argv[1], local_files_only=True)
model = AutoModelForCausalLM.from_pretrained(
    sys.argv[1], dtype=torch.float32, attn_implementation="eager", local_files_only=True
)
with torch.inference_mode():
    model(**tokenizer(sys.argv[2], return_tensors="pt"))
"""


def measured(directory: Path, folder: Path) -> dict[str, float]:
    """One round: milliseconds of each way, by its name in the table."""
    prompt = " the" * TOKENS
    out = folder / "trace.safetensors"
    record = ("-m", "model_probe", prompt, "--model", str(directory), "--device", "cpu", "-o", str(out))
    row = {
        "--reference": child(*record, "--reference")[0],
        "model_probe": child(*record)[0],
        "plain": child("-c", _PLAIN, str(directory), prompt)[0],
        "--help": child("-m", "model_probe", "--help")[0],
    }
    found = Trace.open(out).n_tokens
    if found != TOKENS:
        raise click.ClickException(f"the prompt is {found} tokens, not {TOKENS}")
    return row


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.argument(
    "directories", nargs=-1, required=True, type=click.Path(exists=True, file_okay=False, path_type=Path)
)
@click.option("--rounds", default=7, show_default=True)
def main(directories: tuple[Path, ...], rounds: int) -> None:
    """Print a table."""
    names = ["--reference", "model_probe", "plain", "--help"]
    table = Table("model", *(f"{name}, ms" + " (ratio)" * (name != names[0]) for name in names))
    with tempfile.TemporaryDirectory() as folder:
        for directory in directories:
            measured(directory, Path(folder))  # the first one warms up, and digests the weights
            rows = [measured(directory, Path(folder)) for _ in range(rounds)]
            table.add_row(directory.resolve().name, *summary(rows, names))
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
