import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from manim import config, tempconfig
from numpy.typing import NDArray

from model_probe.trace import Trace, write_trace
from scenes.lecture.overview import YAWS, Overview
from scenes.mobjects.numerals import signed, written
from scenes.overview_words import mlp_words
from scenes.render.quality import ASPECTS, QUALITIES, pixels
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.conftest import Change, GoesRed

Array = NDArray[np.float64]


def play(path: Path) -> Overview:
    scene = rehearse(Overview, Settings(path))
    assert isinstance(scene, Overview)
    return scene


def depths(trace: Trace) -> tuple[Array, Array]:
    """The stream at every depth, (2L + 1, T, D), and what is added between, (2L, T, D)."""
    shape = (2 * trace.facts.n_layer, trace.n_tokens, trace.facts.d_model)
    streams = np.stack([trace.resid_pre_LTD, trace.resid_mid_LTD], axis=1).reshape(shape)
    added = np.stack([trace.attn_out_LTD, trace.mlp_out_LTD], axis=1).reshape(shape)
    final = np.asarray(trace.resid_final_TD, dtype=float)
    return np.concatenate([streams.astype(float), final[None]]), added.astype(float)


def busiest(trace: Trace) -> tuple[int, Array]:
    """The head of layer 0 that looks least at the first token and at itself, and its last row."""
    pattern_HTS = np.asarray(trace.pattern_LHTS[0], dtype=float)
    unspecific = pattern_HTS[:, 1:, 0].sum(axis=1) + np.einsum("htt->h", pattern_HTS)
    head = int(unspecific.argmin())
    return head, pattern_HTS[head, -1]


def check_block(scene: Overview, trace: Trace) -> None:
    """Bands and seams are the elements of the trace's vectors, each by its own spread."""
    streams, added = depths(trace)
    elements = np.unique(np.linspace(0, trace.facts.d_model - 1, 48).round().astype(int))
    spread = np.median(np.abs(streams), axis=-1, keepdims=True) / 0.6745
    tokens = list(range(trace.n_tokens))  # as many as the block has columns for
    assert scene.stack.tokens == tokens
    for band, stream, scale in zip(scene.stack.bands, streams, spread, strict=True):
        np.testing.assert_allclose(band.values_RC, np.abs(stream[:, elements] / scale).T, rtol=1e-4)
    for seam, update, scale in zip(scene.stack.seams, added, spread[1:], strict=True):
        np.testing.assert_allclose(seam.values_RC, np.abs(update[:, elements] / scale).T, rtol=1e-4)
    middle = np.median(np.abs(added), axis=-1) / np.median(np.abs(streams[1:]), axis=-1)
    np.testing.assert_allclose([seam.share_C for seam in scene.stack.seams], middle, rtol=1e-4)


def check_numbers(scene: Overview, trace: Trace) -> None:
    """The bracketed numbers are what enters layer 0."""
    for token, column in zip(scene.columns.shown, scene.columns.numbers, strict=True):
        for index, number in column.shown.items():
            assert number.string == signed(float(trace.resid_pre_LTD[0, token, index]), 2)


def check_arcs(scene: Overview, trace: Trace) -> None:
    """An arc from each key of at least 10 % and from the three largest, as wide as its weight."""
    head, weights_S = busiest(trace)
    assert f"head {head}" in scene.beats[1].narration
    largest = np.argsort(-weights_S[:-1], kind="stable")[:3].tolist()
    wanted = {key for key in range(trace.n_tokens - 1) if weights_S[key] >= 0.1} | set(largest)
    assert set(scene.attended.keys) == wanted
    for key, arc, comet in zip(scene.attended.keys, scene.attended.arcs, scene.attended.comets, strict=True):
        assert arc.stroke_width == pytest.approx(1 + 16 * weights_S[key], rel=1e-4)
        assert comet.brightness == pytest.approx(weights_S[key], rel=1e-4)


