"""Matrices that no model has, or few: narrow ones, short ones, rows without any length."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model_probe import survey as survey_module
from model_probe.survey import picture, survey


@given(rows=st.integers(1, 40), width=st.integers(1, 9), seed=st.integers(0, 99), zeros=st.booleans())
@settings(deadline=None, max_examples=60)
def test_all_is_seen_whatever_the_blocks_are(rows: int, width: int, seed: int, zeros: bool) -> None:
    draws = np.random.default_rng(seed)
    rows_VD = draws.normal(size=(rows, width)).astype(np.float32)
    if zeros:
        rows_VD[:: 1 + seed % 3] = 0
    directions_QD = np.concatenate([rows_VD[:1], draws.normal(size=(2, width)).astype(np.float32)])
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("COLUMNS", 7), ("ROWS", 4), ("BLOCK", 8)):
            patch.setattr(survey_module, name, value)
        seen = survey(rows_VD, directions_QD, pictured=True, spread=True)
        np.testing.assert_array_equal(seen.picture_RC, picture(rows_VD))
    step, down = -(-rows // 7), -(-width // 4)
    assert seen.picture_RC is not None
    for (row, column), extreme in np.ndenumerate(seen.picture_RC):
        cell = rows_VD[column * step : (column + 1) * step, row * down : (row + 1) * down]
        assert abs(extreme) == np.abs(cell).max()
        assert extreme in cell
    np.testing.assert_allclose(seen.norms_V, np.linalg.norm(rows_VD, axis=1), rtol=1e-6)
    unit_VD = np.divide(rows_VD, seen.norms_V[:, None], out=np.zeros_like(rows_VD), where=rows_VD != 0)
    lengths = np.maximum(np.linalg.norm(directions_QD, axis=1, keepdims=True), 1e-30)
    np.testing.assert_allclose(seen.cosines_QV, (directions_QD / lengths) @ unit_VD.T, atol=1e-6)
    assert seen.axes is not None
    centred = unit_VD.astype(np.float64) - unit_VD.mean(axis=0, dtype=np.float64)
    sizes = np.linalg.svd(centred, compute_uv=False)
    variances = np.pad(sizes**2, (0, 3))[:3] / max((sizes**2).sum(), 1e-30)
    found = np.pad(seen.axes.explained_3, (0, 3))[:3]
    if (sizes**2).sum() > 1e-9:
        np.testing.assert_allclose(found, variances, atol=1e-5)
        spread = (seen.axes.points_V3.astype(np.float64) ** 2).sum(axis=0) / (sizes**2).sum()
        np.testing.assert_allclose(np.pad(spread, (0, 3))[:3], variances, atol=1e-5)
    np.testing.assert_allclose(seen.axes.mean_D, unit_VD.mean(axis=0), atol=1e-6)


def test_three_axes_are_found_from_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """How near: with three axes that stand out, as in a trained embedding, within a few in a thousand."""
    monkeypatch.setattr(survey_module, "SMALL", 0)
    draws = np.random.default_rng(1)
    scale_D: Any = np.array([3.0, 2.0, 1.5, *np.geomspace(1.0, 0.3, 61)])
    rows_VD = (draws.normal(size=(9000, 64)) * scale_D + 0.5).astype(np.float32)
    axes = survey(rows_VD, rows_VD[:0], pictured=False, spread=True).axes
    assert axes is not None
    unit_VD = rows_VD.astype(np.float64) / np.linalg.norm(rows_VD.astype(np.float64), axis=1, keepdims=True)
    centred = unit_VD - unit_VD.mean(axis=0)
    _, sizes, exact = np.linalg.svd(centred, full_matrices=False)
    np.testing.assert_allclose(axes.explained_3, (sizes**2 / (sizes**2).sum())[:3], rtol=1e-4)
    expected_V3 = centred @ exact[:3].T
    expected_V3 *= np.sign((expected_V3 * axes.points_V3).sum(axis=0))
    assert np.abs(axes.points_V3 - expected_V3).max() < 5e-3 * np.abs(expected_V3).max()
