from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_probe.trace import Trace
from scenes.generation_step import generation_steps
from scenes.lecture.temperature import ROWS, Temperature
from scenes.mobjects.bars import ProbabilityBars
from scenes.mobjects.choice import Choice
from scenes.mobjects.numerals import percent, plain, signed
from scenes.mobjects.thermometer import Thermometer, tokens_written
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from scenes.temperature_words import fanned, journey
from tests.scenes.conftest import Change, GoesRed


class Watched(Temperature):
    """Notes, at the end of every beat, what is written and how long the bars are."""

    def construct(self) -> None:
        self.seen: dict[str, dict[str, Any]] = {}
        super().construct()

    @contextmanager
    def beat(self, name: str, message: str, **more: Any) -> Iterator[None]:
        with super().beat(name, message, **more):
            yield
        table = self.bars.table
        self.seen[name] = {
            "numbers": [[cell.string.strip() for cell in column] for column in table.numbers],
            "bars": np.array([shape.width for shape in table.shapes]),
            "heights": self.bars.ladder.heights.copy(),
            "readouts": [each.number.string for each in readouts(self.thermometer)],
            "coins": self.openness.coins.bits,
            "lit": self.openness.field.lit,
        }


def readouts(thermometer: Thermometer) -> list[Any]:
    return [thermometer.temperature, thermometer.bits, thermometer.number]


def play(path: Path) -> Watched:
    scene = rehearse(Watched, Settings(path))
    assert isinstance(scene, Watched)
    return scene


def probabilities(logits_V: NDArray[Any], temperature: float) -> NDArray[np.float64]:
    scaled = np.asarray(logits_V).astype(np.longdouble) / temperature
    return np.exp(scaled - np.logaddexp.reduce(scaled)).astype(np.float64)


def entropy(probability_V: NDArray[np.float64]) -> float:
    held = probability_V[probability_V > 0]
    return float(-(held * np.log2(held)).sum())


def check_shares(scene: Watched, trace: Trace) -> None:
    """At T = 1 the numbers are the logits, e to the −h and the softmax of all of them; they add up."""
    logits_V = np.asarray(trace.logits_last_V)
    ids = np.argsort(-logits_V, kind="stable")[:ROWS]
    probability_V = probabilities(logits_V, 1.0)
    shown = np.append(probability_V[ids], 1 - probability_V[ids].sum())
    logits, weights, shares = scene.seen["shares"]["numbers"]
    assert logits[:ROWS] == [signed(float(logit), 2) for logit in logits_V[ids]]
    assert weights[:ROWS] == [plain(weight, 3) for weight in np.exp(logits_V[ids] - logits_V.max())]
    assert shares == [*(percent(float(share)) for share in shown), "100.0 %"]
    np.testing.assert_allclose(scene.seen["ladder"]["heights"], logits_V.max() - logits_V[ids], rtol=1e-5)
    bars = scene.seen["shares"]["bars"]
    seen = shown > 0.01
    np.testing.assert_allclose(bars[seen] / bars[0], shown[seen] / shown[0], rtol=1e-6)


def check_first_scene(scene: Watched, trace: Trace) -> None:
    """The bars at T = 1 are those of the first scene."""
    step = generation_steps(trace)[0]
    table = Choice(np.asarray(scene.trace.logits_last_V), 1.0).probabilities_V
    first = ProbabilityBars(
        [trace.token_name(token) for token in step.ids_N], step.ids_N, step.probabilities_N,
        trace.facts.n_vocab, 8, 4,
    )  # fmt: skip
    assert scene.bars.ids[: len(step.ids_N)] == step.ids_N
    shares = scene.seen["shares"]["numbers"][2]
    for row, bar in enumerate(first.bars):
        assert table[scene.bars.ids[row]] == pytest.approx(bar.probability, rel=1e-5)
        assert shares[row] == bar.share.string
        assert scene.bars.table.labels[row].string == bar.label.string


def check_openness(scene: Watched, trace: Trace) -> None:
    """Coins, field, readouts and the caption say H and 2^H of the model's own probabilities."""
    bits = entropy(probabilities(np.asarray(trace.logits_last_V), 1.0))
    seen = scene.seen["coins"]
    assert seen["coins"] == pytest.approx(bits, abs=1e-6)
    assert seen["lit"] == pytest.approx(2**bits, rel=1e-6)
    assert seen["readouts"] == ["1.00", f"{bits:.2f} bits", tokens_written(2**bits)]
    told = next(beat.narration for beat in scene.beats if beat.name == "coins")
    assert f"{plain(bits, 1)} bits" in told
    assert f"among {tokens_written(2**bits)} tokens" in told


