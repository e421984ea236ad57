"""The plain command, whole, on what a user's machine downloads: GPT-2 as published, in its true size."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from model_probe.models import DEFAULT
from model_probe.trace import Trace
from tests import published_gpt2
from tests.model_probe.hub_server import serving

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    layers, width, heads, _ = published_gpt2.SIZES[DEFAULT]
    directory = tmp_path_factory.mktemp("true-size") / "gpt2"
    yield published_gpt2.write(directory, published_gpt2.config(layers, width, heads))
    (directory / "model.safetensors").unlink()  # half a gigabyte


def render(out: Path, home: Path, endpoint: str, *options: str) -> str:
    """Run the command that render.sh runs; returns what it said."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    ours = {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "NO_PROXY": "*", "no_proxy": "*"}
    command = [sys.executable, "-m", "scenes.render", "mask", "--quality", "l", "--out", str(out), *options]
    ended = subprocess.run(
        command, cwd=ROOT, env=inherited | ours, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "storyteller" not in ended.stdout + ended.stderr
    return ended.stdout


def check(out: Path, said: str) -> Trace:
    """A film of GPT-2: in the page, in the picture's credit, in the trace."""
    assert "model: GPT-2 124M" in said
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["clips"]["mask"]["model"], list(manifest["clips"])) == ("GPT-2 124M", ["mask"])
    assert "GPT-2 124M" in (out / "index.html").read_text()
    with av.open(str(out / "clips" / "mask.mp4")) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(frames) == manifest["clips"]["mask"]["frames"]
    assert max(int(np.ptp(frame)) for frame in frames[::15]) > 100
    trace = Trace.open(out / "trace.safetensors")
    facts = trace.facts
    assert (facts.model_name, facts.model_note, facts.engine) == ("GPT-2 124M", "", "numpy")
    assert (facts.n_parameters, facts.tied_unembedding) == (124_439_808, True)
    assert (facts.n_layer, facts.n_head, facts.n_vocab) == (12, 12, 50257)
    return trace


def test_the_plain_command_films_gpt2_from_the_cache_and_from_the_hub(gpt2: Path, tmp_path: Path) -> None:
    published_gpt2.cached(tmp_path / "home", DEFAULT, gpt2)
    said = render(tmp_path / "cached", tmp_path / "home", "http://hub.invalid")
    trace = check(tmp_path / "cached", said)
    with serving({DEFAULT: published_gpt2.repository(gpt2)}) as hub:
        hub.stored = {"model.safetensors", "pytorch_model.bin"}
        hub.moved = {"gpt2": DEFAULT}
        said = render(tmp_path / "fetched", tmp_path / "other home", hub.url)
        assert hub.files_asked() == {
            "config.json",
            "generation_config.json",
            "model.safetensors",
            "tokenizer.json",
            "tokenizer_config.json",
        }
    assert check(tmp_path / "fetched", said).digest == trace.digest


def test_the_plain_command_films_gpt2_from_a_cache_under_its_old_name(gpt2: Path, tmp_path: Path) -> None:
    published_gpt2.cached(tmp_path / "home", "gpt2", gpt2)
    said = render(tmp_path / "out", tmp_path / "home", "http://hub.invalid")
    check(tmp_path / "out", said)
