"""What kinds of file a run makes: one entry each says into which name, by which function, from what.

`trace.safetensors` comes first and by itself, for all else is known from it: `scenes.render.probe`. Then come
each scene's clip and what lies beside it, then the lecture and its pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from scenes import SCENES
from scenes.render.digest import catalogue_digest, code_digest, of_values
from scenes.render.graph import File
from scenes.render.manifest import Manifest

Entry = Mapping[str, Any]
Tell = Callable[[str, dict[str, int]], None]

WORDS = ("scenes.publish", "scenes.language", "assets/templates")
PAGES = (*WORDS, "scenes.mobjects.palette")
FILMS = ("scenes.render.clip", "scenes.voice.sound")


@dataclass(frozen=True)
class Subject:
    """What a file is about: a clip, the lecture or a part of it, in a language.

    Attributes:
        out: the output directory.
        name: of the film, without an ending.
        entry: what the manifest says of it.
        clips: the scenes in it, in order.
        cards: scene → the card of a part of the lecture that stands before it.
        inside: the films of its parts, where they have their own.
    """

    out: Path
    name: str
    language: str
    entry: Entry
    clips: Mapping[str, Entry]
    cards: Mapping[str, Entry] = field(default_factory=dict)
    inside: tuple[Subject, ...] = ()

    def film(self) -> Path:
        """The clip; a film that another file is made from counts by its content."""
        return self.out / str(self.entry["file"])

    def drawn(self) -> Path:
        """What came of the scene itself: the film with the clear ground where there is one."""
        return self.film().with_suffix(".webm") if self.entry["clear"] else self.film()

    def pieces(self) -> list[dict[str, Any]]:
        """The clips with their places in the film, in seconds, counted in frames so that nothing is lost.

        A part's card belongs to the chapter of the scene after it, which "opens" with it.
        """
        found, frames = [], 0
        for name, clip in self.clips.items():
            opens = frames / clip["frame_rate"]
            frames += self.cards[name]["frames"] if name in self.cards else 0
            start = frames / clip["frame_rate"]
            frames += clip["frames"]
            end = frames / clip["frame_rate"]
            scene = SCENES[name]
            about = {"title": scene.title, "picture": scene.picture, "beats": clip["beats"]}
            part = [scene.part.roman, scene.part.title] if name in self.cards else None
            found.append({**about, "part": part, "opens": opens, "start": start, "end": end})
        return found

    def joined(self) -> list[tuple[Path, str | None]]:
        """The films that this one is joined from; a title where a chapter begins."""
        found: list[tuple[Path, str | None]] = []
        for name, clip in self.clips.items():
            title = clip["title"]
            if name in self.cards:
                found.append((self.out / self.cards[name]["file"], title))
                title = None
            found.append((self.out / clip["file"], title))
        return found

    def told(self) -> dict[str, Any]:
        """What texts are made from."""
        return {"pieces": self.pieces(), "language": self.language}

    def model(self) -> dict[str, Any]:
        """Which model it is that the clips show, and on what it ran."""
        first = next(iter(self.clips.values()))
        return {key: first[key] for key in ("model", "model_note", "prompt")}

    def transcribed(self) -> dict[str, Any]:
        """What a transcript is made from."""
        return {**self.told(), **self.model()}

    def page(self) -> dict[str, Any]:
        """What pages are made from."""
        return {"clips": self.clips, "language": self.language}

    def shown(self) -> dict[str, Any]:
        """What a page says of a film that is joined from clips."""
        return {"name": self.name, "entry": self.entry, "scenes": [*self.clips], "pieces": self.pieces()}


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        into: its name; {name} is the scene's. One with {language} is made in each.
        by: `module:function`, imported where it is needed. It is called with where to write and with `given`.
        given: what the file is made from, in plain values; files by their paths.
        code: beginnings of the names of sources that it is made by, besides the function's module.
        format: made only where this format was asked for; it says how far it is, and when it is made.
    """

    into: str
    by: str
    given: Callable[[Subject], dict[str, Any]]
    code: tuple[str, ...] = ()
    format: str = ""


TEXTS = "scenes.publish.texts"
OF_A_CLIP = (
    Kind(
        "clips/{name}.png",
        "scenes.render.poster:write_poster",
        lambda clip: {"clip": clip.drawn(), "at": clip.entry["poster_at"]},
        FILMS,
    ),
    Kind(
        "clips/{name}.webm",
        "scenes.render.formats:write_webm",
        lambda clip: {"clip": clip.film()},
        FILMS,
        format="webm",
    ),
    Kind(
        "clips/{name}.gif",
        "scenes.render.formats:write_gif",
        lambda clip: {"clip": clip.film()},
        FILMS,
        format="gif",
    ),
    Kind("clips/{name}.{language}.vtt", f"{TEXTS}:write_webvtt", Subject.told, WORDS),
    Kind("clips/{name}.{language}.srt", f"{TEXTS}:write_subrip", Subject.told, WORDS),
    Kind("clips/{name}.chapters.{language}.vtt", f"{TEXTS}:write_beat_chapters", Subject.told, WORDS),
)
JOINED = Kind("{name}.mp4", "scenes.publish.lecture:join", lambda film: {"clips": film.joined()}, FILMS)


