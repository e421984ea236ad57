import pytest

import scenes
from scenes import SceneEntry

SMALL = {
    name: SceneEntry("tests.render.small_scenes", name.title(), number, f"{name} <b>&\"'", "A word.")
    for number, name in enumerate(("small", "broken", "noisy", "blue", "killed", "endless", "spoken"), 1)
}


@pytest.fixture
def small_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry holds the small scenes of these tests, nothing else."""
    monkeypatch.setattr(scenes, "SCENES", SMALL)
    for module in ("digest", "run", "texts", "__main__"):
        monkeypatch.setattr(f"scenes.render.{module}.SCENES", SMALL)
