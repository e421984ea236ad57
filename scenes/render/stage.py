"""One scene's process: reads a job from its input, renders it, and says how far it is, a JSON object a line.

It says so in a pipe of its own: nothing that Python, a library or the scene prints can pass for an event.

{"total": 812}   the frames it expects to draw
{"frame": 24}    how many it has drawn
{"clip": {…}}    done, and what the clip is; or
{"error": "…"}   what was given wrong, in one line; or
{"crash": "…"}   what went wrong, in one line; the log says more
"""

from __future__ import annotations

from scenes.render import plain_manim  # noqa: F401 before anything that imports Manim

# isort: split
import json
import os
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import chdir, nullcontext, suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import numpy.typing as npt
from manim import config, tempconfig
from manim.renderer.cairo_renderer import CairoRenderer
from manim.scene.scene_file_writer import SceneFileWriter

from model_probe.errors import MissingTensor, UserError, disk_is_full
from model_probe.trace import Trace
from scenes.language import asked, languages, reading_time
from scenes.lecture_scene import Beat, LectureScene
from scenes.mobjects.palette import GROUND, pixel
from scenes.mobjects.raster import StudioCamera
from scenes.render.clip import ENCODER_OPTIONS, describe, settle
from scenes.render.formats import ClearFilm, speak
from scenes.render.job import Job, identity
from scenes.render.quality import ASPECTS, QUALITIES, pixels
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings

REPORT_EVERY = 0.2  # seconds

_events: TextIO = sys.stdout


class _Writer(SceneFileWriter):
    """Manim's, which names the pieces that are joined from the working directory on, where names are plain.

    FFmpeg takes an apostrophe or a line feed in the list of pieces for the end of a name.
    """

    @staticmethod
    def _concat_manifest_bytes(input_files: list[str]) -> bytes:
        return "".join(f"file 'file:{os.path.relpath(path)}'\n" for path in input_files).encode()


class _Counting(CairoRenderer):
    """Manim's renderer, which says now and then how many frames it has drawn."""

    def __init__(self, clear_film: ClearFilm | None = None) -> None:
        super().__init__(file_writer_class=_Writer, camera_class=StudioCamera)
        self.clear_film = clear_film
        self.frames = 0
        self.reported = 0.0

    def add_frame(self, frame: Any, num_frames: int = 1) -> None:
        if self.clear_film is not None:
            self.clear_film.add(frame, num_frames)
            frame = on_ground(frame)
        super().add_frame(frame, num_frames)
        self.frames += num_frames
        if time.monotonic() - self.reported > REPORT_EVERY:
            self.reported = time.monotonic()
            say(frame=self.frames)


