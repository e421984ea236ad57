"""What is kept is what would be computed anew, as far as was measured; costs are those of the shapes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_probe.errors import MissingTensor
from model_probe.record import record
from model_probe.trace import Trace
from scenes import load
from scenes.cache_cost import CacheCost
from scenes.chosen_head import worth_showing
from scenes.mobjects.numerals import figures
from scenes.reads import parse, wanted
from scenes.settings import Settings
from tests.scenes.conftest import GoesRed, Lacking, Play, Traces


def number(words: str) -> float:
    return float(words.replace(",", "").replace("−", "-").split(" ")[0])


def check_panes(scene: Any, trace: Trace) -> None:
    """Lit, a pane is the largest |number| of its token and layer; all are counted, then the last ones."""
    size_LN = trace.again_size_LT1[...]
    again, cache = scene["again"].pictures, scene["cache"].pictures
    np.testing.assert_allclose(again.wall.values, size_LN)
    assert (again.wall.light == 1).all()
    assert number(again.counted.number.string) == size_LN.size
    np.testing.assert_allclose(cache.wall.values, size_LN)
    assert number(cache.counted.number.string) == len(size_LN)
    np.testing.assert_allclose(cache.wall.frost, 1)
    assert cache.wall.apart == 1
    assert scene["step"].pictures.chip.piece == trace.token_name(int(trace.step_ids_G[0]))


def check_gap(scene: Any, trace: Trace) -> None:
    """The wall holds the captured differences; the largest is printed, and so is what it is beside."""
    gap_LT, size_LN = trace.cache_gap_LT[...], trace.again_size_LT1[...]
    at = scene["wall"]
    np.testing.assert_allclose(at.pictures.wall.values[:, :-1], gap_LT)
    np.testing.assert_allclose(at.pictures.wall.values[:, -1], size_LN[:, -1])
    for largest in (gap_LT.max(), size_LN.max()):
        assert any(figures(float(largest)) in words for words in at.words if words not in at.narration)
        assert figures(float(largest)) in at.narration
    peers = at.pictures.ruler.peers
    np.testing.assert_allclose(sorted(peers), sorted([*gap_LT[gap_LT > 0], *size_LN.ravel()]))
    assert [mark.value for mark in at.pictures.ruler.marks] == pytest.approx([gap_LT.max(), size_LN.max()])


def check_keys(scene: Any, trace: Trace) -> None:
    """One head's keys, the same anew, and what is left of them."""
    keys_TK, again_TK = trace.keys(*worth_showing(trace)), trace.again_k_TK[:]
    shown = scene["head"].pictures.subtracted
    for picture, values in zip(shown.pictures, (keys_TK, again_TK, keys_TK - again_TK), strict=True):
        np.testing.assert_allclose(picture.values, np.abs(values.T), atol=1e-9)
    assert shown.largest.number.string == figures(float(np.abs(keys_TK - again_TK).max()))
    assert shown.largest.number.string in scene.said["head"]


def check_grid(scene: Any, trace: Trace) -> None:
    """Older rows are the captured weights, and stay so while the new column and row come."""
    pattern_TS, grown = trace.pattern_LHTS[worth_showing(trace)], scene["mask"].pictures.grown
    for (query, key), look in grown.grid.looks.items():
        if query == trace.n_tokens:
            assert look.seen == 1
        elif key > query:
            assert look.seen == 0
        else:
            assert look.glow**2 == pytest.approx(pattern_TS[query, key], abs=1e-6)


def check_logits(scene: Any, trace: Trace) -> None:
    """Every thread leads from a captured logit to the next step's."""
    before_V, after_V = trace.step_logits_GV[:2]
    marks = scene["logits"].pictures.marks
    assert marks.moved == 1
    ends = [(thread.get_start()[0], thread.get_end()[0]) for thread in marks.threads]
    box, axis = marks.box, marks.axis
    for token, (start, end) in zip(marks.ids, ends, strict=True):
        assert start == pytest.approx(box.left + float(axis.share(before_V[token])) * box.width, abs=1e-6)
        assert end == pytest.approx(box.left + float(axis.share(after_V[token])) * box.width, abs=1e-6)
    assert (axis.low, axis.high) == pytest.approx(
        (min(before_V.min(), after_V.min()), max(before_V.max(), after_V.max()))
    )
    assert set(np.argsort(-before_V)[:3]) | set(np.argsort(-after_V)[:3]) == set(marks.ids)
    rank = 1 + int((after_V > after_V[before_V.argmax()]).sum())
    assert f"to {rank}." in scene.said["logits"] or (rank == 1 and "still leads" in scene.said["logits"])


CHECKS = {
    check_panes: "again_size_LT1",
    check_gap: "cache_gap_LT",
    check_keys: "again_k_TK",
    check_grid: "pattern_LHTS",
    check_logits: "step_logits_GV",
}


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_on_screen_is_in_the_trace(check: Any, trace: Trace, play: Play) -> None:
    check(play("kv_cache", trace), trace)


