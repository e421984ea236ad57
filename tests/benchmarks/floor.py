"""How near a run is to its floor: CPU of everything beside the CPU of encoding the same frames, by parts.

    python -m tests.benchmarks.floor --quality h                      the whole lecture, in a new directory
    python -m tests.benchmarks.floor --quality h --trace FILE heads   any arguments of ./render.sh but --out

CPU time, not wall time: the machine may be busy. No test: nothing here passes or fails.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scenes.render import kinds, process
from scenes.render.__main__ import main as render

FOLDER = "LECTURE_STOPWATCH"  # where tests.benchmarks.staged writes what it measured

ENCODING, CONVERSION = "encoding", "conversion"


def main(arguments: list[str]) -> int:
    """Make a run, and print where its CPU went."""
    with tempfile.TemporaryDirectory() as stopped, tempfile.TemporaryDirectory() as out:
        os.environ[FOLDER] = stopped
        process.STAGE = "tests.benchmarks.staged"
        parts: defaultdict[str, float] = defaultdict(float)
        made = kinds._make

        def make(kind: kinds.Kind, *more: object) -> None:
            begun = time.thread_time()
            made(kind, *more)  # type: ignore[arg-type]
            where = {"join": "joining", "write_poster": "posters"}.get(kind.by.partition(":")[2])
            parts[where or "captions, chapters, transcripts, pages"] += time.thread_time() - begun

        kinds._make = make  # type: ignore[assignment]
        begun = time.monotonic()
        code = render([*arguments, "--out", out])
        lasted = time.monotonic() - begun
        own = time.process_time() - sum(parts.values())
        scenes, peaks = defaultdict[str, float](float), [0.0]
        for path in Path(stopped).iterdir():
            noted = json.loads(path.read_text())
            for part, seconds in noted["parts"].items():
                scenes[part] += seconds
            peaks.append(noted["peak"])
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        manifest = json.loads(Path(out, "manifest.json").read_text())
        films = [*manifest["clips"].values(), *manifest["cards"].values()]
    parts.update(scenes)
    parts["the run itself"] = own
    parts["other processes: the model"] = used.ru_utime + used.ru_stime - sum(scenes.values())
    report(parts, sum(film["frames"] for film in films), sum(film["seconds"] for film in films))
    print(f"{lasted:.0f} s by the clock; the largest of {len(peaks) - 1} processes took {max(peaks):.2f} GB")
    return code


def report(parts: Mapping[str, float], frames: int, seconds: float) -> None:
    """Print the parts and their ratio to the encoding."""
    everything, encoding = sum(parts.values()), max(1e-9, parts[ENCODING])
    table = Table("CPU", "s", "of the encoding", "ms a frame")
    for name, value in sorted(parts.items(), key=lambda part: -part[1]):
        table.add_row(name, f"{value:.1f}", f"{value / encoding:.3f}", f"{1e3 * value / max(1, frames):.2f}")
    table.add_row(
        "all", f"{everything:.1f}", f"{everything / encoding:.3f}", f"{1e3 * everything / frames:.2f}"
    )
    Console(width=100).print(table)
    with_conversion = everything / (encoding + parts[CONVERSION])
    print(
        f"{frames} frames, {seconds:.0f} s of film: {everything:.0f} s of CPU / {encoding:.0f} s of encoding"
        f" = {everything / encoding:.2f}; with the conversion that any encoder needs, {with_conversion:.2f}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
