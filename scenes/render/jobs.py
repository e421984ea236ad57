"""Many scenes, several at a time, and a long one in segments, on this machine."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scenes.render.film import finish
from scenes.render.graph import Failed
from scenes.render.job import Job
from scenes.render.process import StageProcess
from scenes.render.quality import QUALITIES, pixels
from scenes.render.segments import cut, pieces

Tell = Callable[[dict[str, int]], None]
Listener = Callable[[str, dict[str, int]], None]
"""Called with a name and {"total": …} or {"frame": …} while that is made."""

LEAST_PIXELS = (
    5e8  # of a segment: to draw 240 frames at 1080p takes three times as long as to start a process
)


class Company:
    """The threads and processes of one run; on any exception, Ctrl-C included, all of them are ended.

    Args:
        workers: how many processes draw at a time.
        logs: takes a log a scene.
        listener: is told how far each is.
    """

    def __init__(self, workers: int, logs: Path, listener: Listener) -> None:
        self.workers, self.logs, self._listener = workers, logs, listener
        self._makers = ThreadPoolExecutor(
            workers
        )  # of files: they wait for the processes, so these are others
        self._starters = ThreadPoolExecutor(workers)
        self._running: set[StageProcess] = set()
        self._lock = threading.Lock()
        self._dismissed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None
    ) -> None:
        if kind is not None:
            self.dismiss()
        self._makers.shutdown(cancel_futures=True)
        self._starters.shutdown(cancel_futures=True)

    def submit(self, work: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Have some work done in a thread."""
        return self._makers.submit(work, *arguments)

    def dismiss(self) -> None:
        """End every process that still runs, and start no more."""
        with self._lock:
            self._dismissed = True
            running = list(self._running)
        for process in running:
            process.terminate()
        for process in running:
            process.end()

    def tell(self, name: str, event: dict[str, int]) -> None:
        """Say how far something is; work that nobody waits for any more ends here.

        Raises:
            Failed: all were dismissed.
        """
        if self._dismissed:
            raise Failed("not finished")
        self._listener(name, event)

    def perform(self, job: Job, films: int) -> dict[str, Any]:
        """Have a scene's clip made, in segments where that keeps all workers busy; gives what it is.

        Args:
            job: a clip's.
            films: how many clips are made in this run.

        Raises:
            Failed: it could not, and why.
            OSError: the disk is full or the log cannot be written.
        """
        (self.logs / f"{job.name}.log").write_bytes(b"")
        # A film with a clear ground is one stream, which cannot be joined
        wanted = 1 if job.settings.clear else pieces(self.workers, films)
        if wanted == 1:
            return self._begin(job).result()
        rehearsed = self._begin(replace(job, task="rehearsal")).result()
        width, height = pixels(QUALITIES[job.quality], job.settings.aspect)
        least = int(LEAST_PIXELS / (width * height))
        parts = []
        for number, segment in enumerate(cut(rehearsed["starts"], rehearsed["frames"], wanted, least)):
            plays, work = (segment.first, segment.last), job.work / str(number)
            work.mkdir()
            parts.append(replace(job, task="segment", work=work, plays=plays, least=rehearsed["least"]))
        drawn = [0] * len(parts)

        def tell(number: int, event: dict[str, int]) -> None:
            drawn[number] = event["frame"]
            self.tell(job.name, {"frame": sum(drawn)})

        begun = [self._begin(part, partial(tell, number)) for number, part in enumerate(parts)]
        wait(begun)
        used = [rehearsed["used"], *(each.result()["used"] for each in begun)]
        clip = finish(job, [part.work / f"{job.name}.mp4" for part in parts], rehearsed)
        return {**clip, "used": {kind: sorted({x for each in used for x in each[kind]}) for kind in used[0]}}

    def _begin(self, job: Job, tell: Tell | None = None) -> Future[dict[str, Any]]:
        return self._starters.submit(self.do, job, tell or partial(self.tell, job.name))

    def do(self, job: Job, tell: Tell) -> dict[str, Any]:
        """Do a job in a process, and tell its events; gives what that says of what it made.

        Raises:
            Failed: it could not, and why.
            OSError: the log cannot be written.
        """
        log_path = self.logs / f"{job.name}.log"
        with log_path.open("ab") as log:
            with self._lock:
                if self._dismissed:
                    raise Failed("not started")
                process = StageProcess(job, log.fileno(), log_path)
                self._running.add(process)
            try:
                return process.watch(tell)
            finally:
                with self._lock:
                    self._running.discard(process)
