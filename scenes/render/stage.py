"""One scene's process: reads a job from its input, renders it, and says how far it is, a JSON object a line.

It says so in a pipe of its own: nothing that Python, a library or the scene prints can pass for an event.

{"total": 812}   the frames it expects to draw
{"frame": 24}    how many it has drawn
{"done": {…}}    done, and what was made; or
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
from manim.scene.scene_file_writer import SceneFileWriter

from model_probe.errors import MissingTensor, UserError, disk_is_full
from model_probe.trace import Trace
from scenes.language import asked, languages, reading_time
from scenes.lecture_scene import Beat, LectureScene
from scenes.mobjects.palette import GROUND, pixel
from scenes.mobjects.raster import StudioCamera
from scenes.render.clip import ENCODER_OPTIONS
from scenes.render.encoder import SegmentEncoder
from scenes.render.film import finish
from scenes.render.formats import ClearFilm
from scenes.render.job import Job, identity
from scenes.render.quality import ASPECTS, QUALITIES, pixels
from scenes.render.rehearsal import SteadyClock, rehearse

REPORT_EVERY = 0.2  # seconds

_events: TextIO = sys.stdout


class _Writer(SceneFileWriter):
    """Manim's, with our encoder, and pieces named from the working directory on, where names are plain.

    FFmpeg takes an apostrophe or a line feed in the list of pieces for the end of a name.
    """

    def _create_segment_encoder(self, target: Path) -> SegmentEncoder:
        assert self.video_encoder is not None
        return SegmentEncoder(target=target, spec=self.video_encoder)

    @staticmethod
    def _concat_manifest_bytes(input_files: list[str]) -> bytes:
        return "".join(f"file 'file:{os.path.relpath(path)}'\n" for path in input_files).encode()


class _Counting(SteadyClock):
    """Manim's renderer, which says now and then how many frames it has drawn."""

    def __init__(self, clear_film: ClearFilm | None = None) -> None:
        super().__init__(file_writer_class=_Writer, camera_class=StudioCamera)
        self.clear_film = clear_film
        self.frames = 0
        self.reported = 0.0

    def add_frame(self, frame: Any, num_frames: int = 1) -> None:
        if self.skip_animations:
            return
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
    """Do what a job asks for, and describe what was made."""
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
    module, _, class_name = job.scene.partition(":")
    scene_class: type[LectureScene] = getattr(import_module(module), class_name)
    check_trace(job)
    done: dict[str, Any] = {}
    with chdir(job.work), tempconfig(settings):
        config.frame_width, config.frame_height = ASPECTS[job.settings.aspect]
        if job.task != "segment":
            done = rehearsed(scene_class, job)
            say(total=done["frames"])
        if job.task != "rehearsal":
            film = draw(scene_class, job, done.get("least", job.least))
            if job.task == "clip":
                done = finish(replace(job, work=Path()), [film], done)
            else:
                film.replace(f"{job.name}.mp4")
    check_trace(job)
    return {**done, "used": used(module)}


def rehearsed(scene_class: type[LectureScene], job: Job) -> dict[str, Any]:
    """What the scene's film will be, in plain values.

    "beats" as they are told, "poster_at" in seconds, "frames" in all; "starts": the play and the frame that
    each beat begins with; "least": seconds that each lasts; "speech": seconds from the start, and the file
    that is heard from then on; "comment", of the model and the prompt.

    Raises:
        ValueError: the scene has other beats in another language.
    """
    settings, rate = job.settings, QUALITIES[job.quality].frame_rate
    played = {
        language: rehearse(scene_class, replace(settings, language=language, voice=None)).beats
        for language in languages()
        if language != settings.language
    }
    scene = rehearse(scene_class, settings)
    played[settings.language] = scene.beats
    if not settings.captions:
        scene = rehearse(scene_class, settings, slowest(played))
    beats = told(scene.beats, {language: played[language] for language in languages()})
    chosen = next((beat for beat in beats if beat["name"] == scene.poster), beats[-1])
    return {
        "beats": beats,
        "poster_at": round(chosen["end"] - 2 / rate, 3),
        "frames": round(scene.renderer.time * rate),
        "starts": [(beat.play, round(beat.start * rate)) for beat in scene.beats],
        "least": {beat.name: beat.end - beat.start for beat in scene.beats},
        "speech": [(beat.start, str(beat.speech)) for beat in scene.beats if beat.speech],
        "comment": f"{scene.trace.facts.credit}: {scene.trace.facts.prompt}",
    }


def draw(scene_class: type[LectureScene], job: Job, least: Mapping[str, float]) -> Path:
    """Draw the job's plays, silently, each beat as long as the rehearsal found; gives Manim's file."""
    plays = {"from_animation_number": job.plays[0], "upto_animation_number": job.plays[1]}
    webm, size = Path(f"{job.name}.webm"), (config.pixel_width, config.pixel_height)
    with (
        tempconfig(plays),
        ClearFilm.open(webm, *size, config.frame_rate) if job.settings.clear else nullcontext() as clear_film,
    ):
        renderer = _Counting(clear_film)
        scene = scene_class(replace(job.settings, voice=None), renderer=renderer)
        scene.least = dict(least)
        scene.render()
    return Path(renderer.file_writer.movie_file_path)


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


def slowest(played: Mapping[str, list[Beat]]) -> dict[str, float]:
    """Seconds that each beat takes to read in the language that takes longest.

    A film with captions in its picture goes at their language's pace. Without them viewers choose a language,
    and each has to be readable.
    """
    return {
        beats[0].name: max(
            reading_time(beat.narration, language) for language, beat in zip(played, beats, strict=True)
        )
        for beats in zip(*played.values(), strict=False)
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
        done = perform(job)
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
    say(done=done)


if __name__ == "__main__":
    main()
