"""How a number is written: signed, with a true minus, and with no more digits than asked."""

from __future__ import annotations

import math

from scenes.declared import bound
from scenes.language import _


def signed(value: float, digits: int = 1) -> str:
    """`+1.2`, `−0.3`: the sign is always there, for sign is never told by colour alone."""
    return f"{value:+.{digits}f}".replace("-", "−")


def plain(value: float, digits: int = 1) -> str:
    """`1.2`, `−0.3`."""
    return f"{value:.{digits}f}".replace("-", "−")


def percent(share: float, digits: int = 1) -> str:
    """0.123 → `12.3 %`; a share too small for the digits is written as `< 0.1 %`."""
    smallest = 10.0 ** -(digits + 2)
    if 0 < share < smallest / 2:
        return f"< {bound(100 * smallest, share):.{digits}f} %"
    return f"{100 * share:.{digits}f} %"


def written(length: float) -> str:
    """Three figures: 1.27, 21.3, 210."""
    digits = min(3, max(0, 2 - math.floor(math.log10(max(length, 1e-9)))))
    return f"{length:,.{digits}f}"


def count(value: int) -> str:
    """50257 → `50,257`."""
    return f"{value:,}"


def one_in(probability: float) -> str:
    """0.00123 → `1 in 810`, with two digits that count; a large one in %, a tiny one by its digits."""
    if probability > 0.1:
        return percent(probability)
    decades = -math.log10(probability)
    if decades >= 12:
        return _("1 in a number of {count} digits").format(count=math.floor(decades) + 1)
    unit = 10 ** (math.floor(decades) - 1)
    return _("1 in {count}").format(count=count(round(1 / probability / unit) * unit))


def figures(value: float) -> str:
    """Two digits that count, however small: 0.0000047, 0.35, 16; what is larger in whole numbers."""
    if value and abs(value) < 10:
        return f"{value:.{1 - math.floor(math.log10(abs(value)))}f}".rstrip("0").rstrip(".").replace("-", "−")
    return f"{value:,.0f}".replace("-", "−")


def memory(size: int) -> str:
    """Bytes in the unit that they are said in: 18,432 → `18.4 kB`; units are powers of 1,000."""
    for unit, power in (("GB", 9), ("MB", 6), ("kB", 3)):
        if size >= 10**power:
            return f"{size / 10**power:,.{0 if size >= 10 ** (power + 2) else 1}f} {unit}"
    return f"{size} B"


def times(ratio: float) -> str:
    """How many times as much: 7.7, 185, 4,860."""
    return plain(ratio) if ratio < 99.95 else count(round(ratio))
