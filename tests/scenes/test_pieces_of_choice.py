"""What shows a choice among all tokens: ladder, thermometer, coins, field, sheets, guesses, surprise."""

from collections.abc import Iterator

import numpy as np
import pytest
from manim import tempconfig

from scenes.guesses import Guess, shown
from scenes.language import speak
from scenes.layout import Box, Layout
from scenes.mobjects.choice import Choice, share_of, temperature_at
from scenes.mobjects.code_lengths import CodeLengths
from scenes.mobjects.coins import Coins, TokenField
from scenes.mobjects.formula_pair import FormulaPair
from scenes.mobjects.guess_grid import GuessGrid
from scenes.mobjects.ladder_bars import LadderBars, weight_written
from scenes.mobjects.lettering import Lettering, text
from scenes.mobjects.numerals import percent
from scenes.mobjects.plot import Axis, Plot
from scenes.mobjects.ranked_plot import RankedPlot
from scenes.mobjects.sheets import Sheets, inside
from scenes.mobjects.surprise_bars import SurpriseBars
from scenes.mobjects.thermometer import Thermometer, tokens_written, written

BOX = Box(-6.0, 6.0, -2.5, 2.5)
LOGITS = np.random.default_rng(5).normal(0, 2, 1000).astype(np.float32)
MADE = [
    Guess(1, b" a", 0.5, b" a", 1, 1.0),
    Guess(2, b" king", 0.25, b" dragon", 40, 7.5),
    Guess(3, b" of", 0.1, b" of", 1, 3.3),
    Guess(4, b" the", 0.9),
]


@pytest.fixture(autouse=True)
def full_hd() -> Iterator[None]:
    speak("en")
    with tempconfig({"pixel_width": 1920, "pixel_height": 1080, "frame_rate": 60}):
        yield


@pytest.mark.parametrize("temperature", [0.0, 0.01, 0.25, 1.0, 3.0, 100.0, np.inf])
def test_a_thermometer_stands_where_its_ticks_say(temperature: float) -> None:
    choice = Choice(LOGITS, temperature)
    made = Thermometer(choice, Box(-6, 6, -0.4, 0.4), Layout.of_frame())
    zero, one, infinite = (made.ticks[2 * at].get_x() for at in (0, 3, 6))
    assert one == pytest.approx((zero + infinite) / 2)
    expected = zero + (infinite - zero) * max(1e-3, choice.share)
    assert made.mercury.get_end()[0] == pytest.approx(expected, abs=1e-6)
    assert temperature_at(share_of(temperature)) == pytest.approx(temperature)
    assert made.temperature.number.string == written(temperature)


def test_weights_are_shares_over_the_largest_one() -> None:
    choice = Choice(LOGITS, 0.7)
    np.testing.assert_allclose(choice.weights_V, np.exp((LOGITS - LOGITS.max()) / 0.7), rtol=1e-5)
    assert choice.total == pytest.approx(choice.weights_V.sum())
    assert choice.number == pytest.approx(2**choice.bits)


def test_a_ladder_has_every_token_once_as_rung_or_in_the_crowd() -> None:
    ids = np.argsort(-LOGITS)[:5].tolist()
    made = LadderBars(LOGITS, ids, lambda token: f"#{token}".encode(), Box(-6, -2, -2, 2), Box(-1, 6, -2, 2))
    for temperature in (0.3, 1.0, 4.0):
        made.follow(Choice(LOGITS, temperature))
        gaps = (LOGITS.max() - LOGITS[ids]) / temperature
        np.testing.assert_allclose(made.ladder.heights, gaps, rtol=1e-5)
        plot = made.ladder.plot
        for rung, leader, height, label in zip(
            made.ladder.rungs, made.ladder.leaders, gaps, made.table.labels, strict=False
        ):
            if height < plot.y.high:
                assert rung.get_y() == pytest.approx(plot.at(0, height)[0][1], abs=1e-5)
            assert leader.get_end()[1] == pytest.approx(label.get_y())
        others = np.delete((LOGITS.max() - LOGITS) / temperature, ids)
        seen = made.ladder.crowd.pixels[::-1, 0, 3] > 0
        counts, _ = np.histogram(others, bins=len(seen), range=(0, plot.y.high))
        np.testing.assert_array_equal(seen, counts > 0)
    assert made.weights.sum() == pytest.approx(made.choice.total)
    assert [weight_written(each) for each in (0.1234, 43.51, 8184.2)] == ["0.123", "43.5", "8,184"]


