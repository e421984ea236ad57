"""What a run says: on a terminal bars with frames and time left, elsewhere one line a finished scene."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class Display:
    """Bars for the scenes of one run; call it from any thread.

    Args:
        console: where to; no bars where it is no terminal.
        names: the scenes, in order.
    """

    def __init__(self, console: Console, names: list[str]) -> None:
        self.console = console
        self._width = max((len(name) for name in names), default=0)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:>5.0f}/{task.fields[frames]} frames"),
            TimeRemainingColumn(compact=True),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._tasks: dict[str, TaskID] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None
    ) -> None:
        self._bars.stop()

    def event(self, name: str, event: dict[str, int]) -> None:
        """A scene's process said {"total": …} or {"frame": …}."""
        with self._lock:
            if name not in self._tasks:
                self._tasks[name] = self._bars.add_task(name.ljust(self._width), total=None, frames="?")
            task = self._tasks[name]
        if "total" in event:
            self._bars.update(task, total=event["total"], frames=event["total"])
        else:
            self._bars.update(task, completed=event["frame"])

    def finished(self, name: str, words: str) -> None:
        """Something is done, unchanged or failed: its bar goes, a line stays."""
        with self._lock:
            task = self._tasks.pop(name, None)
        if task is not None:
            self._bars.remove_task(task)
        line = f"{name.ljust(self._width)}  {words}" if name else words
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)
