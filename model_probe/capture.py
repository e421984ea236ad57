"""One forward pass of the Hugging Face model itself, with everything on the way kept.

The model runs in its own code. Two seams read along: hooks on its modules, and an attention function in the
library's registry that calls the family's own eager attention and keeps what goes in and comes out. So the
numbers are those of the eager model to the bit; the scores are the one thing computed a second time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError

from model_probe.errors import ModelError, PromptError

if TYPE_CHECKING:
    import torch
    from transformers import GPT2LMHeadModel

ATTENTION = "model_probe"
BUDGET = 8e9  # bytes of one trace
# What the library raises for weights and configs that do not fit, or that are damaged
_LOADING_ERRORS = (
    OSError,
    ValueError,
    RuntimeError,
    ImportError,
    KeyError,
    TypeError,
    AttributeError,
    SafetensorError,
)
LONG = 128  # tokens; above it the T² tensors are kept in half precision


@dataclass(frozen=True)
class Capture:
    """What one run left: tensors by their names in the trace, every logit, and the cache to go on from."""

    tensors: dict[str, NDArray[Any]]
    logits_TV: torch.Tensor
    cache: Any


def load(directory: str, device: str) -> GPT2LMHeadModel:
    """Load a GPT-2-family model in float32, for inference, with the reading attention function.

    Raises ModelError where the weights do not fit the config or cannot be read.
    """
    import torch
    from transformers import AttentionInterface, GPT2LMHeadModel
    from transformers.masking_utils import AttentionMaskInterface, eager_mask

    torch.set_float32_matmul_precision("highest")
    AttentionInterface.register(ATTENTION, _attention)
    # Without a mask function of this name the library makes no mask, and every token sees the whole prompt.
    AttentionMaskInterface.register(ATTENTION, eager_mask)
    try:
        with _quiet():
            loaded: Any = GPT2LMHeadModel.from_pretrained(
                directory,
                dtype=torch.float32,
                attn_implementation=ATTENTION,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
            )
    except _LOADING_ERRORS as error:
        raise ModelError(f"{directory}: the model cannot be loaded: {str(error).splitlines()[0]}") from None
    model, report = loaded
    absent = sorted(report["missing_keys"])
    if absent:
        raise ModelError(
            f"{directory}: the weights lack {len(absent)} tensors, the first of them {absent[0]}"
        )
    network: GPT2LMHeadModel = model.eval().to(device)
    return network


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's loading bar and advice off the terminal; its errors are still raised."""
    from transformers.utils import logging as library_logging

    logging: Any = library_logging  # untyped

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


def _attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float,
    probe: Probe | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Run the family's eager attention; a `probe` among the forward pass's arguments reads along."""
    from transformers.models.gpt2 import modeling_gpt2

    eager: Any = modeling_gpt2.eager_attention_forward
    output, pattern = eager(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    if probe is not None:
        probe.attention(module.layer_idx, query, key, value, scaling, attention_mask, output, pattern)
    return output, pattern


class Probe:
    """Arrays for every tensor of one run, filled layer by layer as the model computes.

    Everything comes to the host at once and straight into its place, so a long prompt needs the room for its
    trace and no more. Raises PromptError where that is over the budget.
    """

    def __init__(self, config: Any, n_tokens: int) -> None:
        import torch

        layers, heads, width = config.n_layer, config.n_head, config.n_embd
        tokens, head_width, mlp_width = n_tokens, width // heads, config.n_inner or 4 * width
        square = np.float16 if n_tokens > LONG else np.float32
        shapes: dict[str, tuple[type, tuple[int, ...]]] = {
            **dict.fromkeys(_ONCE_TD, (np.float32, (tokens, width))),
            **dict.fromkeys(_LAYER_TD, (np.float32, (layers, tokens, width))),
            **dict.fromkeys(_HEAD_TK, (np.float32, (layers, heads, tokens, head_width))),
            **dict.fromkeys(_SQUARE_TS, (square, (layers, heads, tokens, tokens))),
            **dict.fromkeys(_MLP_TF, (np.float32, (layers, tokens, mlp_width))),
            "mask_TS": (np.uint8, (tokens, tokens)),
        }
        size = sum(np.dtype(dtype).itemsize * math.prod(shape) for dtype, shape in shapes.values())
        if size > BUDGET:
            raise PromptError(
                f"the trace of {tokens:,} tokens would take {size / 1e9:.1f} GB, over its budget of "
                f"{BUDGET / 1e9:.0f} GB; a shorter prompt or a smaller model is wanted"
            )
        self.tensors: dict[str, NDArray[Any]] = {
            name: np.empty(shape, dtype) for name, (dtype, shape) in shapes.items()
        }
        # The same memory as torch sees it: its copies are threaded, and fast to half precision
        self._places = {name: torch.from_numpy(array) for name, array in self.tensors.items()}
        self.filled: dict[str, int] = dict.fromkeys(self.tensors, 0)

    def keep(self, name: str, value: torch.Tensor, layer: int | None = None) -> None:
        """Copy `value`, which has a batch axis of one, into its place."""
        place = self._places[name]
        (place if layer is None else place[layer]).copy_(value[0])
        self.filled[name] += 1

    def attention(
        self,
        layer: int,
        query_HTK: torch.Tensor,
        key_HTK: torch.Tensor,
        value_HTK: torch.Tensor,
        scale: float,
        mask_TS: torch.Tensor | None,
        output_THK: torch.Tensor,
        pattern_HTS: torch.Tensor,
    ) -> None:
        """Keep one layer's attention; every tensor has a batch axis of one in front."""
        import torch

        if mask_TS is None:
            raise ModelError("the model was given no mask: its attention would not be causal")
        self.keep("q_LHTK", query_HTK, layer)
        self.keep("k_LHTK", key_HTK, layer)
        self.keep("v_LHTK", value_HTK, layer)
        self.keep("scores_LHTS", torch.matmul(query_HTK, key_HTK.transpose(-1, -2)) * scale, layer)
        self.keep("pattern_LHTS", pattern_HTS, layer)
        self.keep("z_LHTK", output_THK.transpose(1, 2), layer)
        if layer == 0:
            self.keep("mask_TS", (mask_TS == 0)[0])

    def check_filled(self) -> None:
        """Raise ModelError unless every tensor was met once in every layer."""
        for name, times in self.filled.items():
            expected = self.tensors[name].shape[0] if "_L" in name else 1
            if times != expected:
                raise ModelError(f"{name} was met {times} times in the model's run, not {expected}")


