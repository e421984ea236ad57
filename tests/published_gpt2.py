"""GPT-2 as its repositories on the Hub are laid out: names, buffers, other files; the weights are random.

The tokenizer file is the published one where it lies beside this repository, in `shared/gpt2-published`. Else
it is storyteller's, written as tokenizers before 0.9 did, without the type of its model.
"""

import json
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.stored_weights import F32

PUBLISHED = Path(__file__).parents[2] / "shared" / "gpt2-published"
COMMIT = "607a30d783dfa663caf39e06633721c8d4cfcd7e"
# name → layers, width, heads, and how many parameters its publisher says it has
SIZES = {
    "openai-community/gpt2": (12, 768, 12, 124_439_808),
    "openai-community/gpt2-medium": (24, 1024, 16, 354_823_168),
    "openai-community/gpt2-large": (36, 1280, 20, 774_030_080),
    "openai-community/gpt2-xl": (48, 1600, 25, 1_557_611_200),
    "distilbert/distilgpt2": (6, 768, 12, 81_912_576),
}
OTHER_FILES = (
    ".gitattributes", "64-8bits.tflite", "64.tflite", "README.md", "flax_model.msgpack", "merges.txt",
    "onnx/decoder_model.onnx", "pytorch_model.bin", "rust_model.ot", "tf_model.h5", "vocab.json",
)  # fmt: skip


def config(layers: int, width: int, heads: int, n_vocab: int = 50257, n_ctx: int = 1024) -> dict[str, Any]:
    """The published config.json, with these sizes."""
    return {
        "activation_function": "gelu_new",
        "architectures": ["GPT2LMHeadModel"],
        "attn_pdrop": 0.1,
        "bos_token_id": 50256,
        "embd_pdrop": 0.1,
        "eos_token_id": 50256,
        "initializer_range": 0.02,
        "layer_norm_epsilon": 1e-05,
        "model_type": "gpt2",
        "n_ctx": n_ctx,
        "n_embd": width,
        "n_head": heads,
        "n_layer": layers,
        "n_positions": n_ctx,
        "resid_pdrop": 0.1,
        "summary_activation": None,
        "summary_first_dropout": 0.1,
        "summary_proj_to_labels": True,
        "summary_type": "cls_index",
        "summary_use_proj": True,
        "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}},
        "vocab_size": n_vocab,
    }


def tensors(of: dict[str, Any]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes in model.safetensors: no prefix, the masks among them, no lm_head."""
    d, n_ctx = of["n_embd"], of["n_ctx"]
    yield "wte.weight", (of["vocab_size"], d)
    yield "wpe.weight", (n_ctx, d)
    for layer in range(of["n_layer"]):
        for name, size in (
            ("ln_1.weight", (d,)),
            ("ln_1.bias", (d,)),
            ("attn.bias", (1, 1, n_ctx, n_ctx)),
            ("attn.c_attn.weight", (d, 3 * d)),
            ("attn.c_attn.bias", (3 * d,)),
            ("attn.c_proj.weight", (d, d)),
            ("attn.c_proj.bias", (d,)),
            ("ln_2.weight", (d,)),
            ("ln_2.bias", (d,)),
            ("mlp.c_fc.weight", (d, 4 * d)),
            ("mlp.c_fc.bias", (4 * d,)),
            ("mlp.c_proj.weight", (4 * d, d)),
            ("mlp.c_proj.bias", (d,)),
        ):
            yield f"h.{layer}.{name}", size
    yield "ln_f.weight", (d,)
    yield "ln_f.bias", (d,)


def header(of: dict[str, Any]) -> tuple[bytes, int]:
    """The beginning of model.safetensors, and how many bytes of tensors follow it."""
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, size in tensors(of):
        start, end = end, end + 4 * int(np.prod(size))
        entries[name] = {"dtype": "F32", "shape": size, "data_offsets": [start, end]}
    text = json.dumps(entries).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, end


def write(directory: Path, of: dict[str, Any]) -> Path:
    """Write the files that a model needs, with random weights."""
    directory.mkdir(parents=True)
    (directory / "config.json").write_text(json.dumps(of))
    generation = {"bos_token_id": 50256, "eos_token_id": 50256, "transformers_version": "4.26.0.dev0"}
    (directory / "generation_config.json").write_text(json.dumps(generation | {"_from_model_config": True}))
    (directory / "tokenizer_config.json").write_text('{"model_max_length": 1024}')
    (directory / "tokenizer.json").write_bytes(tokenizer())
    generator = np.random.default_rng(0)
    with (directory / "model.safetensors").open("wb") as file:
        file.write(header(of)[0])
        for name, size in tensors(of):
            file.write(_values(generator, name, size).tobytes())
    return directory


def _values(generator: np.random.Generator, name: str, size: tuple[int, ...]) -> F32:
    if name.endswith(".attn.bias"):
        return np.tri(size[-1], dtype=np.float32)
    values = generator.standard_normal(size, np.float32)
    values *= np.float32(0.1 if len(size) == 1 else 0.05)
    return values + np.float32("ln_" in name and name.endswith("weight"))


def tokenizer() -> bytes:
    """A tokenizer.json as GPT-2's repositories have it."""
    if PUBLISHED.is_dir():
        return (PUBLISHED / "tokenizer.json").read_bytes()
    description = json.loads((STORYTELLER_DIRECTORY / "tokenizer.json").read_text())
    del description["model"]["type"]
    return json.dumps(description).encode()


def cached(home: Path, name: str, directory: Path) -> None:
    """Put a model into a Hub cache, as a download would be there: links to the files by their content."""
    repository = home / "hub" / f"models--{name.replace('/', '--')}"
    snapshot = repository / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    for file in directory.iterdir():
        (snapshot / file.name).symlink_to(file)


def repository(directory: Path) -> dict[str, Any]:
    """A model as the test's Hub serves it, with the other files that GPT-2's repository has."""
    files: dict[str, Any] = dict.fromkeys(OTHER_FILES, b"x")
    for path in directory.iterdir():
        with path.open("rb") as file:
            files[path.name] = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    return files
