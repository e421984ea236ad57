import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax as scipy_softmax
from scipy.stats import entropy

from scenes.mathematics import effective_number, entropy_bits, softmax

LOGITS = st.lists(st.floats(-80, 80, allow_nan=False), min_size=1, max_size=50)


@given(LOGITS, st.floats(0.05, 50))
def test_softmax_is_scipys(logits: list[float], temperature: float) -> None:
    assert softmax(np.array(logits), temperature) == pytest.approx(
        scipy_softmax(np.array(logits) / temperature)
    )


def test_the_limits_of_the_temperature() -> None:
    logits_V = np.array([2.0, -1.0, 2.0, -np.inf])
    assert softmax(logits_V, 0).tolist() == [0.5, 0, 0.5, 0]
    assert softmax(logits_V, 1e-12) == pytest.approx([0.5, 0, 0.5, 0])
    assert softmax(logits_V, np.inf) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    assert softmax(logits_V, 1e12) == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0])
    for wrong in (-1.0, np.nan):
        with pytest.raises(ValueError, match="temperature"):
            softmax(logits_V, wrong)


@given(LOGITS)
def test_entropy_is_scipys_and_the_effective_number_its_power(logits: list[float]) -> None:
    shares = softmax(np.array(logits))
    assert entropy_bits(shares) == pytest.approx(float(entropy(shares, base=2)), abs=1e-9)
    assert effective_number(shares) == pytest.approx(2 ** entropy_bits(shares))
    assert 1 <= effective_number(shares) <= len(shares) + 1e-6


def test_a_fair_choice_among_n_is_as_open_as_n() -> None:
    assert effective_number(np.full(43, 1 / 43)) == pytest.approx(43)
    assert entropy_bits(np.array([1.0, 0.0])) == 0
