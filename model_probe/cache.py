"""Where this project keeps, from run to run, what would take long to make again."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path


def cache_path() -> Path:
    """The directory; it need not exist yet. On Linux it follows `XDG_CACHE_HOME`."""
    return user_cache_path("transformer-film-studio")


def about_cache() -> str:
    """What `--help` says of it, for click, whose lines it does not fill."""
    return (
        f"\b\nGGUF files are de-quantised once, in float32, and smollm2 is fetched once, into\n{cache_path()}"
    )