@pytest.mark.parametrize(("check", "name"), CHECKS.items())
def test_an_altered_tensor_is_seen(check: Any, name: str, goes_red: GoesRed) -> None:
    def change(tensor: Any) -> Any:
        return tensor[::-1] if name == "step_logits_GV" else 0.8 * tensor

    goes_red("kv_cache", check, name, change)


def test_costs_are_counted_out_loud(trace: Trace, play: Play) -> None:
    """Each product of one step, one after the other, beside the formula; the numbers shown are its."""
    facts = trace.facts
    cost, tokens = CacheCost.of(facts), trace.n_tokens + 1
    assert int(cost.without(tokens)) == counted(facts, range(1, tokens + 1))
    assert int(cost.reusing(tokens)) == counted(facts, [tokens])
    held = 2 * facts.n_layer * facts.kv_heads * facts.d_head * 4
    assert int(cost.memory(tokens)) == tokens * held
    scene = play("kv_cache", trace)
    n, without, reusing, times = (
        number(each.number.string) for each in scene["cost"].pictures.curves.numbers
    )
    assert n == facts.n_ctx
    assert (without, reusing) == (int(cost.without(facts.n_ctx)), int(cost.reusing(facts.n_ctx)))
    assert times == pytest.approx(without / reusing, abs=0.51)
    memory = scene["memory"].pictures.memory
    assert memory.cache.width / memory.weights.width == pytest.approx(
        float(cost.memory(facts.n_ctx)) / (4 * facts.n_parameters), rel=1e-6
    )


def counted(facts: Any, places: Any, window: int | None = None) -> int:
    """The multiplications of running the tokens at these places, product by product."""
    width, inner, shared = facts.d_model, facts.n_head * facts.d_head, facts.kv_heads * facts.d_head
    total = width * facts.n_vocab
    for _layer in range(facts.n_layer):
        for place in places:
            total += width * inner + width * shared + width * shared + inner * width
            total += (3 if facts.gated else 2) * width * facts.d_mlp
            for _head in range(facts.n_head):
                seen = place if window is None else min(place, window)
                total += seen * facts.d_head + seen * facts.d_head
    return int(total)


def test_windows_and_shared_heads_are_in_the_costs(trace: Trace) -> None:
    from dataclasses import replace

    facts = replace(trace.facts, n_kv_head=2, gated=True, windows=[5] * trace.facts.n_layer)
    cost = CacheCost.of(facts)
    for n in (1, 4, 5, 6, 30):
        assert int(cost.without(n)) == counted(facts, range(1, n + 1), 5)
        assert int(cost.reusing(n)) == counted(facts, [n], 5)
        assert int(cost.memory(n)) == 2 * 2 * facts.d_head * 4 * facts.n_layer * min(n, 5)


def test_what_every_token_costs_is_the_model_s_matrices(trace: Trace) -> None:
    """Multiplications of one token are the weights that it meets: parameters without biases and norms."""
    facts = trace.facts
    matrices = sum(
        facts.parameters[name] for name in ("query", "key", "value", "output", "mlp_up", "mlp_down")
    )
    assert CacheCost.of(facts).once == matrices


def test_one_token_saves_nearly_half(traces: Traces, play: Play) -> None:
    scene = play("kv_cache", traces["1 token"])
    assert "One head's key of the old token" in scene.said["head"]
    assert scene["again"].pictures.wall.values.shape[1] == 2
    assert "times less" in scene.said["cost"]


def test_a_long_prompt_has_every_token_in_the_wall(traces: Traces, play: Play) -> None:
    scene = play("kv_cache", traces["1000 tokens"])
    assert scene["wall"].pictures.wall.values.shape[1] == 1001
    assert "1,001 tokens" in scene.said["again"]


def test_without_a_second_step_the_logits_are_left_out(tmp_path: Path, play: Play) -> None:
    path = record("The old king", tmp_path / "t", model="storyteller", steps=1)
    scene = play("kv_cache", path)
    assert "logits" not in scene
    assert Trace.open(path).cache_gap_LT[...].max() >= 0


def test_a_trace_without_steps_says_what_it_lacks(lacking: Lacking) -> None:
    with pytest.raises(MissingTensor, match="has no step_ids_G"):
        load("kv_cache")(Settings(lacking("step_ids_G")))


def test_another_head_than_the_one_recorded_is_not_passed_off(trace: Trace, play: Play) -> None:
    assert worth_showing(trace) != (0, 0)
    scene = play("kv_cache", trace, layer=0, head=0)
    assert "head" not in scene
    check_gap(scene, trace)
    reads = [parse(load("kv_cache").reads)]
    assert wanted(reads).held_by(trace)
    assert not wanted(reads, 0, 0).held_by(trace)  # it would be recorded anew


def test_what_a_window_let_go_of_has_no_pane(trace: Trace, play: Play, altered: Any) -> None:
    def let_go(gap_LT: Any) -> Any:
        gap_LT[0, :3] = -1
        return gap_LT

    wall = play("kv_cache", altered("cache_gap_LT", let_go))["wall"].pictures.wall
    assert (wall.values[0, :3] == -1).all()
    assert (wall.values[0, 3:] >= 0).all()
