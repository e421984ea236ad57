"""A trace of schema 1.1 plays in every scene: what it lacks falls away, nothing more."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from model_probe.trace import Facts, Trace, write_trace
from scenes import SCENES, load
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings

SINCE_1_2 = {
    *("typo_span_2", "scores_last_LHS", "pattern_last_LHS", "induction_pattern_RR"),
    *("query_weight_KD", "query_bias_K", "key_weight_KD", "key_bias_K"),
}
FACTS_SINCE_1_2 = {
    *("added_after", "message", "changes", "changed_places", "asked", "projected", "one_head"),
    "quantization",
}


@pytest.fixture
def earlier(trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trace:
    """The trace as version 1.1 wrote it."""

    def as_of_1_1(facts: Facts) -> str:
        kept = {name: value for name, value in asdict(facts).items() if name not in FACTS_SINCE_1_2}
        return json.dumps(kept, sort_keys=True, separators=(",", ":"))

    tensors = {name: np.asarray(getattr(trace, name)) for name in trace.tensor_names if name not in SINCE_1_2}
    with monkeypatch.context() as patch:
        patch.setattr(Facts, "to_json", as_of_1_1)
        path = write_trace(tmp_path / "earlier.safetensors", tensors, replace(trace.facts, schema="1.1"))
    return Trace.open(path)


def test_it_is_sound(earlier: Trace) -> None:
    assert earlier.facts.schema == "1.1"
    assert earlier.has("typo_ids_U")
    earlier.check_bytes()


@pytest.mark.parametrize("name", SCENES)
def test_every_scene_plays(name: str, earlier: Trace, trace: Trace) -> None:
    beats, now = (
        [beat.name for beat in rehearse(load(name), Settings(each.path)).beats] for each in (earlier, trace)
    )
    assert beats == ([beat for beat in now if beat != "typo"] if name == "tokens" else now)
