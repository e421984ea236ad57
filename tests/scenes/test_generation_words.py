"""What is said of a generation is true of it: every sentence under the condition that makes it so."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from model_probe.generation import Method
from model_probe.record import record
from model_probe.trace import Facts, Trace
from scenes.generation_step import GenerationStep, generation_steps
from scenes.generation_words import append_words, chance_words, closing_words, distribution_words, draw_words
from scenes.lecture.next_token import NextToken
from scenes.mobjects.chance_steps import MOST_ROWS, ChanceSteps
from scenes.mobjects.numerals import one_in
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings


def facts_of(trace: Trace, method: str = "sample", **sampling: object) -> Facts:
    return replace(trace.facts, sampling={**trace.facts.sampling, "method": method, **sampling})


def step_of(probabilities: list[float], drawn: int) -> GenerationStep:
    shares_V = np.array(probabilities)
    likeliest = np.argsort(-shares_V)[: min(6, np.count_nonzero(shares_V))]
    return GenerationStep(likeliest.tolist(), shares_V[likeliest], shares_V, drawn, 0.5)


def test_only_a_draw_is_called_one(trace: Trace) -> None:
    step = step_of([0.5, 0.3, 0.2], 0)
    for method, drawn in (("sample", True), ("greedy", False), ("beam", False)):
        facts = facts_of(trace, method, beams=3)
        said = [draw_words(facts), append_words(facts, step, b" a"), closing_words(facts)]
        said.append(chance_words(facts, [step] * 9))
        assert ("random" in said[0], "random" in said[1], "draw" in said[2], "seed" in said[3]) == (
            drawn,
        ) * 4
    assert "of the 3 likeliest texts" in draw_words(facts_of(trace, "beam", beams=3))


def test_another_seed_writes_another_text_only_where_that_is_likelier_than_not(trace: Trace) -> None:
    facts = facts_of(trace)
    for share, said in ((0.8, False), (0.51, False), (0.49, True)):
        words = chance_words(facts, [step_of([share, 1 - share], 0)])
        assert ("Another seed" in words) == said
        assert f"{100 * share:.1f}\N{NO-BREAK SPACE}%" in words


def test_the_grey_is_named_where_there_is_some(trace: Trace) -> None:
    facts = facts_of(trace)
    few = replace(facts, n_vocab=3)
    assert "grey" in distribution_words(facts, step_of([0.5, 0.3, 0.2], 0))
    assert "grey" not in distribution_words(few, step_of([0.5, 0.3, 0.2], 0))
    cut = facts_of(trace, temperature=0.5, top_k=4)
    assert "here with temperature 0.5, top-k 4" in distribution_words(cut, step_of([0.5, 0.3, 0.2], 0))
    twenty = step_of([0.04] * 25, 20)
    assert "in the grey" in append_words(facts, twenty, b" a")
    assert "in the grey" not in append_words(facts, step_of([0.9, 0.1], 1), b" a")


def test_with_a_nucleus_the_bars_change_their_number(tmp_path: Path) -> None:
    method = Method(temperature=0.6, top_p=0.3)
    trace = Trace.open(record("The old king", tmp_path / "t", model="storyteller", steps=5, method=method))
    counts = [len(step.ids_N) for step in generation_steps(trace)]
    assert min(counts) < max(counts)
    scene = rehearse(NextToken, Settings(trace.path))
    assert isinstance(scene, NextToken)
    assert len(scene.chart.bars.bars) == counts[-1]
    assert scene.chart.bars.rest.probability == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.5, "50.0 %"),
        (0.1, "1 in 10"),
        (1 / 81.4, "1 in 81"),
        (1 / 12345, "1 in 12,000"),
        (1 / 999.9, "1 in 1,000"),
        (1.2345e-11, "1 in 81,000,000,000"),
        (1e-37, "1 in a number of 38 digits"),
        (3e-37, "1 in a number of 37 digits"),
    ],
)
def test_a_small_chance_is_one_in_so_many(probability: float, words: str) -> None:
    assert one_in(probability) == words


@pytest.mark.parametrize("tokens", [1, 4, 30])
def test_each_bar_begins_where_the_one_before_ended(tokens: int) -> None:
    shares = np.linspace(0.9, 0.01, tokens)
    chart = ChanceSteps([b" word"] * tokens, shares, 12, 4.5)
    assert len(chart.rows) == min(tokens, MOST_ROWS)
    bars = [bar for _, bar, _ in chart.rows]
    for before, bar in pairwise(bars):
        assert bar.get_left()[0] == pytest.approx(before.get_right()[0], abs=0.03)
    assert chart.ends[-1] == pytest.approx(-np.log10(shares).sum())
    if tokens == 30:
        assert any("22 more" in label.string for label, _, _ in chart.rows)
    assert chart.width <= 12 + 1e-6
