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
