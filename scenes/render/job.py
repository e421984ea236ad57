"""What a scene's process is asked to do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from model_probe.trace import Trace
from scenes.settings import Settings


def identity(trace: Trace) -> str:
    """What tells a trace from another that comes to lie under its name; as it says itself, where it does."""
    return trace.facts.content_sha256 or trace.digest


@dataclass(frozen=True)
class Job:
    """One clip to make, or a part of that.

    Attributes:
        name: the scene's short name.
        scene: `module:Class`.
        trace: the `identity` of the trace that the settings name: one that came there since is not drawn.
        work: a directory of the job's own. The clip comes to lie there, as `NAME.mp4`, and where the ground
            is clear `NAME.webm`; Manim's media go there.
        task: "clip"; or "rehearsal", what the clip is to be without drawing it; or "segment", some of its
            plays, to be joined with others.
        plays: of a segment, its first play and its last, as Manim counts them; -1 is the scene's last.
        least: of a segment, seconds that beats last at least, by name: as the rehearsal found.
    """

    name: str
    scene: str
    settings: Settings
    quality: str
    trace: str
    work: Path
    task: Literal["clip", "rehearsal", "segment"] = "clip"
    plays: tuple[int, int] = (0, -1)
    least: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> str:
        """Write the job as one line, for the process that does it."""
        return json.dumps(asdict(self), default=str)

    @classmethod
    def from_json(cls, line: str) -> Job:
        """Read what `to_json` wrote."""
        values: dict[str, Any] = json.loads(line)
        settings = values.pop("settings")
        settings["trace"] = Path(settings["trace"])
        values["work"], values["plays"] = Path(values["work"]), tuple(values["plays"])
        return cls(settings=Settings(**settings), **values)
