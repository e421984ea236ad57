"""A clip's poster: the picture that stands for it before it plays."""

from __future__ import annotations

from pathlib import Path

import av

from scenes.render.whole_file import whole_file


def write_poster(clip: Path, target: Path, at: float) -> None:
    """Write the clip's frame at `at` seconds as a PNG, whole or not at all.

    Raises:
        OSError: the disk is full or `target` cannot be written.
    """
    with whole_file(target) as part, av.open(str(clip)) as film:
        stream = film.streams.video[0]
        assert stream.time_base is not None
        film.seek(int(at / stream.time_base), stream=stream)  # to the key frame before it
        for frame in film.decode(stream):
            if frame.time is not None and frame.time >= at - 1e-3:
                break
        frame.to_image().save(part, format="PNG", optimize=True)
