from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from model_probe.trace import Trace
from scenes.lecture.heads import AttentionHeads
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.conftest import Change, GoesRed


def play(path: Path) -> AttentionHeads:
    scene = rehearse(AttentionHeads, Settings(path))
    assert isinstance(scene, AttentionHeads)
    return scene


def check_wall(scene: AttentionHeads, trace: Trace) -> None:
    """The wall holds every head's whole pattern, layers down, heads across; what is masked is empty."""
    pattern_LHTS = np.asarray(trace.pattern_LHTS)
    np.testing.assert_array_equal(scene.wall.cells, pattern_LHTS)
    side = scene.wall.pixels_each
    for layer in range(trace.facts.n_layer):
        for head in range(trace.facts.n_head):
            picture = scene.wall.pixels[layer * side :, head * side :][:side, :side]
            above_the_diagonal = picture[2, int(0.7 * side)]
            assert not above_the_diagonal.any()
            corner = picture[1, 1, :3].astype(int)  # the first token's weight on itself is 1: the brightest
            assert corner.tolist() == [255, 255, 0]


def check_kinds(scene: AttentionHeads, trace: Trace) -> None:
    """Each named head has the highest score, recomputed here from the patterns, and shows its value."""
    pattern_LHTS = np.asarray(trace.pattern_LHTS, dtype=np.float64)
    later = np.arange(1, trace.n_tokens)
    scores = {
        "previous": pattern_LHTS[:, :, later, later - 1].mean(axis=-1),
        "first": pattern_LHTS[:, :, later, 0].mean(axis=-1),
        "self": pattern_LHTS[:, :, later, later].mean(axis=-1),
        "induction": np.asarray(trace.head_induction_LH, dtype=np.float64),
    }
    assert scene.shown.keys() == scores.keys()
    for kind, scores_LH in scores.items():
        layer, head, score = scene.shown[kind]
        assert score == pytest.approx(scores_LH.max(), abs=1e-5)
        assert scores_LH[layer, head] == pytest.approx(scores_LH.max(), abs=1e-5)


def test_the_wall_and_the_named_heads_are_in_the_trace(trace: Trace) -> None:
    scene = play(trace.path)
    check_wall(scene, trace)
    check_kinds(scene, trace)


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_wall, "pattern_LHTS", lambda a: a[:, ::-1]),
        (check_kinds, "head_previous_LH", lambda a: a * 0.9),
        (check_kinds, "head_induction_LH", lambda a: a[::-1]),
    ],
)
def test_an_altered_tensor_shows(
    goes_red: GoesRed, check: Callable[[AttentionHeads, Trace], None], name: str, change: Change
) -> None:
    goes_red(play, check, name, change)


def test_a_kind_that_the_trace_lacks_is_left_out(trace: Trace, tmp_path: Path) -> None:
    from model_probe.trace import write_trace

    names = [name for name in trace.tensor_names if name != "head_induction_LH"]
    path = write_trace(
        tmp_path / "partial.safetensors", {n: np.asarray(getattr(trace, n)) for n in names}, trace.facts
    )
    assert set(play(path).shown) == {"previous", "first", "self"}
