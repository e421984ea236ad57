import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from model_probe.errors import ModelError
from model_probe.models import DEFAULT, STORYTELLER_DIRECTORY, resolve
from model_probe.tokens import Vocabulary
from tests.model_probe.conftest import network_of
from tests.model_probe.hub_server import Hub, serving

RESOLVE = """
import json, sys
from model_probe.errors import UserError
from model_probe.models import resolve
try:
    model = resolve(json.loads(sys.argv[1]))
except UserError as error:
    print(json.dumps({"error": str(error)}))
else:
    print(json.dumps({"directory": str(model.directory), "note": model.note, "asked": model.asked}))
assert "torch" not in sys.modules and "transformers" not in sys.modules
"""
INSTEAD = "--model smollm2 is a real model of 135 million parameters, from the Python package index"


@dataclass
class Answer:
    result: dict[str, str]
    stderr: str
    seconds: float


def ask(name: str | None, endpoint: str, home: Path, **environment: str) -> Answer:
    """Resolve a name in a process of its own, whose Hub is at `endpoint` and whose cache is in `home`."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HF_")}
    ours = {"HF_ENDPOINT": endpoint, "HF_HOME": str(home), "NO_PROXY": "*", "no_proxy": "*", **environment}
    started = time.monotonic()
    result = subprocess.run(
        [sys.executable, "-c", RESOLVE, json.dumps(name)],
        env=inherited | ours,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    seconds = time.monotonic() - started
    assert result.returncode == 0, result.stderr
    return Answer(json.loads(result.stdout), result.stderr, seconds)


@pytest.fixture(scope="module")
def files(tiny_directory: Path) -> dict[str, bytes]:
    """What a repository on the Hub holds, with a good deal that is not wanted."""
    wanted = {path.name: path.read_bytes() for path in tiny_directory.iterdir()}
    return {**wanted, "pytorch_model.bin": b"a pickle", "README.md": b"# tiny", "onnx/model.onnx": b"x"}


@pytest.fixture
def hub(files: dict[str, bytes]) -> Iterator[Hub]:
    with serving({DEFAULT: dict(files), "someone/tiny": dict(files)}) as hub:
        yield hub


def test_a_model_comes_from_the_hub_once_and_then_from_the_cache(
    hub: Hub, files: dict[str, bytes], tmp_path: Path
) -> None:
    answer = ask("someone/tiny", hub.url, tmp_path)
    directory = Path(answer.result["directory"])
    assert {path.name for path in directory.iterdir()} == {
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "model.safetensors",
    }
    assert (directory / "model.safetensors").read_bytes() == files["model.safetensors"]
    assert hub.files_asked() == {path.name for path in directory.iterdir()}
    assert answer.result["note"] == answer.stderr == ""
    hub.asked.clear()
    again = ask("someone/tiny", hub.url, tmp_path, HF_HUB_OFFLINE="1")
    assert again.result == answer.result
    assert hub.asked == []


def test_gpt2_is_the_default_and_its_shards_are_fetched(hub: Hub, tmp_path: Path) -> None:
    repository = hub.repositories[DEFAULT]
    weights = repository.pop("model.safetensors")
    shards = {
        f"model-0000{n}-of-00002.safetensors": part for n, part in ((1, weights[:99]), (2, weights[99:]))
    }
    weight_map = {f"tensor.{n}": name for n, name in enumerate(shards)}
    repository |= {**shards, "model.safetensors.index.json": json.dumps({"weight_map": weight_map}).encode()}
    answer = ask(None, hub.url, tmp_path)
    assert answer.result["asked"] == DEFAULT
    assert answer.result["note"] == answer.stderr == ""
    for name, data in shards.items():
        assert (Path(answer.result["directory"]) / name).read_bytes() == data


@pytest.fixture
def published(hub: Hub, files: dict[str, bytes]) -> Hub:
    """GPT-2's repository as on the real Hub: large files are kept elsewhere, and it has an old name."""
    hub.repositories[DEFAULT] |= dict.fromkeys(
        ("64.tflite", "flax_model.msgpack", "merges.txt", "rust_model.ot", "tf_model.h5", "vocab.json"), b"x"
    ) | {"tokenizer_config.json": b'{"model_max_length": 1024}'}
    hub.moved = {"gpt2": DEFAULT, "someone/old-name": "someone/tiny"}
    hub.stored = {"model.safetensors", "pytorch_model.bin"}
    return hub


