"""The pieces of `sampling`: bands, banks, gates, tree, draws, descent; and what is said of them."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from model_probe.runs import BEAM, GREEDY, STEPS
from model_probe.trace import Trace
from scenes import sampling_words as said
from scenes.layout import Box
from scenes.mobjects.banks import Banks, Written
from scenes.mobjects.beam_tree import BeamTree, Search
from scenes.mobjects.descent import Descent, Fall, twigs
from scenes.mobjects.eye import Eye
from scenes.mobjects.gates import Gate, Gates
from scenes.mobjects.ribbon import eased, ribbon
from scenes.mobjects.river import LARGEST, SMALLEST, River, common_size
from scenes.mobjects.same_seed import SameSeed
from scenes.mobjects.two_draws import Draws, TwoDraws
from scenes.ways import Way

BOX = Box(-6.0, 6.0, -2.5, 2.0)
PIECES = [b" one", b" two", b" three", b"."]
LIKELY = np.array([0.5, 0.01, 1.0, 0.2])
SEARCH = Search(
    np.array([[5, 6], [7, 8], [9, 10]]),
    np.array([[0, 0], [1, 0], [0, 0]]),
    np.log(np.array([[0.5, 0.3], [0.25, 0.2], [0.2, 0.04]])),
)


def way(ids: list[int], logprob: float = -1.0, row: int = GREEDY) -> Way:
    names = [f" w{token}".encode() for token in ids]
    count = len(ids)
    return Way(row, ids, names, np.full(count, logprob), 1, 0.5, np.full(count, -1.0), np.zeros((count, 2)))


def test_a_ribbon_is_as_wide_as_it_is_said_to_be() -> None:
    outline = ribbon([[0, 0, 0], [1, 0, 0], [2, 0, 0]], [0.2, 0.4, 0.6])
    np.testing.assert_allclose(outline[:3, 1], [0.1, 0.2, 0.3])
    np.testing.assert_allclose(outline[3:6, 1], [-0.3, -0.2, -0.1])
    np.testing.assert_array_equal(outline[0], outline[-1])
    np.testing.assert_allclose(eased(1.0, 3.0, 3), [1, 2, 3])


def test_a_river_flows_token_by_token() -> None:
    river = River("name", PIECES, LIKELY, BOX, 1.5, 0.4)
    whole = river.band.pixels.copy()
    river.reach(0)
    assert not river.band.pixels.any()
    assert all(word.get_fill_opacity() == 0 for word in river.words)
    river.reach(2)
    assert [word.get_fill_opacity() for word in river.words] == [1, 1, 0, 0]
    assert 0 < river.band.pixels[..., 3].astype(int).sum() < whole[..., 3].astype(int).sum()
    river.reach(4)
    np.testing.assert_array_equal(river.band.pixels, whole)
    assert river.words[0].get_left()[0] == pytest.approx(BOX.left + 1.5)
    line = river.underline(1, 2)
    assert line.get_start()[0] == pytest.approx(river.words[1].get_left()[0] + 0.06)
    assert line.get_end()[0] == pytest.approx(river.words[2].get_right()[0])


def test_tokens_that_do_not_fit_are_counted() -> None:
    pieces = [b" abcdefghijklm"] * 12
    assert common_size([pieces], 6.0) == SMALLEST
    assert common_size([PIECES], 60.0) == LARGEST
    river = River("name", pieces, np.full(12, 0.5), BOX, 1.5, SMALLEST)
    assert river.more is not None
    assert f"{12 - len(river.words)} more" in river.more.string
    assert river.more.get_right()[0] <= BOX.right


@pytest.mark.parametrize("width", [12.0, 7.0])
def test_banks_stand_apart_and_take_numbers(width: float) -> None:
    box = Box(-width / 2, width / 2, -3, 3)
    banks = Banks([Written(f"name {at}", PIECES, LIKELY) for at in range(5)], box)
    assert banks.beside == (width > 9)
    tops = [river.get_top()[1] for river in banks.rivers]
    assert all(low.get_bottom()[1] > top - 0.15 for low, top in zip(banks.rivers, tops[1:], strict=False))
    values = banks.values([f"{at}" for at in range(5)])
    assert all(box.left <= value.get_left()[0] < box.right for value in values)
    assert len(banks.fan([0, 3, 0], "#FFFFFF", down=True)) == 5


def test_the_gate_leaves_what_it_says() -> None:
    likely_V = np.array([0.1, 0.4, 0.3, 0.15, 0.05])
    gates = Gates(likely_V, [Gate("all", 5, 1.0), Gate("one", 1, 0.4), Gate("some", 3, 0.85)], BOX)
    assert [gate.name for gate in gates.order] == ["all", "some", "one"]
    assert gates.stand(3).mass == pytest.approx(0.85)
    assert [readout.number.string for readout in gates.live] == ["3", "85.0 %"]
    edge = gates.at(3.5, 0)[0][0]
    assert gates.gate.get_x() == pytest.approx(edge, abs=1e-6)
    assert gates.inside.get_right()[0] == pytest.approx(edge, abs=1e-6)
    assert gates.outside.get_left()[0] == pytest.approx(edge, abs=1e-6)
    assert gates.fall(0.0).kept == 1


def test_a_search_is_read_back_from_its_parents() -> None:
    assert SEARCH.survivor() == [1, 0, 0]
    assert SEARCH.text(2, 0) == [6, 7, 9]
    assert SEARCH.lives().tolist() == [[1, 2], [2, 1], [2, 2]]
    np.testing.assert_allclose(SEARCH.shares(), [[0.5, 0.3], [0.25 / 0.3, 0.4], [0.8, 0.16]])
    assert SEARCH.dropped([6, 7, 9]) is None
    assert SEARCH.dropped([5, 7, 9]) == 1
    assert len(twigs(SEARCH)) == 3


@pytest.mark.parametrize("box", [BOX, Box(-1.5, 1.5, -4, 4)])
def test_the_tree_grows_and_its_twigs_die(box: Box) -> None:
    tree = BeamTree(SEARCH, lambda token: f" t{token}".encode(), box)
    assert tree.upright == (box.width < 4)
    tree.grow(0)
    assert all(not branch.get_fill_opacity() for branches in tree.branches for branch in branches)
    tree.grow(3)
    assert tree.branches[0][0].get_fill_opacity() < 0.5  # nothing goes on from there at the end
    assert tree.branches[0][1].get_fill_opacity() == 1
    tree.win(1)
    lit = [[branch.get_fill_opacity() == 1 for branch in branches] for branches in tree.branches]
    assert lit == [[False, True], [True, False], [True, False]]


def test_numbers_fall_into_shares() -> None:
    draws = Draws("seed 0", np.array([0.25, 0.9]), np.array([[0.2, 0.4], [0.8, 1.0]]), [b" a", b" b"])
    (side,) = TwoDraws([draws], BOX).sides
    side.show(1)
    assert side.step == 0
    first = side.head.get_x()
    assert first == pytest.approx(side._left + 0.25 * side._wide)
    side.show(1.2)
    assert first < side.head.get_x() < side._left + 0.9 * side._wide
    assert side.share.get_fill_opacity() == 0
    side.show(2)
    assert side.share.width == pytest.approx(0.2 * side._wide)
    assert [words[0].get_fill_opacity() for words in side.words] == [0, 1]


@pytest.mark.parametrize("parted", [1, None])
def test_two_texts_are_drawn_together_up_to_where_they_part(parted: int | None) -> None:
    texts = [Written(name, PIECES, LIKELY) for name in ("a", "b", "c")]
    draws = [Draws(name, np.linspace(0.1, 0.9, 4), np.zeros((4, 2)), PIECES) for name in ("a", "c")]
    seeds = SameSeed(texts, draws, parted, BOX)
    assert seeds.drawn_together == (4 if parted is None else 2)
    assert len(seeds.marks) == (0 if parted is None else 2)
    seeds.differ(4)
    assert [side.step for side in seeds.strip.sides] == [seeds.drawn_together - 1] * 2
    assert seeds.other.reached == 4


def test_texts_fall_by_their_log_probabilities() -> None:
    falls = [Fall("a", PIECES, np.log(LIKELY)), Fall("b", PIECES[:2], np.array([-1.0, -2.0]))]
    descent = Descent(falls, SEARCH, BOX, Eye(yaw=20, pitch=8))
    assert descent.deepest == (0, 1)
    assert descent.fallen[1].string == "−4.6"
    assert descent.labels[1].string.endswith("−1.50")
    descent.flow(1)
    end = descent.eye.project(descent.world([1], [np.log(0.5)]))[0]
    np.testing.assert_allclose(descent.dots[0].get_center(), end)
    assert [band.get_fill_opacity() for band in descent.rivers[0][-1]] == [1, 0, 0, 0]
    places = [label.get_y() for label in descent.flow(4).labels]
    assert abs(places[0] - places[1]) > 0.43


def test_what_is_said_of_a_run_is_so(trace: Trace) -> None:
    straight, circle = way(list(range(12))), way([1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    five = [straight] * 5
    assert "no phrase comes twice" in said.loop_words(five)
    assert "w1 w2 w3” comes twice. No other" in said.loop_words([circle, *five[1:]])
    assert "that repeat a phrase: 1" in said.loop_words([circle, circle, *five[2:]])
    assert "that repeat one: 2" in said.loop_words([straight, circle, circle, *five[3:]])
    assert "context of the model is full" in said.rivers_words([way([1, 2])] * 5, 2)
    assert "1 of the five did" in said.rivers_words([way([1]), *five[1:]], STEPS)
    assert "no more than hairs" in said.rivers_words([way(list(range(12)), -9.0)] * 5, STEPS)
    assert "12 tokens each" in said.rivers_words(five, STEPS)
    assert "same text" in said.other_words(straight, straight, 1)
    assert "part at token 4" in said.other_words(straight, way([0, 1, 2, 9]), 1)
    assert "it differs" in said.seed_words(straight, circle, 0)
    assert "12 of 12" in said.seed_words(straight, straight, 0)
    assert "found greedy’s text again" in said.scale_words(five, SEARCH)
    worse, better = way([7] * 12, -2.0, BEAM), way([7] * 12, -0.5, BEAM)
    assert "dropped it at token 1" in said.scale_words([*five[:4], worse], SEARCH)
    assert "−6.0 in place of −12.0" in said.scale_words([*five[:4], better], SEARCH)
    assert said.scale_words([*five[:4], way([7], -2.0, BEAM)], SEARCH).endswith("its log-probability.")
    assert "repeats itself" in said.last_words([circle] * 5)
    assert "uppermost" in said.last_words(five)


@pytest.mark.parametrize(("method", "answer"), [("sample", "drew"), ("greedy", "took"), ("beam", "Yes")])
def test_whether_the_first_scene_was_a_beam_search(trace: Trace, method: str, answer: Any) -> None:
    facts = replace(trace.facts, sampling={**trace.facts.sampling, "method": method})
    words = said.survivor_words(SEARCH, facts)
    assert answer in words
    assert "number 2 after token 1" in words
