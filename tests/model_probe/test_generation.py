import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

from model_probe.errors import UserError
from model_probe.generation import Method, cache_error, draw, generate, kept, uncached
from model_probe.network import Network
from model_probe.record import record
from model_probe.trace import Trace
from tests.model_probe import oracle
from tests.model_probe.conftest import network_of

IDS_T = np.random.default_rng(6).integers(1, 8192, 6)


def last_logits(directory: Path, ids: Any) -> Any:
    return oracle.forward(directory, np.array(ids))["logits"][-1]


def test_generation_with_the_cache_is_generation_without(tiny_directory: Path, tiny_model: Network) -> None:
    run = tiny_model.run(IDS_T)
    steps = generate(tiny_model, run, method=Method(), steps=5, seed=11, end_ids=())
    np.testing.assert_array_equal(steps["step_logits_GV"][0], run.logits_TV[-1])
    np.testing.assert_array_equal(steps["step_scaled_GV"], steps["step_logits_GV"])
    assert steps["step_kept_GV"].all()
    for g in range(5):
        logits_V = last_logits(tiny_directory, [*IDS_T, *steps["step_ids_G"][:g]])
        assert np.abs(steps["step_logits_GV"][g] - logits_V).max() < 2e-5 * np.abs(logits_V).max()
        probability_V = oracle.softmax(steps["step_logits_GV"][g].astype(np.float64))
        drawn = np.searchsorted(np.cumsum(probability_V), steps["step_uniform_G"][g], side="right")
        assert steps["step_ids_G"][g] == drawn
    assert steps["step_uniform_G"][0] == np.random.Generator(np.random.PCG64(11)).random()
    assert len(set(steps["step_uniform_G"])) == 5
    (uncached_GV,) = tiny_model.run_together([uncached(IDS_T, steps["step_ids_G"])])
    assert 0 < cache_error(uncached_GV, steps["step_logits_GV"]) < 1e-5
    steps["step_logits_GV"][3, 5] += 0.5 * np.abs(steps["step_logits_GV"]).max()
    assert cache_error(uncached_GV, steps["step_logits_GV"]) > 0.1


def test_generation_stops_after_the_end_of_text(tiny_model: Network) -> None:
    free = generate(tiny_model, tiny_model.run(IDS_T), method=Method(), steps=5, seed=2, end_ids=())
    end = int(free["step_ids_G"][2])
    assert end not in free["step_ids_G"][:2]
    run = tiny_model.run(IDS_T)
    stopped = generate(tiny_model, run, method=Method(), steps=5, seed=2, end_ids=(end,))
    np.testing.assert_array_equal(stopped["step_ids_G"], free["step_ids_G"][:3])


def test_draws_follow_the_distribution_of_what_is_kept() -> None:
    logits_V = np.log(np.array([0.5, 0.2, 0.2, 0.1], np.float32))
    uniforms = (np.arange(1000) + 0.5) / 1000
    assert np.bincount([draw(logits_V, u) for u in uniforms]).tolist() == [500, 200, 200, 100]
    assert draw(logits_V, np.nextafter(1, 0)) == 3
    kept_V = np.array([False, True, True, False])
    assert np.bincount([draw(logits_V, u, kept_V) for u in uniforms]).tolist() == [0, 500, 500]
    assert draw(logits_V, np.nextafter(1, 0), kept_V) == 2


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-8, 8, width=16), min_size=1, max_size=30),
    st.sampled_from([0.3, 0.7, 1.0, 2.0]),
    st.one_of(st.none(), st.integers(1, 40)),
    st.one_of(st.none(), st.sampled_from([0.1, 0.5, 0.9, 0.99])),
)
def test_stages_are_those_of_the_library(
    logits: list[float], temperature: float, top_k: int | None, top_p: float | None
) -> None:
    logits_V = np.array(logits, np.float32)
    scaled_V = logits_V / np.float32(temperature)
    scores: Any = torch.from_numpy(logits_V)[None]
    no_ids: Any = None
    scores = TemperatureLogitsWarper(temperature)(no_ids, scores)
    np.testing.assert_allclose(scaled_V, scores[0], rtol=1e-6)
    if top_k is not None:
        scores = TopKLogitsWarper(top_k)(no_ids, scores)
    if top_p is not None:
        before = scores.softmax(-1)[0].double().numpy()
        scores = TopPLogitsWarper(top_p)(no_ids, scores)
        # Rounding decides where a sum lands on p itself, and among equals; there the two may differ
        sums = np.cumsum(np.sort(before)[::-1])
        if np.abs(sums - top_p).min() < 1e-5 or len(set(logits)) < len(logits):
            return
    np.testing.assert_array_equal(kept(scaled_V, top_k, top_p), np.isfinite(scores[0].numpy()))


