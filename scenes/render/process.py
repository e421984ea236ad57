"""One scene's process, as whoever started it sees it: a job in, events out, one line where it failed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from scenes.render.graph import Failed
from scenes.render.job import Job

STAGE = "scenes.render.stage"
GRACE = 5.0  # seconds that a process gets to end by itself


class StageProcess:
    """A process of `scenes.render.stage` at its job.

    A process a job, because Manim's configuration is the process's, and because a scene that dies must not
    take the others with it.

    Args:
        job: what it does.
        log: takes all that it prints.
        log_path: how the log is called where something went wrong.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, job: Job, log: int, log_path: Path) -> None:
        self.job, self.log_path = job, log_path
        self._events, told = os.pipe()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", STAGE, str(told)],
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
            os.close(self._events)
            raise
        finally:
            os.close(told)

    def watch(self, tell: Callable[[dict[str, int]], None]) -> dict[str, Any]:
        """Pass its events on until it is done; gives what it says of what it made.

        Raises:
            Failed: it could not, and why.
        """
        process = self._process
        assert process.stdin is not None
        done: dict[str, Any] | None = None
        why = ""
        try:
            with os.fdopen(self._events, encoding="utf-8") as said:
                process.stdin.write(self.job.to_json())
                process.stdin.close()
                for line in said:
                    event = json.loads(line)
                    if "done" in event:
                        done = event["done"]
                    elif "error" in event:
                        why = event["error"]
                    elif "crash" in event:
                        why = f"{event['crash']}; its log is {self.log_path}"
                    else:
                        tell(event)
        except BrokenPipeError:
            pass  # it died before it read its job: the exit code says how
        finally:
            code = process.wait()
        if done is not None:
            return done
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        raise Failed(why or f"the scene's process {how}; its log is {self.log_path}")

    def terminate(self) -> None:
        """Ask it to end, and what it has started."""
        with suppress(ProcessLookupError):  # it has just ended by itself
            os.killpg(self._process.pid, signal.SIGTERM)

    def end(self) -> None:
        """Wait until it has ended, and end it where that takes long."""
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
