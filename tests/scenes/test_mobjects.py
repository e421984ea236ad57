import os
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from manim import config, tempconfig
from numpy.typing import NDArray

from scenes.language import caption_lines, reading_time
from scenes.layout import Layout
from scenes.mobjects import marks, palette
from scenes.mobjects.bars import ProbabilityBars
from scenes.mobjects.elision import elide, hidden
from scenes.mobjects.heatmap import Heatmap, largest_in_cells
from scenes.mobjects.lettering import (
    ASCENT,
    DESCENT,
    Lettering,
    MissingGlyph,
    drawable,
    formula,
    string_points,
    text,
)
from scenes.mobjects.number_matrix import NumberMatrix
from scenes.mobjects.numerals import percent, signed
from scenes.mobjects.raster import Raster, StudioCamera
from scenes.mobjects.token_row import TokenRow, shelved_row, token_label

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def full_hd() -> Iterator[None]:
    with tempconfig({"pixel_width": 1920, "pixel_height": 1080, "frame_rate": 60}):
        yield


def drawn(*mobjects: Any) -> NDArray[np.uint8]:
    camera = StudioCamera()
    camera.capture_mobjects(mobjects)
    picture: NDArray[np.uint8] = camera.pixel_array
    return picture


def pixel(picture: NDArray[np.uint8], x: float, y: float) -> list[int]:
    """The colour at a point of the frame."""
    fine = config.pixel_height / config.frame_height
    row, column = round((4 - y) * fine), round((config.frame_width / 2 + x) * fine)
    return [int(channel) for channel in picture[row, column, :3]]


def test_a_heatmap_paints_each_element_where_it_belongs_in_its_own_colour() -> None:
    values = np.array([[0.0, 0.5], [1.0, -2.0]])
    picture = drawn(Heatmap(values, 4, 2, scale=1.0, gap=0))
    for (row, column), (x, y) in {
        (0, 0): (-1, 0.5),
        (0, 1): (1, 0.5),
        (1, 0): (-1, -0.5),
        (1, 1): (1, -0.5),
    }.items():
        level = min(255, int(abs(values[row, column]) * 255))
        assert pixel(picture, x, y) == palette.DATA_RAMP[level].tolist()
    assert pixel(picture, 2.1, 0) == pixel(picture, 0, 1.1) == [0, 0, 0]


def test_a_raster_takes_any_parallelogram_and_opacity() -> None:
    red = np.full((1, 1, 4), (200, 0, 0, 255), dtype=np.uint8)
    raster = Raster(red, 1, 1).place([0, 0, 0], [2, 1, 0], [0, -1, 0]).set_opacity(0.5)
    picture = drawn(text("before"), raster)  # what is drawn before must not leak into it
    assert pixel(picture, 1, 0) == pytest.approx([100, 0, 0], abs=1)
    assert pixel(picture, 1.8, 0.5) == pytest.approx([100, 0, 0], abs=1)
    assert pixel(picture, 0.2, 0.6) == pixel(picture, 1.8, -0.6) == [0, 0, 0]


@pytest.mark.parametrize("weights", [True, False])
def test_a_number_matrix_writes_each_number_as_it_would_alone(weights: bool) -> None:
    values = np.array([[1.23, -4.56, 0.04], [-0.04, 9.96, -7.0]])
    whole = NumberMatrix(values, size=0.3, scale=5.0, weights=weights)
    height, width = whole.cell
    for row, column in np.ndindex(*values.shape):
        alone = NumberMatrix(values[row : row + 1, column : column + 1], size=0.3, scale=5.0, weights=weights)
        cell = whole.pixels[row * height :, column * width :][:height, :width]
        if alone.whole == whole.whole:
            np.testing.assert_array_equal(cell, alone.pixels)
        assert cell.any()
    shown = whole.show(-values).pixels
    np.testing.assert_array_equal(shown, NumberMatrix(-values, size=0.3, scale=5.0, weights=weights).pixels)
    with pytest.raises(ValueError, match=r"\(2, 3\), not \(3, 2\)"):
        whole.show(values.T)


def test_a_number_matrix_tells_signs_and_digits_apart() -> None:
    pictures = [NumberMatrix([[value]], size=0.3, scale=100.0).pixels for value in (1.1, -1.1, 1.2, 2.1)]
    for index, picture in enumerate(pictures):
        for other in pictures[index + 1 :]:
            assert (picture != other).any()


def test_the_largest_element_stands_for_the_cells_that_are_shrunk() -> None:
    matrix = np.arange(100).reshape(10, 10)
    assert largest_in_cells(matrix, 2).tolist() == [[44, 49], [94, 99]]
    assert largest_in_cells(matrix, 10).tolist() == matrix.tolist()


