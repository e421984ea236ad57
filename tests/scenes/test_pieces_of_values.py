"""The pieces of what is handed over: columns that are weighed, slabs that pour, bars back to back."""

import numpy as np
import pytest

from scenes.handing_over import Handed, rank_among
from scenes.layout import Box
from scenes.mobjects import palette
from scenes.mobjects.facing_bars import FacingBars
from scenes.mobjects.head_shares import HeadShares
from scenes.mobjects.lettering import text
from scenes.mobjects.slab_rack import SlabRack, rack_of
from scenes.mobjects.value_columns import ValueColumns
from scenes.mobjects.weight_strip import WeightStrip
from scenes.mobjects.worked_product import WorkedProduct
from tests.scenes.played import shaped

BOX = Box(-6.5, 6.5, -2.6, 2.8)
RANDOM = np.random.default_rng(4)


def handed(tokens: int, most: int = 9) -> Handed:
    weights = RANDOM.dirichlet(np.ones(tokens))
    values, matrix = RANDOM.normal(size=(tokens, 12)), RANDOM.normal(size=(12, 20))
    shown = sorted(np.argsort(-weights)[: most if tokens <= most else most - 1].tolist())
    return Handed(weights, values, weights @ values, values @ matrix, shown)


def names(count: int) -> list[bytes]:
    return [f" token{number}".encode() for number in range(count)]


@pytest.mark.parametrize("tokens", [1, 3, 9, 30])
def test_columns_stand_in_their_box_and_count_to_the_sum(tokens: int) -> None:
    with shaped("16:9"):
        given = handed(tokens)
        columns = ValueColumns(given, names(tokens), BOX)
        assert len(columns.numbers) == min(tokens, 9)
        assert columns.width <= BOX.width + 1e-6
        assert columns.height <= BOX.height + 1e-6
        columns.weigh(1.0)
        whole = np.hstack([number.values for number in columns.numbers])
        np.testing.assert_allclose(whole.sum(axis=1), given.read[: columns.rows], atol=1e-5)
        columns.add_up_from(0, len(columns.numbers))
        sums = [float(each.string.replace("−", "-")) for each in columns.sums]
        assert sums == pytest.approx(given.read[: columns.rows], abs=0.0051)
        half = columns.partial(0, 0.5)
        assert half == pytest.approx(0.5 * float(given.products[0, 0]))


def test_flown_towards_and_back_everything_stands_where_it_stood() -> None:
    with shaped("16:9"):
        columns = ValueColumns(handed(30), names(30), BOX)
        before = [part.points.copy() for part in columns.get_family()]
        columns.near(2, (0.0, 0.0, 0.0), 0.7)
        assert any(not np.allclose(a, b.points) for a, b in zip(before, columns.get_family(), strict=True))
        columns.near(2, (0.0, 0.0, 0.0), 0.0)
        for points, part in zip(before, columns.get_family(), strict=True):
            np.testing.assert_allclose(part.points, points, atol=1e-9)
        assert columns.numbers[0].opacity == 1


@pytest.mark.parametrize("tokens", [1, 9, 30])
def test_slabs_slide_into_the_sum(tokens: int) -> None:
    with shaped("16:9"):
        given = handed(tokens)
        rack = rack_of(given, names(tokens), BOX)
        assert not rack.summed.any()
        assert rack.pour(0.5).arrived.sum() < len(rack.arrived)
        rack.pour(1.0)
        np.testing.assert_allclose(rack.summed, given.read, atol=1e-9)
        for point in (rack.get_corner((-1, -1, 0)), rack.get_corner((1, 1, 0))):
            assert BOX.left - 0.6 <= point[0] <= BOX.right + 0.6
            assert BOX.bottom - 1e-6 <= point[1] <= BOX.top + 0.2


def test_a_slab_is_brighter_where_the_number_is_larger() -> None:
    with shaped("16:9"):
        labels = [text("a"), text("z")]
        rack = SlabRack([[0.0, 1.0]], [palette.VALUE, palette.OUTPUT], labels, BOX)
        rows = rack.slabs[0].pixels[..., 0].astype(int)
        assert rows[: len(rows) // 2].max() < rows[len(rows) // 2 :].max()


def test_what_is_alike_has_bars_alike() -> None:
    with shaped("16:9"):
        heads = (("left", "$a$"), ("right", "$b$"))
        both = [[0.5, 0.3, 0.2], [0.5, 0.1, 0.4]]
        three = [text(word) for word in ("one", "two", "rest")]
        bars = FacingBars(three, both, heads, (palette.QUERY, palette.OUTPUT), BOX, 2, "below").show((1, 1))
        left, right = ([bar.width for bar in side] for side in bars.bars)
        assert left[0] == pytest.approx(right[0])
        np.testing.assert_allclose(np.array([*left, *right]) / left[0], np.ravel(both) / 0.5, rtol=1e-6)
        assert [each.string for each in bars.numbers[1]] == ["50.0 %", "10.0 %", "40.0 %"]
        assert bars.width <= BOX.width + 1e-6


@pytest.mark.parametrize("heads", [1, 9, 40])
def test_every_head_has_a_row_and_a_length(heads: int) -> None:
    with shaped("16:9"):
        shares = RANDOM.normal(size=(3, heads, 40))
        pieces = HeadShares(RANDOM.normal(size=8), shares, (1, heads - 1), BOX)
        lengths = np.linalg.norm(shares, axis=-1)
        assert pieces.mark.value == pytest.approx(lengths[1, -1], rel=1e-5)
        assert f"rank {rank_among(lengths.ravel(), lengths[1, -1])} of" in pieces.mark.label.string
        pieces.widen(0.0)
        assert pieces.own.width == pytest.approx(pieces.read.width)
        pieces.widen(1.0).settle(1.0)
        assert pieces.own.width == pytest.approx(pieces.rows.width)
        assert pieces.own.get_y() == pytest.approx(pieces.seat[1])
        assert pieces.height <= BOX.height + 0.1


def test_a_strip_has_the_light_of_the_strongest_weight() -> None:
    with shaped("16:9"):
        weights = np.full(1000, 1e-4)
        weights[700] = 0.9
        strip = WeightStrip(weights, [700], [0.0], BOX)
        light = strip.strip.pixels[0, :, :3].astype(int).sum(axis=-1)
        assert light.argmax() / len(light) == pytest.approx(0.7, abs=0.01)
        assert strip.threads[0].get_start()[0] == pytest.approx(BOX.left + BOX.width * 0.7005)


def test_the_product_is_of_the_number_that_comes() -> None:
    with shaped("16:9"):
        given = handed(9)
        weight, _times, value, _is, product = (each.string for each in WorkedProduct(given, 2, BOX))
        first = float(given.values[given.heaviest, 0])
        assert float(value.replace("−", "-")) == pytest.approx(first, abs=0.0051)
        expected = given.weights[given.heaviest] * first
        assert float(product.replace("−", "-")) == pytest.approx(expected, abs=0.0051)
        assert weight.endswith(" %")


def test_the_token_that_brings_least_for_its_weight_is_named_before_one_that_brings_most() -> None:
    values, flat = np.eye(3), np.array([0.4, 0.4, 0.2])
    short = Handed(flat, values, flat @ values, np.diag([0.1, 1.0, 1.0]), [0, 1, 2])
    assert (short.apart, short.agree) == (0, False)
    alike = Handed(flat, values, flat @ values, values, [0, 1, 2])
    assert alike.agree
    assert alike.correlation == pytest.approx(1.0)
    assert Handed(flat[:2], values, flat @ values, values[:2], [0, 1]).correlation is None
