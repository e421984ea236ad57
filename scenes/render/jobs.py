"""Many scenes, several at a time, each in a process of its own.

A process a scene, because Manim's configuration is the process's, and because a scene that dies must not take
the others with it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from scenes.render.graph import Failed
from scenes.render.job import Job

Listener = Callable[[str, dict[str, int]], None]
"""Called with a name and {"total": …} or {"frame": …} while that is made."""

GRACE = 5.0  # seconds that a process gets to end by itself


class Company:
    """The threads and processes of one run; on any exception, Ctrl-C included, all of them are ended."""

    def __init__(self, workers: int, logs: Path, listener: Listener) -> None:
        self.workers, self.logs, self._listener = workers, logs, listener
        self._pool = ThreadPoolExecutor(workers)
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._dismissed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None
    ) -> None:
        if kind is not None:
            self.dismiss()
        self._pool.shutdown(cancel_futures=True)

    def submit(self, work: Callable[..., Any], /, *arguments: Any) -> Future[Any]:
        """Have some work done in a thread."""
        return self._pool.submit(work, *arguments)

    def dismiss(self) -> None:
        """End every process that still runs, and start no more."""
        with self._lock:
            self._dismissed = True
            running = list(self._running)
        for process in running:
            with suppress(ProcessLookupError):  # it has just ended by itself
                os.killpg(process.pid, signal.SIGTERM)  # and what it has started
        for process in running:
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def tell(self, name: str, event: dict[str, int]) -> None:
        """Say how far something is; work that nobody waits for any more ends here.

        Raises:
            Failed: all were dismissed.
        """
        if self._dismissed:
            raise Failed("not finished")
        self._listener(name, event)

    def perform(self, job: Job) -> dict[str, Any]:
        """Have a scene's process draw its clip; returns what that says of it.

        Raises:
            Failed: it could not, and why.
            OSError: the disk is full or the log cannot be written.
        """
        log_path = self.logs / f"{job.name}.log"
        with log_path.open("w", encoding="utf-8") as log:
            return self._watch(job, log_path, log.fileno())

    def _watch(self, job: Job, log_path: Path, log: int) -> dict[str, Any]:
        process, events = self._started(job, log)
        assert process.stdin is not None
        clip: dict[str, Any] | None = None
        why = ""
        try:
            with os.fdopen(events, encoding="utf-8") as said:
                process.stdin.write(job.to_json())
                process.stdin.close()
                for line in said:
                    event = json.loads(line)
                    if "clip" in event:
                        clip = event["clip"]
                    elif "error" in event:
                        why = event["error"]
                    elif "crash" in event:
                        why = f"{event['crash']}; its log is {log_path}"
                    else:
                        self.tell(job.name, event)
        except BrokenPipeError:
            pass  # it died before it read its job: the exit code says how
        finally:
            code = process.wait()
            with self._lock:
                self._running.discard(process)
        if clip is not None:
            return clip
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        raise Failed(why or f"the scene's process {how}; its log is {log_path}")

    def _started(self, job: Job, log: int) -> tuple[subprocess.Popen[str], int]:
        """The process, and where its events are read."""
        with self._lock:
            if self._dismissed:
                raise Failed("not started")
            events, told = os.pipe()
            try:
                process = subprocess.Popen(
                    [sys.executable, "-m", "scenes.render.stage", str(told)],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=log,
                    pass_fds=[told],
                    text=True,
                    encoding="utf-8",
                    env={**os.environ, "LECTURE_THEME": job.settings.theme},
                    start_new_session=True,  # Ctrl-C reaches the parent alone, which then ends its children
                )
            except BaseException:
                os.close(events)
                raise
            finally:
                os.close(told)
            self._running.add(process)
        return process, events
