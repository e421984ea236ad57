import json
import shutil
from pathlib import Path

import pytest

from model_probe import capture
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.network import Network

TOLERANCE = 2e-5  # of the largest value: what two orders of adding float32 numbers may differ by


@pytest.fixture(scope="session")
def tiny_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random GPT-2 of 3 layers × 2 heads with weights large enough that every part matters."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(3)
    config = GPT2Config(
        vocab_size=8192, n_positions=160, n_embd=24, n_layer=3, n_head=2, initializer_range=0.3,
        bos_token_id=0, eos_token_id=0,
    )  # fmt: skip
    model = GPT2LMHeadModel(config)
    for parameter in model.parameters():  # norms and biases start at 1 and 0, which would hide mistakes
        parameter.data += 0.1 * torch.randn_like(parameter)
    directory = tmp_path_factory.mktemp("models") / "tiny"
    model.save_pretrained(directory)
    shutil.copy(STORYTELLER_DIRECTORY / "tokenizer.json", directory)
    return directory


@pytest.fixture(scope="session", params=["numpy", "transformers"])
def tiny_model(request: pytest.FixtureRequest, tiny_directory: Path) -> Network:
    """The tiny model, run by either code."""
    return network_of(tiny_directory, reference=request.param == "transformers")


def network_of(directory: Path, reference: bool = False) -> Network:
    config = json.loads((directory / "config.json").read_text())
    return capture.load(config, [directory / "model.safetensors"], reference=reference)
