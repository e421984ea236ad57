"""A run records what its scenes read, and again only where something is wanted that is not there."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from model_probe.generation import Method
from model_probe.plan import BUDGET
from model_probe.trace import Trace
from scenes import SCENES, load
from scenes.chosen_head import worth_showing
from scenes.reads import declared, wanted
from scenes.render.__main__ import main
from scenes.render.digest import content_digest
from scenes.render.manifest import Manifest
from scenes.render.probe import ProbeFailed, Request, recorded
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.conftest import prompt_of, random_model

REQUEST = Request("The old king had a ring. " * 25, False, None, "storyteller", "auto", 0, 3, Method())


class Recorder:
    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "trace.safetensors"
        self.runs = 0

    def __call__(self, *names: str, request: Request = REQUEST, **shown: int) -> Trace:
        needed = wanted((declared(SCENES[name]) for name in names), **shown)
        manifest = Manifest(self.folder / "manifest.json")
        return recorded(request, needed, self.path, manifest, self.folder, BUDGET)


@pytest.fixture
def recorder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    counting, start = Recorder(tmp_path), subprocess.Popen

    def popen(*arguments: Any, **options: Any) -> Any:
        counting.runs += 1
        return start(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", popen)
    return counting


def test_a_trace_is_recorded_again_only_where_it_lacks_something(recorder: Recorder) -> None:
    first = recorder("mask")
    head = worth_showing(first)
    assert first.facts.one_head == {"pattern_LHTS": [*head], "scores_LHTS": [*head]}
    assert not first.has("resid_pre_LTD")
    content = content_digest("mask", first, Settings(first.path))
    assert recorder("mask").digest == first.digest
    assert recorder("mask", layer=head[0]).digest == first.digest
    assert recorder.runs == 1

    more = recorder("heads", "tokens")
    assert recorder.runs == 2
    assert set(more.tensor_names) > set(first.tensor_names)
    assert more.facts.one_head == {"scores_LHTS": [*head]}
    assert more.run == first.run
    assert content_digest("mask", more, Settings(more.path)) == content
    assert [recorder(*names).digest for names in (("mask", "heads"), ("tokens",))] == [more.digest] * 2
    assert recorder.runs == 2

    other = (head[0] + 1) % first.facts.n_layer, head[1]
    moved = recorder("mask", layer=other[0], head=other[1])
    assert moved.facts.one_head == {"scores_LHTS": [*other]}
    assert moved.has("piece_starts_P")
    recorder("mask", request=replace(REQUEST, steps=2))
    assert recorder.runs == 4


def test_every_scene_plays_on_what_is_recorded_of_a_thousand_tokens(
    recorder: Recorder, tmp_path: Path
) -> None:
    directory = random_model(tmp_path / "model", layers=2)
    request = replace(REQUEST, prompt=prompt_of(1000), model=str(directory))
    trace = recorder(*SCENES, request=request)
    assert trace.n_tokens == 1000
    assert {"scores_LHTS", "q_LHTK", "k_LHTK"} <= trace.facts.one_head.keys()
    assert not trace.has("mlp_post_LTF")
    for name in SCENES:
        assert len(rehearse(load(name), Settings(trace.path)).beats) >= 3


def test_what_is_over_the_budget_is_said_in_options_that_the_command_has(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    needed = wanted([declared(SCENES["heads"])])
    with pytest.raises(ProbeFailed) as failed:
        recorded(REQUEST, needed, tmp_path / "t", Manifest(tmp_path / "manifest.json"), tmp_path, 10**6)
    assert failed.value.code == 2
    said = capfd.readouterr().err
    assert "fewer scenes or a shorter prompt make it smaller, --budget allows more" in said
    assert "--layers" not in said


@pytest.mark.usefixtures("small_scenes")
def test_a_scene_that_a_trace_is_not_for_is_named_before_anything_is_drawn(
    recorder: Recorder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = recorder.path
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.render.test_recorded.declared", lambda _: ())
        patch.setattr("tests.render.test_recorded.SCENES", {"none": None})
        recorder("none")
    arguments = ["small", "reader", "--trace", str(trace), "--out", str(tmp_path / "out"), "--quality", "l"]
    assert main(arguments) == 1
    lines = capsys.readouterr().out.splitlines()
    says = (
        f"reader  not for this trace: {trace} has no attn_out_LTD: it was recorded without; reader reads it; "
        "to record it: python -m model_probe "
    )
    said, began = (
        next(n for n, line in enumerate(lines) if line.startswith(how)) for how in (says, "small ")
    )
    assert said < began
    assert (tmp_path / "out" / "clips" / "small.mp4").is_file()


@pytest.mark.usefixtures("small_scenes")
@pytest.mark.parametrize("option", ["--steps=2", "--budget=2GiB", "--top-k=3", "--chat", "--seed=1"])
def test_a_saved_trace_is_asked_nothing_that_a_run_of_the_model_is(
    option: str, storyteller_trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["small", "--trace", str(storyteller_trace), option]) == 2
    assert f"--trace runs no model: {option.partition('=')[0]} has nothing to do" in capsys.readouterr().err
