import numpy as np
import pytest
from numpy.typing import NDArray

from model_probe.errors import MissingTensor
from model_probe.trace import Trace
from scenes.chosen_head import worth_showing
from tests.scenes.conftest import Change, Check, GoesRed, Lacking, Play, Traces
from tests.scenes.played import Played

Floats = NDArray[np.float64]


def row_of(trace: Trace) -> tuple[int, int, Floats, Floats]:
    """Layer, head, the last query's weights and all values, in double precision."""
    layer, head = worth_showing(trace)
    weights_S = trace.pattern_last_LHS[layer, head].astype(np.float64)
    return layer, head, weights_S, trace.values(layer, head).astype(np.float64)


def number(string: str) -> float:
    return float(string.replace("−", "-").removesuffix(" %"))


def check_products(played: Played, trace: Trace) -> None:
    """The columns are weight · value, the shares over them the weights, stems as wide as those."""
    _layer, _head, weights_S, values_SK = row_of(trace)
    columns = played["weight"].columns
    for place, token in enumerate(columns.handed.shown):
        shown = columns.numbers[place].values[:, 0]
        np.testing.assert_allclose(shown, (weights_S[token] * values_SK[token])[: len(shown)], atol=1e-6)
        assert number(columns.shares[place].string) == pytest.approx(100 * weights_S[token], abs=0.051)
    widths = np.array([stem.width for stem in columns.stems])
    shares = weights_S[columns.handed.shown]
    assert widths == pytest.approx(np.maximum(0.02, 0.9 * columns.pitch * shares), rel=1e-3)
    held = played["values"].columns
    np.testing.assert_allclose(held.numbers[0].values[:, 0], values_SK[0, : held.rows], atol=1e-6)


def check_product(played: Played, trace: Trace) -> None:
    """The one that is worked out large: weight × first number of the value of most weight."""
    _layer, _head, weights_S, values_SK = row_of(trace)
    token = int(weights_S.argmax())
    weight, _times, value, _is, product = (each.string for each in played.product)
    assert number(weight) == pytest.approx(100 * weights_S[token], abs=0.051)
    assert number(value) == pytest.approx(values_SK[token, 0], abs=0.0051)
    assert number(product) == pytest.approx(weights_S[token] * values_SK[token, 0], abs=0.0051)


def check_sum(played: Played, trace: Trace) -> None:
    """The sums on screen, and what the slabs come to, are z as the model's run has it."""
    layer, head, _weights_S, _values_SK = row_of(trace)
    z_K = trace.z_LHTK[layer, head, -1]
    sums = [number(each.string) for each in played["sum"].columns.sums]
    assert sums == pytest.approx(z_K[: len(sums)], abs=0.0051)
    rack = played["pour"].rack
    assert (rack.arrived == 1).all()
    np.testing.assert_allclose(rack.summed, z_K, atol=1e-5)
    printed = float(next(words for words in played["pour"].words if "largest" in words).split()[-1])
    assert printed == pytest.approx(np.abs(rack.summed - z_K).max(), rel=0.5, abs=1e-12)
    assert printed < 1e-5


def check_heads(played: Played, trace: Trace) -> None:
    """Every head of the layer, this one's row the sum of its tokens' shares; the length and its rank."""
    layer, head, weights_S, _values_SK = row_of(trace)
    pieces, shares_LHD = played["heads"].heads, np.asarray(trace.head_last_LHD)
    np.testing.assert_array_equal(pieces.rows.values, shares_LHD[layer])
    np.testing.assert_array_equal(pieces.own.values[0], shares_LHD[layer, head])
    np.testing.assert_allclose(pieces.own.values[0], weights_S @ trace.value_out_SD[:], atol=1e-4)
    np.testing.assert_allclose(pieces.read.values[0], trace.z_LHTK[layer, head, -1])
    lengths = np.linalg.norm(shares_LHD.astype(np.float64), axis=-1)
    np.testing.assert_allclose(np.sort(pieces.ruler.peers), np.sort(lengths.ravel()))
    assert pieces.mark.value == pytest.approx(lengths[layer, head])
    assert f"rank {1 + (lengths > lengths[layer, head]).sum()} of" in pieces.mark.label.string
    assert pieces.own.get_y() == pytest.approx(pieces.seat[1])


