"""What a run is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from model_probe.trace import Trace
from scenes.render.probe import Request
from scenes.settings import Settings


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
    scheduler: str | None  # of the cluster that draws; None for this machine
    out: Path

    def settings(self, trace: Trace, voice: str | None) -> Settings:
        """What every scene is told, with the voice that was found.

        Raises:
            UserError: the model has not the layer or the head that was asked for.
        """
        settings = Settings(
            trace=trace.path.resolve(),
            language=self.language,
            layer=self.layer,
            head=self.head,
            voice=voice,
            captions=self.captions,
            clear=self.clear,
            theme=self.theme,
            aspect=self.aspect,
        )
        settings.check(trace.facts)
        return settings
