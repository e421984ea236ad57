"""Every scene on other families: it plays, or says which tensor it wants that the family has not."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from model_probe import attribution
from model_probe.errors import MissingTensor
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.plan import Selection
from model_probe.record import record
from model_probe.trace import Trace
from scenes import SCENES, load
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.conftest import lacks

SIZES = {"vocab_size": 8192, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4}
SIZES |= {"max_position_embeddings": 128, "intermediate_size": 48}
SIZES |= {"pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}
CONFIGS: dict[str, dict[str, Any]] = {
    "LlamaConfig": {"num_key_value_heads": 2},
    "Gemma2Config": {"num_key_value_heads": 2, "head_dim": 12, "sliding_window": 4},
    "GPTNeoXConfig": {},
    "OPTConfig": {"ffn_dim": 48, "word_embed_proj_dim": 16, "do_layer_norm_before": False},
}
HAS_NONE = {  # what a family does not have, of what scenes cannot do without
    # attention reads the stream itself, and norms behind every sum make of no part a share of the end
    "OPTConfig": {"ln1_LTD", *attribution.NAMES},
}


def save(name: str, directory: Path, **sizes: int) -> None:
    library: Any = transformers
    torch.manual_seed(1)
    config = getattr(library, name)(**SIZES | CONFIGS[name] | sizes)
    library.AutoModelForCausalLM.from_config(config).save_pretrained(directory)
    tokenizer = json.loads((STORYTELLER_DIRECTORY / "tokenizer.json").read_text())
    tokenizer["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
        ],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {"<|endoftext|>": {"id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"]}},
    }
    (directory / "tokenizer.json").write_text(json.dumps(tokenizer))
    (directory / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')


@pytest.fixture(scope="module", params=CONFIGS)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    directory = tmp_path_factory.mktemp(request.param)
    save(request.param, directory)
    out, whole = directory / "trace.safetensors", Selection(runs=True)
    trace = record("The king and the queen", out, model=str(directory), steps=2, selection=whole)
    assert Trace.open(trace).facts.added_tokens == 1
    return request.param, trace


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_plays_or_says_what_is_missing(family: tuple[str, Path], name: str) -> None:
    missing = lacks(name, Trace.open(family[1]))
    assert missing <= HAS_NONE.get(family[0], set())
    if not missing:
        scene = rehearse(load(name), Settings(family[1]))
        assert len(scene.beats) >= 3
    else:
        with pytest.raises(MissingTensor, match=f"has no ({'|'.join(missing)})"):
            rehearse(load(name), Settings(family[1]))


def test_the_score_that_is_worked_out_is_the_one_in_the_trace(family: tuple[str, Path]) -> None:
    trace = Trace.open(family[1])
    if not trace.has("ln1_LTD"):
        assert lacks("query_key", trace) == {"ln1_LTD"}
        return
    scene: Any = rehearse(load("query_key"), Settings(family[1], layer=1, head=3))
    dot = float(scene.score.work.sums[-1])
    score = dot * trace.facts.scale
    cap = trace.facts.attention_softcap
    score = score if cap is None else cap * np.tanh(score / cap)
    assert np.isclose(trace.scores_LHTS[1, 3][-1], score, atol=1e-4).any()


def test_one_kept_head_is_enough_for_the_scenes_about_one(tmp_path: Path) -> None:
    selection = Selection(layers=(5,), heads=(2,))
    path = record("The king and the queen", tmp_path / "t", model="storyteller", selection=selection)
    for name in ("query_key", "mask"):
        scene: Any = rehearse(load(name), Settings(path))
        assert scene.shown == (5, 2)
    with pytest.raises(MissingTensor, match="head 2 of pattern_LHTS; Mask shows layer 1, head 2"):
        rehearse(load("mask"), Settings(path, layer=1, head=2))
    with pytest.raises(MissingTensor, match="keeps only layer 5 and head 2 of pattern_LHTS; "):
        rehearse(load("heads"), Settings(path))
