import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from model_probe import capture, lean
from model_probe.errors import ModelError
from model_probe.lean import network as lean_network
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.network import Text
from model_probe.plan import Recording
from tests.model_probe.conftest import TOLERANCE, network_of


@pytest.mark.parametrize("length", [1, 2, 40, 140])
@pytest.mark.parametrize("name", ["tiny", "storyteller"])
def test_every_tensor_is_the_reference_s(tiny_directory: Path, name: str, length: int) -> None:
    directory = tiny_directory if name == "tiny" else STORYTELLER_DIRECTORY
    ids_T = np.random.default_rng(length).integers(1, 8192, length)
    ours = capture.capture(network_of(directory), ids_T)
    theirs = capture.capture(network_of(directory, reference=True), ids_T)
    assert ours.tensors.keys() == theirs.tensors.keys()
    for tensor, expected in theirs.tensors.items():
        assert ours.tensors[tensor].dtype == expected.dtype, tensor
        bound = (1e-3 if expected.dtype == np.float16 else TOLERANCE) * max(1.0, np.abs(expected).max())
        difference = np.abs(ours.tensors[tensor].astype(np.float64) - expected).max()
        assert difference <= bound, tensor
    bound = TOLERANCE * np.abs(theirs.logits_TV).max()
    assert np.abs(ours.logits_TV - theirs.logits_TV).max() <= bound


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("tied", [True, False])
def test_weights_of_any_precision_and_an_own_unembedding(tmp_path: Path, dtype: Any, tied: bool) -> None:
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=50, n_positions=20, n_embd=12, n_layer=2, n_head=3, n_inner=20, initializer_range=0.5,
        activation_function="relu", layer_norm_epsilon=1e-3, scale_attn_weights=False,
        tie_word_embeddings=tied,
    )  # fmt: skip
    GPT2LMHeadModel(config).to(dtype).save_pretrained(tmp_path, max_shard_size="4KB")
    files = sorted(tmp_path.glob("*.safetensors"))
    assert len(files) > 1
    values = json.loads((tmp_path / "config.json").read_text())
    network = lean.load(values, files)
    expected: Any = GPT2LMHeadModel.from_pretrained(tmp_path, dtype=torch.float32)
    ids_T = np.arange(3, 17)
    with torch.inference_mode():
        logits_TV = expected(torch.from_numpy(ids_T)[None]).logits[0].numpy()
    np.testing.assert_allclose(network.run(ids_T).logits_TV, logits_TV, atol=1e-5)
    assert network.tied_unembedding == tied
    assert sum(network.parameters.values()) == sum(p.numel() for p in expected.parameters())


def test_steps_go_on_from_the_cache_beyond_its_first_room(tiny_directory: Path) -> None:
    network: Any = network_of(tiny_directory)
    ids_T = np.random.default_rng(0).integers(1, 8192, 120)
    whole_TV = network.run(ids_T).logits_TV
    run = network.run(ids_T[:3])
    for position in range(3, 120):
        logits_EV = network.step(ids_T[position : position + 1], run.cache)
        np.testing.assert_allclose(logits_EV[0], whole_TV[position], atol=TOLERANCE * np.abs(whole_TV).max())


def test_texts_that_are_run_at_once_are_as_each_alone(tiny_directory: Path) -> None:
    network: Any = network_of(tiny_directory)
    generator = np.random.default_rng(0)
    lengths = (1, 9, 100)
    texts = [
        Text(generator.integers(1, 8192, length), Recording(network.shape, length), length // 2)
        for length in lengths
    ]
    together = network.run_together([*texts, Text(texts[-1].ids_T)])
    assert sum(lengths) + 100 > network.shape.n_ctx  # only each by itself has to fit
    for text, logits_TV in zip(texts, together, strict=False):
        alone = capture.capture(network_of(tiny_directory, reference=True), text.ids_T)
        bound = TOLERANCE * np.abs(alone.logits_TV).max()
        np.testing.assert_allclose(logits_TV, alone.logits_TV[text.first :], atol=bound)
        assert text.recording is not None
        tensors = {**text.recording.finished(), "token_ids_T": text.ids_T}
        assert tensors.keys() == alone.tensors.keys()
        for name, expected in alone.tensors.items():
            bound = TOLERANCE * max(1.0, np.abs(expected).max())
            np.testing.assert_allclose(tensors[name], expected, atol=bound, err_msg=name)
    assert together[3].shape == (100, 8192)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 2, 0), (2, 0, 1), (2,), (1, 2)])
