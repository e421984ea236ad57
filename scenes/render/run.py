"""One run: an order in, a directory with trace, clips, lecture and manifest out."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from rich.console import Console

from model_probe.errors import MissingTensor, UserError
from model_probe.trace import Trace
from scenes import SCENES
from scenes.language import catalogue
from scenes.publish.texts import write_clip_texts, write_lecture_texts
from scenes.reads import check, declared, wanted
from scenes.render.digest import content_digest, inputs_digest
from scenes.render.job import Job, Outcome
from scenes.render.jobs import Company
from scenes.render.manifest import Manifest, content_of, is_file_of
from scenes.render.probe import ProbeFailed, Request, recorded
from scenes.render.progress import Display
from scenes.settings import Settings
from scenes.voice.engines import label, resolve, speech


@dataclass(frozen=True)
class Order:
    """What was asked for; see `./render.sh --help`."""

    scenes: list[str]
    request: Request | None  # for a trace that is to be recorded; None where `trace_file` has it
    trace_file: Path | None
    budget: int  # bytes that recording may take
    layer: int | None
    head: int | None
    language: str
    voice: str | None
    quality: str
    formats: tuple[str, ...]
    captions: bool
    clear: bool
    theme: str
    aspect: str
    workers: int
    out: Path


def run(order: Order) -> int:
    """Carry out an order.

    Returns:
        0, 1 where a scene failed, or the probe's exit code where there is no trace.

    Raises:
        UserError: something that was given is wrong.
        OSError: the output directory cannot be written.
    """
    translate = catalogue(order.language).gettext
    voice = resolve(order.voice, order.language) if order.voice is not None else None
    console = Console(file=sys.stdout, stderr=False, force_jupyter=False)  # lines, in a notebook too
    with _workshop(order.out) as work:
        manifest = Manifest(order.out / "manifest.json")
        if voice:  # one that cannot speak says so before anything is made
            speech(translate(SCENES[order.scenes[0]].title), order.language, voice, work / "voice")
        try:
            trace = _trace(order, manifest, work)
        except ProbeFailed as failed:
            return failed.code
        facts = trace.facts
        why = f" ({facts.model_note})" if facts.model_note else ""
        console.print(f"model: {facts.credit}{why}", markup=False, highlight=False, soft_wrap=True)
        settings = Settings(
            trace=trace.path.resolve(),
            language=order.language,
            layer=order.layer,
            head=order.head,
            voice=voice,
            captions=order.captions,
            clear=order.clear,
            theme=order.theme,
            aspect=order.aspect,
        )
        settings.check(facts)
        scenes = _drawable(order, trace, console)
        failures = len(order.scenes) - len(scenes)
        failures += _render(replace(order, scenes=scenes), trace, settings, manifest, work, console)
        _join(order, trace, manifest, console)
    return 1 if failures else 0


@contextmanager
def _workshop(out: Path) -> Iterator[Path]:
    """The output directory, for this run alone, with an empty place for work in progress.

    What a run that was killed has left behind is cleared away here: nobody else can be at work. Folders that
    this run made and wrote nothing into go again at its end: what is refused leaves no trace.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out} is a file; a directory is wanted")
    folders = (out / "clips", out / "logs", out)
    made = [folder for folder in (*folders, *out.parents) if not folder.exists()]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UserError(f"another run is at work in {out}; give this one another --out") from None
    work = out / ".work"
    try:
        shutil.rmtree(work, ignore_errors=True)
        for part in (*out.glob(".*.part"), *(out / "clips").glob(".*.part")):
            part.unlink(missing_ok=True)
        work.mkdir()
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        for folder in made:
            with suppress(OSError):  # it holds something
                if folder == out and [each.name for each in out.iterdir()] == [".lock"]:
                    (out / ".lock").unlink()
                folder.rmdir()
        lock.release()


def _trace(order: Order, manifest: Manifest, work: Path) -> Trace:
    if order.trace_file is not None:
        trace = Trace.open(order.trace_file)
        trace.check_bytes()
        return trace
    assert order.request is not None
    needed = wanted((declared(SCENES[name]) for name in order.scenes), order.layer, order.head)
    path = order.out / "trace.safetensors"
    return recorded(order.request, needed, path, manifest, work, order.budget)


def _drawable(order: Order, trace: Trace, console: Console) -> list[str]:
    """The scenes that this trace can be drawn for; of the others it is said what they lack."""
    fit = []
    for name in order.scenes:
        try:
            check(name, declared(SCENES[name]), trace, order.layer, order.head)
        except MissingTensor as error:
            words = f"{name}  not for this trace: {error}"
            console.print(words, markup=False, highlight=False, soft_wrap=True)
        else:
            fit.append(name)
    return fit


