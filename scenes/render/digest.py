"""When must a clip be rendered again? When anything that it is made of has changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path

from model_probe.trace import Trace
from scenes import SCENES
from scenes.chosen_head import shown_head
from scenes.language import LOCALE
from scenes.reads import declared
from scenes.settings import Settings
from scenes.voice.engines import identity

SOURCE = Path(__file__).parent.parent
PACKAGES = ("manim", "numpy", "typst", "av", "pycairo", "pillow", "noto-cjk-sans-jp-regular", "budoux")


def content_digest(name: str, trace: Trace, settings: Settings) -> str:
    """SHA-256 over all that a scene reads from a trace, whatever else that holds.

    Raises:
        MissingTensor: the trace does not hold it.
    """
    hasher = hashlib.sha256(trace.run.encode())
    hasher.update(json.dumps([trace.facts.layers, trace.facts.heads]).encode())
    reads = declared(SCENES[name])
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


def inputs_digest(name: str, settings: Settings, content: str, quality: str) -> str:
    """SHA-256 over the scene's source and all that it may import, the catalogues and the settings.

    The trace counts by its `content_digest`, not by where it lies.
    """
    voice = identity(settings.voice) if settings.voice else None
    told = {**asdict(settings), "trace": content, "quality": quality, "voice": voice}
    hasher = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    hasher.update(_versions().encode())
    lecture = SOURCE / "lecture"
    others = {lecture / f"{other}.py" for other in SCENES if other != name}
    for path in sorted(SOURCE.rglob("*.py")):
        if path not in others:
            hasher.update(f"{path.relative_to(SOURCE)}\0".encode() + path.read_bytes())
    for catalogue in sorted(LOCALE.glob("*/LC_MESSAGES/scenes.po")):  # a clip has captions in every language
        hasher.update(catalogue.read_bytes())
    return hasher.hexdigest()


@cache
def _versions() -> str:
    return json.dumps({package: version(package) for package in PACKAGES})
