"""The README's five steps, followed: what is printed there is a scene, in order and true."""

import importlib.util
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import scenes
from model_probe.trace import Trace
from scenes import N_, SCENES, SceneEntry
from scenes.reads import declared
from scenes.settings import Settings
from tests.scenes.conftest import GoesRed, Lacking, Play, Traces
from tests.scenes.faults import inspected
from tests.scenes.test_cuts import LEAST, MOST, ends, kept
from tests.scenes.test_every_scene import LONGEST, SHORTEST

ROOT = Path(__file__).parent.parent.parent


def printed() -> list[str]:
    """The Python of the five steps: a scene, its entry, its test."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    steps = readme.split("## Add a scene in five steps")[1].split("\n## ")[0]
    return [textwrap.dedent(code) for code in re.findall(r"^ *```python\n(.*?)^ *```", steps, re.S | re.M)]


def imported(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def norms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The scene, entered in the registry."""
    scene, entry, _test = printed()
    names: dict[str, Any] = {"N_": N_, "_entry": scenes._entry}
    name, entered = eval(entry, names)
    assert isinstance(entered, SceneEntry)
    path = tmp_path / f"{name}.py"
    path.write_text(scene, encoding="utf-8")
    monkeypatch.setitem(sys.modules, entered.module, imported(entered.module, path))
    monkeypatch.setitem(SCENES, name, entered)
    yield name
    ends.cache_clear()


def test_it_is_in_order_for_any_prompt_in_any_shape(norms: str, traces: Traces) -> None:
    for kind, aspect in (
        ("7 tokens", "16:9"),
        ("1 token", "16:9"),
        ("1000 tokens", "1:1"),
        ("markup", "9:16"),
    ):
        scene, faults = inspected(norms, Settings(traces[kind], aspect=aspect))
        assert faults == []
        names = [beat.name for beat in scene.beats]
        assert len(names) >= 3
        assert scene.poster in names
        assert SHORTEST <= scene.renderer.time <= LONGEST


def test_it_reads_what_it_says_and_cuts_on_the_same_picture(
    norms: str, play: Play, lacking: Lacking, storyteller_trace: Path
) -> None:
    reads = {each for read in declared(SCENES[norms]) for each in read.names}
    play(norms, lacking(but=reads | {"token_ids_T"}))
    before = next(iter(SCENES))
    drawn, same = kept(ends(before, storyteller_trace, "16:9")[1], ends(norms, storyteller_trace, "16:9")[0])
    assert (drawn >= LEAST, same >= MOST) == (True, True)


def test_its_test_is_green_and_goes_red(
    norms: str, play: Play, trace: Trace, goes_red: GoesRed, tmp_path: Path
) -> None:
    path = tmp_path / f"test_{norms}_truth.py"
    path.write_text(printed()[2], encoding="utf-8")
    test = imported(path.stem, path)
    test.test_what_is_on_screen_is_in_the_trace(play, trace)
    test.test_an_altered_tensor_shows(goes_red)


@pytest.mark.parametrize(
    ("number", "path"), [(0, "scenes/lecture/norms.py"), (2, "tests/scenes/test_norms_truth.py")]
)
def test_it_is_as_the_linter_wants_it(number: int, path: str) -> None:
    ruff = [sys.executable, "-m", "ruff"]
    for command in (["check", "-q"], ["format", "-q", "--check"]):
        done = subprocess.run(
            [*ruff, *command, "--stdin-filename", path, "-"],
            input=printed()[number], cwd=ROOT, check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_table_of_scenes_has_every_scene_and_no_other() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split("\n| scene |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.M) == list(SCENES)