def check_bars(played: Played, trace: Trace) -> None:
    """Left the weights, right ‖weight · v W_O‖ as a share of all of these; both sides on one scale."""
    _layer, _head, weights_S, _values_SK = row_of(trace)
    lengths_S = np.linalg.norm(weights_S[:, None] * trace.value_out_SD[:].astype(np.float64), axis=-1)
    bars, order = played.bars, np.argsort(-weights_S, kind="stable")
    expected = np.stack([weights_S[order], lengths_S[order] / lengths_S.sum()])
    for side in (0, 1):
        shown = [number(each.string) for each in bars.numbers[side]]
        assert shown == pytest.approx(100 * expected[side], abs=0.051)
        assert sum(shown) == pytest.approx(100, abs=0.5)
        widths = np.array([bar.width for bar in bars.bars[side]])
        assert widths == pytest.approx(bars._room * expected[side] / expected.max(), abs=0.021)
    correlation = np.corrcoef(weights_S, lengths_S)[0, 1]
    assert float(bars.foot.string.split()[-1]) == pytest.approx(correlation, abs=0.001)
    narration = played.said["arrived"]
    gained = expected[1] - expected[0]
    if np.abs(gained).max() < 0.05:
        assert bars.foot.string.split()[-1] in narration
    else:
        place = gained.argmin() if gained.min() <= -0.05 else gained.argmax()
        assert f"{100 * expected[0, place]:.1f} %" in narration
        assert f"{100 * expected[1, place]:.1f} %" in narration


CHECKS = [check_products, check_product, check_sum, check_heads, check_bars]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_is_on_screen_is_in_the_trace(play: Play, trace: Trace, check: Check) -> None:
    check(play("values", trace), trace)


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_products, "pattern_last_LHS", lambda a: 0.9 * a),
        (check_products, "v_LHTK", lambda a: 1.1 * a),
        (check_product, "v_LHTK", lambda a: a + 0.1),
        (check_sum, "z_LHTK", lambda a: a + 0.01),
        (check_sum, "v_LHTK", lambda a: 1.1 * a),
        (check_heads, "head_last_LHD", lambda a: 1.01 * a),
        (check_bars, "value_out_SD", lambda a: a * np.linspace(1, 3, len(a))[:, None]),
        (check_bars, "pattern_last_LHS", lambda a: 0.9 * a),
    ],
)
def test_an_altered_tensor_shows(goes_red: GoesRed, check: Check, name: str, change: Change) -> None:
    goes_red("values", check, name, change)


def test_what_a_long_prompt_leaves_out_is_one_column_that_counts(play: Play, traces: Traces) -> None:
    trace = Trace.open(traces["40 tokens"])
    played = play("values", trace)
    layer, head, weights_S, values_SK = row_of(trace)
    columns = played["weight"].columns
    shown = columns.handed.shown
    assert len(shown) == 8
    others = [token for token in range(trace.n_tokens) if token not in shown]
    assert weights_S[others].max() <= weights_S[shown].min()
    rest_K = weights_S[others] @ values_SK[others]
    np.testing.assert_allclose(columns.numbers[-1].values[:, 0], rest_K[: columns.rows], atol=1e-5)
    assert number(columns.shares[-1].string) == pytest.approx(100 * weights_S[others].sum(), abs=0.051)
    np.testing.assert_allclose(played["pour"].rack.summed, trace.z_LHTK[layer, head, -1], atol=1e-5)
    assert sum(number(each.string) for each in played.bars.numbers[1]) == pytest.approx(100, abs=0.5)
    assert len(columns.strip.threads) == 8


def test_one_token_gives_itself_everything(play: Play, traces: Traces) -> None:
    trace = Trace.open(traces["1 token"])
    played = play("values", trace)
    _layer, _head, _weights_S, values_SK = row_of(trace)
    np.testing.assert_allclose(played["pour"].rack.summed, values_SK[0], atol=1e-6)
    assert [each.string for each in (*played.bars.numbers[0], *played.bars.numbers[1])] == ["100.0 %"] * 2


def test_of_another_head_than_the_recorded_one_the_values_themselves_are_compared(
    play: Play, trace: Trace
) -> None:
    layer, recorded = trace.facts.projected
    head = (recorded + 1) % trace.facts.n_head
    handed = play("values", trace, layer=layer, head=head).handed
    assert not handed.widened
    values_SK = trace.values(layer, head).astype(np.float64)
    lengths_S = trace.pattern_last_LHS[layer, head] * np.linalg.norm(values_SK, axis=-1)
    np.testing.assert_allclose(handed.arrived, lengths_S / lengths_S.sum(), rtol=1e-5)


def test_a_trace_without_what_is_handed_over_says_what_is_missing(play: Play, lacking: Lacking) -> None:
    with pytest.raises(MissingTensor, match="head_last_LHD"):
        play("values", lacking("head_last_LHD"))
