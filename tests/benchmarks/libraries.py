"""The same work in each library: one pass over T token ids, every activation kept and readable on the host.

plain            Hugging Face's eager forward: the logits alone; what the others are measured against
capture          model_probe's own, in numpy; its logits differ from the plain ones by rounding
reference        the same through transformers; its logits are the plain ones to the bit
TransformerLens  TransformerBridge.run_with_cache: every hook point, so more than the trace has; its logits
                 differ from the plain ones by rounding
nnsight          a trace saving what the capture keeps, in float32 at every length; its logits are the plain
                 ones to the bit

The last two leave references to tensors; the capture copies them into arrays laid out as the trace is.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

Run = Callable[["np.ndarray[Any, Any]"], Any]  # token ids to logits [T, V]


def _eager(directory: str) -> Any:
    """The library's own model."""
    from transformers import GPT2LMHeadModel

    model: Any = GPT2LMHeadModel.from_pretrained(
        directory, dtype=torch.float32, attn_implementation="eager", local_files_only=True
    )
    return model.train(False)


def plain(directory: str) -> Run:
    """A forward pass and nothing else."""
    model = _eager(directory)

    def run(ids_T: np.ndarray[Any, Any]) -> torch.Tensor:
        with torch.inference_mode():
            return model(torch.from_numpy(ids_T)[None]).logits[0]  # type: ignore[no-any-return]

    return run


def ours(directory: str, reference: bool = False) -> Run:
    """The capture."""
    from model_probe.capture import capture, load

    config = json.loads((Path(directory) / "config.json").read_text())
    network = load(config, [Path(directory) / "model.safetensors"], reference=reference)
    return lambda ids_T: capture(network, ids_T).logits_TV


def transformer_lens(directory: str) -> Run:
    """TransformerLens, with every hook point cached."""
    from transformer_lens.model_bridge import TransformerBridge

    bridge: Any = TransformerBridge.boot_transformers(directory, device="cpu", dtype=torch.float32)

    def run(ids_T: np.ndarray[Any, Any]) -> torch.Tensor:
        with torch.inference_mode():
            logits, _ = bridge.run_with_cache(torch.from_numpy(ids_T)[None])
        return logits[0]  # type: ignore[no-any-return]

    return run


def nnsight(directory: str) -> Run:
    """The library nnsight, told to save what the capture keeps, in the order in which it is computed."""
    from nnsight import NNsight

    model: Any = NNsight(_eager(directory))

    def run(ids_T: np.ndarray[Any, Any]) -> torch.Tensor:
        batch = torch.from_numpy(ids_T)[None]
        kept: dict[Any, Any] = {}
        with torch.inference_mode(), model.trace(batch):
            kept["wte"] = model.transformer.wte.output.save()
            kept["wpe"] = model.transformer.wpe.output.save()
            for layer, block in enumerate(model.transformer.h):
                kept["resid_pre", layer] = block.ln_1.input.save()
                kept["ln1", layer] = block.ln_1.output.save()
                attention = block.attn.source.attention_interface_1
                kept["q, k, v", layer] = attention.inputs[0][1:4].save()
                kept["scores", layer] = attention.source.attn_weights_0.output.save()
                kept["z, pattern", layer] = attention.output.save()
                kept["attn_out", layer] = block.attn.output[0].save()
                kept["resid_mid", layer] = block.ln_2.input.save()
                kept["ln2", layer] = block.ln_2.output.save()
                kept["mlp_pre", layer] = block.mlp.c_fc.output.save()
                kept["mlp_post", layer] = block.mlp.act.output.save()
                kept["mlp_out", layer] = block.mlp.output.save()
            kept["resid_final"] = model.transformer.ln_f.input.save()
            kept["ln_f"] = model.transformer.ln_f.output.save()
            kept["logits"] = model.lm_head.output.save()
        return kept["logits"][0]  # type: ignore[no-any-return]

    return run


RUNNERS: dict[str, Callable[[str], Run]] = {
    "plain": plain,
    "capture": ours,
    "reference": partial(ours, reference=True),
    "TransformerLens": transformer_lens,
    "nnsight": nnsight,
}
_MODULES = {"TransformerLens": "transformer_lens", "nnsight": "nnsight"}
MISSING = [name for name, module in _MODULES.items() if importlib.util.find_spec(module) is None]
