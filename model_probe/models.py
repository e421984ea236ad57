"""From what `--model` names to a directory with the model's files.

A name is `storyteller`, `smollm2`, a local directory in Hugging Face format, a GGUF file, or a Hub id.
Without one it is GPT-2, and where that cannot be had, `storyteller` runs in its place and says so. Weights
are safetensors or GGUF, no pickle.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from model_probe import families, gguf_file, names
from model_probe.errors import ModelError
from model_probe.weights_digest import weights_digest

STORYTELLER = "storyteller"
STORYTELLER_DIRECTORY = Path(__file__).parent.parent / "assets" / "storyteller" / "model"
DEFAULT = "openai-community/gpt2"
LONGEST_SHOWN = 160  # characters of a name that is none, in the line that says so
DEADLINE = 3.5  # seconds for the Hub's first answers; with the start of its client they stay under five

SMOLLM2 = "smollm2"
_INSTEAD = f"--model {SMOLLM2} is a real model of 135 million parameters, from the Python package index"

# The names that these models had before the Hub asked for a publisher's. A cache may hold either.
_OLD_NAMES = {
    **{f"openai-community/{name}": name for name in ("gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl")},
    "distilbert/distilgpt2": "distilgpt2",
}
_NEW_NAMES = {old: new for new, old in _OLD_NAMES.items()}

_CONFIG, _TOKENIZER, _GENERATION = "config.json", "tokenizer.json", "generation_config.json"
_OLD_TOKENIZER = ("vocab.json", "merges.txt")
_SENTENCEPIECE = ("tokenizer.model", "spiece.model", "sentencepiece.bpe.model")
# What says how the tokenizer and the generation are meant; a model runs without any of them
_SETTINGS = (
    _GENERATION,
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
)
_CHATS = "additional_chat_templates/"
_WEIGHTS, _INDEX = "model.safetensors", "model.safetensors.index.json"
_PICKLES = (
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
    "model.pt",
    "model.pth",
    "model.ckpt",
    "consolidated.00.pth",
)

T = TypeVar("T")


@dataclass(frozen=True)
class ResolvedModel:
    """A model whose files are on this disk.

    `asked` is the name that leads to it, `note` says why it runs where that is not what was asked for.
    `config` is its config.json, with its family as `model_type`, `generation` its generation_config.json. Of
    a model from a GGUF file, `name` is what that calls it, `quantization` how its weights were stored there,
    and `sha256` its digest.
    """

    asked: str
    directory: Path
    note: str
    config: dict[str, Any]
    generation: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    quantization: str = ""
    sha256: str = ""

    @property
    def weights(self) -> list[Path]:
        """The safetensors files, in order."""
        return [self.directory / name for name in _weight_names(self.directory)]

    def weights_sha256(self) -> str:
        """Digest of the weights' bytes, file after file; of one file it is the one that the Hub shows."""
        return self.sha256 or weights_digest(self.weights)

    def display_name(self, n_parameters: int) -> str:
        """Short name for the picture: "GPT-2 124M", "SmolLM2 135M Instruct", "storyteller 8M"."""
        if self.name or self.asked == STORYTELLER:
            named = self.name or self.asked
        elif Path(self.asked).is_dir():
            named = names.directory_name(Path(self.asked))
        else:
            named = self.asked
        return names.display_name(named, n_parameters)


def resolve(name: str | None) -> ResolvedModel:
    """Find the model that `name` means; None is GPT-2, or `storyteller` where GPT-2 is out of reach.

    Raises ModelError where a model that was named cannot be had, has no safetensors weights or is of a family
    that is not supported.
    """
    if name is None:
        try:
            return _from_hub(DEFAULT)
        except _OutOfReachError as error:
            print(f"{error}; {STORYTELLER} runs in its place; {_INSTEAD}", file=sys.stderr)
            return _checked(STORYTELLER, STORYTELLER_DIRECTORY, note=error.note)
    if name == STORYTELLER:
        return _checked(name, STORYTELLER_DIRECTORY)
    if name == SMOLLM2:
        from model_probe.smollm2 import smollm2_file

        return _from_gguf(name, smollm2_file())
    if os.path.isdir(name):  # no path is too long for it, as for Path's
        return _checked(name, Path(name))
    if os.path.isfile(name) and gguf_file.is_gguf(Path(name)):
        return _from_gguf(name, Path(name))
    if os.path.exists(name) or name.lower().endswith(".gguf") or not _is_hub_id(name):
        shown = name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}… ({len(name):,} characters)"
        raise ModelError(
            f"{shown} is neither a directory with a model, a GGUF file, a Hub id, {STORYTELLER!r} "
            f"nor {SMOLLM2!r}"
        )
    try:
        return _from_hub(name)
    except _OutOfReachError as error:
        raise ModelError(f"{error}; {_INSTEAD}") from None


