"""What `dot_product` shows is the trace's; each check goes red where one tensor is altered."""

from typing import Any

import numpy as np
import pytest

from model_probe.trace import Trace
from scenes import dot_product_words as words
from scenes.mobjects.arrow_plane import on_their_plane
from scenes.mobjects.numerals import plain, signed
from tests.scenes.conftest import Change, Check, GoesRed, Lacking, Play


def check_direction(played: Any, trace: Trace) -> None:
    """The direction is the plural minus the singular, and the arrows have their lengths and their angle."""
    singular, plural = np.asarray(trace.pair_vectors_P2D[0], dtype=np.float64)
    np.testing.assert_allclose(played.pairs.direction, plural - singular, atol=1e-5)
    arrows = played["direction"].arrows
    tips = [(arrow.get_end() - arrow.get_start())[:2] / arrows.unit for arrow in arrows.arrows]
    np.testing.assert_allclose(np.linalg.norm(tips[0]), trace.pair_norms_P2[0, 1], rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(tips[1]), trace.pair_norms_P2[0, 0], rtol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(tips[2]), np.linalg.norm(trace.direction_D[:]), rtol=1e-4)
    np.testing.assert_allclose(tips[0] @ tips[1], plural @ singular, rtol=1e-4)


def check_product(played: Any, trace: Trace) -> None:
    """The products add up to the dot product that the trace has of that word."""
    product = played["products"].product
    vector = np.asarray(trace.pair_vectors_P2D[1, 1], dtype=np.float64)
    np.testing.assert_allclose(product.products, trace.direction_D[:].astype(float) * vector)
    assert product.total.string == signed(float(trace.pair_dots_P2[1, 1]), 2)


def check_line(played: Any, trace: Trace) -> None:
    """Every dot is at its value on one scale: nothing is nudged."""
    line = played["line"].line
    dots_P2 = trace.pair_dots_P2[1:].astype(float)
    x = np.array([[dot.get_x() for dot in pair] for pair in line.dots])
    slope, start = np.polyfit(dots_P2.ravel(), x.ravel(), 1)
    np.testing.assert_allclose(x, start + slope * dots_P2, atol=1e-6)
    assert slope > 0
    for pair, ids in zip(line.names, trace.pair_ids_P2[1:].tolist(), strict=True):
        for name, one in zip(pair, ids, strict=True):
            assert name.string == trace.token_name(one).decode().strip()


def check_score(played: Any, trace: Trace) -> None:
    """Right is a pair whose plural is greater; the others are ringed; the count stands against a coin's."""
    beat = played["score"]
    tried = trace.pair_dots_P2[1:21]
    right = tried[:, 1] > tried[:, 0]
    assert beat.score.mark.value == right.sum()
    assert beat.score.mark.label.string == f"{right.sum()} of {len(tried)}"
    for pair, good in enumerate(right):
        assert bool(beat.line.rings[pair][0].get_stroke_opacity()) != good
    assert str(right.sum()) in beat.narration
    assert beat.score.ruler.chance[0].get_x() == pytest.approx(beat.score.ruler.at(len(tried) / 2)[0])


def check_dials(played: Any, trace: Trace) -> None:
    """Dot, both lengths and cosine of one pair; with the longer at 1 the dot is less, the cosine the same."""
    beat = played["length"]
    dot, direction, word, cosine = (dial.value for dial in beat.arrows.dials)
    lengths = [float(np.linalg.norm(trace.direction_D[:])), float(trace.pair_norms_P2[1, 1])]
    longer = max(lengths)
    assert cosine == pytest.approx(float(trace.pair_cosines_P2[1, 1]))
    cut = [1.0 if length == longer else length for length in lengths]
    assert (direction, word) == pytest.approx(cut, rel=1e-5)
    assert dot == pytest.approx(float(trace.pair_dots_P2[1, 1]) / longer, rel=1e-4)
    assert signed(float(trace.pair_dots_P2[1, 1]), 2) in beat.narration


