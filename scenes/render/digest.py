"""When must a file be made again? When anything that it is made of has changed, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from model_probe.trace import Trace
from scenes import CARDS, SCENES
from scenes.chosen_head import shown_head
from scenes.language import LOCALE, catalogue, languages
from scenes.reads import declared
from scenes.settings import Settings
from scenes.voice.engines import identity

ROOT = Path(__file__).parent.parent.parent
CODE = ("scenes", "model_probe", "assets/templates")
PACKAGES = ("manim", "numpy", "typst", "av", "pycairo", "pillow", "noto-cjk-sans-jp-regular", "budoux")

Used = Mapping[str, Sequence[str]]
"""What a clip used while it was drawn: "modules", by name, and "messages", as they stand in the code."""

NOTHING: Used = {"modules": [], "messages": []}


def content_digest(name: str, trace: Trace, settings: Settings) -> str:
    """SHA-256 over all that a scene reads from a trace, whatever else that holds.

    Raises:
        MissingTensor: the trace does not hold it.
    """
    hasher = hashlib.sha256(trace.run.encode())
    hasher.update(json.dumps([trace.facts.layers, trace.facts.heads]).encode())
    reads = declared(SCENES.get(name) or CARDS[name])
    whole = {each for read in reads if not read.one_head for each in read.names}
    for read in reads:
        found = read.found(trace)
        if found is None:
            continue
        part: tuple[int, ...] = ()
        if read.one_head and found not in whole:
            layer, head = shown_head(trace, settings.layer, settings.head)
            part = (layer, head // (trace.facts.group if "_LC" in found else 1))
        hasher.update(f"{found}{part}{trace.digest_of(found, part)}".encode())
    return hasher.hexdigest()


def clip_digest(name: str, settings: Settings, content: str, quality: str, used: Used = NOTHING) -> str:
    """SHA-256 over what a scene reads, its settings, and the modules and messages that its clip used.

    The trace counts by its `content_digest`, not by where it lies. What the registry says of other scenes
    does not count. A clip has captions in every language, so a message does in each.
    """
    voice = identity(settings.voice) if settings.voice else None
    told = {**asdict(settings), "trace": content, "quality": quality, "voice": voice}
    modules = {module: _source(module) for module in used["modules"] if module != "scenes"}
    words = {code: _words(code, tuple(used["messages"])) for code in languages()}
    entry = SCENES.get(name) or CARDS[name]
    about = [entry.module, entry.class_name, entry.title, entry.place.value]
    return of_values([told, about, modules, words, _versions()])


def of_values(values: Any, digest_of: Callable[[Path], str] | None = None) -> str:
    """SHA-256 over plain values; where files are among them, `digest_of` says what each counts by."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=digest_of).encode()).hexdigest()


@cache
def sources() -> dict[str, str]:
    """Module, template or catalogue → SHA-256 of its file, as they all were when this was first asked.

    It is asked before anything is made: a source that changes while a clip is drawn makes it out of date.
    """
    paths = [path for part in CODE for path in sorted((ROOT / part).rglob("*")) if path.is_file()]
    names = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if path.suffix == ".py"
        else str(path.relative_to(ROOT)): path
        for path in paths
        if path.suffix != ".pyc"
    }
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in names.items()}


def code_digest(*beginnings: str) -> str:
    """SHA-256 over the sources whose names begin so, and over the packages' versions."""
    found = {name: digest for name, digest in sources().items() if name.startswith(beginnings)}
    return of_values([found, _versions()])


@cache
def own_version() -> str:
    """This package's version, and the beginning of a digest of its sources and of what draws with them."""
    return f"{version('transformer-film-studio')} ({code_digest('')[:12]})"


@cache
def _source(module: str) -> str:
    """The digest of a module's source; empty where there is none."""
    if module in sources():
        return sources()[module]
    spec = find_spec(module) if module.partition(".")[0] == "tests" else None  # the tests' own scenes
    return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest() if spec and spec.origin else ""


def _words(code: str, messages: tuple[str, ...]) -> list[str]:
    return [catalogue(code).gettext(message) for message in messages] if messages else []


def catalogue_digest(code: str) -> str:
    """SHA-256 of a language's catalogue; empty for English."""
    path = LOCALE / code / "LC_MESSAGES" / "scenes.po"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


@cache
def _versions() -> str:
    return json.dumps({package: version(package) for package in PACKAGES})
