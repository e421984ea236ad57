"""The SHA-256 of a model's weights, remembered from run to run: it takes as long as a short run itself."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model_probe.cache import cache_path


def weights_digest(paths: Sequence[Path]) -> str:
    """SHA-256 over the files' bytes, file after file, in hexadecimal.

    It is computed where no file of that place, size and time of change was met before.
    """
    stats = [
        (str(path.resolve()), status.st_size, status.st_mtime_ns)
        for path in paths
        for status in [path.stat()]
    ]
    key = hashlib.sha256(json.dumps(stats).encode()).hexdigest()
    memory = cache_path() / "weights.json"
    known = _read(memory)
    if key not in known:
        digest = hashlib.sha256()
        for path in paths:
            with path.open("rb") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
        known[key] = digest.hexdigest()
        _write(memory, known)
    return known[key]


def _read(memory: Path) -> dict[str, str]:
    """What was met before; a file that cannot be read is none."""
    try:
        known: Any = json.loads(memory.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    sound = isinstance(known, dict) and all(isinstance(v, str) and len(v) == 64 for v in known.values())
    return known if sound else {}


def _write(memory: Path, known: dict[str, str]) -> None:
    """Remember; where that is not possible the digest is computed anew next time."""
    with contextlib.suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        part = memory.with_suffix(f".{os.getpid()}")
        part.write_text(json.dumps(known), encoding="utf-8")
        part.replace(memory)
