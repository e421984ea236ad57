"""Five ways of writing on: each is what an independent forward pass, draw or library makes of the prompt."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, TopKLogitsWarper, TopPLogitsWarper

from model_probe.generation import Method, generate
from model_probe.network import Network
from model_probe.plan import Selection
from model_probe.record import record
from model_probe.runs import AGAIN, BEAM, FULL, GREEDY, OTHER, ROWS, STEPS, TOP_K, TOP_P, runs
from model_probe.trace import ASKED_ONLY, Trace
from scenes.reads import Read, wanted
from tests.model_probe import oracle

IDS_T = np.random.default_rng(6).integers(1, 8192, 6)


def written(network: Network, seed: int = 3, end_ids: tuple[int, ...] = (), room: int = 99) -> dict[str, Any]:
    return runs(network, network.run(IDS_T), seed=seed, end_ids=end_ids, room=room)


@pytest.fixture(scope="module")
def probabilities(tiny_directory: Path, tiny_model: Network) -> Any:
    """Every step's distribution over the vocabulary, (R, G, V), by numpy written apart, without a cache."""
    ids_RG = written(tiny_model)["runs_ids_RG"]
    logits = [oracle.forward(tiny_directory, np.array([*IDS_T, *ids_G]))["logits"] for ids_G in ids_RG]
    return oracle.softmax(np.array(logits)[:, len(IDS_T) - 1 : -1])


def kept_by_the_library(row: int, probability_V: Any) -> Any:
    scores: Any = torch.from_numpy(np.log(probability_V))[None]
    no_ids: Any = None
    method, _ = ROWS[row]
    if method.top_k:
        scores = TopKLogitsWarper(method.top_k)(no_ids, scores)
    if method.top_p:
        scores = TopPLogitsWarper(method.top_p)(no_ids, scores)
    return np.flatnonzero(np.isfinite(scores[0].numpy()))


@pytest.mark.parametrize("row", [TOP_K, TOP_P, FULL, AGAIN, OTHER])
def test_every_draw_is_replayed_from_the_seed(tiny_model: Network, probabilities: Any, row: int) -> None:
    found = written(tiny_model)
    draws = np.random.Generator(np.random.PCG64(3 + ROWS[row][1]))
    for step in range(STEPS):
        uniform, probability_V = draws.random(), probabilities[row, step]
        assert found["runs_uniform_RG"][row, step] == uniform
        kept = kept_by_the_library(row, probability_V)
        assert found["runs_kept_RG"][row, step] == len(kept)
        assert found["runs_mass_RG"][row, step] == pytest.approx(probability_V[kept].sum(), abs=1e-5)
        edges = np.cumsum(probability_V[kept]) / probability_V[kept].sum()
        at = int(np.searchsorted(edges, uniform, side="right"))
        assert found["runs_ids_RG"][row, step] == kept[at]
        low, high = found["runs_spans_RG2"][row, step]
        assert low <= uniform < high
        assert (low, high) == pytest.approx((edges[at] - np.diff(edges, prepend=0)[at], edges[at]), abs=1e-5)


def test_log_probabilities_are_the_model_s_own(tiny_model: Network, probabilities: Any) -> None:
    found = written(tiny_model)
    own_RG = np.take_along_axis(np.log(probabilities), found["runs_ids_RG"][..., None], axis=-1)[..., 0]
    np.testing.assert_allclose(found["runs_logprobs_RG"], own_RG, atol=1e-4)
    likeliest = np.argsort(-probabilities, axis=-1, kind="stable")[..., :2]
    np.testing.assert_array_equal(found["runs_top_ids_RGN"], likeliest)
    top_RGN = np.take_along_axis(np.log(probabilities), likeliest, axis=-1)
    np.testing.assert_allclose(found["runs_top_logprobs_RGN"], top_RGN, atol=1e-4)
    np.testing.assert_array_equal(found["runs_ids_RG"][GREEDY], likeliest[GREEDY, :, 0])
    assert (found["runs_kept_RG"][GREEDY] == 1).all()
    assert (found["runs_uniform_RG"][[GREEDY, BEAM]] == -1).all()


def test_greedy_and_beam_are_what_the_library_generates(tiny_directory: Path, tiny_model: Network) -> None:
    model: Any = AutoModelForCausalLM.from_pretrained(tiny_directory)
    found = written(tiny_model)
    for row, beams in ((GREEDY, 1), (BEAM, 4)):
        model.generation_config.eos_token_id = None
        ids = model.generate(
            torch.from_numpy(IDS_T)[None], attention_mask=torch.ones(1, len(IDS_T)), max_new_tokens=STEPS,
            do_sample=False, num_beams=beams, length_penalty=0.0,
        )  # fmt: skip
        np.testing.assert_array_equal(found["runs_ids_RG"][row], ids[0, len(IDS_T) :])


