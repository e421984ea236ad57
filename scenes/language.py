"""The language of narration and on-screen words.

English stands in the code; every other language is one catalogue, `assets/locale/LANG/LC_MESSAGES/scenes.po`,
read as it is (there is no compile step to forget).
"""

from __future__ import annotations

import gettext
import io
import re
import unicodedata
from functools import cache
from pathlib import Path

from model_probe.errors import UserError

LOCALE = Path(__file__).parent.parent / "assets" / "locale"
READING_SPEED = {"ja": 6.0}  # em of text a second that a viewer reads at ease: here one character is one em
DEFAULT_READING_SPEED = 8.5  # 17 characters of half an em
NO_BREAK = "\N{NO-BREAK SPACE}"
CAPTION_WIDTH = 42.0  # em a line at the caption's size

_active = gettext.NullTranslations()
asked: set[str] = set()  # the messages that this process has asked for


def languages() -> list[str]:
    """English and every language that has a catalogue."""
    return ["en", *sorted(path.parent.parent.name for path in LOCALE.glob("*/LC_MESSAGES/scenes.po"))]


@cache
def catalogue(language: str) -> gettext.NullTranslations:
    """The translations of one language; English has none.

    Raises:
        UserError: there is no catalogue of that name.
    """
    if language == "en":
        return gettext.NullTranslations()
    if language not in languages():  # not a path: ja/ and ../locale/ja are files, too
        raise UserError(f"no language {language!r:.80}: there are {', '.join(languages())}")
    path = LOCALE / language / "LC_MESSAGES" / "scenes.po"
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    compiled = io.BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def speak(language: str) -> None:
    """Make `language` the one that `_` answers in. A process renders one scene in one language."""
    global _active
    _active = catalogue(language)


def _(message: str) -> str:
    """The active language's words for `message`."""
    if not message:
        return ""
    asked.add(message)
    return _active.gettext(message)


def plain(words: str) -> str:
    """`words` on one line: white space of any kind is one space, but for a no-break one; a control is �."""
    one_line = " ".join(re.findall(rf"[\S{NO_BREAK}]+", words))
    return "".join("�" if unicodedata.category(c) in ("Cc", "Cs") else c for c in one_line)


def printable(text: str) -> str:
    """A text with its lines and tabs; a control character, which no page can hold, is �."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join("�" if unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" else c for c in lines)


def reading_time(narration: str, language: str) -> float:
    """Seconds it takes to read `narration` at ease, with a moment to look up at the picture."""
    return 0.8 + em_width(narration) / READING_SPEED.get(language, DEFAULT_READING_SPEED)


def caption_lines(narration: str, language: str, width: float = CAPTION_WIDTH) -> list[str]:
    """`narration` in as few lines of `width` em as can be, about equally long, broken after phrases."""
    pieces, joiner = phrases(narration, language)
    return _balance(pieces, joiner, width)


def phrases(narration: str, language: str) -> tuple[list[str], str]:
    """Where it may be broken, never inside a word, a share or an equation, and what joins the pieces."""
    if language == "ja":
        return _japanese_phrases(narration), ""
    return re.split("(?<![<=]) (?![%=])", narration), " "


def em_width(words: str) -> float:
    """About how wide `words` are set: a full-width character takes one em, any other half."""
    return sum(1.0 if _full_width(character) else 0.5 for character in words)


def _full_width(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _japanese_phrases(narration: str) -> list[str]:
    import budoux

    joined: list[str] = []
    for piece in budoux.load_default_japanese_parser().parse(narration):
        # The parser knows Japanese only: it may cut a name or a number of another script in two.
        if joined and (piece.lstrip()[:1] == "%" or not _may_part(joined[-1][-1], piece[0])):
            joined[-1] += piece
        else:
            joined.append(piece)
    return joined


def _may_part(before: str, after: str) -> bool:
    if NO_BREAK in (before, after):
        return False
    return any(character.isspace() or _full_width(character) for character in (before, after))


def _balance(pieces: list[str], joiner: str, longest: float) -> list[str]:
    """As few rows as `longest` em allow, then as even as they can be."""
    fewest = len(_fill(pieces, longest, joiner))
    width = em_width(joiner.join(pieces)) / fewest
    while len(_fill(pieces, width, joiner)) > fewest:
        width += 0.5
    return _fill(pieces, width, joiner)


def _fill(pieces: list[str], width: float, joiner: str) -> list[str]:
    rows = [pieces[0]]
    for piece in pieces[1:]:
        longer = rows[-1] + joiner + piece
        if em_width(longer) <= width:
            rows[-1] = longer
        else:
            rows.append(piece)
    return rows
