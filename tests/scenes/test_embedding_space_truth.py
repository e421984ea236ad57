"""What `embedding_space` shows is the trace's; each check goes red where one tensor is altered."""

from typing import Any

import numpy as np
import pytest

from model_probe.derived import BEGINNINGS, beginnings
from model_probe.trace import Trace
from scenes import embedding_space_words as words
from scenes.mobjects.hues import HUES, hue
from scenes.mobjects.numerals import count, percent, plain
from scenes.mobjects.ranking import Ranking
from scenes.mobjects.token_row import token_label, token_quote
from tests.scenes.conftest import Change, Check, GoesRed, Lacking, Play, Traces


def check_cloud(played: Any, trace: Trace) -> None:
    """All tokens are points where the principal axes have them; the share that these keep is printed."""
    np.testing.assert_array_equal(played.galaxy.cloud.world, np.asarray(trace.space_V3, dtype=np.float64))
    assert played["galaxy"].narration.count(count(trace.facts.n_vocab)) == 1
    assert percent(float(trace.space_explained_3[:].sum())) in played["galaxy"].note.line.string
    kinds = beginnings(trace.vocab_bytes_B[:], trace.vocab_offsets_V1[:])
    np.testing.assert_array_equal(played.galaxy.kinds, kinds)


def check_prompt(played: Any, trace: Trace) -> None:
    """The prompt's tokens are lit, and the last twelve different ones named where they are."""
    beat = played["prompt"]
    names = beat.galaxy.names
    ids = trace.near_ids_E[:].tolist()
    np.testing.assert_allclose(names.world, np.asarray(trace.space_V3)[ids], rtol=1e-6)
    assert [label.string.strip() for label in names.labels] == [
        trace.token_name(one).decode().strip() for one in ids
    ]
    for dot, place in zip(names.dots, beat.galaxy.eye.project(names.world), strict=True):
        np.testing.assert_allclose(dot.get_center(), place, atol=1e-6)
    lit = np.flatnonzero(beat.galaxy.cloud.lights_P > 1)
    np.testing.assert_array_equal(lit, np.unique(trace.token_ids_T[:]))


def check_nearest(played: Any, trace: Trace) -> None:
    """Threads lead to the ten nearest, and their distances stand beside: 1 − cosine, nearest first."""
    beat = played["nearest"]
    at = trace.near_ids_E[:].tolist().index(played.near.token)
    ids, cosines = trace.nearest_ids_EN[at], trace.nearest_cosines_EN[at].astype(float)
    np.testing.assert_allclose(beat.galaxy.threads.ends, np.asarray(trace.space_V3)[ids], rtol=1e-6)
    np.testing.assert_allclose(beat.table.values[0], 1 - cosines, atol=1e-6)
    assert [cell.string for cell in beat.table.numbers[0]] == [plain(1 - one, 2) for one in cosines]


def check_sum(played: Any, trace: Trace) -> None:
    """The two arrows are one step: from b to a, and from c to a − b + c."""
    plane = played["sum"].plane
    a, b, c, _ = np.asarray(trace.analogy_vectors_A4D[0], dtype=np.float64)
    np.testing.assert_allclose(plane.sum_D, a - b + c)
    places = plane.eye.project(np.column_stack([plane.plane.project(np.stack([a, b, c])), np.zeros(3)]))
    np.testing.assert_allclose(
        plane.step.get_end() - plane.step.get_start(), places[0] - places[1], atol=1e-6
    )
    np.testing.assert_allclose(plane.taken.get_start(), places[2], atol=1e-6)
    np.testing.assert_allclose(plane.taken.get_end() - places[2], places[0] - places[1], atol=1e-6)


def check_ranking(played: Any, trace: Trace) -> None:
    """All tokens are ranked with what was put in among them; then it is struck; d's rank is on screen."""
    ids, tops = trace.analogy_ids_A4[0].tolist(), trace.analogy_top_ids_AN[0].tolist()
    before, after = played["ranking"].ranking, played["struck"].ranking
    with_inputs, without = trace.analogy_ranks_A2[0].tolist()
    assert (before.rank, after.rank) == (with_inputs, without)
    assert before.order == list(range(before.rows))
    assert after.order == [row for row, one in enumerate(tops) if one not in ids[:3]][: after.rows]
    cosines = trace.analogy_top_cosines_AN[0].astype(float)
    assert [entry.number.string for entry in after.entries] == [plain(one, 2) for one in cosines]
    expected = token_quote(trace.token_name(ids[3]))
    assert expected in played["struck"].narration
    assert without == 1 or count(without) in played["struck"].narration


