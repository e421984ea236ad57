from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

import scenes
from model_probe.record import record
from scenes import SceneEntry

# Imported here, before any test: a module that is first imported while SCENES is another would keep that one
from scenes.render import __main__, digest, kinds, plan, run
from scenes.render.__main__ import main

SMALL = {
    name: SceneEntry("tests.render.small_scenes", name.title(), number, f"{name} <b>&\"'", "A word.")
    for number, name in enumerate(
        ("small", "broken", "noisy", "blue", "killed", "endless", "spoken", "steps", "reader"), 1
    )
}


MODULES = (__main__, digest, kinds, plan, run)  # that have the registry under a name of their own
HOSTILE_PROMPT = "\"quotes\" </script><script>document.title = 'taken over'</script>\n& مرحبا"
CHROMIUM = "/usr/bin/chromium"  # Debian's; tests/run.sh installs it
OFFLINE = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def two_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run of two scenes leaves behind; prompt, titles and words try to break the pages."""
    folder = tmp_path_factory.mktemp("two_clips")
    trace = record(HOSTILE_PROMPT, folder / "t.safetensors", model="storyteller", steps=1)
    with only_small_scenes():
        arguments = ["small", "steps", "--trace", str(trace), "--out", str(folder / "out"), "--quality", "l"]
        assert main(arguments) == 0
    return folder / "out"


@contextmanager
def only_small_scenes() -> Iterator[None]:
    """The registry holds the small scenes of these tests, nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (scenes, *MODULES):
            patch.setattr(module, "SCENES", SMALL)
        yield


@pytest.fixture
def small_scenes() -> Iterator[None]:
    with only_small_scenes():
        yield


@contextmanager
def opened(browser: Browser, address: str, home: str) -> Iterator[Page]:
    """A page at an address; nothing may be asked for from outside its home, and no script may fail."""
    view = browser.new_page()
    asked: list[str] = []
    failed: list[str] = []
    view.on("request", lambda request: asked.append(request.url))
    view.on("pageerror", lambda error: failed.append(str(error)))
    view.goto(address)
    yield view
    assert all(url.startswith(home) for url in asked)
    assert not failed
    view.close()
