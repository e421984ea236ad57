"""What pictures call models: by ids as they are on the Hub, by files' metadata as converters write them."""

from pathlib import Path
from typing import Any

import pytest

from model_probe.models import ResolvedModel
from model_probe.names import display_name, gguf_name

HASH = "607a30d783dfa663caf39e06633721c8d4cfcd7e"
BLOB = "sha256-74701a8c35f6c8d9a4b91f3f3497643001d63e0c7a84e085bed452548fa88d45"


@pytest.mark.parametrize(
    ("asked", "parameters", "shown"),
    [
        ("openai-community/gpt2", 124_439_808, "GPT-2 124M"),
        ("gpt2", 124_439_808, "GPT-2 124M"),
        ("openai-community/gpt2-medium", 354_823_168, "GPT-2 Medium 355M"),
        ("openai-community/gpt2-xl", 1_557_611_200, "GPT-2 XL 1.6B"),
        ("distilbert/distilgpt2", 81_912_576, "DistilGPT2 82M"),
        ("someone/gpt2", 124_439_808, "gpt2 124M"),
        ("someone/their-model", 900, "their-model 1K"),
        ("microsoft/DialoGPT-small", 124_439_808, "DialoGPT-small 124M"),
        ("HuggingFaceTB/SmolLM2-135M", 134_515_008, "SmolLM2 135M"),
        ("HuggingFaceTB/SmolLM2-135M-Instruct", 134_515_008, "SmolLM2 135M Instruct"),
        ("HuggingFaceTB/SmolLM2-360M-Instruct", 361_821_120, "SmolLM2 360M Instruct"),
        ("HuggingFaceTB/SmolLM3-3B", 3_075_098_624, "SmolLM3 3B"),
        ("EleutherAI/pythia-70m", 70_426_624, "Pythia 70M"),
        ("EleutherAI/pythia-1.4b-deduped", 1_414_647_808, "Pythia 1.4B deduped"),
        ("facebook/opt-125m", 125_239_296, "OPT 125M"),
        ("facebook/opt-1.3b", 1_315_758_080, "OPT 1.3B"),
        ("Qwen/Qwen2.5-0.5B-Instruct", 494_032_768, "Qwen2.5 0.5B Instruct"),
        ("Qwen/Qwen3-0.6B", 596_049_920, "Qwen3 0.6B"),
        ("meta-llama/Llama-3.2-1B", 1_235_814_400, "Llama 3.2 1B"),
        ("meta-llama/Llama-2-7b-hf", 6_738_415_616, "Llama 2 7B"),
        ("meta-llama/Llama-2-7b-chat-hf", 6_738_415_616, "Llama 2 7B chat"),
        ("TinyLlama/TinyLlama-1.1B-Chat-v1.0", 1_100_048_384, "TinyLlama 1.1B Chat v1.0"),
        ("mistralai/Mistral-7B-v0.1", 7_241_732_096, "Mistral 7B v0.1"),
        ("google/gemma-2-2b-it", 2_614_341_888, "Gemma 2 2B it"),
        ("google/gemma-3-270m", 268_098_176, "Gemma 3 270M"),
        ("microsoft/Phi-3-mini-4k-instruct", 3_821_079_552, "Phi-3-mini-4k-instruct 3.8B"),
        ("EleutherAI/gpt-neox-20b", 20_554_567_680, "GPT-NeoX 20B"),
        ("karpathy/stories15M", 15_191_712, "stories15M"),
        ("someone/SmolLM2-135M-Instruct", 3_500, "SmolLM2 4K Instruct"),  # what was counted is what it has
        ("someone/7B", 7_000_000_000, "7B 7.0B"),  # a size alone is a name
    ],
)
def test_hub_ids(asked: str, parameters: int, shown: str) -> None:
    assert ResolvedModel(asked, Path(), "", {}).display_name(parameters) == shown


