"""How the cross-section grows piece by piece, and what is measured of the last token's vector on its way."""

from pathlib import Path

import numpy as np
import pytest

from model_probe.trace import Trace
from scenes.layout import Layout
from scenes.mobjects import palette
from scenes.mobjects.cross_section import CrossSection
from scenes.mobjects.growth import Growth, NamedSeam, first_piece
from scenes.mobjects.number_columns import NumberColumns
from scenes.mobjects.residual_stack import cosine, last_between
from scenes.mobjects.standpoints import SLOW, Standpoints
from scenes.mobjects.token_row import shelved_row
from scenes.mobjects.vector_pair import VectorPair

YAWS = 24.0, 35.0


@pytest.fixture(scope="module")
def views(storyteller_trace: Path) -> Standpoints:
    return Standpoints(CrossSection(Trace.open(storyteller_trace)), Layout.of_frame(), 0.5)


def test_the_last_vector_is_compared_from_layer_to_layer(trace: Trace) -> None:
    first, second = (np.asarray(trace.resid_pre_LTD[layer, -1], dtype=float) for layer in (0, 1))
    final = np.asarray(trace.resid_final_TD, dtype=float)[-1]
    turned, lengths = last_between(trace, 0, 1)
    assert turned == pytest.approx(cosine(first, second))
    assert lengths == pytest.approx((np.linalg.norm(first), np.linalg.norm(second)))
    assert last_between(trace, 0, trace.facts.n_layer)[0] == pytest.approx(cosine(first, final))


def test_the_block_is_settled_between_its_standpoints(views: Standpoints) -> None:
    views.settle(YAWS)
    section, block = views.section, views.block
    assert block.within == section.words.within == views.band
    views.see_whole(YAWS[0], opened=0.5)
    assert block.opened == 0.5
    assert section.eye == views.whole(YAWS[0])
    views.see_whole(YAWS[1])
    assert block.opened == 0.0


def test_pieces_come_out_of_the_end_one_by_one_under_a_name(views: Standpoints) -> None:
    section, block = views.section, views.block
    views.settle(YAWS)
    to_mlp, to_next = section.first_layer()
    names = [piece.name for piece in block.stack.pieces]
    assert names[to_mlp] == "mlp_out_LTD[0]"
    assert names[to_next - 1] == "resid_pre_LTD[1]"
    first_piece(section)
    assert block.grown == 1.0
    assert block.edges[to_next] * block.long == pytest.approx(SLOW)
    assert not section.words.risen.any()
    section.see(views.close())
    seam = NamedSeam(section, views, "Attention", palette.ATTENTION_HUE)
    light = []
    for number, step in enumerate(seam.out_of_the_end(to_mlp), 1):
        assert block.grown == number
        step(1.0)
        assert block.grown == number + 1
        light.append(float(seam.label.get_fill_opacity()))
    assert block.grown == to_mlp
    assert light == [1.0, *[0.25] * (len(light) - 1)]
    growth = Growth(section, views, YAWS[0])
    growth.show(1.0)
    assert block.grown == len(names)
    assert (section.words.risen == 1).all()


def test_at_the_end_only_the_last_vector_is_lit(views: Standpoints) -> None:
    section = views.section
    section.words.risen[:] = section.line.shown = 1.0
    section.left_to_its_end(1.0)
    assert not section.words.risen.any()
    assert section.line.shown == 0.0
    assert section.block.lit[:-1] == pytest.approx(0.3)
    assert section.block.lit[-1] == 1.0
    section.left_to_its_end(0.0)
    assert (section.block.lit == 1).all()


def test_all_columns_gather_in_one_place_and_the_last_one_stays(views: Standpoints, trace: Trace) -> None:
    layout = views.layout
    row = shelved_row(trace.tokens, layout.shelf)
    columns = NumberColumns(trace.resid_pre_LTD[0], views.block.stack.elements, row, views.below)
    corners = views.frontal().project(views.block.front_corners(0))
    for animation in columns.gathered(corners):
        animation.interpolate(1.0)
    for cell in columns.many:
        np.testing.assert_allclose(cell.points[[0, 1, 3, 2]], corners, atol=1e-6)
        assert cell.opacity == float(cell is columns.many[-1])


def test_the_first_and_the_last_vector_start_from_the_block(views: Standpoints) -> None:
    block = views.section.see(views.whole(YAWS[1])).block
    pair = VectorPair.of_block(block, ("in", "out"), views.panel)
    for column, band, corners in zip(
        pair.columns,
        (block.stack.bands[0], block.stack.bands[-1]),
        (block.front_corners(0), block.end_corners(-1)),
        strict=True,
    ):
        np.testing.assert_array_equal(column.values, band.values_RC[:, -1])
        np.testing.assert_allclose(column.points[0], block.eye.project(corners)[0], atol=1e-6)
