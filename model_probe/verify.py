"""The self-check: the captured tensors must agree with each other, or they are not written."""

from __future__ import annotations

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
    "kv_cache": (
        1e-4,
        1e-4,
    ),  # largest |logit with reused keys and values − logit without|, per largest |logit|
    "device_logits": (1e-3, 1e-3),  # largest |logit on the device − logit on the CPU|, per largest |logit|
}


def measure(
    tensors: Mapping[str, NDArray[Any]], *, whole: bool = True, shown: tuple[int, int] = (0, 0)
) -> dict[str, float]:
    """Measure the errors of a run's tensors against each other; those that can be measured.

    Args:
        tensors: by their names in the trace.
        whole: whether all of the residual stream was kept.
        shown: row of the layer and of the head of those tensors that hold one head only.
    """
    errors = {"residual": _residual(tensors)} if whole else {}
    if {"lens_logprobs_MWN", "top_logits_TN", "logsumexp_T"} <= tensors.keys():
        errors["lens"] = _lens(tensors)
    if "pattern_LHTS" not in tensors:
        return errors
    hidden_LTS = (tensors["mask_LTS"] if "mask_LTS" in tensors else tensors["mask_TS"][None]) == 0
    pattern, scores = _by_layer(tensors["pattern_LHTS"], shown), {}
    errors |= {"pattern_rows": 0.0, "pattern_future": 0.0}
    if "scores_LHTS" in tensors:
        errors["softmax"] = 0.0
        scores = _by_layer(tensors["scores_LHTS"], shown)
    for row, pattern_HTS in pattern.items():
        pattern_HTS = pattern_HTS.astype(np.float32)
        hidden_TS = hidden_LTS[row if len(hidden_LTS) > 1 else 0]
        layer = {
            "pattern_rows": np.abs(pattern_HTS.sum(axis=-1) - 1).max(),
            "pattern_future": pattern_HTS.max(where=hidden_TS, initial=0.0),
        }
        if row in scores:
            scores_HTS = scores[row]
            if len(scores_HTS) != len(pattern_HTS):  # one of the two holds one head only
                one = slice(shown[1], shown[1] + 1)
                scores_HTS = scores_HTS if len(scores_HTS) == 1 else scores_HTS[one]
                pattern_HTS = pattern_HTS if len(pattern_HTS) == 1 else pattern_HTS[one]
            layer["softmax"] = _softmax(scores_HTS, pattern_HTS, hidden_TS)
        errors |= {name: max(errors[name], float(error)) for name, error in layer.items()}
    return errors


def _by_layer(tensor_LHTS: NDArray[Any], shown: tuple[int, int]) -> dict[int, NDArray[Any]]:
    """A tensor's layers by their rows; one that holds a single head has the row of the layer shown."""
    return {shown[0]: tensor_LHTS[0]} if tensor_LHTS.shape[:2] == (1, 1) else dict(enumerate(tensor_LHTS))


def check(
    tensors: Mapping[str, NDArray[Any]],
    others: Mapping[str, float] | None = None,
    *,
    whole: bool = True,
    shown: tuple[int, int] = (0, 0),
) -> dict[str, float]:
    """Return the measured errors with the `others` that were measured elsewhere; see `measure`.

    Raises:
        ModelError: an error is over its bound, or a tensor is not finite.
    """
    for name, values in tensors.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ModelError(f"the model computed numbers that are not finite in {name}; nothing was written")
    errors = {**measure(tensors, whole=whole, shown=shown), **(others or {})}
    half = any(values.dtype == np.float16 for values in tensors.values())
    for name, error in errors.items():
        bound = BOUNDS[name][half]
        if not error <= bound:
            raise ModelError(
                f"the self-check failed: {name} is off by {error:.2g}, over {bound:g}; nothing was written"
            )
    return errors


def _softmax(
    scores_HTS: NDArray[Any], pattern_HTS: NDArray[np.float32], hidden_TS: NDArray[np.bool_]
) -> float:
    exponent_HTS = np.where(hidden_TS, -np.inf, scores_HTS.astype(np.float32))
    exponent_HTS -= exponent_HTS.max(axis=-1, keepdims=True)
    weight_HTS = np.exp(exponent_HTS, out=exponent_HTS)
    weight_HTS /= weight_HTS.sum(axis=-1, keepdims=True)
    return float(np.abs(weight_HTS - pattern_HTS).max() / max(1.0, np.abs(scores_HTS).max()))


def _residual(tensors: Mapping[str, NDArray[Any]]) -> float:
    """Largest error of the sums that the family's wiring makes, each in the model's own order.

    first = token (+ position); then, a layer:
    sequential, sandwich: mid = pre + attention; next = mid + MLP;
    parallel: next = (MLP + attention) + pre;
    post-norm: what the first norm is given = pre + attention; the second = mid + MLP.
    """
    first_TD = tensors["wte_TD"]
    if "wpe_TD" in tensors:
        first_TD = first_TD + tensors["wpe_TD"]
    resid_MTD = [*tensors["resid_pre_LTD"], tensors["resid_final_TD"]]
    error = _off(first_TD, resid_MTD[0])
    for layer, (attention_TD, mlp_TD) in enumerate(
        zip(tensors["attn_out_LTD"], tensors["mlp_out_LTD"], strict=True)
    ):
        before_TD, after_TD = resid_MTD[layer], resid_MTD[layer + 1]
        if "attn_sum_LTD" in tensors:
            sums = (before_TD + attention_TD, tensors["attn_sum_LTD"][layer])
            error = max(error, _off(*sums))
            error = max(error, _off(tensors["resid_mid_LTD"][layer] + mlp_TD, tensors["mlp_sum_LTD"][layer]))
        elif "resid_mid_LTD" in tensors:
            mid_TD = tensors["resid_mid_LTD"][layer]
            error = max(error, _off(before_TD + attention_TD, mid_TD), _off(mid_TD + mlp_TD, after_TD))
        else:
            error = max(error, _off(mlp_TD + attention_TD + before_TD, after_TD))
    return error


def _off(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.abs(a - b).max())


def _lens(tensors: Mapping[str, NDArray[Any]]) -> float:
    """Largest difference of the lens at the last depth from the output's own log-probabilities.

    Compared by rank, so that two tokens of one probability may change places.
    """
    last_WN = tensors["lens_logprobs_MWN"][-1]
    window = len(last_WN)
    output_WN = tensors["top_logits_TN"][-window:] - tensors["logsumexp_T"][-window:, None]
    return float(np.abs(last_WN - output_WN).max())
