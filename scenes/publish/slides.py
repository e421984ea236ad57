"""`slides.html`: the clips as slides for a talk, a pause after each beat.

One file that plays the clips beside it: it works opened by double-click and from any static server. A
framework would bring 100 kB for slides and transitions of its own, and not stop a film on a frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenes.language import catalogue, plain
from scenes.publish.pages import Entry, codes, write_page


def write_slides(target: Path, clips: Mapping[str, Entry], language: str) -> None:
    """Write the slides.

    Args:
        target: the page.
        clips: the manifest's entries of the clips by the scenes' names, in order.
        language: of the page's own words; what is said is there in every language.

    Raises:
        OSError: the disk is full or the file cannot be written.
    """
    write_page(
        target,
        "slides.html",
        clips,
        language,
        _words(language),
        captions="",
        films={name: {**entry, "title": plain(entry["title"])} for name, entry in clips.items()},
        slides=[slide for name, entry in clips.items() for slide in _slides(name, entry, codes(clips))],
    )


def _slides(name: str, entry: Entry, languages: list[str]) -> list[dict[str, Any]]:
    """A slide for each beat of a clip, from where the one before it stopped, so that nothing is left out.

    `from` and `to` are in seconds of the clip, `frame` is how many of them a picture lasts.
    """
    beats = entry["beats"]
    starts = [0.0, *(beat["end"] for beat in beats)]
    return [
        {
            "scene": name,
            "beat": beat["name"],
            "number": number,
            "count": len(beats),
            "from": start,
            "to": beat["end"],
            "frame": 1 / entry["frame_rate"],
            "words": {code: plain(beat["narration"][code]) for code in languages},
        }
        for number, (beat, start) in enumerate(zip(beats, starts, strict=False), 1)
    ]


def _words(language: str) -> dict[str, str]:
    _ = catalogue(language).gettext
    return {
        "slides": _("Slides"),
        "overview": _("Overview"),
        "back": _("Back"),
        "next": _("Next"),
        "full_screen": _("Full screen"),
        "close": _("Close"),
    }