def _texts_of_a_film(before: str) -> tuple[Kind, ...]:
    """The texts beside a film that is joined; `before` begins the names of those that are no captions."""
    transcript = f"{TEXTS}:write_transcript"
    return (
        Kind("{name}.{language}.vtt", f"{TEXTS}:write_webvtt", Subject.told, WORDS),
        Kind("{name}.{language}.srt", f"{TEXTS}:write_subrip", Subject.told, WORDS),
        Kind(f"{before}chapters.{{language}}.vtt", f"{TEXTS}:write_scene_chapters", Subject.told, WORDS),
        Kind(f"{before}youtube.{{language}}.txt", f"{TEXTS}:write_youtube", Subject.told, WORDS),
        Kind(f"{before}transcript.{{language}}.md", transcript, Subject.transcribed, WORDS),
        Kind(f"{before}transcript.{{language}}.html", transcript, Subject.transcribed, WORDS),
    )


OF_THE_LECTURE = (
    *_texts_of_a_film(""),
    Kind(
        "index.html",
        "scenes.publish.page:write_index",
        lambda film: {**film.page(), "films": [film.shown(), *(part.shown() for part in film.inside)]},
        PAGES,
    ),
    Kind("slides.html", "scenes.publish.slides:write_slides", Subject.page, PAGES),
)
OF_A_PART = _texts_of_a_film("{name}.")
EMBEDDED = Kind(
    "clips/{name}.html",
    "scenes.publish.page:write_embedded",
    lambda clip: {"name": clip.name, "entry": clip.entry, "language": clip.language},
    PAGES,
)


def names_of(kinds: tuple[Kind, ...], name: str, spoken: list[str]) -> dict[str, dict[str, str]]:
    """Language → what a text is → its name, of those of these kinds that are there in each language."""
    texts = {}
    for language in spoken:
        made = [kind.into.format(name=name, language=language) for kind in kinds if "{language}" in kind.into]
        texts[language] = {_what(Path(each)): each for each in made}
    return texts


def _what(path: Path) -> str:
    if "chapters" in path.name:
        return "chapters"
    kind = path.suffix.removeprefix(".")
    return {"md": "markdown", "txt": "youtube"}.get(kind, kind)


def files_of(
    kinds: tuple[Kind, ...],
    subject: Callable[[str], Subject],
    name: str,
    spoken: list[str],
    own: str,
    manifest: Manifest,
    tell: Tell,
    needs: tuple[str, ...] = (),
) -> Iterator[File]:
    """The files of these kinds about one thing.

    Args:
        kinds: that are wanted.
        subject: language → what it is about; asked when what it needs is there.
        name: of the scene, or "lecture".
        spoken: the languages that there are texts in.
        own: the language of what is there in one alone.
        manifest: of the output directory.
        tell: where a film says how far it is.
        needs: files that are waited for.
    """
    for kind in kinds:
        for language in spoken if "{language}" in kind.into else [own]:
            into = kind.into.format(name=name, language=language)
            about = partial(subject, language)
            label = f"{name}.{kind.format}" if kind.format else ""
            yield File(
                names=(into,),
                made_from=partial(_made_from, kind, about, manifest),
                make=partial(_make, kind, about, Path(into).name, label, tell),
                needs=needs,
                label=label,
                made=partial(_note_format, kind, about, into, manifest) if kind.format else lambda _: None,
                words=partial(_megabytes, manifest, into) if kind.format else lambda: "",
            )


def _made_from(kind: Kind, about: Callable[[], Subject], manifest: Manifest) -> str:
    subject = about()
    code = code_digest(kind.by.partition(":")[0], *kind.code)
    words = catalogue_digest(subject.language) if "scenes.language" in kind.code else ""
    return of_values([kind.into, kind.by, kind.given(subject), code, words], manifest.digest_of)


def _make(kind: Kind, about: Callable[[], Subject], into: str, label: str, tell: Tell, folder: Path) -> None:
    module, _, function = kind.by.partition(":")
    subject = about()
    given = kind.given(subject)
    if kind.format:
        tell(label, {"total": subject.entry["frames"]})
        given["progress"] = lambda frame: tell(label, {"frame": frame})
    getattr(import_module(module), function)(folder / into, **given)


def _note_format(kind: Kind, about: Callable[[], Subject], into: str, manifest: Manifest, _: Any) -> None:
    about().entry["further"][kind.format] = {"file": into, **manifest.content(into)}


def _megabytes(manifest: Manifest, into: str) -> str:
    return f"{manifest.files[into]['bytes'] / 1e6:.1f} MB"
