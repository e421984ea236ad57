"""When must a clip be rendered again? When anything that it is made of has changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path

from scenes import SCENES
from scenes.language import LOCALE
from scenes.render.voice import identity
from scenes.settings import Settings

SOURCE = Path(__file__).parent.parent
PACKAGES = ("manim", "numpy", "typst", "av", "pycairo", "pillow", "noto-cjk-sans-jp-regular", "budoux")


def inputs_digest(name: str, settings: Settings, trace_digest: str, quality: str) -> str:
    """SHA-256 over the scene's source and all that it may import, the trace, the catalogues and the settings.

    The trace counts by its content, not by where it lies.
    """
    voice = identity(settings.voice) if settings.voice else None
    told = {**asdict(settings), "trace": trace_digest, "quality": quality, "voice": voice}
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
