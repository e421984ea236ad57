"""Captions: what is said in each beat, as cues that can be read in their time, in WebVTT and SubRip."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from scenes.language import caption_lines, em_width, phrases, plain

LINES = 2
LINE_WIDTH = {"ja": 20.0}  # em a line of a cue, so 20 full-width characters
DEFAULT_LINE_WIDTH = 21.0  # 42 characters of half an em

# A sentence ends at a full-width mark, or at another one with a space after it: not inside 0.5.
SENTENCE_END = re.compile(r"(?<=[。？！])(?![」）])|(?<=[.?!] )")

CLAUSE_END = re.compile(r"(?<=、)|(?<=[,;:] )")


@dataclass(frozen=True)
class Cue:
    """Some lines and when they are shown, in seconds."""

    start: float
    end: float
    lines: tuple[str, ...]


def cues(beats: Iterable[Mapping[str, Any]], language: str, offset: float = 0.0) -> list[Cue]:
    """The cues of some beats, in order: they cover each beat that says something, and nothing else.

    A long narration becomes several cues, which share the beat's time in proportion to the time it takes to
    read them: where the beat lasts as long as reading its narration takes, no cue is too fast.

    Args:
        beats: as the manifest has them: "start", "end" in seconds and "narration" by language.
        language: of the captions.
        offset: seconds that the clip starts after the film that the cues are for.
    """
    found = []
    for beat in beats:
        texts = _cue_texts(plain(beat["narration"][language]), language)
        widths = [sum(map(em_width, lines)) for lines in texts]
        if not any(widths):
            continue
        length = beat["end"] - beat["start"]
        shares = (beat["start"] + length * read / sum(widths) for read in accumulate(widths, initial=0.0))
        times = [round(offset + time, 3) for time in shares]
        found += [Cue(start, end, lines) for (start, end), lines in zip(pairwise(times), texts, strict=True)]
    return found


def sentences(narration: str) -> list[str]:
    """`narration` cut after its sentences."""
    return [sentence for sentence in SENTENCE_END.split(narration) if sentence]


def webvtt(cues: Iterable[Cue]) -> str:
    """The cues as a WebVTT file; its escapes leave no tag and no arrow in what is said."""
    blocks = ["WEBVTT"]
    for cue in cues:
        words = "\n".join(cue.lines).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n{words}")
    return "\n\n".join(blocks) + "\n"


def subrip(cues: Iterable[Cue]) -> str:
    """The cues as a SubRip file.

    SubRip has no escapes, and players take <…>, and a brace with a backslash, for markup: angle brackets are
    written ‹ ›, and an invisible word joiner parts the brace from its backslash.
    """
    blocks = []
    for number, cue in enumerate(cues, 1):
        words = "\n".join(cue.lines).replace("<", "‹").replace(">", "›").replace("{\\", "{\u2060\\")
        blocks.append(f"{number}\n{_clock(cue.start, ',')} --> {_clock(cue.end, ',')}\n{words}\n")
    return "\n".join(blocks)


def _cue_texts(narration: str, language: str) -> list[tuple[str, ...]]:
    """The lines of each cue: whole sentences where they fit, else clauses, else phrases."""
    together: list[str] = []
    for sentence in sentences(narration):
        if together and _fits(joined := together[-1] + sentence, language):
            together[-1] = joined
        else:
            together.append(sentence)
    return [tuple(_lines(part, language)) for whole in together for part in _parts(whole, language)]


def _parts(words: str, language: str) -> list[str]:
    """`words` halved until each part fits a cue; a word that alone is too long for a line is left whole."""
    if _fits(words, language):
        return [words]
    pieces, joiner = phrases(words, language)
    if len(pieces) == 1:
        return [words]
    for breaks in (CLAUSE_END.split(words), [piece + joiner for piece in pieces]):
        lengths = [em_width("".join(breaks[:count])) / em_width(words) for count in range(1, len(breaks))]
        middle = min(lengths, key=lambda length: abs(length - 0.5), default=0.0)
        if 0.3 < middle < 0.7:
            break
    count = 1 + lengths.index(middle)
    left, right = "".join(breaks[:count]), "".join(breaks[count:])
    return [part for half in (left, right) for part in _parts(half.strip(), language)]


def _fits(words: str, language: str) -> bool:
    return len(_lines(words, language)) <= LINES


def _lines(words: str, language: str) -> list[str]:
    return [line.strip() for line in caption_lines(words, language, _line_width(language))]


def _line_width(language: str) -> float:
    return LINE_WIDTH.get(language, DEFAULT_LINE_WIDTH)


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"