def check_words(scene: Overview, trace: Trace) -> None:
    """Each word is the lens's likeliest after that layer; size and light follow its probability."""
    words = scene.section.words
    ids = trace.lens_ids_MWN[:, -1, 0].tolist()
    pieces = [trace.token_bytes(number) for number in ids]
    assert all(piece is not None for piece in pieces)
    assert [word.string.strip() for word in words.words] == [
        (piece or b"").decode().strip() or "␣" for piece in pieces
    ]
    np.testing.assert_allclose(words.probabilities, np.exp(trace.lens_logprobs_MWN[:, -1, 0]), rtol=1e-5)
    assert len(ids) - 1 in words.kept


def check_line(scene: Overview, trace: Trace) -> None:
    """The line is the length of the last token's vector, on a logarithmic scale."""
    lengths = np.linalg.norm(depths(trace)[0][:, -1], axis=-1)
    line = scene.section.line
    np.testing.assert_allclose(line.lengths, lengths, rtol=1e-5)
    logs = np.log(lengths)
    np.testing.assert_allclose(line.heights, (logs - logs.min()) / np.ptp(logs), atol=1e-6)
    for printed, length in ((line.first, lengths[0]), (line.last, lengths[-1])):
        assert float(printed.string.split()[-1].replace(",", "")) == pytest.approx(length, rel=0.005)


def check_comet(scene: Overview, trace: Trace) -> None:
    """The comet is as bright as the cosine between neighbouring bands."""
    vectors = depths(trace)[0][:, -1]
    unit = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    cosines = (unit[1:] * unit[:-1]).sum(axis=-1)
    np.testing.assert_allclose(scene.comet.brightness, np.clip(cosines, 0, 1), atol=1e-6)
    kept = int((cosines >= 0.9).sum())
    assert f"{kept} of {len(cosines)} steps" in scene.beats[4].narration


def check_bars(scene: Overview, trace: Trace) -> None:
    """The bars are the model's real output."""
    logits = np.asarray(trace.logits_last_V, dtype=np.float64)
    odds = np.exp(logits - logits.max())
    odds /= odds.sum()
    assert [bar.token_id for bar in scene.reading.bars.bars] == np.argsort(-odds, kind="stable")[:6].tolist()
    assert [bar.probability for bar in scene.reading.bars.bars] == pytest.approx(np.sort(odds)[::-1][:6])
    assert sum(bar.probability for bar in scene.reading.bars) == pytest.approx(1)


def check_pair(scene: Overview, trace: Trace) -> None:
    """At the end stand the first and the last vector, and their cosine."""
    first, last = np.asarray(trace.resid_pre_LTD[0, -1], float), np.asarray(trace.resid_final_TD, float)[-1]
    elements = np.unique(np.linspace(0, trace.facts.d_model - 1, 48).round().astype(int))
    for column, vector in zip(scene.pair.columns, (first, last), strict=True):
        scaled = np.abs(vector[elements]) / (np.median(np.abs(vector)) / 0.6745)
        np.testing.assert_allclose(column.values, scaled, rtol=1e-4)
    cosine = first @ last / np.linalg.norm(first) / np.linalg.norm(last)
    assert scene.cosine.string == f"{cosine:.2f}".replace("-", "−")


CHECKS = [
    check_block,
    check_numbers,
    check_arcs,
    check_words,
    check_line,
    check_comet,
    check_bars,
    check_pair,
]


