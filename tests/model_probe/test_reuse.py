"""What a cache holds beside the same computed anew; all families: `test_families.py`."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_probe import capture
from model_probe.errors import MissingTensor
from model_probe.generation import Method, generate, uncached
from model_probe.network import Network
from model_probe.plan import Selection
from model_probe.record import record
from model_probe.reuse import Reuse
from model_probe.trace import Trace

IDS_T = np.random.default_rng(6).integers(1, 8192, 6)


def test_one_number_that_is_other_in_the_cache_is_seen(tiny_model: Network) -> None:
    run = tiny_model.run(IDS_T)
    reuse = Reuse(tiny_model, run, len(IDS_T))
    steps = generate(tiny_model, run, method=Method(), steps=3, seed=1, end_ids=())
    tiny_model.run_together([reuse.again(uncached(IDS_T, steps["step_ids_G"]))])
    tensors = reuse.tensors((1, 1))
    assert tensors["cache_gap_LT"].shape == (3, 6)
    largest = max(np.abs(part).max() for pair in reuse._held for part in pair)
    assert 0 < tensors["cache_gap_LT"].max() < 1e-5 * largest
    for part in (0, 1):
        reuse._held[2][part][0, 4, 3] += 0.5
        changed_LT = reuse.tensors((1, 1))["cache_gap_LT"]
        assert changed_LT[2, 4] == pytest.approx(0.5, abs=1e-4)
        changed_LT[2, 4] = tensors["cache_gap_LT"][2, 4]
        np.testing.assert_array_equal(changed_LT, tensors["cache_gap_LT"])
        reuse._held[2][part][0, 4, 3] -= 0.5


def test_going_on_does_not_change_what_was_held(tiny_model: Network) -> None:
    run = tiny_model.run(IDS_T)
    before = [(k.copy(), v.copy()) for k, v in tiny_model.held(run.cache)]
    held = tiny_model.held(run.cache)
    generate(tiny_model, run, method=Method("beam"), steps=80, seed=1, end_ids=())
    for (k, v), (old_k, old_v) in zip(held, before, strict=True):
        assert k.shape == (2, 6, 12)
        np.testing.assert_array_equal(k, old_k)
        np.testing.assert_array_equal(v, old_v)


def test_the_run_that_the_check_makes_is_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[int] = []
    load = capture.load

    def spying(*arguments: Any, **more: Any) -> Any:
        network: Any = load(*arguments, **more)
        run_together = network.run_together

        def counting(these: Any) -> Any:
            texts.append(len(these))
            return run_together(these)

        network.run_together = counting
        return network

    monkeypatch.setattr(capture, "load", spying)
    asked = ("step_ids_G", "cache_gap_LT", "again_size_LT1", "again_k_TK")
    for tensors, steps, ran in ((asked, 4, [1]), (asked[:1], 4, [1]), (asked, 1, [1]), (asked[:1], 1, [])):
        texts.clear()
        selection = Selection(tensors=tensors)
        trace = Trace.open(
            record("The old king", tmp_path / "t", model="storyteller", steps=steps, selection=selection)
        )
        assert texts == ran
        assert set(trace.tensor_names) == {"token_ids_T", *tensors}
        if len(tensors) > 1:
            assert trace.facts.projected
            assert 0 <= trace.cache_gap_LT[:].max() < 1e-4


def test_where_the_context_is_full_nothing_is_reused(tiny_directory: Path, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tiny_directory / "tokenizer.json"))
    prompt = str(tokenizer.decode(tokenizer.encode("The old king gave his ring away. " * 40).ids[:160]))
    trace = Trace.open(record(prompt, tmp_path / "t", model=str(tiny_directory)))
    assert trace.n_tokens == trace.facts.n_ctx == 160
    assert trace.step_ids_G.shape == (1,)
    assert not trace.has("cache_gap_LT")
    assert not trace.has("again_k_TK")
    with pytest.raises(MissingTensor, match="the prompt fills the context"):
        _ = trace.cache_gap_LT
