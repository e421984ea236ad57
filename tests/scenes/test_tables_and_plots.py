"""Tables, plots and readouts: what is written is what is shown, in the room that was kept for it."""

import doctest

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from manim import ORIGIN, RIGHT, VGroup

from scenes.layout import Box
from scenes.mobjects import spread as spreading
from scenes.mobjects.lettering import DESCENT, Lettering, text, words_or_formula
from scenes.mobjects.numerals import percent, plain, signed
from scenes.mobjects.plot import Axis, Plot, short
from scenes.mobjects.readout import Readout
from scenes.mobjects.spread import spread
from scenes.mobjects.token_table import THINNEST, Column, TokenTable

SMALLEST = 18 / 1080 * 8


def table(width: float = 9.0, height: float = 5.0, **more: object) -> TokenTable:
    columns = [
        Column("$x$", lambda value: signed(value, 2), (-12.0, 12.0), sums=False),
        Column("share", percent, (0.123, 1.0)),
    ]
    return TokenTable(
        [b" king", b" a long one", b"\xff", b"#77"], columns, width, height,
        rest="all other 96 tokens", total="sum", bars=1, longest=0.5, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def strings(cells: VGroup) -> list[str]:
    return [cell.string.strip() for cell in cells]


def test_a_table_writes_the_values_their_rest_and_their_sum() -> None:
    made = table().show(0, [1.5, -2.25, 0.0, 11.0]).show(1, [0.5, 0.25, 0.05, 0.001], rest=0.199)
    assert strings(made.numbers[0]) == ["+1.50", "−2.25", "+0.00", "+11.00", "", ""]
    assert strings(made.numbers[1]) == ["50.0 %", "25.0 %", "5.0 %", "0.1 %", "19.9 %", "100.0 %"]
    assert made.values[1].sum() == pytest.approx(1)


@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_a_bar_is_as_long_as_its_value_wherever_the_table_stands(scale: float) -> None:
    made = table()
    made.scale(scale, about_point=ORIGIN).shift(2 * RIGHT)
    shares = np.array([0.5, 0.25, 0.05, 0.0])
    made.show(1, shares, rest=0.2)
    lengths = np.array([bar.width for bar in made.shapes])
    np.testing.assert_allclose(lengths[[0, 1, 2, 4]] / lengths[0], [1, 0.5, 0.1, 0.4], rtol=1e-6)
    assert lengths[3] == pytest.approx(scale * THINNEST)
    lefts = [bar.get_left()[0] for bar in made.shapes]
    np.testing.assert_allclose(lefts, lefts[0])
    assert made.shapes[0].get_right()[0] == pytest.approx(scale * 4.5 + 2)


def test_a_columns_numbers_keep_their_right_edge_and_stay_out_of_their_neighbours() -> None:
    made = table(width=6.0)
    edges = []
    for value in (0.0, 3.25, -11.75, 12.0):
        made.show(0, [value] * 4).show(1, [abs(value) / 12] * 4, rest=0.0)
        edges.append([[cell.get_right()[0] for cell in column] for column in made.numbers])
        for label, first, second in zip(made.labels, made.numbers[0], made.numbers[1], strict=True):
            for left, right in ((label, first), (first, second)):
                if left.string.strip() and right.string.strip():
                    assert left.get_right()[0] < right.get_left()[0]
    np.testing.assert_allclose(edges, np.broadcast_to(edges[0], np.shape(edges)), atol=1e-9)


@pytest.mark.parametrize("size", [(12.0, 6.0), (6.0, 5.0), (7.1, 9.0)])
def test_a_table_keeps_to_its_size(size: tuple[float, float]) -> None:
    made = table(*size).show(1, [0.5, 0.5, 0, 0], rest=0.0)
    assert made.width <= size[0] + 1e-6
    assert made.height <= size[1] + 1e-6
    assert made.size >= SMALLEST


def test_a_column_is_hidden_and_revealed_with_its_bars() -> None:
    made = table().show(1, [0.5, 0.25, 0.05, 0.1], rest=0.1).reveal(1, 0)
    parts = made.column(1).family_members_with_points()
    assert {part.get_fill_opacity() for part in parts} == {0}
    assert made.numbers[0][0].get_fill_opacity() == 1
    made.reveal(1, 0.5)
    assert made.shapes[0].get_fill_opacity() == made.heads[1].get_fill_opacity() == 0.5


def test_a_row_is_its_label_its_numbers_and_its_bar() -> None:
    made = table()
    row = made.row(1)
    assert [part.get_y() for part in row] == pytest.approx([row[0].get_y()] * 4)
    assert made.labels[1] in row.submobjects


@pytest.mark.parametrize("log", [False, True])
def test_a_plot_puts_values_where_its_ticks_say(log: bool) -> None:
    y = Axis(1e-6, 1, "probability", log=True) if log else Axis(-2, 12, "logit")
    plot = Plot(Box(-6, 6, -3, 3), Axis(1, 50257, "rank", log=True), y)
    lines, labels = plot.ticks[0::2], plot.ticks[1::2]
    places = [*plot.at(plot.marked[0], y.low), *plot.at(1, plot.marked[1])]
    for line, place in zip(lines, places, strict=True):
        assert line.get_start() == pytest.approx(place, abs=1e-6)
    for label, value in zip(labels, [*plot.marked[0], *plot.marked[1]], strict=True):
        if isinstance(label, Lettering):
            assert float(label.string.replace(",", "").replace("−", "-")) == pytest.approx(value)
    middle = plot.at(np.sqrt(50257), 1e-3 if log else 5)[0]
    _corner, right, top = plot.at([1, 50257, 1], [y.low, y.low, y.high])
    assert middle == pytest.approx((right + top) / 2, abs=1e-6)


@pytest.mark.parametrize("width", [3.0, 6.0, 12.0])
def test_a_plots_words_fit_its_box_and_keep_apart(width: float) -> None:
    box = Box(-width / 2, width / 2, -2, 2)
    for x in (Axis(1, 50257, "rank", log=True), Axis(0, 48, "layer"), Axis(0.9, 1.0, "cosine")):
        plot = Plot(box, x, Axis(1e-9, 1, "probability", log=True))
        assert min(map(len, plot.marked)) >= 2
        labels = [*plot.ticks[1::2], *plot.names]
        low, high = plot.get_corner([-1, -1, 0]), plot.get_corner([1, 1, 0])
        assert (low[:2] >= [box.left - 1e-6, box.bottom - 1e-6]).all()
        assert (high[:2] <= [box.right + 1e-6, box.top + 1e-6]).all()
        for number, one in enumerate(labels):
            for other in labels[number + 1 :]:
                across = abs(one.get_x() - other.get_x()) - (one.width + other.width) / 2
                along = abs(one.get_y() - other.get_y()) - (one.height + other.height) / 2
                assert max(across, along) > -1e-6


def test_curves_areas_and_dots_follow_the_plot() -> None:
    plot = Plot(Box(-4, 4, -2, 2), Axis(0, 10), Axis(0, 1))
    plot.scale(0.5).shift([1, 1, 0])
    xs, ys = np.array([0.0, 5.0, 10.0]), np.array([0.2, 0.9, 0.1])
    np.testing.assert_allclose(np.array(plot.curve(xs, ys).get_anchors())[[0, 1, -1]], plot.at(xs, ys))
    area = plot.area(xs, ys)
    assert area.get_bottom()[1] == pytest.approx(plot.axes[0].get_y())
    assert plot.moving_dot(0, 0).show((5, 0.5)).get_center() == pytest.approx(plot.at(5, 0.5)[0])
    assert plot.mark(5, 0.9, "here")[0].get_center() == pytest.approx(plot.at(5, 0.9)[0])
    assert plot.mark(10, 0.1, "a long word at the edge")[1].get_right()[0] <= plot.get_right()[0] + 1e-6


def test_an_axis_holds_what_is_outside_at_its_ends() -> None:
    np.testing.assert_allclose(Axis(1e-3, 1, log=True).share([0.0, 1e-9, 1e-3, 1, 5]), [0, 0, 0, 1, 1])
    np.testing.assert_allclose(Axis(5, 0).share([5, 0, -1, 2.5]), [0, 1, 1, 0.5])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0, "0"),
        (1e-7, "$10^(-7)$"),
        (2e6, "$2 times 10^(6)$"),
        (-0.5, "−0.5"),
        (50000, "50,000"),
        (1e-3, "0.001"),
        (2.50, "2.5"),
    ],
)
def test_a_tick_is_as_short_as_it_can_be(value: float, words: str) -> None:
    assert short(value) == words


