"""The tug of war: every pull is a captured share; the knot ends at the difference of the model's logits."""

from typing import Any

import numpy as np
import pytest

from model_probe.trace import Trace
from scenes import pulls
from scenes.layout import Box
from scenes.mobjects.last_row import LastRow
from scenes.mobjects.numerals import percent, signed
from scenes.mobjects.share_wall import ShareWall
from scenes.mobjects.token_row import token_label
from scenes.mobjects.tug_of_war import TugOfWar
from scenes.pulls import Pull
from tests.scenes.conftest import GoesRed, Play, Traces
from tests.scenes.played import shaped


def lead(trace: Trace) -> float:
    """By how much the likeliest token's logit is above the second's."""
    first, second = np.sort(trace.logits_last_V[:].astype(np.float64))[[-1, -2]]
    return float(first - second)


def shares(trace: Trace) -> list[float]:
    """What the rope shows, in order."""
    position = [trace.dla_position_2[1]] if trace.has("dla_position_2") else []
    layers = np.stack([trace.dla_attn_2L[1], trace.dla_mlp_2L[1]], axis=1).ravel()
    bias = [trace.dla_norm_bias_2[1]] if trace.dla_norm_bias_2[1] else []
    return [float(share) for share in (trace.dla_embed_2[1], *position, *layers, *bias)]


def check_rope(played: Any, trace: Trace) -> None:
    """The knot goes where the shares pull it, ends at the difference, and says so."""
    tug = played["sum"].tug
    ids = np.argsort(-trace.logits_last_V[:], kind="stable")[:2].tolist()
    named = [token_label(trace.token_name(token), 14)[0] for token in ids[::-1]]
    assert [chip.words.string.replace("␣", " ").strip() for chip in tug.chips] == [n.strip() for n in named]
    np.testing.assert_allclose(tug.path, np.cumsum([0, *shares(trace)]), atol=1e-6)
    assert tug.done == len(tug.pulls)
    for stroke, start, end in zip(tug.trail, tug.path[:-1], tug.path[1:], strict=True):
        xs = [stroke.points[0][0], stroke.points[-1][0]]
        np.testing.assert_allclose(xs, [tug.x(start), tug.x(end)], atol=1e-3)
    places = pulls.digits(lead(trace))
    assert tug.number.number.string == signed(lead(trace), places)
    assert tug.knot.get_x() == pytest.approx(tug.x(lead(trace)), abs=0.01)
    assert played["sum"].captured.string.endswith(f"= {signed(lead(trace), places)}")
    assert signed(lead(trace), places) in played.said["sum"]
    assert f"{trace.dla_scale_1[0]:.2f}" in played.said["first"]


def check_wall(played: Any, trace: Trace) -> None:
    """Each cell and bar has its share: hue and sign, and bars to one scale."""
    wall = played["wall"].wall
    np.testing.assert_array_equal(wall.head_LH, trace.dla_head_2LH[1])
    mlp_L = trace.dla_mlp_2L[1]
    pixels = wall.cells.pixels.reshape(
        len(mlp_L), -1, wall.head_LH.shape[1], wall.cells.pixels.shape[1] // wall.head_LH.shape[1], 4
    )
    corners = pixels[:, 0, :, 0].astype(int)
    blue = corners[..., 2] > corners[..., 0]
    np.testing.assert_array_equal(blue, trace.dla_head_2LH[1] > 0)
    zero = wall.bars[len(mlp_L)].get_x()
    for bar, share in zip(wall.bars, mlp_L.tolist(), strict=False):
        side = bar.get_right()[0] - zero if share > 0 else bar.get_left()[0] - zero
        longest = max(each.width for each in wall.bars[: len(mlp_L)])
        assert side / longest == pytest.approx(share / np.abs(mlp_L).max(), abs=0.01)


