"""What all tests share; `--scene NAME` keeps those that concern one scene."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings

from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.plan import Selection
from model_probe.record import record
from model_probe.smollm2 import smollm2_path
from scenes import SCENES

# How long an example takes says more of the machine than of the code
hypothesis_settings.register_profile("steady", deadline=None)
hypothesis_settings.load_profile("steady")

APART = ("test_every_scene.py", "test_stillness.py", "test_captions.py")  # long, and each test for itself
OF_ALL = ("test_catalogues.py", "test_length.py")  # what these say of all scenes may be about any


@pytest.fixture(scope="session")
def storyteller_trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace of storyteller on its default prompt."""
    path = tmp_path_factory.mktemp("storyteller") / "trace.safetensors"
    return record(None, path, model="storyteller", selection=Selection(runs=True))


@pytest.fixture(scope="session")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """See a scene played: `seen("mask", path, "ja", "9:16")`; once a session, whichever worker asks first."""
    from tests.scenes.seen import kept_in  # what draws is imported only where it is wanted

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "seen"
    folder.mkdir(exist_ok=True)
    return kept_in(folder)


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


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--scene", metavar="NAME", help="only what concerns one scene")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--scene`: the tests of its own file, and those made once a scene, or for two neighbours.

    A file's tests stay on one worker, for they share what they have made; but not those of `APART`.
    """
    for item in items:
        if item.path.name not in APART:
            item.add_marker(pytest.mark.xdist_group(str(item.path.relative_to(config.rootpath))))
    scene = config.getoption("--scene")
    if scene is None:
        return
    kept = [item for item in items if concerns(item, scene)]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def concerns(item: Any, scene: str) -> bool:
    """Whether a test is about a scene: in its own file, made once a scene, or of all words and lengths."""
    if item.path.name == f"test_{scene}_truth.py":
        return True
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    words = [word for each in parameters for word in (each if isinstance(each, tuple) else (each,))]
    named = [word for word in words if isinstance(word, str) and word in SCENES]
    return scene in named or (not named and item.path.name in OF_ALL)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say which reference pictures were written."""
    reports = [report for kind in terminalreporter.stats.values() for report in kind]
    properties = {each for report in reports for each in getattr(report, "user_properties", ())}
    for path in sorted(path for name, path in properties if name == "written"):
        terminalreporter.write_line(f"written: {path}")
