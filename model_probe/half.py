"""From single to half precision and back, to the bit as numpy converts, and faster.

Numpy converts number by number, and where half precision runs out of digits it raises a flag for each, which
takes ten times as long; attention weights are mostly of that kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_LARGEST = 65504  # in half precision
_INFINITE = 0x7C00  # the bits of infinity; those of what is no number are above
_SMALLEST_NORMAL = np.float32(2.0**-14).view(np.uint32)  # below, halves are the multiples of 2⁻²⁴
_ONE_HALF = np.float32(0.5)  # from here to 1, so are float32s: adding it rounds
# 10 bits of 23 stay: what is cut off is rounded to even by adding just under half of it; the exponent of a
# half counts from 15, that of a float32 from 127
_ROUND_AND_REBASE = np.uint32((0xFFF - ((127 - 15) << 23)) % (1 << 32))


def to_half(values: NDArray[np.float32], out: NDArray[np.float16]) -> None:
    """Write float32 values, of any shape, to an array of the same shape (IEEE 754: binary32 to binary16)."""
    size = np.abs(values)
    if not size.max(initial=0) < _LARGEST:  # not finite, or about to be
        with np.errstate(over="ignore"):
            np.copyto(out, values, casting="same_kind")
        return
    small: NDArray[Any] = (size + _ONE_HALF).view(np.uint32)
    small -= _ONE_HALF.view(np.uint32)
    bits = size.view(np.uint32)
    is_small = bits < _SMALLEST_NORMAL
    last = bits >> 13  # the last bit that stays
    last &= 1
    bits += last
    bits += _ROUND_AND_REBASE
    bits >>= 13
    np.copyto(bits, small, where=is_small)
    np.signbit(values, out=is_small)
    bits |= is_small.astype(np.uint32) << 15
    np.copyto(out.view(np.uint16), bits, casting="unsafe")


_BLOCK = 1 << 16  # numbers that stay in the processor's cache between the steps
_SIGN_AND_DIGITS = np.int32(0x8FFFE000 - (1 << 32))
_REBASE = np.float32(2.0 ** (127 - 15))  # moves the exponent's zero from where halves have it


def from_half(values: NDArray[np.float16], out: NDArray[np.float32]) -> None:
    """Write half-precision values, of any shape, to a contiguous array of the same shape."""
    halves, singles = values.reshape(-1).view(np.int16), out.reshape(-1)
    for start in range(0, len(halves), _BLOCK):
        half, single = halves[start : start + _BLOCK], singles[start : start + _BLOCK]
        if (half & np.int16(0x7FFF)).max() >= _INFINITE:
            np.copyto(single, half.view(np.float16))
            continue
        bits = single.view(np.int32)
        bits[:] = half  # with its sign in all bits above
        bits <<= 13
        bits &= _SIGN_AND_DIGITS
        single *= _REBASE
