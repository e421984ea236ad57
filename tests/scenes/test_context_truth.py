"""The scene context tells the truth: both rows, both vectors, the fork, the curve, the two predictions."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model_probe.record import record
from model_probe.trace import Trace
from tests.scenes.conftest import GoesRed, Play
from tests.scenes.played import Played


def vectors(trace: Trace) -> tuple[NDArray[Any], NDArray[Any]]:
    own = np.vstack([trace.resid_pre_LTD[:][:, -1], trace.resid_final_TD[:][-1:]]).astype(np.float64)
    return own, trace.beside_resid_MD[:].astype(np.float64)


def cosines(trace: Trace) -> NDArray[Any]:
    one, other = vectors(trace)
    units = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in (one, other)]
    return np.asarray(np.einsum("md,md->m", *units))


def check_start(played: Played, trace: Trace) -> None:
    one, other = vectors(trace)
    for column, values in zip(played.start.columns, (one[0], other[0], one[0] - other[0]), strict=True):
        for index, number in column.shown.items():
            assert float(number.string.replace("−", "-")) == pytest.approx(values[index], abs=0.0051)
    assert played.start.largest == np.abs(one[0] - other[0]).max()


def check_streams(played: Played, trace: Trace) -> None:
    one, other = vectors(trace)
    spread = np.median(np.abs(one), axis=1) / 0.6745
    shown = played["layers"].streams
    assert shown.reached == len(one)
    for strip, values in zip(shown.strips, (one, other, one - other), strict=True):
        expected = np.abs(values[:, shown.elements]) / spread[:, None]
        np.testing.assert_allclose(strip.values, expected.T, rtol=1e-4, atol=1e-5)


def check_fork(played: Played, trace: Trace) -> None:
    fork, angles = played["fork"].fork, np.degrees(np.arccos(np.clip(cosines(trace), -1, 1)))
    assert fork.grown == len(angles) - 1
    plot = fork.plot
    corner, up = plot.axes[1].get_start(), plot.axes[1].get_end() - plot.axes[1].get_start()
    corners = fork.other.get_anchors()
    drawn = [float((point - corner) @ up / (up @ up)) for point in corners]
    heights = plot.y.low + np.array(drawn) * (plot.y.high - plot.y.low)
    found = np.array([heights[0], *heights[1::2]])
    np.testing.assert_allclose(found, angles, atol=2e-3)
    assert float(fork.angle.string.rstrip("°")) == pytest.approx(angles[-1], abs=0.051)
    assert f"{angles[-1]:.1f}°" in played.said["fork"]
    last = [
        trace.token_name(int(ids)) for ids in (trace.lens_ids_MWN[-1, -1, 0], trace.beside_lens_ids_MN[-1, 0])
    ]
    assert [word.string.strip() for word in fork.words[-2:]] == [name.decode().strip() for name in last]


def check_step(played: Played, trace: Trace) -> None:
    found = cosines(trace)
    layer = int(np.diff(found).argmin())
    assert played.curve.note.string == f"layer {layer}: {np.diff(found)[layer]:+.3f}".replace("-", "−")
    plot = played.curve.plot
    ends = [played.curve.step.get_start(), played.curve.step.get_end()]
    np.testing.assert_allclose(ends, plot.at([layer, layer + 1], found[layer : layer + 2]), atol=1e-6)
    mids = trace.resid_mid_LTD[layer, -1].astype(np.float64), trace.beside_mid_LD[layer].astype(np.float64)
    mid = mids[0] @ mids[1] / np.linalg.norm(mids[0]) / np.linalg.norm(mids[1])
    for half in (mid - found[layer], found[layer + 1] - mid):
        assert f"{half:+.3f}".replace("-", "−") in played.said["cosine"]


def check_ends(played: Played, trace: Trace) -> None:
    expected = trace.lens_logprobs_MWN[-1, -1], trace.beside_lens_logprobs_MN[-1]
    for (_head, bars), logprobs in zip(played.ends, expected, strict=True):
        shares = np.exp(logprobs[: len(bars.bars)].astype(np.float64))
        assert [bar.probability for bar in bars.bars] == pytest.approx(shares.tolist())
        assert bars.rest.probability == pytest.approx(1 - shares.sum())


CHECKS = [check_start, check_streams, check_fork, check_step, check_ends]


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_shown_is_the_two_runs(check: Any, play: Play, trace: Trace) -> None:
    check(play("context", trace), trace)


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (check_start, "resid_pre_LTD"),
        (check_streams, "beside_resid_MD"),
        (check_fork, "beside_resid_MD"),
        (check_fork, "beside_lens_ids_MN"),
        (check_step, "beside_mid_LD"),
        (check_step, "resid_pre_LTD"),
        (check_ends, "beside_lens_logprobs_MN"),
        (check_ends, "lens_logprobs_MWN"),
    ],
)
def test_an_altered_run_shows(check: Any, name: str, goes_red: GoesRed) -> None:
    def alter(values: NDArray[Any]) -> NDArray[Any]:
        return (
            values[..., ::-1]
            if values.dtype == np.int64
            else values * np.linspace(0.7, 1.3, values.shape[-1])
        )

    goes_red("context", check, name, alter)


def test_the_other_order_is_that_of_the_prompt_and_starts_alike(play: Play, trace: Trace) -> None:
    played = play("context", trace)
    *before, last = trace.tokens
    assert [chip.piece for chip in played.beside.chips.values()] == [*before[::-1], last]
    assert played.start.largest == 0
    assert "0.0" in played.start.note.string
    assert cosines(trace)[0] == pytest.approx(1)
    assert played.parting.cosines_M[0] == 1


@pytest.mark.parametrize("prompt", ["king", "the king", " king king king"])
def test_a_text_that_has_no_other_order_stands_twice(prompt: str, tmp_path: Path, play: Play) -> None:
    trace = Trace.open(record(prompt, tmp_path / "t.safetensors", model="storyteller"))
    if trace.tokens[:-1] != trace.tokens[:-1][::-1]:
        pytest.fail(f"{prompt!r} has another order")
    played = play("context", trace)
    assert trace.beside_ids_T[:].tolist() == trace.token_ids_T[:].tolist() * 2
    assert "twice" in played.said["texts"]
    check_fork(played, trace)
