"""`temperature`: what is shown is the softmax of the captured logits, at every frame."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_probe.trace import Trace
from scenes.generation_step import generation_steps
from scenes.lecture.temperature import ROWS
from scenes.mobjects.bars import ProbabilityBars
from scenes.mobjects.choice import Choice
from scenes.mobjects.numerals import percent, plain, signed
from scenes.mobjects.thermometer import tokens_written
from scenes.temperature_words import fanned, journey
from tests.scenes.conftest import Change, Check, GoesRed, Play


def probabilities(logits_V: NDArray[Any], temperature: float) -> NDArray[np.float64]:
    scaled = np.asarray(logits_V).astype(np.longdouble) / temperature
    shares: NDArray[np.float64] = np.exp(scaled - np.logaddexp.reduce(scaled)).astype(np.float64)
    return shares


def entropy(probability_V: NDArray[np.float64]) -> float:
    held = probability_V[probability_V > 0]
    return float(-(held * np.log2(held)).sum())


def strings(cells: Any) -> list[str]:
    return [cell.string.strip() for cell in cells]


def measured(thermometer: Any) -> list[str]:
    return [each.number.string for each in (thermometer.temperature, thermometer.bits, thermometer.number)]


def check_shares(played: Any, trace: Trace) -> None:
    """At T = 1 the numbers are the logits, e to the −h and the softmax of all of them; they add up."""
    logits_V = np.asarray(trace.logits_last_V)
    ids = np.argsort(-logits_V, kind="stable")[:ROWS]
    probability_V = probabilities(logits_V, 1.0)
    shown = np.append(probability_V[ids], 1 - probability_V[ids].sum())
    table = played["shares"].bars.table
    logits, weights, shares = map(strings, table.numbers)
    assert logits[:ROWS] == [signed(float(logit), 2) for logit in logits_V[ids]]
    assert weights[:ROWS] == [plain(weight, 3) for weight in np.exp(logits_V[ids] - logits_V.max())]
    assert shares == [*(percent(float(share)) for share in shown), "100.0 %"]
    heights = played["ladder"].bars.ladder.heights
    np.testing.assert_allclose(heights, logits_V.max() - logits_V[ids], rtol=1e-5)
    lengths, seen = np.array([shape.width for shape in table.shapes]), shown > 0.01
    np.testing.assert_allclose(lengths[seen] / lengths[0], shown[seen] / shown[0], rtol=1e-6)


def check_first_scene(played: Any, trace: Trace) -> None:
    """The bars at T = 1 are those of the first scene."""
    step = generation_steps(trace)[0]
    first = ProbabilityBars(
        [trace.token_name(token) for token in step.ids_N], step.ids_N, step.probabilities_N,
        trace.facts.n_vocab, 8, 4,
    )  # fmt: skip
    bars = played["shares"].bars
    assert bars.ids[: len(step.ids_N)] == step.ids_N
    shares = strings(bars.table.numbers[2])
    for row, bar in enumerate(first.bars):
        assert bars.choice.probabilities_V[bars.ids[row]] == pytest.approx(bar.probability, rel=1e-5)
        assert shares[row] == bar.share.string
        assert bars.table.labels[row].string == bar.label.string


def check_openness(played: Any, trace: Trace) -> None:
    """Coins, field, readouts and the caption say H and 2^H of the model's own probabilities."""
    bits = entropy(probabilities(np.asarray(trace.logits_last_V), 1.0))
    shown = played["coins"]
    assert shown.openness.coins.bits == pytest.approx(bits, abs=1e-6)
    assert shown.openness.field.lit == pytest.approx(2**bits, rel=1e-6)
    assert measured(shown.thermometer) == ["1.00", f"{bits:.2f} bits", tokens_written(2**bits)]
    assert f"{plain(bits, 1)} bits" in shown.narration
    assert f"among {tokens_written(2**bits)} tokens" in shown.narration


