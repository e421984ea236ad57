"""What every page has: its head, its words, and the languages that one can choose from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babel import Locale

from scenes.language import catalogue, printable
from scenes.mobjects.palette import THEMES
from scenes.publish.templates import template
from scenes.publish.texts import model_line

Entry = Mapping[str, Any]
"""What the manifest says of a clip."""


def write_page(
    target: Path,
    name: str,
    clips: Mapping[str, Entry],
    language: str,
    words: Mapping[str, str],
    **values: Any,
) -> None:
    """Write a page about some clips.

    Args:
        target: the page.
        name: of the template, which is given these values, `words`, and what every page has: `language`, the
            `model` line, the `prompt`, `languages` as (code, name), and the `theme` with its `colours`.
        clips: the manifest's entries, by the scenes' names, in order.
        language: of the page's own words.
        words: the page's own, besides those that all have.
        values: the page's own.

    Raises:
        OSError: the disk is full or the file cannot be written.
    """
    first = next(iter(clips.values()))
    _ = catalogue(language).gettext
    common = {
        "title": _("What happens inside a transformer"),
        "captions": _("Captions"),
        "no_captions": _("none"),
    }
    page = template(name).render(
        language=language,
        words={**common, **words},
        model=model_line(first, language),
        prompt=printable(first["prompt"]),
        languages=[(code, language_name(code)) for code in codes(clips)],
        theme=first["theme"],
        colours=THEMES[first["theme"]],
        **values,
    )
    target.write_text(page, encoding="utf-8")


def codes(clips: Mapping[str, Entry]) -> list[str]:
    """The languages that the clips are told in."""
    return sorted(next(iter(clips.values()))["beats"][0]["narration"])


def language_name(code: str) -> str:
    """A language's name in itself."""
    return str(Locale.parse(code).display_name)
