"""What a scene is told from outside: which trace, which language, which layer and head."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from model_probe.errors import UserError
from model_probe.trace import Facts

DEFAULT_TRACE = Path("out/trace.safetensors")


@dataclass(frozen=True)
class Settings:
    """One scene's settings.

    Attributes:
        trace: the file that every number comes from.
        language: of narration and on-screen words; the prompt's tokens are never translated.
        layer, head: the ones to show, counted from 0; None leaves the choice to the scene's rule.
        captions: whether the narration is drawn into the picture.
        aspect: the frame's shape, "16:9", "9:16" or "1:1".
        theme: the colours, "dark" or "light"; a process has one, which `LECTURE_THEME` names.
        clear: whether the ground is left clear, for a WebM with alpha.
        voice: reads the narration aloud, as `scenes.voice.engines.resolve` names it; None is silence.
    """

    trace: Path
    language: str = "en"
    layer: int | None = None
    head: int | None = None
    voice: str | None = None
    captions: bool = True
    clear: bool = False
    theme: str = "dark"
    aspect: str = "16:9"

    def check(self, facts: Facts) -> None:
        """See that the model has the layer and the head that were asked for.

        Raises:
            UserError: it has not.
        """
        for kind, value, count in (("layer", self.layer, facts.n_layer), ("head", self.head, facts.n_head)):
            if value is not None and not 0 <= value < count:
                raise UserError(f"--{kind} {value}: {facts.model_name} has {count} {kind}s, 0 to {count - 1}")

    @classmethod
    def from_environment(cls) -> Settings:
        """Settings for plain `manim FILE CLASS`: `LECTURE_TRACE`, `LECTURE_LANG` and `LECTURE_THEME`.

        Without a trace named it is the last one made; where there is none yet, the probe makes one from the
        default prompt, in a process of its own, so that a scene never imports torch.

        Raises:
            UserError: the probe failed; its own words say why.
        """
        trace = Path(os.environ.get("LECTURE_TRACE", DEFAULT_TRACE))
        if "LECTURE_TRACE" not in os.environ and not trace.is_file():
            probe = subprocess.run([sys.executable, "-m", "model_probe", "-o", str(trace)], check=False)
            if probe.returncode:
                raise UserError(f"no trace at {trace}, and the probe could not make one")
        return cls(
            trace=trace,
            language=os.environ.get("LECTURE_LANG", "en"),
            theme=os.environ.get("LECTURE_THEME", "dark"),
        )
