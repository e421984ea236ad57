"""The lecture: clips joined, a chapter mark at the start of each; the pictures are not encoded again."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from scenes.voice.sound import RATE, Track, has_sound, laid, seconds
from scenes.whole_file import plain_name

MILLISECONDS = Fraction(1, 1000)


def join(target: Path, clips: Sequence[tuple[Path, str | None]]) -> None:
    """Write `target` from clips of one size and rate; where one is silent beside others, so is its part.

    Sound is encoded again: a clip's own begins and ends between two frames of pictures.

    Args:
        target: an MP4.
        clips: (file, chapter title), in order; without a title the chapter before goes on.

    Raises:
        OSError: the disk is full or `target` cannot be written.
    """
    chapters: list[dict[str, Any]] = []
    start = Fraction(0)
    spoken = [path for path, _title in clips if has_sound(path)]
    heard = 0
    # How long before it is shown a clip's first frame is decoded: the same for all, or times would go back
    delays = {path: _delay(path) for path, _title in clips}
    latest = max(delays.values())
    with av.open(plain_name(target), "w", format="mp4", options={"movflags": "+faststart"}) as lecture:
        copy = track = None
        for path, title in clips:
            with av.open(plain_name(path)) as clip:
                stream = clip.streams.video[0]
                assert stream.time_base is not None
                assert stream.average_rate is not None
                if copy is None:
                    copy = lecture.add_stream_from_template(stream)
                    track = Track(lecture) if spoken else None
                offset = round(start / stream.time_base)
                packets = []
                for packet in clip.demux(stream):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts += offset
                    packet.dts += offset - round((latest - delays[path]) / stream.time_base)
                    packet.stream = copy
                    packets.append(packet)
                end = start + stream.frames / Fraction(stream.average_rate)
                sound = []
                if track is not None:
                    said = [(0.0, path)] if path in spoken else []
                    sound = track.packets(laid(said, round(end * RATE) - heard))
                    heard = round(end * RATE)
                for packet in heapq.merge(packets, sound, key=seconds):
                    lecture.mux(packet)
            if title is not None:
                chapters.append(
                    {
                        "id": len(chapters),
                        "start": round(start / MILLISECONDS),
                        "end": 0,
                        "time_base": MILLISECONDS,
                        "metadata": {"title": title},
                    }
                )
            chapters[-1]["end"] = round(end / MILLISECONDS)
            start = end
        for packet in track.end() if track is not None else ():
            lecture.mux(packet)
        lecture.set_chapters(chapters)


def _delay(path: Path) -> Fraction:
    """Seconds from where a clip's first frame is to be decoded to its beginning."""
    with av.open(plain_name(path)) as clip:
        stream = clip.streams.video[0]
        assert stream.time_base is not None
        first = next(packet.dts for packet in clip.demux(stream) if packet.dts is not None)
        return Fraction(-first * stream.time_base)
