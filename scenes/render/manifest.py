"""`manifest.json`: what is in an output directory, and what it was made from."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import fastjsonschema

from model_probe.errors import first_line
from scenes.whole_file import write_whole

SCHEMA = 5
RULES = Path(__file__).parent.parent.parent / "assets" / "manifest.schema.json"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


class Manifest:
    """The manifest of one output directory; every change is on disk at once, so that a run can be resumed.

    Attributes:
        clips: scene name → seconds, frames, size, sha256, model, prompt, trace digest, beats, texts, …
        lecture: the same for `lecture.mp4`, or None.
        request: what the trace was asked for; see `scenes.render.probe`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        values = self._read()
        self.clips: dict[str, dict[str, Any]] = values.get("clips", {})
        self.lecture: dict[str, Any] | None = values.get("lecture")
        self.request: dict[str, Any] | None = values.get("request")

    def _read(self) -> dict[str, Any]:
        """What stands there; what is no manifest of ours counts as none, said in a line: it can be remade.

        Paths are read from it and written to, so one of another hand is taken only where it fits the schema.
        """
        try:
            values = json.loads(self.path.read_text(encoding="utf-8"), parse_constant=_refuse)
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, RecursionError) as error:
            return self._made_anew(first_line(error))
        if isinstance(values, dict) and values.get("schema") != SCHEMA:
            return {}  # an earlier version's
        try:
            fastjsonschema.compile(json.loads(RULES.read_text(encoding="utf-8")))(values)
        except fastjsonschema.JsonSchemaException as error:
            return self._made_anew(first_line(error))
        known: dict[str, Any] = values
        return known

    def _made_anew(self, reason: str) -> dict[str, Any]:
        print(f"{self.path} is not as it was written ({reason:.200}); it is made anew", file=sys.stderr)
        return {}

    def save(self) -> None:
        """Write it under a temporary name and rename it when whole."""
        values = {
            "schema": SCHEMA,
            "request": self.request,
            "clips": self.clips,
            "lecture": self.lecture,
        }
        write_whole(self.path, json.dumps(values, ensure_ascii=False, indent=2) + "\n")

    def unchanged(self, name: str, inputs: str, clip: Path) -> bool:
        """Whether the clip of that name was made from these inputs and is still what was made."""
        entry = self.clips.get(name)
        if entry is None or entry.get("inputs") != inputs or not is_file_of(clip, entry):
            return False
        # A film with a clear ground is drawn with the scene; the other formats are made from the MP4
        return not entry["clear"] or is_file_of(clip.with_suffix(".webm"), entry["further"].get("webm", {}))


def content_of(path: Path) -> dict[str, Any]:
    """Bytes and SHA-256 of a file."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def is_file_of(path: Path, entry: dict[str, Any]) -> bool:
    """Whether the file at `path` is the one that the manifest's `entry` describes."""
    try:
        # the size is known without reading the file
        return path.stat().st_size == entry.get("bytes") and content_of(path)["sha256"] == entry.get("sha256")
    except OSError:
        return False