def test_greedy_takes_the_likeliest(tiny_directory: Path, tiny_model: Network) -> None:
    steps = generate(tiny_model, tiny_model.run(IDS_T), method=Method("greedy"), steps=4, seed=0, end_ids=())
    assert set(steps) == {"step_logits_GV", "step_ids_G"}
    ids = list(IDS_T)
    for chosen in steps["step_ids_G"]:
        ids.append(int(last_logits(tiny_directory, ids).argmax()))
        assert chosen == ids[-1]


def test_beam_search_with_enough_beams_finds_the_likeliest_of_all_texts(tmp_path: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(1)
    config = GPT2Config(vocab_size=6, n_positions=12, n_embd=8, n_layer=2, n_head=2, initializer_range=1.0)
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    ids_T, end = np.array([1, 4]), 3

    def logprob(tail: tuple[int, ...]) -> float:
        total = 0.0
        for position, token in enumerate(tail):
            logits_V = last_logits(tmp_path, [*ids_T, *tail[:position]])
            total += float(np.log(oracle.softmax(logits_V))[token])
            if token == end:
                break
        return total

    tails = {
        tail[: tail.index(end) + 1] if end in tail else tail for tail in itertools.product(range(6), repeat=2)
    }
    totals = {tail: logprob(tail) for tail in tails}
    best = max(totals, key=lambda tail: totals[tail])
    for reference in (False, True):
        network = network_of(tmp_path, reference)
        method = Method("beam", beams=6)
        steps = generate(network, network.run(ids_T), method=method, steps=2, seed=0, end_ids=(end,))
        assert tuple(steps["step_ids_G"].tolist())[: len(best)] == best
        assert steps["beam_logprobs_GE"][-1, 0] == pytest.approx(totals[best], abs=1e-4)


def test_each_beam_goes_on_from_its_parent(tiny_directory: Path, tiny_model: Network) -> None:
    method = Method("beam", beams=3)
    steps = generate(tiny_model, tiny_model.run(IDS_T), method=method, steps=3, seed=0, end_ids=())
    for beam in range(3):
        texts: list[int] = []
        at = beam
        for step in (2, 1, 0):
            texts.insert(0, int(steps["beam_ids_GE"][step, at]))
            at = int(steps["beam_parents_GE"][step, at])
        total = 0.0
        for position, token in enumerate(texts):
            logits_V = last_logits(tiny_directory, [*IDS_T, *texts[:position]])
            total += float(np.log(oracle.softmax(logits_V))[token])
        assert steps["beam_logprobs_GE"][2, beam] == pytest.approx(total, abs=1e-3)
    assert (np.diff(steps["beam_logprobs_GE"], axis=1) <= 0).all()


def test_a_trace_replays_from_its_seed_and_settings(tiny_directory: Path, tmp_path: Path) -> None:
    method = Method(temperature=0.6, top_k=20, top_p=0.8)
    path = record("The king", tmp_path / "t", model=str(tiny_directory), seed=5, steps=6, method=method)
    trace = Trace.open(path)
    settings_ = trace.facts.sampling
    chosen = {"method": "sample", "temperature": 0.6, "top_k": 20, "top_p": 0.8, "beams": None}
    assert settings_ == chosen | {"steps": 6}
    generator = np.random.Generator(np.random.PCG64(trace.facts.seed))
    for g in range(6):
        scaled_V = (trace.step_logits_GV[g] / np.float32(settings_["temperature"])).astype(np.float32)
        np.testing.assert_array_equal(trace.step_scaled_GV[g], scaled_V)
        kept_V = kept(scaled_V, settings_["top_k"], settings_["top_p"])
        np.testing.assert_array_equal(trace.step_kept_GV[g], kept_V)
        uniform = generator.random()
        assert trace.step_uniform_G[g] == uniform
        assert trace.step_ids_G[g] == draw(scaled_V, uniform, kept_V)
    assert trace.facts.checks["kv_cache"] < 1e-5


@pytest.mark.parametrize(
    "values",
    [{"temperature": -1.0}, {"top_k": 0}, {"top_p": 0.0}, {"beams": 0}, {"name": "greedy", "top_p": 0.5}],
)
def test_methods_that_cannot_be_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"wanted|for sampling"):
        Method(**values)
