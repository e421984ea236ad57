"""Names for pictures: what people call a model, once, with its size once: "SmolLM2 135M Instruct"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

GPT2S = {
    "gpt2": "GPT-2",
    "gpt2-medium": "GPT-2 Medium",
    "gpt2-large": "GPT-2 Large",
    "gpt2-xl": "GPT-2 XL",
    "distilgpt2": "DistilGPT2",
}
_PUBLISHERS = ("", "openai-community", "distilbert")
# How words are written that ids and files may have in small letters
_SPELLINGS = {
    word.lower(): word
    for word in (
        "DistilGPT2", "Gemma", "GPT-NeoX", "Instruct", "Llama", "Ministral", "Mistral", "OPT", "Phi",
        "Pythia", "Qwen", "Qwen1.5", "Qwen2", "Qwen2.5", "Qwen3", "SmolLM", "SmolLM2", "SmolLM3", "TinyLlama",
    )
} | {"gpt2": "GPT-2"}  # fmt: skip
_SIZE = re.compile(r"(?<![^\W_])(\d+(?:\.\d+)?)([MBT])(?![^\W_])", re.IGNORECASE | re.ASCII)
_GLUED_SIZE = re.compile(r"[A-Za-z](\d+(?:\.\d+)?)([MBT])(?![^\W_])", re.ASCII)
_UNITS = {"M": 1e6, "B": 1e9, "T": 1e12}
# What a file's name or an id may end in that is no part of the model's name: how its weights are stored
_STORAGE = re.compile(
    r"[-_. ](?:gguf|ggml|hf|(?:I?Q\d\w*|TQ\d\w*|B?F16|F?P16|F?P?32|MXFP4\w*))$", re.IGNORECASE | re.ASCII
)
_HASH = re.compile(r"(?:sha256[-:])?[0-9a-f]{20,}", re.IGNORECASE)
_KEPT_TUNINGS = re.compile(r"(?:instruct|chat|it|pt|base|sft|dpo|distill|deduped)\b.*", re.IGNORECASE)


def display_name(named: str, n_parameters: int) -> str:
    """A short name with the size once: as the name has it, where that is right, else as it was counted.

    Args:
        named: a Hub id, a file's or directory's name, or a name with a size in it already.
        n_parameters: how many the model has.
    """
    publisher, _, last = named.rpartition("/")
    if last in GPT2S and publisher in _PUBLISHERS:
        return f"{GPT2S[last]} {count(n_parameters)}"
    name = _without_storage(last)
    size = _SIZE.search(name)
    if size is None or not size.start():
        glued = _GLUED_SIZE.search(name)
        return name if glued and _is_right(glued, n_parameters) else f"{name} {count(n_parameters)}"
    before, after = name[: size.start()].strip("-_. "), name[size.end() :].strip("-_. ")
    shown = size[1] + size[2].upper() if _is_right(size, n_parameters) else count(n_parameters)
    before = re.sub(r"[-_](?=\d)", " ", before)
    return " ".join(_spelled(word) for word in [*before.split(), shown, *re.split(r"[-_ ]+", after)] if word)


def hub_id(directory: Path) -> str | None:
    """The Hub id of a directory in a Hub cache: …/models--openai-community--gpt2/snapshots/HASH."""
    for part in reversed(directory.resolve().parts):
        if part.startswith("models--"):
            return part.removeprefix("models--").replace("--", "/", 1)
    return None


def directory_name(directory: Path) -> str:
    """What a directory's model is called: by the Hub cache, else as the directory is.

    Not as the config's `_name_or_path` has it: that is what a model was loaded from before it was trained
    further, and a picture must not credit GPT-2 with what another model computed.
    """
    return hub_id(directory) or _without_storage(directory.resolve().name)


def gguf_name(values: Mapping[str, Any], path: Path) -> str:
    """What a GGUF file's model is called: by its metadata, else by the file's name; a digest is no name."""

    def said(key: str) -> str:
        value = values.get(f"general.{key}")
        return value.strip() if isinstance(value, str) else ""

    if said("basename"):
        tuning = said("finetune")
        parts = [
            said("basename"),
            said("size_label"),
            tuning if _KEPT_TUNINGS.fullmatch(tuning) else "",
            said("version"),
        ]
        return "-".join(part for part in parts if part)
    for name in (said("name").rpartition("/")[2], path.name.removesuffix(".gguf")):
        name = _without_storage(name)
        if re.search(r"\w", name) and not _HASH.fullmatch(name):
            return name
    return _spelled(str(values.get("general.architecture", "model")))


def count(n: int) -> str:
    """Write a number of parameters short: 124M, 1.6B."""
    if n >= 1e9:
        return f"{n / 1e9:.1f}B"
    return f"{n / 1e6:.0f}M" if n >= 1e6 else f"{n / 1e3:.0f}K"


def _without_storage(name: str) -> str:
    while shorter := _STORAGE.sub("", name):
        if shorter == name:
            break
        name = shorter
    return name


def _is_right(size: re.Match[str], n_parameters: int) -> bool:
    """Whether a size that a name has is the model's: 1B is what Llama 3.2 calls its 1.24 billion."""
    return 0.6 < n_parameters / (float(size[1]) * _UNITS[size[2].upper()]) < 1.6


def _spelled(word: str) -> str:
    """Write a word as the family's makers do, where it comes in small letters, or with a capital only."""
    return _SPELLINGS.get(word.lower(), word) if word.islower() or word.istitle() else word
