"""The logit lens: what the model would say if it stopped at each layer (nostalgebraist 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch
    from transformers import GPT2LMHeadModel

TOP = 10  # N
WINDOW = 128  # W: at most so many last positions


def top_logits(logits_TV: torch.Tensor) -> dict[str, NDArray[Any]]:
    """Each position's ten largest logits, their ids, and the logsumexp that makes probabilities of them."""
    import torch

    top = logits_TV.topk(min(TOP, logits_TV.shape[-1]), dim=-1)
    return {
        "top_ids_TN": top.indices.cpu().numpy(),
        "top_logits_TN": top.values.cpu().numpy(),
        "logsumexp_T": torch.logsumexp(logits_TV, dim=-1).cpu().numpy(),
    }


def logit_lens(
    model: GPT2LMHeadModel, resid_pre_LTD: NDArray[np.float32], resid_final_TD: NDArray[np.float32]
) -> dict[str, NDArray[Any]]:
    """Read the residual stream through the model's own final norm and unembedding, at M = L + 1 depths.

    Depth l is what layer l receives; the last is what the final norm receives. Returns lens_ids_MWN and
    lens_logprobs_MWN (natural logarithm), for the last W positions and their N likeliest tokens.
    """
    import torch

    readings = [*resid_pre_LTD, resid_final_TD]
    ids, logprobs = [], []
    with torch.inference_mode():
        for resid_TD in readings:
            stream_WD = torch.from_numpy(resid_TD[-WINDOW:]).to(model.device)
            logits_WV = model.lm_head(model.transformer.ln_f(stream_WD))
            top = logits_WV.log_softmax(dim=-1).topk(min(TOP, logits_WV.shape[-1]), dim=-1)
            ids.append(top.indices.cpu().numpy())
            logprobs.append(top.values.cpu().numpy())
    return {"lens_ids_MWN": np.stack(ids), "lens_logprobs_MWN": np.stack(logprobs)}
