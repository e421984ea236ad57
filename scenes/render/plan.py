"""The files of one run: each scene's clip with what lies beside it, then the lecture with its pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from model_probe.trace import Trace
from scenes import SCENES
from scenes.language import catalogue, languages
from scenes.mobjects.marks import visible
from scenes.render import kinds
from scenes.render.digest import NOTHING, clip_digest, content_digest
from scenes.render.graph import File
from scenes.render.job import Job, identity
from scenes.render.jobs import Company
from scenes.render.kinds import Subject, files_of, names_of
from scenes.render.manifest import Manifest
from scenes.render.order import Order
from scenes.settings import Settings
from scenes.voice.engines import label


@dataclass(frozen=True)
class Plan:
    """What is to stand in the output directory when an order was carried out."""

    order: Order
    trace: Trace
    settings: Settings
    manifest: Manifest
    company: Company
    trace_digest: str  # as the trace was when the run began
    scenes: list[str]  # that can be drawn for it

    @property
    def out(self) -> Path:
        """The output directory."""
        return self.manifest.path.parent

    def of_scene(self, name: str) -> Iterator[File]:
        """A scene's clip and what is made from it."""
        content = content_digest(name, self.trace, self.settings)
        clip = f"clips/{name}.mp4"
        webm = f"clips/{name}.webm"
        clear = self.settings.clear
        yield File(
            names=(clip, webm) if clear else (clip,),
            made_from=partial(self._clip_digest, name, content),
            make=partial(self._film, name),
            label=name,
            made=partial(self._note_clip, name),
            words=lambda: measures(self.manifest.clips[name]),
            unchanged="unchanged",
        )
        formats = {"", *self.order.formats} - ({"webm"} if clear else set())  # that comes with the clip
        wanted = tuple(kind for kind in kinds.OF_A_CLIP if kind.format in formats)
        about = partial(self._clip, name)
        tell = self.company.tell
        yield from files_of(
            wanted, about, name, languages(), self.order.language, self.manifest, tell, (clip,)
        )

    def of_lecture(self) -> Iterator[File]:
        """The lecture of all clips that belong together, its texts, and the pages."""
        if not self._together:
            return
        order, tell = self.order, self.company.tell
        own = self.order.language
        yield replace(
            next(files_of((kinds.LECTURE,), self._lecture, "lecture", [], own, self.manifest, tell)),
            made=self._note_lecture,
            words=self._about_lecture,
        )
        after = (kinds.LECTURE.into,)
        spoken = self._spoken()
        yield from files_of(
            kinds.OF_THE_LECTURE, self._lecture, "lecture", spoken, own, self.manifest, tell, after
        )
        for name in self._together:
            about = partial(self._clip, name)
            yield from files_of((kinds.EMBEDDED,), about, name, [], order.language, self.manifest, tell)

    @cached_property
    def _together(self) -> dict[str, dict[str, Any]]:
        """The clips that belong together: of one run of the model, language, quality, theme and shape."""
        order = self.order
        same = {"run": self.trace.run, "language": order.language, "quality": order.quality}
        same |= {"theme": order.theme, "aspect": order.aspect}
        return {
            name: entry
            for name in SCENES
            if (entry := self.manifest.clips.get(name))
            and same.items() <= entry.items()
            and entry["file"] in self.manifest.files
            and (self.out / entry["file"]).is_file()
        }

    def _spoken(self) -> list[str]:
        """The languages that every beat of these clips is told in."""
        told = [set(beat["narration"]) for entry in self._together.values() for beat in entry["beats"]]
        return sorted(set.intersection(*told))

    def _clip(self, name: str, language: str) -> Subject:
        entry = self.manifest.clips[name]
        return Subject(self.out, name, language, entry, {name: entry})

    def _lecture(self, language: str) -> Subject:
        return Subject(self.out, "lecture", language, self.manifest.lecture or {}, self._together)

    def _clip_digest(self, name: str, content: str) -> str:
        used = self.manifest.clips.get(name, {}).get("used", NOTHING)
        return clip_digest(name, self.settings, content, self.order.quality, used)

    def _film(self, name: str, folder: Path) -> dict[str, Any]:
        entry = SCENES[name]
        scene = f"{entry.module}:{entry.class_name}"
        trace = identity(self.trace)
        job = Job(name, scene, self.settings, self.order.quality, trace, folder)
        return self.company.perform(job, self._films)

    @cached_property
    def _films(self) -> int:
        """How many clips this run makes; known when the first one is."""
        clips = [next(self.of_scene(name)) for name in self.scenes]
        return sum(not self.manifest.stands(clip.names, clip.made_from()) for clip in clips)

    def _note_clip(self, name: str, clip: dict[str, Any]) -> None:
        """Note a new clip; what was made from the one before goes."""
        order, facts, clear = self.order, self.trace.facts, self.settings.clear
        self.manifest.drop(f"clips/{name}.{kind}" for kind in (("gif",) if clear else ("webm", "gif")))
        further = {}
        if clear and "webm" in order.formats:
            webm = f"clips/{name}.webm"
            further["webm"] = {"file": webm, **self.manifest.content(webm)}
        self.manifest.clips[name] = {
            "file": f"clips/{name}.mp4",
            "poster": f"clips/{name}.png",
            "title": catalogue(order.language).gettext(SCENES[name].title),
            "language": order.language,
            "voice": label(self.settings.voice) if self.settings.voice else None,
            "quality": order.quality,
            "captions": order.captions,
            "clear": clear,
            "theme": order.theme,
            "aspect": order.aspect,
            "further": further,
            "model": visible(facts.credit, str.isprintable),
            "model_note": facts.model_note,
            "prompt": facts.prompt,
            "trace": self.trace_digest,
            "run": self.trace.run,
            **clip,
            **self.manifest.content(f"clips/{name}.mp4"),
            "texts": names_of(kinds.OF_A_CLIP, name, languages()),
        }

    def _note_lecture(self, _: Any) -> None:
        from scenes.render.clip import describe

        into = kinds.LECTURE.into
        self.manifest.lecture = {
            "file": into,
            "clips": [entry["sha256"] for entry in self._together.values()],
            **describe(self.out / into),
            **self.manifest.content(into),
            "texts": names_of(kinds.OF_THE_LECTURE, "lecture", self._spoken()),
        }

    def _about_lecture(self) -> str:
        assert self.manifest.lecture is not None
        target = self.order.out / kinds.LECTURE.into
        return f"{target}: {', '.join(self._together)}; {measures(self.manifest.lecture)}"


def measures(film: dict[str, Any]) -> str:
    """A film in numbers."""
    return f"{film['seconds']:.1f} s, {film['frames']} frames, {film['bytes'] / 1e6:.1f} MB"