def check_random(played: Any, trace: Trace) -> None:
    """All random pairs are counted on an axis of all that there can be, and their mean is printed."""
    cosines = trace.random_cosines_R[:].astype(float)
    assert played.histogram.counts.sum() == len(cosines)
    counts, _ = np.histogram(cosines.clip(-1, 1), played.histogram.edges)
    np.testing.assert_array_equal(played.histogram.counts, counts)
    assert played.middle[2].string == signed(cosines.mean(), 2)
    assert signed(cosines.mean(), 2) in played["random"].narration


CHECKS = [check_direction, check_product, check_line, check_score, check_dials, check_random]


def test_what_is_shown_is_in_the_trace(play: Play, trace: Trace) -> None:
    played = play("dot_product", trace)
    for check in CHECKS:
        check(played, trace)


def half_swapped(dots_P2: Any) -> Any:
    dots_P2[2:8] = dots_P2[2:8, ::-1]
    return dots_P2


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_direction, "direction_D", lambda a: a * 1.1),
        (check_direction, "pair_vectors_P2D", lambda a: a[:, ::-1]),
        (check_product, "pair_vectors_P2D", lambda a: a * 1.1),
        (check_product, "direction_D", lambda a: a[::-1]),
        (check_line, "pair_dots_P2", half_swapped),
        (check_score, "pair_dots_P2", half_swapped),
        (check_dials, "pair_norms_P2", lambda a: a * 2),
        (check_dials, "pair_cosines_P2", lambda a: a * 0.9),
        (check_random, "random_cosines_R", lambda a: a * 0.9),
    ],
)
def test_an_altered_tensor_shows(goes_red: GoesRed, check: Check, name: str, change: Change) -> None:
    goes_red("dot_product", check, name, change)


def test_without_pairs_it_says_so(play: Play, lacking: Lacking, trace: Trace) -> None:
    names = [name for name in trace.tensor_names if name.startswith(("pair_", "direction_"))]
    played = play("dot_product", lacking(*names))
    assert "No pair" in played.said["score"]
    check_random(played, trace)


def test_a_dot_product_on_a_plane_is_that_of_all_dimensions() -> None:
    a, b = np.random.default_rng(3).normal(size=(2, 300))
    flat = on_their_plane(a, b)
    np.testing.assert_allclose(flat @ flat.T, np.array([[a @ a, a @ b], [a @ b, b @ b]]))


def test_names_on_the_line_touch_neither_each_other_nor_the_edge() -> None:
    from scenes.layout import Box
    from scenes.mobjects.word_line import WordLine

    values = np.random.default_rng(0).normal(size=(20, 2)) * 0.1
    pieces = [(b" word%d" % pair, b" words%d" % pair) for pair in range(20)]
    for box in (Box(-6.7, 6.7, -2, 1), Box(-3.5, 3.5, -4, 4)):
        line = WordLine(pieces, values, box).grow(1.0)
        boxes = [
            (name.get_left()[0], name.get_bottom()[1], name.get_right()[0], name.get_top()[1])
            for pair in line.names
            for name in pair
        ]
        for at, one in enumerate(boxes):
            assert box.left - 0.01 <= one[0]
            assert one[2] <= box.right + 0.01
            for other in boxes[:at]:
                wide = min(one[2], other[2]) - max(one[0], other[0])
                high = min(one[3], other[3]) - max(one[1], other[1])
                assert wide <= 1e-6 or high <= 1e-6
        assert line.wrong == np.flatnonzero(values[:, 1] <= values[:, 0]).tolist()


def test_what_is_said_is_true_of_the_numbers() -> None:
    assert words.score_words(20, 20).startswith("In all 20")
    assert words.score_words(19, 20).startswith("In 19 of 20")
    assert words.score_words(12, 20).startswith("Only in 12")
    assert "cut to 1" in words.cut_words(1.2, 0.4, 0.3)
    assert "drawn out" in words.cut_words(0.8, 0.4, 0.5)
    assert "right angles" in words.random_words(0.01, 2000)
    assert plain(0.35, 2) in words.random_words(0.35, 2000)
