"""`manifest.json`: what is in an output directory, and what it was made from."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import fastjsonschema

from model_probe.errors import first_line
from scenes.whole_file import write_whole

SCHEMA = 7
RULES = Path(__file__).parent.parent.parent / "assets" / "manifest.schema.json"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


class Manifest:
    """The manifest of one output directory; every change is on disk at once, so that a run can be resumed.

    Attributes:
        files: name → "bytes", "sha256", and "from", the digest of all that it was made from.
        clips: scene name → seconds, frames, size, sha256, model, prompt, trace digest, beats, texts, …
        cards: the name of a part's card → the same, as far as a card has it.
        lecture: the same for `lecture.mp4`, or None.
        parts: the name of a part's own film → the same.
        request: what the trace was asked for; see `scenes.render.probe`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        values = self._read()
        self.files: dict[str, dict[str, Any]] = values.get("files", {})
        self.clips: dict[str, dict[str, Any]] = values.get("clips", {})
        self.cards: dict[str, dict[str, Any]] = values.get("cards", {})
        self.parts: dict[str, dict[str, Any]] = values.get("parts", {})
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
            "files": dict(sorted(self.files.items())),
            "clips": self.clips,
            "cards": self.cards,
            "lecture": self.lecture,
            "parts": self.parts,
        }
        write_whole(self.path, json.dumps(values, ensure_ascii=False, indent=2) + "\n")

    def stands(self, names: Sequence[str], made_from: str) -> bool:
        """Whether these files were made from that, and each is still what was made."""
        noted = [self.files.get(name, {}) for name in names]
        return all(each.get("from") == made_from for each in noted) and all(
            _is_file_of(self.path.parent / name, each) for name, each in zip(names, noted, strict=True)
        )

    def hold(self, names: Iterable[str]) -> None:
        """Take up what these files are now; from what they were made is noted later.

        Raises:
            OSError: one cannot be read.
        """
        for name in names:
            self.files[name] = _content_of(self.path.parent / name)

    def note(self, names: Iterable[str], made_from: str) -> None:
        """Note what these files were made from."""
        for name in names:
            self.files[name]["from"] = made_from

    def drop(self, names: Iterable[str]) -> None:
        """Remove these files, where they are there.

        Raises:
            OSError: one is there and cannot be removed.
        """
        for name in names:
            (self.path.parent / name).unlink(missing_ok=True)
            self.files.pop(name, None)

    def digest_of(self, path: Path) -> str:
        """SHA-256 of a file in the directory, as noted."""
        return str(self.files[str(path.relative_to(self.path.parent))]["sha256"])

    def content(self, name: str) -> dict[str, Any]:
        """Bytes and SHA-256 of a file, as noted."""
        return {key: self.files[name][key] for key in ("bytes", "sha256")}


def _content_of(path: Path) -> dict[str, Any]:
    """Bytes and SHA-256 of a file."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _is_file_of(path: Path, entry: dict[str, Any]) -> bool:
    """Whether the file at `path` is the one that the manifest's `entry` describes."""
    try:
        if path.stat().st_size != entry.get("bytes"):  # known without reading the file
            return False
        return bool(_content_of(path)["sha256"] == entry.get("sha256"))
    except OSError:
        return False
