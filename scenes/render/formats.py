"""A clip in the other formats: WebM for the web, with a clear ground if wanted, and GIF for chats."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from scenes.render.clip import COLOUR_TAGS
from scenes.voice.sound import Track, has_sound, read_sound, seconds
from scenes.whole_file import plain_name

VP9_OPTIONS = {
    "b": "0",
    "deadline": "good",
    "cpu-used": "6",
    "row-mt": "1",
    "g": "120",
    "auto-alt-ref": "0",  # an alternative frame cannot have alpha
    **COLOUR_TAGS,
}
# VP9's own quality scale. At 32 a WebM is about as large as the MP4 that it is made from; one with alpha is
# made from the scene itself, and its soft edges show.
CRF, CLEAR_CRF = "32", "24"
# Frames a second: a GIF counts in hundredths of a second. The first with which no ten seconds are larger than
# GIF_BYTES is taken: what moves may be coarser, but a colour is a number here.
GIF_RATES = tuple(Fraction(100, hundredths) for hundredths in (8, 10, 15, 20))
GIF_BYTES = 5_000_000
GIF_SIDE = 480  # pixels of the shorter side
GIF_COLOURS = 64  # antialiased text in a few hues needs no more, and a quarter as many make half the file

Pixels = npt.NDArray[np.uint8]
Progress = Callable[[int], None]
"""Called with the number of frames done."""


class ClearFilm:
    """A WebM whose ground is clear, encoded while a scene is drawn.

    VP9 keeps alpha as a second film, and players take the colours to be straight: Cairo's, which are
    multiplied by alpha, are divided by it again.
    """

    def __init__(self, output: Any, width: int, height: int, frame_rate: int) -> None:
        self._output = output
        self._stream = _vp9(output, frame_rate, width, height, "yuva420p", CLEAR_CRF)
        self._frames = 0

    @classmethod
    @contextmanager
    def open(cls, target: Path, width: int, height: int, frame_rate: int) -> Iterator[ClearFilm]:
        """Begin the film `target`.

        Raises:
            OSError: the disk is full or `target` cannot be written.
        """
        with av.open(plain_name(target), "w", format="webm") as output:
            film = cls(output, width, height, frame_rate)
            yield film
            output.mux(film._stream.encode(None))

    def add(self, pixels: Pixels, times: int = 1) -> None:
        """Add a frame, (height, width, 4) uint8 multiplied by alpha, so many times."""
        colours = spread(straight(pixels))
        frame = av.VideoFrame.from_ndarray(colours, format="rgba").reformat(format="yuva420p")
        for _ in range(times):
            frame.pts = self._frames
            self._output.mux(self._stream.encode(frame))
            self._frames += 1


def _vp9(output: Any, rate: Any, width: int, height: int, pixel_format: str, crf: str) -> Any:
    """Add a film in VP9 to a file that is being written."""
    stream = output.add_stream("libvpx-vp9", rate=rate, options={**VP9_OPTIONS, "crf": crf})
    stream.width, stream.height, stream.pix_fmt = width, height, pixel_format
    return stream


def straight(pixels: Pixels) -> Pixels:
    """Divide colours that were multiplied by alpha by it again; where nothing is, nothing stays."""
    result = pixels.copy()
    alpha = pixels[..., 3]
    partly = (alpha > 0) & (alpha < 255)
    colours = pixels[partly].astype(np.uint16)
    result[partly, :3] = np.minimum(255, (colours[:, :3] * 255 + colours[:, 3:] // 2) // colours[:, 3:])
    return result


def spread(pixels: Pixels) -> Pixels:
    """Give clear pixels the colour of what is beside them, for 2 × 2 pixels share one hue in the film.

    Else the hue of a soft edge would be mixed with the black of pixels that are not seen. Height and width
    are even.
    """
    result = pixels.copy()
    height, width, channels = pixels.shape
    blocks = result.reshape(height // 2, 2, width // 2, 2, channels).swapaxes(1, 2)  # (H/2, W/2, 2, 2, 4)
    alpha = pixels[..., 3]
    corners = [alpha[row::2, column::2] for row in (0, 1) for column in (0, 1)]  # 4 × (H/2, W/2)
    mixed = (np.minimum.reduce(corners) == 0) & (np.maximum.reduce(corners) > 0)
    found = blocks[mixed]  # (n, 2, 2, 4)
    seen = found[..., 3:] > 0
    mean = (found[..., :3] * seen).sum(axis=(1, 2), keepdims=True) // seen.sum(axis=(1, 2), keepdims=True)
    found[..., :3] = np.where(seen, found[..., :3], mean)
    blocks[mixed] = found
    return result


def write_webm(target: Path, clip: Path, progress: Progress) -> None:
    """Write an MP4's film as WebM (VP9, Opus).

    Raises:
        OSError: the disk is full or `target` cannot be written.
    """
    with av.open(plain_name(clip)) as film, av.open(plain_name(target), "w", format="webm") as output:
        source = film.streams.video[0]
        stream = _vp9(output, source.average_rate, source.width, source.height, "yuv420p", CRF)
        for number, frame in enumerate(film.decode(source)):
            plain = frame.reformat(format="yuv420p")
            plain.pts, plain.time_base = number, 1 / Fraction(source.average_rate or 1)
            output.mux(stream.encode(plain))
            progress(number + 1)
        output.mux(stream.encode(None))
    speak(target, clip)


def speak(webm: Path, clip: Path) -> None:
    """Give a silent WebM the sound of its clip, if that has any.

    Raises:
        OSError: the disk is full or `webm` cannot be written.
    """
    if not has_sound(clip):
        return
    spoken = webm.with_name(f"spoken-{webm.name}")
    with (
        av.open(plain_name(webm)) as film,
        av.open(plain_name(spoken), "w", format="webm") as output,
    ):
        source = film.streams.video[0]
        copy = output.add_stream_from_template(source)
        if "alpha_mode" in source.metadata:  # else players would not look for the alpha
            copy.metadata["alpha_mode"] = source.metadata["alpha_mode"]
        track = Track(output, "libopus")
        sound = track.packets(read_sound(clip)) + track.end()
        packets = [packet for packet in film.demux(source) if packet.pts is not None]
        for packet in packets:
            packet.stream = copy
        for packet in heapq.merge(packets, sound, key=seconds):
            output.mux(packet)
    spoken.replace(webm)


def write_gif(target: Path, clip: Path, progress: Progress) -> None:
    """Write an MP4's film as a GIF, its shorter side at most 480 pixels, in its own colours.

    It has as many frames a second as keep every ten seconds of it within 5 MB, which is what chats take.

    Raises:
        OSError: the disk is full or `target` cannot be written.
    """
    palette = _palette(clip)
    for rate in GIF_RATES:
        if heaviest(_paint(clip, target, palette, rate, progress), round(10 * rate)) <= GIF_BYTES:
            break


def heaviest(sizes: Sequence[int], frames: int) -> int:
    """The most bytes that so many frames in a row take, or all of them where there are fewer."""
    sums = np.cumsum([0, *sizes])
    return int((sums[frames:] - sums[:-frames]).max() if len(sizes) > frames else sums[-1])


def _paint(clip: Path, target: Path, palette: av.VideoFrame, rate: Fraction, progress: Progress) -> list[int]:
    """Write a GIF in the colours of a palette; returns the bytes of each frame."""
    sizes: list[int] = []
    with (
        av.open(plain_name(clip)) as film,
        av.open(plain_name(target), "w", format="gif", options={"loop": "0"}) as output,
    ):
        source = film.streams.video[0]
        graph = av.filter.Graph()
        begin, small = _shrunk(graph, source, rate)
        colours = graph.add_buffer(
            width=palette.width, height=palette.height, format=palette.format, time_base=Fraction(1, 100)
        )
        painted, end = graph.add("paletteuse", "dither=none:diff_mode=rectangle"), graph.add("buffersink")
        small.link_to(painted, 0, 0)
        colours.link_to(painted, 0, 1)
        painted.link_to(end)
        graph.configure()
        colours.push(palette)
        colours.push(None)
        stream = output.add_stream("gif", rate=rate)
        stream.pix_fmt = "pal8"
        for number, frame in enumerate(chain(film.decode(source), [None])):
            begin.push(frame)
            for picture in _pulled(end):
                if not sizes:
                    stream.width, stream.height = picture.width, picture.height
                picture.pts, picture.time_base = len(sizes), 1 / rate
                packets = stream.encode(picture)
                output.mux(packets)
                sizes.append(sum(packet.size for packet in packets))
            progress(number + 1)
        output.mux(stream.encode(None))
    return sizes


def _palette(clip: Path) -> av.VideoFrame:
    """The colours that a film's frames have most of, as a picture of 16 × 16."""
    with av.open(plain_name(clip)) as film:
        source = film.streams.video[0]
        graph = av.filter.Graph()
        begin, small = _shrunk(graph, source, GIF_RATES[0])
        found, end = (
            graph.add("palettegen", f"max_colors={GIF_COLOURS}:reserve_transparent=1"),
            graph.add("buffersink"),
        )
        small.link_to(found)
        found.link_to(end)
        graph.configure()
        for frame in film.decode(source):
            begin.push(frame)
        begin.push(None)
        return end.pull()


def _shrunk(graph: av.filter.Graph, source: Any, rate: Fraction) -> tuple[Any, Any]:
    """The first and the last of the filters that make a film as slow and as small as a GIF may be."""
    begin = graph.add_buffer(template=source)
    slow = graph.add("fps", str(rate))
    upright = source.height > source.width
    side = min(GIF_SIDE, source.width, source.height)
    small = graph.add("scale", f"{side}:-2:flags=lanczos" if upright else f"-2:{side}:flags=lanczos")
    begin.link_to(slow)
    slow.link_to(small)
    return begin, small


def _pulled(end: Any) -> Iterator[Any]:
    """What has come out of a filter graph by now."""
    with suppress(av.error.BlockingIOError, av.error.EOFError):
        while True:
            yield end.pull()