@pytest.fixture(scope="module")
def played(storyteller_trace: Path) -> Overview:
    return play(storyteller_trace)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_is_on_screen_is_in_the_trace(
    played: Overview, trace: Trace, check: Callable[[Overview, Trace], None]
) -> None:
    check(played, trace)


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_block, "resid_mid_LTD", lambda a: a + 1e-2),
        (check_block, "resid_final_TD", lambda a: a[::-1]),
        (check_block, "attn_out_LTD", lambda a: 1.01 * a),
        (check_block, "mlp_out_LTD", lambda a: 1.01 * a),
        (check_numbers, "resid_pre_LTD", lambda a: a + 0.02),
        (check_arcs, "pattern_LHTS", lambda a: a[..., ::-1, :]),
        (check_words, "lens_logprobs_MWN", lambda a: a - 0.1),
        (check_words, "lens_ids_MWN", lambda a: a[..., ::-1]),
        (check_line, "resid_final_TD", lambda a: 1.1 * a),
        (check_comet, "resid_mid_LTD", lambda a: a[:, ::-1]),
        (check_bars, "logits_last_V", lambda a: a / 2),
        (check_pair, "resid_final_TD", lambda a: a[::-1]),
    ],
)  # fmt: skip
def test_an_altered_tensor_shows(
    goes_red: GoesRed, check: Callable[[Overview, Trace], None], name: str, change: Change
) -> None:
    goes_red(play, check, name, change)


def told(scene: Overview) -> dict[str, str]:
    return {beat.name: beat.narration for beat in scene.beats}


@pytest.fixture
def streams_like(trace: Trace, tmp_path: Path) -> Callable[[float], Overview]:
    """The scene on a trace whose later vectors have a chosen cosine with the one that came in."""

    def make(wanted: float) -> Overview:
        tensors: dict[str, Any] = {name: np.asarray(getattr(trace, name)) for name in trace.tensor_names}
        first = tensors["resid_pre_LTD"][0].astype(float)
        other = np.random.default_rng(0).normal(size=first.shape)
        along = (other * first).sum(-1, keepdims=True) / (first * first).sum(-1, keepdims=True)
        other -= along * first
        other *= np.linalg.norm(first, axis=-1, keepdims=True) / np.linalg.norm(other, axis=-1, keepdims=True)
        turned = (wanted * first + np.sqrt(1 - wanted**2) * other).astype(np.float32)
        tensors["resid_pre_LTD"] = np.concatenate([tensors["resid_pre_LTD"][:1], [turned] * 7])
        tensors["resid_mid_LTD"], tensors["resid_final_TD"] = np.stack([turned] * 8), turned
        return play(write_trace(tmp_path / f"{wanted}.safetensors", tensors, trace.facts))

    return make


@pytest.mark.parametrize(
    ("cosine", "layer", "end"),
    [
        (0.95, "adds a little", "Much is left."),
        (0.85, "turns the last one", "Much is left."),
        (0.3, "all but replaces", "A trace is left."),
        (0.05, "all but replaces", "Next to nothing is left."),
        (-0.4, "all but replaces", "Next to nothing is left."),
    ],
)
def test_a_step_is_called_what_it_measures(
    streams_like: Callable[[float], Overview], cosine: float, layer: str, end: str
) -> None:
    narration = told(streams_like(cosine))
    assert layer in narration["mlp"]
    assert f"cosine {cosine:.2f}".replace("-", "−") in narration["mlp"]
    assert narration["first_and_last"].endswith(end)
    assert narration["cross_section"].count(f"{16 if cosine >= 0.9 else 15} of 16 steps") == 1


@pytest.mark.parametrize(
    ("cosine", "after", "says"),
    [
        (0.95, 10.0, "adds a little"),
        (0.95, 12.4, "adds a little"),
        (0.95, 12.6, "makes the last one longer, and hardly turns it"),
        (0.95, 8.1, "adds a little"),
        (0.95, 7.9, "makes the last one shorter, and hardly turns it"),
        (0.95, 2000.0, "makes the last one longer, and hardly turns it"),
        (0.89, 10.0, "turns the last one"),
        (0.49, 10.0, "all but replaces"),
    ],
)
def test_little_is_said_of_what_changes_neither_direction_nor_length_much(
    cosine: float, after: float, says: str
) -> None:
    every = ("adds a little", "longer, and", "shorter, and", "layer turns", "all but replaces")
    for parallel in (False, True):
        words = mlp_words(cosine, (10.0, after), parallel)
        assert says in words
        assert sum(kind in words for kind in every) == 1
        assert f"length 10.0 → {written(after)}" in words


