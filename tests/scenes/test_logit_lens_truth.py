"""The waterfall: words, light and ranks are the lens's, and its last row is the output."""

from typing import Any

import numpy as np
import pytest

from model_probe.trace import Trace
from scenes.layout import Box
from scenes.mobjects.diving_lines import DivingLines, steepest
from scenes.mobjects.eye import Eye
from scenes.mobjects.token_row import token_label
from scenes.mobjects.waterfall import Waterfall
from tests.scenes.conftest import GoesRed, Play, Traces
from tests.scenes.played import shaped


def check_words(scene: Any, trace: Trace) -> None:
    """Each cell has the lens's likeliest token, and its probability as light."""
    fall = scene["fall"].fall
    columns = len(fall.words[0])
    ids = trace.lens_ids_MWN[:][scene.depths][:, -columns:, 0]
    for row, own in zip(fall.words, ids, strict=True):
        for word, token in zip(row, own.tolist(), strict=True):
            label = token_label(trace.token_name(token))[0].strip()
            said = word.string.replace("␣", " ").strip()
            assert said == label or (said.endswith("…") and label.startswith(said[:-1]))
    odds = np.exp(trace.lens_logprobs_MWN[:][scene.depths][:, -columns:, 0])
    np.testing.assert_allclose(fall.likely, odds, rtol=1e-5)
    assert fall.fallen == len(fall.words)


def check_ranks(scene: Any, trace: Trace) -> None:
    """Lines and counts are of the captured ranks, drawn on a true logarithmic axis; the last one is 1."""
    ranks = trace.lens_rank_MW[:]
    at = scene["dive"]
    np.testing.assert_array_equal(at.lines.ranks, ranks[:, -48:])
    assert at.rank.number.string == "1"
    for depth in range(len(ranks)):
        point = at.lines.world(depth, ranks[depth, -1], at.lines.ranks.shape[1] - 1)
        assert point[1] == pytest.approx(np.log(ranks[depth, -1]) / np.log(trace.facts.n_vocab))
    first = [next(depth for depth, rank in enumerate(column) if rank == 1) for column in ranks.T]
    expected = np.bincount(first, minlength=len(ranks))
    np.testing.assert_array_equal(scene["leads"].bars.counts, expected)
    heights = [bar.height for bar in scene["leads"].bars.bars]
    np.testing.assert_allclose(np.array(heights) / max(heights), expected / expected.max(), atol=1e-6)


def check_output(scene: Any, trace: Trace) -> None:
    """What the lens says after the last layer is the softmax of the logits, to the digits shown."""
    logits_V = trace.logits_last_V[:].astype(float)
    odds_V = np.exp(logits_V - logits_V.max())
    odds_V /= odds_V.sum()
    ids = np.argsort(-odds_V, kind="stable")[:5]
    lens, output = scene["output"].table.values[:, :5]
    np.testing.assert_allclose(output, odds_V[ids], rtol=1e-6)
    np.testing.assert_allclose(lens, output, atol=5e-6)
    numbers = [[cell.string for cell in column[:5]] for column in scene["output"].table.numbers]
    assert numbers[0] == numbers[1]
    shown = float(scene["output"].gap.string.rsplit(" ", 1)[1].replace("−", "-"))
    assert f"{shown:.0e}" == f"{np.abs(lens - output).max():.0e}"


CHECKS = [
    (check_words, "lens_ids_MWN", lambda tensor: tensor[..., ::-1]),
    (check_words, "lens_logprobs_MWN", lambda tensor: tensor - 0.1),
    (check_ranks, "lens_rank_MW", lambda tensor: tensor + 1),
    (check_output, "logits_last_V", lambda tensor: tensor * 1.1),
    (check_output, "lens_logprobs_MWN", lambda tensor: tensor - 0.1),
]


@pytest.mark.parametrize("check", [check_words, check_ranks, check_output])
def test_what_is_shown_is_the_trace_s(check: Any, trace: Trace, play: Play) -> None:
    check(play("logit_lens", trace), trace)


@pytest.mark.parametrize(("check", "name", "change"), CHECKS)
def test_an_altered_tensor_is_seen(check: Any, name: str, change: Any, goes_red: GoesRed) -> None:
    goes_red("logit_lens", check, name, change)


@pytest.mark.parametrize("kind", ["1 token", "1000 tokens", "48 layers"])
def test_it_is_true_of_short_long_and_deep_runs(kind: str, traces: Traces, play: Play) -> None:
    trace = Trace.open(traces[kind])
    scene = play("logit_lens", trace)
    check_words(scene, trace)
    check_ranks(scene, trace)
    check_output(scene, trace)
    assert len(scene.depths) <= 13
    assert scene.depths[0] == 0
    assert scene.depths[-1] == trace.facts.n_layer


def test_the_depths_shown_are_those_after_the_largest_falls() -> None:
    ranks = np.full(40, 500)
    ranks[20:] = 3
    ranks[39] = 1
    assert steepest(ranks[:5], 13) == [0, 1, 2, 3, 4]
    rows = steepest(ranks, 7)
    assert len(rows) <= 7
    assert {0, 20, 39} <= set(rows)
    assert None in rows


def test_lines_are_drawn_as_far_as_they_have_dived_and_words_as_far_as_they_fell() -> None:
    box = Box(-6.0, 3.0, -2.7, 3.0)
    with shaped("16:9"):
        lines = DivingLines([[100, 10], [10, 5], [1, 1]], 100, ("a", "b"), box, Eye(yaw=20, pitch=16))
        np.testing.assert_allclose(lines.dot.get_center(), lines.place_of(2), atol=1e-6)
        np.testing.assert_allclose(lines.dive(0.5).dot.get_center(), lines.place_of(1), atol=1e-6)
        fall = Waterfall([b"x"], [0], [0, None, 5], [[b"y"], [b"z"]], [[0.5], [1.0]], ["in", "out"], box)
        fall.show(1)
        assert [word.get_fill_opacity() for row in fall.words for word in row] == [1, 0]