def check_curves(scene: Watched, trace: Trace) -> None:
    """The five curves are the sorted probabilities of the temperatures that they name."""
    logits_V = np.asarray(trace.logits_last_V)
    assert scene.temperatures == fanned(*journey(logits_V))
    for choice, temperature in zip(scene.choices, scene.temperatures, strict=True):
        expected = np.sort(probabilities(logits_V, temperature))[::-1]
        np.testing.assert_allclose(choice.probabilities_V, expected, rtol=1e-6, atol=1e-30)


def test_what_is_shown_is_the_softmax_of_the_captured_logits(trace: Trace) -> None:
    scene = play(trace.path)
    for check in (check_shares, check_first_scene, check_openness, check_curves):
        check(scene, trace)


@pytest.mark.parametrize("check", [check_shares, check_first_scene, check_openness, check_curves])
@pytest.mark.parametrize("change", [lambda a: a[::-1] * 1.01, lambda a: a + np.eye(1, len(a), 7)[0] * 8])
def test_altered_logits_show(
    goes_red: GoesRed, check: Callable[[Watched, Trace], None], change: Change
) -> None:
    goes_red(play, check, "logits_last_V", change)


@pytest.mark.parametrize(("start", "goal"), [(1.0, 0.25), (0.0, 1.0), (5.0, np.inf), (np.inf, 1.0)])
def test_entropy_and_effective_number_are_live_at_every_frame(
    trace: Trace, start: float, goal: float
) -> None:
    """Whatever T is on the way, the readouts are those of the bars beside them."""
    scene = play(trace.path)
    logits_V = np.asarray(trace.logits_last_V)
    heat = scene._heat(start, goal, scene.bars, scene.openness)
    heat.begin()
    for amount in (0.13, 0.4, 0.77):
        heat.interpolate(amount)
        temperature = scene.choice.temperature
        assert min(start, goal) < temperature < max(start, goal)
        probability_V = probabilities(logits_V, temperature)
        bits = entropy(probability_V)
        texts = [each.number.string for each in readouts(scene.thermometer)]
        assert texts[1:] == [f"{bits:.2f} bits", tokens_written(2**bits)]
        assert scene.openness.number.number.string == tokens_written(2**bits)
        assert scene.openness.coins.bits == pytest.approx(bits, abs=1e-6)
        shown = [cell.string for cell in scene.bars.table.numbers[2]][:ROWS]
        assert shown == [percent(float(share)) for share in probability_V[scene.bars.ids]]
        length = (scene.thermometer.mercury.get_end()[0] - scene.thermometer.ticks[0].get_x()) / (
            scene.thermometer.ticks[-2].get_x() - scene.thermometer.ticks[0].get_x()
        )
        assert length == pytest.approx(temperature / (temperature + 1), abs=2e-3)


def test_the_limits_are_the_argmax_and_the_uniform_distribution(trace: Trace) -> None:
    scene = play(trace.path)
    best = scene.bars.ids[0]
    frozen, boiling = (Choice(scene.logits_V, temperature) for temperature in (0.0, np.inf))
    assert frozen.probabilities_V[best] == 1
    assert frozen.bits == 0
    np.testing.assert_allclose(boiling.probabilities_V, 1 / trace.facts.n_vocab)
    assert scene.seen["cold"]["numbers"][2][0] == "100.0 %"
    assert scene.seen["cold"]["readouts"] == ["0.00", "0.00 bits", "1.0"]
    assert scene.seen["hot"]["readouts"][0] == "∞"
    assert scene.seen["hot"]["readouts"][2] == f"{trace.facts.n_vocab:,}"


def test_the_journey_goes_where_the_distribution_changes() -> None:
    flat = np.linspace(0, 0.5, 5000)
    spike = np.append(np.zeros(4999), 40.0)
    assert journey(flat)[0] < 0.1
    assert journey(flat)[1] == 2.0
    assert journey(spike)[0] == 0.5
    assert journey(spike)[1] == 10.0
    for logits in (flat, spike):
        stops = fanned(*journey(logits))
        assert stops == sorted(set(stops))
        assert len(stops) == 5
