"""GGUF files, the form of llama.cpp, Ollama and LM Studio: from one file to a directory with a model in it.

The weights are de-quantised once, in float32, into the user's cache: a directory in Hugging Face format under
the file's SHA-256. From there on such a model is like any other. See `gguf_architectures` for what is read.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model_probe.cache import cache_path
from model_probe.errors import ModelError, first_line
from model_probe.names import gguf_name
from model_probe.weights_digest import weights_digest

MAGIC = b"GGUF"
_VERSION = 1  # of what is written below; a directory of another is made anew
ABOUT = "gguf.json"  # in the directory of a model that comes from a GGUF file


@dataclass(frozen=True)
class GgufModel:
    """A GGUF file as a directory.

    Attributes:
        directory: the model in Hugging Face format, in float32.
        sha256: of the file.
        name: what its makers call it, with a size where they say one; "" where the file does not say.
        quantization: how its weights are stored, as llama.cpp calls it: "Q4_K_M".
    """

    directory: Path
    sha256: str
    name: str
    quantization: str


def gguf_path() -> Path:
    """Where de-quantised models are kept."""
    return cache_path() / "gguf"


def is_gguf(path: Path) -> bool:
    """Whether a file begins as GGUF files do, or claims to be one by its name."""
    if path.suffix.lower() == ".gguf":
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def opened(path: Path) -> GgufModel:
    """The directory of a GGUF file's model, written now unless it was before.

    It appears whole or not at all, and of two runs that want it one writes.

    Raises:
        ModelError: the file cannot be read, is not a model that is supported, or there is no room for it.
    """
    from filelock import FileLock

    try:
        _check_start(path)
        digest = weights_digest([path])
        directory = gguf_path() / f"{digest}-{_VERSION}"
        if not directory.is_dir():
            gguf_path().mkdir(parents=True, exist_ok=True)
            with FileLock(directory.with_suffix(".lock")):
                if not directory.is_dir():
                    _write(path, directory)
        about = json.loads((directory / ABOUT).read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{path} cannot be used: {error.strerror or error} ({error.filename})") from None
    return GgufModel(directory, digest, **about)


def _check_start(path: Path) -> None:
    """Raise ModelError unless the file begins as a GGUF file that can be read."""
    with path.open("rb") as file:
        start = file.read(8)
    if start[:4] != MAGIC:
        raise ModelError(f"{path} is not a GGUF file: it does not begin with {MAGIC.decode()}")
    little, big = (int.from_bytes(start[4:], order) for order in ("little", "big"))
    if len(start) < 8 or little not in (2, 3):
        kind = "for machines of the other byte order" if big in (1, 2, 3) else f"of version {little}"
        raise ModelError(f"{path} is a GGUF file {kind}; version 2 or 3, little-endian, is wanted")


def _write(path: Path, directory: Path) -> None:
    """De-quantise a file into a directory. Raises ModelError, and OSError where it cannot be written."""
    reader = _read(path)
    values = _values(path, reader)
    _check_kind(path, values, reader.tensors)
    from model_probe.gguf_tokenizer import write_tokenizer
    from model_probe.gguf_weights import plan, stated_by, write_weights

    stated = stated_by(path, values, reader.tensors)
    planned = plan(stated, reader.tensors)
    n_bytes = sum(4 * int(tensor.n_elements) for tensor in reader.tensors if tensor.name in planned.places)
    free = shutil.disk_usage(directory.parent).free
    if free < n_bytes + (64 << 20):
        raise ModelError(
            f"{path}: de-quantised it takes {n_bytes / 1e9:.2f} GB; "
            f"{directory.parent} has {free / 1e9:.2f} GB left"
        )
    with _whole(directory) as part:
        write_tokenizer(path, values, part)
        print(f"{path.name}: de-quantised once, {n_bytes / 1e9:.2f} GB in {directory}", file=sys.stderr)
        planned.config.save_pretrained(part)
        write_weights(planned, reader.tensors, part)
        ids = {"bos_token_id": stated.token("bos"), "eos_token_id": stated.end_ids or None}
        (part / "generation_config.json").write_text(json.dumps(ids), encoding="utf-8")
        about = {"name": gguf_name(values, path), "quantization": _quantization(values, reader.tensors)}
        (part / ABOUT).write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")


@contextmanager
def _whole(directory: Path) -> Iterator[Path]:
    """A directory to write in, which takes its name when all is written; else nothing is left of it."""
    part = directory.with_name(f"{directory.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a run that was killed
    part.mkdir()
    try:
        yield part
        part.rename(directory)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _read(path: Path) -> Any:
    """The file's header, and its tensors as they lie in it. Raises ModelError."""
    import numpy as np
    from gguf import GGUFReader

    class Bounded(GGUFReader):
        """Never reads past the end, where the package gives fewer values than were asked for, or none."""

        def _get(self, offset: int, dtype: Any, count: int = 1, override_order: Any = None) -> Any:
            end = int(offset) + int(count) * np.dtype(dtype).itemsize
            if end > len(self.data):
                raise EOFError(f"it ends after {len(self.data):,} bytes, of {end:,} or more")
            return super()._get(offset, dtype, count, override_order)

    try:
        return Bounded(path)
    except EOFError as error:
        raise ModelError(f"{path} is cut off or damaged: {error}") from None
    except OSError:
        raise
    except Exception as error:  # what a damaged header leads to is anything
        raise ModelError(f"{path} is damaged, or of a kind not known: {first_line(error)}") from None


def _values(path: Path, reader: Any) -> dict[str, Any]:
    try:
        values = {key: field.contents() for key, field in reader.fields.items()}
    except ValueError as error:
        raise ModelError(f"{path} is damaged: {first_line(error)}") from None
    return values


def _check_kind(path: Path, values: dict[str, Any], tensors: Sequence[Any]) -> None:
    """Raise ModelError unless the file holds a whole language model of an architecture that is read."""
    from model_probe.families import FAMILIES
    from model_probe.gguf_architectures import ARCHITECTURES

    architecture, kind = values.get("general.architecture"), values.get("general.type", "model")
    if architecture == "clip" or kind == "mmproj":
        raise ModelError(
            f"{path} is only the part of a model that reads pictures or sound; its language model is wanted"
        )
    if kind != "model":
        raise ModelError(f"{path} holds no model but a {kind!r}")
    parts = values.get("split.count", 0)
    if isinstance(parts, int) and parts > 1:
        raise ModelError(
            f"{path} is part {values.get('split.no', 0) + 1} of {parts} of a model; a whole one is wanted, "
            "which llama-gguf-split --merge makes of its parts"
        )
    if architecture not in ARCHITECTURES:
        supported = ", ".join(
            f"{FAMILIES[entry.family].label} ({key})" for key, entry in ARCHITECTURES.items()
        )
        raise ModelError(
            f"{path} is of the architecture {architecture!r}, which is not supported; supported: {supported}"
        )
    if not tensors:
        raise ModelError(f"{path} holds a vocabulary alone, no weights")


def _quantization(values: dict[str, Any], tensors: Sequence[Any]) -> str:
    """How the weights are stored: as the file says, else what most of them are."""
    from gguf import LlamaFileType

    names = {entry.value: entry.name.partition("_")[2] for entry in LlamaFileType}
    said = values.get("general.file_type")
    if said in names and said != LlamaFileType.GUESSED:
        return names[said]
    sizes: Counter[str] = Counter()
    for tensor in tensors:
        sizes[tensor.tensor_type.name] += int(tensor.n_elements)
    return sizes.most_common(1)[0][0]