@pytest.mark.parametrize("name", [None, DEFAULT, "gpt2"])
def test_gpt2_is_fetched_by_any_of_its_names_and_then_had_by_all(
    published: Hub, files: dict[str, bytes], tmp_path: Path, name: str | None
) -> None:
    answer = ask(name, published.url, tmp_path)
    directory = Path(answer.result["directory"])
    assert (directory / "model.safetensors").read_bytes() == files["model.safetensors"]
    assert {path.name for path in directory.iterdir()} == {
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "model.safetensors",
    }
    published.asked.clear()
    for other in (None, DEFAULT, "gpt2"):
        again = ask(other, published.url, tmp_path, HF_HUB_OFFLINE="1")
        assert again.result == {"directory": str(directory), "note": "", "asked": other or DEFAULT}
    assert published.asked == []


@pytest.mark.parametrize("old", ["gpt2", "gpt2-medium", "gpt2-large", "gpt2-xl", "distilgpt2"])
def test_a_cache_under_the_old_name_is_found(published: Hub, tmp_path: Path, old: str) -> None:
    """As transformers filled it before the Hub asked for a publisher's name."""
    new = {"distilgpt2": "distilbert/distilgpt2"}.get(old, f"openai-community/{old}")
    published.repositories[old] = published.repositories[DEFAULT]
    published.moved = {}
    code = """if True:
        import sys
        from huggingface_hub import hf_hub_download
        for file in ("config.json", "vocab.json", "merges.txt", "tokenizer.json", "model.safetensors"):
            hf_hub_download(sys.argv[1], file)
    """
    environment = {**os.environ, "HF_ENDPOINT": published.url, "HF_HOME": str(tmp_path), "NO_PROXY": "*"}
    subprocess.run([sys.executable, "-c", code, old], env=environment, check=True, stderr=subprocess.DEVNULL)
    for name in (old, new, *([None] if old == "gpt2" else [])):
        answer = ask(name, "http://hub.invalid", tmp_path)
        assert f"models--{old}/" in answer.result["directory"]
        assert answer.result["note"] == answer.stderr == ""


def test_a_repository_that_has_moved_is_followed(published: Hub, tmp_path: Path) -> None:
    published.repositories["someone/tiny"].pop("tokenizer.json")
    published.repositories["someone/tiny"] |= {"vocab.json": b"{}", "merges.txt": b""}
    answer = ask("someone/old-name", published.url, tmp_path)
    assert Path(answer.result["directory"], "merges.txt").exists()
    assert ask("someone/old-name", published.url, tmp_path, HF_HUB_OFFLINE="1").result == answer.result


@pytest.mark.parametrize(
    ("absent", "present", "message"),
    [
        (
            ("tokenizer.json",),
            ("tokenizer.model",),
            "has its tokenizer only as tokenizer.model, a SentencePiece file, which is not read; "
            "tokenizer.json is wanted",
        ),
        (("tokenizer.json",), ("vocab.json",), "holds no tokenizer.json"),
        (("pytorch_model.bin", "model.safetensors"), (), "holds no model.safetensors"),
        (
            ("config.json",),
            ("adapter_config.json",),
            "holds an adapter (LoRA) alone; the model that it was merged into is wanted, whole",
        ),
        (("config.json",), (), "holds no config.json; a model in Hugging Face format is wanted"),
    ],
)
def test_what_a_repository_lacks_is_said_before_its_weights_are_fetched(
    hub: Hub, tmp_path: Path, absent: tuple[str, ...], present: tuple[str, ...], message: str
) -> None:
    repository = hub.repositories["someone/tiny"]
    for file in absent:
        del repository[file]
    repository |= dict.fromkeys(present, b"x")
    assert ask("someone/tiny", hub.url, tmp_path).result["error"] == f"someone/tiny {message}"
    assert hub.files_asked() <= {"config.json"}


def test_a_cache_from_before_safetensors_is_named(hub: Hub, tmp_path: Path) -> None:
    snapshot = tmp_path / "hub" / "models--gpt2" / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (snapshot.parent.parent / "refs").mkdir()
    (snapshot.parent.parent / "refs" / "main").write_text("abc")
    for file in ("config.json", "tokenizer.json", "pytorch_model.bin"):
        (snapshot / file).write_bytes(b"{}")
    held = "; of its weights the cache has only pytorch_model.bin, a pickle"
    answer = ask("gpt2", closed_port(), tmp_path)
    assert answer.result["error"].startswith("GPT-2 could not be reached (")
    assert answer.result["error"].endswith(f"){held}; {INSTEAD}")
    default = ask(None, closed_port(), tmp_path)
    assert default.result["note"] == "GPT-2 could not be reached"
    assert default.stderr.endswith(f"){held}; storyteller runs in its place; {INSTEAD}\n")
    assert Path(ask("gpt2", hub.url, tmp_path).result["directory"], "model.safetensors").exists()


