"""Digits that are words: names, notation and the ends of a scale, as sentences and labels write them.

They are no numbers of the model's, and the only digits on screen that need no origin. All others are
formatted from a number that has one.
"""

from __future__ import annotations

import re

from model_probe.trace import TENSORS

NAMES = "|".join(sorted(TENSORS, key=len, reverse=True))
# What is matched, and what it is.
WORDING: tuple[tuple[str, str], ...] = (
    (r"GPT-?[234]|UTF-8|\bfloat(?:16|32|64)\b", "a name"),
    (rf"\b(?:{NAMES})\b(?:\[[-\d, :]*\])?", "a tensor, or a part of it"),
    (r"\bE_0\b|\b2\^H|10\^", "notation"),
    (r"\be = 2\.718…", "Euler's number"),
    (r"\bT = [01]\b", "the temperatures with a meaning of their own"),
    (r"\b1 − cosine|\b1\sin\s", "notation"),
    (r"\b(?:100|0) %", "all and nothing"),
    (r"\bTimes a 1 among|\beach sum stays 0\b|\bIt counts 0\b", "all and nothing"),
    (r"\bto 1\b(?=, [+−])|(?:cut|drawn out) to 1\b|^1, \S+ becomes", "the length of a direction"),
    (r"\b(?:cosine|unrelated at) 0\b", "a right angle"),
    (r"\b(?:below|from) 0\b|\bone in 20\b|\blayer 0 at the bottom", "an end of a scale, a twentieth"),
    (r"\bfrom rank 1 to\b", "the rank that the winner has by being that"),
    (r"\bto within 5 points\b", "a threshold"),
    (r"\bknot is at 0\b|\b1/2 sum_", "all and nothing"),
    (r"\b8 bits each\b", "a byte"),
    (r"median \|x\| / 0\.6745", "notation"),
    (r"space_V3 · 3\b", "the axes of space"),
    (r"shared with the embedding: 0", "all and nothing"),
)
_WORDING = [(re.compile(pattern), meaning) for pattern, meaning in WORDING]


def spans(words: str) -> list[tuple[int, int, str]]:
    """Where in a text digits are words, and what they are."""
    return [(*match.span(), meaning) for pattern, meaning in _WORDING for match in pattern.finditer(words)]
