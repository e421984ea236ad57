"""Every scene on a real model of thirty layers, played without drawing: nothing is cut off or on another."""

from pathlib import Path

import pytest

from model_probe.plan import Selection
from model_probe.record import record
from scenes import SCENES
from scenes.settings import Settings
from tests.scenes.faults import inspected


@pytest.fixture(scope="module")
def trace(smollm2: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out, whole = tmp_path_factory.mktemp("smollm2") / "trace.safetensors", Selection(runs=True)
    return record("The capital of France is", out, model="smollm2", selection=whole)


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_plays_on_it(name: str, trace: Path) -> None:
    scene, faults = inspected(name, Settings(trace))
    assert faults == []
    names = [beat.name for beat in scene.beats]
    assert len(set(names)) == len(names) >= 3
    assert scene.poster in names
    assert scene._credit is not None
    assert scene._credit.string.startswith("SmolLM2 135M · Q4_1")
