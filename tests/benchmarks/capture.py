"""What a capture costs beside a plain forward pass, and beside TransformerLens and nnsight on the same work.

    python -m tests.benchmarks.capture        # the other libraries: pip install '.[benchmark]'

CPU time of all threads, interleaved round by round in one run; a ratio is the median of the rounds'. What
each library keeps is in libraries.py. On storyteller, and on a random model of GPT-2 small's shape: what the
numbers are does not change the cost. No test: nothing here passes or fails.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

# As the command itself does: numpy's idle threads are not to wait in a loop
os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "10")

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.trace import Trace
from tests.benchmarks.libraries import MISSING, RUNNERS

LENGTHS = (8, 64, 256)
NAMES = [name for name in RUNNERS if name not in MISSING]
# What a process costs that loads a model and runs it once; argv: the library, the model's directory
_ONCE = """
import sys
import numpy as np
from tests.benchmarks.libraries import RUNNERS
RUNNERS[sys.argv[1]](sys.argv[2])(np.arange(1, 9))
"""


def gpt2_small_shape(directory: Path) -> None:
    """Save a random model of GPT-2 small's shape."""
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config()).save_pretrained(directory)
    shutil.copy(STORYTELLER_DIRECTORY / "tokenizer.json", directory)


def milliseconds(work: Callable[[], Any]) -> float:
    """CPU time of all threads."""
    before = time.process_time()
    work()
    return 1e3 * (time.process_time() - before)


def child(*arguments: str) -> tuple[float, float]:
    """CPU milliseconds, user and system, and peak memory in MB of a Python process of its own."""
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen([sys.executable, *arguments], stdout=output, stderr=output)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise click.ClickException(f"{arguments}: {output.read().decode()[-2000:]}")
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return 1e3 * (used.ru_utime + used.ru_stime), used.ru_maxrss * unit / 1e6


def probe(directory: Path, n_tokens: int) -> tuple[float, float, Path]:
    """The whole of `python -m model_probe`: CPU milliseconds, peak memory in MB, the trace."""
    prompt, out = directory / "prompt.txt", directory / f"{n_tokens}.safetensors"
    prompt.write_text(" the" * n_tokens)
    arguments: tuple[str, ...] = (
        "--prompt-file",
        str(prompt),
        "--model",
        str(directory),
        "--device",
        "cpu",
        "-o",
        str(out),
    )
    arguments += ("--budget", "4GB")
    used = child("-m", "model_probe", *arguments)
    found = Trace.open(out).n_tokens
    if found != n_tokens:
        raise click.ClickException(f"the prompt is {found} tokens, not {n_tokens}")
    return *used, out


def summary(measured: list[dict[str, float]], names: list[str]) -> list[str]:
    """Cells: the median milliseconds of each name, with the median ratio to the first."""
    cells = []
    for name in names:
        middle = statistics.median(row[name] for row in measured)
        ratio = statistics.median(row[name] / row[names[0]] for row in measured)
        cells.append(f"{middle:.1f}" if name == names[0] else f"{middle:.1f} ({ratio:.2f})")
    return cells


def whole_processes(directory: Path, rounds: int) -> list[str]:
    """Cells: a process with each library, loading the model and running it once on 8 tokens."""
    measured = []
    for _ in range(rounds):
        others = [name for name in NAMES if name != "capture"]
        row = {name: child("-c", _ONCE, name, str(directory))[0] for name in others}
        measured.append({**row, "capture": probe(directory, 8)[0]})
    return summary(measured, NAMES)


def read_one_head(path: Path) -> float:
    """Milliseconds to open a trace and read one head's pattern, the median of many."""

    def read() -> np.ndarray[Any, Any]:
        return Trace.open(path).pattern_LHTS[5, 3]

    return statistics.median(milliseconds(read) for _ in range(100))


def compare(directory: Path, rounds: int) -> tuple[list[tuple[int, list[str]]], dict[str, float]]:
    """Cells for each length, and how far each library's logits are from the plain ones at the most."""
    runs = {name: RUNNERS[name](str(directory)) for name in NAMES}
    rows, away = [], dict.fromkeys(NAMES, 0.0)
    for length in LENGTHS:
        ids_T = np.random.default_rng(0).integers(1, 8000, length)
        logits = {name: np.asarray(run(ids_T)) for name, run in runs.items()}
        for name in NAMES:
            away[name] = max(away[name], float(np.abs(logits[name] - logits["plain"]).max()))
        measured = []
        for turn in range(rounds + 1):
            order = NAMES[turn % len(NAMES) :] + NAMES[: turn % len(NAMES)]  # nobody is always first
            measured.append({name: milliseconds(partial(runs[name], ids_T)) for name in order})
        rows.append((length, summary(measured[1:], NAMES)))  # the first one warms up
    return rows, away


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.option("--rounds", default=20, show_default=True)
@click.option("--processes", default=5, show_default=True, help="Rounds of whole processes.")
def main(rounds: int, processes: int) -> None:
    """Print a table."""
    console = Console(width=110)
    small = "GPT-2 small's shape"
    table = Table("model", "tokens", *(f"{name}, ms" + " (ratio)" * (name != "plain") for name in NAMES))
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        # In a process of its own, and children before models: a child's peak is not below its parent's.
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            pool.submit(gpt2_small_shape, directory).result()
        starting = whole_processes(directory, processes)
        head = read_one_head(probe(directory, 64)[2])
        _, peak, trace = probe(directory, 1024)
        trace_size = trace.stat().st_size / 1e6
        model_size = (directory / "model.safetensors").stat().st_size / 1e6
        notes = []
        for name, where in {"storyteller": STORYTELLER_DIRECTORY, small: directory}.items():
            rows, away = compare(where, rounds)
            for length, cells in rows:
                table.add_row(name, str(length), *cells)
            far = ", ".join(f"{other} {away[other]:.2g}" for other in NAMES[1:])
            notes.append(f"{name}: largest difference of a logit from the plain ones: {far}")
    table.add_section()
    table.add_row(f"{small}, whole process", "8", *starting)
    console.print(table)
    for note in notes:
        console.print(note)
    console.print(f"open a trace of 64 tokens and read one head: {head:.3f} ms")
    console.print(
        f"1,024 tokens: peak {peak:,.0f} MB, trace {trace_size:,.0f} MB, model {model_size:,.0f} MB; "
        f"(peak - model) / trace = {(peak - model_size) / trace_size:.2f}"
    )
    for name in MISSING:
        console.print(f"{name} is not installed: pip install '.[benchmark]'", markup=False)


if __name__ == "__main__":
    main()