def test_the_beam_s_text_and_gate_are_those_of_its_tree(tiny_model: Network, probabilities: Any) -> None:
    found = written(tiny_model)
    ids_GE, parents_GE = found["runs_beam_ids_GE"], found["runs_beam_parents_GE"]
    beam = 0
    for step in reversed(range(STEPS)):
        parent = parents_GE[step, beam]
        assert found["runs_ids_RG"][BEAM, step] == ids_GE[step, beam]
        beside = sorted(set(ids_GE[step, parents_GE[step] == parent].tolist()))
        assert found["runs_kept_RG"][BEAM, step] == len(beside)
        mass = probabilities[BEAM, step, beside].sum()
        assert found["runs_mass_RG"][BEAM, step] == pytest.approx(mass, abs=1e-5)
        beam = parent
    total = found["runs_logprobs_RG"][BEAM].sum()
    assert found["runs_beam_logprobs_GE"][-1, 0] == pytest.approx(total, abs=1e-4)


def test_the_same_seed_gives_the_same_text_and_another_parts_from_it(tiny_model: Network) -> None:
    first, second, other = written(tiny_model), written(tiny_model), written(tiny_model, seed=4)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])
    np.testing.assert_array_equal(first["runs_ids_RG"][AGAIN], first["runs_ids_RG"][FULL])
    np.testing.assert_array_equal(first["runs_ids_RG"][OTHER], other["runs_ids_RG"][FULL])
    same = first["runs_ids_RG"][OTHER] == first["runs_ids_RG"][FULL]
    assert not same.all()


def test_the_prompt_s_keys_and_values_are_left_as_they_were(tiny_model: Network) -> None:
    run, fresh = tiny_model.run(IDS_T), tiny_model.run(IDS_T)
    for again in range(2):
        found = runs(tiny_model, run, seed=3, end_ids=(), room=99)
        alone = generate(tiny_model, run, method=Method(top_k=40), steps=STEPS, seed=3, end_ids=())
        np.testing.assert_array_equal(found["runs_ids_RG"][TOP_K], alone["step_ids_G"], str(again))
    whole = tiny_model.step(IDS_T[:1], tiny_model.branch(fresh.cache, np.array([0])))
    np.testing.assert_allclose(tiny_model.step(IDS_T[:1], run.cache), whole, atol=1e-6)


def test_a_text_ends_with_its_end_and_with_the_context(tiny_model: Network) -> None:
    free = written(tiny_model)
    end = int(free["runs_ids_RG"][FULL, 4])
    stopped = written(tiny_model, end_ids=(end,))
    assert stopped["runs_lengths_R"][FULL] == stopped["runs_lengths_R"][AGAIN] == 5
    np.testing.assert_array_equal(stopped["runs_ids_RG"][FULL, :5], free["runs_ids_RG"][FULL, :5])
    assert (stopped["runs_ids_RG"][FULL, 5:] == end).all()
    assert (stopped["runs_kept_RG"][FULL, 5:] == 0).all()
    np.testing.assert_array_equal(stopped["runs_ids_RG"][GREEDY], free["runs_ids_RG"][GREEDY])
    short = written(tiny_model, room=1)
    assert short["runs_ids_RG"].shape == (len(ROWS), 1)
    np.testing.assert_array_equal(short["runs_ids_RG"], free["runs_ids_RG"][:, :1])


def test_they_are_recorded_where_they_are_asked_for(tmp_path: Path) -> None:
    def made(name: str, selection: Selection | None) -> Trace:
        return Trace.open(record("Once", tmp_path / name, model="storyteller", selection=selection))

    needed = wanted([[Read(("runs_ids_RG",))]])
    without, with_all = made("a", None), made("b", Selection(runs=True))
    assert not any(map(without.has, ASKED_ONLY))
    assert "--runs records it" in without.lacks("runs_ids_RG")
    assert all(map(with_all.has, ASKED_ONLY))
    assert {*with_all.tensor_names} - {*without.tensor_names} == ASKED_ONLY
    assert not needed.held_by(without)
    assert needed.held_by(with_all)
    again = made("c", Selection(tensors=tuple(needed.beside(without).tensors)))
    assert {*again.tensor_names} == {*without.tensor_names, "runs_ids_RG"}
    named = made("d", Selection(tensors=("token_ids_T", "runs_ids_RG")))
    assert named.tensor_names == ["token_ids_T", "runs_ids_RG"]
    assert needed.held_by(named)
    assert {*needed.beside(with_all).tensors} >= {*with_all.tensor_names}