def test_the_first_layer_of_the_embedded_model_is_not_called_small(played: Overview) -> None:
    narration = told(played)["mlp"]
    assert "all but replaces" in narration
    before, after = re.findall(r"length ([\d.]+) → ([\d.]+)", narration)[0]
    assert float(after) > 100 * float(before)


@pytest.mark.parametrize("aspect", ASPECTS)
def test_the_block_never_leaves_the_stage(storyteller_trace: Path, aspect: str) -> None:
    width, height = pixels(QUALITIES["l"], aspect)
    with tempconfig({"pixel_width": width, "pixel_height": height}):
        config.frame_width, config.frame_height = ASPECTS[aspect]
        scene = rehearse(Overview, Settings(storyteller_trace, aspect=aspect))
        assert isinstance(scene, Overview)
        stage, block = scene.layout.stage, scene.block
        for opened in (0.0, 0.5, 1.0):
            block.opened = opened
            for yaw in np.linspace(20, 40, 5):
                seen = scene.views.whole(float(yaw)).project(block.corners())
                assert stage.left <= seen[:, 0].min()
                assert seen[:, 0].max() <= stage.right
                assert stage.bottom <= seen[:, 1].min()
                assert seen[:, 1].max() <= stage.top
            across = max(np.ptp(seen[:, 0]) / stage.width, np.ptp(seen[:, 1]) / stage.height)
            assert across > 0.55  # it is the hero


def test_one_token_is_a_blade_without_arcs(trace: Trace, tmp_path: Path) -> None:
    from model_probe.record import record

    scene = play(record("Once", tmp_path / "one.safetensors", model="storyteller"))
    assert len(scene.stack.tokens) == 1
    assert scene.attended.keys == []
    assert scene.block.deep == pytest.approx(0.34)
    assert "has only itself" in told(scene)["attention"]


def test_of_many_tokens_the_ones_attended_to_most_have_columns(tmp_path: Path) -> None:
    from model_probe.record import record

    prompt = "The old king gave his youngest daughter a golden ring, and she gave it away again. " * 3
    path = record(prompt, tmp_path / "many.safetensors", model="storyteller")
    scene, trace = play(path), Trace.open(path)
    weights_S = busiest(trace)[1]
    largest = np.argsort(-weights_S[:-1], kind="stable")[:13]
    assert scene.stack.tokens == [*sorted(largest.tolist()), trace.n_tokens - 1]
    final = np.asarray(trace.resid_final_TD)[scene.stack.tokens]
    np.testing.assert_allclose(
        scene.stack.bands[-1].values_RC,
        (np.abs(final[:, scene.stack.elements]) / (np.median(np.abs(final), axis=-1) / 0.6745)[:, None]).T,
        rtol=1e-4,
    )
    assert any(f"14 of {trace.n_tokens} tokens" in each.string for each in scene.legend[3:])


def test_both_scales_are_printed(played: Overview) -> None:
    assert [line[2].string.split("  ")[0] for line in played.legend[:3]] == ["2.6 σ", "1.2 σ", "1.2 σ"]


def test_its_first_and_last_pictures_have_the_tokens_on_the_shelf(played: Overview) -> None:
    top = played.layout.shelf
    assert played.row in played.mobjects
    assert played.row.get_center() == pytest.approx(np.array(top.center))


def test_no_two_words_touch_while_the_block_turns_and_opens(played: Overview) -> None:
    section, block = played.section, played.block
    words = section.words
    seen = block.opened, section.eye, words.risen.copy()
    words.risen[:] = 1.0
    for yaw, opened in ((YAWS[0], 0.0), (YAWS[1], 0.0), (YAWS[1], 1.0)):
        block.opened = opened
        words.see(played.views.whole(yaw))
        spans = sorted(
            (word.get_left()[0], word.get_right()[0]) for word in map(words.words.__getitem__, words.kept)
        )
        assert len(spans) > 1
        for (_, before), (after, _) in pairwise(spans):
            assert before < after
    block.opened, words.risen[:] = seen[0], seen[2]
    words.see(seen[1])