def on_ground(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Pixels that are multiplied by their alpha, (height, width, 4), on the theme's ground."""
    if not pixel(GROUND).any():
        return pixels  # over black they are what they are
    clear = 255 - pixels[..., 3:].astype(np.float32)
    result = pixels.copy()
    result[..., :3] = np.minimum(255, pixels[..., :3] + pixel(GROUND) * clear / 255 + 0.5)
    result[..., 3] = 255
    return result


def say(**event: Any) -> None:
    """Tell the parent; where it is gone, this process has no reason to go on."""
    try:
        print(json.dumps(event), file=_events, flush=True)
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(1) from None


def perform(job: Job) -> dict[str, Any]:
    """Render one scene into its clip, and describe what was made."""
    module, _, class_name = job.scene.partition(":")
    scene_class: type[LectureScene] = getattr(import_module(module), class_name)
    quality = QUALITIES[job.quality]
    width, height = pixels(quality, job.settings.aspect)
    settings = {
        "pixel_width": width,
        "pixel_height": height,
        "frame_rate": quality.frame_rate,
        "media_dir": ".",  # of the job's own: Manim takes braces in a path for a field to fill in
        "output_file": job.name,
        "disable_caching": True,  # a clip is skipped as a whole, by its inputs' digest
        "progress_bar": "none",
        "verbosity": "ERROR",
        "video_encoder_options": ENCODER_OPTIONS,
    }
    check_trace(job)
    target, webm = Path(f"{job.name}.mp4"), Path(f"{job.name}.webm")
    with chdir(job.work), tempconfig(settings):
        config.frame_width, config.frame_height = ASPECTS[job.settings.aspect]
        rehearsals = {
            language: rehearse(scene_class, _told_in(language, job.settings)) for language in languages()
        }
        spoken = rehearsals[job.settings.language]
        least = {} if job.settings.captions else slowest(rehearsals)
        longer = (max(0.0, least.get(beat.name, 0.0) - beat.end + beat.start) for beat in spoken.beats)
        say(total=round((spoken.renderer.time + sum(longer)) * quality.frame_rate))
        with (
            ClearFilm.open(webm, width, height, quality.frame_rate) if job.settings.clear else nullcontext()
        ) as clear_film:
            renderer = _Counting(clear_film)
            scene = scene_class(job.settings, renderer=renderer)
            scene.least = least
            scene.render()
        facts = scene.trace.facts
        settle(
            renderer.file_writer.movie_file_path,
            target,
            quality.frame_rate,
            title=job.name,
            comment=f"{facts.credit}: {facts.prompt}",
            speech=[(beat.start, beat.speech) for beat in scene.beats if beat.speech],
        )
        if job.settings.clear:
            speak(webm, target)
        clip = describe(target)
    check_trace(job)
    beats = told(scene.beats, {language: rehearsed.beats for language, rehearsed in rehearsals.items()})
    for beat in beats:
        beat["end"] = min(beat["end"], clip["seconds"])
    chosen = next((beat for beat in beats if beat["name"] == scene.poster), beats[-1])
    return {
        **clip,
        "beats": beats,
        "poster_at": round(chosen["end"] - 2 / quality.frame_rate, 3),
        "used": used(module),
    }


def check_trace(job: Job) -> None:
    """See that the trace is the one that the job was given for: each of a scene's passes opens it anew.

    Raises:
        UserError: another lies there now.
    """
    if identity(Trace.open(job.settings.trace)) != job.trace:
        raise UserError(f"{job.settings.trace} was replaced while the run was at work; start it again")


def used(scene_module: str) -> dict[str, list[str]]:
    """The modules of ours that this process has imported, and the messages that it has asked for."""
    packages = {"scenes", "model_probe", scene_module.partition(".")[0]}
    modules = {name for name in sys.modules if name.partition(".")[0] in packages}
    this = __spec__.name if __spec__ else __name__  # it runs as __main__
    return {"modules": sorted({*modules, this}), "messages": sorted(asked)}


def _told_in(language: str, settings: Settings) -> Settings:
    """The settings in another language; only what is filmed is spoken, the others keep the beats it has."""
    return replace(
        settings, language=language, voice=settings.voice if language == settings.language else None
    )


def slowest(rehearsals: Mapping[str, LectureScene]) -> dict[str, float]:
    """Seconds that each beat takes to read in the language that takes longest.

    A film with captions in its picture goes at their language's pace. Without them viewers choose a language,
    and each has to be readable.
    """
    return {
        beats[0].name: max(
            reading_time(beat.narration, language) for language, beat in zip(rehearsals, beats, strict=True)
        )
        for beats in zip(*(rehearsed.beats for rehearsed in rehearsals.values()), strict=False)
    }


def told(beats: list[Beat], rehearsed: dict[str, list[Beat]]) -> list[dict[str, Any]]:
    """The beats at their times in the clip, with what is said in each language.

    Raises:
        ValueError: a scene has other beats in another language.
    """
    names = [beat.name for beat in beats]
    for language, others in rehearsed.items():
        if [beat.name for beat in others] != names:
            raise ValueError(f"the beats are {names}, but in language {language} {[b.name for b in others]}")
    return [
        {
            "name": beat.name,
            "start": round(beat.start, 3),
            "end": round(beat.end, 3),
            "narration": {language: others[index].narration for language, others in rehearsed.items()},
        }
        for index, beat in enumerate(beats)
    ]


def main() -> None:
    """Do the job on standard input; events go to the file whose number is given, all else to the log."""
    global _events
    job = Job.from_json(sys.stdin.read())
    number = int(sys.argv[1])
    os.set_inheritable(number, False)  # for no program that a scene starts
    _events = os.fdopen(number, "w", encoding="utf-8")
    try:
        clip = perform(job)
    except MissingTensor as error:
        say(error=f"this scene is not for this trace: {error}")
        raise SystemExit(1) from None
    except UserError as error:
        say(error=str(error))
        raise SystemExit(1) from None
    except Exception as error:
        if disk_is_full(error):
            say(error="the disk is full")
        else:
            say(crash=f"{type(error).__name__}: {error}".splitlines()[0])
        with suppress(OSError):  # the log may have no room
            traceback.print_exc()
        raise SystemExit(1) from None
    say(clip=clip)


if __name__ == "__main__":
    main()
