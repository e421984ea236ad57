"""The grid of scores that becomes the grid of weights, by itself."""

import numpy as np
import pytest

from scenes.layout import Box
from scenes.mobjects.attention_grid import UNSEEN, score_look, weight_look
from scenes.mobjects.masked_grid import MaskedGrid

STAGE = Box(-6.6, 6.6, -2.7, 3.1)
SCORES_TS = np.array([[0.5, 3.0, 1.0], [2.0, -1.0, 9.0], [1.0, 0.0, -4.0]], np.float32)
MAY_LOOK_TS = np.tri(3, dtype=bool)


@pytest.fixture
def masked() -> MaskedGrid:
    odds_TS = np.where(MAY_LOOK_TS, np.exp(SCORES_TS), 0)
    pattern_TS = (odds_TS / odds_TS.sum(axis=-1, keepdims=True)).astype(np.float32)
    return MaskedGrid([b"a", b" b", b" c"], SCORES_TS, MAY_LOOK_TS, pattern_TS, (2, 1), STAGE, "scores")


def test_masked_scores_fall_row_by_row_and_colour_no_other(masked: MaskedGrid) -> None:
    looks = masked.grid.looks
    masked.fall(0)
    for at, look in looks.items():  # before, a row's largest score is whichever it is
        assert look.glow == score_look(float(SCORES_TS[at]), float(SCORES_TS[at[0]].max())).glow
    masked.fall(0.5)
    assert looks[0, 1].words == "−∞"  # the first row is there, the next one under way
    assert looks[1, 2].words not in ("−∞", "+9.0")
    masked.fall(1)
    for at, look in looks.items():
        if MAY_LOOK_TS[at]:
            largest = SCORES_TS[at[0]][MAY_LOOK_TS[at[0]]].max()
            assert look == score_look(float(SCORES_TS[at]), float(largest))
        else:
            assert (look.words, look.glow) == ("−∞", 0)
    masked.clear(1)
    assert all((look == UNSEEN or look.seen == 0) == (not MAY_LOOK_TS[at]) for at, look in looks.items())


def test_a_score_becomes_a_share_and_then_a_dot(masked: MaskedGrid) -> None:
    looks, grid = masked.grid.looks, masked.grid
    masked.count_up(0)
    before = [looks[2, key].words for key in range(3)]
    assert before == ["+1.0", "+0.0", "−4.0"]
    masked.count_up(1)
    for at, look in looks.items():
        wanted = weight_look(float(masked.pattern[at]), grid.roomy, 0) if MAY_LOOK_TS[at] else UNSEEN
        assert (look.words, look.dot, look.seen, look.glow) == (wanted.words, 0, wanted.seen, 0)
    masked.show_dots(1)
    for at, look in looks.items():
        assert look.dot == pytest.approx(float(masked.pattern[at]))
    assert [total.string for total in masked.sums] == ["100 %"] * 3
    assert all(total.get_left()[0] > grid.cells.get_right()[0] for total in masked.sums)


def test_only_the_row_that_is_worked_out_is_lit(masked: MaskedGrid) -> None:
    masked.light([1, 0.25])
    seen = {at: look.seen for at, look in masked.grid.looks.items() if MAY_LOOK_TS[at]}
    assert {at: 1 if at[0] == 2 else 0.25 for at in seen} == seen
