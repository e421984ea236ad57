"""A film's sound: what is said, each piece at its own time, as one track."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from scenes.whole_file import plain_name

RATE = 48_000  # samples a second
BIT_RATE = 96_000
HEADROOM = np.float32(0.5)  # speech at full scale overshoots it, resampled and encoded, by some decibels

Samples = npt.NDArray[np.float32]
"""One channel, (samples,), from -1 to 1."""


def has_sound(path: Path) -> bool:
    """Whether a film has a sound track."""
    with av.open(plain_name(path)) as film:
        return bool(film.streams.audio)


def read_sound(path: Path) -> Samples:
    """The sound of any file, one channel at `RATE`."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    with av.open(plain_name(path)) as file:
        decoded = [part for frame in file.decode(audio=0) for part in resampler.resample(frame)]
    decoded += resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in decoded])


def laid(pieces: Iterable[tuple[float, Path]], count: int) -> Samples:
    """`count` samples: each (seconds from the start, file) at its time, silence elsewhere."""
    track = np.zeros(count, dtype=np.float32)
    for start, path in pieces:
        first = round(start * RATE)
        piece = read_sound(path)[: max(0, count - first)]
        track[first : first + len(piece)] = piece
    return track


class Track:
    """The sound track of a film that is being written.

    Args:
        film: the container; every other stream is there already.
        encoder: "aac" for MP4, "libopus" for WebM.
    """

    def __init__(self, film: Any, encoder: str = "aac") -> None:
        self._stream = film.add_stream(encoder, rate=RATE, layout="mono")
        self._stream.bit_rate = BIT_RATE
        self._written = 0

    def packets(self, samples: Samples) -> list[Any]:
        """What can be muxed once `samples` follow those before; the encoder keeps the last of them back."""
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis], format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._written, Fraction(1, RATE)
        self._written += len(samples)
        return list(self._stream.encode(frame))

    def end(self) -> list[Any]:
        """What the encoder still held back."""
        return list(self._stream.encode(None))


def seconds(packet: Any) -> Fraction:
    """When a packet is decoded: films play smoothly where sound and pictures lie side by side in the file."""
    return Fraction(packet.dts * packet.time_base)