def check_curves(played: Any, trace: Trace) -> None:
    """The five curves are the sorted probabilities of the temperatures that they name."""
    logits_V = np.asarray(trace.logits_last_V)
    assert played.temperatures == fanned(*journey(logits_V))
    flat = played.plots[1]  # all had the same axes; the first one's lines went with the fan
    for temperature, plot, curve in zip(
        played.temperatures, played.plots, played.sheets._curves, strict=True
    ):
        expected = np.sort(probabilities(logits_V, temperature))[::-1]
        np.testing.assert_allclose(plot.ranked_V, expected, rtol=1e-6, atol=1e-30)
        whole = np.flatnonzero(plot.ranks % 1 == 0)
        ranks = plot.ranks[whole].astype(int)
        assert ranks[0] == 1
        np.testing.assert_allclose(curve[whole], flat.at(ranks, expected[ranks - 1]), atol=1e-5)


CHECKS = [check_shares, check_first_scene, check_openness, check_curves]


def test_what_is_shown_is_the_softmax_of_the_captured_logits(play: Play, trace: Trace) -> None:
    for check in CHECKS:
        check(play("temperature", trace), trace)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("change", [lambda a: a[::-1] * 1.01, lambda a: a + np.eye(1, len(a), 7)[0] * 8])
def test_altered_logits_show(goes_red: GoesRed, check: Check, change: Change) -> None:
    goes_red("temperature", check, "logits_last_V", change)


def live(scene: Any) -> Any:
    choice = getattr(scene, "choice", None)
    if choice is None or not hasattr(scene, "formulas"):
        return None
    shares = strings(scene.bars.table.numbers[2])[:ROWS]
    coins = (scene.openness.number.number.string, scene.openness.coins.bits)
    return choice.temperature, measured(scene.thermometer), shares, coins


def test_entropy_and_effective_number_are_live_at_every_frame(play: Play, trace: Trace) -> None:
    """Whatever T is on the way, the readouts, the bars and the coins are those of that T."""
    played, logits_V = play("temperature", trace, watch=live), np.asarray(trace.logits_last_V)
    ids = np.argsort(-logits_V, kind="stable")[:ROWS]
    seen = set()
    for frame in played.frames:
        if frame.beat not in ("cold", "hot", "coins") or not 0 < frame.seen[0] < np.inf:
            continue
        temperature, readouts, shares, coins = frame.seen
        probability_V = probabilities(logits_V, temperature)
        bits = entropy(probability_V)
        assert readouts[1:] == [f"{bits:.2f} bits", tokens_written(2**bits)]
        if frame.beat == "coins":
            assert coins == (tokens_written(2**bits), pytest.approx(bits, abs=1e-6))
        else:
            assert shares == [percent(float(share)) for share in probability_V[ids]]
        seen.add(temperature)
    assert len(seen) > 50


def test_the_limits_are_the_argmax_and_the_uniform_distribution(play: Play, trace: Trace) -> None:
    played, total = play("temperature", trace), trace.facts.n_vocab
    frozen, boiling = (Choice(played.logits_V, temperature) for temperature in (0.0, np.inf))
    assert frozen.probabilities_V[played.bars.ids[0]] == 1
    assert frozen.bits == 0
    np.testing.assert_allclose(boiling.probabilities_V, 1 / total)
    assert strings(played["cold"].bars.table.numbers[2])[0] == "100.0 %"
    assert measured(played["cold"].thermometer) == ["0.00", "0.00 bits", "1.0"]
    assert measured(played["hot"].thermometer) == ["∞", f"{np.log2(total):.2f} bits", f"{total:,}"]


def test_the_journey_goes_where_the_distribution_changes() -> None:
    flat = np.linspace(0, 0.5, 5000)
    spike = np.append(np.zeros(4999), 40.0)
    assert journey(flat)[0] < 0.1
    assert journey(flat)[1] == 2.0
    assert journey(spike) == (0.5, 10.0)
    for logits in (flat, spike):
        stops = fanned(*journey(logits))
        assert stops == sorted(set(stops))
        assert len(stops) == 5
