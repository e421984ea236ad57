"""What every scene is written in: beats that format, animated setters, boxes, words that fit."""

from pathlib import Path

import numpy as np
import pytest
from manim import tempconfig

from scenes import N_
from scenes.layout import Box, Layout
from scenes.lecture_scene import LectureScene
from scenes.mobjects.lettering import formula, lines, text
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings

BOX = Box(-2.0, 2.0, -1.0, 1.0)


class Changing(LectureScene):
    """Counts, and says what it counts."""

    def construct(self) -> None:
        """Count."""
        self.number = text("0", 0.4).scale(0.5)
        self.seen: list[float] = []
        self.rows: list[list[float]] = []
        self.add(self.number)
        with self.beat("cold", N_("{model} is built as a GPT. The letters say what that is."), model=b" {x}"):
            self.play(self.change(self._count, 0, 12.5, self.number), run_time=0.5)
        with self.beat("many", "{token}, {n}, {share}", token=b" king", n=50257, share="1.0 %"):
            self.play(self.change(self.rows.append, [0.0, 1.0], [2.0, 3.0], self.number), run_time=0.5)
        with self.beat("braces", "as it is: {token}"):
            pass

    def _count(self, value: float) -> None:
        self.seen.append(value)
        self.number.rewrite(f"{value:.1f}")


@pytest.fixture
def played(storyteller_trace: Path) -> Changing:
    scene = rehearse(Changing, Settings(storyteller_trace, "ja"))
    assert isinstance(scene, Changing)
    return scene


def test_a_beat_translates_and_formats(played: Changing) -> None:
    said = [beat.narration for beat in played.beats]
    assert "{x}" in said[0]
    assert "。" in said[0]  # in Japanese
    assert said[1:] == ["king, 50,257, 1.0 %", "as it is: {token}"]


def test_a_float_in_a_narration_is_refused(played: Changing) -> None:
    with pytest.raises(TypeError, match="digits"), played.beat("x", "{share}", share=0.5):  # type: ignore[arg-type]
        pass


def test_an_animated_setter_ends_on_its_goal(played: Changing) -> None:
    assert played.seen[-1] == 12.5
    assert played.seen == sorted(played.seen)
    assert np.allclose(played.rows[-1], [2.0, 3.0])
    assert played.number.string == "12.5"


def test_a_setter_of_nothing_drawn_is_refused(played: Changing) -> None:
    with pytest.raises(ValueError, match="setter"):
        played.change(played._count, 0, 1)


def test_rewriting_keeps_the_scale(played: Changing) -> None:
    assert played.number.em == pytest.approx(0.2)
    assert played.number.height == pytest.approx(text("9.9", 0.2).height)
    assert played.number.width == pytest.approx(text("12.5", 0.2).width)


def test_the_row_and_what_is_left(played: Changing) -> None:
    row, below = played.shelved()
    stage, shelf = played.layout.stage, played.layout.shelf
    assert row.get_center() == pytest.approx(np.array(shelf.center))
    assert (below.left, below.right, below.bottom) == (stage.left, stage.right, stage.bottom)
    assert shelf.bottom - 0.3 < below.top < shelf.bottom


def test_words_shrink_into_a_box_and_never_grow() -> None:
    for words in (text("W" * 40, fit=BOX), formula("$ x = " + "y + " * 40 + "z $", fit=BOX)):
        assert words.width == pytest.approx(4.0)
        assert words.get_center() == pytest.approx(np.zeros(3))
    assert lines(["a"] * 30, fit=BOX).height == pytest.approx(2.0)
    assert text("W", 0.3, fit=5.0).width == text("W", 0.3).width
    assert text("W" * 40, fit=3.0).width == pytest.approx(3.0)


def test_a_stack_of_boxes() -> None:
    with tempconfig({"frame_width": 14.2, "frame_height": 8.0}):
        layout = Layout.of_frame()
    head, chart, foot = layout.stack(BOX, 0.3, None, 0.5, gap=0.1)
    assert [round(box.height, 6) for box in (head, chart, foot)] == [0.3, 1.0, 0.5]
    assert head.top == 1.0
    assert chart.top == pytest.approx(head.bottom - 0.1)
    assert foot.bottom == pytest.approx(-1.0)
    high = BOX.stack(3.0, None, 1.0, gap=0.0)
    assert [box.height for box in high] == pytest.approx([1.5, 0.0, 0.5])
