"""From what `--model` names to a directory with the model's files.

A name is `storyteller`, a local directory in Hugging Face format, or a Hub id. Without one it is GPT-2, and
where that cannot be had, `storyteller` runs in its place and says so. Weights are safetensors, no pickle.
"""

import json
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from model_probe import families
from model_probe.errors import ModelError
from model_probe.weights_digest import weights_digest

STORYTELLER = "storyteller"
STORYTELLER_DIRECTORY = Path(__file__).parent.parent / "assets" / "storyteller" / "model"
DEFAULT = "openai-community/gpt2"
DEADLINE = 3.5  # seconds for the Hub's first answers; with the start of its client they stay under five

_FAMILY_NAMES = {
    "gpt2": "GPT-2",
    "gpt2-medium": "GPT-2 Medium",
    "gpt2-large": "GPT-2 Large",
    "gpt2-xl": "GPT-2 XL",
    "distilgpt2": "DistilGPT2",
}
_PUBLISHERS = ("", "openai-community", "distilbert")

_CONFIG, _TOKENIZER, _GENERATION = "config.json", "tokenizer.json", "generation_config.json"
_OLD_TOKENIZER = ("vocab.json", "merges.txt")
_TOKENIZER_SETTINGS = ("tokenizer_config.json", "special_tokens_map.json")
_WEIGHTS, _INDEX = "model.safetensors", "model.safetensors.index.json"
_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "model.pt", "model.pth", "model.ckpt")

T = TypeVar("T")


@dataclass(frozen=True)
class ResolvedModel:
    """A model whose files are on this disk.

    `asked` is the name that leads to it, `note` says why it runs where that is not what was asked for.
    """

    asked: str
    directory: Path
    note: str
    config: dict[str, Any]

    @property
    def weights(self) -> list[Path]:
        """The safetensors files, in order."""
        return [self.directory / name for name in _weight_names(self.directory)]

    def weights_sha256(self) -> str:
        """Digest of the weights' bytes, file after file; of one file it is the one that the Hub shows."""
        return weights_digest(self.weights)

    def display_name(self, n_parameters: int) -> str:
        """Short name for the picture: "GPT-2 124M", "storyteller 8M"."""
        publisher, _, last = self.asked.rpartition("/")
        if Path(self.asked).is_dir():
            base = Path(self.asked).resolve().name
        else:
            base = _FAMILY_NAMES.get(last, last) if publisher in _PUBLISHERS else last
        return f"{base} {_count(n_parameters)}"


def resolve(name: str | None) -> ResolvedModel:
    """Find the model that `name` means; None is GPT-2, or `storyteller` where GPT-2 is out of reach.

    Raises ModelError where a model that was named cannot be had, has no safetensors weights or is of a family
    that is not supported.
    """
    if name is None:
        try:
            return _from_hub(DEFAULT)
        except _OutOfReachError as error:
            print(f"{error}; {STORYTELLER} runs in its place", file=sys.stderr)
            return _checked(STORYTELLER, STORYTELLER_DIRECTORY, note=error.note)
    if name == STORYTELLER:
        return _checked(name, STORYTELLER_DIRECTORY)
    if Path(name).is_dir():
        return _checked(name, Path(name))
    if Path(name).exists() or not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name, re.ASCII):
        raise ModelError(f"{name} is neither a directory with a model, a Hub id nor {STORYTELLER!r}")
    return _from_hub(name)


class _OutOfReachError(ModelError):
    """The Hub did not give the model; `note` is the reason as the picture says it."""

    def __init__(self, message: str, note: str) -> None:
        super().__init__(message)
        self.note = note


def _from_hub(name: str) -> ResolvedModel:
    """Take a model from the local Hub cache, else from the Hub. Raises ModelError."""
    from huggingface_hub.utils import logging as hub_logging

    logging: Any = hub_logging  # untyped
    logging.set_verbosity_error()  # its retries and its advice; what fails is said below
    cached = _cached(name)
    if cached is not None:
        return _checked(name, cached)
    label = _FAMILY_NAMES.get(name.rpartition("/")[2], name)
    try:
        files, config = _within(DEADLINE, lambda: _ask_hub(name))
    except Exception as error:
        raise _OutOfReachError(
            f"{label} could not be reached ({_reason(error)})", f"{label} could not be reached"
        ) from None
    _refuse_pickle(name, files)
    families.check(name, _read_json(config))
    try:
        tokenizer = [_TOKENIZER] if _TOKENIZER in files else [*_OLD_TOKENIZER, *_TOKENIZER_SETTINGS]
        wanted = [f for f in (_GENERATION, *tokenizer, _WEIGHTS) if f in files]
        for file in wanted if _WEIGHTS in files else [*wanted, _INDEX]:
            _download(name, file)
        for file in _weight_names(config.parent):
            _download(name, file)
    except Exception as error:
        raise _OutOfReachError(
            f"the download of {label} broke off ({_reason(error)})",
            f"the download of {label} broke off",
        ) from None
    return _checked(name, config.parent)


