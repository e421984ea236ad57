"""`embedding_matrix`: the same token gives the same column wherever it stands, and a look-up is a product."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_probe.record import record
from model_probe.trace import Trace
from scenes.mobjects.numerals import plain, signed
from scenes.mobjects.weight_pixels import extremes_in_cells, weight_pixels
from tests.scenes.conftest import Change, Check, GoesRed, Play


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prompt in which a token stands twice."""
    out = tmp_path_factory.mktemp("twice") / "trace.safetensors"
    return record("The old king loved his daughter, and the king loved", out, model="storyteller")


@pytest.fixture
def trace(path: Path) -> Trace:
    return Trace.open(path)


def check_wall(played: Any, trace: Trace) -> None:
    """The wall is the captured picture; a hairline stands at each opened id."""
    wall = played["wall"].wall
    np.testing.assert_array_equal(wall.values, trace.wte_picture_RC[:])
    assert wall.shape == (trace.facts.d_model, len(trace.wte_norms_V))
    ids = trace.token_ids_T[:].tolist()
    assert list(wall.hairlines) == list(dict.fromkeys(ids))[: len(wall.hairlines)]
    for token, line in wall.hairlines.items():
        x = wall.eye.place[0] + wall.size[0] * ((token + 0.5) / wall.shape[1] - 0.5)
        assert line.get_x() == pytest.approx(x, abs=1e-6)


def check_neighbours(played: Any, trace: Trace) -> None:
    """Seven columns side by side, each with its own name and its cosine with the one in the middle."""
    shelf = played["dive"].shelf
    vectors = trace.wte_around_E7D[shelf.number].astype(np.float64)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    own = trace.around_ids_E7[shelf.number].tolist().index(shelf.token)
    words = [below.string for _name, _number, below in played["dive"].labels]
    assert [w for k, w in enumerate(words) if k != own] == [
        signed(float(c), 2) for k, c in enumerate(units @ units[own]) if k != own
    ]
    best = max(c for k, c in enumerate((units @ units[own]).tolist()) if k != own)
    assert signed(best, 2) in played["dive"].narration
    assert signed(float(np.median(trace.random_cosines_R[:])), 2) in played["dive"].narration


def check_drawer(played: Any, trace: Trace) -> None:
    """The drawer holds every element of the column that the id names; its length is ranked among all."""
    shown = played["drawer"]
    wall, shelf = shown.wall, shown.shelf
    assert wall.column == shelf.token == max(s.token for s in shown.shelves)
    np.testing.assert_array_equal(wall.known[wall.column], trace.wte_TD[shelf.position])
    norms_V = trace.wte_norms_V[:]
    assert norms_V[shelf.token] == pytest.approx(np.linalg.norm(trace.wte_TD[shelf.position]), rel=1e-5)
    longer = int((norms_V > norms_V[shelf.token]).sum())
    assert f"{plain(float(norms_V[shelf.token]), 2)}: {longer:,} of {len(norms_V):,}" in shown.note.string


def check_columns(played: Any, trace: Trace) -> None:
    """Under each chip stands its own vector, grey; equal tokens have equal columns, pixel by pixel."""
    columns, ids = played["columns"].columns.columns, trace.token_ids_T[:]
    for position, column in columns.items():
        np.testing.assert_array_equal(
            column.cells, extremes_in_cells(trace.wte_TD[position][None], column._most)[0]
        )
        assert column.flowing == 1
    first, second = played["columns"].twins[:2]
    assert ids[first] == ids[second]
    np.testing.assert_array_equal(columns[first].cells, columns[second].cells)


def check_product(played: Any, trace: Trace) -> None:
    """Partial sums stay 0 until the token's own term, jump to its weight, and stay there."""
    shown = played["one_hot"]
    product, shelf = shown.product, shown.shelf
    rows = [row for row in product.rows if row is not None]
    column = trace.wte_TD[shelf.position][rows]
    jump = product.ids.index(shelf.token)
    assert (product.sums_RC1[:, : jump + 1] == 0).all()
    np.testing.assert_array_equal(
        product.sums_RC1[:, jump + 1 :].T, np.tile(column, (len(product.ids) - jump, 1))
    )
    assert product.number.string == signed(float(column[-1]), product.digits)


def check_positions(played: Any, trace: Trace) -> None:
    """What goes into the first layer is drawer plus position; the two equal drawers differ by then."""
    sums = played["position"].sums
    np.testing.assert_allclose(sums.sums_TD, trace.resid_pre_LTD[0], rtol=1e-5, atol=1e-5)
    first, second = (trace.resid_pre_LTD[0][t].astype(np.float64) for t in played["position"].twins[:2])
    cosine = float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))
    assert sums.likeness[0].number.string == signed(cosine, 3)
    assert signed(cosine, 3) in played["position"].narration


CHECKS = (check_wall, check_neighbours, check_drawer, check_columns, check_product, check_positions)


def test_what_is_shown_is_in_the_trace(play: Play, trace: Trace) -> None:
    played = play("embedding_matrix", trace)
    for check in CHECKS:
        check(played, trace)


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_wall, "wte_picture_RC", lambda a: a[::-1]),
        (check_neighbours, "wte_around_E7D", lambda a: a[:, ::-1]),
        (check_neighbours, "random_cosines_R", lambda a: a * 0.5),
        (check_drawer, "wte_norms_V", lambda a: a[::-1]),
        (check_drawer, "wte_around_E7D", lambda a: a * np.float32(1.01)),
        (check_columns, "wte_TD", lambda a: a[::-1]),
        (check_product, "wte_around_E7D", lambda a: a * np.float32(1.01)),
        (check_positions, "wpe_TD", lambda a: a[::-1]),
    ],
)
def test_an_altered_tensor_shows(goes_red: GoesRed, check: Check, name: str, change: Change) -> None:
    goes_red("embedding_matrix", check, name, change)


def test_every_frame_of_the_product_shows_a_partial_sum(play: Play, trace: Trace) -> None:
    played = play("embedding_matrix", trace, watch=lambda scene: scene.product.number.string)
    seen = [frame.seen for frame in played.frames if frame.beat == "one_hot"]
    product = played.product
    written = {signed(float(each), product.digits) for each in product.sums_RC1.ravel()}
    assert set(seen) == written


def test_without_learned_positions_the_scene_says_so(play: Play, lacking: Any) -> None:
    played = play("embedding_matrix", lacking("wpe_TD"))
    assert "adds no position" in played["position"].narration
    assert played["position"].sums.likeness[0].number.string == "+1.000"


def test_the_drawers_front_is_its_column(play: Play, trace: Trace) -> None:
    wall = play("embedding_matrix", trace)["drawer"].wall
    front = wall.faces()[-1].skin.pixels[:, 0, :3]
    column = weight_pixels(wall.known[wall.column][:, None], wall.value_scale)[:, 0, :3]
    assert {tuple(c) for c in front.tolist()} <= {tuple(c) for c in column.tolist()}
