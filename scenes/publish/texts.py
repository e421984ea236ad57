"""The text files beside a clip and beside the lecture, in every language: captions, chapters, transcript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scenes import SCENES
from scenes.language import catalogue, plain
from scenes.publish.captions import Cue, cues, subrip, webvtt
from scenes.publish.chapters import beat_chapters, clock, youtube
from scenes.publish.transcript import Section, Transcript
from scenes.whole_file import write_whole

Beats = list[dict[str, Any]]
"""As the manifest has them: "name", "start", "end" and "narration" by language."""

Texts = dict[str, dict[str, str]]
"""Language → kind of file → its name, from the output directory on."""


@dataclass(frozen=True)
class _Part:
    """A clip in the lecture: the scene's name, its beats, and its place in seconds."""

    name: str
    beats: Beats
    start: float
    end: float


def write_clip_texts(clip: Path, beats: Beats, seconds: float) -> Texts:
    """Write captions and chapters beside `clip`, in each language that its beats are told in.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    texts = {}
    for language in _languages(beats):
        captions = cues(beats, language)
        files = {
            "vtt": (f"{clip.stem}.{language}.vtt", webvtt(captions)),
            "srt": (f"{clip.stem}.{language}.srt", subrip(captions)),
            "chapters": (
                f"{clip.stem}.chapters.{language}.vtt",
                webvtt(beat_chapters(beats, language, seconds)),
            ),
        }
        texts[language] = _write(clip.parent, files, prefix=f"{clip.parent.name}/")
    return texts


def write_lecture_texts(lecture: Path, clips: Mapping[str, Mapping[str, Any]]) -> Texts:
    """Write captions, chapters and transcript beside `lecture`, in each language that all its clips share.

    Args:
        lecture: the film.
        clips: the manifest's entries of its clips by the scenes' names, in order; all of one trace and rate.

    Raises:
        OSError: the disk is full or the folder cannot be written.
    """
    parts, frames = [], 0
    for name, entry in clips.items():
        rate, start = entry["frame_rate"], frames
        frames += entry["frames"]
        parts.append(_Part(name, entry["beats"], start / rate, frames / rate))
    facts = next(iter(clips.values()))
    texts = {}
    for language in _languages(beat for part in parts for beat in part.beats):
        captions = [cue for part in parts for cue in cues(part.beats, language, part.start)]
        chapters = [Cue(part.start, part.end, (_title(part, language),)) for part in parts]
        sections = [_section(part, language) for part in parts]
        transcript = Transcript(language, model_line(facts, language), facts["prompt"], sections)
        files = {
            "vtt": (f"{lecture.stem}.{language}.vtt", webvtt(captions)),
            "srt": (f"{lecture.stem}.{language}.srt", subrip(captions)),
            "chapters": (f"chapters.{language}.vtt", webvtt(chapters)),
            "youtube": (f"youtube.{language}.txt", youtube(chapters)),
            "markdown": (f"transcript.{language}.md", transcript.markdown()),
            "html": (f"transcript.{language}.html", transcript.html()),
        }
        texts[language] = _write(lecture.parent, files)
    return texts


def _languages(beats: Iterable[dict[str, Any]]) -> list[str]:
    """The languages that every beat is told in."""
    told = [set(beat["narration"]) for beat in beats]
    return sorted(set.intersection(*told)) if told else []


def _title(part: _Part, language: str) -> str:
    return catalogue(language).gettext(SCENES[part.name].title)


def model_line(entry: Mapping[str, Any], language: str) -> str:
    """The model that a clip shows, and why it ran where it was not the one asked for."""
    translate = catalogue(language).gettext
    note = entry["model_note"]
    return f"{entry['model']} ({translate(note)})" if note else str(entry["model"])


def _section(part: _Part, language: str) -> Section:
    return Section(
        title=_title(part, language),
        picture=catalogue(language).gettext(SCENES[part.name].picture),
        said=[
            (clock(part.start + beat["start"]), narration)
            for beat in part.beats
            if (narration := plain(beat["narration"][language]))
        ],
    )


def _write(folder: Path, files: Mapping[str, tuple[str, str]], prefix: str = "") -> dict[str, str]:
    for name, content in files.values():
        write_whole(folder / name, content)
    return {kind: prefix + name for kind, (name, _content) in files.items()}
