"""Characters that cannot be seen, made visible: each has a name in angle brackets, `⟨NBSP⟩`.

That is how they stand in labels, captions and transcripts; `Lettering` draws such a name as a small box. The
names are those of the Unicode charts, U+XXXX where a character has none there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from unicodedata import bidirectional, category

OPEN, CLOSE = "⟨", "⟩"
EMPTY = f"{OPEN}∅{CLOSE}"  # for a token of no bytes at all
MARK = re.compile(f"{OPEN}[^{OPEN}{CLOSE} ]{{1,8}}{CLOSE}")

_CONTROLS = (
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "↵", "VT", "FF", "CR", "SO", "SI",
    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
)  # fmt: skip
_NAMES = dict(enumerate(_CONTROLS)) | {
    0x7F: "DEL", 0x85: "NEL", 0xA0: "NBSP", 0xAD: "SHY", 0x034F: "CGJ", 0x061C: "ALM", 0x1680: "OGSP",
    0x180E: "MVS", 0x2000: "NQSP", 0x2001: "MQSP", 0x2002: "ENSP", 0x2003: "EMSP", 0x2004: "3/MSP",
    0x2005: "4/MSP", 0x2006: "6/MSP", 0x2007: "FSP", 0x2008: "PSP", 0x2009: "THSP", 0x200A: "HSP",
    0x200B: "ZWSP", 0x200C: "ZWNJ", 0x200D: "ZWJ", 0x200E: "LRM", 0x200F: "RLM", 0x2028: "LSEP",
    0x2029: "PSEP", 0x202A: "LRE", 0x202B: "RLE", 0x202C: "PDF", 0x202D: "LRO", 0x202E: "RLO",
    0x202F: "NNBSP", 0x205F: "MMSP", 0x2060: "WJ", 0x2066: "LRI", 0x2067: "RLI", 0x2068: "FSI",
    0x2069: "PDI", 0x3000: "IDSP", 0xFEFF: "BOM",
}  # fmt: skip
_NAMES |= {0xFE00 + n: f"VS{n + 1}" for n in range(16)} | {0xE0100 + n: f"VS{n + 17}" for n in range(240)}
# Letters and symbols without ink: Hangul fillers, Khmer vowels that are not to be used, an empty Braille cell
_BLANK = {
    0x115F,
    0x1160,
    0x17B4,
    0x17B5,
    0x180B,
    0x180C,
    0x180D,
    0x180F,
    0x2800,
    0x3164,
    0xFFA0,
    0xFFFC,
    0xFFFD,
}


def visible(words: str, drawable: Callable[[str], bool]) -> str:
    """Text with a mark for each character that cannot be seen, or that is not `drawable`.

    A plain space stays as it is. A combining mark is seen on the letter before it; without one it is named.
    """
    if words.isalpha() and _BLANK.isdisjoint(map(ord, words)) and drawable(words):
        return words
    shown = ""
    for character in words:
        code = ord(character)
        alone = category(character)[0] == "M" and (not shown or shown[-1] in f" {CLOSE}")
        unseen = (
            category(character) in ("Cc", "Cf", "Co", "Cn", "Zs", "Zl", "Zp")
            or code in _NAMES
            or code in _BLANK
        )
        if character == " " or not (unseen or alone or not drawable(character)):
            shown += character
        else:
            shown += f"{OPEN}{_NAMES.get(code, f'U+{code:04X}')}{CLOSE}"
    return shown


def unmarked(words: str) -> bool:
    """Whether text has no mark: it can be set in one stretch."""
    return MARK.search(words) is None


def units(words: str) -> list[str]:
    """Text as marks and single characters."""
    return re.findall(f"{MARK.pattern}|.", words, re.DOTALL)


def stretches(words: str) -> list[str]:
    """Text as marks and what stands between them, from left to right as it is to be drawn."""
    parts = [part for part in re.split(f"({MARK.pattern})", words) if part]
    plain = "".join(part for part in parts if not MARK.fullmatch(part))
    direction = next((d for d in map(bidirectional, plain) if d in ("L", "R", "AL")), "L")
    return parts if direction == "L" else parts[::-1]
