import numpy as np
import pytest

from model_probe.trace import Trace
from scenes.lecture.heads import AttentionHeads
from scenes.settings import Settings
from tests.scenes.conftest import Change, Check, GoesRed, Lacking, Play
from tests.scenes.played import Played


def check_wall(played: Played, trace: Trace) -> None:
    """The wall holds every head's whole pattern, layers down, heads across; what is masked is empty."""
    pattern_LHTS = np.asarray(trace.pattern_LHTS)
    np.testing.assert_array_equal(played.wall.cells, pattern_LHTS)
    side = played.wall.pixels_each
    played.wall.light(np.ones_like(played.wall.brightness_LH))  # at the end some are dimmed
    for layer in range(trace.facts.n_layer):
        for head in range(trace.facts.n_head):
            picture = played.wall.pixels[layer * side :, head * side :][:side, :side]
            above_the_diagonal = picture[2, int(0.7 * side)]
            assert not above_the_diagonal.any()
            corner = picture[1, 1, :3].astype(int)  # the first token's weight on itself is 1: the brightest
            assert corner.tolist() == [255, 255, 0]


def check_kinds(played: Played, trace: Trace) -> None:
    """Each named head has the highest score, recomputed here from the patterns, and shows its value."""
    pattern_LHTS = np.asarray(trace.pattern_LHTS, dtype=np.float64)
    later = np.arange(1, trace.n_tokens)
    scores = {
        "previous": pattern_LHTS[:, :, later, later - 1].mean(axis=-1),
        "first": pattern_LHTS[:, :, later, 0].mean(axis=-1),
        "self": pattern_LHTS[:, :, later, later].mean(axis=-1),
        "induction": np.asarray(trace.head_induction_LH, dtype=np.float64),
    }
    assert played.shown.keys() == scores.keys()
    for kind, scores_LH in scores.items():
        layer, head, score = played.shown[kind]
        assert score == pytest.approx(scores_LH.max(), abs=1e-5)
        assert scores_LH[layer, head] == pytest.approx(scores_LH.max(), abs=1e-5)


def check_repeated(played: Played, trace: Trace) -> None:
    """The best induction head is drawn on the tokens that it was scored on: its stripe is the score."""
    cells = played.best.picture.heat.values
    np.testing.assert_array_equal(cells, trace.induction_pattern_RR[:])
    repeats = len(trace.induction_ids_R)
    stripe = np.diagonal(cells, offset=1 - repeats)[1:]
    assert stripe.mean() == pytest.approx(played.shown["induction"][2], abs=1e-6)


def check_rest(played: Played, trace: Trace) -> None:
    """The heads that are lit at the end, and those that are counted, rest on the first token."""
    pattern_LHTS = np.asarray(trace.pattern_LHTS, dtype=np.float64)
    resting_LH = pattern_LHTS[:, :, 1:, 0].mean(axis=-1) > 0.5
    np.testing.assert_array_equal(played.wall.brightness_LH == 1, resting_LH)
    assert played.resting.number.string == str(resting_LH.sum())
    assert f"{resting_LH.sum()} of {resting_LH.size}" in played.beats[-1].narration


def test_the_wall_and_the_named_heads_are_in_the_trace(play: Play, trace: Trace) -> None:
    for check in (check_rest, check_repeated, check_wall, check_kinds):
        check(play("heads", trace), trace)


def test_in_the_middle_of_its_beat_the_wall_is_whole(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    filled: list[float] = []
    shrink = AttentionHeads._shrink

    def timed(scene: AttentionHeads, layer: int, head: int) -> None:
        shrink(scene, layer, head)
        assert (scene.wall.brightness_LH == 1).all()
        filled.append(scene.renderer.time)

    monkeypatch.setattr(AttentionHeads, "_shrink", timed)
    wall = Played("heads", Settings(trace.path))["wall"]
    assert filled[0] < (wall.start + wall.end) / 2


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_wall, "pattern_LHTS", lambda a: a[:, ::-1]),
        (check_kinds, "head_previous_LH", lambda a: a * 0.9),
        (check_kinds, "head_induction_LH", lambda a: a[::-1]),
        (check_repeated, "induction_pattern_RR", lambda a: a[::-1]),
        (check_rest, "head_first_LH", lambda a: a[::-1]),
    ],
)
def test_an_altered_tensor_shows(goes_red: GoesRed, check: Check, name: str, change: Change) -> None:
    goes_red("heads", check, name, change)


def test_a_kind_that_the_trace_lacks_is_left_out(play: Play, lacking: Lacking) -> None:
    assert set(play("heads", lacking("head_induction_LH")).shown) == {"previous", "first", "self"}


@pytest.mark.parametrize("aspect", ["16:9", "9:16", "1:1"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (8, 8), (12, 12), (30, 9), (48, 25), (32, 32)])
def test_the_wall_fills_the_stage(shape: tuple[int, int], aspect: str) -> None:
    """Whatever the model: 55 % of its width or height at least, and 14 pixels a picture at 1080p."""
    from manim import config, tempconfig

    from scenes.layout import Layout
    from scenes.mobjects.head_wall import wall_in
    from scenes.render.quality import ASPECTS, QUALITIES, pixels

    layers, heads = shape
    width, height = pixels(QUALITIES["h"], aspect)
    with tempconfig({"pixel_width": width, "pixel_height": height}):
        config.frame_width, config.frame_height = ASPECTS[aspect]
        stage = Layout.of_frame().stage
        wall = wall_in(stage, lambda _: np.full((heads, 4, 4), 0.25, np.float32), layers, heads)
        assert max(wall.width / stage.width, wall.height / stage.height) >= 0.55
        assert wall.pixels_each >= 14
        low, high = wall.points.min(axis=0), wall.points.max(axis=0)
        assert stage.left <= low[0] <= high[0] <= stage.right
        assert stage.bottom <= low[1] <= high[1] <= stage.top
        for layer, head in ((0, 0), (layers - 1, 0), (layers - 1, heads - 1)):
            centre, size = wall.place_of(layer, head)
            assert (low - 1e-6 <= centre - size / 2)[:2].all()
            assert (centre + size / 2 <= high + 1e-6)[:2].all()


def test_each_head_is_where_it_is_said_to_be() -> None:
    """Layers across, heads down: the picture that is lit is the one at `place_of`."""
    from scenes.mobjects.head_wall import HeadWall

    patterns = np.tile(np.tri(3, dtype=np.float32), (9, 1, 1))
    wall = HeadWall(lambda _: patterns, 30, 9, 12, 4)
    assert wall.across
    lit = np.zeros((30, 9))
    lit[21, 4] = 1
    wall.light(lit)
    rows, columns = np.nonzero(wall.pixels[..., 0] > 200)
    centre, size = wall.place_of(21, 4)
    corner = wall.points[0]
    fine = wall.pixels.shape[1] / wall.width
    assert abs(columns.mean() / fine - (centre - corner)[0]) < size / 2
    assert abs(rows.mean() / fine + (centre - corner)[1]) < size / 2
