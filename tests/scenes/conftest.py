"""What the scenes' tests share: a scene that was played, prompts and models to play it on, altered traces."""

import shutil
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from numpy.typing import NDArray

import model_probe
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.plan import Selection
from model_probe.record import record
from model_probe.trace import Trace, write_trace
from scenes import load
from scenes.language import speak
from scenes.lecture_scene import LectureScene
from scenes.reads import parse
from scenes.settings import Settings
from tests.scenes.played import Played, Watch

Change = Callable[[NDArray[Any]], NDArray[Any]]
Play = Callable[..., Played]
Check = Callable[[Any, Trace], None]
GoesRed = Callable[[str | Callable[[Path], Any], Check, str, Change], None]
Lacking = Callable[..., Path]

SENTENCE = "The old king gave his youngest daughter a golden ring, and the daughter gave the ring away. "
STRANGE = {
    "emoji": "The dragon 🐉 laughed 🎉",
    "japanese": "むかしむかし、王さまがいました。",
    "right to left": "مرحبا بالعالم",
    "no face has it": "ሰላምታ ለሁሉም",
    "markup": "مرحبا <script> #let $x^2$ \\frac\n\tA\u0000\u202eB",
}
KEPT_PLAYS = 3  # of altered traces: one takes tens of megabytes
KEPT_FOR = 3600  # seconds that traces of another state of the probe stay: a session may still read them
LENGTHS = {"1 token": 1, "2 tokens": 2, "7 tokens": 7, "40 tokens": 40}
RANDOM = {"1000 tokens": (2, 1000), "1 layer": (1, 12), "48 layers": (48, 12)}  # layers, tokens


@pytest.fixture(autouse=True)
def _in_english() -> None:
    """A piece that is drawn without a scene has the language of whatever was played before it."""
    speak("en")


@pytest.fixture
def trace(storyteller_trace: Path) -> Trace:
    return Trace.open(storyteller_trace)


@pytest.fixture(scope="module")
def play() -> Play:
    """Play a scene without drawing it: `play("mask", trace)`, with any field of `Settings` besides.

    Once a module for the same trace and settings: tests look at what it returns, and change nothing of it.
    """
    played: dict[Any, Played] = {}

    def once(
        scene: str | type[LectureScene], trace: Trace | Path, watch: Watch | None = None, **settings: Any
    ) -> Played:
        path = trace.path if isinstance(trace, Trace) else trace
        key = (scene, path, watch, *sorted(settings.items()))
        if key not in played:
            played[key] = Played(scene, Settings(path, **settings), watch)
        return played[key]

    return once


@pytest.fixture
def altered(trace: Trace, tmp_path: Path) -> Callable[[str, Change], Path]:
    """A copy of the trace in which one tensor is not what the model computed."""

    def alter(name: str, change: Change) -> Path:
        return write_changed(trace, name, changed(trace, name, change), tmp_path)

    return alter


def changed(trace: Trace, name: str, change: Change) -> NDArray[Any]:
    tensor = np.array(getattr(trace, name))
    return np.ascontiguousarray(change(tensor), dtype=tensor.dtype)


def write_changed(trace: Trace, name: str, tensor: NDArray[Any], folder: Path) -> Path:
    return write_trace(
        folder / f"altered-{name}.safetensors", all_tensors(trace) | {name: tensor}, trace.facts
    )


@pytest.fixture
def lacking(trace: Trace, tmp_path: Path) -> Lacking:
    """The trace without some tensors: `lacking("ln1_LTD")`; `lacking(but=names)` keeps only those."""

    def leave_out(*names: str, but: Iterable[str] | None = None) -> Path:
        kept = set(trace.tensor_names if but is None else but) - set(names)
        tensors = {name: tensor for name, tensor in all_tensors(trace).items() if name in kept}
        return write_trace(tmp_path / "partial.safetensors", tensors, trace.facts)

    return leave_out


@pytest.fixture(scope="module")
def red() -> dict[Any, Any]:
    """What was played of altered traces, the last few."""
    return {}


