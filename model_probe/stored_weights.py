"""The tensors of safetensors files, mapped into memory and read where they are used."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.errors import ModelError, first_line
from model_probe.half import from_half

F32 = NDArray[np.float32]

_STORED = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_HALVES = ("F16", "BF16")


class OtherTypeError(ModelError):
    """A tensor is stored in a type that only transformers reads."""


class StoredWeights:
    """The tensors of some safetensors files, by name without the prefix, where they have it.

    The format is eight bytes of header length, the header in JSON, and the arrays as they lie
    (https://huggingface.co/docs/safetensors). The library itself copies every tensor that it gives to numpy.

    Attributes:
        taken: name and size of every tensor that was taken, those that are one and the same once.
    """

    def __init__(self, files: Sequence[Path], prefix: str = "transformer.") -> None:
        """Map the files. Raises ModelError where one is damaged."""
        self._found: dict[str, tuple[Path, Any, dict[str, Any]]] = {}
        self.taken: dict[str, int] = {}
        for path in files:
            try:
                mapped: Any = np.memmap(path, np.uint8, "r")
                length = int.from_bytes(mapped[:8].tobytes(), "little")
                if len(mapped) < 8 or length > min(len(mapped) - 8, 100_000_000):
                    raise ValueError("its header does not end within the file")
                header = json.loads(mapped[8 : 8 + length].tobytes())
                header.pop("__metadata__", None)
                data = mapped[8 + length :]
                for name, entry in header.items():
                    start, end = entry["data_offsets"]
                    if not 0 <= start <= end <= len(data):
                        raise ValueError(f"{name} is cut short")
                    self._found[name.removeprefix(prefix)] = (path, data, entry)
            except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise ModelError(f"{path} cannot be read as safetensors: {first_line(error)}") from None
        self._directory = files[0].parent
        # One block of memory for all that is widened: it is mapped in large pages, as small ones are not
        halves = [e["data_offsets"] for *_, e in self._found.values() if e.get("dtype") in _HALVES]
        self._room = np.empty(sum((end - start) // 2 for start, end in halves), np.float32)
        self._widened: dict[str, F32] = {}

    def embedding_and_unembedding(self, embedding: str, tied: bool, *size: int) -> tuple[F32, F32]:
        """The tensors of that name and of `lm_head.weight`, one and the same array where they are tied.

        What is stored decides, as in transformers' `tie_weights`: where the config ties them, one of them is
        enough, whichever it is, and two that differ are not tied. Where it does not, both are wanted.

        Raises:
            ModelError: one is wanted and not there, or cannot be read.
        """
        found = [name for name in (embedding, "lm_head.weight") if name in self._found]
        if not tied or not found:
            return self.take(embedding, *size), self.take("lm_head.weight", *size)
        first, last = self.take(found[0], *size), self.take(found[-1], *size)
        if len(found) == 2 and not np.array_equal(first, last):
            return first, last
        self.taken.pop("lm_head.weight", None)
        self.taken[embedding] = first.size
        return first, first

    def take(self, name: str, *size: int) -> F32:
        """The tensor of that name in float32, mapped where it is stored so. Raises ModelError."""
        if name not in self._found:
            raise ModelError(f"{self._directory}: the weights lack {name}")
        path, data, entry = self._found[name]
        stored = entry.get("dtype")
        if stored not in _STORED:
            raise OtherTypeError(f"{path}: {name} is {stored}; {', '.join(_STORED)} are understood")
        if tuple(entry.get("shape", ())) != size:
            wanted, got = "×".join(map(str, size)), "×".join(map(str, entry.get("shape", ())))
            raise ModelError(f"{path}: {name} has shape {got}; by the config it is {wanted}")
        start, end = entry["data_offsets"]
        dtype = np.dtype(_STORED[stored])
        if end - start != dtype.itemsize * int(np.prod(size)):
            raise ModelError(f"{path}: {name} does not have the bytes of its shape")
        values: Any = np.frombuffer(data[start:end], dtype).reshape(size)
        self.taken[name] = values.size
        if stored not in _HALVES:
            return np.asarray(values, np.float32)
        if name in self._widened:
            return self._widened[name]
        used = sum(other.size for other in self._widened.values())
        whole = self._widened[name] = self._room[used : used + values.size].reshape(size)
        if stored == "BF16":  # the upper half of a float32
            np.left_shift(values, 16, out=whole.view(np.uint32), dtype=np.uint32)
        else:
            from_half(values, whole)
        return whole
