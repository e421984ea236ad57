"""Half precision is numpy's own conversion, to the bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from model_probe.half import from_half, to_half

F32 = NDArray[np.float32]


def same_as_numpy(values: F32) -> None:
    found = np.empty(values.shape, np.float16)
    to_half(values, found)
    with np.errstate(over="ignore"):
        expected = values.astype(np.float16)
    nan = np.isnan(expected)
    np.testing.assert_array_equal(found[~nan].view(np.uint16), expected[~nan].view(np.uint16))
    assert np.isnan(found[nan]).all()


def test_every_half_and_everything_that_lies_on_the_edge_between_two() -> None:
    halves = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(np.float32)
    edges = (halves[1:] + halves[:-1]) / 2
    around: F32 = np.concatenate(
        [halves, edges, np.nextafter(edges, np.float32(0)), np.nextafter(edges, np.float32(1e9))]
    )
    same_as_numpy(around)
    same_as_numpy(-around)


def test_floats_of_every_exponent() -> None:
    bits = np.random.default_rng(0).integers(0, 1 << 32, 1_000_000, np.uint32)
    values = bits.view(np.float32)
    for exponent in range(-30, 18):
        same_as_numpy(values[np.frexp(values)[1] == exponent])


@given(arrays(np.float32, array_shapes(max_dims=3), elements=st.floats(width=32)))
def test_any_shape_with_infinities_and_what_is_no_number(values: F32) -> None:
    same_as_numpy(values)


@pytest.mark.parametrize("value", [65503.0, 65504.0, 65519.9, 65520.0, 1e30, np.inf, np.nan])
def test_what_is_too_large_is_infinite(value: float) -> None:
    same_as_numpy(np.array([[value, 1e-7], [-value, -0.0]], np.float32))


def test_an_array_that_lies_crosswise_in_memory_and_an_empty_one() -> None:
    same_as_numpy(np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4).T)
    same_as_numpy(np.empty((0, 3), np.float32))


def test_back_from_every_half() -> None:
    for halves in (np.arange(0x7C00, dtype=np.uint16), np.arange(1 << 16, dtype=np.uint32).astype(np.uint16)):
        values = np.concatenate([halves, halves | 0x8000]).view(np.float16).reshape(2, -1)
        found = np.empty(values.shape, np.float32)
        from_half(values, found)
        with np.errstate(invalid="ignore"):
            expected = values.astype(np.float32)
        nan = np.isnan(expected)
        np.testing.assert_array_equal(found[~nan].view(np.uint32), expected[~nan].view(np.uint32))
        assert np.isnan(found[nan]).all()
