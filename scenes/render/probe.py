"""The first stage of a run: a trace in the output directory, made by the probe in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from model_probe.errors import TraceError
from model_probe.generation import Method
from model_probe.reach import out_of_reach
from model_probe.trace import Trace
from scenes.reads import Wanted
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
    beside: str | None
    model: str | None
    device: str
    seed: int
    steps: int
    method: Method

    def options(self) -> list[str]:
        """As the probe's command line has them, the prompt aside."""
        values = {"device": self.device, "seed": self.seed, "steps": self.steps, "model": self.model}
        values |= {"beside": self.beside}
        method = asdict(self.method)
        values |= {"method": method.pop("name"), **method}
        given = {name: value for name, value in values.items() if value is not None}
        options = [
            word for name, value in given.items() for word in (f"--{name.replace('_', '-')}", str(value))
        ]
        return [*options, "--chat"] if self.chat else options


def recorded(
    request: Request, wanted: Wanted, path: Path, manifest: Manifest, work: Path, budget: int
) -> Trace:
    """The trace at `path`, recorded now unless the last run asked for the same and it holds what is wanted.

    One that lacks something is recorded again with what it held before, so that nothing goes back and forth.
    A trace that was made with another model than asked, because GPT-2 was out of reach, is the answer to the
    same request only as long as that is so.

    Raises:
        ProbeFailed: the probe could not record it, and has said why.
    """
    earlier = _earlier(request, path, manifest)
    if earlier is not None:
        if wanted.held_by(earlier):
            return earlier
        wanted = wanted.beside(earlier)
    command = [sys.executable, "-m", "model_probe", "record", "-o", str(path), *request.options()]
    command += ["--budget", str(budget), "--smaller", "fewer scenes or a shorter prompt"]
    for name in sorted(wanted.tensors):
        command += ["--one-head" if name in wanted.of_one_head else "--tensor", name]
    for option, number in (("--layer", wanted.layer), ("--head", wanted.head)):
        command += [option, str(number)] if number is not None else []
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
    return trace if same and (not trace.facts.model_note or out_of_reach()) else None