@pytest.fixture
def goes_red(trace: Trace, tmp_path: Path, red: dict[Any, Any]) -> GoesRed:
    """Check that what is drawn from an altered trace does not pass for the original.

    `goes_red("mask", check_row, "scores_LHTS", lambda a: a * 1.2)`; in place of the scene's name there may be
    what plays a trace's file. Several checks of one alteration look at one play.
    """

    def show(scene: str | Callable[[Path], Any], check: Check, name: str, change: Change) -> None:
        tensor = changed(trace, name, change)
        key = (trace.path, scene, name, sha256(tensor.tobytes()).digest())
        if key not in red:
            path = write_changed(trace, name, tensor, tmp_path)
            while len(red) >= KEPT_PLAYS:
                red.pop(next(iter(red)))
            red[key] = Played(scene, Settings(path)) if isinstance(scene, str) else scene(path)
        played = red[key]
        with pytest.raises(AssertionError):
            check(played, trace)

    return show


def lacks(scene: str, trace: Trace) -> set[str]:
    """The tensors that a scene cannot do without and a trace does not have."""
    needed = [read for read in parse(load(scene).reads) if not read.optional]
    return {name for read in needed if read.found(trace) is None for name in read.names}


def all_tensors(trace: Trace) -> dict[str, NDArray[Any]]:
    return {name: np.asarray(getattr(trace, name)) for name in trace.tensor_names}


class Traces(dict[str, Path]):
    """Traces of short, long and strange prompts and of flat and deep models, recorded when first asked for.

    The keys are those of `LENGTHS`, `STRANGE` and `RANDOM`; any other key is a prompt.
    """

    def __init__(self, kept: Path) -> None:
        super().__init__()
        self.kept = kept

    def __missing__(self, name: str) -> Path:
        out, model = self.kept / f"{sha256(name.encode()).hexdigest()[:16]}.safetensors", "storyteller"
        with FileLock(f"{out}.lock"):
            if not out.is_file():
                tokens = LENGTHS.get(name)
                if name in RANDOM:
                    layers, tokens = RANDOM[name]
                    model = str(random_model(self.kept / f"{layers} layers", layers))
                prompt = STRANGE.get(name, name) if tokens is None else prompt_of(tokens)
                whole = Selection(runs=True)
                made = record(prompt, out.with_suffix(".new"), model=model, selection=whole)
                assert tokens in (None, Trace.open(made).n_tokens)
                made.rename(out)
        self[name] = out
        return out


@pytest.fixture(scope="session")
def traces(pytestconfig: pytest.Config) -> Traces:
    """They are kept from session to session, and made anew where a line of the probe has changed."""
    digest = sha256("".join(map(version, ("torch", "transformers", "tokenizers"))).encode())
    for source in sorted((*Path(model_probe.__file__).parent.rglob("*.py"), Path(__file__))):
        digest.update(source.read_bytes())
    folder = pytestconfig.cache.mkdir("traces")
    kept = folder / digest.hexdigest()[:16]
    with FileLock(folder / "lock"):
        for old in folder.iterdir():
            if old.is_dir() and old != kept and time.time() - old.stat().st_mtime > KEPT_FOR:
                shutil.rmtree(old)
        kept.mkdir(exist_ok=True)
    return Traces(kept)


def random_model(directory: Path, layers: int) -> Path:
    """A random model of some layers with a context of 1,024 and storyteller's tokenizer."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(layers)
    config = GPT2Config(
        vocab_size=8192, n_positions=1024, n_embd=16, n_layer=layers, n_head=2, initializer_range=0.5,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(directory)
    shutil.copy(STORYTELLER_DIRECTORY / "tokenizer.json", directory)
    return directory


def prompt_of(tokens: int) -> str:
    """A prompt of exactly that many of storyteller's tokens."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(STORYTELLER_DIRECTORY / "tokenizer.json"))
    ids = tokenizer.encode(SENTENCE * (1 + tokens // 10)).ids[:tokens]
    return str(tokenizer.decode(ids))