@pytest.mark.parametrize("below", [False, True])
def test_a_readout_keeps_its_room_and_its_place(below: bool) -> None:
    made = Readout("entropy", lambda bits: plain(bits, 2) + " bits", (0.0, 15.62), below=below)
    made.scale(1.3).shift([2, 1, 0])
    box, height = (made.width, made.height), made.number.height
    left = made.number.get_left()[0]
    for bits in (0.0, 9.99, 10.0, 15.62):
        made.show(bits)
        assert made.number.string == f"{bits:.2f} bits"
        assert (made.width, made.height) == pytest.approx(box)
        assert made.number.height == pytest.approx(height)
        if not below:
            assert made.number.get_left()[0] == pytest.approx(left)
            assert made.label.get_right()[0] < left


@given(st.lists(st.floats(-20, 20), max_size=15), st.floats(0.01, 1.0))
def test_what_is_spread_keeps_apart_in_order_and_within(wanted: list[float], apart: float) -> None:
    places = spread(wanted, apart, -20, 20)
    order = np.argsort(wanted, kind="stable")
    gaps = np.diff(places[order])
    assert (gaps >= min(apart, 40 / max(1, len(wanted) - 1)) - 1e-9).all()
    assert len(wanted) == 0 or (places.min() >= -20 - 1e-9 and places.max() <= 20 + 1e-9)
    if (np.diff(np.sort(wanted)) >= apart).all():
        np.testing.assert_allclose(places, wanted, atol=1e-9)


