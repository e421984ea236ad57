"""What was seen of a scene as it was played once a session, for all workers and all tests that look at it.

    seen("mask", path)                      the fixture of conftest.py
    seen("mask", path, "ja", "9:16").faults

It is kept on disk until the session ends: whichever test asks first plays the scene, and the others read.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from model_probe.trace import Trace
from scenes.lecture_scene import Beat
from scenes.settings import Settings
from tests.scenes.faults import inspected


@dataclass(frozen=True)
class Seen:
    """A scene that was played to its end without drawing.

    Attributes:
        beats: as they were played.
        seconds: its length.
        poster: the beat that stands for it.
        faults: what was wrong with its picture at the end of each beat, in words.
    """

    beats: list[Beat]
    seconds: float
    poster: str
    faults: list[str]


See = Callable[..., Seen]


@cache
def digest(trace: Path) -> str:
    """Workers record the same trace each in a folder of its own: what counts is what is in it."""
    return Trace.open(trace).digest


def kept_in(folder: Path) -> See:
    """The function that plays, or reads what was seen before; `folder` is the session's, for all workers."""

    @cache
    def see(name: str, trace: Path, language: str = "en", aspect: str = "16:9") -> Seen:
        key = sha256(repr((name, digest(trace), language, aspect)).encode()).hexdigest()
        path = folder / key[:24]
        with FileLock(f"{path}.lock"):
            if not path.is_file():
                path.write_bytes(pickle.dumps(look(name, Settings(trace, language, aspect=aspect))))
            found: Seen = pickle.loads(path.read_bytes())
        return found

    return see


def look(name: str, settings: Settings) -> Seen:
    """Play a scene."""
    scene, faults = inspected(name, settings)
    caption = scene._caption
    if caption.width > scene.layout.caption.width + 1e-6 or len(caption) > scene.layout.caption_lines:
        faults.append(f"the last caption does not fit: {len(caption)} lines, {caption.width:.1f} wide")
    return Seen(scene.beats, scene.renderer.time, scene.poster, faults)
