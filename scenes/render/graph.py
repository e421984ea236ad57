"""The run as a graph of files: what stands is left alone, what does not is made, whole or not at all.

What a file is made from is a digest, and the manifest keeps it beside the digest of the file itself: a file
stands where both are as they were. Each is made in a folder of its own, and moved to its place when whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from model_probe.errors import UserError, disk_is_full
from scenes.render.manifest import Manifest
from scenes.render.progress import Display


class Executor(Protocol):
    """Who does the work: `concurrent.futures` executors and their like.

    Attributes:
        workers: how many pieces of work it does at a time.
    """

    workers: int

    def submit(self, work: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Have some work done."""
        ...


class Failed(Exception):  # noqa: N818 (it carries the line that is shown)
    """A file could not be made; the message says why, in one line."""


@dataclass(frozen=True)
class File:
    """A file of a run, or some that are made together.

    Attributes:
        names: from the output directory on; the first one names them all.
        made_from: the digest of all that it is made from; asked for when what it needs is there, and again
            when it is made, for some only know then what they used.
        make: writes it into the folder that it is given, under its last name; what it gives is passed on.
        needs: files that are waited for; where one of them failed, this is not made.
        label: what a run's lines call it; without one only its failure is told.
        made: is called with what `make` gave, when the file is in its place.
        words: what is told of it then.
        unchanged: what is told where it stands.
    """

    names: tuple[str, ...]
    made_from: Callable[[], str]
    make: Callable[[Path], Any]
    needs: tuple[str, ...] = ()
    label: str = ""
    made: Callable[[Any], None] = lambda _: None
    words: Callable[[], str] = lambda: ""
    unchanged: str = ""


@dataclass
class Engine:
    """Brings files up to date.

    Attributes:
        manifest: what stands, and from what it was made; saved after each file.
        out: the output directory.
        work: an empty directory on the same disk.
        executor: does the work; everything else happens in the caller's thread.
        display: what is done, and what failed, is told here.
    """

    manifest: Manifest
    out: Path
    work: Path
    executor: Executor
    display: Display
    failures: int = 0
    _folders: Any = field(default_factory=count)

    def bring_up_to_date(self, files: Iterable[File]) -> None:
        """Make those that do not stand, each after what it needs, as many at a time as the executor does.

        Where one fails the others are made all the same; `failures` counts.

        Raises:
            ValueError: files need each other in a circle.
            OSError: the manifest cannot be written.
        """
        waiting = list(files)
        running: dict[Future[Any], tuple[File, Path]] = {}
        lost: set[str] = set()
        while waiting or running:
            open_names = {name for file in waiting for name in file.names}
            open_names |= {name for file, _ in running.values() for name in file.names}
            ready = [file for file in waiting if open_names.isdisjoint(file.needs)]
            settled = False
            for file in ready:
                if len(running) == self.executor.workers:
                    break  # what lies beside a clip comes before the clips that are named after it
                waiting.remove(file)
                if not lost.isdisjoint(file.needs):
                    lost.update(file.names)
                    settled = True
                elif self.manifest.stands(file.names, file.made_from()):
                    self._tell(file, file.unchanged)
                    settled = True
                else:
                    folder = self.work / str(next(self._folders))
                    running[self.executor.submit(_made_in, file.make, folder)] = (file, folder)
            if settled:
                continue  # what needs that can begin
            if not running:
                raise ValueError(f"{', '.join(sorted(open_names))} need each other")
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                file, folder = running.pop(future)
                try:
                    self._settle(file, future.result(), folder)
                except (Failed, UserError, OSError) as error:
                    lost.update(file.names)
                    self.failures += 1
                    self.display.finished(file.label or file.names[0], f"failed: {_line(error)}")
                finally:
                    shutil.rmtree(folder, ignore_errors=True)
                self.manifest.save()

    def _settle(self, file: File, made: Any, folder: Path) -> None:
        for name in file.names:
            (self.out / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(folder / Path(name).name, self.out / name)
        self.manifest.hold(file.names)
        file.made(made)
        self.manifest.note(file.names, file.made_from())
        self._tell(file, file.words())

    def _tell(self, file: File, words: str) -> None:
        if words:
            self.display.finished(file.label, words)


def _made_in(make: Callable[[Path], Any], folder: Path) -> Any:
    folder.mkdir(parents=True)
    return make(folder)


def _line(error: Exception) -> str:
    if disk_is_full(error):
        return "the disk is full"
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    return str(error)
