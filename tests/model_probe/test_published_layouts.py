"""Other families' files as their publishers wrote them: older names, buffers that are no weights any more."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from model_probe import capture, families
from tests.model_probe.conftest import TOLERANCE

SIZES = {"vocab_size": 60, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4}
SIZES |= {"max_position_embeddings": 40, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
LLAMA = {"intermediate_size": 48, "num_key_value_heads": 2}
OPT = {"ffn_dim": 48, "word_embed_proj_dim": 16}
IDS_T = np.arange(3, 14)
Weights = dict[str, torch.Tensor]


def pythia(weights: Weights) -> Weights:
    """GPT-NeoX's unembedding is `embed_out`; masks, their value and the turns' speeds lie in each layer."""
    buffers = {}
    for layer in range(2):
        name = f"gpt_neox.layers.{layer}.attention"
        buffers[f"{name}.bias"] = torch.ones(1, 1, 40, 40).tril().bool()
        buffers[f"{name}.masked_bias"] = torch.tensor(-1e9)
        buffers[f"{name}.rotary_emb.inv_freq"] = torch.ones(2)
    return {n.replace("lm_head.", "embed_out."): tensor for n, tensor in weights.items()} | buffers


def llama_2(weights: Weights) -> Weights:
    """The turns' speeds, too, are in each layer."""
    speeds = {f"model.layers.{layer}.self_attn.rotary_emb.inv_freq": torch.ones(2) for layer in range(2)}
    return weights | speeds


def without_the_outermost_name(weights: Weights) -> Weights:
    """As the bare model is saved, and OPT's first files were."""
    return {name.removeprefix("model."): tensor for name, tensor in weights.items()}


def stored_twice(weights: Weights) -> Weights:
    """The embedding a second time, as the unembedding that it is."""
    return weights | {"lm_head.weight": weights["model.embed_tokens.weight"].clone()}


CASES = {
    "pythia": ("GPTNeoXConfig", {"intermediate_size": 48}, pythia, {"rotary_emb_base": 10000}),
    "llama 2": ("LlamaConfig", LLAMA, llama_2, {"rope_scaling": None, "pretraining_tp": 1}),
    "a bare llama": ("LlamaConfig", LLAMA, without_the_outermost_name, {}),
    "a tied qwen2": ("Qwen2Config", LLAMA | {"tie_word_embeddings": True}, stored_twice, {}),
    "opt": ("OPTConfig", OPT, without_the_outermost_name, {"dropout": 0.1}),
    "gemma 2": ("Gemma2Config", LLAMA | {"head_dim": 8}, stored_twice, {"cache_implementation": "hybrid"}),
}


@pytest.mark.parametrize("reference", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_what_a_publisher_wrote_is_read_as_transformers_reads_it(
    tmp_path: Path, name: str, reference: bool
) -> None:
    class_name, values, publish, more = CASES[name]
    torch.manual_seed(0)
    library: Any = transformers
    config = getattr(library, class_name)(**SIZES | values)
    model = library.AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    model.save_pretrained(tmp_path)
    path = tmp_path / "model.safetensors"
    saved = {n.replace("embed_out.", "lm_head."): tensor for n, tensor in load_file(path).items()}
    save_file(publish(saved), path, {"format": "pt"})
    written = json.loads((tmp_path / "config.json").read_text()) | more
    network = capture.load(written, [path], reference=reference)
    expected = library.AutoModelForCausalLM.from_pretrained(
        tmp_path, attn_implementation="eager", dtype=torch.float32
    ).eval()
    with torch.inference_mode():
        logits_TV = expected(torch.from_numpy(IDS_T)[None]).logits[0].numpy()
        own_TV = model.eval()(torch.from_numpy(IDS_T)[None]).logits[0].numpy()
    np.testing.assert_allclose(logits_TV, own_TV, atol=1e-4)  # what was published is what was saved
    bound = TOLERANCE * np.abs(logits_TV).max() if network.engine == "numpy" else 0
    assert np.abs(network.run(IDS_T).logits_TV - logits_TV).max() <= bound
    assert sum(network.parameters.values()) == sum(each.numel() for each in expected.parameters())
    assert network.tied_unembedding == (expected.lm_head.weight is expected.get_input_embeddings().weight)
    assert network.shape == families.shape_of_directory(tmp_path, written)
