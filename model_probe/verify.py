"""The self-check: the captured tensors must agree with each other, or they are not written."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.errors import ModelError

# name → largest error allowed, in full precision and where the T² tensors are half precision
BOUNDS: dict[str, tuple[float, float]] = {
    "residual": (0.0, 0.0),  # largest difference of a sum in the residual stream from its parts
    "pattern_rows": (1e-5, 1e-2),  # largest |row sum − 1|
    "pattern_future": (0.0, 0.0),  # largest weight on a key that the mask hides
    "softmax": (1e-6, 1e-3),  # largest |softmax(masked scores) − pattern|, per unit of the largest |score|
    "lens": (1e-4, 1e-4),  # largest |last depth's log-probability − output's|
}


def measure(tensors: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    """Measure every error of `BOUNDS` on a run's tensors."""
    errors = {
        "residual": _residual(tensors),
        "lens": _lens(tensors),
        "pattern_rows": 0.0,
        "pattern_future": 0.0,
        "softmax": 0.0,
    }
    hidden_TS = tensors["mask_TS"] == 0
    for scores_HTS, pattern_HTS in zip(tensors["scores_LHTS"], tensors["pattern_LHTS"], strict=True):
        pattern_HTS = pattern_HTS.astype(np.float32)
        exponent_HTS = np.where(hidden_TS, -np.inf, scores_HTS.astype(np.float32))
        exponent_HTS -= exponent_HTS.max(axis=-1, keepdims=True)
        weight_HTS = np.exp(exponent_HTS, out=exponent_HTS)
        weight_HTS /= weight_HTS.sum(axis=-1, keepdims=True)
        layer = {
            "pattern_rows": np.abs(pattern_HTS.sum(axis=-1) - 1).max(),
            "pattern_future": pattern_HTS.max(where=hidden_TS, initial=0.0),
            "softmax": np.abs(weight_HTS - pattern_HTS).max() / max(1.0, np.abs(scores_HTS).max()),
        }
        errors |= {name: max(errors[name], float(error)) for name, error in layer.items()}
    return errors


def check(tensors: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    """Return the measured errors; raise ModelError where one is over its bound or a tensor is not finite."""
    for name, values in tensors.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ModelError(f"the model computed numbers that are not finite in {name}; nothing was written")
    errors = measure(tensors)
    half = tensors["pattern_LHTS"].dtype == np.float16
    for name, error in errors.items():
        bound = BOUNDS[name][half]
        if not error <= bound:
            raise ModelError(
                f"the self-check failed: {name} is off by {error:.2g}, over {bound:g}; nothing was written"
            )
    return errors


def _residual(tensors: Mapping[str, NDArray[Any]]) -> float:
    """Largest error of: first = token + position; mid = pre + attention; next = mid + MLP."""
    resid_MTD = [*tensors["resid_pre_LTD"], tensors["resid_final_TD"]]
    error = np.abs(tensors["wte_TD"] + tensors["wpe_TD"] - resid_MTD[0]).max()
    for layer, mid_TD in enumerate(tensors["resid_mid_LTD"]):
        after_attention_TD = resid_MTD[layer] + tensors["attn_out_LTD"][layer]
        after_mlp_TD = mid_TD + tensors["mlp_out_LTD"][layer]
        error = max(error, np.abs(after_attention_TD - mid_TD).max())
        error = max(error, np.abs(after_mlp_TD - resid_MTD[layer + 1]).max())
    return float(error)


def _lens(tensors: Mapping[str, NDArray[Any]]) -> float:
    """Largest difference of the lens at the last depth from the output's own log-probabilities.

    Compared by rank, so that two tokens of one probability may change places.
    """
    last_WN = tensors["lens_logprobs_MWN"][-1]
    window = len(last_WN)
    output_WN = tensors["top_logits_TN"][-window:] - tensors["logsumexp_T"][-window:, None]
    return float(np.abs(last_WN - output_WN).max())
