"""What a frame costs: main-thread CPU milliseconds at 1080p, beside the encoder's on the same frames.

And how long the picture stands still, or does no more than drift; see `stillness`.

    python -m tests.benchmarks.render out/trace.safetensors            every scene
    python -m tests.benchmarks.render short.safetensors long.safetensors heads
    python -m tests.benchmarks.render --stock                          tensors drawn our way and Manim's own

Frames are drawn at their true size, but only some a second: what one costs does not depend on that. CPU time,
not wall time: the machine may be busy. No test: nothing here passes or fails.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import av
import click
import numpy as np
from manim import DecimalNumber, Square, Text, VGroup, config, tempconfig
from manim.renderer.cairo_renderer import CairoRenderer
from rich.console import Console
from rich.table import Table

from scenes import SCENES, load
from scenes.mobjects import palette
from scenes.mobjects.head_wall import HeadWall
from scenes.mobjects.number_matrix import NumberMatrix
from scenes.mobjects.raster import StudioCamera
from scenes.render.clip import ENCODER_OPTIONS
from scenes.settings import Settings
from tests.benchmarks import stillness

SAMPLED = 6  # frames drawn a second of film
QUIET = {"dry_run": True, "disable_caching": True, "progress_bar": "none", "verbosity": "ERROR"}
FULL_HD = {"pixel_width": 1920, "pixel_height": 1080, "frame_width": 128 / 9, "frame_rate": SAMPLED}


class _Stopwatch(CairoRenderer):
    """Times the drawing of every moving frame on this thread, then its encoding."""

    def __init__(self) -> None:
        super().__init__(camera_class=StudioCamera)
        self.drawn: list[float] = []
        self.encoded: list[float] = []
        self._encoder = av.CodecContext.create("libx264", "w")
        self._encoder.width, self._encoder.height = config.pixel_width, config.pixel_height
        self._encoder.pix_fmt, self._encoder.framerate = "yuv420p", 60
        self._encoder.time_base = 1 / self._encoder.framerate
        self._encoder.options = ENCODER_OPTIONS
        self._started = 0.0

    def render(self, scene: Any, time_in_play: float, moving_mobjects: Any = None) -> None:
        # The scene's own updates ran since the last frame; they are part of what a frame costs.
        super().update_frame(scene, moving_mobjects)
        frame = self.get_frame()
        self.drawn.append(time.thread_time() - self._started)
        self.time += 1 / self.camera.frame_rate
        before = time.process_time()
        self._encoder.encode(av.VideoFrame.from_ndarray(frame, format="rgba"))
        self.encoded.append(time.process_time() - before)
        self._started = time.thread_time()

    def play(self, scene: Any, *animations: Any, **options: Any) -> None:
        self._started = time.thread_time()
        super().play(scene, *animations, **options)

    def save_static_frame_data(self, scene: Any, static_mobjects: Any) -> Any:
        image = super().save_static_frame_data(scene, static_mobjects)
        self._started = time.thread_time()  # once a play, not once a frame
        return image

    def add_frame(self, frame: Any, num_frames: int = 1) -> None:
        self.time += num_frames / self.camera.frame_rate


def measure(name: str, trace: Path) -> tuple[np.ndarray[Any, Any], float, float]:
    """Milliseconds of each moving frame, the encoder's mean, and the process's peak memory in GB."""
    with tempconfig({**QUIET, **FULL_HD}):
        renderer = _Stopwatch()
        load(name)(Settings(trace), renderer=renderer).render()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return 1e3 * np.array(renderer.drawn), 1e3 * float(np.mean(renderer.encoded)), peak


def cost(change: Callable[[], Any], mobjects: list[Any], rounds: int) -> float:
    """Milliseconds of CPU to change and draw some mobjects, the median of some rounds."""
    camera = StudioCamera()
    times = []
    for _ in range(rounds):
        before = time.thread_time()
        change()
        camera.reset()
        camera.capture_mobjects(mobjects)
        times.append(time.thread_time() - before)
    return 1e3 * float(np.median(times))


def against_stock() -> list[tuple[str, float, float]]:
    """(what, ours, Manim's own) in milliseconds."""
    generator = np.random.default_rng(0)  # only to have something to draw: no picture of this is kept
    rows = []
    with tempconfig({**QUIET, **FULL_HD}):
        values = generator.normal(size=(24, 32))
        ours = NumberMatrix(values, size=0.17)
        stock = VGroup(
            *(DecimalNumber(v, num_decimal_places=1, font_size=14, mob_class=Text) for v in values.flat)
        )
        stock.arrange_in_grid(24, 32)

        def revalue() -> None:
            for number in stock:
                number.set_value(generator.normal())

        rows.append(
            (
                "768 numbers, re-valued",
                cost(lambda: ours.show(generator.normal(size=(24, 32))), [ours], 21),
                cost(revalue, [stock], 1),
            )
        )
        patterns = generator.dirichlet(np.ones(12), size=(12, 12, 12)).astype(np.float32)
        wall = HeadWall(lambda layer: patterns[layer], 12, 12, 5.4, 5.4)
        squares = VGroup(*(Square(0.03, stroke_width=0, fill_opacity=1) for _ in range(12**4)))
        squares.arrange_in_grid(144, 144, buff=0.005)

        def recolour() -> None:
            for square, level in zip(squares, generator.integers(0, 256, 12**4), strict=True):
                square.set_fill("#{:02X}{:02X}{:02X}".format(*palette.ATTENTION_RAMP[level]))

        rows.append(
            (
                "144 heads, recoloured",
                cost(lambda: wall.light(generator.random((12, 12))), [wall], 21),
                cost(recolour, [squares], 1),
            )
        )
    return rows


@click.command(help=(__doc__ or "").partition("\n")[0])
@click.argument("arguments", nargs=-1)
@click.option("--stock", is_flag=True, help="Compare tensors drawn our way with Manim's own.")
def main(arguments: tuple[str, ...], stock: bool) -> None:
    """Print a table."""
    console = Console(width=150)
    if stock:
        table = Table("tensor", "ours, ms", "Manim's own, ms")
        for what, ours, theirs in against_stock():
            table.add_row(what, f"{ours:.1f}", f"{theirs:.0f}")
        console.print(table)
        return
    names = [argument for argument in arguments if argument in SCENES] or list(SCENES)
    traces = [Path(argument) for argument in arguments if argument not in SCENES]
    table = Table(
        "scene", "trace", "frames", "median, ms", "95 %, ms", "largest, ms", "encoder, ms", "peak, GB",
        "still, %", "drifts, %", "longest hold, s",
    )  # fmt: skip
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for name in names:
            for trace in traces:
                drawn, encoder, peak = processes.submit(measure, name, trace).result()
                numbers = (np.median(drawn), np.percentile(drawn, 95), drawn.max(), encoder)
                still = processes.submit(stillness.measure, name, trace).result()
                table.add_row(
                    name, trace.stem, str(len(drawn)), *(f"{n:.1f}" for n in numbers), f"{peak:.2f}",
                    f"{100 * still.share:.0f}", f"{100 * still.drifting:.0f}", f"{still.longest:.1f}",
                )  # fmt: skip
    console.print(table)


if __name__ == "__main__":
    main()
