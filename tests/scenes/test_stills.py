"""The pictures of every beat that one looks at, of one trace or of several."""

from pathlib import Path

import pytest

from model_probe.plan import Selection
from model_probe.record import record
from scenes.render.stills import main
from tests.scenes.conftest import Traces


def test_each_trace_has_a_folder_and_one_that_does_not_do_is_said(
    traces: Traces, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lean = record("Once", tmp_path / "lean", model="storyteller", selection=Selection(tensors=("q_LHTK",)))
    given = [traces["1 token"], lean, traces["2 tokens"]]
    arguments = [word for path in given for word in ("--trace", str(path))]
    assert main(["mask", *arguments, "--out", str(tmp_path / "stills")]) == 2
    said, complained = capsys.readouterr()
    assert "lean has no" in complained
    assert complained.count("\n") == 1
    drawn = {
        path.parent.name: path for path in map(Path, (line.split("  ")[0] for line in said.splitlines()))
    }
    assert list(drawn) == [given[0].stem, given[2].stem]
    for folder in drawn:
        pictures = [path.name for path in (tmp_path / "stills" / folder).iterdir()]
        assert len(pictures) == said.count(f"/{folder}/") >= 3
        assert all(name.startswith("mask-0") and name.endswith(".png") for name in pictures)


def test_two_traces_of_one_name_are_told_apart_or_refused(
    traces: Traces, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mask", *(2 * ["--trace", str(traces["1 token"])])]) == 2
    assert "two traces are named" in capsys.readouterr().err
