"""How long each part of a run took, for who waits for it at a terminal."""

from __future__ import annotations

import sys
from time import perf_counter


class Stopwatch:
    """Seconds from one lap to the next, added up by name.

    Attributes:
        seconds: by name, in the order in which the parts first ended.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = perf_counter()

    def lap(self, name: str) -> None:
        """Say what the time since the last lap was for."""
        now = perf_counter()
        self.seconds[name] = self.seconds.get(name, 0.0) + now - self._last
        self._last = now

    def show(self) -> None:
        """Print a line on standard error, where that is a terminal."""
        if sys.stderr.isatty():
            parts = ", ".join(f"{name} {seconds:.2f}" for name, seconds in self.seconds.items())
            print(f"seconds: {parts}", file=sys.stderr)