@pytest.mark.parametrize("name", ["x" * 3000, "a--b", "-x", "a/b/c", "café", "a\0b", "x" * 97, ""])
def test_a_name_that_is_none_is_one_short_line(name: str) -> None:
    with pytest.raises(ModelError, match="is neither a directory with a model, a GGUF file, a") as caught:
        resolve(name)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def closed_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("failure", ["closed", "silent", "busy", "offline", "no-name"])
def test_without_the_hub_storyteller_runs_within_five_seconds(hub: Hub, tmp_path: Path, failure: str) -> None:
    endpoint, environment = hub.url, {}
    if failure == "closed":
        endpoint = closed_port()
    elif failure == "silent":
        hub.silent.set()
    elif failure == "busy":
        hub.status = 503
    elif failure == "offline":
        environment = {"HF_HUB_OFFLINE": "1"}
    else:
        endpoint = "http://hub.invalid"
    answer = ask(None, endpoint, tmp_path, **environment)
    assert answer.seconds < 5
    assert answer.result["asked"] == "storyteller"
    assert answer.result["directory"] == str(STORYTELLER_DIRECTORY)
    assert answer.result["note"] == "GPT-2 could not be reached"
    assert answer.stderr.startswith("GPT-2 could not be reached (")
    assert answer.stderr.endswith(f"); storyteller runs in its place; {INSTEAD}\n")
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["someone/absent", "openai-community/gpt2-xl"])
def test_a_model_that_was_named_and_cannot_be_had_is_an_error(hub: Hub, tmp_path: Path, name: str) -> None:
    answer = ask(name, hub.url, tmp_path)
    label = {"openai-community/gpt2-xl": "GPT-2 XL"}.get(name, name)
    assert answer.result["error"].startswith(f"{label} could not be reached (")
    assert answer.result["error"].endswith(INSTEAD)
    assert answer.stderr == ""


@pytest.mark.parametrize("name", [None, "someone/tiny"])
def test_a_download_that_breaks_off_leaves_a_sound_cache(hub: Hub, tmp_path: Path, name: str | None) -> None:
    if name is None:
        hub.cut["model.safetensors"] = 99
        broken = ask(name, hub.url, tmp_path)
        assert broken.result["asked"] == "storyteller"
        assert broken.result["note"] == "the download of GPT-2 broke off"
        assert broken.stderr.startswith("the download of GPT-2 broke off (")
        assert broken.stderr.endswith(f"); storyteller runs in its place; {INSTEAD}\n")
        assert broken.stderr.count("\n") == 1
    else:
        hub.short = "model.safetensors"
        broken = ask(name, hub.url, tmp_path)
        assert broken.result["error"].startswith("the download of someone/tiny broke off (")
        assert broken.stderr == ""
    assert not list(tmp_path.rglob("model.safetensors"))
    assert not list(tmp_path.rglob("*.incomplete"))
    hub.cut, hub.short = {}, ""
    hub.asked.clear()
    whole = ask(name, hub.url, tmp_path)
    weights = Path(whole.result["directory"]) / "model.safetensors"
    assert weights.read_bytes() == hub.repositories["someone/tiny"]["model.safetensors"]
    fetched = {path.rpartition("/")[2] for command, path, _ in hub.asked if command == "GET"}
    assert "tokenizer.json" not in fetched  # what was whole is not fetched again


def test_a_connection_that_breaks_once_goes_on_where_it_stopped(hub: Hub, tmp_path: Path) -> None:
    weights = bytes(range(256)) * 50_000  # 12.8 MB: the client keeps what it has in steps of 10
    hub.repositories["someone/tiny"]["model.safetensors"] = weights
    hub.cut["model.safetensors"] = 1
    answer = ask("someone/tiny", hub.url, tmp_path)
    assert (Path(answer.result["directory"]) / "model.safetensors").read_bytes() == weights
    ranges = [asked for _, path, asked in hub.asked if path.endswith("model.safetensors") and asked]
    assert ranges == ["bytes=10485760-"]


def test_a_repository_with_a_pickle_alone_is_refused_unread(hub: Hub, tmp_path: Path) -> None:
    del hub.repositories["someone/tiny"]["model.safetensors"]
    answer = ask("someone/tiny", hub.url, tmp_path)
    assert answer.result["error"] == (
        "someone/tiny has its weights only as pytorch_model.bin, a pickle, which can run code when read; "
        "model.safetensors is wanted"
    )
    assert hub.files_asked() == {"config.json"}


