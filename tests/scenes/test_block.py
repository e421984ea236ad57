"""The block, its camera and its light: what is drawn is what the trace holds, where geometry says."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from manim import config, tempconfig

from model_probe.trace import Trace
from scenes.layout import Box, Layout
from scenes.mobjects import palette
from scenes.mobjects.block import MIRROR, ROW, SEAM_SCALE, STREAM_SCALE, Block
from scenes.mobjects.eye import Eye
from scenes.mobjects.raster import StudioCamera
from scenes.mobjects.residual_stack import Band, Seam, read_stack, spaced_tokens, spread_of


@pytest.fixture(autouse=True)
def full_hd() -> Iterator[None]:
    with tempconfig({"pixel_width": 1920, "pixel_height": 1080, "frame_rate": 60}):
        yield


@pytest.fixture
def whole(storyteller_trace: Path) -> Trace:
    return Trace.open(storyteller_trace)


def drawn(*mobjects: Any) -> np.ndarray[Any, Any]:
    camera = StudioCamera()
    camera.capture_mobjects(mobjects)
    picture: np.ndarray[Any, Any] = camera.pixel_array
    return picture


def test_a_pinhole_camera_sees_what_euclid_says() -> None:
    eye = Eye(yaw=0, pitch=0, distance=10, zoom=2, place=(1, -1))
    np.testing.assert_allclose(eye.project([3.0, 1.0, 0.0]), [7, 1, 0])
    np.testing.assert_allclose(eye.project([3.0, 1.0, 10.0]), [4, 0, 0])  # twice as far, half as large
    np.testing.assert_allclose(Eye(yaw=90, pitch=0).project([0.0, 0.0, 1.0]), [1, 0, 0], atol=1e-12)
    turned = Eye(yaw=0, pitch=0, roll=90).project([2.0, 0.0, 0.0])
    np.testing.assert_allclose(turned, [0, 2, 0], atol=1e-12)


@pytest.mark.parametrize("roll", [0.0, 90.0])
@pytest.mark.parametrize("yaw", [0.0, 30.0, 55.0])
def test_what_is_fitted_fills_its_box_and_leaves_it_nowhere(yaw: float, roll: float) -> None:
    box = Box(-3, 2, -1.5, 1)
    points = np.array([[x, y, z] for x in (-6, 6) for y in (-2, 2) for z in (-1, 1)])
    seen = Eye(yaw=yaw, roll=roll).fitted(points, box).project(points)
    low, high = seen.min(axis=0), seen.max(axis=0)
    assert low[0] >= box.left - 1e-9
    assert high[0] <= box.right + 1e-9
    assert low[1] >= box.bottom - 1e-9
    assert high[1] <= box.top + 1e-9
    assert np.isclose(high[0] - low[0], box.width) or np.isclose(high[1] - low[1], box.height)


def test_the_stack_is_the_trace(whole: Trace) -> None:
    """Bands and seams by an oracle of their own: no loop of the code under test."""
    stack = read_stack(whole)
    layers = whole.facts.n_layer
    elements = np.unique(np.linspace(0, whole.facts.d_model - 1, 48).round().astype(int))
    streams = np.stack([whole.resid_pre_LTD, whole.resid_mid_LTD], axis=1).reshape(
        2 * layers, *whole.resid_final_TD.shape
    )
    streams = np.concatenate([streams, np.asarray(whole.resid_final_TD)[None]])
    added = np.stack([whole.attn_out_LTD, whole.mlp_out_LTD], axis=1).reshape(2 * layers, *streams.shape[1:])
    spread = np.median(np.abs(streams), axis=-1, keepdims=True) / 0.6745
    assert len(stack.bands) == len(streams) == 2 * layers + 1
    for band, stream, scale in zip(stack.bands, streams, spread, strict=True):
        np.testing.assert_allclose(
            band.values_RC, np.abs(stream[:, elements] / scale).T, rtol=1e-4, atol=1e-6
        )
        assert band.length == pytest.approx(np.linalg.norm(stream[-1].astype(float)))
    for seam, update, scale in zip(stack.seams, added, spread[1:], strict=True):
        np.testing.assert_allclose(
            seam.values_RC, np.abs(update[:, elements] / scale).T, rtol=1e-4, atol=1e-6
        )
    neighbours = zip(streams[:-1, -1].astype(float), streams[1:, -1].astype(float), strict=True)
    wanted = [a @ b / np.linalg.norm(a) / np.linalg.norm(b) for a, b in neighbours]
    np.testing.assert_allclose(stack.cosines, wanted, rtol=1e-6)


def test_outliers_do_not_black_out_a_vector() -> None:
    vector = np.random.default_rng(1).normal(size=(1, 999))
    spiked = vector.copy()
    spiked[0, 5] = 1e4
    assert spread_of(vector)[0, 0] == pytest.approx(1, abs=0.1)
    assert spread_of(spiked)[0, 0] == pytest.approx(spread_of(vector)[0, 0], rel=0.01)


@pytest.mark.parametrize("count", [1, 9, 14, 15, 200, 1000])
def test_at_most_fourteen_tokens_stand_side_by_side_and_the_last_is_one(count: int) -> None:
    tokens = spaced_tokens(count)
    assert tokens == sorted(set(tokens))
    assert tokens[0] == 0
    assert tokens[-1] == count - 1
    assert len(tokens) == min(count, 14)


def test_the_front_has_the_ramps_colour_for_every_element(whole: Trace) -> None:
    block = Block.of_trace(whole)
    pixels = block._front.pixels
    edges = np.round(block.edges * pixels.shape[1]).astype(int)
    spotted = 0
    for place, piece in enumerate(block.stack.pieces):
        middle = (edges[place] + edges[place + 1]) // 2
        for row in range(0, len(block.stack.elements), 5):
            found = pixels[row * ROW + 5, middle, :3].astype(float)
            value = piece.values_RC[row, -1]
            scale = STREAM_SCALE if isinstance(piece, Band) else SEAM_SCALE
            level = min(255, int(value / scale * 255))
            light = 0.55 + 0.45 * middle / pixels.shape[1]
            if isinstance(piece, Band):
                np.testing.assert_allclose(found, palette.STREAM_RAMP[level] * light, atol=3)
                spotted += 1
            elif value >= 0.65 * SEAM_SCALE:  # a strong step hides the thread beneath
                ramp = palette.MLP_SEAM_RAMP if piece.mlp else palette.ATTENTION_SEAM_RAMP
                np.testing.assert_allclose(found, ramp[level] * light, atol=3)
                spotted += 1
    assert spotted > 100


def test_the_block_stays_in_its_box_and_fills_it(whole: Trace) -> None:
    block = Block.of_trace(whole)
    box = Layout.of_frame().stage
    for opened in (0.0, 1.0):
        block.opened = opened
        block.fit(box)
        seen = block.eye.project(block.corners())
        assert seen[:, 0].min() >= box.left - 1e-6
        assert seen[:, 0].max() <= box.right + 1e-6
        assert seen[:, 1].max() <= box.top + 1e-6
        picture = drawn(block)
        # Its picture and its geometry agree: the end's near edge is lit, just right of it is nothing
        at = block.eye.project(block.column(len(block.stack.columns) - 1, 0.5))
        fine = config.pixel_height / config.frame_height
        x, y = round((at[0] + config.frame_width / 2) * fine), round((4 - at[1]) * fine)
        assert picture[y - 20 : y + 20, x - 3 : x + 3, :3].max() > 40


def test_a_block_that_grows_shows_no_more_than_has_grown(whole: Trace) -> None:
    block = Block.of_trace(whole).fit(Layout.of_frame().stage)
    widths = []
    for grown in (0.0, 1.0, 5.5, 17.0):
        block.grown = grown
        widths.append(int((drawn(block.see(block.eye))[..., :3].max(axis=(0, 2)) > 12).sum()))
    assert widths == sorted(widths)
    assert widths[0] == 0
    assert widths[-1] > 800


def test_the_reflection_is_the_front_upside_down(whole: Trace) -> None:
    pixels = Block.of_trace(whole)._front.pixels
    rows = 48 * ROW
    assert len(pixels) == rows + round(MIRROR * rows)
    mirror = pixels[rows : rows + 100, :, :3].astype(float)
    front = pixels[rows - 100 : rows][::-1, :, :3].astype(float)
    assert np.corrcoef(mirror.ravel(), front.ravel())[0, 1] > 0.9
    assert mirror.mean() < 0.4 * front.mean()


def test_the_seams_tell_attention_from_mlp(whole: Trace) -> None:
    seams = [piece for piece in read_stack(whole).pieces if isinstance(piece, Seam)]
    assert [seam.mlp for seam in seams] == [False, True] * whole.facts.n_layer
