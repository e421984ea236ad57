"""Runs that are killed at random moments, meet in one directory, or lose their trace: nothing is lost by it.

A seed a trial; the gate does a few. A hundred: `TRIALS=100 tests/run.sh tests/render/test_kills.py`.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from model_probe.record import record
from tests.render.test_run import files_in, manifest_of, processes_of, start, wait_for

TRIALS = int(os.environ.get("TRIALS", "0"))
SCENES = ("small", "steps")


@dataclass(frozen=True)
class Whole:
    """A run that nothing happened to: what it leaves behind, and how long it takes."""

    trace: Path
    out: Path
    seconds: float


@pytest.fixture(scope="module")
def whole(storyteller_trace: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    out = tmp_path_factory.mktemp("whole")
    began = time.monotonic()
    _, code = ended(start(out, storyteller_trace, *SCENES))
    assert code == 0
    return Whole(storyteller_trace, out, time.monotonic() - began)


def ended(process: subprocess.Popen[str]) -> tuple[str, int]:
    said, _ = process.communicate(timeout=240)
    return said, process.returncode


def the_group(process: subprocess.Popen[str], out: Path) -> None:
    children = [pid for pid in processes_of(out) if pid != process.pid]
    for pid in (process.pid, *children):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def the_parent(process: subprocess.Popen[str], _: Path) -> None:
    process.kill()


def terminate(process: subprocess.Popen[str], _: Path) -> None:
    process.terminate()


def ctrl_c(process: subprocess.Popen[str], _: Path) -> None:
    process.send_signal(signal.SIGINT)


def ctrl_c_twice(process: subprocess.Popen[str], _: Path) -> None:
    process.send_signal(signal.SIGINT)
    time.sleep(random.Random(process.pid).uniform(0, 0.3))
    process.send_signal(signal.SIGINT)


WAYS = (the_group, the_parent, terminate, ctrl_c, ctrl_c_twice)


def check_what_stands(out: Path) -> None:
    """All that the manifest speaks of is there and whole; nothing half-written has a name that is read."""
    if not (out / "manifest.json").exists():
        return
    for name, noted in manifest_of(out)["files"].items():
        content = (out / name).read_bytes()
        assert (len(content), sha256(content).hexdigest()) == (noted["bytes"], noted["sha256"]), name


def check_is(out: Path, whole: Path) -> None:
    """A directory holds what an undisturbed run leaves behind, to the byte, logs aside."""
    assert files_in(out) == files_in(whole)
    assert (out / "manifest.json").read_bytes() == (whole / "manifest.json").read_bytes()
    check_what_stands(out)
    assert not (out / ".work").exists()


@pytest.mark.parametrize("seed", range(TRIALS or len(WAYS)))
def test_whenever_and_however_a_run_is_killed_the_next_one_finishes_it(
    seed: int, whole: Whole, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    out, way = tmp_path / "out", WAYS[seed % len(WAYS)]
    for _ in range(chance.choice((1, 1, 2))):
        process = start(out, whole.trace, *SCENES)
        time.sleep(chance.uniform(0, 1.1 * whole.seconds))
        if process.poll() is None:
            way(process, out)
        said, code = ended(process)
        # One that is killed takes its scenes' processes along; at once, or as soon as they want to tell it
        wait_for(lambda: not processes_of(out), "the end of all processes")
        if way in (ctrl_c, ctrl_c_twice):
            assert code in (0, 130, -signal.SIGINT), said  # the last: before Python was there to hear it
            assert "Traceback" not in said or code == -signal.SIGINT
        if out.exists():
            check_what_stands(out)
    said, code = ended(start(out, whole.trace, *SCENES))
    assert code == 0, said
    check_is(out, whole.out)


@pytest.mark.parametrize("seed", range(TRIALS or 2))
def test_of_runs_that_meet_in_a_directory_one_does_the_work(seed: int, whole: Whole, tmp_path: Path) -> None:
    chance = random.Random(seed)
    processes = []
    for _ in range(2 + seed % 2):
        processes.append(start(tmp_path / "out", whole.trace, *SCENES))
        time.sleep(chance.choice((0, chance.uniform(0, whole.seconds))))
    ends = [ended(process) for process in processes]
    assert 0 in [code for _, code in ends], ends
    for said, code in ends:
        refused = f"error: another run is at work in {tmp_path / 'out'}; give this one another --out\n"
        assert code == 0 or (code, said) == (2, refused)
    check_is(tmp_path / "out", whole.out)


@pytest.fixture(scope="module")
def another(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("another")
    return record("Another prompt", folder / "t.safetensors", model="storyteller", steps=1)


@pytest.mark.parametrize("seed", range(TRIALS or 2))
def test_no_clip_is_of_two_traces(seed: int, whole: Whole, another: Path, tmp_path: Path) -> None:
    chance, out = random.Random(seed), tmp_path / "out"
    path = tmp_path / "t.safetensors"
    digests = {}
    for kind, source in (("first", whole.trace), ("second", another)):
        shutil.copy(source, tmp_path / kind)
        digests[kind] = sha256(source.read_bytes()).hexdigest()
    os.replace(tmp_path / "first", path)
    process = start(out, path, *SCENES)
    time.sleep(chance.uniform(0, whole.seconds))
    os.replace(tmp_path / "second", path)
    said, code = ended(process)
    for name, clip in manifest_of(out)["clips"].items():
        prompts = {digests["first"]: json.dumps("first"), digests["second"]: json.dumps("second")}
        assert clip["trace"] in prompts, name
        assert (clip["prompt"] == "Another prompt") == (clip["trace"] == digests["second"])
    if code:
        assert f"{path} was replaced while the run was at work; start it again" in said
        assert code == 1
    said, code = ended(start(out, path, *SCENES))
    assert code == 0, said
    assert {clip["prompt"] for clip in manifest_of(out)["clips"].values()} == {"Another prompt"}
    check_what_stands(out)
