"""The text files beside a clip and beside the lecture: captions, chapters, transcript, each in one language.

A film's parts are the clips in it: "title" and "picture" of the scene as they stand in the code, "beats" as
the manifest has them, and "start" and "end" in seconds of the film. A clip by itself is a film of one part.

Everything here raises OSError where the disk is full or the file cannot be written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from scenes.language import catalogue, plain
from scenes.publish.captions import Cue, cues, subrip, webvtt
from scenes.publish.chapters import beat_chapters, clock, youtube
from scenes.publish.transcript import Section, Transcript

Part = Mapping[str, Any]


def write_webvtt(target: Path, parts: Sequence[Part], language: str) -> None:
    """Write captions as WebVTT."""
    _write(target, webvtt(_captions(parts, language)))


def write_subrip(target: Path, parts: Sequence[Part], language: str) -> None:
    """Write captions as SubRip."""
    _write(target, subrip(_captions(parts, language)))


def write_beat_chapters(target: Path, parts: Sequence[Part], language: str) -> None:
    """Write chapters as WebVTT, one for each beat."""
    found = (beat_chapters(part["beats"], language, part["end"]) for part in parts)
    _write(target, webvtt(chain.from_iterable(found)))


def write_scene_chapters(target: Path, parts: Sequence[Part], language: str) -> None:
    """Write chapters as WebVTT, one for each part."""
    _write(target, webvtt(_scenes(parts, language)))


def write_youtube(target: Path, parts: Sequence[Part], language: str) -> None:
    """Write the list of chapters that a YouTube description wants."""
    _write(target, youtube(_scenes(parts, language)))


def write_transcript(
    target: Path, parts: Sequence[Part], language: str, model: str, model_note: str, prompt: str
) -> None:
    """Write what is seen and said, as Markdown or as a page: the name's ending says which."""
    words = catalogue(language).gettext
    facts = {"model": model, "model_note": model_note}
    sections = [_section(part, language, words) for part in parts]
    transcript = Transcript(language, model_line(facts, language), prompt, sections)
    _write(target, transcript.markdown() if target.suffix == ".md" else transcript.html())


def model_line(entry: Mapping[str, Any], language: str) -> str:
    """The model that a clip shows, and why it ran where it was not the one asked for."""
    note = entry["model_note"]
    model = plain(entry["model"])
    return f"{model} ({plain(catalogue(language).gettext(note))})" if note else model


def _captions(parts: Iterable[Part], language: str) -> list[Cue]:
    return [cue for part in parts for cue in cues(part["beats"], language, part["start"])]


def _scenes(parts: Iterable[Part], language: str) -> list[Cue]:
    words = catalogue(language).gettext
    return [Cue(part["start"], part["end"], (words(part["title"]),)) for part in parts]


def _section(part: Part, language: str, words: Callable[[str], str]) -> Section:
    return Section(
        title=words(part["title"]),
        picture=words(part["picture"]),
        said=[
            (clock(part["start"] + beat["start"]), narration)
            for beat in part["beats"]
            if (narration := plain(beat["narration"][language]))
        ],
    )


def _write(target: Path, words: str) -> None:
    target.write_text(words, encoding="utf-8")
