"""A scene in a notebook: `show("heads", prompt="…")` runs the model, draws the scene and plays it there.

Plain Manim works there as well, in a cell that begins with `%%manim -ql AttentionHeads`.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from babel import Locale

from model_probe.errors import TraceError, UserError
from model_probe.plan import BUDGET, Selection
from model_probe.record import record
from model_probe.trace import Trace
from scenes import SCENES
from scenes.language import catalogue, plain
from scenes.publish.captions import cues, webvtt
from scenes.publish.chapters import clock
from scenes.publish.templates import template
from scenes.reads import Wanted, declared, wanted
from scenes.render.manifest import Manifest
from scenes.render.order import Order
from scenes.render.quality import QUALITIES
from scenes.render.run import run

_folder = tempfile.TemporaryDirectory(prefix="film-studio-")  # removed when Python ends


class ShowError(UserError):
    """A scene cannot be shown; a notebook prints why as one line, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython prints for it."""
        return [f"error: {self}"]


@dataclass(frozen=True)
class Film:
    """A clip as a notebook shows it: the film itself is in the output, so the notebook can be passed on.

    Attributes:
        file: the clip, an MP4.
        poster: its picture, a PNG.
        entry: what the manifest says of the clip: "seconds", "beats", "model", "prompt", …
    """

    file: Path
    poster: Path
    entry: dict[str, Any]

    def transcript(self) -> str:
        """What is said and when, a line for each beat: for who cannot see the film."""
        told = self._told(self.entry["language"])
        return "\n".join([self.entry["title"], *(f"{time} {words}" for time, words in told)])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """The film for a notebook, the transcript where there is text only."""
        language = self.entry["language"]
        beats = self.entry["beats"]
        spoken = sorted(beats[0]["narration"], key=lambda code: (code != language, code))
        page = template("notebook.html").render(
            entry=self.entry,
            film=_data("video/mp4", self.file.read_bytes()),
            poster=_data("image/png", self.poster.read_bytes()),
            tracks=[
                {
                    "language": code,
                    "label": Locale.parse(code).display_name,
                    "source": _data("text/vtt", webvtt(cues(beats, code)).encode()),
                }
                for code in spoken
            ],
            transcript=catalogue(language).gettext("Transcript"),
            told=self._told(language),
        )
        return {"text/html": page, "text/plain": self.transcript()}

    def _told(self, language: str) -> list[tuple[str, str]]:
        beats = self.entry["beats"]
        return [(clock(beat["start"]), plain(beat["narration"][language])) for beat in beats]


def show(
    scene: str,
    prompt: str | None = None,
    *,
    model: str | None = None,
    quality: str = "l",
    language: str = "en",
    layer: int | None = None,
    head: int | None = None,
    device: str = "auto",
    seed: int = 0,
    out: str | Path | None = None,
) -> Film:
    """Run the model on `prompt` and draw one scene; what was done before for the same is not done again.

    Args:
        scene: its name, such as "heads"; `scenes.SCENES` has them all.
        prompt: what the model reads; by default a sentence that suits the model.
        model: a Hub id, a directory in Hugging Face format, a GGUF file, "smollm2" or "storyteller"; by
            default GPT-2.
        quality: "l" 480p15, "m" 720p30, "h" 1080p60, "k" 2160p60.
        language: of narration and words, such as "ja"; captions are in every language.
        layer: to show where the scene shows one, from 0; by default the scene's rule.
        head: likewise.
        device: where the model runs: "auto", "cpu", "cuda" or "mps".
        seed: of the draws.
        out: a directory that keeps traces and clips; by default one that goes when Python ends.

    Returns:
        The film; as the last value of a cell it is played below it.

    Raises:
        ShowError: something that was given is wrong, or the scene failed; nothing half-made is left.
    """
    try:
        if scene not in SCENES:
            raise UserError(f"there is no scene {scene!r}; there are {', '.join(SCENES)}")
        if quality not in QUALITIES:
            raise UserError(f"there is no quality {quality!r}; there are {', '.join(QUALITIES)}")
        catalogue(language)
        asked = json.dumps([prompt, model, device, seed])
        kept = Path(out) if out is not None else Path(_folder.name)
        folder = kept / hashlib.sha256(asked.encode()).hexdigest()[:16]
        trace = _recorded(
            folder / "trace.safetensors",
            wanted([declared(SCENES[scene])], layer, head),
            prompt,
            model,
            device,
            seed,
        )
        order = Order(
            scenes=[scene],
            request=None,
            trace_file=trace,
            budget=BUDGET,
            layer=layer,
            head=head,
            language=language,
            voice=None,
            quality=quality,
            formats=("mp4",),
            captions=True,
            clear=False,
            theme="dark",
            aspect="16:9",
            workers=1,
            scheduler=None,
            out=folder,
        )
        with contextlib.redirect_stdout(io.StringIO()) as said:
            code = run(order)
        if code:
            raise UserError(next(line for line in said.getvalue().splitlines() if line.startswith(scene)))
    except UserError as error:
        raise ShowError(str(error)) from None
    except OSError as error:
        raise ShowError(f"{error.strerror or error}: {error.filename or out}") from None
    entry = Manifest(folder / "manifest.json").clips[scene]
    return Film(folder / entry["file"], folder / entry["poster"], entry)


def _recorded(
    path: Path, needed: Wanted, prompt: str | None, model: str | None, device: str, seed: int
) -> Path:
    """The trace at `path` with what is needed, recorded now unless it is there.

    A stand-in for GPT-2 answers only once.
    """
    with contextlib.suppress(TraceError):
        if path.is_file() and not (earlier := Trace.open(path)).facts.model_note:
            if needed.held_by(earlier):
                return path
            needed = needed.beside(earlier)
    selection = Selection(
        tensors=tuple(sorted(needed.tensors)),
        of_one_head=tuple(sorted(needed.of_one_head)),
        shown=(needed.layer, needed.head),
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")  # a download shows a plain bar then
        return record(prompt, path, model=model, device=device, seed=seed, selection=selection)


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