def test_bars_and_the_rest_are_100_percent_and_to_one_scale() -> None:
    bars = ProbabilityBars([b" a", b" b", b"#7"], [5, 6, 7], [0.5, 0.2, 0.05], 100, 8, 4)
    assert sum(bar.probability for bar in bars) == pytest.approx(1)
    lengths = [bar.shape.width for bar in bars]
    assert lengths == pytest.approx([bars.room * share / 0.5 for share in (0.5, 0.2, 0.05, 0.25)])
    assert [bar.share.string for bar in bars] == ["50.0 %", "20.0 %", "5.0 %", "25.0 %"]
    assert bars.rest.label.string == "all other 97 tokens"
    assert [bar.label.string for bar in bars.bars] == [" a", " b", "#7"]


@given(st.integers(1, 2000), st.integers(3, 60))
def test_what_is_left_out_is_counted(count: int, limit: int) -> None:
    shown = elide(count, limit)
    indices = [index for index in shown if index is not None]
    assert len(shown) <= limit
    assert indices == sorted(set(indices))
    assert indices[-1] == count - 1
    assert len(indices) + hidden(count, limit) == count
    assert (None in shown) == (hidden(count, limit) > 0)


@pytest.mark.parametrize(
    ("piece", "label"),
    [
        (b" king", (" king", False)),
        ("王".encode(), ("王", False)),
        (b"\xf0\x9f", ("F0 9F", True)),
        (b"\n", ("⟨↵⟩", False)),
        (b" \n\n", (" ⟨↵⟩⟨↵⟩", False)),
        ("🐉".encode(), ("⟨U+1F409⟩", False)),
        ("كان".encode(), ("كان", True)),
        ("\u00a0".encode(), ("⟨NBSP⟩", False)),
        ("王\u3000王".encode(), ("王⟨IDSP⟩王", False)),
        ("a\u2003b\u2028".encode(), ("a⟨EMSP⟩b⟨LSEP⟩", False)),
        ("\u202eab".encode(), ("⟨RLO⟩ab", False)),
        ("1\ufe0f\u20e3".encode(), ("1⟨VS16⟩⟨U+20E3⟩", False)),
        ("\u0301".encode(), ("⟨U+0301⟩", False)),
        ("e\u0301".encode(), ("e\u0301", False)),
        (b"", ("⟨∅⟩", False)),
        (b"\x00\x1b", ("⟨NUL⟩⟨ESC⟩", False)),
        (b"#let $x$ <b>\\", ("#let $x$ <b>\\", False)),
    ],
)
def test_a_token_is_shown_as_what_it_is(piece: bytes, label: tuple[str, bool]) -> None:
    assert token_label(piece) == label


UNSEEN = [
    character
    for character in map(chr, (*range(0x3100), *range(0x3100, 0x110000, 13), *range(0xFE00, 0xFE10), 0xFEFF))
    if unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Zs") and character != " "
]


@pytest.mark.parametrize("before", ["", "a", "e\u0301"])
def test_no_character_stands_unseen_in_a_label(before: str) -> None:
    assert len(UNSEEN) > 100
    for character in UNSEEN:
        label, _ = token_label(f"{before}{character}".encode())
        assert character not in label
        assert label.startswith(before)
        assert marks.MARK.fullmatch(label.removeprefix(before))
        assert label == f"{before}{token_label(character.encode())[0]}"  # the same wherever it stands


def test_a_mark_is_drawn_in_a_frame_that_stands_in_the_line() -> None:
    box, advance = string_points("⟨NBSP⟩", False)
    (left, right), (bottom, top) = ((box[:, axis].min(), box[:, axis].max()) for axis in (0, 1))
    assert 0 < left < right < advance  # neighbours do not touch it
    assert -DESCENT < bottom < top < ASCENT
    word, length = string_points("a⟨NBSP⟩b", False)
    assert length == pytest.approx(advance + sum(string_points(letter, False)[1] for letter in "ab"))
    assert len(word) == len(box) + sum(len(string_points(letter, False)[0]) for letter in "ab")
    assert Lettering("a⟨NBSP⟩b", 0.5).width == pytest.approx(0.5 * length, rel=1e-6)


def test_marks_in_a_line_that_runs_to_the_left_stand_where_they_are_read() -> None:
    assert marks.stretches("می⟨ZWNJ⟩خوا") == ["خوا", "⟨ZWNJ⟩", "می"]
    assert marks.stretches("a⟨ZWNJ⟩b") == ["a", "⟨ZWNJ⟩", "b"]


def test_a_label_is_never_cut_within_a_mark() -> None:
    label, _ = token_label(("ab" + "\u200d" * 30).encode())
    assert label == "ab" + "⟨ZWJ⟩" * 7 + "…"


def test_a_row_shows_the_ends_of_a_long_prompt_and_counts_the_rest() -> None:
    tokens = [f" word{index}".encode() for index in range(300)]
    row = TokenRow(tokens, 12)
    assert row.width <= 12
    assert row.gap is not None
    assert row.gap.string.strip() == f"⋯ {row.hidden} more ⋯"
    assert len(row.chips) + row.hidden == 300
    assert {0, 299} <= row.chips.keys()


