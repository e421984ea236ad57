import numpy as np
import pytest

from model_probe.trace import Trace
from scenes.chosen_head import worth_showing
from scenes.mobjects.projected import Projected
from scenes.mobjects.token_row import token_label
from tests.scenes.conftest import Change, Check, GoesRed, Play
from tests.scenes.played import Played


def number(words: str) -> float:
    return float(words.replace("−", "-"))


def linked(trace: Trace) -> tuple[int, int, int, int]:
    """Layer, head, query and key that the scene is to show."""
    layer, head = worth_showing(trace)
    query = trace.n_tokens - 1
    return layer, head, query, 1 + int(trace.scores_LHTS[layer, head, query, 1:].argmax())


def check_vectors(played: Played, trace: Trace) -> None:
    """The head's weights, as pixels, times each token's own input are its captured query and key."""
    layer, head, query, key = linked(trace)
    for half, token, result_K in (
        (played.query, query, trace.q_LHTK[layer, head, query]),
        (played.key, key, trace.k_LHTK[layer, head, key]),
    ):
        assert half.chip.piece == trace.tokens[token]
        assert half.result_values == pytest.approx(result_K, abs=1e-5)
        assert half.row == np.abs(result_K).argmax()
        assert len(half.sums) == trace.facts.d_model + 1
        assert number(half.number.string) == pytest.approx(result_K[half.row], abs=0.0051)
        assert half.filled == len(result_K)


def check_pixels(played: Played, trace: Trace) -> None:
    """A pixel a weight: blue where it is above zero, red below, the lighter the farther from it."""
    for half, weight_KD in ((played.query, trace.query_weight_KD[:]), (played.key, trace.key_weight_KD[:])):
        pixels = half.matrix.pixels[..., :3].astype(int)
        assert pixels.shape[:2] == weight_KD.shape
        strong = np.abs(weight_KD) > np.abs(weight_KD).max() / 4
        blue = pixels[..., 2] > pixels[..., 0]
        assert (blue == (weight_KD > 0))[strong].all()
        assert np.corrcoef(pixels.max(axis=-1).ravel(), np.abs(weight_KD).ravel())[0, 1] > 0.9


def check_work(played: Played, trace: Trace) -> None:
    """All K products are summed, the last one shown is the product of the numbers shown, the sum is q·k."""
    layer, head, query, key = linked(trace)
    q_K, k_K = trace.q_LHTK[layer, head, query], trace.k_LHTK[layer, head, key]
    work = played.score.work
    assert work.products == pytest.approx(q_K.astype(float) * k_K)
    factors, product = work.readout.string.split(" = ")
    shown = [number(words) for words in (*factors.split(" × "), product)]
    assert shown == pytest.approx([q_K[-1], k_K[-1], q_K[-1] * k_K[-1]], abs=0.0051)
    assert work.summed == trace.facts.d_head
    assert number(work.total.string) == pytest.approx(float(q_K @ k_K), abs=0.0051)


def check_cells(played: Played, trace: Trace) -> None:
    """Every cell's number is the dot product of its row's query and its column's key / √d_head."""
    layer, head, *_ = linked(trace)
    q_TK = trace.q_LHTK[layer, head].astype(np.float64)
    k_TK = trace.k_LHTK[layer, head].astype(np.float64)
    assert len(played.grid.looks) == trace.n_tokens**2
    for (query, key), look in played.grid.looks.items():
        assert look.seen > 0
        dot = q_TK[query] @ k_TK[key] / np.sqrt(trace.facts.d_head)
        assert number(look.words) == pytest.approx(dot, abs=0.0501)
        largest = (q_TK[query] @ k_TK.T / np.sqrt(trace.facts.d_head)).max()
        assert look.glow == pytest.approx(max(0, 1 - (largest - dot) / 4), abs=1e-4)  # not whether it is > 0


def check_words(played: Played, trace: Trace) -> None:
    """The last caption names the query's best key and its score; the grid's labels are the tokens."""
    layer, head, query, key = linked(trace)
    narration = played.beats[-1].narration
    score = f"{trace.scores_LHTS[layer, head, query, key]:+.1f}".replace("-", "−")
    for words in (trace.tokens[query].decode().strip(), trace.tokens[key].decode().strip(), score):
        assert words in narration
    for labels in (played.grid.row_labels, played.grid.column_labels):
        assert [label.string for label in labels] == [token_label(piece)[0] for piece in trace.tokens]


CHECKS = [check_vectors, check_pixels, check_work, check_cells, check_words]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_is_on_screen_is_in_the_trace(play: Play, trace: Trace, check: Check) -> None:
    check(play("query_key", trace), trace)


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_vectors, "ln1_LTD", lambda a: a + 0.2),
        (check_vectors, "query_weight_KD", lambda a: a[::-1]),
        (check_vectors, "key_bias_K", lambda a: a + 0.1),
        (check_pixels, "key_weight_KD", lambda a: -a),
        (check_work, "q_LHTK", lambda a: a + 0.2),
        (check_work, "k_LHTK", lambda a: a[..., ::-1]),
        (check_cells, "scores_LHTS", lambda a: a + 0.2),
        (check_cells, "scores_LHTS", lambda a: a.swapaxes(-1, -2)),
        (check_words, "scores_LHTS", lambda a: a + 0.2),
        (check_words, "prompt_bytes_B", lambda a: a[::-1]),
    ],
)
def test_an_altered_tensor_shows(goes_red: GoesRed, check: Check, name: str, change: Change) -> None:
    goes_red("query_key", check, name, change)


def test_the_head_that_was_asked_for_is_shown(play: Play, trace: Trace) -> None:
    played = play("query_key", trace, layer=0, head=3)
    scores_TS = trace.scores_LHTS[0, 3]
    assert played.shown == (0, 3)
    assert number(played.grid.looks[2, 1].words) == pytest.approx(scores_TS[2, 1], abs=0.0501)


def test_without_the_shown_head_s_weights_its_query_and_key_are_shown(play: Play, trace: Trace) -> None:
    """A trace holds one head's weights; another's are left out, and the caption says so."""
    shown = worth_showing(trace)
    assert tuple(trace.facts.projected) == shown
    layer, head = next((layer, 3) for layer in range(2) if (layer, 3) != shown)
    played = play("query_key", trace, layer=layer, head=head)
    query, key = played.score_grid.link
    for half, vector_K in (
        (played.query, trace.q_LHTK[layer, head, query]),
        (played.key, trace.k_LHTK[layer, head, key]),
    ):
        assert isinstance(half, Projected)
        assert half.filled == len(vector_K) == half.result.pixels.shape[1]
        light = half.result.pixels[0, :, :3].astype(float).max(axis=-1)
        assert np.corrcoef(light, np.abs(vector_K))[0, 1] > 0.99
    assert "The trace lacks this head's weights" in played.said["query"]
    assert "The trace lacks" not in play("query_key", trace).said["query"]
