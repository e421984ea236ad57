"""Generation: draw a token from the full distribution, append it, run again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import GPT2LMHeadModel

SETTINGS: dict[str, Any] = {"method": "temperature", "temperature": 1.0, "top_k": None, "top_p": None}


def softmax(logits_V: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Probabilities of V logits, in double precision."""
    weights_V = np.exp(logits_V.astype(np.float64) - logits_V.max())
    probability_V: NDArray[np.float64] = weights_V / weights_V.sum()
    return probability_V


def draw(logits_V: NDArray[np.floating[Any]], uniform: float) -> int:
    """Draw a token at temperature 1 by the inverse of the cumulative distribution, `uniform` in [0, 1)."""
    cumulative_V = np.cumsum(softmax(logits_V))
    # Rounding can leave the last sum a hair under 1, and a draw above it
    return min(int(np.searchsorted(cumulative_V, uniform, side="right")), len(cumulative_V) - 1)


def sample(
    model: GPT2LMHeadModel,
    logits_last_V: NDArray[np.float32],
    cache: Any,
    *,
    steps: int,
    seed: int,
    end_id: int | None,
) -> dict[str, NDArray[Any]]:
    """Generate up to `steps` tokens after a captured run, reusing its keys and values.

    Step 0 draws from the run's own last logits. Stops after the end-of-text token. Returns step_logits_GV,
    step_ids_G and step_uniform_G, the number in [0, 1) of PCG64(seed) that drew each token.
    """
    import torch

    generator = np.random.Generator(np.random.PCG64(seed))
    logits_V = logits_last_V
    logits_GV: list[NDArray[np.float32]] = []
    ids_G: list[int] = []
    uniform_G: list[float] = []
    for step in range(steps):
        if step:
            with torch.inference_mode():
                last = torch.tensor([[ids_G[-1]]], device=model.device)
                output = model(last, past_key_values=cache, use_cache=True)
            logits_V = output.logits[0, -1].cpu().numpy()
        uniform_G.append(generator.random())
        logits_GV.append(logits_V)
        ids_G.append(draw(logits_V, uniform_G[-1]))
        if ids_G[-1] == end_id:
            break
    return {
        "step_logits_GV": np.array(logits_GV, np.float32),
        "step_ids_G": np.array(ids_G, np.int64),
        "step_uniform_G": np.array(uniform_G, np.float64),
    }
