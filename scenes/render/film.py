"""A scene's film from what was drawn of it: joined, given its sound, and described."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scenes.render.clip import describe, settle
from scenes.render.formats import speak
from scenes.render.job import Job
from scenes.render.quality import QUALITIES


def finish(job: Job, drawn: Sequence[Path], rehearsed: Mapping[str, Any]) -> dict[str, Any]:
    """Make `NAME.mp4` in the job's directory, and say what the manifest is to know of it.

    Args:
        job: the clip's.
        drawn: what was drawn of it, in order.
        rehearsed: what `scenes.render.stage.rehearsed` says of the clip.

    Raises:
        OSError: the disk is full.
        ValueError: it is longer or shorter than it was in the rehearsal.
    """
    target = job.work / f"{job.name}.mp4"
    speech = [(start, job.work / file) for start, file in rehearsed["speech"]]
    settle(
        drawn,
        target,
        QUALITIES[job.quality].frame_rate,
        title=job.name,
        comment=rehearsed["comment"],
        speech=speech,
    )
    if job.settings.clear:
        speak(target.with_suffix(".webm"), target)
    clip = describe(target)
    if clip["frames"] != rehearsed["frames"]:
        raise ValueError(f"{clip['frames']} frames were drawn, and rehearsed {rehearsed['frames']}")
    return {**clip, "beats": rehearsed["beats"], "poster_at": rehearsed["poster_at"]}
