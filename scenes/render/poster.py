"""A clip's poster: the picture that stands for it before it plays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
from PIL import Image

from scenes.whole_file import plain_name


def write_poster(target: Path, clip: Path, at: float) -> None:
    """Write the clip's frame at `at` seconds as a PNG; what is clear there is clear.

    Raises:
        OSError: the disk is full or `target` cannot be written.
    """
    with av.open(plain_name(clip)) as film:
        stream = film.streams.video[0]
        assert stream.time_base is not None
        film.seek(int(at / stream.time_base), stream=stream)  # to the key frame before it
        for frame in _frames(film):
            if frame.time is not None and frame.time >= at - 1e-3:
                break
        kind = "rgba" if frame.format.name == "yuva420p" else "rgb24"
        Image.fromarray(frame.to_ndarray(format=kind)).save(target, format="PNG", optimize=True)


def _frames(film: Any) -> Iterator[Any]:
    """Decode a film; FFmpeg's own decoder of VP9 passes alpha over, the library's does not."""
    stream = film.streams.video[0]
    if stream.codec.name != "vp9":
        yield from film.decode(stream)
        return
    decoder = av.CodecContext.create("libvpx-vp9", "r")
    for packet in film.demux(stream):
        for frame in decoder.decode(packet):
            frame.time_base = stream.time_base
            yield frame
