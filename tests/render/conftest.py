from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

import scenes
from scenes import SceneEntry

SMALL = {
    name: SceneEntry("tests.render.small_scenes", name.title(), number, f"{name} <b>&\"'", "A word.")
    for number, name in enumerate(("small", "broken", "noisy", "blue", "killed", "endless", "steps"), 1)
}


CHROMIUM = "/usr/bin/chromium"  # Debian's; tests/run.sh installs it
OFFLINE = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield chromium
        chromium.close()


@pytest.fixture
def small_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry holds the small scenes of these tests, nothing else."""
    monkeypatch.setattr(scenes, "SCENES", SMALL)
    for module in ("digest", "run", "texts", "__main__"):
        monkeypatch.setattr(f"scenes.render.{module}.SCENES", SMALL)