@pytest.mark.parametrize("count", [1, 9, 300])
def test_the_row_on_the_shelf_stays_on_it(count: int) -> None:
    layout = Layout.of_frame()
    row = shelved_row([f" word{index}".encode() for index in range(count)], layout.shelf)
    assert layout.stage.left - 1e-6 <= row.get_left()[0]
    assert row.get_right()[0] <= layout.stage.right + 1e-6
    assert row.get_top()[1] <= layout.stage.top + 1e-6
    assert row.get_center() == pytest.approx(np.array(layout.shelf.center), abs=1e-6)
    assert layout.shelf.bottom > layout.stage.center[1]


def test_a_character_that_no_face_has_is_an_error_and_no_white_box() -> None:
    assert drawable("naïve – 王 αβ")
    assert not drawable("🐉")
    with pytest.raises(MissingGlyph, match=r"U\+1F409"):
        text("a 🐉")


def test_a_sentence_may_quote_a_script_that_only_the_monospaced_face_has() -> None:
    assert not drawable("ب")
    sentence, around, quoted = text("“ب”"), text("“”"), text("ب", mono=True)
    box = 8  # points of the line box, which every string has
    drawn = len(sentence.points) - box
    assert drawn == len(around.points) - box + len(quoted.points) - box


def test_baselines_agree_and_spaces_count() -> None:
    tall, low, spaced = text("lfg"), text("a"), text("  a  ")
    assert tall.get_bottom()[1] == pytest.approx(low.get_bottom()[1])
    assert tall.height == pytest.approx(low.height)
    assert spaced.width > 2 * low.width


def test_a_counting_number_is_set_as_any_other_text() -> None:
    counting = Lettering("0.0 %", 0.4)
    counting.rewrite("−12.3 %")
    assert counting.string == "−12.3 %"
    assert np.abs(drawn(counting.center()).astype(int) - drawn(Lettering("−12.3 %", 0.4))).max() == 0


def test_markup_in_a_string_is_text() -> None:
    assert text("#let x = 1; $x^2$ *b*").width > text("x").width * 5


def test_a_formula_keeps_its_colours_apart() -> None:
    parts = formula('$ #tone("#FFFF00", $q$) dot #tone("#5CD0B3", $k$) / sqrt(d) $')
    assert {part.get_fill_color().to_hex() for part in parts} == {"#FFFF00", "#5CD0B3", "#FFFFFF"}


def test_numbers_are_written_with_their_sign_and_never_as_none() -> None:
    assert [signed(value) for value in (1.25, -0.04, 0.0)] == ["+1.2", "−0.0", "+0.0"]
    assert [percent(share) for share in (0.1234, 0.0, 0.0001, 1.0)] == [
        "12.3 %",
        "0.0 %",
        "< 0.1 %",
        "100.0 %",
    ]


def test_every_text_colour_stands_out_from_the_ground() -> None:
    """WCAG 2.2, 1.4.3: at least 4.5:1."""

    def luminance(colour: str) -> float:
        channels = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in palette.rgb(colour)]
        return float(np.dot(channels, [0.2126, 0.7152, 0.0722]))

    colours = [palette.INK, palette.CAPTION, palette.FAINT, palette.QUERY, palette.KEY, palette.VALUE]
    colours += [palette.token_colour(index) for index in range(8)]
    for colour in colours:
        ratio = (luminance(colour) + 0.05) / (luminance(palette.GROUND) + 0.05)
        assert ratio >= 4.5, colour


@pytest.mark.parametrize("language", ["en", "ja"])
def test_captions_are_at_most_two_lines_and_lose_nothing(language: str) -> None:
    narration = {
        "en": "Every small picture is one head's whole pattern. 12 layers of 12 heads: 144 patterns.",
        "ja": "小さな図はそれぞれ 1 つのヘッドのパターンです。12 層 × 12 ヘッドで 144 個あります。",
    }[language]
    lines = caption_lines(narration, language)
    assert len(lines) <= 2
    assert ("" if language == "ja" else " ").join(lines) == narration
    assert 5 < reading_time(narration, language) < 12


@pytest.mark.parametrize("width", range(4, 30))
def test_a_share_stays_on_one_line(width: int) -> None:
    for narration, language in (
        ("It has a share of “sky” (< 0.1 %). It joins.", "en"),
        ("「の」（0.4 %）の区間に", "ja"),
    ):
        lines = caption_lines(narration, language, width)
        assert any(share in line for line in lines for share in ("< 0.1 %).", "0.4 %"))


def test_plain_manim_draws_a_scene(storyteller_trace: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "manim", "-ql", "-s", "--media_dir", str(tmp_path)]
    command += ["scenes/lecture/heads.py", "AttentionHeads"]
    environment = {**os.environ, "LECTURE_TRACE": str(storyteller_trace)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    assert len(list(tmp_path.rglob("*.png"))) == 1
