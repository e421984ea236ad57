"""A finished clip: how it is encoded, put in place, and described."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import av

from scenes.voice.sound import HEADROOM, RATE, Track, laid, seconds
from scenes.whole_file import plain_name

# Manim converts to BT.601 without saying so, and players then guess BT.709 and show the blues wrong: every
# encoder is told to say so.
COLOUR_TAGS = {
    "color_primaries": "bt709",
    "color_trc": "iec61966-2-1",
    "colorspace": "smpte170m",
    "color_range": "tv",
}
# H.264's own quality scale; "veryfast" halves the time and the file is no bigger. One thread: with more a
# film would depend on how many processors a machine has, and drawing takes as long as that.
ENCODER_OPTIONS = {"crf": "20", "preset": "veryfast", "threads": "1", **COLOUR_TAGS}


def settle(
    sources: Sequence[Path],
    target: Path,
    frame_rate: int,
    title: str,
    comment: str,
    speech: Sequence[tuple[float, Path]] = (),
) -> None:
    """Copy Manim's files to `target` one after the other, its index first so that it starts playing at once.

    Manim joins a file for each animation, and where they meet a frame may come some milliseconds early: here
    every frame gets exactly its own time.

    Args:
        sources: what Manim wrote, each from a frame on that needs none before it.
        target: where it goes.
        frame_rate: frames a second.
        title: metadata of the file.
        comment: metadata of the file.
        speech: seconds from the start, and a WAV file to be heard from then on; none, and there is no track.

    Raises:
        OSError: the disk is full or `target` cannot be written.
    """
    with ExitStack() as opened:
        # No table of bit rates, which would be those of the first source alone
        options = {"movflags": "+faststart", "write_btrt": "0"}
        clip = opened.enter_context(av.open(plain_name(target), "w", format="mp4", options=options))
        clip.metadata.update(title=title, comment=comment)
        packets: list[Any] = []
        places: list[int] = []  # of each packet's frame in the film
        copy = track = None
        for source in sources:
            video = opened.enter_context(av.open(plain_name(source)))
            stream = video.streams.video[0]
            if copy is None:
                copy = clip.add_stream_from_template(stream)
                track = Track(clip) if speech else None
                assert stream.time_base is not None
                tick = round(1 / (frame_rate * stream.time_base))
            # In the order of decoding; the last, empty packet only says that there are no more.
            found = [packet for packet in video.demux(stream) if packet.pts is not None]
            place = {time: len(packets) + number for number, time in enumerate(sorted(p.pts for p in found))}
            places += [place[packet.pts] for packet in found]
            packets += found
        delay = max(number - place for number, place in enumerate(places))
        for number, (packet, at) in enumerate(zip(packets, places, strict=True)):
            packet.pts, packet.dts = at * tick, (number - delay) * tick
            packet.duration, packet.stream = tick, copy
        sound = []
        if track is not None:
            said = HEADROOM * laid(speech, round(len(packets) * RATE / frame_rate))
            sound = track.packets(said) + track.end()
        for packet in heapq.merge(packets, sound, key=seconds):
            clip.mux(packet)


def describe(path: Path) -> dict[str, Any]:
    """Seconds, frames, frame size and rate of a film, read from the file itself."""
    with av.open(plain_name(path)) as clip:
        stream = clip.streams.video[0]
        rate = stream.average_rate
        assert rate is not None
        frames = stream.frames
        facts = {"frames": frames, "width": stream.width, "height": stream.height, "frame_rate": float(rate)}
    return {**facts, "seconds": round(frames / float(rate), 3)}
