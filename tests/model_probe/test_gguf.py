"""GGUF files of every architecture and storage, against transformers' own loader and the original models."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from gguf import GGMLQuantizationType
from numpy.typing import NDArray
from safetensors.numpy import load_file

from model_probe import capture, gguf_file, gguf_weights
from model_probe.errors import ModelError
from model_probe.models import ResolvedModel, resolve
from tests.model_probe.gguf_maker import (
    MODELS,
    N_VOCAB,
    laid_out,
    model_of,
    write_gguf,
)  # fmt: skip

IDS_T = np.random.default_rng(8).integers(1, N_VOCAB, 11)
KINDS = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1")
WITHOUT_LOADER = ("gptneox", "smollm3")  # transformers itself reads no GGUF of theirs


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own; returns where de-quantised models go."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    return gguf_file.gguf_path()


def logits_of(model: Any) -> NDArray[np.float32]:
    with torch.inference_mode():
        logits_TV: NDArray[np.float32] = model(torch.from_numpy(IDS_T)[None]).logits[0].numpy()
    return logits_TV


def captured(found: ResolvedModel, *, reference: bool) -> capture.Capture:
    return capture.capture(capture.load(found.config, found.weights, reference=reference), IDS_T)


def library_s(path: Path) -> Any:
    """The file as transformers' own loader reads it, run with its eager attention."""
    library: Any = transformers.AutoModelForCausalLM
    model = library.from_pretrained(
        path.parent, gguf_file=path.name, attn_implementation="eager", dtype=torch.float32
    )
    return model.eval()


