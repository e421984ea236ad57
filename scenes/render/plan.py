"""The files of one run: each scene's clip with what lies beside it, cards, the lecture with its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from model_probe.errors import MissingTensor
from model_probe.trace import Trace
from scenes import CARDS, SCENES, Part, parts_of
from scenes.language import catalogue, languages
from scenes.mobjects.marks import visible
from scenes.reads import check, declared
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
            made_from=partial(self._clip_digest, name, content, self.settings, self.manifest.clips),
            make=partial(self._film, name, self.settings),
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

    def of_cards(self) -> Iterator[File]:
        """The cards of the parts that the lecture will have, where the trace holds what is on them."""
        settings = replace(self.settings, layer=None, head=None, voice=None, captions=True, clear=False)
        for part in parts_of({*self.order.scenes, *self._standing(self.manifest.clips)}):
            name, into = part.card, f"clips/{part.card}.mp4"
            try:
                check(name, declared(CARDS[name]), self.trace)
            except MissingTensor:
                continue
            content = content_digest(name, self.trace, settings)
            yield File(
                names=(into,),
                made_from=partial(self._clip_digest, name, content, settings, self.manifest.cards),
                make=partial(self._film, name, settings),
                label=name,
                made=partial(self._note_card, name),
                words=partial(self._about_card, name),
                unchanged="unchanged",
            )

    def of_lecture(self) -> Iterator[File]:
        """The lecture of all clips that belong together, films of its parts, their texts, and the pages."""
        if not self._together:
            return
        order, tell = self.order, self.company.tell
        own, spoken = order.language, self._spoken()
        parts = self._parts
        for name in self.manifest.parts.keys() - {part.film for part in parts}:
            gone = self.manifest.parts.pop(name)
            self.manifest.drop([gone["file"], *(t for of in gone["texts"].values() for t in of.values())])
        yield self._joined("lecture", self._lecture, kinds.OF_THE_LECTURE)
        for part in parts:
            about = partial(self._part, part)
            yield self._joined(part.film, about, kinds.OF_A_PART)
            after: tuple[str, ...] = (f"{part.film}.mp4",)
            yield from files_of(kinds.OF_A_PART, about, part.film, spoken, own, self.manifest, tell, after)
        after = ("lecture.mp4", *(f"{part.film}.mp4" for part in parts))
        yield from files_of(
            kinds.OF_THE_LECTURE, self._lecture, "lecture", spoken, own, self.manifest, tell, after
        )
        for name in self._together:
            about = partial(self._clip, name)
            yield from files_of((kinds.EMBEDDED,), about, name, [], order.language, self.manifest, tell)

    def _joined(self, name: str, about: Callable[[str], Subject], texts: tuple[kinds.Kind, ...]) -> File:
        """A film that is joined from clips."""
        own, tell = self.order.language, self.company.tell
        return replace(
            next(files_of((kinds.JOINED,), about, name, [], own, self.manifest, tell)),
            made=partial(self._note_joined, name, about, texts),
            words=partial(self._about_joined, name, about),
        )

    @cached_property
    def _together(self) -> dict[str, dict[str, Any]]:
        """The clips that belong together, in the lecture's order."""
        standing = self._standing(self.manifest.clips)
        return {name: standing[name] for name in SCENES if name in standing}

    @cached_property
    def _cards(self) -> dict[str, dict[str, Any]]:
        """Scene → the card that stands before it: of each part that is there, before its first scene."""
        standing = self._standing(self.manifest.cards)
        return {
            next(name for name in self._together if SCENES[name].part == part): standing[part.card]
            for part in parts_of(self._together)
            if part.card in standing
        }

    @cached_property
    def _parts(self) -> list[Part]:
        """The parts that have a film of their own: they have a card, and are not all that there is."""
        there = {SCENES[name].part.number for name in self._together}
        return [SCENES[name].part for name in self._cards] if len(there) > 1 else []

    def _standing(self, entries: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """What belongs together: of one run of the model, language, quality, theme and shape."""
        order = self.order
        same = {"run": self.trace.run, "language": order.language, "quality": order.quality}
        same |= {"theme": order.theme, "aspect": order.aspect}
        return {
            name: entry
            for name, entry in entries.items()
            if same.items() <= entry.items()
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
        return Subject(
            out=self.out,
            name="lecture",
            language=language,
            entry=self.manifest.lecture or {},
            clips=self._together,
            cards=self._cards,
            inside=tuple(self._part(part, language) for part in self._parts),
        )

    def _part(self, part: Part, language: str) -> Subject:
        clips = {name: entry for name, entry in self._together.items() if SCENES[name].part == part}
        cards = {name: entry for name, entry in self._cards.items() if name in clips}
        return Subject(self.out, part.film, language, self.manifest.parts.get(part.film, {}), clips, cards)

    def _clip_digest(
        self, name: str, content: str, settings: Settings, entries: dict[str, dict[str, Any]]
    ) -> str:
        used = entries.get(name, {}).get("used", NOTHING)
        return clip_digest(name, settings, content, self.order.quality, used)

    def _film(self, name: str, settings: Settings, folder: Path) -> dict[str, Any]:
        entry = SCENES.get(name) or CARDS[name]
        scene = f"{entry.module}:{entry.class_name}"
        trace = identity(self.trace)
        job = Job(name, scene, settings, self.order.quality, trace, folder)
        return self.company.perform(job, self._films)

    @cached_property
    def _films(self) -> int:
        """How many clips and cards this run makes; known when the first one is."""
        films = [*(next(self.of_scene(name)) for name in self.scenes), *self.of_cards()]
        return sum(not self.manifest.stands(film.names, film.made_from()) for film in films)

    def _note_clip(self, name: str, clip: dict[str, Any]) -> None:
        """Note a new clip; what was made from the one before goes."""
        order, clear = self.order, self.settings.clear
        self.manifest.drop(f"clips/{name}.{kind}" for kind in (("gif",) if clear else ("webm", "gif")))
        further = {}
        if clear and "webm" in order.formats:
            webm = f"clips/{name}.webm"
            further["webm"] = {"file": webm, **self.manifest.content(webm)}
        self.manifest.clips[name] = {
            **self._noted(name, SCENES[name].title, self.settings, clip),
            "poster": f"clips/{name}.png",
            "captions": order.captions,
            "clear": clear,
            "further": further,
            "texts": names_of(kinds.OF_A_CLIP, name, languages()),
        }

    def _note_card(self, name: str, clip: dict[str, Any]) -> None:
        settings = replace(self.settings, voice=None)
        self.manifest.cards[name] = self._noted(name, CARDS[name].title, settings, clip)

    def _noted(self, name: str, title: str, settings: Settings, clip: dict[str, Any]) -> dict[str, Any]:
        """What the manifest says of any film that was drawn."""
        order, facts = self.order, self.trace.facts
        return {
            "file": f"clips/{name}.mp4",
            "title": catalogue(order.language).gettext(title),
            "language": order.language,
            "voice": label(settings.voice) if settings.voice else None,
            "quality": order.quality,
            "theme": order.theme,
            "aspect": order.aspect,
            "model": visible(facts.credit, str.isprintable),
            "model_note": facts.model_note,
            "prompt": facts.prompt,
            "trace": self.trace_digest,
            "run": self.trace.run,
            **clip,
            **self.manifest.content(f"clips/{name}.mp4"),
        }

    def _note_joined(
        self, name: str, about: Callable[[str], Subject], texts: tuple[kinds.Kind, ...], _: Any
    ) -> None:
        from scenes.render.clip import describe

        into = f"{name}.mp4"
        entry = {
            "file": into,
            "clips": [clip["sha256"] for clip in about(self.order.language).clips.values()],
            **describe(self.out / into),
            **self.manifest.content(into),
            "texts": names_of(texts, name, self._spoken()),
        }
        if name == "lecture":
            self.manifest.lecture = entry
        else:
            self.manifest.parts[name] = entry

    def _about_card(self, name: str) -> str:
        return measures(self.manifest.cards[name])

    def _about_joined(self, name: str, about: Callable[[str], Subject]) -> str:
        film = about(self.order.language)
        return f"{self.order.out / name}.mp4: {', '.join(film.clips)}; {measures(dict(film.entry))}"


def measures(film: dict[str, Any]) -> str:
    """A film in numbers."""
    return f"{film['seconds']:.1f} s, {film['frames']} frames, {film['bytes'] / 1e6:.1f} MB"
