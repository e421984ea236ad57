"""`slides.html`: the clips as slides for a talk, a pause after each beat.

One file that plays the clips beside it: it works opened by double-click and from any static server. A
framework would bring 100 kB for slides and transitions of its own, and not stop a film on a frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babel import Locale

from scenes.language import catalogue, plain
from scenes.mobjects.palette import THEMES
from scenes.publish.templates import template
from scenes.publish.texts import model_line
from scenes.whole_file import write_whole


def write_slides(out: Path, clips: Mapping[str, Mapping[str, Any]], language: str) -> None:
    """Write `slides.html`, whole or not at all.

    Args:
        out: the output directory.
        clips: the manifest's entries of the clips by the scenes' names, in order.
        language: of the page's own words; what is said is there in every language.

    Raises:
        OSError: the disk is full or the file cannot be written.
    """
    first = next(iter(clips.values()))
    codes = sorted(first["beats"][0]["narration"])
    page = template("slides.html").render(
        language=language,
        words=_words(language),
        model=model_line(first, language),
        prompt=first["prompt"],
        languages=[(code, str(Locale.parse(code).display_name)) for code in codes],
        theme=first["theme"],
        colours=THEMES[first["theme"]],
        clips=clips,
        slides=[slide for name, entry in clips.items() for slide in _slides(name, entry, codes)],
    )
    write_whole(out / "slides.html", page)


def _slides(name: str, entry: Mapping[str, Any], codes: list[str]) -> list[dict[str, Any]]:
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
            "words": {code: plain(beat["narration"][code]) for code in codes},
        }
        for number, (beat, start) in enumerate(zip(beats, starts, strict=False), 1)
    ]


def _words(language: str) -> dict[str, str]:
    _ = catalogue(language).gettext
    return {
        "title": _("What happens inside a transformer"),
        "slides": _("Slides"),
        "captions": _("Captions"),
        "no_captions": _("none"),
        "overview": _("Overview"),
        "back": _("Back"),
        "next": _("Next"),
        "full_screen": _("Full screen"),
        "close": _("Close"),
    }
