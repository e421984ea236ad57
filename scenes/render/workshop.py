"""The output directory while a run is at work in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from model_probe.errors import UserError


@contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """The output directory, for this run alone, with an empty place for work in progress.

    What a run that was killed has left behind is cleared away here: nobody else can be at work. Folders that
    this run made and wrote nothing into go again at its end: what is refused leaves no trace.

    Raises:
        UserError: it is a file, or another run is at work in it.
        OSError: it cannot be written.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out} is a file; a directory is wanted")
    folders = (out / "clips", out / "logs", out)
    made = [folder for folder in (*folders, *out.parents) if not folder.exists()]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"another run is at work in {out}; give this one another --out") from None
    work = out / ".work"
    try:
        shutil.rmtree(work, ignore_errors=True)
        for part in (*out.glob(".*.part"), *(out / "clips").glob(".*.part")):
            part.unlink(missing_ok=True)
        work.mkdir()
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        for folder in made:
            with suppress(OSError):  # it holds something
                if folder == out and [each.name for each in out.iterdir()] == [".lock"]:
                    (out / ".lock").unlink()
                folder.rmdir()
        lock.release()
