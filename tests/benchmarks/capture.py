"""What a capture costs: CPU time over a plain eager forward pass of the same model, interleaved in one run.

    python -m tests.benchmarks.capture

On storyteller, and on a random model of GPT-2 small's shape: what the numbers are does not change the cost.
No test: nothing here passes or fails.
"""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from transformers import GPT2Config, GPT2LMHeadModel

from model_probe.capture import capture, load
from model_probe.models import STORYTELLER_DIRECTORY

LENGTHS = (8, 64, 256)


def gpt2_small_shape(directory: Path) -> Path:
    """A random model of GPT-2 small's shape."""
    GPT2LMHeadModel(GPT2Config()).save_pretrained(directory)
    shutil.copy(STORYTELLER_DIRECTORY / "tokenizer.json", directory)
    return directory


def milliseconds(work: Callable[[], Any]) -> float:
    """CPU time of all threads."""
    before = time.process_time()
    work()
    return 1e3 * (time.process_time() - before)


def forward(network: GPT2LMHeadModel, batch: torch.Tensor) -> Any:
    """A plain forward pass."""
    with torch.inference_mode():
        return network(batch)


def compare(directory: Path, rounds: int) -> list[tuple[int, float, float, float]]:
    """(T, a plain forward in ms, a capture in ms, the median of the rounds' ratios) for each length."""
    config = json.loads((directory / "config.json").read_text())
    ours = load(config, [directory / "model.safetensors"])
    plain = GPT2LMHeadModel.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager")
    plain.train(False)
    rows = []
    for length in LENGTHS:
        ids_T = np.random.default_rng(0).integers(1, 8000, length)
        batch = torch.from_numpy(ids_T)[None]
        measured = [
            (milliseconds(partial(forward, plain, batch)), milliseconds(partial(capture, ours, ids_T)))
            for _ in range(rounds + 2)
        ]
        pairs = measured[2:]  # the first two warm up
        times = [statistics.median(column) for column in zip(*pairs, strict=True)]
        rows.append((length, times[0], times[1], statistics.median(b / a for a, b in pairs)))
    return rows


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--rounds", default=20, show_default=True)
def main(rounds: int) -> None:
    """Print a table."""
    table = Table("model", "tokens", "forward, ms", "capture, ms", "ratio")
    with tempfile.TemporaryDirectory() as folder:
        models = {"storyteller": STORYTELLER_DIRECTORY, "GPT-2 small's shape": gpt2_small_shape(Path(folder))}
        for name, directory in models.items():
            for length, forward, captured, ratio in compare(directory, rounds):
                table.add_row(name, str(length), f"{forward:.1f}", f"{captured:.1f}", f"{ratio:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
