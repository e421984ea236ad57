"""What a scene's process is asked to do."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from model_probe.trace import Trace
from scenes.settings import Settings


def identity(trace: Trace) -> str:
    """What tells a trace from another that comes to lie under its name; as it says itself, where it does."""
    return trace.facts.content_sha256 or trace.digest


@dataclass(frozen=True)
class Job:
    """One clip to make.

    Attributes:
        name: the scene's short name.
        scene: `module:Class`.
        trace: the `identity` of the trace that the settings name: one that came there since is not drawn.
        work: a directory of the job's own. The clip comes to lie there, as `NAME.mp4`, and where the ground
            is clear `NAME.webm`; Manim's media go there.
    """

    name: str
    scene: str
    settings: Settings
    quality: str
    trace: str
    work: Path

    def to_json(self) -> str:
        """Write the job as one line, for the process that does it."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, line: str) -> Job:
        """Read what `to_json` wrote."""
        values: dict[str, Any] = json.loads(line)
        settings = values.pop("settings")
        settings["trace"] = Path(settings["trace"])
        values["work"] = Path(values["work"])
        return cls(settings=Settings(**settings), **values)