@pytest.mark.parametrize(
    ("place", "config", "shown"),
    [
        (f"hub/models--openai-community--gpt2/snapshots/{HASH}", {}, "GPT-2 124M"),
        (f"hub/models--gpt2/snapshots/{HASH}", {}, "GPT-2 124M"),
        (f"hub/models--someone--a--b/snapshots/{HASH}", {}, "a--b 124M"),
        ("mine", {"_name_or_path": "openai-community/gpt2"}, "mine 124M"),  # which it was made from
        ("SmolLM2-135M-Instruct", {}, "SmolLM2 135M Instruct"),
        ("my model", {}, "my model 124M"),
        ("gpt2", {}, "GPT-2 124M"),
    ],
)
def test_directories(tmp_path: Path, place: str, config: dict[str, Any], shown: str) -> None:
    directory = tmp_path / place
    directory.mkdir(parents=True)
    for asked in (str(directory), f"{directory}/", f"{directory}/../{directory.name}"):
        assert ResolvedModel(asked, directory, "", config).display_name(124_439_808) == shown


def test_the_current_directory_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path / "mine")
    assert ResolvedModel(".", Path(), "", {}).display_name(1_000_000) == "mine 1M"


def test_a_link_into_the_hub_s_cache_is_the_cached_model(tmp_path: Path) -> None:
    snapshot = tmp_path / f"models--openai-community--gpt2-medium/snapshots/{HASH}"
    snapshot.mkdir(parents=True)
    (tmp_path / "link").symlink_to(snapshot)
    named = ResolvedModel(str(tmp_path / "link"), tmp_path / "link", "", {})
    assert named.display_name(354_823_168) == "GPT-2 Medium 355M"


SMOLLM2 = {"name": "Smollm2 135M 8k Lc100K Mix1 Ep2", "finetune": "8k-lc100k-mix1-ep2"}


@pytest.mark.parametrize(
    ("general", "file", "parameters", "shown"),
    [
        ({**SMOLLM2, "basename": "smollm2", "size_label": "135M"}, "x.gguf", 134_515_008, "SmolLM2 135M"),
        (
            {
                "basename": "Llama-3.2",
                "size_label": "1B",
                "finetune": "Instruct",
                "name": "Llama 3.2 1B Instruct",
            },
            "x.gguf",
            1_235_814_400,
            "Llama 3.2 1B Instruct",
        ),
        (
            {"basename": "Mistral", "size_label": "7B", "finetune": "Instruct", "version": "v0.3"},
            "x.gguf",
            7_248_023_552,
            "Mistral 7B Instruct v0.3",
        ),
        ({"basename": "gpt2", "size_label": "124M"}, "x.gguf", 124_439_808, "GPT-2 124M"),
        ({"basename": "gpt2"}, "x.gguf", 124_439_808, "GPT-2 124M"),
        ({"basename": "smollm2", "size_label": "135M"}, "x.gguf", 3_500, "SmolLM2 4K"),
        ({"name": "gpt2"}, "x.gguf", 124_439_808, "GPT-2 124M"),
        ({"name": "Meta-Llama-3-8B-Instruct"}, "x.gguf", 8_030_261_248, "Meta-Llama 3 8B Instruct"),
        ({"name": "models/TinyLlama-1.1B"}, "x.gguf", 1_100_048_384, "TinyLlama 1.1B"),
        ({"name": "."}, "SmolLM2-135M-Instruct.Q4_K_M.gguf", 134_515_008, "SmolLM2 135M Instruct"),
        ({}, "qwen2.5-0.5b-instruct-q8_0.gguf", 494_032_768, "Qwen2.5 0.5B Instruct"),
        ({}, "tiny.F16.gguf", 1_000, "tiny 1K"),
        ({}, BLOB, 1_235_814_400, "Llama 1.2B"),
        ({"name": HASH}, BLOB, 1_235_814_400, "Llama 1.2B"),
    ],
)
def test_gguf_files(general: dict[str, str], file: str, parameters: int, shown: str) -> None:
    values = {f"general.{key}": value for key, value in general.items()} | {"general.architecture": "llama"}
    assert display_name(gguf_name(values, Path(file)), parameters) == shown


def test_metadata_of_other_types_are_no_names() -> None:
    values = {"general.name": 7, "general.basename": ["a"], "general.architecture": "llama"}
    assert gguf_name(values, Path("a.gguf")) == "a"
