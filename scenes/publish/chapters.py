"""Chapter marks: a title for each beat of a clip, and the list that a YouTube description wants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from scenes.language import em_width, phrases, plain
from scenes.publish.captions import Cue, sentences

LONGEST = 26.0  # em of a title: 52 characters of half an em, 26 of a full one
SHORTEST = 8.0  # em that what stands before a colon must have, to be a title by itself
FULL_STOPS = ".。"
POINTS = " .。,、;:："  # what a … does not stand after


def beat_chapters(beats: Iterable[Mapping[str, Any]], language: str, end: float) -> list[Cue]:
    """One chapter a beat, up to the next one's start; `end` is the clip's, in seconds."""
    told = [beat for beat in beats if plain(beat["narration"][language])]
    starts = [*(beat["start"] for beat in told), end]
    return [
        Cue(start, stop, (beat_title(beat["narration"][language], language),))
        for beat, (start, stop) in zip(told, pairwise(starts), strict=True)
    ]


def beat_title(narration: str, language: str) -> str:
    """The first sentence of what is said; a long one up to its colon, else to a phrase and an ellipsis."""
    first = sentences(plain(narration))[0].strip()
    if em_width(first) <= LONGEST:
        return first.rstrip(FULL_STOPS)
    topic, colon, _rest = first.partition(": ")
    if colon and SHORTEST <= em_width(topic) <= LONGEST:
        return topic
    pieces, joiner = phrases(first, language)
    while len(pieces) > 1 and em_width(joiner.join(pieces)) >= LONGEST:
        pieces.pop()
    return joiner.join(pieces).rstrip(POINTS) + "…"


def youtube(chapters: Iterable[Cue]) -> str:
    """The chapters as lines of a YouTube description, which may hold no angle brackets."""
    lines = []
    for chapter in chapters:
        title = " ".join(chapter.lines).replace("<", "‹").replace(">", "›")
        lines.append(f"{clock(chapter.start)} {title}\n")
    return "".join(lines)


def clock(seconds: float) -> str:
    """A time as people write it: 0:07, 12:30, 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
