"""Forward passes in numpy, on weights mapped straight from their safetensors files.

What transformers' models compute, without its import, which takes longer than a small model's run. Every step
follows the library's `modeling_*.py`; the tests hold the two together. Every line says the shape it makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from model_probe.lean.network import LeanNetwork


def can_run(config: dict[str, Any]) -> bool:
    """Whether a model's `config.json` asks for nothing but what is computed here."""
    if config.get("model_type") == "gpt2":
        from model_probe.lean import gpt2

        return gpt2.can_run(config)
    from model_probe import llama_config

    return llama_config.read(config) is not None


def load(config: dict[str, Any], files: Sequence[Path]) -> LeanNetwork:
    """Make a model with such a config ready to run.

    Args:
        config: the model's `config.json`.
        files: its safetensors files.

    Raises:
        ModelError: the weights cannot be read, or do not fit the config.
    """
    if config.get("model_type") == "gpt2":
        from model_probe.lean import gpt2

        return gpt2.LeanGPT2(config, files)
    from model_probe import llama_config
    from model_probe.lean import llama

    found = llama_config.read(config)
    assert found is not None  # can_run said so
    return llama.LeanLlama(found, files)