@pytest.mark.parametrize("bits", [0.0, 0.5, 3.0, 5.44, 13.0])
def test_as_many_coins_are_filled_as_there_are_bits(bits: float) -> None:
    made = Coins(13.0, Box(-3, 3, -1, 1))
    made.show(bits, "#FFFFFF")
    assert len(made.rims) == 13
    filled = [fill.get_fill_opacity() for fill in made.fills]
    assert sum(filled) == np.ceil(bits)
    for rim, fill, opacity in zip(made.rims, made.fills, filled, strict=True):
        if opacity:
            assert np.linalg.norm(fill.points - rim.get_center(), axis=1).max() < rim.width / 2
    if bits == 0.5:  # the right half
        assert made.fills[0].get_left()[0] == pytest.approx(made.rims[0].get_x(), abs=1e-6)


@pytest.mark.parametrize("total", [1, 97, 8192, 50257])
def test_so_many_cells_of_the_field_are_lit(total: int) -> None:
    made = TokenField(total, Box(-3, 3, -2, 2))
    assert made.width <= 6 + 1e-6
    assert made.height <= 4 + 1e-6
    for lit in {0, min(1, total), total // 3, total}:
        made.show(float(lit), "#FFFFFF")
        side = made._cell
        cells = made.pixels[::side, ::side]
        assert int((cells[..., 3] > 0).sum()) == total
        assert int((cells[..., 3] == 255).sum()) == lit
    if total > 100:  # from the lower left corner
        made.show(1.0, "#FFFFFF")
        assert made.pixels[-side, 0, 3] == 255


def sheets(curves: list[np.ndarray]) -> tuple[Sheets, Plot, np.ndarray]:
    xs = np.array([1.0, 10.0, 100.0, 1000.0])
    plot = Plot(Box(-3, 3, -2, 2), Axis(1, 1000, "rank", log=True), Axis(1e-6, 1, "probability", log=True))
    labels = [text(f"sheet {number}") for number in range(len(curves))]
    points = [(xs, ys) for ys in curves]
    return Sheets(plot, points, ["#3F7BFF"] * len(curves), labels, BOX), plot, xs


def test_closed_sheets_lie_in_their_plot_and_open_ones_in_their_box() -> None:
    curves = [np.array([0.9, 0.1, 1e-3, 1e-5]) / 4**number for number in range(4)]
    made, plot, xs = sheets(curves)
    for line, ys in zip(made.lines, curves, strict=True):
        np.testing.assert_allclose(line.get_start(), plot.at(xs[:1], ys[:1])[0], atol=1e-6)
    made.show(1.0)
    for part in made.get_family():
        if len(part.points):
            low, high = part.points.min(axis=0), part.points.max(axis=0)
            assert low[0] >= BOX.left - 0.1
            assert high[0] <= BOX.right + 0.1
            assert low[1] >= BOX.bottom - 0.1
            assert high[1] <= BOX.top + 0.1
    for one, other in zip(made.labels, made.labels[1:], strict=False):
        assert abs(one.get_y() - other.get_y()) > one.height * 0.9
    made.show(0.0)
    np.testing.assert_allclose(made.lines[0].get_start(), plot.at(xs[:1], curves[0][:1])[0], atol=1e-6)


def test_a_curve_ends_where_it_falls_out_of_its_plot() -> None:
    xs, ys = inside(np.array([1.0, 10.0, 100.0]), np.array([1e-1, 1e-2, 1e-4]), 1e-3)
    np.testing.assert_allclose(xs, [1, 10, 10**1.5])
    np.testing.assert_allclose(ys, [1e-1, 1e-2, 1e-3])
    np.testing.assert_allclose(inside(xs, ys, 1e-9)[1], ys)


@pytest.mark.parametrize("box", [BOX, Box(-3.5, 3.5, -4, 4), Box(-5, 5, -3, 3)])
def test_guesses_stand_above_what_came_and_apart_from_each_other(box: Box) -> None:
    made = GuessGrid(b"Once", MADE, box)
    assert [len(made.ghosts), len(made.truths), len(made.verdicts)] == [4, 4, 3]
    for ghost, truth in zip(made.ghosts[:-1], made.truths[1:], strict=True):
        assert ghost.get_x() == pytest.approx(truth.get_x())
        assert ghost.get_bottom()[1] >= truth.get_top()[1] - 1e-6
    assert [verdict.string for verdict in made.verdicts] == ["right", "rank 40", "right"]
    assert [verdict.string for verdict in made.tell(0).verdicts] == ["right", "rank 1", "right"]
    assert [verdict.string for verdict in made.tell(1).verdicts] == ["right", "rank 40", "right"]
    assert made.width <= box.width + 1e-6


def test_the_open_guess_is_always_shown() -> None:
    assert [guess.position for guess in shown(MADE, 2)] == [2, 4]
    assert [guess.position for guess in shown(MADE, 3)] == [2, 3, 4]


def test_surprise_bars_have_the_height_of_their_bits_and_names_on_none_of_them() -> None:
    bits = np.random.default_rng(2).uniform(0, 18, 60)
    made = [Guess(at + 1, b" a", 0.1, b" daughter", 2, float(each)) for at, each in enumerate(bits)]
    for known in (made, made[:1], made[:12]):
        bars = SurpriseBars(known, 8192, BOX)
        tops = [bar.get_top()[1] for bar in bars.bars]
        np.testing.assert_allclose(tops, bars.plot.at(1.0, bits[: len(known)])[:, 1], atol=1e-5)
        assert bars.mean == pytest.approx(bits[: len(known)].mean())
        assert bars.lines[0][0].get_y() == pytest.approx(bars.plot.at(1.0, bars.mean)[0][1])
        for name in bars.peaks:
            for bar in bars.bars:
                aside = bar.get_right()[0] < name.get_left()[0] or bar.get_left()[0] > name.get_right()[0]
                assert aside or bar.get_top()[1] <= name.get_bottom()[1] + 1e-6
    assert isinstance(bars.lines[1][1], Lettering)
    assert bars.lines[1][1].string == "chance 13.0"


def test_a_text_takes_its_bytes_its_numbers_or_its_surprise() -> None:
    made = CodeLengths(MADE[:3], 1024, 12, 3)
    np.testing.assert_allclose(made.bits, [8 * len(b" a dragon of"), 30, 11.8])
    assert [cell.string for cell in made.numbers[0]] == ["96", "30", "12"]
    assert tokens_written(4.06) == "4.1"


@pytest.mark.parametrize("total", [2, 5, 8192])
def test_a_ranked_plot_has_every_value_from_the_largest_and_the_share_of_its_tail(total: int) -> None:
    values = np.random.default_rng(1).dirichlet(np.ones(total))
    plot = RankedPlot(values, Axis(1e-8, 1, "probability", log=True), BOX)
    anchors = np.array(plot.line().get_anchors())
    np.testing.assert_allclose(anchors[0], plot.at(1, values.max())[0], atol=1e-6)
    shown = min(5, total)
    area, mark, share = plot.tail(shown, "the last bar")
    assert share.string == percent(max(0.0, 1 - float(np.sort(values)[::-1][:shown].sum())))
    np.testing.assert_allclose(mark[0].get_center(), plot.at(shown, np.sort(values)[-shown])[0], atol=1e-6)
    assert area.get_left()[0] >= mark[0].get_x() - 0.1


def test_the_formulas_of_a_pair_are_as_large_as_each_other_and_toned_alike() -> None:
    places = BOX.columns(1, 1, gap=1.0)
    parts = {"one": {"x": "a_i"}, "other": {"x": "c_i"}}
    made = FormulaPair("$ p = e^{x} $", parts, {"x": "#3F7BFF"}, places)
    for pair, place in zip(made, places, strict=True):
        assert pair.get_center() == pytest.approx(place.center, abs=1e-6)
        assert pair.width <= place.width + 1e-6
        assert "#3F7BFF" in [str(part.get_fill_color().to_hex()) for part in pair[0]]
    assert made[0][0].height == pytest.approx(made[1][0].height, rel=0.1)
