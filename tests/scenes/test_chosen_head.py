from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_probe.errors import MissingTensor
from model_probe.trace import Trace, write_trace
from scenes.chosen_head import matched_key, worth_showing

LAYERS, HEADS = 3, 2
Make = Callable[..., Trace]


@pytest.fixture
def make(trace: Trace, tmp_path: Path) -> Make:
    """A trace of 3 × 2 heads that holds just these patterns and scores."""

    def build(pattern_LHTS: NDArray[np.float32], scores_LHTS: NDArray[np.float32] | None = None) -> Trace:
        tensors: dict[str, NDArray[Any]] = {"pattern_LHTS": pattern_LHTS}
        tensors["token_ids_T"] = np.zeros(pattern_LHTS.shape[-1], dtype=np.int64)
        if scores_LHTS is not None:
            tensors["scores_LHTS"] = scores_LHTS
        facts = replace(trace.facts, n_layer=LAYERS, n_head=HEADS, n_kv_head=HEADS, projected=[])
        return Trace.open(write_trace(tmp_path / "heads.safetensors", tensors, facts))

    return build


def first_token_heads(tokens: int) -> NDArray[np.float32]:
    pattern_LHTS = np.zeros((LAYERS, HEADS, tokens, tokens), dtype=np.float32)
    pattern_LHTS[..., 0] = 1
    return pattern_LHTS


def link(pattern_LHTS: NDArray[np.float32], layer: int, head: int, key: int, weight: float) -> None:
    pattern_LHTS[layer, head, -1] = 0
    pattern_LHTS[layer, head, -1, key] = weight
    pattern_LHTS[layer, head, -1, 0] += 1 - weight


@pytest.mark.parametrize("obvious", [0, 6, 7], ids=["first", "previous", "self"])
def test_a_link_that_is_not_obvious_beats_a_stronger_one_that_is(make: Make, obvious: int) -> None:
    pattern_LHTS = first_token_heads(8)
    link(pattern_LHTS, 0, 1, obvious, 0.9)
    link(pattern_LHTS, 2, 0, 3, 0.4)
    assert worth_showing(make(pattern_LHTS)) == (2, 0)


def test_vectors_that_point_the_same_way_beat_a_larger_weight(make: Make) -> None:
    pattern_LHTS = first_token_heads(8)
    link(pattern_LHTS, 0, 1, 4, 0.9)
    link(pattern_LHTS, 2, 0, 3, 0.4)
    scores_LHTS = np.full_like(pattern_LHTS, -20)
    scores_LHTS[0, 1, -1, 4] = -1
    scores_LHTS[2, 0, -1, 3] = 2
    shown = make(pattern_LHTS, scores_LHTS)
    assert worth_showing(shown) == (2, 0)
    assert matched_key(shown, 2, 0) == 3


@pytest.mark.parametrize(("tokens", "key"), [(3, 1), (2, 0), (1, 0)])
def test_a_prompt_too_short_for_such_a_link_has_a_head_all_the_same(
    make: Make, tokens: int, key: int
) -> None:
    pattern_LHTS = np.full((LAYERS, HEADS, tokens, tokens), 0.1, dtype=np.float32)
    pattern_LHTS[1, 1, -1, key] = 0.8
    assert worth_showing(make(pattern_LHTS)) == (1, 1)


def test_the_first_token_is_never_the_match_where_there_are_others(make: Make) -> None:
    scores_LHTS = np.zeros((LAYERS, HEADS, 5, 5), dtype=np.float32)
    scores_LHTS[..., 0] = 9
    scores_LHTS[..., 2] = 1
    assert matched_key(make(first_token_heads(5), scores_LHTS), 0, 0) == 2


def test_a_trace_without_patterns_says_so(trace: Trace, tmp_path: Path) -> None:
    bare = write_trace(
        tmp_path / "bare.safetensors", {"token_ids_T": np.zeros(4, dtype=np.int64)}, trace.facts
    )
    with pytest.raises(MissingTensor, match="pattern_LHTS"):
        worth_showing(Trace.open(bare))