@pytest.mark.parametrize("together", [512, 1])
def test_a_text_that_only_attention_is_wanted_of_does_not_cut_others_short(
    tiny_directory: Path, monkeypatch: pytest.MonkeyPatch, order: tuple[int, ...], together: int
) -> None:
    monkeypatch.setattr(lean_network, "TOGETHER", together)
    network: Any = network_of(tiny_directory)
    ids_T = np.random.default_rng(2).integers(1, 8192, 12)
    whole = capture.capture(network, ids_T)

    def text(number: int) -> Text:
        stream = ("resid_mid_LTD", "resid_final_TD")
        return [
            Text(ids_T, None, 3),
            Text(ids_T, Recording(network.shape, 12, only=stream, last_only=True), 12),
            Text(ids_T, Recording(network.shape, 12, only=("pattern_LHTS",)), 12),
        ][number]

    texts = [text(number) for number in order]
    for number, one, logits_TV in zip(order, texts, network.run_together(texts), strict=True):
        found = {} if one.recording is None else one.recording.finished()
        assert len(logits_TV) == (9 if number == 0 else 0)
        np.testing.assert_allclose(logits_TV, whole.logits_TV[one.first :], atol=1e-4)
        for name in set(found) - {"mask_TS"}:
            expected = whole.tensors[name]
            expected = expected[..., -1:, :] if number == 1 else expected
            np.testing.assert_allclose(found[name], expected, atol=1e-4)


@pytest.mark.parametrize("name", ["storyteller", "llama"])
def test_on_the_cpu_no_torch_is_needed(tmp_path: Path, name: str) -> None:
    model = name if name == "storyteller" else str(tmp_path / "llama")
    if name == "llama":
        config = LlamaConfig(
            vocab_size=8192, hidden_size=32, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4
        )
        LlamaForCausalLM(config).save_pretrained(model)
        shutil.copy(STORYTELLER_DIRECTORY / "tokenizer.json", model)
    code = (
        "import sys; from model_probe.__main__ import main; "
        f"code = main(['The king', '-o', {str(tmp_path / 't')!r}, '--model', {model!r}, '--device', 'cpu']); "
        "sys.exit(code or bool({'torch', 'transformers', 'rich'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


def test_what_it_does_not_compute_is_left_to_the_reference() -> None:
    assert lean.can_run({"model_type": "gpt2"})
    assert not lean.can_run({"model_type": "opt"})
    assert not lean.can_run({"model_type": "gpt2", "activation_function": "gelu"})  # numpy has no erf
    assert not lean.can_run({"model_type": "gpt2", "reorder_and_upcast_attn": True})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read as safetensors"),
        (b"\x00" * 4, "cannot be read as safetensors"),
        (struct.pack("<Q", 1 << 62) + b"{}", "its header does not end within the file"),
        (struct.pack("<Q", 2) + b"{}", "the weights lack wte.weight"),
        (struct.pack("<Q", 2) + b"[]", "cannot be read as safetensors"),
        (struct.pack("<Q", 9) + b'{"a": 12}', "cannot be read as safetensors"),
        (
            struct.pack("<Q", 73)
            + b'{"wte.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}'[:73],
            "cannot be read as safetensors",
        ),
    ],
)
def test_damaged_weights_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        lean.load({"model_type": "gpt2"}, [path])
