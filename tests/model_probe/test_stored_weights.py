"""What is stored decides, as in transformers: each case is loaded by it, and by the product's two engines."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file, save_model

from model_probe import capture
from model_probe.errors import ModelError
from model_probe.network import Network
from tests.model_probe.conftest import TOLERANCE

SIZES: dict[str, Any] = {"vocab_size": 50, "pad_token_id": None, "bos_token_id": 1, "eos_token_id": 2}
GPT2 = SIZES | {"n_positions": 20, "n_embd": 12, "n_layer": 2, "n_head": 3}
LLAMA = SIZES | {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
LLAMA |= {"num_key_value_heads": 2, "intermediate_size": 24, "max_position_embeddings": 40}
# family → config class, its values, the prefix of its tensors' names, the embedding's name
FAMILIES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "gpt2": ("GPT2Config", GPT2, "transformer.", "wte.weight"),
    "llama": ("LlamaConfig", LLAMA, "model.", "embed_tokens.weight"),
}
IDS_T = np.arange(3, 17)


def make(family: str, directory: Path) -> dict[str, torch.Tensor]:
    """Write a config and give the weights that a model of the family has, by their names without a prefix."""
    class_name, values, prefix, _ = FAMILIES[family]
    torch.manual_seed(0)
    library: Any = transformers
    config = getattr(library, class_name)(**values, initializer_range=0.4)
    model = library.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    model.save_pretrained(directory)
    stored = load_file(directory / "model.safetensors")
    return {name.removeprefix(prefix): tensor for name, tensor in stored.items()}


def set_config(directory: Path, without: tuple[str, ...] = (), **values: Any) -> dict[str, Any]:
    path = directory / "config.json"
    config: dict[str, Any] = json.loads(path.read_text()) | values
    config = {name: value for name, value in config.items() if name not in without}
    path.write_text(json.dumps(config))
    return config


def store(directory: Path, weights: dict[str, torch.Tensor], shards: int = 1) -> list[Path]:
    """Write weights into so many files, with the index that more than one need."""
    for path in directory.glob("*.safetensors"):
        path.unlink()
    names = [f"model-{n:05}-of-{shards:05}.safetensors" for n in range(1, shards + 1)]
    names = ["model.safetensors"] if shards == 1 else names
    of = {tensor: names[number % shards] for number, tensor in enumerate(weights)}
    for name in names:
        part = {tensor: values.clone() for tensor, values in weights.items() if of[tensor] == name}
        save_file(part, directory / name, {"format": "pt"})
    if shards > 1:
        index = {"metadata": {}, "weight_map": of}
        (directory / "model.safetensors.index.json").write_text(json.dumps(index))
    return [directory / name for name in names]


def eager(directory: Path) -> tuple[Any, set[str]]:
    """The model as transformers loads it, and what that says is missing."""
    library: Any = transformers
    model, report = library.AutoModelForCausalLM.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    return model.eval(), report["missing_keys"]


def check(network: Network, expected: Any) -> None:
    """The network computes what the model does, and counts its parameters."""
    with torch.inference_mode():
        logits_TV = expected(torch.from_numpy(IDS_T)[None]).logits[0].numpy()
    bound = TOLERANCE * np.abs(logits_TV).max() if network.engine == "numpy" else 0
    run = network.run(IDS_T)
    assert np.abs(run.logits_TV - logits_TV).max() <= bound
    final_TD = capture.capture(network, IDS_T, only=("resid_final_TD",)).tensors["resid_final_TD"]
    np.testing.assert_allclose(network.unembed(final_TD), logits_TV, atol=TOLERANCE * np.abs(logits_TV).max())
    assert sum(network.parameters.values()) == sum(p.numel() for p in expected.parameters())
    assert network.tied_unembedding == (
        expected.lm_head.weight.data_ptr() == expected.get_input_embeddings().weight.data_ptr()
    )
    own = 0 if network.tied_unembedding else expected.lm_head.weight.numel()
    assert network.parameters["unembedding"] == own
    assert network.parameters["embedding"] == expected.get_input_embeddings().weight.numel()


STORED = ("embedding", "unembedding", "both, equal", "both, different", "neither")


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_stored_decides_whether_the_unembedding_is_the_embedding(tmp_path: Path, family: str) -> None:
    prefix, name = FAMILIES[family][2:]
    weights = make(family, tmp_path)
    weights.pop("lm_head.weight", None)
    embedding = weights.pop(name)
    counted = dict.fromkeys(("tied", "own", "refused"), 0)
    for stored, prefixed, tied in product(STORED, (True, False), (True, False, None)):
        unsaid = ("tie_word_embeddings",) if tied is None else ()
        config = set_config(tmp_path, unsaid, tie_word_embeddings=tied)
        start = prefix if prefixed else ""
        kept = {start + each: values for each, values in weights.items()}
        if stored in ("embedding", "both, equal", "both, different"):
            kept[start + name] = embedding
        if stored in ("unembedding", "both, equal"):
            kept["lm_head.weight"] = embedding
        elif stored == "both, different":
            kept["lm_head.weight"] = embedding.flip(0)
        files = store(tmp_path, kept, shards=1 if tied else 2)
        expected, missing = eager(tmp_path)
        for reference in (False, True):
            if missing:  # transformers fills them with noise, and warns
                counted["refused"] += 1
                with pytest.raises(ModelError, match="the weights lack"):
                    capture.load(config, files, reference=reference)
                continue
            network = capture.load(config, files, reference=reference)
            assert not reference or network.engine == "transformers"
            counted["tied" if network.tied_unembedding else "own"] += 1
            check(network, expected)
    assert min(counted.values()) >= 8, counted


@pytest.mark.parametrize("reference", [False, True])
def test_a_tied_model_as_save_model_writes_it(tmp_path: Path, reference: bool) -> None:
    """The safetensors library keeps one of two names of a tensor, and that is lm_head.weight."""
    make("gpt2", tmp_path)
    model, _ = eager(tmp_path)
    save_model(model, str(tmp_path / "model.safetensors"), metadata={"format": "pt"})
    assert "transformer.wte.weight" not in load_file(tmp_path / "model.safetensors")
    config = json.loads((tmp_path / "config.json").read_text())
    network = capture.load(config, [tmp_path / "model.safetensors"], reference=reference)
    assert network.tied_unembedding
    check(network, model)


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]
)
@pytest.mark.parametrize("family", FAMILIES)
def test_weights_of_any_type_are_read_as_transformers_reads_them(
    tmp_path: Path, family: str, dtype: Any
) -> None:
    weights = {name: values.to(dtype) for name, values in make(family, tmp_path).items()}
    config = set_config(tmp_path, torch_dtype=str(dtype).removeprefix("torch."))
    files = store(tmp_path, weights)
    for reference in (False, True):
        check(capture.load(config, files, reference=reference), eager(tmp_path)[0])


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.uint8, torch.bool])
def test_buffers_of_older_files_are_no_weights(tmp_path: Path, dtype: Any, reference: bool) -> None:
    """GPT-2's files hold the causal masks, some of them the masks' value too."""
    weights = make("gpt2", tmp_path)
    for layer in range(2):
        weights[f"h.{layer}.attn.bias"] = torch.ones(20, 20).tril()[None, None].to(dtype)
        weights[f"h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    config = set_config(tmp_path)
    network = capture.load(config, store(tmp_path, weights), reference=reference)
    assert network.engine == ("transformers" if reference else "numpy")
    check(network, eager(tmp_path)[0])


CALLS: dict[str, dict[str, Any]] = {
    "output_attentions": {"output_attentions": True},
    "output_hidden_states": {"output_hidden_states": True},
    "return_dict": {"return_dict": False},
    "use_return_dict": {"use_return_dict": False},
    "use_cache": {"use_cache": False},
    "no use_cache": {"use_cache": None},
    "torch_dtype": {"torch_dtype": "float16"},
    "torch_dtype auto": {"torch_dtype": "auto"},
    "no torch_dtype": {"torch_dtype": None},
    "a torch_dtype that is none": {"torch_dtype": "torch.half precision"},
    "dtype": {"dtype": "bfloat16"},
    "dtype auto": {"dtype": "auto"},
    "torchscript": {"torchscript": True},
    "gradient_checkpointing": {"gradient_checkpointing": True},
    "flash attention": {"_attn_implementation": "flash_attention_2"},
    "flash attention, too": {"attn_implementation": "flash_attention_2"},
    "custom code": {"auto_map": {"AutoModelForCausalLM": "modeling.Mine"}},
    "classes": {"num_labels": 3, "problem_type": "regression"},
    "no quantisation": {"quantization_config": None},
}


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_config_says_of_the_call_changes_nothing(tmp_path: Path, family: str, reference: bool) -> None:
    weights = make(family, tmp_path)
    files = store(tmp_path, weights)
    plain = json.loads((tmp_path / "config.json").read_text())
    expected, _ = eager(tmp_path)
    for name, values in CALLS.items():
        network = capture.load(plain | values, files, reference=reference)
        check(network, expected)
        stepped_V = network.step(IDS_T[-1:], network.run(IDS_T[:-1]).cache)[0]
        np.testing.assert_allclose(stepped_V, network.run(IDS_T).logits_TV[-1], atol=1e-4, err_msg=name)


ALIASES: tuple[dict[str, Any], ...] = (
    {"hidden_size": 12, "num_attention_heads": 3, "num_hidden_layers": 2, "max_position_embeddings": 20},
    {"hidden_size": 12, "n_embd": 24},
    {"num_hidden_layers": 1},
    {"num_attention_heads": 6},
    {"n_ctx": 7},
)


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("values", ALIASES)
def test_other_names_of_gpt2_s_sizes_are_understood_as_transformers_does(
    tmp_path: Path, values: dict[str, Any], reference: bool
) -> None:
    weights = make("gpt2", tmp_path)
    files = store(tmp_path, weights)
    own = ("n_embd", "n_head", "n_layer", "n_positions") if len(values) == 4 else ()
    config = set_config(tmp_path, own, **values)
    expected, _ = eager(tmp_path)
    network = capture.load(config, files, reference=reference)
    check(network, expected)
    assert network.shape.n_head == expected.config.n_head
    assert network.shape.n_ctx == expected.config.n_positions == 20
