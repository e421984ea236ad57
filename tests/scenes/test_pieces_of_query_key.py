"""The pieces in which one head's queries and keys are shown, each by itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from manim.animation.animation import prepare_animation

from model_probe.record import record
from model_probe.trace import Trace
from scenes.chosen_head import worth_showing
from scenes.head_vector import HeadVector
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.asking_token import AskingToken
from scenes.mobjects.projected import Projected, projection_of
from scenes.mobjects.projection import Projection
from scenes.mobjects.score_grid import ScoreGrid
from scenes.mobjects.score_work import ScoreWork
from scenes.mobjects.token_row import TokenRow
from scenes.mobjects.vector_strips import VectorStrips

STAGE = Box(-6.6, 6.6, -2.7, 3.1)
NARROW = Box(-2.0, 2.0, -4.0, 4.0)


@pytest.fixture
def asks(trace: Trace) -> HeadVector:
    return HeadVector.of(trace, "query", worth_showing(trace), trace.n_tokens - 1)


def test_the_weights_make_the_captured_query_and_key(trace: Trace, asks: HeadVector) -> None:
    layer, head = worth_showing(trace)
    holds = HeadVector.of(trace, "key", (layer, head), 2)
    np.testing.assert_array_equal(asks.captured_K, trace.q_LHTK[layer, head, -1])
    np.testing.assert_array_equal(holds.captured_K, trace.keys(layer, head)[2])
    for vector in (asks, holds):
        np.testing.assert_allclose(vector.made, vector.captured_K, atol=1e-5)
        assert not vector.turned
    assert (asks.symbol, asks.letter, asks.colour) == ("W_Q", "q", palette.QUERY)
    assert (holds.symbol, holds.letter, holds.colour) == ("W_K", "k", palette.KEY)
    assert holds.input_name == f"ln1_LTD[{layer}, 2]"


def test_another_head_s_weights_are_not_taken_for_its_own(trace: Trace) -> None:
    layer, head = worth_showing(trace)
    other = HeadVector.of(trace, "query", (layer, (head + 1) % trace.facts.n_head), 1)
    assert other.weight_KD is None
    assert other.bias_K is None
    np.testing.assert_array_equal(other.made, other.captured_K)


def test_a_rotary_model_turns_its_queries(smollm2: Path, tmp_path: Path) -> None:
    trace = Trace.open(record("Once upon a time", tmp_path / "t.safetensors", model=str(smollm2), steps=1))
    at = worth_showing(trace)
    assert HeadVector.of(trace, "query", at, 3).turned
    assert not HeadVector.of(trace, "query", at, 0).turned  # the first position is an angle of 0


@pytest.mark.parametrize("box", [STAGE, NARROW])
@pytest.mark.parametrize("piece", [b" king", b" " + 12 * b"an"])
def test_a_token_and_its_question_stand_in_one_line(asks: HeadVector, box: Box, piece: bytes) -> None:
    asking = AskingToken(replace(asks, piece=piece), box.left + 0.3, box)
    assert asking.chip.get_left()[0] == pytest.approx(box.left + 0.3)
    assert asking.chip.get_top()[1] == pytest.approx(box.top)
    assert asking.chip.width <= box.width / 2 + 1e-6
    assert asking.question.get_left()[0] == pytest.approx(asking.chip.get_right()[0] + 0.3)
    assert asking.question.get_right()[0] <= box.right + 1e-6
    assert asking.question.get_fill_color().to_hex() == palette.QUERY


def test_without_weights_only_what_they_gave_is_shown(asks: HeadVector) -> None:
    assert isinstance(projection_of(asks, STAGE), Projection)
    bare = projection_of(replace(asks, weight_KD=None, bias_K=None), STAGE)
    assert isinstance(bare, Projected)
    bare.fill(0.5)
    assert bare.filled == len(asks.captured_K) // 2
    assert not bare.result.pixels[:, bare.filled :].any()


def test_a_strip_stands_under_each_token_of_the_row(trace: Trace) -> None:
    row = TokenRow(trace.tokens, STAGE.width)
    row.move_to([0, 2.5, 0])
    strips = VectorStrips(trace.ln1_LTD[1], "ln1_LTD[1]", row, replace(STAGE, top=2.0))
    for (index, chip), strip in zip(row.chips.items(), strips.strips, strict=True):
        assert strip.get_x() == pytest.approx(chip.get_x())
        assert strip.width < chip.width
        np.testing.assert_array_equal(strip.values[:, 0], trace.ln1_LTD[1, index, :20])
    assert strips.note.string.startswith("ln1_LTD[1], the first 20 of")
    assert STAGE.bottom <= strips.note.get_bottom()[1]


@pytest.mark.parametrize("stage", [STAGE, NARROW])
def test_a_score_is_worked_out_from_both_vectors(trace: Trace, asks: HeadVector, stage: Box) -> None:
    at = worth_showing(trace)
    holds = HeadVector.of(trace, "key", at, 1)
    score = float(trace.scores_LHTS[at][asks.token, 1])
    picture = ScoreWork(asks, holds, score, trace.facts, stage)
    assert picture.work.sums[-1] == pytest.approx(asks.captured_K @ holds.captured_K, rel=1e-5)
    assert [pair[1].piece for pair in picture.labels[:2]] == [asks.piece, holds.piece]
    assert len(picture.labels) == (3 if stage is STAGE else 2)  # the legend only where there is room
    for part in (picture.labels, picture.verdict):
        assert stage.left - 1e-6 <= part.get_left()[0]
        assert part.get_right()[0] <= stage.right + 1e-6
    summed = [picture.add_up(amount).work.summed for amount in (0.0, 0.225, 0.45, 1.0)]
    assert summed == [0, 2, 4, len(asks.captured_K)]


def test_rows_of_scores_come_one_after_the_other() -> None:
    scores_TS = np.arange(9, dtype=np.float32).reshape(3, 3)
    picture = ScoreGrid([b"a", b" b", b" c"], scores_TS, (2, 1), STAGE, "scores_LHTS[0, 0]")
    looks = picture.grid.looks
    picture.grid.show({(2, 1): picture.looks[2, 1]})
    fill = picture.filling([2, 0])
    fill(0.5)
    assert [looks[2, key].seen for key in range(3)] == [1.0, 1.0, 1.0]
    assert [looks[0, key].seen for key in range(3)] == pytest.approx([1.0, 0.5, 0.0])
    fill(0.0)
    assert looks[2, 1].seen == 1.0  # was there before
    assert looks[2, 0].seen == 0.0
    fill(1.0)
    assert all(looks[at].seen == (0.0 if at[0] == 1 else 1.0) for at in looks)


def test_the_grid_comes_near_to_one_cell_and_draws_back() -> None:
    scores_TS = np.arange(9, dtype=np.float32).reshape(3, 3)
    picture = ScoreGrid([b"a", b" b", b" c"], scores_TS, (2, 1), STAGE, "scores_LHTS[0, 0]")
    grid = picture.grid
    width, cell, em = grid.cells.width, grid.place_of(2, 1), grid.number_size
    larger = picture.come_near(STAGE) / em
    assert larger == pytest.approx(grid.cells.width / width)
    assert 1 < larger <= 3
    np.testing.assert_allclose(grid.place_of(2, 1), STAGE.center, atol=1e-6)
    assert [at for at, look in grid.looks.items() if look.seen > 0] == [(2, 1)]
    for animation in map(prepare_animation, picture.drawn_back()):
        animation.begin()
        animation.interpolate(1.0)
    assert grid.cells.width == pytest.approx(width)
    np.testing.assert_allclose(grid.place_of(2, 1), cell, atol=1e-6)