def check_heads(played: Any, trace: Trace) -> None:
    """Lifted out are the heads of the largest and smallest share, with their weights and what they read."""
    head_LH = trace.dla_head_2LH[1]
    for place, (beat, flat) in enumerate((("for", head_LH.argmax()), ("against", head_LH.argmin()))):
        layer, head = divmod(int(flat), head_LH.shape[1])
        reading = played[beat].reading
        assert reading.title[1].string == signed(float(head_LH[layer, head]), 2)
        assert reading.title[2].string == f"dla_head_2LH[1, {layer}, {head}]"
        weights_T = trace.pattern_LHTS[layer, head, -1] if trace.has("pattern_LHTS") else None
        weights_T = trace.pattern_last_LHS[layer, head] if weights_T is None else weights_T
        row = reading.row
        assert row.shares.sum() == pytest.approx(float(head_LH[layer, head]), abs=1e-4)
        np.testing.assert_allclose(row.shares, trace.dla_source_2T[place])
        for at, arc in zip(row.shown, row.arcs, strict=True):
            assert row.numbers[at][0].string == percent(float(weights_T[at]), 0)
            assert row.numbers[at][1].string == signed(float(trace.dla_source_2T[place, at]), 2)
            assert arc.get_stroke_width() == pytest.approx(1 + 18 * weights_T[at], rel=1e-3)
        assert row.shown[-1] == trace.n_tokens - 1
        left = [weights_T[at] for at in range(trace.n_tokens - 1) if at not in row.shown]
        assert max(left, default=0) <= min((weights_T[at] for at in row.shown[:-1]), default=1)


def check_sum(played: Any, trace: Trace) -> None:
    """The ledger's lines add up to the difference, and both teams' pulls do."""
    heads = trace.dla_head_2LH[1].ravel().tolist()
    rest = [*trace.dla_mlp_2L[1].tolist(), *trace.dla_attn_bias_2L[1].tolist(), float(trace.dla_embed_2[1])]
    rest += [float(trace.dla_position_2[1])] if trace.has("dla_position_2") else []
    rest.append(float(trace.dla_norm_bias_2[1]))
    everything = np.array([*heads, *rest])
    ranked = everything[np.argsort(-np.abs(everything), kind="stable")]
    places = pulls.digits(lead(trace))
    shown = played["ledger"].sum
    numbers = [line[1].string for line in shown.ledger.lines]
    assert numbers[:5] == [signed(float(share), places) for share in ranked[:5]]
    assert shown.ledger.sum == pytest.approx(lead(trace), abs=1e-4)
    assert shown.ledger.total.number.string == signed(lead(trace), places)
    teams = played["teams"].teams
    assert teams.sums[0] == pytest.approx(everything[everything > 0].sum())
    assert teams.sums[1] == pytest.approx(-everything[everything < 0].sum())
    half = next(n for n in range(1, 9999) if np.abs(ranked[:n]).sum() >= np.abs(ranked).sum() / 2)
    assert teams.half == half
    assert teams.bars[0].width / teams.bars[1].width == pytest.approx(teams.sums[0] / teams.sums[1], rel=1e-3)
    assert f" {half} of" in played.said["teams"]


CHECKS = [check_rope, check_wall, check_heads, check_sum]
ALTERED = [
    (check_rope, "dla_embed_2", lambda a: a + 0.1),
    (check_rope, "dla_position_2", lambda a: a + 0.1),
    (check_rope, "dla_attn_2L", lambda a: 1.1 * a),
    (check_rope, "dla_mlp_2L", lambda a: 1.1 * a),
    (check_rope, "dla_norm_bias_2", lambda a: 2 * a),
    (check_rope, "dla_scale_1", lambda a: a + 1),
    (check_rope, "dla_ids_2", lambda a: a[::-1]),
    (check_rope, "logits_last_V", lambda a: 1.1 * a),
    (check_wall, "dla_head_2LH", lambda a: -a),
    (check_wall, "dla_mlp_2L", lambda a: a[..., ::-1]),
    (check_heads, "dla_head_2LH", lambda a: a[:, ::-1]),
    (check_heads, "dla_source_2T", lambda a: a[::-1]),
    (check_heads, "pattern_last_LHS", lambda a: a[..., ::-1]),
    (check_sum, "dla_attn_bias_2L", lambda a: a + 0.1),
    (check_sum, "dla_head_2LH", lambda a: 1.2 * a),
]


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_shown_is_the_trace_s(check: Any, trace: Trace, play: Play) -> None:
    check(play("attribution", trace), trace)


