from pathlib import Path

import pytest

from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.record import record


@pytest.fixture(scope="session")
def storyteller_trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace of storyteller on its default prompt."""
    path = tmp_path_factory.mktemp("storyteller") / "trace.safetensors"
    return record(None, path, model="storyteller")


@pytest.fixture(scope="session")
def storyteller_directory() -> Path:
    return STORYTELLER_DIRECTORY
