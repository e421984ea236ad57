"""A job on a worker of a cluster: its trace laid out there, its process, its progress, and what it made."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from distributed import get_worker

from scenes.render.digest import own_version
from scenes.render.graph import Failed
from scenes.render.job import Job
from scenes.render.process import StageProcess
from scenes.whole_file import whole_file

TELL_EVERY = 1.0  # seconds: every worker's news go through one scheduler
_laying_out = threading.Lock()  # a worker may do several jobs at a time
MADE = ("{name}.mp4", "{name}.webm", "voice/*.wav")


def version_there() -> str:
    """The version of this package on the worker that is asked."""
    return own_version()


def do_there(job_line: str, trace: bytes, version: str, topic: str, key: str) -> dict[str, Any]:
    """Do a job on this worker.

    Args:
        job_line: the job as JSON; its paths are those of the machine that asks.
        trace: the file that it draws.
        version: of the package where it was asked for.
        topic: where its progress is told.
        key: names the job there.

    Returns:
        "log"; and "done" with "files" (their names in the job's directory → bytes), or "failed", a line.
    """
    worker = get_worker()
    if own_version() != version:
        line = f"worker {worker.address} has {own_version()} of the package; {version} is wanted"
        return {"failed": line, "log": b""}
    asked = Job.from_json(job_line)
    folder = Path(worker.local_directory)
    with tempfile.TemporaryDirectory(prefix="film-", dir=folder) as work, tempfile.TemporaryFile() as log:
        settings = replace(asked.settings, trace=_laid_out(trace, folder / "traces"))
        job = replace(asked, settings=settings, work=Path(work))
        process = StageProcess(job, log.fileno(), Path(f"{asked.name}.log"))
        told = 0.0

        def tell(event: dict[str, int]) -> None:
            nonlocal told
            state = worker.state.tasks.get(key)
            if state is None or state.state != "executing":
                raise Failed("not finished")  # nobody waits for it any more
            if "total" in event or time.monotonic() - told > TELL_EVERY:
                told = time.monotonic()
                worker.log_event(topic, {"key": key, **event})

        made: dict[str, Any] = {}
        try:
            made["done"] = process.watch(tell)
            found = [path for pattern in MADE for path in job.work.glob(pattern.format(name=job.name))]
            made["files"] = {str(path.relative_to(work)): path.read_bytes() for path in found}
        except Failed as error:
            made["failed"] = str(error)
        finally:
            process.terminate()
            process.end()
        log.seek(0)
        return {**made, "log": log.read()}


def _laid_out(trace: bytes, folder: Path) -> Path:
    """A file with the trace; a worker writes each trace once."""
    with _laying_out:
        path = folder / f"{hashlib.sha256(trace).hexdigest()}.safetensors"
        if not path.is_file():
            folder.mkdir(exist_ok=True)
            with whole_file(path) as part:
                part.write_bytes(trace)
    return path