@pytest.mark.parametrize(("check", "name", "change"), ALTERED)
def test_an_altered_tensor_is_seen(check: Any, name: str, change: Any, goes_red: GoesRed) -> None:
    goes_red("attribution", check, name, change)


@pytest.mark.parametrize("kind", ["1 token", "1000 tokens", "48 layers"])
def test_it_is_true_of_short_long_and_deep_runs(kind: str, traces: Traces, play: Play) -> None:
    trace = Trace.open(traces[kind])
    played = play("attribution", trace)
    for check in CHECKS:
        check(played, trace)
    only_itself = "every head looks only at itself" in played.said["for"]
    assert only_itself == (trace.n_tokens == 1)


def test_the_knot_is_on_its_way_between_two_pulls() -> None:
    made = [Pull("embedding", 1.0), Pull("attention", -3.0, 0), Pull("MLP", 2.5, 0)]
    with shaped("16:9"):
        tug = TugOfWar(made, (b" no", b" yes"), Box(-6.0, 6.0, -2.7, 3.0))
        assert tug.show(1.5).knot.get_x() == pytest.approx(tug.x(-0.5), abs=1e-6)
        assert tug.note.string == f"layer 0 · attention  {signed(-3.0, 2)}"
        assert [stroke.get_stroke_opacity() for stroke in tug.trail] == [1, 1, 0]
        assert tug.show(3).number.number.string == "+0.50"
        assert tug.axis.low < -2 < 1 < tug.axis.high
        before = tug.x(0.5)
        tug.fit(Box(-6.0, 0.0, -2.7, 3.0))
        assert tug.x(0.5) < before
        assert tug.knot.get_x() == pytest.approx(tug.x(0.5), abs=1e-6)


def test_half_of_all_pulling_and_the_pace_of_pulls() -> None:
    made = [Pull("MLP", share, layer) for layer, share in enumerate((0.5, -3.0, 1.5, 1.0))]
    assert pulls.half(made) == 1
    assert pulls.half(made[:1]) == 1
    np.testing.assert_allclose(pulls.pace(made, 0.0), np.cumsum([0, 0.5, 3, 1.5, 1]) / 6)
    np.testing.assert_allclose(pulls.pace(made, 1.0), [0, 0.25, 0.5, 0.75, 1])
    assert [pulls.digits(size) for size in (12.0, 0.1, 0.05, -0.002, 0.0)] == [2, 2, 3, 4, 2]


def test_a_wall_has_signs_and_dims_all_but_one() -> None:
    with shaped("16:9"):
        wall = ShareWall(np.array([[1.0, -0.5], [-1.0, 0.2]]), np.array([0.5, -1.0]), Box(-3, 3, -2, 2))
        lit = wall.cells.pixels.copy()
        wall.light([[1, 0.2], [0.2, 0.2]])
        half = [side // 2 for side in lit.shape[:2]]
        np.testing.assert_array_equal(wall.cells.pixels[: half[0], : half[1]], lit[: half[0], : half[1]])
        assert wall.cells.pixels[half[0] :].sum() < 0.8 * lit[half[0] :].sum()


def test_of_many_tokens_those_of_the_largest_weights_are_named() -> None:
    weights = np.full(200, 0.001)
    weights[[20, 150]] = 0.5, 0.3
    with shaped("16:9"):
        row = LastRow([b" word"] * 200, weights, weights, Box(-6.0, 6.0, -2.7, 1.0))
        assert {20, 150, 199} <= set(row.shown)
        assert row.rest is not None
        assert f"not shown: {200 - len(row.shown)}," in row.rest.string
        assert row.grow(1).arcs[0].get_stroke_opacity() > 0.8
