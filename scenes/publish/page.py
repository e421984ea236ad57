"""The course page: `index.html` beside the clips, and a small page for each clip to be embedded.

One file each, which loads nothing but the films: it works from any static server, and opened by double-click.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import Any

from babel import Locale

from scenes.language import catalogue, plain
from scenes.mobjects.palette import THEMES
from scenes.publish.captions import cues
from scenes.publish.chapters import beat_chapters, clock
from scenes.publish.templates import template
from scenes.publish.texts import model_line
from scenes.whole_file import write_whole

Entry = Mapping[str, Any]
"""What the manifest says of a clip."""


def write_pages(out: Path, lecture: Entry, clips: Mapping[str, Entry], language: str) -> None:
    """Write `index.html` and `clips/NAME.html`, each whole or not at all.

    Args:
        out: the output directory.
        lecture: the manifest's entry of the lecture.
        clips: its clips by the scenes' names, in order.
        language: of the page's own words; captions and transcripts are in every language.

    Raises:
        OSError: the disk is full or a file cannot be written.
    """
    words = _words(language)
    # Captions that are in the picture need not be shown again
    captions = "" if all(entry["captions"] for entry in clips.values()) else language
    films = [
        _lecture(lecture, clips, words),
        *(_film(name, entry, language) for name, entry in clips.items()),
    ]
    first = next(iter(clips.values()))
    codes = sorted(first["beats"][0]["narration"])
    spoken = {name: _cues(entry, codes) for name, entry in clips.items()}
    starts = dict(
        zip(clips, accumulate((entry["seconds"] for entry in clips.values()), initial=0.0), strict=False)
    )
    whole = {
        code: {
            "label": _name(code),
            "cues": [
                cue for name, entry in clips.items() for cue in _cue_list(entry["beats"], code, starts[name])
            ],
        }
        for code in codes
    }
    index = template("index.html").render(
        language=language,
        words=words,
        model=model_line(first, language),
        prompt=first["prompt"],
        languages=[(code, _name(code)) for code in codes],
        films=films,
        captions=captions,
        cues={"lecture": whole, **spoken},
    )
    write_whole(out / "index.html", index)
    for film in films[1:]:
        page = template("embed.html").render(
            language=language,
            film=film,
            captions=captions,
            cues={film["name"]: spoken[film["name"]]},
            ground=THEMES[clips[film["name"]]["theme"]].ground,
        )
        write_whole(out / "clips" / f"{film['name']}.html", page)


def _film(name: str, entry: Entry, language: str) -> dict[str, Any]:
    """What the template shows of one clip."""
    chapters = beat_chapters(entry["beats"], language, entry["seconds"])
    title = entry["title"]
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
        "measures": f"{entry['seconds']:.0f} s · {entry['bytes'] / 1e6:.1f} MB",
    }


def _lecture(entry: Entry, clips: Mapping[str, Entry], words: Mapping[str, str]) -> dict[str, Any]:
    """The same for the whole lecture: a chapter for each clip."""
    chapters, start = [], 0.0
    for clip in clips.values():
        chapters.append({"start": round(start, 3), "clock": clock(start), "title": clip["title"]})
        start += clip["seconds"]
    return {
        "name": "lecture",
        "title": words["lecture"],
        "file": entry["file"],
        "poster": next(iter(clips.values()))["poster"],
        "further": {},
        "width": entry["width"],
        "height": entry["height"],
        "chapters": chapters,
        "transcript": {},
        "embed": "",
        "measures": f"{entry['seconds']:.0f} s · {entry['bytes'] / 1e6:.1f} MB",
    }


def _cues(entry: Entry, codes: list[str]) -> dict[str, Any]:
    return {code: {"label": _name(code), "cues": _cue_list(entry["beats"], code, 0.0)} for code in codes}


def _cue_list(beats: Any, code: str, offset: float) -> list[dict[str, Any]]:
    """Cues as the player wants them; their text is markup to a browser, so what would be is escaped."""
    return [
        {"start": cue.start, "end": cue.end, "text": html.escape("\n".join(cue.lines), quote=False)}
        for cue in cues(beats, code, offset)
    ]


def _name(code: str) -> str:
    """A language's name in itself."""
    return str(Locale.parse(code).display_name)


def _words(language: str) -> dict[str, str]:
    _ = catalogue(language).gettext
    return {
        "title": _("What happens inside a transformer"),
        "lecture": _("The whole lecture"),
        "captions": _("Captions"),
        "no_captions": _("none"),
        "chapters": _("Chapters"),
        "transcript": _("Transcript"),
        "embed": _("Embed"),
        "copy": _("Copy"),
        "copied": _("Copied"),
        "download": _("Download"),
    }