def test_the_example_of_spread_is_true() -> None:
    assert doctest.testmod(spreading).failed == 0


def test_a_formula_stands_on_the_line_of_the_words_beside_it() -> None:
    for source in ("$T =$", "$2^H =$", "$x_i$", "$e^(-h)$"):
        written = words_or_formula(source, 0.5)
        line = written[0]  # the box of the line
        assert line.height == pytest.approx(text("x", 0.5).height)
        inked = [part for part in written[1:] if len(part.points)]
        lowest = min(part.get_bottom()[1] for part in inked)
        baseline = line.get_bottom()[1] + DESCENT * 0.5
        assert lowest <= baseline + 0.02
        if "_" not in source:
            assert lowest == pytest.approx(baseline, abs=0.02 if "=" not in source else 0.1)
    made = Readout("$2^H =$", lambda value: plain(value, 1), (0.0, 9.0), 0.5)
    two = min(part.get_bottom()[1] for part in made.label[1:] if len(part.points))
    assert two == pytest.approx(made.number.points[8:, 1].min(), abs=0.03)


def test_an_axis_has_ticks_whatever_is_asked_of_it() -> None:
    layers = Axis(0, 29, at=tuple(range(30))).ticks(9)
    assert 5 <= len(layers) <= 9
    assert layers[0] == 0
    assert set(layers) <= set(range(30))
    assert len(Axis(2, 9, log=True).ticks(9)) >= 3
    assert Axis(1, 1000, log=True).ticks(9) == [1, 10, 100, 1000]
