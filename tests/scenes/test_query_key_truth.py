from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model_probe.errors import MissingTensor
from model_probe.trace import Trace, write_trace
from scenes.chosen_head import worth_showing
from scenes.lecture.query_key import QueryKey
from scenes.mobjects.projected import Projected
from scenes.mobjects.token_row import token_label
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.conftest import Change, GoesRed


def play(path: Path, layer: int | None = None, head: int | None = None) -> QueryKey:
    scene = rehearse(QueryKey, Settings(path, layer=layer, head=head))
    assert isinstance(scene, QueryKey)
    return scene


def number(words: str) -> float:
    return float(words.replace("−", "-"))


def linked(trace: Trace) -> tuple[int, int, int, int]:
    """Layer, head, query and key that the scene is to show."""
    layer, head = worth_showing(trace)
    query = trace.n_tokens - 1
    return layer, head, query, 1 + int(trace.scores_LHTS[layer, head, query, 1:].argmax())


def check_vectors(scene: QueryKey, trace: Trace) -> None:
    """The head's weights, as pixels, times each token's own input are its captured query and key."""
    layer, head, query, key = linked(trace)
    for half, token, result_K in (
        (scene.query, query, trace.q_LHTK[layer, head, query]),
        (scene.key, key, trace.k_LHTK[layer, head, key]),
    ):
        assert half.chip.piece == trace.tokens[token]
        assert half.result_values == pytest.approx(result_K, abs=1e-5)
        assert half.row == np.abs(result_K).argmax()
        assert len(half.sums) == trace.facts.d_model + 1
        assert number(half.number.string) == pytest.approx(result_K[half.row], abs=0.0051)
        assert half.filled == len(result_K)


def check_pixels(scene: QueryKey, trace: Trace) -> None:
    """A pixel a weight: blue where it is above zero, red below, the lighter the farther from it."""
    for half, weight_KD in ((scene.query, trace.query_weight_KD[:]), (scene.key, trace.key_weight_KD[:])):
        pixels = half.matrix.pixels[..., :3].astype(int)
        assert pixels.shape[:2] == weight_KD.shape
        strong = np.abs(weight_KD) > np.abs(weight_KD).max() / 4
        blue = pixels[..., 2] > pixels[..., 0]
        assert (blue == (weight_KD > 0))[strong].all()
        assert np.corrcoef(pixels.max(axis=-1).ravel(), np.abs(weight_KD).ravel())[0, 1] > 0.9


def check_work(scene: QueryKey, trace: Trace) -> None:
    """All K products are summed, the last one shown is the product of the numbers shown, the sum is q·k."""
    layer, head, query, key = linked(trace)
    q_K, k_K = trace.q_LHTK[layer, head, query], trace.k_LHTK[layer, head, key]
    work = scene.score.work
    assert work.products == pytest.approx(q_K.astype(float) * k_K)
    factors, product = work.readout.string.split(" = ")
    shown = [number(words) for words in (*factors.split(" × "), product)]
    assert shown == pytest.approx([q_K[-1], k_K[-1], q_K[-1] * k_K[-1]], abs=0.0051)
    assert work.summed == trace.facts.d_head
    assert number(work.total.string) == pytest.approx(float(q_K @ k_K), abs=0.0051)


def check_cells(scene: QueryKey, trace: Trace) -> None:
    """Every cell's number is the dot product of its row's query and its column's key / √d_head."""
    layer, head, *_ = linked(trace)
    q_TK = trace.q_LHTK[layer, head].astype(np.float64)
    k_TK = trace.k_LHTK[layer, head].astype(np.float64)
    assert len(scene.grid.looks) == trace.n_tokens**2
    for (query, key), look in scene.grid.looks.items():
        assert look.seen > 0
        dot = q_TK[query] @ k_TK[key] / np.sqrt(trace.facts.d_head)
        assert number(look.words) == pytest.approx(dot, abs=0.0501)
        largest = (q_TK[query] @ k_TK.T / np.sqrt(trace.facts.d_head)).max()
        assert look.glow == pytest.approx(max(0, 1 - (largest - dot) / 4), abs=1e-4)  # not whether it is > 0


def check_words(scene: QueryKey, trace: Trace) -> None:
    """The last caption names the query's best key and its score; the grid's labels are the tokens."""
    layer, head, query, key = linked(trace)
    narration = scene.beats[-1].narration
    score = f"{trace.scores_LHTS[layer, head, query, key]:+.1f}".replace("-", "−")
    for words in (trace.tokens[query].decode().strip(), trace.tokens[key].decode().strip(), score):
        assert words in narration
    for labels in (scene.grid.row_labels, scene.grid.column_labels):
        assert [label.string for label in labels] == [token_label(piece)[0] for piece in trace.tokens]


CHECKS = [check_vectors, check_pixels, check_work, check_cells, check_words]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_is_on_screen_is_in_the_trace(trace: Trace, check: Callable[[QueryKey, Trace], None]) -> None:
    check(play(trace.path), trace)


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
def test_an_altered_tensor_shows(
    goes_red: GoesRed, check: Callable[[QueryKey, Trace], None], name: str, change: Change
) -> None:
    goes_red(play, check, name, change)


def test_the_head_that_was_asked_for_is_shown(trace: Trace) -> None:
    scene = play(trace.path, layer=0, head=3)
    scores_TS = trace.scores_LHTS[0, 3]
    assert scene.shown == (0, 3)
    assert number(scene.grid.looks[2, 1].words) == pytest.approx(scores_TS[2, 1], abs=0.0501)


def test_without_the_shown_head_s_weights_its_query_and_key_are_shown(trace: Trace) -> None:
    """A trace holds one head's weights; another's are left out, and the caption says so."""
    shown = worth_showing(trace)
    assert tuple(trace.facts.projected) == shown
    layer, head = next((layer, 3) for layer in range(2) if (layer, 3) != shown)
    scene = play(trace.path, layer=layer, head=head)
    query, key = scene.score_grid.link
    for half, vector_K in (
        (scene.query, trace.q_LHTK[layer, head, query]),
        (scene.key, trace.k_LHTK[layer, head, key]),
    ):
        assert isinstance(half, Projected)
        assert half.filled == len(vector_K) == half.result.pixels.shape[1]
        light = half.result.pixels[0, :, :3].astype(float).max(axis=-1)
        assert np.corrcoef(light, np.abs(vector_K))[0, 1] > 0.99
    narration = {beat.name: beat.narration for beat in scene.beats}
    assert "The trace lacks this head's weights" in narration["query"]
    assert "The trace lacks" not in {b.name: b.narration for b in play(trace.path).beats}["query"]


@pytest.mark.parametrize("name", ["ln1_LTD", "q_LHTK", "k_LHTK", "scores_LHTS"])
def test_a_tensor_that_the_trace_lacks_is_named(trace: Trace, tmp_path: Path, name: str) -> None:
    names = [each for each in trace.tensor_names if each != name]
    tensors = {each: np.asarray(getattr(trace, each)) for each in names}
    with pytest.raises(MissingTensor, match=f"has no {name}"):
        play(write_trace(tmp_path / "partial.safetensors", tensors, trace.facts))
