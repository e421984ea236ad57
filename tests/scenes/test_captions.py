"""Sentences that state a fact are said where it is one, and not where it is none."""

from pathlib import Path

import pytest

from model_probe.record import record
from model_probe.trace import Trace
from scenes import load
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.test_other_families import save


def said(name: str, trace: Path, layer: int | None = None) -> dict[str, str]:
    return {beat.name: beat.narration for beat in rehearse(load(name), Settings(trace, layer=layer)).beats}


@pytest.fixture(scope="module")
def windowed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Gemma 2 whose layers 0 and 2 see the last four tokens only."""
    directory = tmp_path_factory.mktemp("gemma")
    save("Gemma2Config", directory)
    return record(
        "The king and the queen lived", directory / "trace.safetensors", model=str(directory), steps=1
    )


def test_a_window_is_told_of_where_there_is_one(windowed: Path, storyteller_trace: Path) -> None:
    assert Trace.open(windowed).mask(0).sum(axis=-1).max() == 4
    assert "sees the last 4 tokens only" in said("mask", windowed, layer=0)["mask"]
    for trace, layer in ((windowed, 1), (storyteller_trace, 0)):
        caption = said("mask", trace, layer=layer)["mask"]
        assert "right of the diagonal becomes −∞" in caption
        assert "only" not in caption


def test_a_head_has_a_habit_where_it_does_more_than_look_everywhere_alike(
    windowed: Path, storyteller_trace: Path
) -> None:
    habit, none = (said("heads", trace)["previous"] for trace in (storyteller_trace, windowed))
    assert Trace.open(storyteller_trace).head_previous_LH[:].max() > 2 * 0.23
    assert "Some heads do something that has a name." in habit
    best = float(Trace.open(windowed).head_previous_LH[:].max())
    assert f"{best:.1%}".replace("%", " %") in none
    chance = sum(1 / n for n in range(2, 8)) / 6
    assert f"everywhere alike would give {100 * chance:.1f} %" in none


def test_a_single_token_has_no_other_positions(tmp_path: Path, storyteller_trace: Path) -> None:
    alone = record("Once", tmp_path / "t.safetensors", model="storyteller", steps=1)
    assert Trace.open(alone).n_tokens == 1
    assert "other position" not in said("overview", alone)["last_vector"]
    assert "Every other position predicts its own." in said("overview", storyteller_trace)["last_vector"]


def test_two_that_read_the_same_stream_are_not_told_as_one_after_the_other(
    tmp_path: Path, storyteller_trace: Path
) -> None:
    save("GPTNeoXConfig", tmp_path)
    side_by_side = record("The king and", tmp_path / "t.safetensors", model=str(tmp_path), steps=1)
    for trace, parallel in ((side_by_side, True), (storyteller_trace, False)):
        assert Trace.open(trace).has("resid_mid_LTD") is not parallel
        words = said("overview", trace)
        assert ("At the same time, an MLP reads the same vectors" in words["mlp"]) is parallel
        assert ("Then an MLP" in words["mlp"]) is not parallel
        assert ("side by side" in words["layers"]) is parallel
        assert ("The same two steps" in words["layers"]) is not parallel


@pytest.mark.parametrize(
    ("family", "heads", "counted"),
    [
        ("LlamaConfig", 4, "One layer of 4 heads: 4 patterns"),
        ("GPTNeoXConfig", 1, "One layer with one head: its one pattern"),
    ],
)
def test_one_layer_is_not_counted_in_the_plural(
    tmp_path: Path, family: str, heads: int, counted: str
) -> None:
    keys = {"num_key_value_heads": 2} if family == "LlamaConfig" else {}
    save(family, tmp_path, num_hidden_layers=1, num_attention_heads=heads, **keys)
    trace = record("The king and", tmp_path / "t.safetensors", model=str(tmp_path), steps=1)
    assert Trace.open(trace).facts.n_layer == 1
    overview, count = said("overview", trace), said("heads", trace)["count"]
    assert overview["layers"].startswith("This model has one layer only.")
    assert ("Its one step has a cosine of" in overview["cross_section"]) is (family == "GPTNeoXConfig")
    assert count.startswith(counted)
    for narration in (*overview.values(), count):
        assert "1 layers" not in narration
        assert "1 heads" not in narration
        assert "1 steps" not in narration
