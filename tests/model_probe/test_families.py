import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from model_probe import capture, families, lean, plan, runs, verify
from model_probe.__main__ import main
from model_probe.errors import ModelError
from model_probe.generation import Method, cache_error, generate, uncached
from model_probe.lens import logit_lens, top_logits
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.network import Network
from model_probe.record import record
from model_probe.trace import Trace
from tests.model_probe import oracle
from tests.model_probe.conftest import network_of

SIZES = {"vocab_size": 8192, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4}
SIZES |= {"max_position_embeddings": 128, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
LLAMA = {**SIZES, "num_key_value_heads": 2, "intermediate_size": 48}
GEMMA = {**LLAMA, "head_dim": 12, "sliding_window": 4, "query_pre_attn_scalar": 20}
OPT = {**SIZES, "ffn_dim": 48}

# name → (config class, its values, what the trace must not hold, the layer's wiring)
CONFIGS: dict[str, tuple[str, dict[str, Any], str]] = {
    "gpt2": ("GPT2Config", {"vocab_size": 8192, "n_embd": 32, "n_layer": 3, "n_head": 4}, "sequential"),
    "llama": ("LlamaConfig", LLAMA, "sequential"),
    "llama, a head of keys for each of queries": (
        "LlamaConfig",
        {**LLAMA, "num_key_value_heads": 4, "attention_bias": True, "mlp_bias": True},
        "sequential",
    ),
    "qwen2, with windows": (
        "Qwen2Config",
        {**LLAMA, "use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1},
        "sequential",
    ),
    "qwen3": ("Qwen3Config", {**LLAMA, "head_dim": 12}, "sequential"),
    "mistral, with a window": ("MistralConfig", {**LLAMA, "sliding_window": 6}, "sequential"),
    "gemma 2": (
        "Gemma2Config",
        {**GEMMA, "attn_logit_softcapping": 2.0, "final_logit_softcapping": 3.0},
        "sandwich",
    ),
    "gemma 3": ("Gemma3TextConfig", GEMMA, "sandwich"),
    "gpt-neox": ("GPTNeoXConfig", {**SIZES, "intermediate_size": 48}, "parallel"),
    "gpt-neox, sequential": (
        "GPTNeoXConfig",
        {**SIZES, "intermediate_size": 48, "use_parallel_residual": False},
        "sequential",
    ),
    "opt": ("OPTConfig", {**OPT, "word_embed_proj_dim": 32}, "sequential"),
    "opt 350m": ("OPTConfig", {**OPT, "word_embed_proj_dim": 16, "do_layer_norm_before": False}, "post_norm"),
    "phi-3": ("Phi3Config", LLAMA, "sequential"),
    "smollm3": ("SmolLM3Config", {**LLAMA, "no_rope_layers": [1, 1, 0]}, "sequential"),
}


def save(name: str, directory: Path) -> None:
    class_name, values, _ = CONFIGS[name]
    torch.manual_seed(5)
    library: Any = transformers
    config = getattr(library, class_name)(**values)
    model = library.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    model.save_pretrained(directory)
    shutil.copy(STORYTELLER_DIRECTORY / "tokenizer.json", directory)
    (directory / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')


@pytest.fixture(scope="module", params=CONFIGS)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    directory = tmp_path_factory.mktemp("family") / "model"
    save(request.param, directory)
    return request.param, directory


def eager(directory: Path) -> Any:
    model: Any = transformers.AutoModelForCausalLM.from_pretrained(
        directory, attn_implementation="eager", dtype=torch.float32
    )
    return model.eval()


IDS_T = np.random.default_rng(8).integers(3, 8192, 11)


@pytest.fixture(scope="module")
def network(family: tuple[str, Path]) -> Network:
    return network_of(family[1], reference=True)


def test_logits_and_patterns_are_eager_s_to_the_bit(family: tuple[str, Path], network: Network) -> None:
    run = capture.capture(network, IDS_T)
    with torch.inference_mode():
        expected = eager(family[1])(
            torch.from_numpy(IDS_T)[None], output_attentions=True, output_hidden_states=True
        )
    np.testing.assert_array_equal(run.logits_TV, expected.logits[0])
    np.testing.assert_array_equal(run.tensors["pattern_LHTS"], torch.cat(expected.attentions))
    np.testing.assert_array_equal(run.tensors["resid_pre_LTD"], torch.cat(expected.hidden_states[:-1]))


def test_the_run_agrees_with_itself_by_the_family_s_wiring(
    family: tuple[str, Path], network: Network
) -> None:
    run = capture.capture(network, IDS_T)
    tensors = {**run.tensors, **top_logits(run.logits_TV)}
    tensors |= logit_lens(network, (tensors["resid_pre_LTD"], tensors["resid_final_TD"]))
    errors = verify.check(tensors)
    assert errors["residual"] == errors["pattern_future"] == 0
    assert network.shape.wiring == CONFIGS[family[0]][2]
    group = network.shape.n_head // network.shape.n_kv_head
    values_LHTK = np.repeat(tensors["v_LHTK" if group == 1 else "v_LCTK"], group, axis=1)
    np.testing.assert_allclose(tensors["z_LHTK"], tensors["pattern_LHTS"] @ values_LHTK, atol=1e-5)
    keys_LHTK = np.repeat(tensors["k_LHTK" if group == 1 else "k_LCTK"], group, axis=1)
    scores_LHTS = tensors["q_LHTK"] @ keys_LHTK.swapaxes(-1, -2) * network.shape.scale
    cap = network.shape.attention_softcap
    if cap is not None:
        scores_LHTS = cap * np.tanh(scores_LHTS / cap)
    np.testing.assert_allclose(tensors["scores_LHTS"], scores_LHTS, rtol=1e-4, atol=1e-4)


def test_the_ways_of_writing_on_are_the_library_s_and_both_codes_same(family: tuple[str, Path]) -> None:
    found = []
    config = json.loads((family[1] / "config.json").read_text())
    for reference in (True, False)[: 1 + lean.can_run(config)]:
        network = network_of(family[1], reference)
        found.append(runs.runs(network, network.run(IDS_T), seed=1, end_ids=(), room=99))
    model = eager(family[1])
    for row, beams in ((runs.GREEDY, 1), (runs.BEAM, 4)):
        model.generation_config.eos_token_id = None
        ids = model.generate(
            torch.from_numpy(IDS_T)[None], attention_mask=torch.ones(1, len(IDS_T)), do_sample=False,
            max_new_tokens=runs.STEPS, num_beams=beams, length_penalty=0.0,
        )  # fmt: skip
        np.testing.assert_array_equal(found[0]["runs_ids_RG"][row], ids[0, len(IDS_T) :])
    for name, values in found[-1].items():
        np.testing.assert_allclose(values, found[0][name], atol=1e-4, err_msg=name)


def test_the_ranks_of_the_final_winner_are_those_that_torch_finds_at_every_depth(
    family: tuple[str, Path], network: Network
) -> None:
    run = capture.capture(network, IDS_T)
    resid_pre_LTD, resid_final_TD = run.tensors["resid_pre_LTD"], run.tensors["resid_final_TD"]
    found = logit_lens(network, (resid_pre_LTD, resid_final_TD))
    model = eager(family[1])
    parts = dict(model.named_modules())
    ends = [
        name for name in parts if re.fullmatch(r"[a-z_.]+\.(norm|ln_f|final_layer_norm|project_out)", name)
    ]
    winners_T1 = run.logits_TV.argmax(axis=-1)[:, None]
    for depth, resid_TD in enumerate([*resid_pre_LTD, resid_final_TD]):
        with torch.inference_mode():
            read = torch.from_numpy(resid_TD)
            for name in ends:  # the final norm; OPT may have a matrix, and no norm
                read = parts[name](read)
            logits_TV = model.get_output_embeddings()(read).numpy()
        own_T1 = np.take_along_axis(logits_TV, winners_T1, axis=-1)
        assert (found["lens_rank_MW"][depth] > (logits_TV > own_T1 + 1e-4).sum(axis=-1)).all()
        assert (found["lens_rank_MW"][depth] <= (logits_TV >= own_T1 - 1e-4).sum(axis=-1)).all()
    assert (found["lens_rank_MW"][-1] == 1).all()
    np.testing.assert_array_equal(found["lens_ids_MWN"][-1, :, :1], winners_T1)


def test_what_a_family_does_not_have_is_absent(network: Network) -> None:
    tensors = capture.capture(network, IDS_T).tensors
    shape = network.shape
    assert ("wpe_TD" in tensors) == (shape.positions == "learned")
    assert ("q_pre_rope_LHTK" in tensors) == (shape.positions == "rotary")
    assert ("resid_mid_LTD" in tensors) == (shape.wiring != "parallel")
    assert ("attn_unnormed_LTD" in tensors) == (shape.wiring == "sandwich")
    assert ("attn_sum_LTD" in tensors) == (shape.wiring == "post_norm") == ("ln1_LTD" not in tensors)
    assert ("mlp_up_LTF" in tensors) == shape.gated
    assert ("k_LCTK" in tensors) == (shape.n_kv_head < shape.n_head) == ("k_LHTK" not in tensors)
    assert not any(values.dtype.kind == "f" and not values.any() for values in tensors.values())


def test_turning_the_projected_queries_gives_those_that_attention_used(
    family: tuple[str, Path], network: Network
) -> None:
    """By the definition: pairs (i, i + R/2) turn by position × base^(−2i/R) (Su et al. 2021, 3.2.2)."""
    if network.shape.positions == "learned":
        assert "q_pre_rope_LHTK" not in capture.capture(network, IDS_T).tensors
        return
    tensors = capture.capture(network, IDS_T).tensors
    config: Any = network.model.config  # type: ignore[attr-defined]
    for layer in range(3):
        parameters = config.rope_parameters
        if "rope_theta" not in parameters:  # Gemma 3 has one base for each kind of layer
            parameters = parameters[config.layer_types[layer]]
        turned = int(network.shape.d_head * parameters.get("partial_rotary_factor", 1.0))
        base = 1.0 if getattr(config, "no_rope_layers", [1] * 3)[layer] else None
        for kind in ("q", "k"):
            axes = "LHTK" if f"{kind}_LHTK" in tensors else "LCTK"
            before_HTK = tensors[f"{kind}_pre_rope_{axes}"][layer].astype(np.float64)
            expected = before_HTK.copy()
            if base is not None:
                frequency = parameters["rope_theta"] ** (-np.arange(0, turned, 2) / turned)
                angle = np.arange(len(IDS_T))[:, None] * frequency
                one, two = before_HTK[..., : turned // 2], before_HTK[..., turned // 2 : turned]
                expected[..., : turned // 2] = one * np.cos(angle) - two * np.sin(angle)
                expected[..., turned // 2 : turned] = two * np.cos(angle) + one * np.sin(angle)
            np.testing.assert_allclose(tensors[f"{kind}_{axes}"][layer], expected, rtol=1e-4, atol=1e-4)


def test_gated_mlps_multiply_their_activation_with_the_second_projection(network: Network) -> None:
    tensors, activation = capture.capture(network, IDS_T).tensors, network.shape.activation
    function = transformers.activations.ACT2FN[activation]
    expected = function(torch.from_numpy(tensors["mlp_pre_LTF"])).numpy()
    if network.shape.gated:
        expected = expected * tensors["mlp_up_LTF"]
    np.testing.assert_allclose(tensors["mlp_post_LTF"], expected, rtol=1e-5, atol=1e-6)


def test_layers_with_other_windows_have_masks_of_their_own(
    family: tuple[str, Path], network: Network
) -> None:
    tensors = capture.capture(network, IDS_T).tensors
    windows: dict[str, list[int | None]] = {
        "qwen2, with windows": [None, 5, 5],
        "mistral, with a window": [6] * 3,
        "gemma 2": [4, None, 4],
    }
    windows["gemma 3"] = [4, 4, 4]
    expected = []
    for window in windows.get(family[0], [None] * 3):
        distance = np.arange(11)[:, None] - np.arange(11)
        expected.append((distance >= 0) & (distance < (window or 99)))
    if "mask_LTS" in tensors:
        assert "mask_TS" not in tensors
        np.testing.assert_array_equal(tensors["mask_LTS"], expected)
    else:
        for mask_TS in expected:
            np.testing.assert_array_equal(tensors["mask_TS"], mask_TS)


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("tied", [True, False])
def test_llama_agrees_with_the_numpy_oracle(tmp_path: Path, tied: bool, reference: bool) -> None:
    torch.manual_seed(2)
    library: Any = transformers
    config = library.LlamaConfig(**LLAMA | {"tie_word_embeddings": tied, "initializer_range": 0.3})
    library.LlamaForCausalLM(config).save_pretrained(tmp_path)
    run = capture.capture(network_of(tmp_path, reference), IDS_T)
    expected = oracle.llama_forward(tmp_path, IDS_T)
    assert np.abs(run.logits_TV - expected["logits"]).max() < 2e-5 * np.abs(expected["logits"]).max()
    assert np.abs(run.tensors["pattern_LHTS"] - expected["patterns"]).max() < 1e-4
    streams_MTD = np.concatenate([run.tensors["resid_pre_LTD"], run.tensors["resid_final_TD"][None]])
    assert np.abs(streams_MTD - expected["streams"]).max() < 2e-5 * np.abs(expected["streams"]).max()
    for ours, theirs in (
        ("q_pre_rope_LHTK", "q_pre"),
        ("k_pre_rope_LCTK", "k_pre"),
        ("q_LHTK", "q"),
        ("k_LCTK", "k"),
    ):
        np.testing.assert_allclose(run.tensors[ours], expected[theirs], atol=1e-4)


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("name", ["sample", "beam"])
def test_what_is_reused_is_what_the_library_computes_anew(
    family: tuple[str, Path], tmp_path: Path, name: Any, reference: bool
) -> None:
    method, prompt = Method(name), "The old king gave his ring away"
    path = record(prompt, tmp_path / "t", model=str(family[1]), steps=3, method=method, reference=reference)
    trace, model = Trace.open(path), eager(family[1])
    tokens = trace.n_tokens
    ids_T = torch.from_numpy(np.concatenate([trace.token_ids_T[:], trace.step_ids_G[:-1]]))[None]
    with torch.no_grad():
        whole = captured(model, ids_T)
        before = captured(model, ids_T[:, :tokens])
    layer, head = trace.facts.projected
    keys = whole[layer][0][head * whole[layer][0].shape[0] // trace.facts.n_head, :tokens]
    np.testing.assert_allclose(trace.again_k_TK[:], keys, atol=2e-5 * np.abs(keys).max())
    windows = trace.facts.windows or [0] * 3
    for layer, window in enumerate(windows):
        held = slice(max(0, tokens - window + 1) if window else 0, tokens)
        gap_T = trace.cache_gap_LT[layer]
        assert (gap_T[: held.start] == -1).all()
        pairs = list(zip(before[layer], whole[layer], strict=True))
        apart_T = np.max([np.abs(a - b[:, :tokens]).max(axis=(0, 2)) for a, b in pairs], axis=0)
        largest = float(max(np.abs(b).max() for _, b in pairs))
        assert gap_T[held] == pytest.approx(apart_T[held], abs=2e-5 * largest)
        sizes_T1 = np.max([np.abs(b[:, : tokens + 1]).max(axis=(0, 2)) for b in whole[layer]], axis=0)
        np.testing.assert_allclose(trace.again_size_LT1[layer], sizes_T1, rtol=1e-4)
        if trace.facts.engine == "transformers":
            np.testing.assert_array_equal(gap_T[held], apart_T[held])


def captured(model: Any, ids_T: Any) -> list[tuple[Any, Any]]:
    """Each layer's keys and values, (C, T, K), in a run of the library's own; no window cuts them off."""
    cache: Any = transformers.DynamicCache()
    model(ids_T, past_key_values=cache, use_cache=True)
    return [(layer.keys[0].numpy(), layer.values[0].numpy()) for layer in cache.layers]


@pytest.mark.parametrize("name", ["sample", "beam"])
def test_generation_with_the_cache_is_generation_without(network: Network, name: Any) -> None:
    run = network.run(IDS_T)
    method = Method(name, beams=3)
    steps = generate(network, run, method=method, steps=5, seed=3, end_ids=())
    (uncached_GV,) = network.run_together([uncached(IDS_T, steps["step_ids_G"])])
    assert cache_error(uncached_GV, steps["step_logits_GV"]) < 1e-5


def test_the_parameters_add_up(family: tuple[str, Path], network: Network) -> None:
    assert sum(network.parameters.values()) == sum(p.numel() for p in eager(family[1]).parameters())
    shape = network.shape
    heads = shape.n_head * shape.d_head
    assert network.parameters["query"] == network.parameters["output"] == 3 * shape.d_model * heads
    assert (
        network.parameters["key"]
        == network.parameters["value"]
        == 3 * shape.d_model * (shape.n_kv_head * shape.d_head)
    )
    assert network.parameters["mlp_up"] == network.parameters["mlp_down"] == 3 * shape.d_model * shape.d_mlp
    assert network.parameters.get("mlp_gate", 0) == (network.parameters["mlp_up"] if shape.gated else 0)


def test_a_trace_of_the_family_is_written_and_read(family: tuple[str, Path], tmp_path: Path) -> None:
    trace = Trace.open(record("The old king", tmp_path / "t", model=str(family[1]), steps=2))
    assert trace.facts.family == json.loads((family[1] / "config.json").read_text())["model_type"]
    lean = ("gpt2", "llama", "qwen2", "qwen3", "mistral", "smollm3")
    assert trace.facts.engine == ("numpy" if trace.facts.family in lean else "transformers")
    assert set(trace.facts.checks) == {
        "residual",
        "softmax",
        "pattern_rows",
        "pattern_future",
        "lens",
        "kv_cache",
    }
    for head in range(4):
        key_TK = trace.keys(1, head)
        cap = trace.facts.attention_softcap
        score_TS = trace.q_LHTK[1, head] @ key_TK.T * trace.facts.scale
        score_TS = score_TS if cap is None else cap * np.tanh(score_TS / cap)
        np.testing.assert_allclose(trace.scores_LHTS[1, head], score_TS, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(
            trace.z_LHTK[1, head], trace.pattern_LHTS[1, head] @ trace.values(1, head), atol=1e-5
        )
        assert (trace.pattern_LHTS[1, head][trace.mask(1) == 0] == 0).all()


@pytest.mark.parametrize("layers", [(), (1, 2)])
def test_what_is_not_selected_is_not_kept_and_the_rest_is_the_same(network: Network, layers: Any) -> None:
    whole = capture.capture(network, IDS_T).tensors
    part = capture.capture(network, IDS_T, plan.Selection(layers, (3,), scores=False)).tensors
    rows = list(layers or range(3))
    assert set(whole) - set(part) == {"scores_LHTS"}  # the last rows are small
    group = network.shape.n_head // network.shape.n_kv_head
    for name, values in part.items():
        expected = whole[name]
        if name.endswith(("_LHTK", "_LHTS", "_LHS", "_LHD", "_LCTK", "_LTF", "mask_LTS")):
            expected = expected[rows]
        if name.endswith(("_LHTK", "_LHTS", "_LHS", "_LHD")):
            expected = expected[:, [3]]
        if name.endswith("_LCTK"):
            expected = expected[:, [3 // group]]
        np.testing.assert_array_equal(values, expected, err_msg=name)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"model_type": "bloom"}, "'bloom', which is not supported: its attention does not go through"),
        ({"model_type": "gptj"}, "'gptj', which is not supported: its attention"),
        ({"model_type": "gemma3"}, "'gemma3', which is not supported: it reads pictures"),
        ({"model_type": "mamba"}, "it has no attention"),
        ({"model_type": "new"}, "'new', which is not supported; supported: GPT-2"),
        ({"model_type": 3}, "3, not a name"),
        ({}, "has no model_type in its config, and no architectures: its family is not known; supported: "),
        (
            {"architectures": ["XGPT2LMHeadModel", 5]},
            r"no model_type in its config, its architectures are \['XGPT2LMHeadModel', 5\]: its family",
        ),
        ({"architectures": ["BloomForCausalLM"]}, "'bloom', which is not supported: its attention does not"),
        ({"architectures": ["Gemma3ForConditionalGeneration"]}, "'gemma3', which is not supported: it reads"),
        ({"architectures": ["Qwen2MoeForCausalLM"]}, "its family is not known"),
        (
            {"model_type": "gpt_bigcode"},
            r"not supported: its heads share one key and one value \(GPT-BigCode attention\)",
        ),
        (
            {"model_type": "gpt2", "attention_head_type": "multiquery"},
            r"not supported: its heads share one key and one value \(GPT-BigCode attention\)",
        ),
        (
            {"model_type": "gpt2", "scale_attn_by_inverse_layer_idx": True},
            "sets scale_attn_by_inverse_layer_idx in its config, .*: every layer divides its scores by",
        ),
        (
            {"model_type": "opt", "_remove_final_layer_norm": True},
            "sets _remove_final_layer_norm in its config, .*: its stream goes .* without a final norm",
        ),
        (
            {"model_type": "llama", "quantization_config": {"quant_method": "gptq", "bits": 4}},
            "sets quantization_config in its config, .*: its weights are quantised; those in full or half",
        ),
        (
            {"model_type": "gpt2", "add_cross_attention": True},
            "sets add_cross_attention .*: it attends to another model's output",
        ),
        (
            {"model_type": "gemma3_text", "use_bidirectional_attention": True},
            "sets use_bidirectional_attention .*: its tokens see those after them",
        ),
    ],
)
def test_other_families_are_refused_by_name_with_the_reason(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        families.check("someone/model", config)


@pytest.mark.parametrize(
    ("class_name", "values", "width"),
    [
        ("LlamaConfig", {**LLAMA, "head_dim": 1}, 1),
        ("LlamaConfig", {**LLAMA, "head_dim": 3}, 3),
        ("SmolLM3Config", {**LLAMA, "hidden_size": 12}, 3),
        ("Gemma3TextConfig", {**GEMMA, "head_dim": 3}, 3),
        ("Phi3Config", {**LLAMA, "hidden_size": 12}, 3),
    ],
)
@pytest.mark.parametrize("engine", [(), ("--reference",)])
def test_rotary_heads_of_an_odd_width_are_refused(
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    class_name: str,
    values: dict[str, Any],
    width: int,
    engine: tuple[str, ...],
) -> None:
    library: Any = transformers
    config = getattr(library, class_name)(**values)
    library.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "model")
    shutil.copy(STORYTELLER_DIRECTORY / "tokenizer.json", tmp_path / "model")
    capfd.readouterr()
    out = tmp_path / "trace"
    assert main(["Once", "-o", str(out), "--model", str(tmp_path / "model"), *engine]) == 2
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1
    assert f"config.json cannot be used: its heads are {width} wide; rotary positions turn pairs" in said[0]
    assert not out.exists()


def test_an_odd_head_of_which_a_part_is_turned_runs(tmp_path: Path) -> None:
    """GPT-NeoX turns a quarter of a head: of 13 numbers 3, rounded up to two pairs."""
    library: Any = transformers
    config = library.GPTNeoXConfig(**{**SIZES, "hidden_size": 52, "intermediate_size": 48})
    torch.manual_seed(5)
    library.AutoModelForCausalLM.from_config(config).save_pretrained(tmp_path / "model")
    shutil.copy(STORYTELLER_DIRECTORY / "tokenizer.json", tmp_path / "model")
    trace = Trace.open(record("Once", tmp_path / "trace", model=str(tmp_path / "model"), steps=1))
    assert trace.facts.d_head == 13


@pytest.mark.parametrize("name", CONFIGS)
def test_a_config_without_its_family_s_name_tells_it_by_its_class(name: str) -> None:
    class_name, values, _ = CONFIGS[name]
    library: Any = transformers
    config = getattr(library, class_name)(**values)
    with torch.device("meta"):
        model = library.AutoModelForCausalLM.from_config(config)
    bare = type(model.base_model).__name__
    for architecture in (type(model).__name__, bare):
        assert families.named({"architectures": [architecture]}) == config.model_type
    assert families.named({"architectures": [bare], "model_type": "bloom"}) == "bloom"


def test_the_refused_families_attention_is_not_in_the_registry() -> None:
    """That is why they are refused; where the library changes that, they can be supported."""
    import importlib

    for name in ("gpt_neo", "gptj", "bloom", "falcon", "mpt", "codegen"):
        source = importlib.import_module(f"transformers.models.{name}.modeling_{name}")
        assert not hasattr(source, "eager_attention_forward"), name
