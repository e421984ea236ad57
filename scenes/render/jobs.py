"""Many scenes, several at a time, each in a process of its own.

A process a scene, because Manim's configuration is the process's, and because a scene that dies must not take
the others with it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path

from scenes.render.job import Job, Outcome

Listener = Callable[[str, dict[str, int]], None]
"""Called with a job's name and {"total": …} or {"frame": …} while it runs."""

GRACE = 5.0  # seconds that a process gets to end by itself


class Company:
    """The processes of one run."""

    def __init__(self, workers: int, logs: Path, listener: Listener) -> None:
        self.workers, self.logs, self.listener = workers, logs, listener
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._dismissed = False

    def perform(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Yield each job's outcome as it ends; on any exception, Ctrl-C included, all processes are ended."""
        with ThreadPoolExecutor(self.workers) as pool:
            futures = [pool.submit(self._perform, job) for job in jobs]
            try:
                for future in as_completed(futures):
                    yield future.result()
            except BaseException:
                self.dismiss()
                pool.shutdown(cancel_futures=True)
                raise

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

    def _perform(self, job: Job) -> Outcome:
        log_path = self.logs / f"{job.name}.log"
        try:
            job.work.mkdir(parents=True, exist_ok=True)
            with log_path.open("w", encoding="utf-8") as log:
                return self._watch(job, log_path, log.fileno())
        except OSError as error:
            return Outcome(job.name, error=f"{error.strerror}: {error.filename}")
        finally:
            shutil.rmtree(job.work, ignore_errors=True)

    def _watch(self, job: Job, log_path: Path, log: int) -> Outcome:
        with self._lock:
            if self._dismissed:
                return Outcome(job.name, error="not started")
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
        assert process.stdin is not None
        outcome = None
        try:
            with os.fdopen(events, encoding="utf-8") as said:
                process.stdin.write(job.to_json())
                process.stdin.close()
                for line in said:
                    event = json.loads(line)
                    if "clip" in event:
                        outcome = Outcome(job.name, clip=event["clip"])
                    elif "error" in event:
                        outcome = Outcome(job.name, error=event["error"])
                    elif "crash" in event:
                        outcome = Outcome(job.name, error=f"{event['crash']}; its log is {log_path}")
                    else:
                        self.listener(job.name, event)
        except BrokenPipeError:
            pass  # it died before it read its job: the exit code says how
        finally:
            code = process.wait()
            with self._lock:
                self._running.discard(process)
        if outcome is not None:
            return outcome
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return Outcome(job.name, error=f"the scene's process {how}; its log is {log_path}")
