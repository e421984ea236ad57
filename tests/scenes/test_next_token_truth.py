import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_probe.generation import Method
from model_probe.record import record
from model_probe.trace import Trace, write_trace
from scenes import load
from scenes.generation_step import MOST_BARS
from scenes.lecture.next_token import NextToken
from scenes.mobjects import palette
from scenes.mobjects.running_text import whole_characters
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.conftest import Change, GoesRed


class Watched(NextToken):
    """Notes, at the end of every animation, which bars, strip and number are on screen."""

    def construct(self) -> None:
        self.distributions: list[tuple[list[int], list[float], float, list[tuple[float, float]]]] = []
        self.landed: list[tuple[float, int | None, bytes, float]] = []
        self.colours: list[tuple[list[int], list[list[str]]]] = []
        super().construct()

    def _append(self, written: int, run_time: float) -> None:
        if not self.landed:
            self.first_labels = [bar.label.string for bar in self.chart.bars.bars]
        strip = self.chart.strip
        ends = (strip.whole.get_left()[0], strip.whole.width)
        spans = [
            ((segment.get_left()[0] - ends[0]) / ends[1], segment.width / ends[1])
            for segment in (*strip.segments, strip.lit)
        ]
        bars = self.chart.bars.bars
        self.distributions.append(
            ([int(bar.token_id or 0) for bar in bars], [bar.probability for bar in bars],
             self.chart.bars.rest.probability, spans)
        )  # fmt: skip
        fills = [
            [str(each.get_fill_color().to_hex()) for each in shapes]
            for shapes in ([bar.shape for bar in bars], strip.segments)
        ]
        self.colours.append((self.distributions[-1][0], fills))
        bright = [bar for bar in self.chart.bars if bar.label.get_fill_opacity() == 1]
        assert len(bright) == 1  # one bar is lit, and it is the drawn token's or the rest
        needle = (self.chart.needle.needle.get_x() - ends[0]) / ends[1]
        self.landed.append((needle, bright[0].token_id, self.chip.piece, strip.lit.get_fill_opacity()))
        super()._append(written, run_time)


def play(path: Path) -> Watched:
    scene = rehearse(Watched, Settings(path))
    assert isinstance(scene, Watched)
    return scene


def probabilities(trace: Trace) -> NDArray[np.float64]:
    logits_GV = np.asarray(trace.step_logits_GV).astype(np.longdouble)
    logarithms_GV = logits_GV - np.logaddexp.reduce(logits_GV, axis=-1, keepdims=True)
    return np.exp(logarithms_GV).astype(np.float64)


def check_bars(scene: Watched, trace: Trace) -> None:
    """The bars are the likeliest tokens of every step with their probabilities; with the rest, 100 %."""
    probability_GV = probabilities(trace)
    assert len(scene.distributions) == len(probability_GV)
    for probability_V, (ids, shown, rest, _spans) in zip(probability_GV, scene.distributions, strict=True):
        assert len(ids) == MOST_BARS
        np.testing.assert_allclose(shown, np.sort(probability_V)[::-1][:MOST_BARS], rtol=1e-9)
        np.testing.assert_allclose(shown, probability_V[ids], rtol=1e-9)
        assert sum(shown) + rest == pytest.approx(1, abs=1e-12)


def check_strip(scene: Watched, trace: Trace) -> None:
    """Every segment is as wide as its token is likely, and lies where the ids before it end."""
    drawn_G = np.asarray(trace.step_ids_G)
    for probability_V, drawn, (ids, _shown, _rest, spans) in zip(
        probabilities(trace), drawn_G, scene.distributions, strict=True
    ):
        for token, (start, width) in zip([*ids, int(drawn)], spans, strict=True):
            assert width == pytest.approx(probability_V[token], abs=1e-6)
            assert start == pytest.approx(probability_V[:token].sum(), abs=1e-6)


