"""A file appears whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def plain_name(path: Path) -> str:
    """A path as FFmpeg takes it for nothing else: by itself, `concat:a` or `data:x` is no file to it."""
    return str(path.absolute())


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Where to write what becomes `path` when the block ends well, and is gone when it does not.

    The name is `.NAME.part` beside it: a run clears away what a killed one left under such names.

    Raises:
        OSError: `path` cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_whole(path: Path, content: str) -> None:
    """Write `content` in UTF-8 as a whole file; a file that says so already stays.

    Raises:
        OSError: the disk is full or `path` cannot be written.
    """
    encoded = content.encode()
    if path.is_file() and path.read_bytes() == encoded:
        return
    with whole_file(path) as part:
        part.write_bytes(encoded)
