"""GGUF files of every architecture and storage, against transformers' own loader and the original models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from gguf import GGMLQuantizationType
from numpy.typing import NDArray
from safetensors.numpy import load_file

from model_probe import capture, gguf_file
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
