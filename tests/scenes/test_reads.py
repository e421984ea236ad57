"""Each scene's `reads` is what it reads, no less and no more: a long prompt's trace holds nothing else."""

import shlex
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model_probe import plan
from model_probe.__main__ import main
from model_probe.errors import MissingTensor
from model_probe.plan import Selection
from model_probe.record import record
from model_probe.shape import gpt2_shape
from model_probe.trace import LAST_ROWS, TENSORS, Trace, write_trace
from scenes import SCENES, load
from scenes.chosen_head import worth_showing
from scenes.reads import Read, declared, parse, remedy, wanted
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings

Only = Callable[[Collection[Read]], Path]


@pytest.fixture
def only(trace: Trace, tmp_path: Path) -> Only:
    """A copy of the trace that holds what these entries name, and of single heads the one that is shown."""
    layer, head = worth_showing(trace)

    def keep(reads: Collection[Read]) -> Path:
        needed = wanted([reads])
        kept = [name for name in trace.tensor_names if name in needed.tensors]
        tensors = {name: np.asarray(getattr(trace, name)) for name in kept}
        one_head = needed.of_one_head & tensors.keys()
        for name in one_head:
            tensors[name] = tensors[name][layer : layer + 1, head : head + 1]
        facts = replace(trace.facts, one_head={name: [layer, head] for name in one_head})
        return write_trace(tmp_path / f"{len(kept)}.safetensors", tensors, facts)

    return keep


