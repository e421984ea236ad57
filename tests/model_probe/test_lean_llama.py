import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from model_probe import capture, lean
from model_probe.errors import ModelError
from model_probe.generation import Method, cache_error, generate, uncached
from model_probe.network import Text
from model_probe.plan import Recording
from tests.model_probe.conftest import TOLERANCE, network_of

LLAMA: dict[str, Any] = {
    "vocab_size": 300, "hidden_size": 48, "intermediate_size": 80, "num_hidden_layers": 3,
    "num_attention_heads": 6, "num_key_value_heads": 2, "max_position_embeddings": 256, "pad_token_id": 0,
    "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
LLAMA_3 = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64, "rope_theta": 5e5,
}  # fmt: skip
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "rope_theta": 1e4}

CONFIGS: dict[str, tuple[str, dict[str, Any]]] = {
    "llama": ("Llama", {}),
    "a head of keys for each of queries": ("Llama", {"num_key_value_heads": 6}),
    "one head of keys for all": ("Llama", {"num_key_value_heads": 1, "tie_word_embeddings": True}),
    "biases": ("Llama", {"attention_bias": True, "mlp_bias": True, "head_dim": 10, "rms_norm_eps": 1e-3}),
    "another activation": ("Llama", {"hidden_act": "gelu_pytorch_tanh"}),
    "linear": ("Llama", {"rope_parameters": {"rope_type": "linear", "factor": 3.0, "rope_theta": 1e4}}),
    "dynamic": ("Llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 3.0, "rope_theta": 1e4}}),
    "llama 3": ("Llama", {"rope_parameters": LLAMA_3, "head_dim": 32}),
    "yarn": ("Llama", {"rope_parameters": YARN, "head_dim": 32}),
    "yarn, all of it": (
        "Llama",
        {
            "rope_parameters": {
                **YARN, "beta_fast": 20.0, "beta_slow": 2.0, "mscale": 0.7, "mscale_all_dim": 0.4,
                "truncate": False,
            }
        },
    ),
    "qwen2": ("Qwen2", {}),
    "qwen2, with windows": (
        "Qwen2", {"use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1}
    ),
    "qwen3": ("Qwen3", {"head_dim": 12, "attention_bias": True}),
    "mistral": ("Mistral", {"sliding_window": None}),
    "mistral, with a window": ("Mistral", {"sliding_window": 6, "head_dim": 12}),
    "smollm3": ("SmolLM3", {"no_rope_layers": [1, 0, 1]}),
    "smollm3, with windows": (
        "SmolLM3",
        {"no_rope_layer_interval": 2, "use_sliding_window": True, "sliding_window": 3, "mlp_bias": True},
    ),
}  # fmt: skip


def save(directory: Path, kind: str, values: dict[str, Any], dtype: Any = torch.float32, **how: Any) -> None:
    """Save a random model with weights large enough that every part matters."""
    torch.manual_seed(4)
    library: Any = transformers
    config = getattr(library, f"{kind}Config")(**LLAMA | values)
    model = library.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    model.to(dtype).save_pretrained(directory, **how)


@pytest.fixture(scope="module", params=CONFIGS)
def directory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("llama") / "model"
    save(found, *CONFIGS[request.param])
    return found


def ids_of(length: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.random.default_rng(length).integers(3, 300, length)


def assert_same(ours: capture.Capture, theirs: capture.Capture) -> None:
    assert ours.tensors.keys() == theirs.tensors.keys()
    for name, expected in {**theirs.tensors, "logits": theirs.logits_TV}.items():
        values = ours.logits_TV if name == "logits" else ours.tensors[name]
        assert values.dtype == expected.dtype, name
        bound = (1e-3 if expected.dtype == np.float16 else TOLERANCE) * max(1.0, np.abs(expected).max())
        if name == "neuron_lit_LT":  # it counts: of two that differ in the last digits one may be lit
            bound += 1 / theirs.tensors["mlp_post_LTF"].shape[-1]
        assert np.abs(values.astype(np.float64) - expected).max() <= bound, name


@pytest.mark.parametrize("length", [1, 2, 7, 40, 140])
def test_every_tensor_is_the_reference_s(directory: Path, length: int) -> None:
    ours, theirs = network_of(directory), network_of(directory, reference=True)
    assert (ours.engine, theirs.engine) == ("numpy", "transformers")
    assert ours.shape == theirs.shape
    assert ours.parameters == theirs.parameters
    assert ours.tied_unembedding == theirs.tied_unembedding
    assert_same(capture.capture(ours, ids_of(length)), capture.capture(theirs, ids_of(length)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("tied", [True, False])
def test_weights_of_any_precision_in_several_files(tmp_path: Path, dtype: Any, tied: bool) -> None:
    save(tmp_path, "Llama", {"tie_word_embeddings": tied}, dtype, max_shard_size="40KB")
    files = sorted(tmp_path.glob("*.safetensors"))
    assert len(files) > 1
    config = json.loads((tmp_path / "config.json").read_text())
    ours, theirs = lean.load(config, files), capture.load(config, files, reference=True)
    assert ours.tied_unembedding == tied
    assert_same(capture.capture(ours, ids_of(12)), capture.capture(theirs, ids_of(12)))


def test_steps_go_on_from_the_cache_beyond_its_first_room(directory: Path) -> None:
    network: Any = network_of(directory)
    ids_T = ids_of(120)
    whole_TV = network.run(ids_T).logits_TV
    run = network.run(ids_T[:3])
    for position in range(3, 120):
        logits_EV = network.step(ids_T[position : position + 1], run.cache)
        np.testing.assert_allclose(logits_EV[0], whole_TV[position], atol=TOLERANCE * np.abs(whole_TV).max())


@pytest.mark.parametrize("name", ["sample", "beam"])
def test_generation_is_the_reference_s(directory: Path, name: Any) -> None:
    steps = []
    for reference in (False, True):
        network = network_of(directory, reference)
        method = Method(name, beams=3)
        steps.append(generate(network, network.run(ids_of(9)), method=method, steps=6, seed=3, end_ids=()))
        (uncached_GV,) = network.run_together([uncached(ids_of(9), steps[-1]["step_ids_G"])])
        assert cache_error(uncached_GV, steps[-1]["step_logits_GV"]) < 1e-5
    np.testing.assert_array_equal(steps[0]["step_ids_G"], steps[1]["step_ids_G"])


def test_texts_that_are_run_at_once_are_as_each_alone(directory: Path) -> None:
    network: Any = network_of(directory)
    texts = [Text(ids_of(length), Recording(network.shape, length), length // 2) for length in (1, 9, 50)]
    for text, logits_TV in zip(texts, network.run_together(texts), strict=True):
        alone = capture.capture(network, text.ids_T)
        assert text.recording is not None
        tensors = {**text.recording.finished(), "token_ids_T": text.ids_T}
        assert_same(capture.Capture(logits_TV, None, tensors), capture.Capture(
            alone.logits_TV[text.first :], None, alone.tensors
        ))  # fmt: skip


def test_the_lens_reads_through_the_final_norm(directory: Path) -> None:
    stream_TD = np.random.default_rng(1).normal(size=(5, 48)).astype(np.float32)
    ours, theirs = network_of(directory), network_of(directory, reference=True)
    np.testing.assert_allclose(ours.unembed(stream_TD), theirs.unembed(stream_TD), rtol=1e-4, atol=1e-4)


def test_numbers_far_below_zero_do_not_warn(tmp_path: Path) -> None:
    save(tmp_path, "Llama", {})
    network: Any = network_of(tmp_path)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        activated = network._activation(np.array([-1e4, -200, 0, 200], np.float32))
    np.testing.assert_array_equal(activated, [0, 0, 0, 200])


@pytest.mark.parametrize("missing", ["model.norm.weight", "model.layers.1.mlp.up_proj.weight"])
def test_weights_that_lack_a_tensor_are_refused(tmp_path: Path, missing: str) -> None:
    from safetensors.numpy import load_file, save_file

    save(tmp_path, "Llama", {})
    weights = load_file(tmp_path / "model.safetensors")
    del weights[missing]
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(ModelError, match=f"the weights lack {missing.removeprefix('model.')}"):
        network_of(tmp_path)
