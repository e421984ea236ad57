"""A text file appears whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: str) -> None:
    """Write `content` in UTF-8 under a temporary name and rename it; a file that says so already stays.

    Raises:
        OSError: the disk is full or `path` cannot be written.
    """
    encoded = content.encode()
    if path.is_file() and path.read_bytes() == encoded:
        return
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(encoded)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