@pytest.fixture
def read_by_a_play(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The tensors that were read, or found to be there, since the test began."""
    seen: set[str] = set()
    get, has = Trace.__getattr__, Trace.has

    def spying_get(trace: Trace, name: str) -> object:
        value = get(trace, name)
        seen.add(name)
        return value

    def spying_has(trace: Trace, name: str) -> bool:
        there = has(trace, name)
        if there:
            seen.add(name)
        return there

    monkeypatch.setattr(Trace, "__getattr__", spying_get)
    monkeypatch.setattr(Trace, "has", spying_has)
    for looks_for_everything in ("scenes.lecture_scene.check", "model_probe.trace_contents.check"):
        monkeypatch.setattr(looks_for_everything, lambda *_: None)
    return seen


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_reads_what_it_says(name: str, storyteller_trace: Path, read_by_a_play: set[str]) -> None:
    scene, reads = load(name), parse(load(name).reads)
    rehearse(scene, Settings(storyteller_trace))
    named = {each for read in reads for each in read.names}
    read = read_by_a_play - {"token_ids_T"}
    more = [each for each in TENSORS if each in read - named]
    assert not more, f"add to `reads` of {scene.__name__} in scenes/lecture/{name}.py: {', '.join(more)}"
    here = [each for each in reads if each.found(Trace.open(storyteller_trace))]  # not all that there may be
    never = [" or ".join(each.names) for each in here if not read & set(each.names)]
    assert not never, f"take from `reads` of {scene.__name__} in scenes/lecture/{name}.py: {', '.join(never)}"


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_plays_on_nothing_but_what_it_says(name: str, only: Only) -> None:
    scene, reads = load(name), parse(load(name).reads)
    for kept in (reads, [read for read in reads if not read.optional]):
        try:
            played = rehearse(scene, Settings(only(kept)))
        except MissingTensor as error:
            pytest.fail(
                f"`reads` of {scene.__name__} in scenes/lecture/{name}.py is not all it needs: {error}"
            )
        assert len(played.beats) >= 3


PAIRS = (
    ("prompt_bytes_B", "prompt_offsets_T1"),
    ("vocab_bytes_B", "vocab_offsets_V1"),
    ("beside_bytes_B", "beside_offsets_T1"),
)


def together(name: str) -> set[str]:
    """A tensor and those without which, or in whose place, it is not in a trace."""
    for ends in (*PAIRS, *LAST_ROWS.items()):
        if name in ends:
            return set(ends)
    return {name}


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_misses_each_tensor_that_it_cannot_do_without(
    name: str, trace: Trace, only: Only, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = parse(load(name).reads)
    needed = [read for read in reads if not read.optional]
    for missing in needed:
        gone = {other for each in missing.names for other in together(each)}
        path = only([read for read in needed if not gone & set(read.names)])
        says = rf"has no ({'|'.join(gone)}): .*; {load(name).__name__} reads it"
        with pytest.raises(MissingTensor, match=says):
            load(name)(Settings(path))
        with monkeypatch.context() as patch:
            patch.setattr("scenes.lecture_scene.check", lambda *_: None)
            with pytest.raises(MissingTensor, match=r"has no|keeps only"):
                rehearse(load(name), Settings(path))


@pytest.mark.parametrize("name", SCENES)
def test_what_a_scene_reads_is_known_without_importing_it(name: str) -> None:
    assert declared(SCENES[name]) == parse(load(name).reads) != ()


def test_what_is_missing_is_recorded_by_the_command_that_is_named(tmp_path: Path) -> None:
    prompt, path = 'It\'s the "king"', tmp_path / "a trace"
    record(prompt, path, model="storyteller", selection=Selection(tensors=("q_LHTK",)))
    with pytest.raises(MissingTensor) as missed:
        load("mask")(Settings(path))
    command = str(missed.value).partition("; to record it: python -m model_probe ")[2]
    assert main(shlex.split(command)) == 0
    assert load("mask")(Settings(path)).trace.facts.prompt == prompt


def test_a_remedy_is_one_that_helps(trace: Trace, tmp_path: Path) -> None:
    assert (
        f"a model that has it: python -m model_probe {shlex.quote(trace.facts.prompt)} --model st"
        in remedy(trace)
    )
    assert remedy(trace, ["runs_ids_RG"]).endswith(" --runs")
    for prompt in ("a\nb", "long " * 40):
        facts = replace(trace.facts, prompt=prompt, asked=["token_ids_T"], model="gpt2")
        tensors = {"token_ids_T": np.asarray(trace.token_ids_T)}
        lean = Trace.open(write_trace(tmp_path / "t", tensors, facts))
        assert remedy(lean) == f"to record it: python -m model_probe … --model gpt2 -o {tmp_path / 't'}"


def test_the_whole_lecture_of_1024_tokens_on_gpt_2_small_is_within_the_budget() -> None:
    needed = wanted(declared(entry) for entry in SCENES.values())
    everything = plan.planned(gpt2_shape({}), 1024, Selection())
    assert sum(map(plan.size, everything.values())) > plan.BUDGET
    selection = Selection(tensors=tuple(needed.tensors), of_one_head=tuple(needed.of_one_head))
    planned = plan.planned(gpt2_shape({}), 1024, selection)
    assert planned["scores_LHTS"][1] == (1, 1, 1024, 1024)
    assert sum(map(plan.size, planned.values())) < plan.BUDGET


def test_an_entry_says_what_is_read_of_a_tensor() -> None:
    entries = ["ln1_LTD", "k_LHTK or k_LCTK of one head", "mask_TS or mask_LTS if any"]
    assert parse(entries) == (
        Read(("ln1_LTD",)),
        Read(("k_LHTK", "k_LCTK"), one_head=True),
        Read(("mask_TS", "mask_LTS"), optional=True),
    )
    for wrong in ("ln1_LTD if needed", "ln1_LTD,", "ln2"):
        with pytest.raises(ValueError, match=wrong):
            parse([wrong])


def test_what_is_read_together_is_one_entry() -> None:
    assert parse(["the prompt", "ln1_LTD"]) == parse(["prompt_bytes_B", "prompt_offsets_T1", "ln1_LTD"])
    assert Read(("resid_mid_LTD",), optional=True) in parse(["the stream"])
    with pytest.raises(ValueError, match="the prompts"):
        parse(["the prompts"])
