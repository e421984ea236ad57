import numpy as np
import pytest
from numpy.typing import NDArray

from model_probe.trace import Trace
from scenes.chosen_head import worth_showing
from tests.scenes.conftest import Change, Check, GoesRed, Lacking, Play, Traces
from tests.scenes.played import Played


def softmax_of_masked(trace: Trace) -> NDArray[np.float64]:
    """The chosen head's pattern, from its scores."""
    scores_TS = trace.scores_LHTS[worth_showing(trace)].astype(np.float64)
    scores_TS[np.triu_indices(trace.n_tokens, k=1)] = -np.inf
    odds_TS = np.exp(scores_TS - scores_TS.max(axis=-1, keepdims=True))
    return np.asarray(odds_TS / odds_TS.sum(axis=-1, keepdims=True))


def check_row(played: Played, trace: Trace) -> None:
    """The worked row: its scores, their exponentials, the sum, and shares that are the softmax, 100 %."""
    scores_S = trace.scores_LHTS[worth_showing(trace)][-1].astype(np.float64)
    row = played.worked
    assert [label.string.replace("−", "-") for label in row.score_numbers] == [f"{s:+.1f}" for s in scores_S]
    odds_S = np.exp(scores_S - scores_S.max())
    assert [float(label.string) for label in row.exponential_numbers] == pytest.approx(odds_S, abs=0.00051)
    assert float(row.summed.string) == pytest.approx(odds_S.sum(), abs=0.00051)
    shares = [float(label.string.removesuffix(" %")) for label in row.share_numbers]
    assert shares == pytest.approx(100 * softmax_of_masked(trace)[-1], abs=0.051)
    heights = np.array([bar.height for bar in row.bars])
    large = row.shares > 0.05
    assert heights[large] / heights.max() == pytest.approx(row.shares[large] / row.shares.max(), rel=1e-6)
    assert row.total.string == "100 %"


def check_pattern(played: Played, trace: Trace) -> None:
    """Dots and numbers at the end are the softmax of the scores; a masked cell is empty and exactly 0."""
    expected_TS = softmax_of_masked(trace)
    pattern_TS = trace.pattern_LHTS[worth_showing(trace)]
    assert len(played.grid.looks) == trace.n_tokens**2
    for (query, key), look in played.grid.looks.items():
        if key > query:
            assert pattern_TS[query, key] == 0
            assert (look.seen, look.dot, look.words) == (0, 0, "")
        else:
            assert look.seen == 1
            assert look.dot == pytest.approx(expected_TS[query, key], abs=1e-5)
            assert float(look.words.removesuffix(" %")) == pytest.approx(
                100 * expected_TS[query, key], abs=0.51
            )


def check_dots(played: Played, trace: Trace) -> None:
    """In the picture itself, the area that a dot covers grows with its weight, and masked cells are black."""
    grid, pixels = played.grid, played.grid.cells.pixels
    rows, columns = (pixels.shape[0] // trace.n_tokens, pixels.shape[1] // trace.n_tokens)
    weights, areas = [], []
    for (query, key), look in grid.looks.items():
        cell = pixels[query * rows + 4 : (query + 1) * rows - 4, key * columns + 4 : (key + 1) * columns - 4]
        if key > query:
            assert not cell.any()
        else:
            coloured = cell[..., 1].astype(int) - cell[..., 2] > 8  # the ground is grey or blue
            weights.append(look.dot)
            areas.append(int(coloured.sum()))
    assert np.corrcoef(weights, areas)[0, 1] > 0.99


def check_words(played: Played, trace: Trace) -> None:
    """What the last caption says of the first token or of the strongest link is so."""
    expected_TS = softmax_of_masked(trace)
    first = expected_TS[1:, 0].mean()
    narration = played.said["pattern"]
    if first > 0.5:
        assert f"{100 * first:.1f} %" in narration
    else:
        best = int(expected_TS[-1].argmax())
        assert f"{100 * expected_TS[-1, best]:.1f} %" in narration
        assert trace.tokens[best].decode().strip() in narration
    assert f"{trace.scores_LHTS[worth_showing(trace)][-1].max():+.1f}" in played.said["exponential"]


CHECKS = [check_row, check_pattern, check_dots, check_words]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_is_on_screen_is_in_the_trace(play: Play, trace: Trace, check: Check) -> None:
    check(play("mask", trace), trace)


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_row, "scores_LHTS", lambda a: a * 1.2),
        (check_pattern, "pattern_LHTS", lambda a: 0.95 * a),
        (check_pattern, "mask_TS", np.ones_like),
        (check_dots, "mask_TS", np.ones_like),
        (check_words, "pattern_LHTS", lambda a: 0.5 * a),
        (check_words, "scores_LHTS", lambda a: a + 1),
    ],
)
def test_an_altered_tensor_shows(goes_red: GoesRed, check: Check, name: str, change: Change) -> None:
    goes_red("mask", check, name, change)


def test_what_a_long_prompt_leaves_out_is_counted(play: Play, traces: Traces) -> None:
    """Forty tokens: twelve places, and the gaps' shares bring the row to 100 %."""
    trace = Trace.open(traces["40 tokens"])
    played = play("mask", trace)
    places = played.grid.places
    shown = played.grid.positions
    assert len(places) <= 12
    assert {0, trace.n_tokens - 1} <= set(shown)
    weights_S = trace.pattern_LHTS[played.shown][-1].astype(np.float64)
    column = [None if place is None else float(weights_S[place]) for place in places]
    gaps = [share for share, weight in zip(played.worked.shares, column, strict=True) if weight is None]
    hidden = [key for key in range(trace.n_tokens) if key not in shown]
    assert gaps
    assert sum(gaps) == pytest.approx(weights_S[hidden].sum(), abs=1e-4)
    assert played.worked.shares.sum() == pytest.approx(1)


def test_scores_and_pattern_are_enough(play: Play, trace: Trace, lacking: Lacking) -> None:
    names = ["token_ids_T", "prompt_bytes_B", "prompt_offsets_T1", "scores_LHTS", "pattern_LHTS"]
    check_pattern(play("mask", lacking(but=names)), trace)
