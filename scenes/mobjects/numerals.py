"""How a number is written: signed, with a true minus, and with no more digits than asked."""

from __future__ import annotations


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
        return f"< {100 * smallest:.{digits}f} %"
    return f"{100 * share:.{digits}f} %"


def count(value: int) -> str:
    """50257 → `50,257`."""
    return f"{value:,}"
