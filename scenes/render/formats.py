"""A clip in the other formats: WebM for the web, with a clear ground if wanted, and GIF for chats."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from scenes.render.clip import COLOUR_TAGS
from scenes.render.whole_file import whole_file

# VP9's own quality scale
VP9_OPTIONS = {
    "crf": "24",
    "b": "0",
    "deadline": "good",
    "cpu-used": "6",
    "row-mt": "1",
    "g": "120",
    "auto-alt-ref": "0",  # an alternative frame cannot have alpha
    **COLOUR_TAGS,
}
GIF_RATE = Fraction(25, 2)  # frames a second; a GIF counts in hundredths of a second, and 8 of them are even
GIF_SIDE = 480  # pixels of the shorter side
GIF_COLOURS = 64  # antialiased text in a few hues needs no more, and half as many bits make half the file

Pixels = npt.NDArray[np.uint8]
Progress = Callable[[int], None]
"""Called with the number of frames done."""


class ClearFilm:
    """A WebM whose ground is clear, encoded while a scene is drawn; it appears when the block ends well.

    VP9 keeps alpha as a second film, and players take the colours to be straight: Cairo's, which are
    multiplied by alpha, are divided by it again.
    """

    def __init__(self, output: Any, width: int, height: int, frame_rate: int) -> None:
        self._output = output
        self._stream = output.add_stream("libvpx-vp9", rate=frame_rate, options=VP9_OPTIONS)
        self._stream.width, self._stream.height, self._stream.pix_fmt = width, height, "yuva420p"
        self._frames = 0

    @classmethod
    @contextmanager
    def open(cls, target: Path, width: int, height: int, frame_rate: int) -> Iterator[ClearFilm]:
        """Begin the film that becomes `target`.

        Raises:
            OSError: the disk is full or `target` cannot be written.
        """
        with whole_file(target) as part, av.open(str(part), "w", format="webm") as output:
            film = cls(output, width, height, frame_rate)
            yield film
            output.mux(film._stream.encode(None))

    def add(self, pixels: Pixels, times: int = 1) -> None:
        """Add a frame, (height, width, 4) uint8 multiplied by alpha, so many times."""
        frame = av.VideoFrame.from_ndarray(straight(pixels), format="rgba").reformat(format="yuva420p")
        for _ in range(times):
            frame.pts = self._frames
            self._output.mux(self._stream.encode(frame))
            self._frames += 1


def straight(pixels: Pixels) -> Pixels:
    """Divide colours that were multiplied by alpha by it again; where nothing is, nothing stays."""
    result = pixels.copy()
    alpha = pixels[..., 3]
    partly = (alpha > 0) & (alpha < 255)
    colours = pixels[partly].astype(np.uint16)
    result[partly, :3] = np.minimum(255, (colours[:, :3] * 255 + colours[:, 3:] // 2) // colours[:, 3:])
    return result


def write_webm(clip: Path, target: Path, progress: Progress) -> None:
    """Write an MP4's film as WebM (VP9), whole or not at all; the sound does not come along.

    Raises:
        OSError: the disk is full or `target` cannot be written.
    """
    with (
        whole_file(target) as part,
        av.open(str(clip)) as film,
        av.open(str(part), "w", format="webm") as output,
    ):
        source = film.streams.video[0]
        stream = output.add_stream("libvpx-vp9", rate=source.average_rate, options=VP9_OPTIONS)
        stream.width, stream.height, stream.pix_fmt = source.width, source.height, "yuv420p"
        for number, frame in enumerate(film.decode(source)):
            plain = frame.reformat(format="yuv420p")
            plain.pts, plain.time_base = number, 1 / Fraction(source.average_rate or 1)
            output.mux(stream.encode(plain))
            progress(number + 1)
        output.mux(stream.encode(None))


def write_gif(clip: Path, target: Path, progress: Progress) -> None:
    """Write an MP4's film as a GIF, its shorter side at most 480 pixels, in its own colours; all or nothing.

    Raises:
        OSError: the disk is full or `target` cannot be written.
    """
    palette = _palette(clip)
    with (
        whole_file(target) as part,
        av.open(str(clip)) as film,
        av.open(str(part), "w", format="gif", options={"loop": "0"}) as output,
    ):
        source = film.streams.video[0]
        graph = av.filter.Graph()
        begin, small = _shrunk(graph, source)
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
        stream = output.add_stream("gif", rate=GIF_RATE)
        stream.pix_fmt = "pal8"
        written = 0
        for number, frame in enumerate(chain(film.decode(source), [None])):
            begin.push(frame)
            for picture in _pulled(end):
                if not written:
                    stream.width, stream.height = picture.width, picture.height
                picture.pts, picture.time_base = written, 1 / GIF_RATE
                output.mux(stream.encode(picture))
                written += 1
            progress(number + 1)
        output.mux(stream.encode(None))


def _palette(clip: Path) -> av.VideoFrame:
    """The colours that a film's frames have most of, as a picture of 16 × 16."""
    with av.open(str(clip)) as film:
        source = film.streams.video[0]
        graph = av.filter.Graph()
        begin, small = _shrunk(graph, source)
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


def _shrunk(graph: av.filter.Graph, source: Any) -> tuple[Any, Any]:
    """The first and the last of the filters that make a film as slow and as small as a GIF may be."""
    begin = graph.add_buffer(template=source)
    slow = graph.add("fps", str(GIF_RATE))
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