def _render(
    order: Order, trace: Trace, settings: Settings, manifest: Manifest, work: Path, console: Console
) -> int:
    """Render every scene that is not up to date; returns how many failed."""
    clips = order.out / "clips"
    inputs = {
        name: inputs_digest(name, settings, content_digest(name, trace, settings), order.quality)
        for name in order.scenes
    }
    failures = 0
    with Display(console, order.scenes) as display:
        jobs = []
        for name in order.scenes:
            target = clips / f"{name}.mp4"
            if manifest.unchanged(name, inputs[name], target):
                clip = manifest.clips[name]
                write_clip_texts(target, clip["beats"], clip["seconds"])  # what is missing or was edited
                _draw_poster(order, clip, anew=False)
                _further_files(order, name, clip, manifest, display)
                display.finished(name, "unchanged")
                continue
            entry = SCENES[name]
            scene = f"{entry.module}:{entry.class_name}"
            jobs.append(Job(name, scene, settings, order.quality, target.resolve(), (work / name).resolve()))
        company = Company(order.workers, order.out / "logs", display.event)
        for outcome in company.perform(jobs):
            if outcome.clip is None:
                failures += 1
                display.finished(outcome.name, f"failed: {outcome.error}")
                continue
            made = _entry(order, trace, settings, outcome, inputs[outcome.name])
            for kind in ("gif",) if settings.clear else ("webm", "gif"):  # of the clip that was there before
                (clips / f"{outcome.name}.{kind}").unlink(missing_ok=True)
            _draw_poster(order, made, anew=True)
            manifest.clips[outcome.name] = made
            manifest.save()
            _further_files(order, outcome.name, made, manifest, display)
            display.finished(outcome.name, _measures(outcome.clip))
    return failures


def _entry(order: Order, trace: Trace, settings: Settings, outcome: Outcome, inputs: str) -> dict[str, Any]:
    facts = trace.facts
    assert outcome.clip is not None
    return {
        "file": f"clips/{outcome.name}.mp4",
        "poster": f"clips/{outcome.name}.png",
        "title": catalogue(order.language).gettext(SCENES[outcome.name].title),
        "language": order.language,
        "voice": label(settings.voice) if settings.voice else None,
        "quality": order.quality,
        "captions": order.captions,
        "clear": order.clear,
        "theme": order.theme,
        "aspect": order.aspect,
        "further": {},
        "model": facts.credit,
        "model_note": facts.model_note,
        "prompt": facts.prompt,
        "trace": trace.digest,
        "run": trace.run,
        "inputs": inputs,
        **outcome.clip,
    }


def _draw_poster(order: Order, entry: dict[str, Any], anew: bool) -> None:
    """Draw a clip's poster where there is none, or where the clip is new."""
    target = order.out / entry["poster"]
    if anew or not target.is_file():
        from scenes.render.poster import write_poster

        film = order.out / entry["file"]
        write_poster(film.with_suffix(".webm") if entry["clear"] else film, target, entry["poster_at"])


def _further_files(
    order: Order, name: str, entry: dict[str, Any], manifest: Manifest, display: Display
) -> None:
    """Make the formats beside MP4 that were asked for and are not there; those that are there stay."""
    from scenes.render.formats import write_gif, write_webm

    clip = order.out / entry["file"]
    for kind, write in (("webm", write_webm), ("gif", write_gif)):
        target = clip.with_suffix(f".{kind}")
        made = entry["further"].get(kind)
        drawn = kind == "webm" and entry["clear"]  # with the scene itself
        if kind not in order.formats or (made is not None and is_file_of(target, made)):
            continue
        if not drawn:
            label = f"{name}.{kind}"
            display.event(label, {"total": entry["frames"]})
            write(clip, target, partial(_report, display, label))
        entry["further"][kind] = {"file": str(target.relative_to(order.out)), **content_of(target)}
        manifest.save()
        if not drawn:
            display.finished(label, f"{entry['further'][kind]['bytes'] / 1e6:.1f} MB")


def _report(display: Display, label: str, frame: int) -> None:
    display.event(label, {"frame": frame})


def _measures(clip: dict[str, Any]) -> str:
    return f"{clip['seconds']:.1f} s, {clip['frames']} frames, {clip['bytes'] / 1e6:.1f} MB"


def _join(order: Order, trace: Trace, manifest: Manifest, console: Console) -> None:
    """Join the clips that belong together: of one run of the model, language, quality, theme and shape."""
    together = {
        "run": trace.run,
        "language": order.language,
        "quality": order.quality,
        "theme": order.theme,
        "aspect": order.aspect,
    }
    chosen = {
        name: entry
        for name in SCENES
        if (entry := manifest.clips.get(name))
        and together.items() <= entry.items()
        and (order.out / entry["file"]).is_file()
    }
    if not chosen:
        return
    from scenes.publish.lecture import join
    from scenes.publish.page import write_pages
    from scenes.publish.slides import write_slides
    from scenes.render.clip import describe

    target = order.out / "lecture.mp4"
    made_from = [entry["sha256"] for entry in chosen.values()]
    lecture = manifest.lecture
    if lecture is None or lecture["clips"] != made_from or not is_file_of(target, lecture):
        join([(order.out / entry["file"], entry["title"]) for entry in chosen.values()], target)
        lecture = {"file": target.name, "clips": made_from, **describe(target)}
        words = f"{target}: {', '.join(chosen)}; {_measures(lecture)}"
        console.print(words, markup=False, highlight=False, soft_wrap=True)
    manifest.lecture = {**lecture, "texts": write_lecture_texts(target, chosen)}
    manifest.save()
    write_pages(order.out, manifest.lecture, chosen, order.language)
    write_slides(order.out, chosen, order.language)