def _is_hub_id(name: str) -> bool:
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils._validators import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return True


def _from_gguf(asked: str, path: Path) -> ResolvedModel:
    """Take a model from a GGUF file. Raises ModelError."""
    model = gguf_file.opened(path)
    found = _checked(asked, model.directory)
    return replace(found, name=model.name, quantization=model.quantization, sha256=model.sha256)


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
    repository = _NEW_NAMES.get(name, name)
    label = names.GPT2S.get(name.rpartition("/")[2], name)
    try:
        files, config = _within(DEADLINE, lambda: _ask_hub(repository))
    except ModelError:
        raise
    except Exception as error:
        pickle = _cached_pickle(name)
        held = f"; of its weights the cache has only {pickle}, a pickle" if pickle else ""
        raise _OutOfReachError(
            f"{label} could not be reached ({_reason(error)}){held}", f"{label} could not be reached"
        ) from None
    families.check(name, _read_json(config))
    _refuse_pickle(name, files)
    _refuse_other_tokenizers(name, files)
    try:
        tokenizer = [_TOKENIZER] if _TOKENIZER in files else _OLD_TOKENIZER
        weights = _WEIGHTS if _WEIGHTS in files else _INDEX
        settings = [f for f in sorted(files) if f in _SETTINGS or f.startswith(_CHATS)]
        for file in (*settings, *tokenizer, weights):
            _download(repository, file)
        for file in _weight_names(config.parent):
            _download(repository, file)
    except ModelError:
        raise
    except Exception as error:
        raise _OutOfReachError(
            f"the download of {label} broke off ({_reason(error)})",
            f"the download of {label} broke off",
        ) from None
    return _checked(name, config.parent)


def _ask_hub(name: str) -> tuple[set[str], Path]:
    """Fetch the repository's list of files and its config. Raises ModelError where there is none."""
    from huggingface_hub import HfApi

    files = {sibling.rfilename for sibling in HfApi().model_info(name).siblings or []}
    _refuse_without_config(name, files)
    return files, _download(name, _CONFIG)


def _download(name: str, file: str) -> Path:
    """Fetch one file into the Hub cache, with the Hub's own progress bar on a terminal."""
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(name, file))


def _cached(name: str) -> Path | None:
    """Find the directory of a model whose files are all in the local Hub cache, under any of its names."""
    return next((d for d in _snapshots(name) if all((d / file).exists() for file in _needed(d))), None)


def _snapshots(name: str) -> Iterator[Path]:
    """List the directories in the local Hub cache that hold a model's config."""
    from huggingface_hub import try_to_load_from_cache

    for known in (name, _NEW_NAMES.get(name), _OLD_NAMES.get(name)):
        config = try_to_load_from_cache(known, _CONFIG) if known else None
        if isinstance(config, str):
            yield Path(config).parent


def _cached_pickle(name: str) -> str | None:
    """Name the pickle that the local Hub cache holds of a model, from the time before safetensors."""
    return next((file for d in _snapshots(name) for file in _PICKLES if (d / file).exists()), None)


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
    try:
        files = {path.name for path in directory.iterdir()}
    except OSError as error:
        raise ModelError(f"{directory} cannot be read: {error.strerror}") from None
    _refuse_without_config(str(directory), files)
    config = _read_json(directory / _CONFIG)
    families.check(asked, config)
    _refuse_pickle(asked, files)
    _refuse_other_tokenizers(str(directory), files)
    for name in _needed(directory):
        if not (directory / name).is_file():
            raise ModelError(f"{directory} holds no {name}")
    generation = _read_json(directory / _GENERATION) if _GENERATION in files else {}
    return ResolvedModel(asked, directory, note, config | {"model_type": families.named(config)}, generation)


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


def _refuse_without_config(name: str, files: set[str]) -> None:
    """Raise ModelError unless there is a config; an adapter is what is most often taken for a model."""
    if _CONFIG in files:
        return
    if "adapter_config.json" in files:
        raise ModelError(
            f"{name} holds an adapter (LoRA) alone; the model that it was merged into is wanted, whole"
        )
    raise ModelError(f"{name} holds no {_CONFIG}; a model in Hugging Face format is wanted")


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


def _refuse_other_tokenizers(name: str, files: set[str]) -> None:
    """Raise ModelError unless there is a tokenizer in one of the forms that are read."""
    if _TOKENIZER in files or files.issuperset(_OLD_TOKENIZER):
        return
    alone = next((file for file in _SENTENCEPIECE if file in files), None)
    if alone is not None:
        raise ModelError(
            f"{name} has its tokenizer only as {alone}, a SentencePiece file, which is not read; "
            f"{_TOKENIZER} is wanted"
        )
    raise ModelError(f"{name} holds no {_TOKENIZER}")
