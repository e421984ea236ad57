from pathlib import Path

import pytest

from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.record import record
from model_probe.smollm2 import smollm2_path


@pytest.fixture(scope="session")
def storyteller_trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace of storyteller on its default prompt."""
    path = tmp_path_factory.mktemp("storyteller") / "trace.safetensors"
    return record(None, path, model="storyteller")


@pytest.fixture(scope="session")
def storyteller_directory() -> Path:
    return STORYTELLER_DIRECTORY


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """SmolLM2's GGUF file, where it was fetched: no test waits for the network."""
    path = smollm2_path()
    if not path.is_file():
        pytest.skip(f"SmolLM2 is not in {path.parent}; python -m tests.fetch_smollm2 fetches it, 93 MB")
    return path