def close(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    return bool(np.abs(ours - theirs).max() <= 2e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("architecture", sorted(set(MODELS) - set(WITHOUT_LOADER)))
@pytest.mark.parametrize("kind", ["F16", "Q8_0"])
def test_a_run_is_transformers_run_of_the_same_file_to_the_bit(
    architecture: str, kind: str, tmp_path: Path
) -> None:
    path = write_gguf(tmp_path / "a.gguf", architecture, GGMLQuantizationType[kind])
    found, theirs = resolve(str(path)), library_s(path)
    run = captured(found, reference=True)
    np.testing.assert_array_equal(run.logits_TV, logits_of(theirs))
    with torch.inference_mode():
        whole = theirs(torch.from_numpy(IDS_T)[None], output_hidden_states=True, output_attentions=True)
    np.testing.assert_array_equal(run.tensors["pattern_LHTS"], torch.cat(whole.attentions))
    np.testing.assert_array_equal(run.tensors["resid_pre_LTD"], torch.cat(whole.hidden_states[:-1]))
    assert close(captured(found, reference=False).logits_TV, logits_of(theirs))


@pytest.mark.parametrize("architecture", MODELS)
def test_a_file_in_full_precision_is_the_model_that_it_was_made_from(
    architecture: str, tmp_path: Path
) -> None:
    model = model_of(architecture)
    found = resolve(str(write_gguf(tmp_path / "a.gguf", architecture, model=model)))
    assert close(captured(found, reference=True).logits_TV, logits_of(model))
    stored = load_file(found.weights[0])
    parameters = dict(model.named_parameters())
    assert stored.keys() == parameters.keys()
    for name, weights in stored.items():  # Gemma's norms are stored with 1 added, which rounds
        np.testing.assert_allclose(weights, parameters[name].detach(), rtol=0, atol=3e-7, err_msg=name)
        assert weights.dtype == np.float32


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_storage_that_the_package_writes(kind: str, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf", "llama", GGMLQuantizationType[kind])
    found = resolve(str(path))
    np.testing.assert_array_equal(captured(found, reference=True).logits_TV, logits_of(library_s(path)))
    assert found.quantization == kind


# Bytes a block of 256 values, and where in it the half-precision scales lie. The package only reads them.
K_QUANTS = {"Q2_K": (84, (80, 82)), "Q3_K": (110, (108,)), "Q4_K": (144, (0, 2)), "Q5_K": (176, (0, 2))}
K_QUANTS |= {"Q6_K": (210, (208,)), "IQ4_XS": (136, (0,))}


@pytest.mark.parametrize("kind", K_QUANTS)
def test_every_kind_that_it_only_reads_from_blocks_made_by_hand(kind: str, tmp_path: Path) -> None:
    model = model_of("llama", hidden_size=256, intermediate_size=256, num_hidden_layers=1)
    n_bytes, scales = K_QUANTS[kind]
    random = np.random.default_rng(4)
    tensors = {}
    for name, weights in laid_out("llama", model).items():
        if weights.ndim == 2:
            blocks = random.integers(0, 256, (weights.size // 256, n_bytes), np.uint8)
            for place in scales:
                values = random.uniform(0.001, 0.002, (len(blocks), 1)).astype(np.float16)
                blocks[:, place : place + 2] = values.view(np.uint8)
            tensors[name] = blocks.reshape(len(weights), -1)
    path = tmp_path / "a.gguf"
    write_gguf(path, "llama", model=model, tensors=tensors, blocks=GGMLQuantizationType[kind])
    found = resolve(str(path))
    assert found.quantization == kind
    np.testing.assert_array_equal(captured(found, reference=True).logits_TV, logits_of(library_s(path)))


def test_an_unembedding_that_is_the_embedding_once_more_is_none_of_its_own(tmp_path: Path) -> None:
    """As llama.cpp's converter writes GPT-2."""
    model = model_of("gpt2")
    again = {"output.weight": laid_out("gpt2", model)["token_embd.weight"]}
    found = resolve(str(write_gguf(tmp_path / "a.gguf", "gpt2", model=model, tensors=again)))
    assert "lm_head.weight" not in load_file(found.weights[0])
    assert found.config["tie_word_embeddings"] is True
    assert close(captured(found, reference=True).logits_TV, logits_of(model))
    other = {"output.weight": again["output.weight"] * 1.5}
    found = resolve(str(write_gguf(tmp_path / "b.gguf", "gpt2", model=model, tensors=other)))
    assert close(captured(found, reference=True).logits_TV, 1.5 * logits_of(model))
    assert close(captured(found, reference=False).logits_TV, 1.5 * logits_of(model))


ROPE: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "linear": (
        "llama",
        {"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0},
        {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0},
    ),
    "linear, as once written": (
        "llama",
        {"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0},
        {"rope.scale_linear": 4.0},
    ),
    "yarn": (
        "qwen2",
        {"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0, "original_max_position_embeddings": 32},
        {
            "rope.scaling.type": "yarn",
            "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 32,
        },
    ),
    "none": (
        "llama",
        {"rope_type": "default", "rope_theta": 1e4},
        {"rope.scaling.type": "none", "rope.scaling.factor": 4.0},
    ),
    "of Gemma 3's full layers": (
        "gemma3",
        {
            "full_attention": {"rope_type": "linear", "rope_theta": 1e6, "factor": 8.0},
            "sliding_attention": {"rope_type": "default", "rope_theta": 1e4},
        },
        {"rope.scaling.type": "linear", "rope.scaling.factor": 8.0, "rope.freq_base": 1e6},
    ),
}


@pytest.mark.parametrize("case", ROPE)
def test_the_scaling_of_positions_is_carried_over(case: str, tmp_path: Path) -> None:
    """transformers' own loader drops it, so the model that the file was made from is what counts."""
    architecture, parameters, keys = ROPE[case]
    model = model_of(architecture, rope_parameters=parameters)
    metadata = {f"{architecture}.{key}": value for key, value in keys.items()}
    found = resolve(str(write_gguf(tmp_path / "a.gguf", architecture, model=model, metadata=metadata)))
    assert close(captured(found, reference=True).logits_TV, logits_of(model))
    assert found.config["rope_parameters"] == parameters


@pytest.mark.parametrize("factor", [8.0, 32.0])
def test_llama_3_s_scaling_is_told_from_its_outcome(factor: float, tmp_path: Path) -> None:
    """Files of Llama 3.1 and 3.2 hold by what each frequency is divided: here transformers' own."""
    parameters = {"rope_type": "llama3", "rope_theta": 5e5, "factor": factor, "low_freq_factor": 1.0}
    parameters |= {"high_freq_factor": 4.0, "original_max_position_embeddings": 8192}
    model = model_of("llama", rope_parameters=parameters, head_dim=64)
    plain = 5e5 ** -(np.arange(0, 64, 2) / 64)
    divisors = (plain / model.model.rotary_emb.inv_freq.numpy()).astype(np.float32)
    assert divisors.min() == pytest.approx(1)
    assert divisors.max() == pytest.approx(factor)
    tensors = {"rope_freqs.weight": divisors}
    found = resolve(str(write_gguf(tmp_path / "a.gguf", "llama", model=model, tensors=tensors)))
    assert found.config["rope_parameters"] == pytest.approx(parameters)
    assert close(captured(found, reference=True).logits_TV, logits_of(model))
    assert close(captured(found, reference=False).logits_TV, logits_of(model))
    strange = {"rope_freqs.weight": np.linspace(1, 8, 32, dtype=np.float32)}
    with pytest.raises(ModelError, match="divides frequencies of positions in a way that is not Llama 3's"):
        resolve(str(write_gguf(tmp_path / "b.gguf", "llama", model=model, tensors=strange)))


def test_phi_3_s_factors_for_long_and_short_texts_are_carried_over(tmp_path: Path) -> None:
    factors = {
        f"{length}_factor": [1.0 + n / 8 * k for n in range(8)] for length, k in (("long", 2), ("short", 1))
    }
    parameters = {"rope_type": "longrope", "rope_theta": 1e4, "partial_rotary_factor": 1.0, **factors}
    model = model_of("phi3", rope_parameters=parameters, original_max_position_embeddings=64)
    tensors = {
        f"rope_factors_{length}.weight": np.array(factors[f"{length}_factor"], np.float32)
        for length in ("long", "short")
    }
    metadata = {"phi3.rope.scaling.original_context_length": 64, "phi3.attention.sliding_window": 7}
    path = write_gguf(tmp_path / "a.gguf", "phi3", model=model, tensors=tensors, metadata=metadata)
    found = resolve(str(path))
    assert found.config["sliding_window"] == 7
    assert found.config["original_max_position_embeddings"] == 64
    model.config.sliding_window = 7
    assert close(captured(found, reference=True).logits_TV, logits_of(model))


def test_biases_and_windows_that_the_loader_of_transformers_drops_are_kept(tmp_path: Path) -> None:
    model = model_of("llama", attention_bias=True, mlp_bias=True)
    found = resolve(str(write_gguf(tmp_path / "a.gguf", "llama", model=model)))
    assert close(captured(found, reference=True).logits_TV, logits_of(model))
    model = model_of("gptneox", use_parallel_residual=False)
    found = resolve(str(write_gguf(tmp_path / "b.gguf", "gptneox", model=model)))
    assert close(captured(found, reference=True).logits_TV, logits_of(model))


def test_a_context_of_any_length(tmp_path: Path) -> None:
    model = model_of("gpt2", n_positions=48)
    found = resolve(str(write_gguf(tmp_path / "a.gguf", "gpt2", model=model)))
    assert close(captured(found, reference=True).logits_TV, logits_of(model))
    assert found.config["n_positions"] == 48


def files_of(directory: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in directory.iterdir()}


def test_a_file_is_de_quantised_once_wherever_it_lies_and_its_size_is_said(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_gguf(tmp_path / "tiny.Q8_0.gguf", "llama", GGMLQuantizationType.Q8_0)
    found = resolve(str(path))
    size = sum(p.numel() for p in model_of("llama").parameters()) * 4
    said = capsys.readouterr().err
    assert said == f"{path.name}: de-quantised once, {size / 1e9:.2f} GB in {found.directory}\n"
    assert found.directory.parent == cache
    before = files_of(found.directory)
    assert {"config.json", "tokenizer.json", "model.safetensors", "generation_config.json"} <= before.keys()
    blob = tmp_path / f"sha256-{found.sha256}"  # as Ollama keeps it
    shutil.copy(path, blob)
    again = resolve(str(blob))
    assert again.directory == found.directory
    assert again.weights_sha256() == found.sha256
    assert files_of(found.directory) == before
    assert capsys.readouterr().err == ""
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt, OSError(28, "No space left on device", "x"), ModelError("no")]
)
def test_what_breaks_off_leaves_nothing(
    error: Any, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_gguf(tmp_path / "a.gguf")
    real = gguf_weights.write_weights

    def breaking(*arguments: Any) -> None:
        real(*arguments)
        raise error

    monkeypatch.setattr(gguf_weights, "write_weights", breaking)
    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else ModelError):
        resolve(str(path))
    assert not [entry for entry in cache.iterdir() if entry.is_dir()]
    monkeypatch.setattr(gguf_weights, "write_weights", real)
    leftover = cache / f"{resolve(str(path)).directory.name}.part"
    shutil.rmtree(leftover.with_suffix(""))
    leftover.mkdir()  # of a run that was killed
    (leftover / "model.safetensors").write_bytes(b"half")
    found = resolve(str(path))
    assert not leftover.exists()
    assert captured(found, reference=True).logits_TV.shape == (11, N_VOCAB)


def test_of_two_runs_at_once_one_writes(tmp_path: Path, cache: Path) -> None:
    path = write_gguf(tmp_path / "a.gguf")
    command = [
        sys.executable,
        "-c",
        f"from model_probe.models import resolve; print(resolve({str(path)!r}).directory)",
    ]
    runs = [
        subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=os.environ.copy()) for _ in range(2)
    ]
    answers = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], answers
    assert len({out for out, _ in answers}) == 1
    assert sum(err.count("de-quantised once") for _, err in answers) == 1


def test_weights_that_are_large_are_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_gguf(tmp_path / "a.gguf", "llama", GGMLQuantizationType.F16)
    whole = captured(resolve(str(path)), reference=True).logits_TV
    shutil.rmtree(resolve(str(path)).directory)
    monkeypatch.setattr(gguf_weights, "_SHARD", 100_000)
    found = resolve(str(path))
    assert len(found.weights) > 3
    assert found.weights[0].name.startswith("model-00001-of-")
    for reference in (True, False):
        assert close(captured(found, reference=reference).logits_TV, whole)
