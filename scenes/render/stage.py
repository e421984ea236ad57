"""One scene's process: reads a job from its input, renders it, and says how far it is, a JSON object a line.

{"total": 812}   the frames it expects to draw
{"frame": 24}    how many it has drawn
{"clip": {…}}    done, and what the clip is; or
{"error": "…"}   what went wrong, in one line
"""

from __future__ import annotations

import json
import sys
import time
import traceback
from importlib import import_module
from typing import Any

from manim import config, tempconfig
from manim.renderer.cairo_renderer import CairoRenderer

from model_probe.errors import UserError
from scenes.lecture_scene import LectureScene
from scenes.mobjects.raster import StudioCamera
from scenes.render.clip import ENCODER_OPTIONS, describe, settle
from scenes.render.job import Job
from scenes.render.quality import QUALITIES
from scenes.render.rehearsal import rehearse

REPORT_EVERY = 0.2  # seconds


class _Counting(CairoRenderer):
    """Manim's renderer, which says now and then how many frames it has drawn."""

    def __init__(self) -> None:
        super().__init__(camera_class=StudioCamera)
        self.frames = 0
        self.reported = 0.0

    def add_frame(self, frame: Any, num_frames: int = 1) -> None:
        super().add_frame(frame, num_frames)
        self.frames += num_frames
        if time.monotonic() - self.reported > REPORT_EVERY:
            self.reported = time.monotonic()
            say(frame=self.frames)


def say(**event: Any) -> None:
    """Tell the parent; where it is gone, this process has no reason to go on."""
    try:
        print(json.dumps(event), file=sys.__stdout__, flush=True)
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(1) from None


def perform(job: Job) -> dict[str, Any]:
    """Render one scene into its clip, and describe what was made."""
    module, _, class_name = job.scene.partition(":")
    scene_class: type[LectureScene] = getattr(import_module(module), class_name)
    quality = QUALITIES[job.quality]
    settings = {
        "pixel_width": quality.width,
        "pixel_height": quality.height,
        "frame_rate": quality.frame_rate,
        "media_dir": str(job.work),
        "output_file": job.name,
        "disable_caching": True,  # a clip is skipped as a whole, by its inputs' digest
        "progress_bar": "none",
        "verbosity": "ERROR",
        "video_encoder_options": ENCODER_OPTIONS,
    }
    with tempconfig(settings):
        config.frame_width = config.frame_height * quality.width / quality.height
        rehearsed = rehearse(scene_class, job.settings)
        say(total=round(rehearsed.renderer.time * quality.frame_rate))
        renderer = _Counting()
        scene = scene_class(job.settings, renderer=renderer)
        scene.render()
        facts = scene.trace.facts
        settle(
            renderer.file_writer.movie_file_path,
            job.target,
            quality.frame_rate,
            title=job.name,
            comment=f"{facts.model_name}: {facts.prompt}",
        )
    beats = [
        {"name": b.name, "start": round(b.start, 3), "end": round(b.end, 3), "narration": b.narration}
        for b in scene.beats
    ]
    return {**describe(job.target), "beats": beats}


def main() -> None:
    """Do the job on standard input; everything but events goes to standard error, which is the log."""
    job = Job.from_json(sys.stdin.read())
    sys.stdout = sys.stderr  # nothing that a library prints may pass for an event
    try:
        clip = perform(job)
    except UserError as error:
        say(error=str(error))
        raise SystemExit(1) from None
    except Exception as error:
        traceback.print_exc()
        say(error=f"{type(error).__name__}: {error}".splitlines()[0])
        raise SystemExit(1) from None
    say(clip=clip)


if __name__ == "__main__":
    main()
