"""`scenes.render.stage` with a stopwatch: where a scene's process spends its CPU time.

`tests.benchmarks.floor` starts it in the stage's place. When it ends it writes a JSON object into the folder
that `LECTURE_STOPWATCH` names: seconds of CPU by part, frames, and its largest memory in GB.
"""

from __future__ import annotations

from scenes.render import plain_manim  # noqa: F401 before anything that imports Manim

# isort: split
import json
import os
import resource
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from manim.renderer.cairo_renderer import CairoRenderer
from manim.scene import scene_file_writer
from manim.scene.video_segment_encoder import VideoSegmentEncoder

from scenes.render import film, stage
from scenes.render.encoder import SegmentEncoder

FOLDER = "LECTURE_STOPWATCH"
spent: defaultdict[str, float] = defaultdict(float)
_lock = threading.Lock()


def note(part: str, seconds: float) -> None:
    with _lock:
        spent[part] += seconds


def timed(part: str, owner: Any, name: str, clock: Callable[[], float] = time.thread_time) -> None:
    """Have what a function of `owner` spends noted as a part's."""
    function = getattr(owner, name)

    @wraps(function)
    def call(*arguments: Any, **options: Any) -> Any:
        begun = clock()
        try:
            return function(*arguments, **options)
        finally:
            note(part, clock() - begun)

    setattr(owner, name, call)


def main() -> None:
    """Do the stage's work; what no thread of Python's has spent, the encoder's own threads have."""
    start = time.process_time()
    timed("rehearsals", stage, "rehearse")
    for owner, name in ((film, "settle"), (film, "describe")):
        timed("joining", owner, name)
    timed("joining in the scene", scene_file_writer.SceneFileWriter, "combine_to_movie")
    for name in ("update_frame", "get_frame"):
        timed("drawing", CairoRenderer, name)
    timed("conversion", SegmentEncoder, "converted")
    encoders: tuple[tuple[Any, str], ...] = (
        (SegmentEncoder, "encode"), (VideoSegmentEncoder, "__init__"), (VideoSegmentEncoder, "finish"),
    )  # fmt: skip
    for encoder, name in encoders:
        timed("encoding", encoder, name)
    timed("threads", scene_file_writer._PartialMovieEncodeJob, "_listen_and_write")
    timed("scene", stage, "draw")
    begun = time.thread_time()
    try:
        stage.main()
    finally:
        own = time.thread_time() - begun
        beside = time.process_time() - start - own - spent["threads"]
        within = spent["joining in the scene"]
        parts = {
            "start of Python and Manim": start,
            "rehearsals": spent["rehearsals"],
            "animations, layout": spent["scene"] - spent["drawing"] - within,
            "drawing": spent["drawing"],
            "conversion": spent["conversion"],
            "encoding": spent["encoding"] + beside,
            "joining": spent["joining"] + within,
            "rest of the scenes": own - spent["rehearsals"] - spent["scene"] - spent["joining"],
        }
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        Path(os.environ[FOLDER], f"{os.getpid()}.json").write_text(json.dumps({"parts": parts, "peak": peak}))


if __name__ == "__main__":
    main()
