"""A Dask cluster's workers draw what this machine would, whatever becomes of them."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from scenes.render import cluster as far
from scenes.render import jobs
from scenes.render.__main__ import main
from tests.render.conftest import only_small_scenes
from tests.render.test_run import files_in, manifest_of, run, wait_for

TRIALS = int(os.environ.get("TRIALS", "0"))
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as made:
        yield made


@pytest.fixture(autouse=True)
def small_segments(small_scenes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "LEAST_PIXELS", 1)


@pytest.fixture(scope="module")
def here(storyteller_trace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process of this machine makes."""
    out = tmp_path_factory.mktemp("here")
    with only_small_scenes():
        assert run(out, storyteller_trace, "steps", "--workers", "1") == 0
    return out


def check_is(out: Path, here: Path) -> None:
    assert files_in(out) == files_in(here)
    assert (out / "clips/steps.mp4").read_bytes() == (here / "clips/steps.mp4").read_bytes()
    assert manifest_of(out) == manifest_of(here)


def test_a_cluster_makes_the_same_film(
    cluster: LocalCluster, storyteller_trace: Path, here: Path, tmp_path: Path
) -> None:
    assert run(tmp_path, storyteller_trace, "steps", "--scheduler", cluster.scheduler_address) == 0
    check_is(tmp_path, here)
    assert "Traceback" not in (tmp_path / "logs/steps.log").read_text()


@pytest.mark.parametrize("seed", range(TRIALS or 2))
def test_a_worker_that_is_killed_costs_its_segment_only(
    seed: int, cluster: LocalCluster, storyteller_trace: Path, here: Path, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    wait_for(lambda: len(cluster.scheduler.workers) == 2, "both workers")
    victim = cluster.workers[chance.randrange(2)].pid

    def kill() -> None:
        wait_for(lambda: any(w.processing for w in cluster.scheduler.workers.values()), "work")
        time.sleep(chance.uniform(0, 4))
        os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    assert run(tmp_path, storyteller_trace, "steps", "--scheduler", cluster.scheduler_address) == 0
    killer.join()
    check_is(tmp_path, here)


def test_a_scheduler_that_dies_leaves_what_the_next_run_goes_on_from(
    storyteller_trace: Path, here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    file = tmp_path / "scheduler.json"
    dask = (sys.executable, "-m", "dask")
    with subprocess.Popen(
        [
            *dask,
            "scheduler",
            "--port",
            "0",
            "--host",
            "127.0.0.1",
            "--no-dashboard",
            "--scheduler-file",
            str(file),
        ],
        env=environment,
        stderr=subprocess.DEVNULL,
    ) as scheduler:
        wait_for(file.is_file, "the scheduler")
        with subprocess.Popen(
            [*dask, "worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-dashboard"],
            env=environment,
            stderr=subprocess.DEVNULL,
            cwd=tmp_path,
        ) as worker:
            out = tmp_path / "out"
            log = out / "logs/steps.log"

            def kill() -> None:
                wait_for(log.is_file, "the first job")
                scheduler.kill()

            killer = threading.Thread(target=kill)
            killer.start()
            address = json.loads(file.read_text())["address"]
            assert run(out, storyteller_trace, "steps", "--scheduler", address) == 1
            killer.join()
            worker.kill()
    assert "steps  failed: the cluster's scheduler is gone" in capsys.readouterr().out
    assert run(out, storyteller_trace, "steps", "--workers", "1") == 0
    check_is(out, here)


def test_workers_with_another_version_are_refused_by_name(
    cluster: LocalCluster,
    storyteller_trace: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(far, "own_version", lambda: "9.9 (another)")
    assert run(tmp_path / "out", storyteller_trace, "steps", "--scheduler", cluster.scheduler_address) == 2
    said = capsys.readouterr().err
    assert "every worker must have this version of the package, 9.9 (another)" in said
    for worker in cluster.scheduler.workers:
        assert worker in said
    assert len(said.splitlines()) == 1


def test_a_worker_that_came_later_with_another_version_is_refused_too(
    cluster: LocalCluster,
    storyteller_trace: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(far, "own_version", lambda: "9.9 (another)")
    monkeypatch.setattr(far, "check_versions", lambda _: None)
    assert run(tmp_path / "out", storyteller_trace, "steps", "--scheduler", cluster.scheduler_address) == 1
    assert "of the package; 9.9 (another) is wanted" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("tcp://127.0.0.1:1", "no Dask scheduler answers there"),
        ("nowhere", "no Dask scheduler answers there"),
        ("http://127.0.0.1:80/x", "no Dask scheduler answers there"),
    ],
)
def test_where_no_scheduler_answers_one_line_says_so(
    address: str,
    expected: str,
    storyteller_trace: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(far, "PATIENCE", 1)
    assert run(tmp_path / "out", storyteller_trace, "steps", "--scheduler", address) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_cluster_has_its_own_number_of_workers(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--scheduler", "tcp://127.0.0.1:1", "--workers", "3"]) == 2
    assert "exclude each other" in capsys.readouterr().err
