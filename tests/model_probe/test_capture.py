from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from transformers import GPT2LMHeadModel

from model_probe import capture, parameters, verify
from model_probe.errors import ModelError
from model_probe.families import shape_of
from model_probe.lens import logit_lens, top_logits
from model_probe.models import STORYTELLER_DIRECTORY
from tests.model_probe import oracle
from tests.model_probe.conftest import network_of


def ids_of(length: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.random.default_rng(length).integers(1, 8192, length)


@pytest.mark.parametrize("length", [1, 2, 9, 60])
def test_the_reference_is_the_eager_model_to_the_bit(tiny_directory: Path, length: int) -> None:
    eager: Any = GPT2LMHeadModel.from_pretrained(
        tiny_directory, attn_implementation="eager", dtype=torch.float32
    )
    ids_T = ids_of(length)
    run = capture.capture(network_of(tiny_directory, reference=True), ids_T)
    with torch.inference_mode():
        expected = eager.eval()(
            torch.from_numpy(ids_T)[None], output_attentions=True, output_hidden_states=True
        )
    np.testing.assert_array_equal(run.logits_TV, expected.logits[0])
    np.testing.assert_array_equal(run.tensors["pattern_LHTS"], torch.cat(expected.attentions))
    np.testing.assert_array_equal(run.tensors["resid_pre_LTD"], torch.cat(expected.hidden_states[:-1]))
    np.testing.assert_array_equal(run.tensors["ln_f_TD"], expected.hidden_states[-1][0])


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("name", ["tiny", "storyteller"])
def test_capture_agrees_with_the_numpy_oracle(tiny_directory: Path, name: str, reference: bool) -> None:
    directory = tiny_directory if name == "tiny" else STORYTELLER_DIRECTORY
    ids_T = ids_of(40)
    run = capture.capture(network_of(directory, reference), ids_T)
    expected = oracle.forward(directory, ids_T)
    logits_TV = expected["logits"]
    assert np.abs(run.logits_TV - logits_TV).max() < 2e-5 * np.abs(logits_TV).max()
    assert np.abs(run.tensors["pattern_LHTS"] - expected["patterns"]).max() < 1e-4
    streams_MTD = np.concatenate([run.tensors["resid_pre_LTD"], run.tensors["resid_final_TD"][None]])
    assert np.abs(streams_MTD - expected["streams"]).max() < 2e-5 * np.abs(expected["streams"]).max()


def test_every_tensor_follows_from_the_one_before(tiny_directory: Path, tiny_model: Any) -> None:
    """Recompute, from the stored weights, each step of each layer out of the captured input of that step."""
    t = capture.capture(tiny_model, ids_of(12)).tensors
    weights = weights_of(tiny_directory)
    np.testing.assert_array_equal(t["wte_TD"], weights["wte.weight"][ids_of(12)])
    np.testing.assert_array_equal(t["wpe_TD"], weights["wpe.weight"][:12])
    np.testing.assert_array_equal(t["resid_pre_LTD"][0], t["wte_TD"] + t["wpe_TD"])
    following_LTD = np.concatenate([t["resid_pre_LTD"][1:], t["resid_final_TD"][None]])
    np.testing.assert_array_equal(t["resid_mid_LTD"], t["resid_pre_LTD"] + t["attn_out_LTD"])
    np.testing.assert_array_equal(following_LTD, t["resid_mid_LTD"] + t["mlp_out_LTD"])
    for layer in range(3):
        w = {n.removeprefix(f"h.{layer}."): a for n, a in weights.items() if n.startswith(f"h.{layer}.")}
        qkv_TD = t["ln1_LTD"][layer] @ w["attn.c_attn.weight"] + w["attn.c_attn.bias"]
        for name, part_TD in zip("qkv", np.split(qkv_TD, 3, axis=-1), strict=True):
            expected_HTK = part_TD.reshape(12, 2, 12).transpose(1, 0, 2)
            np.testing.assert_allclose(t[f"{name}_LHTK"][layer], expected_HTK, rtol=1e-4, atol=1e-4)
        scores_HTS = t["q_LHTK"][layer] @ t["k_LHTK"][layer].transpose(0, 2, 1) / np.sqrt(12)
        np.testing.assert_allclose(t["scores_LHTS"][layer], scores_HTS, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(
            t["z_LHTK"][layer], t["pattern_LHTS"][layer] @ t["v_LHTK"][layer], rtol=1e-4, atol=1e-4
        )
        z_TD = t["z_LHTK"][layer].transpose(1, 0, 2).reshape(12, 24)
        attn_TD = z_TD @ w["attn.c_proj.weight"] + w["attn.c_proj.bias"]
        np.testing.assert_allclose(t["attn_out_LTD"][layer], attn_TD, rtol=1e-4, atol=1e-4)
        for norm, before, after in (("ln_1", "resid_pre", "ln1"), ("ln_2", "resid_mid", "ln2")):
            scale, shift = w[f"{norm}.weight"], w[f"{norm}.bias"]
            normed_TD = oracle.layer_norm(t[f"{before}_LTD"][layer].astype(float), scale, shift, 1e-5)
            np.testing.assert_allclose(t[f"{after}_LTD"][layer], normed_TD, rtol=1e-4, atol=1e-4)
        pre_TF = t["ln2_LTD"][layer] @ w["mlp.c_fc.weight"] + w["mlp.c_fc.bias"]
        np.testing.assert_allclose(t["mlp_pre_LTF"][layer], pre_TF, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(t["mlp_post_LTF"][layer], oracle.gelu_tanh(pre_TF), rtol=1e-4, atol=1e-4)
        out_TD = t["mlp_post_LTF"][layer] @ w["mlp.c_proj.weight"] + w["mlp.c_proj.bias"]
        np.testing.assert_allclose(t["mlp_out_LTD"][layer], out_TD, rtol=1e-4, atol=1e-3)
    np.testing.assert_array_equal(t["mask_TS"], np.tril(np.ones((12, 12))))
    assert (t["pattern_LHTS"][..., t["mask_TS"] == 0] == 0).all()


def test_a_long_run_keeps_squares_in_half_precision(tiny_model: Any) -> None:
    ids_T = ids_of(140)
    run = capture.capture(tiny_model, ids_T)
    assert run.tensors["pattern_LHTS"].dtype == run.tensors["scores_LHTS"].dtype == np.float16
    assert run.tensors["q_LHTK"].dtype == np.float32
    assert verify.check(complete(tiny_model, run))["residual"] == 0


def test_a_layer_that_is_not_met_is_an_error(tiny_directory: Path) -> None:
    network: Any = network_of(tiny_directory, reference=True)
    network.model.set_attn_implementation("eager")  # a path that passes the reading function by
    with pytest.raises(ModelError, match="_LHTK was met 0 times in the model's run, not 3"):
        capture.capture(network, ids_of(5))


def complete(model: Any, run: capture.Capture) -> dict[str, Any]:
    lens = logit_lens(model, (run.tensors["resid_pre_LTD"], run.tensors["resid_final_TD"]))
    return {**run.tensors, **top_logits(run.logits_TV), **lens}


@pytest.mark.parametrize(
    ("name", "check"),
    [
        ("attn_out_LTD", "residual"),
        ("mlp_out_LTD", "residual"),
        ("wpe_TD", "residual"),
        ("scores_LHTS", "softmax"),
        ("lens_logprobs_MWN", "lens"),
    ],
)
def test_the_self_check_sees_one_altered_number(tiny_model: Any, name: str, check: str) -> None:
    tensors = complete(tiny_model, capture.capture(tiny_model, ids_of(9)))
    verify.check(tensors)
    altered = tensors[name].copy()
    altered[(-1,) + (0,) * (altered.ndim - 1)] += 0.5
    # one query's only key cannot change its weight: alter the last query's score
    if name == "scores_LHTS":
        altered[-1, 0, -1, 0] += 2
    with pytest.raises(ModelError, match=f"{check} is off by"):
        verify.check({**tensors, name: altered})


def test_the_self_check_sees_a_weight_on_the_future_and_a_row_that_does_not_sum_to_1(tiny_model: Any) -> None:
    tensors = complete(tiny_model, capture.capture(tiny_model, ids_of(9)))
    for index, check in (((0, 0, 0, 1), "pattern_future"), ((0, 0, 5, 0), "pattern_rows")):
        pattern_LHTS = tensors["pattern_LHTS"].copy()
        pattern_LHTS[index] += 1e-3
        errors = verify.measure({**tensors, "pattern_LHTS": pattern_LHTS})
        assert errors[check] > verify.BOUNDS[check][0]


def test_a_number_that_is_not_finite_is_refused(tiny_model: Any) -> None:
    tensors = complete(tiny_model, capture.capture(tiny_model, ids_of(4)))
    tensors["mlp_pre_LTF"][1, 2, 3] = np.nan
    with pytest.raises(ModelError, match="not finite in mlp_pre_LTF"):
        verify.check(tensors)


def test_the_lens_ends_in_the_output_and_starts_at_the_embedding(
    tiny_directory: Path, tiny_model: Any
) -> None:
    ids_T = ids_of(7)
    tensors = complete(tiny_model, capture.capture(tiny_model, ids_T))
    expected = oracle.forward(tiny_directory, ids_T)
    logits_TV = expected["logits"]
    top_TN = np.argsort(-logits_TV, axis=-1)[:, :10]
    np.testing.assert_array_equal(tensors["top_ids_TN"], top_TN)
    np.testing.assert_array_equal(tensors["lens_ids_MWN"][-1], top_TN)
    weights = {name: w.astype(float) for name, w in weights_of(tiny_directory).items()}
    for depth in range(4):
        normed_TD = oracle.layer_norm(
            expected["streams"][depth], weights["ln_f.weight"], weights["ln_f.bias"], 1e-5
        )
        probability_TV = oracle.softmax(normed_TD @ weights["wte.weight"].T)
        shown_TN = np.take_along_axis(probability_TV, tensors["lens_ids_MWN"][depth], axis=-1)
        np.testing.assert_allclose(np.exp(tensors["lens_logprobs_MWN"][depth]), shown_TN, atol=1e-4)
        np.testing.assert_allclose(shown_TN[:, 0], probability_TV.max(axis=-1), rtol=1e-3)
        above_T = (probability_TV > np.take_along_axis(probability_TV, top_TN[:, :1], axis=-1)).sum(axis=-1)
        np.testing.assert_array_equal(tensors["lens_rank_MW"][depth], 1 + above_T)


@pytest.mark.parametrize("tied", [True, False])
def test_parameter_tally_of_gpt2_small_adds_up(tied: bool) -> None:
    from transformers import GPT2Config

    with torch.device("meta"):
        model = GPT2LMHeadModel(GPT2Config(tie_word_embeddings=tied))
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    counts = parameters.count(shape_of(model.config), sizes)
    assert counts["embedding"] == 38_597_376
    assert counts["position"] == 786_432
    assert counts["query"] == counts["key"] == counts["value"] == counts["output"] == 12 * 768 * 768
    assert counts["mlp_up"] == counts["mlp_down"] == 12 * 768 * 3072
    assert counts["norm"] == 12 * 4 * 768 + 1536
    assert counts["unembedding"] == (0 if tied else 38_597_376)
    assert sum(counts.values()) == sum(sizes.values()) == 124_439_808 + counts["unembedding"]


def weights_of(directory: Path) -> dict[str, Any]:
    return {n.removeprefix("transformer."): w for n, w in load_file(directory / "model.safetensors").items()}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_on_a_gpu_the_logits_are_near_the_cpu_s(tmp_path: Path) -> None:
    from model_probe.record import record
    from model_probe.trace import Trace

    trace = Trace.open(record(None, tmp_path / "t.safetensors", model="storyteller", device="cuda"))
    assert trace.facts.device == "cuda"
    assert trace.facts.checks["device_logits"] < 1e-3
    assert trace.facts.checks["residual"] == 0