def check_draw(scene: Watched, trace: Trace) -> None:
    """The needle stands at the captured number, and over all tokens that number draws what joins the text."""
    uniform_G = np.asarray(trace.step_uniform_G)
    for step, (needle, lit, piece, own) in enumerate(scene.landed):
        assert needle == pytest.approx(uniform_G[step], abs=1e-6)
        probability_V = probabilities(trace)[step]
        token = next(t for t in range(len(probability_V)) if probability_V[: t + 1].sum() > needle)
        assert piece == trace.token_bytes(token)
        among = token in scene.distributions[step][0]
        assert lit == (token if among else None)
        assert own == (0 if among else 1)
    assert [piece for *_, piece, _ in scene.landed] == [
        trace.token_bytes(int(token)) for token in np.asarray(trace.step_ids_G)
    ]


def check_text(scene: Watched, trace: Trace) -> None:
    """The whole text is the prompt in white and what was drawn after it in the colour of what was written."""
    drawn = b"".join(trace.token_bytes(int(token)) or b"" for token in np.asarray(trace.step_ids_G))
    for colour, words in ((palette.INK, trace.facts.prompt), (palette.WRITTEN, drawn.decode())):
        seen = " ".join(run.string for run in scene.text if str(run.get_fill_color().to_hex()) == colour)
        assert seen.split() == words.split()


def check_colours(scene: Watched, trace: Trace) -> None:
    """The likelier, the lighter: bars and segments have the colour of their probability."""
    for probability_V, (ids, colours) in zip(probabilities(trace), scene.colours, strict=True):
        wanted = [palette.probability_colour(probability_V[token]) for token in ids]
        assert colours == [wanted, wanted]


def check_chance(scene: Watched, trace: Trace) -> None:
    """The last picture multiplies the probability of every token that was taken, and the caption says it."""
    probability_GV, drawn_G = probabilities(trace), np.asarray(trace.step_ids_G)
    taken_G = probability_GV[np.arange(len(drawn_G)), drawn_G]
    np.testing.assert_allclose(scene.chances.ends, -np.cumsum(np.log10(taken_G)), rtol=1e-6)
    lengths = [bar.width for _, bar, _ in scene.chances.rows]
    assert np.corrcoef(lengths, -np.log10(taken_G))[0, 1] > 0.9999
    said = next(beat.narration for beat in scene.beats if beat.name == "chance")
    number = re.search(r"1\Win\W([0-9,]+)", said)
    assert number is not None
    assert int(number[1].replace(",", "")) == pytest.approx(1 / taken_G.prod(), rel=0.05)


CHECKS = (check_bars, check_strip, check_draw, check_text, check_colours, check_chance)


def test_bars_strip_and_draw_are_in_the_trace(trace: Trace) -> None:
    scene = play(trace.path)
    for check in CHECKS:
        check(scene, trace)
    assert {lit is None for _, lit, *_ in scene.landed} == {True, False}  # both kinds of draw were seen


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_bars, "step_scaled_GV", lambda a: a * 0.9),
        (check_strip, "step_scaled_GV", lambda a: a[:, ::-1]),
        (check_strip, "step_kept_GV", lambda a: np.random.default_rng(1).random(a.shape) > 0.05),
        (check_draw, "step_uniform_G", lambda a: 1 - a),
        (check_draw, "step_ids_G", lambda a: a[::-1]),
        (check_text, "step_ids_G", lambda a: a[::-1]),
        (check_colours, "step_scaled_GV", lambda a: a * 0.5),
        (check_chance, "step_scaled_GV", lambda a: a * 0.9),
        (check_chance, "step_ids_G", lambda a: a[::-1]),
    ],
)
def test_an_altered_tensor_shows(
    goes_red: GoesRed, check: Callable[[Watched, Trace], None], name: str, change: Change
) -> None:
    goes_red(play, check, name, change)


def test_the_caption_names_how_it_was_drawn(trace: Trace, tmp_path: Path) -> None:
    facts = replace(trace.facts, seed=71)
    tensors = {name: np.asarray(getattr(trace, name)) for name in trace.tensor_names}
    scene = play(write_trace(tmp_path / "trace.safetensors", tensors, facts))
    caption = next(beat.narration for beat in scene.beats if beat.name == "draw")
    for words in (f"All {facts.n_vocab:,} tokens", "temperature 1,", "seed 71"):
        assert words in caption


