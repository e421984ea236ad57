"""One head's weights of queries and keys: with them, the vector that attention is given makes its queries."""

from pathlib import Path

import numpy as np
import pytest
from transformers import AutoModelForCausalLM

from model_probe.record import record
from model_probe.trace import Trace
from tests.model_probe.test_families import CONFIGS, save

NORMED = ("qwen3", "gemma 3")  # their queries and keys are normed before the trace has them


def made(trace: Trace, part: str, layer: int) -> np.ndarray:
    """Every token's query or key, as projected, in double precision."""
    weight_KD = getattr(trace, f"{part}_weight_KD")[:].astype(np.float64)
    bias_K = getattr(trace, f"{part}_bias_K")[:] if trace.has(f"{part}_bias_K") else 0.0
    return np.asarray(trace.ln1_LTD[layer] @ weight_KD.T + bias_K)


@pytest.mark.parametrize("reference", [False, True], ids=["as it runs", "in transformers"])
@pytest.mark.parametrize("name", [name for name, (*_, wiring) in CONFIGS.items() if wiring != "post_norm"])
def test_the_weights_make_the_queries_and_keys(name: str, reference: bool, tmp_path: Path) -> None:
    save(name, tmp_path / "model")
    out = tmp_path / "t.safetensors"
    trace = Trace.open(
        record("The old king loved his", out, model=str(tmp_path / "model"), reference=reference, steps=1)
    )
    layer, head = trace.facts.projected
    assert trace.query_weight_KD.shape == trace.key_weight_KD.shape
    assert trace.query_weight_KD.shape == (trace.facts.d_head, trace.facts.d_model)
    axes, shared = trace.facts.key_axes, head // trace.facts.group
    kind = "_pre_rope" if trace.facts.positions == "rotary" else ""
    for part, got_TK in (
        ("query", getattr(trace, f"q{kind}_LHTK")[layer, head]),
        ("key", getattr(trace, f"k{kind}_{axes}")[layer, shared]),
    ):
        expected_TK = made(trace, part, layer)
        if name in NORMED:  # a norm divides each by its own length and weighs its numbers
            model = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
            attention = model.model.layers[layer].self_attn
            norm = attention.q_norm if part == "query" else attention.k_norm
            gain_K = norm.weight.detach().numpy() + (1 if name == "gemma 3" else 0)
            mean = (expected_TK**2).mean(axis=-1, keepdims=True)
            expected_TK = expected_TK / np.sqrt(mean + trace.facts.layer_norm_epsilon) * gain_K
        np.testing.assert_allclose(got_TK, expected_TK, atol=2e-5 * np.abs(expected_TK).max())


def test_the_pattern_of_the_repeated_tokens_is_the_one_that_was_scored(storyteller_trace: Path) -> None:
    trace = Trace.open(storyteller_trace)
    repeats = len(trace.induction_ids_R)
    pattern_RR = trace.induction_pattern_RR[:]
    assert pattern_RR.shape == (2 * repeats, 2 * repeats)
    np.testing.assert_allclose(pattern_RR.sum(axis=-1), 1, atol=1e-5)
    assert not np.triu(pattern_RR, 1).any()
    second = np.arange(repeats, 2 * repeats)
    score = pattern_RR[second, second - repeats + 1].mean()
    assert score == pytest.approx(float(np.asarray(trace.head_induction_LH).max()), abs=1e-6)


def test_the_pattern_of_the_repeated_tokens_is_that_of_the_model(storyteller_trace: Path) -> None:
    import torch

    from model_probe.models import STORYTELLER_DIRECTORY

    trace = Trace.open(storyteller_trace)
    model = AutoModelForCausalLM.from_pretrained(
        STORYTELLER_DIRECTORY, attn_implementation="eager", dtype=torch.float32
    )
    ids = torch.from_numpy(np.tile(trace.induction_ids_R[:], 2))[None]
    with torch.no_grad():
        patterns = model(ids, output_attentions=True).attentions
    scores_LH = np.asarray(trace.head_induction_LH)
    layer, head = np.unravel_index(scores_LH.argmax(), scores_LH.shape)
    np.testing.assert_allclose(trace.induction_pattern_RR[:], patterns[layer][0, head].numpy(), atol=1e-5)
