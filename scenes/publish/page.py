"""The course page: `index.html` beside the clips, and a small page for each clip to be embedded.

One file each, which loads nothing but the films: it works from any static server, and opened by double-click.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scenes.language import catalogue, plain
from scenes.publish.captions import cues
from scenes.publish.chapters import beat_chapters, clock
from scenes.publish.pages import Entry, codes, language_name, write_page
from scenes.publish.texts import heading


def write_index(
    target: Path, films: Sequence[Mapping[str, Any]], clips: Mapping[str, Entry], language: str
) -> None:
    """Write the course page.

    Args:
        target: the page.
        films: the lecture, and the films of its parts, each before its first scene: "name", the manifest's
            "entry", "scenes" and "pieces" as `scenes.publish.texts` has them.
        clips: the lecture's clips by the scenes' names, in order.
        language: of the page's own words; captions and transcripts are in every language.

    Raises:
        OSError: the disk is full or the file cannot be written.
    """
    words = _words(language)
    spoken = {name: _cues(entry, codes(clips)) for name, entry in clips.items()}
    lecture, *parts = films
    shown = [_joined(lecture, words["lecture"], clips, language)]
    for name, entry in clips.items():
        for part in parts:
            if part["scenes"][0] == name:
                shown.append(_joined(part, heading(part["pieces"][0]["part"], language), clips, language))
        shown.append(_film(name, entry, language))
    whole = {
        film["name"]: {
            code: {
                "label": language_name(code),
                "cues": [
                    cue for piece in film["pieces"] for cue in _cue_list(piece["beats"], code, piece["start"])
                ],
            }
            for code in codes(clips)
        }
        for film in films
    }
    write_page(
        target,
        "index.html",
        clips,
        language,
        words,
        films=shown,
        captions=_shown(clips, language),
        cues={**whole, **spoken},
    )


def write_embedded(target: Path, name: str, entry: Entry, language: str) -> None:
    """Write a clip's own page, which another page can hold.

    Raises:
        OSError: the disk is full or the file cannot be written.
    """
    clips = {name: entry}
    write_page(
        target,
        "embed.html",
        clips,
        language,
        {},
        film=_film(name, entry, language),
        captions=_shown(clips, language),
        cues={name: _cues(entry, codes(clips))},
    )


def _shown(clips: Mapping[str, Entry], language: str) -> str:
    """The captions that are shown from the start; those that are in the picture need not be shown again."""
    return "" if all(entry["captions"] for entry in clips.values()) else language


def _film(name: str, entry: Entry, language: str) -> dict[str, Any]:
    """What the template shows of one clip."""
    chapters = beat_chapters(entry["beats"], language, entry["seconds"])
    title = plain(entry["title"])
    return {
        "name": name,
        "title": title,
        "file": entry["file"],
        "poster": entry["poster"],
        "further": {kind: made["file"] for kind, made in entry["further"].items()},
        "width": entry["width"],
        "height": entry["height"],
        "chapters": [
            {"start": chapter.start, "clock": clock(chapter.start), "title": " ".join(chapter.lines)}
            for chapter in chapters
        ],
        "transcript": {
            code: [
                {"clock": clock(beat["start"]), "text": plain(beat["narration"][code])}
                for beat in entry["beats"]
            ]
            for code in sorted(entry["beats"][0]["narration"])
        },
        "embed": f'<iframe src="clips/{name}.html" title="{html.escape(title)}" '
        f'width="{entry["width"]}" height="{entry["height"]}" style="border: 0" allowfullscreen></iframe>',
        "measures": _measures(entry),
    }


def _joined(film: Mapping[str, Any], title: str, clips: Mapping[str, Entry], language: str) -> dict[str, Any]:
    """The same for the lecture or a part of it: a chapter for each clip."""
    entry, words = film["entry"], catalogue(language).gettext
    chapters = [
        {
            "start": round(piece["opens"], 3),
            "clock": clock(piece["opens"]),
            "title": plain(words(piece["title"])),
        }
        for piece in film["pieces"]
    ]
    return {
        "name": film["name"],
        "title": title,
        "file": entry["file"],
        "poster": clips[film["scenes"][0]]["poster"],
        "further": {},
        "width": entry["width"],
        "height": entry["height"],
        "chapters": chapters,
        "transcript": {},
        "embed": "",
        "measures": _measures(entry),
    }


def _measures(film: Entry) -> str:
    return f"{film['seconds']:.0f} s · {film['bytes'] / 1e6:.1f} MB"


def _cues(entry: Entry, languages: list[str]) -> dict[str, Any]:
    return {
        code: {"label": language_name(code), "cues": _cue_list(entry["beats"], code, 0.0)}
        for code in languages
    }


def _cue_list(beats: Any, code: str, offset: float) -> list[dict[str, Any]]:
    """Cues as the player wants them; their text is markup to a browser, so what would be is escaped."""
    return [
        {"start": cue.start, "end": cue.end, "text": html.escape("\n".join(cue.lines), quote=False)}
        for cue in cues(beats, code, offset)
    ]


def _words(language: str) -> dict[str, str]:
    _ = catalogue(language).gettext
    return {
        "lecture": _("The whole lecture"),
        "chapters": _("Chapters"),
        "transcript": _("Transcript"),
        "embed": _("Embed"),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "download": _("Download"),
    }
