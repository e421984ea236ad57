"""GPT-2's models on files as their publishers wrote them, not as today's libraries would save them."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from model_probe import capture, lean
from model_probe.errors import ModelError
from model_probe.models import resolve
from model_probe.record import record
from model_probe.trace import Trace
from tests import published_gpt2
from tests.model_probe.conftest import TOLERANCE

SMALL = published_gpt2.config(2, 48, 4, n_ctx=64)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return published_gpt2.write(tmp_path_factory.mktemp("published") / "gpt2", SMALL)


@pytest.mark.parametrize("reference", [False, True])
def test_the_published_layout_is_read_as_transformers_reads_it(
    small: Path, tmp_path: Path, reference: bool
) -> None:
    trace = Trace.open(record("The old king", tmp_path / "t", model=str(small), steps=2, reference=reference))
    assert trace.facts.engine == ("transformers" if reference else "numpy")
    assert trace.facts.tied_unembedding
    eager: Any = AutoModelForCausalLM.from_pretrained(small, dtype=torch.float32, attn_implementation="eager")
    with torch.inference_mode():
        expected = eager.eval()(torch.from_numpy(trace.token_ids_T[:])[None], output_attentions=True)
    logits_V, pattern_LHTS = expected.logits[0, -1].numpy(), torch.cat(expected.attentions).numpy()
    bound = 0 if reference else TOLERANCE
    assert np.abs(trace.logits_last_V[:] - logits_V).max() <= bound * np.abs(logits_V).max()
    assert np.abs(trace.pattern_LHTS[:] - pattern_LHTS).max() <= bound
    assert trace.facts.n_parameters == sum(each.numel() for each in eager.parameters())


@pytest.mark.parametrize("name", published_gpt2.SIZES)
@pytest.mark.parametrize("prefix", ["", "transformer."])
def test_every_size_has_the_layout_that_is_read(tmp_path: Path, name: str, prefix: str) -> None:
    """Header and length of the published files; the numbers are a hole in the file, which takes no room."""
    layers, width, heads, parameters = published_gpt2.SIZES[name]
    config = published_gpt2.config(layers, width, heads)
    start, length = published_gpt2.header(config)
    if prefix:  # as distilgpt2 and what is saved today
        entries = json.loads(start[8:])
        entries = {n if n == "__metadata__" else prefix + n: entry for n, entry in entries.items()}
        text = json.dumps(entries).encode()
        start = len(text).to_bytes(8, "little") + text
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.write(start)
        file.truncate(len(start) + length)
    network = lean.load(config, [path])
    assert sum(network.parameters.values()) == parameters
    assert network.tied_unembedding
    assert (network.shape.n_layer, network.shape.n_head, network.shape.d_head) == (layers, heads, 64)


@pytest.mark.parametrize("named", [True, False])
def test_a_directory_with_the_older_tokenizer_files_alone_runs(
    small: Path, tmp_path: Path, named: bool
) -> None:
    directory = tmp_path / "model"
    directory.mkdir()
    for file in small.iterdir():
        (directory / file.name).symlink_to(file)
    if not named:
        (directory / "config.json").unlink()
        unnamed = {key: value for key, value in SMALL.items() if key != "model_type"}
        (directory / "config.json").write_text(json.dumps(unnamed))
    described = json.loads((directory / "tokenizer.json").read_text())["model"]
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in described["merges"]]
    (directory / "vocab.json").write_text(json.dumps(described["vocab"]))
    (directory / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    whole = Trace.open(record("The old king", tmp_path / "whole", model=str(directory), steps=1))
    (directory / "tokenizer.json").unlink()
    older = Trace.open(record("The old king", tmp_path / "older", model=str(directory), steps=1))
    np.testing.assert_array_equal(older.token_ids_T[:], whole.token_ids_T[:])
    np.testing.assert_array_equal(older.logits_last_V[:], whole.logits_last_V[:])
    assert older.tokens == whole.tokens == [b"The", b" old", b" king"]


@pytest.mark.skipif(
    not published_gpt2.PUBLISHED.is_dir(),
    reason=f"the published tokenizer is not in {published_gpt2.PUBLISHED}",
)
def test_the_published_tokenizer_gives_the_published_ids(small: Path, tmp_path: Path) -> None:
    """Byte for byte the file on the Hub; the ids are those of OpenAI's encoder."""
    assert (small / "tokenizer.json").stat().st_size == 1_355_256
    assert "type" not in json.loads((small / "tokenizer.json").read_text())["model"]
    trace = Trace.open(record("Hello, world!<|endoftext|>", tmp_path / "t", model=str(small), steps=1))
    assert trace.token_ids_T[:].tolist() == [15496, 11, 995, 0, 50256]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_head": 0}, "config.json cannot be used: n_head is 0; a whole number from 1 on is wanted"),
        ({"n_embd": "48"}, "config.json cannot be used: n_embd is '48'; a whole number from 1 on is wanted"),
        ({"num_hidden_layers": None}, "n_layer is None; a whole number from 1 on is wanted"),
        ({"n_inner": 0}, "n_inner is 0; a whole number from 1 on is wanted"),
        ({"n_head": 5}, "config.json cannot be used: n_embd 48 is not a multiple of n_head 5"),
        ({"activation_function": "foo"}, "transformers has no activation 'foo', which the config names"),
    ],
)
def test_a_config_that_cannot_be_is_one_clear_line(
    small: Path, tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    directory = tmp_path / "model"
    directory.mkdir()
    for file in small.iterdir():
        (directory / file.name).symlink_to(file)
    (directory / "config.json").unlink()
    (directory / "config.json").write_text(json.dumps(SMALL | values))
    with pytest.raises(ModelError, match=re.escape(message)):
        record("The old king", tmp_path / "t", model=str(directory), steps=1)
    assert not (tmp_path / "t").exists()


def test_what_is_resolved_is_what_runs(small: Path) -> None:
    model = resolve(str(small))
    network = capture.load(model.config, model.weights)
    assert network.engine == "numpy"
    assert network.shape.n_vocab == 50257