_ONCE_TD = ("wte_TD", "wpe_TD", "resid_final_TD", "ln_f_TD")
_LAYER_TD = ("resid_pre_LTD", "ln1_LTD", "attn_out_LTD", "resid_mid_LTD", "ln2_LTD", "mlp_out_LTD")
_HEAD_TK = ("q_LHTK", "k_LHTK", "v_LHTK", "z_LHTK")
_SQUARE_TS = ("scores_LHTS", "pattern_LHTS")
_MLP_TF = ("mlp_pre_LTF", "mlp_post_LTF")


@contextmanager
def _hooks(model: GPT2LMHeadModel, probe: Probe) -> Iterator[None]:
    """Read along at every module whose input or output the trace names."""
    handles = []

    def read(
        module: torch.nn.Module, take: Callable[[Any, Any], torch.Tensor], name: str, *layer: int
    ) -> None:
        def hook(_: torch.nn.Module, inputs: Any, output: Any) -> None:
            probe.keep(name, take(inputs, output), *layer)

        handles.append(module.register_forward_hook(hook))

    def came_in(inputs: Any, _: Any) -> torch.Tensor:
        return inputs[0]  # type: ignore[no-any-return]

    def came_out(_: Any, output: Any) -> torch.Tensor:
        return output[0] if isinstance(output, tuple) else output  # type: ignore[no-any-return]

    trunk: Any = model.transformer
    read(trunk.wte, came_out, "wte_TD")
    read(trunk.wpe, came_out, "wpe_TD")
    for layer, block in enumerate(trunk.h):
        read(block.ln_1, came_in, "resid_pre_LTD", layer)
        read(block.ln_1, came_out, "ln1_LTD", layer)
        read(block.attn, came_out, "attn_out_LTD", layer)
        read(block.ln_2, came_in, "resid_mid_LTD", layer)
        read(block.ln_2, came_out, "ln2_LTD", layer)
        read(block.mlp.c_fc, came_out, "mlp_pre_LTF", layer)
        read(block.mlp.act, came_out, "mlp_post_LTF", layer)
        read(block.mlp, came_out, "mlp_out_LTD", layer)
    read(trunk.ln_f, came_in, "resid_final_TD")
    read(trunk.ln_f, came_out, "ln_f_TD")
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def capture(model: GPT2LMHeadModel, token_ids_T: NDArray[np.int64]) -> Capture:
    """Run the model once over T token ids and keep every tensor of the run.

    Raises ModelError where a layer was not met: the library then computes by a path that is not read.
    """
    import torch

    probe = Probe(model.config, len(token_ids_T))
    with torch.inference_mode(), _hooks(model, probe):
        ids = torch.from_numpy(token_ids_T)[None].to(model.device)
        output = model(ids, use_cache=True, probe=probe)
    probe.check_filled()
    logits_TV = output.logits[0]
    return Capture({**probe.tensors, "token_ids_T": token_ids_T}, logits_TV, output.past_key_values)
