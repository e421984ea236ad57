"""The first stage of a run: a trace in the output directory, made by the probe in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from model_probe.errors import TraceError
from model_probe.trace import Trace
from scenes.render.manifest import Manifest


class ProbeFailed(Exception):  # noqa: N818 (the probe has said what is wrong; this carries its exit code)
    """The probe ended with an exit code other than 0 and has printed why."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Request:
    """What a trace is asked for; None leaves the choice to the probe."""

    prompt: str | None
    chat: bool
    model: str | None
    device: str
    seed: int


def recorded(request: Request, path: Path, manifest: Manifest, work: Path) -> Trace:
    """The trace at `path`, recorded now unless the last run asked for the same.

    A trace that was made with another model than asked, because GPT-2 was out of reach, is never taken as the
    answer to the same request: the model may be in reach now.

    Raises:
        ProbeFailed: the probe could not record it, and has said why.
    """
    earlier = _earlier(request, path, manifest)
    if earlier is not None:
        return earlier
    command = [sys.executable, "-m", "model_probe", "record", "-o", str(path)]
    command += ["--device", request.device, "--seed", str(request.seed)]
    if request.model is not None:
        command += ["--model", request.model]
    if request.chat:
        command.append("--chat")
    if request.prompt is not None:
        # Through a file: a prompt may begin with a dash, hold a NUL, or be longer than a command line.
        prompt_file = work / "prompt.txt"
        prompt_file.write_bytes(request.prompt.encode("utf-8", "surrogateescape") + b"\n")
        command += ["--prompt-file", str(prompt_file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if code:
        raise ProbeFailed(code)
    trace = Trace.open(path)
    manifest.request = {**asdict(request), "trace": trace.digest}
    manifest.save()
    return trace


def _earlier(request: Request, path: Path, manifest: Manifest) -> Trace | None:
    if manifest.request is None or not path.is_file():
        return None
    try:
        trace = Trace.open(path)
    except TraceError:
        return None
    same = manifest.request == {**asdict(request), "trace": trace.digest}
    return trace if same and not trace.facts.model_note else None
