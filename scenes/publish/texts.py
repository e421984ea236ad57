"""The text files beside a clip and beside the lecture: captions, chapters, transcript, each in one language.

A film's pieces are the clips in it: "title" and "picture" of the scene as they stand in the code, "beats" as
the manifest has them, "start" and "end" in seconds of the film, and where its chapter "opens": before it may
stand the card of a "part" of the lecture, its number and title. A clip by itself is a film of one piece.

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

Piece = Mapping[str, Any]


def write_webvtt(target: Path, pieces: Sequence[Piece], language: str) -> None:
    """Write captions as WebVTT."""
    _write(target, webvtt(_captions(pieces, language)))


def write_subrip(target: Path, pieces: Sequence[Piece], language: str) -> None:
    """Write captions as SubRip."""
    _write(target, subrip(_captions(pieces, language)))


def write_beat_chapters(target: Path, pieces: Sequence[Piece], language: str) -> None:
    """Write chapters as WebVTT, one for each beat."""
    found = (beat_chapters(piece["beats"], language, piece["end"]) for piece in pieces)
    _write(target, webvtt(chain.from_iterable(found)))


def write_scene_chapters(target: Path, pieces: Sequence[Piece], language: str) -> None:
    """Write chapters as WebVTT, one for each piece."""
    _write(target, webvtt(_scenes(pieces, language)))


def write_youtube(target: Path, pieces: Sequence[Piece], language: str) -> None:
    """Write the list of chapters that a YouTube description wants."""
    _write(target, youtube(_scenes(pieces, language)))


def write_transcript(
    target: Path, pieces: Sequence[Piece], language: str, model: str, model_note: str, prompt: str
) -> None:
    """Write what is seen and said, as Markdown or as a page: the name's ending says which."""
    words = catalogue(language).gettext
    facts = {"model": model, "model_note": model_note}
    sections = [_section(piece, language, words) for piece in pieces]
    transcript = Transcript(language, model_line(facts, language), prompt, sections)
    _write(target, transcript.markdown() if target.suffix == ".md" else transcript.html())


def heading(part: Sequence[str], language: str) -> str:
    """What a part of the lecture, its number and its title, is called: Part II: Attention."""
    _ = catalogue(language).gettext
    number, title = part
    return _("Part {number}: {title}").format(number=number, title=_(title))


def model_line(entry: Mapping[str, Any], language: str) -> str:
    """The model that a clip shows, and why it ran where it was not the one asked for."""
    note = entry["model_note"]
    model = plain(entry["model"])
    return f"{model} ({plain(catalogue(language).gettext(note))})" if note else model


def _captions(pieces: Iterable[Piece], language: str) -> list[Cue]:
    return [cue for piece in pieces for cue in cues(piece["beats"], language, piece["start"])]


def _scenes(pieces: Iterable[Piece], language: str) -> list[Cue]:
    words = catalogue(language).gettext
    return [Cue(piece["opens"], piece["end"], (words(piece["title"]),)) for piece in pieces]


def _section(piece: Piece, language: str, words: Callable[[str], str]) -> Section:
    return Section(
        title=words(piece["title"]),
        part=heading(piece["part"], language) if piece["part"] else "",
        picture=words(piece["picture"]),
        said=[
            (clock(piece["start"] + beat["start"]), narration)
            for beat in piece["beats"]
            if (narration := plain(beat["narration"][language]))
        ],
    )


def _write(target: Path, words: str) -> None:
    target.write_text(words, encoding="utf-8")