def test_a_family_that_is_not_supported_is_refused_before_its_weights(hub: Hub, tmp_path: Path) -> None:
    hub.repositories["someone/tiny"]["config.json"] = (
        b'{"model_type": "gpt_neo", "auto_map": {"AutoModel": "x.y"}}'
    )
    answer = ask("someone/tiny", hub.url, tmp_path)
    assert answer.result["error"].startswith(
        "someone/tiny is of the family 'gpt_neo', which is not supported: its attention does not go through "
        "the library's attention registry; supported: GPT-2 (gpt2), Llama (llama), "
    )
    assert hub.files_asked() == {"config.json"}


@pytest.fixture
def local(tiny_directory: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_directory, tmp_path / "my model"))


def test_a_local_directory_is_a_model(local: Path) -> None:
    model = resolve(str(local))
    assert model.directory == local
    assert model.note == ""
    assert model.display_name(123_456) == "my model 123K"


def test_the_family_follows_from_the_class_and_the_ends_from_both_configs(local: Path) -> None:
    config = json.loads((local / "config.json").read_text())
    del config["model_type"]
    (local / "config.json").write_text(json.dumps(config))
    (local / "generation_config.json").write_text('{"eos_token_id": [5, 7]}')
    model = resolve(str(local))
    assert model.config == {**config, "model_type": "gpt2"}
    assert Vocabulary(local).end_ids(model.config, model.generation) == {0, 5, 7}
    (local / "generation_config.json").unlink()
    assert resolve(str(local)).generation == {}
    (local / "generation_config.json").write_text("[")
    with pytest.raises(ModelError, match=r"generation_config\.json cannot be read"):
        resolve(str(local))


def set_config(directory: Path, **values: Any) -> None:
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps(config | values))


def test_local_directories_that_cannot_be_used_are_refused(local: Path, tmp_path: Path) -> None:
    def refused(message: str, name: Path = local) -> None:
        with pytest.raises(ModelError, match=message) as caught:
            resolve(str(name))
        assert str(caught.value).isprintable()

    refused(
        "neither a directory with a model, a GGUF file, a Hub id, 'storyteller' nor 'smollm2'",
        tmp_path / "absent",
    )
    refused("neither a directory with a model", local / "config.json")
    set_config(local, scale_attn_by_inverse_layer_idx=True)
    refused("sets scale_attn_by_inverse_layer_idx in its config")
    set_config(local, scale_attn_by_inverse_layer_idx=False, model_type="bloom")
    refused("is of the family 'bloom', which is not supported: .*; supported: GPT-2")
    set_config(local, model_type="gpt2")
    (local / "tokenizer.json").rename(local / "elsewhere.json")
    refused("holds no tokenizer.json")
    (local / "tokenizer.model").write_bytes(b"x")
    refused("has its tokenizer only as tokenizer.model, a SentencePiece file")
    (local / "elsewhere.json").rename(local / "tokenizer.json")
    (local / "model.safetensors").rename(local / "pytorch_model.bin")
    refused(r"only as pytorch_model\.bin, a pickle")
    (local / "pytorch_model.bin").unlink()
    refused(r"holds no model\.safetensors")
    index = local / "model.safetensors.index.json"
    index.write_text('{"weight_map": {"a": "../../secret.safetensors"}}')
    refused("names files outside its directory")
    index.write_text('{"weight_map": {"a": "model-1.safetensors"}}')
    refused(r"holds no model-1\.safetensors")
    index.write_text("[]")
    refused("is not a JSON object")
    (local / "config.json").write_text("{")
    refused(r"config\.json cannot be read")
    (local / "config.json").unlink()
    refused(r"holds no config\.json")


@pytest.mark.parametrize("reference", [False, True])
def test_weights_that_do_not_fit_are_refused(local: Path, reference: bool) -> None:
    for values, message in (
        ({"n_layer": 4}, "the weights lack (12 tensors, the first of them transformer.)?h.3"),
        ({"n_embd": 48}, "the model cannot be loaded|by the config it is"),
        ({"n_layer": 3, "n_embd": 25}, "the model cannot be loaded|no config of a GPT-2"),
    ):
        set_config(local, **values)
        with pytest.raises(ModelError, match=message):
            network_of(local, reference)
    set_config(local, n_layer=3, n_embd=24)
    weights = (local / "model.safetensors").read_bytes()
    (local / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ModelError, match=r"the model cannot be loaded|cannot be read as safetensors"):
        network_of(local, reference)


def test_storyteller_is_there_whatever_lies_in_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "storyteller").mkdir()
    monkeypatch.chdir(tmp_path)
    model = resolve("storyteller")
    assert model.directory == STORYTELLER_DIRECTORY
    assert model.display_name(8_481_280) == "storyteller 8M"
    weights = (STORYTELLER_DIRECTORY / "model.safetensors").read_bytes()
    assert model.weights_sha256() == hashlib.sha256(weights).hexdigest()
