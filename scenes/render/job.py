"""What a scene's process is asked to do, and what it says while it works."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from scenes.settings import Settings


@dataclass(frozen=True)
class Job:
    """One clip to make.

    Attributes:
        name: the scene's short name.
        scene: `module:Class`.
        target: the finished clip.
        work: a directory of the job's own; Manim's media go there.
    """

    name: str
    scene: str
    settings: Settings
    quality: str
    target: Path
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
        values["target"], values["work"] = Path(values["target"]), Path(values["work"])
        return cls(settings=Settings(**settings), **values)


@dataclass(frozen=True)
class Outcome:
    """How a job ended: `clip` describes what was made, or `error` is one line that says why not."""

    name: str
    clip: dict[str, Any] | None = None
    error: str = ""