def test_with_temperature_and_top_k_the_picture_is_what_was_drawn_from(tmp_path: Path) -> None:
    method = Method(temperature=0.5, top_k=4)
    trace = Trace.open(record("The old", tmp_path / "t", model="storyteller", steps=2, method=method))
    scene = play(trace.path)
    for step, (ids, shown, rest, _) in enumerate(scene.distributions):
        logits_V = trace.step_logits_GV[step].astype(np.longdouble) / 0.5
        top = np.argsort(-logits_V)[:4]
        assert ids == top.tolist()
        weights = np.exp(logits_V[top] - logits_V[top[0]])
        np.testing.assert_allclose(shown, (weights / weights.sum()).astype(np.float64), rtol=1e-6)
        assert rest == pytest.approx(0, abs=1e-12)
    check_text(scene, trace)
    caption = next(beat.narration for beat in scene.beats if beat.name == "draw")
    assert "temperature 0.5, top-k 4, seed 0" in caption


@pytest.mark.parametrize(
    ("name", "words"),
    [("greedy", "the likeliest is taken"), ("beam", "of the 4 likeliest texts, the best goes on")],
)
def test_without_a_draw_the_needle_points_at_what_was_taken(tmp_path: Path, name: Any, words: str) -> None:
    method = Method(name)
    trace = Trace.open(record("The old", tmp_path / "t", model="storyteller", steps=2, method=method))
    scene = play(trace.path)
    for (needle, *_), token, probability_V in zip(
        scene.landed, trace.step_ids_G[:], probabilities(trace), strict=True
    ):
        start = probability_V[:token].sum()
        assert start < needle < start + probability_V[token]
    check_bars(scene, trace)
    check_text(scene, trace)
    said = " ".join(beat.narration for beat in scene.beats)
    assert words in said
    assert "random" not in said


def test_one_step_and_no_vocabulary_still_play(trace: Trace, tmp_path: Path) -> None:
    tensors = {
        name: np.asarray(getattr(trace, name))[: 1 if name.startswith("step_") else None]
        for name in trace.tensor_names
        if not name.startswith("vocab_")
    }
    scene = play(write_trace(tmp_path / "trace.safetensors", tensors, trace.facts))
    token = int(np.asarray(trace.step_ids_G)[0])
    assert [piece for *_, piece, _ in scene.landed] == [f"#{token}".encode()]
    assert f"#{token}" in scene.text[-1].string
    assert "again" not in [beat.name for beat in scene.beats]


def test_characters_cut_between_tokens_are_whole_again() -> None:
    cut = "王さま 👑".encode()
    assert b"".join(whole_characters([bytes([byte]) for byte in cut])) == cut
    assert "王".encode() in whole_characters([bytes([byte]) for byte in cut])
    assert whole_characters([b"a", b"\xc5", b" b", b"\x80"]) == [b"a", b"\xc5", b" b", b"\x80"]


def test_a_row_that_no_token_names_is_its_number_everywhere(trace: Trace, tmp_path: Path) -> None:
    """A model may have more rows than its tokenizer has tokens: Qwen2.5's has 271 more."""
    tensors = {name: np.asarray(getattr(trace, name)) for name in trace.tensor_names}
    tensors["vocab_bytes_B"] = np.empty(0, np.uint8)
    tensors["vocab_offsets_V1"] = np.zeros_like(tensors["vocab_offsets_V1"])
    path = write_trace(tmp_path / "nameless", tensors, trace.facts)
    scene = play(path)
    drawn = [f"#{token}" for token in np.asarray(trace.step_ids_G)]
    assert [piece.decode() for *_, piece, _ in scene.landed] == drawn
    assert [bar.label.string for bar in scene.chart.bars.bars] == [
        f"#{bar.token_id}" for bar in scene.chart.bars.bars
    ]
    written = [run.string for run in scene.text if str(run.get_fill_color().to_hex()) == palette.WRITTEN]
    assert " ".join(written).split() == drawn
    assert [label.string for label, *_ in scene.chances.rows] == drawn
    assert any(drawn[0] in beat.narration for beat in scene.beats)
    overview: Any = rehearse(load("overview"), Settings(path))
    likeliest = int(np.argmax(trace.logits_last_V[:]))
    assert any(f"#{likeliest}" in beat.narration for beat in overview.beats)
    assert all(bar.label.string == f"#{bar.token_id}" for bar in overview.reading.bars.bars)
