"""The mirror test: both results are computed from q, k and v, and every number on screen is theirs."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_probe.trace import Trace
from scenes.chosen_head import worth_showing
from tests.scenes.conftest import GoesRed, Play, Traces


def vectors(trace: Trace) -> tuple[Any, Any, Any]:
    layer, head = worth_showing(trace)
    q_TK, k_TK = trace.q_LHTK[layer, head], trace.keys(layer, head)
    return q_TK.astype(float), k_TK.astype(float), trace.values(layer, head).astype(float)


def masked_softmax(scores_TS: Any) -> Any:
    odds_TS = np.exp(np.where(np.tri(len(scores_TS)) > 0, scores_TS, -np.inf) - scores_TS.max())
    return odds_TS / odds_TS.sum(axis=-1, keepdims=True)


def number(words: str) -> float:
    return float(words.replace("−", "-").split(" ")[0])


def check_wings(scene: Any, trace: Trace) -> None:
    """The open grid is the captured scores; folded with itself k·k is its own mirror image to the digit."""
    q_TK, k_TK, _ = vectors(trace)
    both, one = q_TK @ k_TK.T * trace.facts.scale, k_TK @ k_TK.T * trace.facts.scale
    np.testing.assert_allclose(both, trace.scores_LHTS[worth_showing(trace)], atol=1e-4)
    for beat, scores in (("turn", both), ("same", one), ("fold", one), ("differ", both)):
        at = scene[beat]
        expected = (scores - scores.min()) / (scores.max() - scores.min())
        np.testing.assert_allclose(at.butterfly.shades, expected, atol=1e-5)
        assert number(at.panel.apart.number.string) == pytest.approx(
            np.abs(scores - scores.T).max(), abs=0.051
        )
        ends = [number(each.string) for each in (at.panel.legend.low, at.panel.legend.high)]
        assert ends == pytest.approx([scores.min(), scores.max()], abs=0.051)
        allowed = np.where(np.tri(len(scores)) > 0, scores, -np.inf)[1:]
        own = int((allowed.argmax(axis=-1) == np.arange(1, len(scores))).sum())
        assert number(at.panel.own.number.string) == own
    assert scene["fold"].panel.apart.number.string == "0.0"
    assert (scene["fold"].butterfly.folded, scene["fold"].butterfly.compared) == (90, 1)
    np.testing.assert_array_equal(scene["fold"].butterfly.shades, scene["fold"].butterfly.shades.T)


def check_pair(scene: Any, trace: Trace) -> None:
    """The pair that differs most, both ways."""
    q_TK, k_TK, _ = vectors(trace)
    both = q_TK @ k_TK.T * trace.facts.scale
    later, earlier = scene.vectors.pair
    assert later >= earlier
    assert abs(both[later, earlier] - both[earlier, later]) == pytest.approx(np.abs(both - both.T).max())
    shown = [number(way[-1].string) for way in scene["pair"].asking]
    assert shown == pytest.approx([both[later, earlier], both[earlier, later]], abs=0.051)
    assert set(scene["pair"].butterfly.marked) == {(later, earlier), (earlier, later)}


def check_results(scene: Any, trace: Trace) -> None:
    """softmax(q·k)v is the head's captured output; softmax(q·v)v, the cosine and its ruler are computed."""
    q_TK, k_TK, v_TK = vectors(trace)
    results = []
    for shown, other_TK in zip(scene["result"].weighings, (k_TK, v_TK), strict=True):
        weights_TS = masked_softmax(q_TK @ other_TK.T * trace.facts.scale)
        np.testing.assert_allclose(shown.picture.heat.values, weights_TS, atol=1e-5)
        results.append(weights_TS @ v_TK)
    np.testing.assert_allclose(results[0], trace.z_LHTK[worth_showing(trace)], atol=1e-4)
    for strip, result in zip(scene["result"].results.strips, results, strict=True):
        np.testing.assert_allclose(strip.values[0], result[-1], rtol=1e-3, atol=1e-4)
    lengths = [np.linalg.norm(result, axis=-1) for result in results]
    cosines = (results[0] * results[1]).sum(axis=-1) / (lengths[0] * lengths[1])
    part = scene["result"].results
    assert number(part.cosine.number.string) == pytest.approx(cosines[-1], abs=0.0051)
    assert part.mark.value == pytest.approx(cosines[-1], abs=1e-4)
    np.testing.assert_allclose(part.ruler.peers, cosines, atol=1e-4)


def check_dials(scene: Any, trace: Trace) -> None:
    """Each token's largest weight given, mean weight received, and length of value."""
    q_TK, k_TK, v_TK = vectors(trace)
    weights_TS = masked_softmax(q_TK @ k_TK.T * trace.facts.scale)
    found = weights_TS.sum(axis=0) / np.arange(len(weights_TS), 0, -1)
    assert scene.places == np.argsort(-found, kind="stable")[:8].tolist()
    measured = (100 * weights_TS.max(axis=-1), 100 * found, np.linalg.norm(v_TK, axis=-1))
    for numbers, values, digits in zip(scene.dials.numbers, measured, (0.51, 0.51, 0.051), strict=True):
        shown = [number(each.string.replace("< ", "")) for each in numbers]
        assert shown == pytest.approx(values[scene.places], abs=digits)


CHECKS = {check_wings: "k_LHTK", check_pair: "q_LHTK", check_results: "v_LHTK", check_dials: "v_LHTK"}


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_shown_is_computed_from_the_trace(check: Any, trace: Trace, play: Play) -> None:
    check(play("why_three", trace), trace)


@pytest.mark.parametrize(("check", "name"), CHECKS.items())
def test_an_altered_tensor_is_seen(check: Any, name: str, goes_red: GoesRed) -> None:
    goes_red("why_three", check, name, lambda tensor: tensor * 1.2)


def test_one_token_has_no_wings(traces: Traces, play: Play) -> None:
    scene = play("why_three", traces["1 token"])
    assert "pair" not in scene
    assert scene["result"].results.cosine.number.string == "1.00"
    assert "its own value" in scene.said["result"]


def test_a_long_prompt_shows_the_largest_of_each_cell(traces: Traces, play: Play) -> None:
    scene = play("why_three", traces["1000 tokens"])
    assert scene.butterfly.shades.shape == (96, 96)
    later, earlier = scene.vectors.pair
    row, column = scene.butterfly.cell_of(later, earlier)
    starts = np.unique(np.arange(96) * 1000 // 96)
    assert starts[row] <= later < np.append(starts, 1000)[row + 1]
    assert starts[column] <= earlier < np.append(starts, 1000)[column + 1]


def test_shared_keys_and_positions_in_them_are_named(tmp_path: Path, play: Play) -> None:
    from dataclasses import replace

    from scenes.matching import Matching
    from scenes.why_three_words import notes

    lone = Matching(*(np.ones((2, 4)),) * 3, np.tri(2, dtype=bool), 0.5, None, 1, False)
    assert notes(lone) == []
    said = notes(replace(lone, group=3, turned=True))
    assert "3 query heads share" in said[0]
    assert "turned by their positions" in said[1]
