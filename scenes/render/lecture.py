"""The lecture: clips joined without encoding again, a chapter mark at the start of each."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from scenes.render.whole_file import whole_file

MILLISECONDS = Fraction(1, 1000)


def join(clips: list[tuple[Path, str]], target: Path) -> None:
    """Write `target` from clips of one size and rate.

    Args:
        clips: (file, chapter title), in order.
        target: appears whole or not at all.

    Raises:
        OSError: the disk is full or `target` cannot be written.
    """
    chapters: list[dict[str, Any]] = []
    start = Fraction(0)
    with (
        whole_file(target) as part,
        av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as lecture,
    ):
        copy = None
        for path, title in clips:
            with av.open(str(path)) as clip:
                stream = clip.streams.video[0]
                assert stream.time_base is not None
                assert stream.average_rate is not None
                if copy is None:
                    copy = lecture.add_stream_from_template(stream)
                offset = round(start / stream.time_base)
                for packet in clip.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts += offset
                    packet.dts += offset
                    packet.stream = copy
                    lecture.mux(packet)
                end = start + stream.frames / Fraction(stream.average_rate)
            chapters.append(
                {
                    "id": len(chapters),
                    "start": round(start / MILLISECONDS),
                    "end": round(end / MILLISECONDS),
                    "time_base": MILLISECONDS,
                    "metadata": {"title": title},
                }
            )
            start = end
        lecture.set_chapters(chapters)