def check_strip(played: Any, trace: Trace) -> None:
    """Every analogy has its rank on the strip, whatever it is."""
    strip = played["strip"].strip
    ranks = trace.analogy_ranks_A2[:, 1].tolist()
    assert [flag.value for flag in strip.flags] == ranks
    for flag, rank in zip(strip.flags, ranks, strict=True):
        assert flag.label.string.endswith(f": {count(rank)}")
        assert flag.needle.get_start()[0] == pytest.approx(strip.ruler.at(rank)[0])


def check_knot(played: Any, trace: Trace) -> None:
    """The tokens nearest to the mean are lit, and read in their order."""
    ids = trace.knot_ids_N[:].tolist()
    lit = np.flatnonzero(played.galaxy.cloud.lights_P > 1)
    np.testing.assert_array_equal(lit, np.sort(ids))
    read = [word.string.strip() for word in played.read_out]
    names = [trace.token_name(one) for one in ids[: played.read_out.shown]]
    assert read == [token_label(name)[0].strip() for name in names]
    assert plain(float(trace.knot_cosines_N[0]), 2) in played["knot"].narration


CHECKS = [check_cloud, check_prompt, check_nearest, check_sum, check_ranking, check_strip, check_knot]


def test_what_is_shown_is_in_the_trace(play: Play, trace: Trace) -> None:
    played = play("embedding_space", trace)
    for check in CHECKS:
        check(played, trace)


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_cloud, "space_V3", lambda a: a[::-1]),
        (check_cloud, "space_explained_3", lambda a: a * 0.5),
        (check_prompt, "near_ids_E", lambda a: a[::-1]),
        (check_nearest, "nearest_ids_EN", lambda a: a[:, ::-1]),
        (check_nearest, "nearest_cosines_EN", lambda a: a * 0.9),
        (check_sum, "analogy_vectors_A4D", lambda a: a[:, ::-1]),
        (check_ranking, "analogy_ranks_A2", lambda a: a + 5),
        (check_ranking, "analogy_top_cosines_AN", lambda a: a * 0.9),
        (check_strip, "analogy_ranks_A2", lambda a: a + 5),
        (check_knot, "knot_ids_N", lambda a: a[::-1]),
        (check_knot, "knot_cosines_N", lambda a: a * 0.9),
    ],
)
def test_an_altered_tensor_shows(goes_red: GoesRed, check: Check, name: str, change: Change) -> None:
    goes_red("embedding_space", check, name, change)


def test_without_analogies_it_says_so(play: Play, lacking: Lacking, trace: Trace) -> None:
    names = [name for name in trace.tensor_names if name.startswith("analogy_")]
    played = play("embedding_space", lacking(*names))
    assert [beat.name for beat in played.beats] == ["galaxy", "prompt", "nearest", "none", "knot"]
    assert "No sum of words" in played.said["none"]


def test_beyond_twelve_names_the_last_are_named(play: Play, traces: Traces) -> None:
    path = traces["japanese"]
    played = play("embedding_space", path)
    named = len(Trace.open(path).near_ids_E[:])
    assert len(played["prompt"].galaxy.names.labels) == named == 12
    assert "The last 12 are named." in played.said["prompt"]


def test_an_expected_token_far_down_has_the_last_row_with_its_rank() -> None:
    from scenes.layout import Box

    pieces = [b" a%d" % row for row in range(13)]
    ranking = Ranking(
        Box(0, 5, -3, 3), pieces, np.linspace(0.9, 0.3, 13), (0, 2), (b" far", 0.01), (22_184, 22_182)
    )
    assert ranking.own.string == "22,184"
    ranking.show(1.0)
    assert (ranking.own.string, ranking.own.get_fill_opacity()) == ("22,182", 1)
    assert ranking.order == [1, 3, 4, 5, 6, 7, 8, 9]
    assert all(entry.label.get_fill_opacity() == 0 for entry in (ranking.entries[0], ranking.entries[2]))


def test_a_name_has_the_hue_of_what_it_begins_with() -> None:
    assert [hue(piece) for piece in (b" cat", b" Cat", b"cat", b"\x8e")] == list(HUES)
    assert len(HUES) == len(BEGINNINGS)


def test_what_is_said_is_true_of_the_numbers() -> None:
    assert "every word" in words.strip_words([1, 1], 100)
    assert "none" in words.strip_words([2, 30], 100)
    assert "1 of them" in words.strip_words([1, 30], 100)
    assert "which was put in" in words.ranking_words(100, b" king", True)
    assert "which was put in" not in words.ranking_words(100, b" queen", False)
    assert "rank 66" in words.struck_words(b" Rome", 66, 100)
    assert "No token" in words.knot_words([b" a"], 0.15, 200)
    assert "are one" in words.nearest_words(0.1, 256, b"\x82", 0.001)
