"""Rotary positions: pairs of a query's or a key's numbers are turned by angles that grow with the position.

Su et al., "RoFormer" (2021), and three ways to stretch it over longer texts, as transformers'
`modeling_rope_utils.py` computes them, in single precision.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.lean.arithmetic import F32


class Rotary:
    """Turns pairs (i, i + K/2) by their position times a frequency each."""

    def __init__(self, parameters: dict[str, Any], width: int, n_ctx: int) -> None:
        """Take the config's `rope_parameters`, complete; the width K of a head; and the context's length."""
        self._frequencies, self._factor = _frequencies(parameters, width, n_ctx)

    def angles(self, places_T: NDArray[np.int64]) -> tuple[F32, F32]:
        """Cosines and sines by which T positions turn, (T, K/2) each."""
        angle_TK = places_T.astype(np.float32)[:, None] * self._frequencies  # [T, 1] * [K/2] -> [T, K/2]
        return np.cos(angle_TK) * self._factor, np.sin(angle_TK) * self._factor


def turned(x: F32, angles: tuple[F32, F32]) -> F32:
    """Turn vectors (…, T, K) by the angles of T positions."""
    cosine, sine = angles
    half = x.shape[-1] // 2
    one, two = x[..., :half], x[..., half:]  # 2 × [..., T, K/2]
    out = np.empty(x.shape, np.float32)
    out[..., :half] = one * cosine - two * sine  # [..., T, K/2] * [T, K/2] -> [..., T, K/2]
    out[..., half:] = two * cosine + one * sine
    return out


def _frequencies(parameters: dict[str, Any], width: int, n_ctx: int) -> tuple[F32, np.float32]:
    """Radians a token of each pair, (K/2), and what cosines and sines are multiplied with.

    "dynamic" scaling begins beyond the context that the config states, where no text goes here.
    """
    exponent = np.arange(0, width, 2, dtype=np.float32) / np.float32(width)  # [K/2]
    # Rounded once, which is what the library's own power function comes to for all but a few exponents
    wave = np.power(float(parameters["rope_theta"]), exponent.astype(np.float64)).astype(np.float32)  # [K/2]
    plain: F32 = np.float32(1) / wave  # [K/2]
    match parameters["rope_type"]:
        case "linear":
            return plain / np.float32(parameters["factor"]), np.float32(1)
        case "llama3":
            return _llama3(plain, parameters), np.float32(1)
        case "yarn":
            return _yarn(wave, parameters, width), np.float32(_yarn_factor(parameters))
    return plain, np.float32(1)


def _llama3(plain: F32, parameters: dict[str, Any]) -> F32:
    """Long waves are stretched, short ones are not, and those between are in part (Llama 3.1)."""
    factor, trained = np.float32(parameters["factor"]), parameters["original_max_position_embeddings"]
    low, high = parameters["low_freq_factor"], parameters["high_freq_factor"]
    wavelength = np.float32(2 * math.pi) / plain  # [K/2], in tokens
    stretched = plain / factor
    share = (np.float32(trained) / wavelength - np.float32(low)) / np.float32(high - low)
    between = (np.float32(1) - share) * plain / factor + share * plain
    slow = np.where(wavelength > trained / low, stretched, plain)
    return np.where((wavelength >= trained / high) & (wavelength <= trained / low), between, slow)


def _yarn(wave: F32, parameters: dict[str, Any], width: int) -> F32:
    """Pairs that turn often within the trained context stay, slow ones are stretched (Peng et al. 2023)."""
    trained, base = parameters["original_max_position_embeddings"], parameters["rope_theta"]

    def pair_of(turns: float) -> float:
        return (width * math.log(trained / (turns * 2 * math.pi))) / (2 * math.log(base))

    low, high = pair_of(parameters.get("beta_fast") or 32), pair_of(parameters.get("beta_slow") or 1)
    if parameters.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, width - 1)
    ramp = (np.arange(width // 2, dtype=np.float32) - np.float32(low)) / np.float32(high - low or 0.001)
    kept = np.float32(1) - np.clip(ramp, 0, 1)  # [K/2]
    stretched = np.float32(1) / (np.float32(parameters["factor"]) * wave)
    frequencies: F32 = stretched * (np.float32(1) - kept) + (np.float32(1) / wave) * kept
    return frequencies


def _yarn_factor(parameters: dict[str, Any]) -> float:
    """By how much longer texts sharpen attention."""

    def by(scale: float, weight: float) -> float:
        return 1.0 if scale <= 1 else 0.1 * weight * math.log(scale) + 1.0

    factor, given = parameters["factor"], parameters.get("attention_factor")
    if given is not None:
        return float(given)
    over, under = parameters.get("mscale"), parameters.get("mscale_all_dim")
    return by(factor, over) / by(factor, under) if over and under else by(factor, 1)