def _ask_hub(name: str) -> tuple[set[str], Path]:
    """Fetch the repository's list of files and its config."""
    from huggingface_hub import HfApi

    files = {sibling.rfilename for sibling in HfApi().model_info(name).siblings or []}
    return files, _download(name, _CONFIG)


def _download(name: str, file: str) -> Path:
    """Fetch one file into the Hub cache, with the Hub's own progress bar on a terminal."""
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(name, file))


def _cached(name: str) -> Path | None:
    """Find the directory of a model whose files are all in the local Hub cache."""
    from huggingface_hub import try_to_load_from_cache

    config = try_to_load_from_cache(name, _CONFIG)
    if not isinstance(config, str):
        return None
    directory = Path(config).parent
    return directory if all((directory / file).exists() for file in _needed(directory)) else None


def _needed(directory: Path) -> list[str]:
    """Name the files without which a model does not run; older ones (OPT) do for the tokenizer."""
    has_old = all((directory / file).exists() for file in _OLD_TOKENIZER)
    has_new = (directory / _TOKENIZER).exists()
    return [*(_OLD_TOKENIZER if has_old and not has_new else [_TOKENIZER]), *_weight_names(directory)]


def _within(seconds: float, work: Callable[[], T]) -> T:
    """Return what `work` returns, or raise TimeoutError when the time is over, whatever it waits for.

    A thread, because a name server that hangs or a server that never answers obeys no limit of the client's.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    started = time.monotonic()
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no answer in {time.monotonic() - started:.0f} s")
    return results[0]


def _reason(error: Exception) -> str:
    """Give the first sentence of an error, without the address that was asked."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0].partition(" for url")[0].rstrip(".") if lines else type(error).__name__


def _checked(asked: str, directory: Path, note: str = "") -> ResolvedModel:
    """Make sure that a directory holds a supported model. Raises ModelError."""
    if not (directory / _CONFIG).is_file():
        raise ModelError(f"{directory} holds no {_CONFIG}; a model in Hugging Face format is wanted")
    config = _read_json(directory / _CONFIG)
    families.check(asked, config)
    _refuse_pickle(asked, {path.name for path in directory.iterdir()})
    for name in _needed(directory):
        if not (directory / name).is_file():
            raise ModelError(f"{directory} holds no {name}")
    return ResolvedModel(asked, directory, note, config)


def _weight_names(directory: Path) -> list[str]:
    """Name the safetensors files of a model: one, or the shards that its index lists."""
    if (directory / _WEIGHTS).exists() or not (directory / _INDEX).exists():
        return [_WEIGHTS]
    weight_map = _read_json(directory / _INDEX).get("weight_map")
    if not isinstance(weight_map, dict) or not all(isinstance(f, str) for f in weight_map.values()):
        raise ModelError(f"{directory / _INDEX} has no weight map")
    names = sorted(set(weight_map.values()))
    if any(Path(name).name != name for name in names):
        raise ModelError(f"{directory / _INDEX} names files outside its directory")
    return names


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read: {_reason(error)}") from None
    if not isinstance(values, dict):
        raise ModelError(f"{path} is not a JSON object")
    return values


def _refuse_pickle(name: str, files: set[str]) -> None:
    """Raise ModelError unless there are safetensors weights; a pickle can run code when it is read."""
    if _WEIGHTS in files or _INDEX in files:
        return
    pickles = sorted(files & set(_PICKLES))
    if pickles:
        raise ModelError(
            f"{name} has its weights only as {pickles[0]}, a pickle, which can run code when read; "
            f"{_WEIGHTS} is wanted"
        )
    raise ModelError(f"{name} holds no {_WEIGHTS}")


def _count(n: int) -> str:
    """Write a number of parameters short: 124M, 1.6B."""
    if n >= 1e9:
        return f"{n / 1e9:.1f}B"
    return f"{n / 1e6:.0f}M" if n >= 1e6 else f"{n / 1e3:.0f}K"
