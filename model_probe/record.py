"""From a prompt to a trace on disk."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model_probe import derived, lens, models, parameters, prompts, sampling, typo, verify
from model_probe.errors import ModelError
from model_probe.trace import Facts, write_trace

if TYPE_CHECKING:
    from transformers import GPT2LMHeadModel

    from model_probe.tokens import Vocabulary


def record(
    prompt: str | None,
    out: str | os.PathLike[str],
    *,
    model: str | None = None,
    device: str = "auto",
    seed: int = 0,
    steps: int = 8,
) -> Path:
    """Run a model on a prompt and write everything that it computed to the trace `out`.

    `prompt` None is the default prompt of the model that runs; `model` None is GPT-2, or storyteller where
    GPT-2 cannot be had. `device` is "auto", "cpu", "cuda" or "mps". `steps` tokens are generated, as far as
    the context has room. Raises UserError, with nothing left behind.
    """
    from model_probe.tokens import Vocabulary

    if prompt is not None:
        prompts.check(prompt)
    resolved = models.resolve(model)
    if prompt is None:
        prompt = prompts.STORYTELLER if resolved.asked == models.STORYTELLER else prompts.GPT2
    vocabulary = Vocabulary(resolved.directory)
    n_ctx, n_vocab = resolved.config.get("n_positions", 1024), resolved.config.get("vocab_size", 50257)
    if len(vocabulary) > n_vocab:
        raise ModelError(
            f"{resolved.asked}: the tokenizer has {len(vocabulary):,} tokens, the model {n_vocab:,}"
        )
    encoded = vocabulary.encode(prompt, n_ctx)
    end_id = vocabulary.id_of("<|endoftext|>")
    steps = min(steps, n_ctx - len(encoded.ids_T) + 1)

    import torch

    from model_probe import capture

    chosen = _device(device)
    try:
        network = capture.load(str(resolved.directory), chosen)
        run = capture.capture(network, encoded.ids_T)
    except (MemoryError, torch.OutOfMemoryError):
        raise ModelError(
            f"{resolved.asked}: there is not enough memory on {chosen} for this prompt"
        ) from None
    tensors = {**run.tensors, **encoded.tensors(), "logits_last_V": run.logits_TV[-1].cpu().numpy()}
    tensors |= lens.top_logits(run.logits_TV)
    tensors |= lens.logit_lens(network, tensors["resid_pre_LTD"], tensors["resid_final_TD"])
    tensors |= sampling.sample(
        network, tensors["logits_last_V"], run.cache, steps=steps, seed=seed, end_id=end_id
    )
    tensors |= derived.head_scores(tensors["pattern_LHTS"])
    tensors |= _induction(network, vocabulary, seed)
    tensors |= vocabulary.tensors(n_vocab)
    tensors |= typo.typo(encoded, vocabulary)
    checks = verify.check(tensors)
    if chosen != "cpu":
        on_cpu = capture.capture(capture.load(str(resolved.directory), "cpu"), encoded.ids_T)
        checks["device_logits"] = float(np.abs(on_cpu.logits_TV[-1].numpy() - tensors["logits_last_V"]).max())
        print(f"{chosen}: logits within {checks['device_logits']:.2g} of the CPU's", file=sys.stderr)
    return write_trace(out, tensors, _facts(network, resolved, prompt, seed, chosen, checks))


def _device(name: str) -> str:
    """Choose where to run: what was asked for, or the fastest there is. Raises ModelError."""
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, usable in there.items() if usable)
    if not there.get(name):
        usable = ", ".join(device for device, usable in there.items() if usable)
        raise ModelError(f"the device {name!r} is not there; this machine has: {usable}")
    return name


def _induction(network: GPT2LMHeadModel, vocabulary: Vocabulary, seed: int) -> dict[str, NDArray[Any]]:
    """Score induction on random tokens fed twice; nothing for a context too short to repeat in."""
    from model_probe import capture

    ordinary = sorted(set(vocabulary.bytes_of_id) - vocabulary.special_ids())
    ids_R = derived.induction_ids(ordinary, network.config.n_positions, seed)
    if len(ids_R) < 2:
        return {}
    pattern_LHTS = capture.capture(network, np.tile(ids_R, 2)).tensors["pattern_LHTS"]
    return {"induction_ids_R": ids_R, "head_induction_LH": derived.induction_scores(pattern_LHTS)}


def _facts(
    network: GPT2LMHeadModel,
    resolved: models.ResolvedModel,
    prompt: str,
    seed: int,
    device: str,
    checks: dict[str, float],
) -> Facts:
    config: Any = network.config
    trunk: Any = network.transformer
    d_head = config.n_embd // config.n_head
    tally = parameters.tally(network)
    total = sum(p.numel() for p in network.parameters())
    packages = ("numpy", "safetensors", "tokenizers", "torch", "transformers")
    return Facts(
        model=resolved.asked,
        model_name=resolved.display_name(total),
        model_note=resolved.note,
        weights_sha256=resolved.weights_sha256(),
        family="gpt2",
        n_layer=config.n_layer,
        n_head=config.n_head,
        d_model=config.n_embd,
        d_head=d_head,
        d_mlp=config.n_inner or 4 * config.n_embd,
        n_ctx=config.n_positions,
        n_vocab=config.vocab_size,
        n_parameters=total,
        parameters=tally,
        tied_unembedding=network.lm_head.weight is trunk.wte.weight,
        activation=config.activation_function,
        scale=trunk.h[0].attn.scaling,
        layer_norm_epsilon=config.layer_norm_epsilon,
        prompt=prompt,
        seed=seed,
        sampling=dict(sampling.SETTINGS),
        device=device,
        dtype="float32",
        versions={
            **{name: importlib.metadata.version(name) for name in packages},
            "python": platform.python_version(),
        },
        checks=checks,
    )
