"""The tensors of a GGUF file, de-quantised and put where the library's model has them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.errors import ModelError, first_line
from model_probe.families import FAMILIES
from model_probe.gguf_architectures import ARCHITECTURES, Stated, Weights, config_of

_SHARD = 1 << 31  # bytes of one weights file
_EMBEDDING, _UNEMBEDDING = "token_embd.weight", "output.weight"
# Small tensors that are part of the config: how positions are scaled
_POSITIONS = ("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight")


@dataclass(frozen=True)
class Planned:
    """Which tensor of a file goes where.

    Attributes:
        stated: what the file says about its model.
        config: the library's config.
        places: the library's name and shape of each tensor to keep, by its name in the file.
    """

    stated: Stated
    config: Any
    places: Mapping[str, tuple[str, tuple[int, ...]]]


def stated_by(path: Path, values: dict[str, Any], tensors: Sequence[Any]) -> Stated:
    """What a file with these metadata and tensors says about its model.

    An unembedding that is the embedding once more, as converters of GPT-2 write it, is none of its own.

    Raises:
        ModelError: there is no embedding, or it cannot be de-quantised.
    """
    by_name = {tensor.name: tensor for tensor in tensors}
    if _EMBEDDING not in by_name:
        raise ModelError(f"{path} holds no {_EMBEDDING}")
    embedding = by_name[_EMBEDDING]
    names = set(by_name)
    if _UNEMBEDDING in names and _same(path, embedding, by_name[_UNEMBEDDING]):
        names.remove(_UNEMBEDDING)
    floats = {name: dequantized(path, by_name[name]) for name in _POSITIONS if name in by_name}
    return Stated(str(path), values, frozenset(names), floats, int(embedding.shape[-1]))


def plan(stated: Stated, tensors: Sequence[Any]) -> Planned:
    """Find where each tensor goes.

    Raises:
        ModelError: the config cannot be used, a tensor is missing or of another shape than it should be, or
            there is one that the model has not.
    """
    import torch
    from gguf import MODEL_ARCH_NAMES, get_tensor_name_map
    from transformers import AutoConfig, AutoModelForCausalLM

    library: Any = AutoModelForCausalLM  # untyped
    try:
        config: Any = AutoConfig.for_model(**config_of(stated))
        with torch.device("meta"):
            model = library.from_config(config)
    except ModelError:
        raise
    except Exception as error:  # the library checks configs with exceptions of its own
        raise ModelError(f"{stated.file} states a config that cannot be used: {first_line(error)}") from None
    config.architectures = [type(model).__name__]
    kind = next(kind for kind, name in MODEL_ARCH_NAMES.items() if name == stated.architecture)
    names = get_tensor_name_map(kind, config.num_hidden_layers)
    shapes = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    places = {}
    for name, shape in shapes.items():
        theirs = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if theirs is None or theirs not in stated.names:
            raise ModelError(f"{stated.file} lacks the tensor {theirs or name}")
        places[theirs] = (name, shape)
    left = sorted(stated.names - set(places) - set(_POSITIONS))
    if left:
        label = FAMILIES[ARCHITECTURES[stated.architecture].family].label
        raise ModelError(
            f"{stated.file} holds tensors that no {label} has, {len(left)} in all, the first {left[0]}"
        )
    for tensor in tensors:
        if tensor.name in places:
            name, shape = places[tensor.name]
            stored = tuple(int(n) for n in reversed(tensor.shape))
            if sorted(stored) != sorted(shape):
                raise ModelError(f"{stated.file}: {tensor.name} is {stored}, by the config {name} is {shape}")
    return Planned(stated, config, places)


def write_weights(planned: Planned, tensors: Sequence[Any], directory: Path) -> None:
    """Write the weights in float32, as one safetensors file or as several with their index.

    Raises:
        ModelError: a tensor cannot be de-quantised.
    """
    from safetensors.numpy import save_file

    kept = [tensor for tensor in tensors if tensor.name in planned.places]
    shards = _shards(kept)
    names = ["model.safetensors"]
    if len(shards) > 1:
        names = [f"model-{n:05}-of-{len(shards):05}.safetensors" for n in range(1, len(shards) + 1)]
    weight_map = {}
    progress = _progress(kept)
    for file, shard in zip(names, shards, strict=True):
        weights = {}
        for tensor in shard:
            next(progress)
            name, arranged = _arranged(planned, tensor)
            weights[name] = arranged
            weight_map[name] = file
        save_file(weights, directory / file, metadata={"format": "pt"})
    list(progress)
    if len(shards) > 1:
        total = sum(4 * int(tensor.n_elements) for tensor in kept)
        index = {"metadata": {"total_size": total}, "weight_map": weight_map}
        (directory / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")


def dequantized(file: str | Path, tensor: Any) -> Weights:
    """A tensor's values in float32, rows as they are in the file. Raises ModelError."""
    from gguf import dequantize

    try:
        values: NDArray[Any] = dequantize(tensor.data, tensor.tensor_type)
    except (NotImplementedError, ValueError) as error:
        raise ModelError(
            f"{file}: {tensor.name} is stored as {tensor.tensor_type.name}, which cannot be read: "
            f"{first_line(error)}"
        ) from None
    if not np.isfinite(values).all():
        raise ModelError(f"{file} is damaged: {tensor.name} holds values that are no numbers")
    return values.astype(np.float32, copy=False)


def _arranged(planned: Planned, tensor: Any) -> tuple[str, Weights]:
    """A tensor under its name and in its layout in the library's model."""
    name, shape = planned.places[tensor.name]
    arrange = ARCHITECTURES[planned.stated.architecture].arrange
    weights = arrange(name, dequantized(planned.stated.file, tensor), planned.config.to_dict())
    if weights.shape != shape:
        raise ModelError(f"{planned.stated.file}: {tensor.name} makes {weights.shape}, {name} is {shape}")
    return name, np.ascontiguousarray(weights, np.float32)


def _same(path: Path, one: Any, other: Any) -> bool:
    if tuple(one.shape) != tuple(other.shape):
        return False
    return bool(np.array_equal(dequantized(path, one), dequantized(path, other)))


def _shards(tensors: Sequence[Any]) -> list[list[Any]]:
    shards: list[list[Any]] = [[]]
    size = 0
    for tensor in tensors:
        n_bytes = 4 * int(tensor.n_elements)
        if shards[-1] and size + n_bytes > _SHARD:
            shards.append([])
            size = 0
        shards[-1].append(tensor)
        size += n_bytes
    return shards


def _progress(tensors: Sequence[Any]) -> Iterator[Any]:
    """Go through the tensors, with a bar on a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(
        tensors, "de-quantising", console=console, disable=not sys.stderr.isatty(), transient=True
    )
