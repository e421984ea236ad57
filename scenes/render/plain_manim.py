"""Manim as its makers ship it: imported first by what makes films, so that a film is the same everywhere.

Manim reads a `manim.cfg` in the working directory and one in the home directory when it is imported, and runs
every plugin that is installed. Each may change frames, or stop a run. Plain `manim` goes on doing so.
"""

from __future__ import annotations

import configparser
import importlib.metadata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def _nobody_elses_settings() -> Iterator[None]:
    read, entry_points = configparser.ConfigParser.read, importlib.metadata.entry_points

    def no_plugins(**wanted: Any) -> Any:
        return () if wanted.get("group") == "manim.plugins" else entry_points(**wanted)

    # The library's own defaults come by `read_file`; what may be there comes by `read`
    configparser.ConfigParser.read = lambda *_, **__: []  # type: ignore[method-assign]
    importlib.metadata.entry_points = no_plugins
    try:
        yield
    finally:
        configparser.ConfigParser.read = read  # type: ignore[method-assign]
        importlib.metadata.entry_points = entry_points


with _nobody_elses_settings():
    import manim  # noqa: F401
