"""The Hugging Face model itself, with everything on the way kept.

The model runs in its own code. Two seams read along: hooks on its modules, and an attention function in the
library's registry that calls the family's own eager attention and keeps what goes in and comes out. So the
numbers are those of the eager model to the bit; the scores are the one thing computed a second time.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from transformers import AttentionInterface, AutoModelForCausalLM, DynamicCache
from transformers.activations import ACT2FN
from transformers.masking_utils import AttentionMaskInterface, eager_mask
from transformers.pytorch_utils import Conv1D

from model_probe import parameters
from model_probe.derived import Norm
from model_probe.errors import ModelError, first_line
from model_probe.families import Family, family_of, library_config, shape_of
from model_probe.gguf_file import ABOUT
from model_probe.network import Run, Text
from model_probe.neurons import lit
from model_probe.plan import CITIES, Recording
from model_probe.projection import projection
from model_probe.shape import Shape

ATTENTION = "model_probe"
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


def load(config: dict[str, Any], directory: str, device: str) -> ReferenceNetwork:
    """Load a model in float32, for inference, with the reading attention function.

    Args:
        config: the model's `config.json`; how the library is to be called is not taken from it.
        directory: holds its weights.
        device: where it is to run.

    Raises:
        ModelError: the weights do not fit the config or cannot be read, or the family's code cannot be read
            along.
    """
    # TF32 and "medium" precision move logits by whole units
    torch.set_float32_matmul_precision("highest")
    AttentionInterface.register(ATTENTION, _attention)
    # Without a mask function of this name the library makes no mask, and every token sees the whole prompt.
    AttentionMaskInterface.register(ATTENTION, eager_mask)
    activation = config.get("activation_function", config.get("hidden_act", config.get("hidden_activation")))
    if isinstance(activation, str) and activation not in ACT2FN:
        raise ModelError(
            f"{directory}: transformers has no activation {activation!r}, which the config names"
        )
    try:
        with _quiet():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                directory,
                config=library_config(config),
                dtype=torch.float32,
                attn_implementation=ATTENTION,
                use_safetensors=True,
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
            )
    except _LOADING_ERRORS as error:
        raise ModelError(f"{directory}: the model cannot be loaded: {first_line(error)}") from None
    model, report = loaded
    absent = sorted(report["missing_keys"])
    if absent:
        raise ModelError(
            f"{directory}: the weights lack {len(absent)} tensors, the first of them {absent[0]}"
        )
    if not hasattr(sys.modules[type(model).__module__], "eager_attention_forward"):
        raise ModelError(f"{directory}: this version of transformers has no eager attention to read along")
    if (Path(directory) / ABOUT).exists():
        _column_by_column(model)
    return ReferenceNetwork(model.eval().to(device))


def _column_by_column(model: Any) -> None:
    """Keep GPT-2's matrices in memory as the library does that reads GGUF: sums go in that order."""
    for module in model.modules():
        if isinstance(module, Conv1D):
            module.weight.data = module.weight.data.T.contiguous().T


class ReferenceNetwork:
    """A transformers model that is read while it runs; see `model_probe.network.Network`.

    Attributes:
        model: the model.
    """

    engine = "transformers"

    def __init__(self, model: Any) -> None:
        self.model = model
        self.shape: Shape = shape_of(model.config)
        self.device = str(model.device)
        self._family = family_of(model.config)
        sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
        self.parameters = parameters.count(
            self.shape, sizes
        )  # a tied weight comes once, under its first name
        embedding: Any = model.get_submodule(self._family.embedding)
        self.tied_unembedding = model.lm_head.weight is embedding.weight
        layers = DynamicCache(config=model.config).layers  # none where all are alike
        windows = [getattr(layer, "sliding_window", None) for layer in layers]
        self.windows: Sequence[int | None] = windows or [None] * self.shape.n_layer

    @torch.inference_mode()
    def run(self, ids_T: NDArray[np.int64], recording: Recording | None = None, first: int = 0) -> Run:
        """Run T tokens from the start and fill the recording; give the logits from position `first` on.

        Raises:
            MemoryError: the device has not enough.
        """
        ids = torch.from_numpy(ids_T)[None].to(self.model.device)
        try:
            if recording is None:
                output = self.model(ids, use_cache=True)
            else:
                probe = _Probe(recording, self.shape, self._family)
                with _hooks(self.model, self._family, probe):
                    output = self.model(ids, use_cache=True, probe=probe)
        except torch.OutOfMemoryError as error:
            raise MemoryError(str(error)) from None
        return Run(output.logits[0, first:].cpu().numpy(), output.past_key_values)

    def run_together(self, texts: Sequence[Text]) -> list[NDArray[np.float32]]:
        """Run several texts, each from its start; returns the logits of each."""
        return [self.run(text.ids_T, text.recording, text.first).logits_TV for text in texts]

    @torch.inference_mode()
    def step(self, ids_E: NDArray[np.int64], cache: Any) -> NDArray[np.float32]:
        """Run one token more for each of E sequences in the cache; returns the E × V logits."""
        ids = torch.from_numpy(ids_E)[:, None].to(self.model.device)
        output = self.model(ids, past_key_values=cache, use_cache=True)
        logits_EV: NDArray[np.float32] = output.logits[:, -1].cpu().numpy()
        return logits_EV

    def held(self, cache: Any) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Each layer's keys and values that the next token sees; see `model_probe.network.Network`."""
        return [(layer.keys[0].cpu().numpy(), layer.values[0].cpu().numpy()) for layer in cache.layers]

    def branch(self, cache: Any, parents_E: NDArray[np.int64]) -> Any:
        """Give a cache of E sequences, each going on from one of those in `cache`, which stays as it is."""
        branched = copy(cache)
        branched.layers = [copy(layer) for layer in cache.layers]  # a layer replaces its tensors
        branched.reorder_cache(torch.from_numpy(parents_E).to(self.model.device))
        return branched

    @torch.inference_mode()
    def unembed(self, resid_TD: NDArray[np.float32]) -> NDArray[np.float32]:
        """Read vectors of the residual stream through the final norm and the unembedding, as T × V logits."""
        stream = torch.from_numpy(np.ascontiguousarray(resid_TD)).to(self.model.device)
        for name in (self._family.final_norm, self._family.project_out):
            module = _module(self.model, name)
            stream = stream if module is None else module(stream)
        logits = self.model.lm_head(stream)
        cap = self.shape.logit_softcap
        logits = logits if cap is None else torch.tanh(logits / cap) * cap
        logits_TV: NDArray[np.float32] = logits.cpu().numpy()
        return logits_TV

    def embedding(self) -> NDArray[np.float32]:
        """The embedding, V × D; see `model_probe.network.Network`."""
        return self._rows(_module(self.model, self._family.embedding), self._family.project_in)

    def unembedding(self) -> NDArray[np.float32]:
        """The unembedding, V × D; see `model_probe.network.Network`."""
        return self._rows(self.model.lm_head, self._family.project_out)

    @torch.inference_mode()
    def _rows(self, embedding: Any, projection: str) -> NDArray[np.float32]:
        rows, module = embedding.weight, _module(self.model, projection)
        if module is not None:  # into the stream: D × narrow; out of it: narrow × D
            narrow = module.weight.T if module.out_features == self.shape.d_model else module.weight
            rows = rows @ narrow
        rows_VD: NDArray[np.float32] = rows.cpu().numpy()
        return rows_VD

    def first_weights(self) -> dict[str, Any]:
        """The parameters of layer 0 and the embeddings; see `model_probe.network.Network`."""
        named = {}
        for name in (self._family.embedding, self._family.position):
            module = _module(self.model, name)
            if module is not None:
                named[f"{name}.weight"] = module.weight.detach()
        for name, module in _module(self.model, self._family.blocks)[0].named_modules():
            for kind, part in module.named_parameters(recurse=False):
                named[f"{name}.{kind}"] = (
                    part.detach().T if isinstance(module, Conv1D) and part.ndim == 2 else part.detach()
                )
        if not self.tied_unembedding:
            named["lm_head.weight"] = self.model.lm_head.weight.detach()
        projection = _module(self.model, self._family.project_out)
        if projection is not None:
            named[f"{self._family.project_out}.weight"] = projection.weight.detach()
        return named

    def one_thread(self) -> AbstractContextManager[Any]:
        """Nothing: what the library keeps idle is not this one's."""
        return nullcontext()

    def projection(self, layer: int, head: int) -> dict[str, NDArray[np.float32]]:
        """One head's weights of queries and keys; see `model_probe.projection`."""
        attention = _module(self._block(layer), self._family.attention)
        return projection(attention, self._family, self.shape, head)

    def output(self, layer: int) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """W_O of each head, and the bias; see `model_probe.network.Network`."""
        module = _module(self._block(layer), f"{self._family.attention}.{self._family.output}")
        weight = module.weight if isinstance(module, Conv1D) else module.weight.T
        bias = None if module.bias is None else module.bias.detach().cpu().numpy()
        heads = (self.shape.n_head, self.shape.d_head, self.shape.d_model)
        return weight.detach().cpu().numpy().reshape(heads), bias

    def norm_after_attention(self, layer: int) -> Norm | None:
        """The norm between a layer's attention and the stream; see `model_probe.network.Network`."""
        return self._norm(_module(self._block(layer), self._family.after_attention))

    def mlp_output(self, layer: int) -> NDArray[np.float32]:
        """What a layer's neurons write to the stream; see `model_probe.network.Network`."""
        module = _module(self._block(layer), self._family.mlp_out)
        weight = module.weight if isinstance(module, Conv1D) else module.weight.T
        output_FD: NDArray[np.float32] = weight.detach().cpu().numpy()
        return output_FD

    def neuron(self, layer: int, neuron: int) -> dict[str, NDArray[np.float32]]:
        """One neuron's rows; see `model_probe.network.Network`."""
        family, found = self._family, {}
        second = (family.mlp_up or family.mlp_in, neuron if family.mlp_up else self.shape.d_mlp + neuron)
        parts = {"pre": (family.mlp_in, neuron), **({"up": second} if family.gated else {})}
        for name, (module_name, row) in parts.items():
            module = _module(self._block(layer), module_name)
            weight_FD = module.weight.T if isinstance(module, Conv1D) else module.weight
            found[f"neuron_{name}_weight_D"] = weight_FD[row].detach().cpu().numpy()
            if module.bias is not None:
                found[f"neuron_{name}_bias_1"] = module.bias[row, None].detach().cpu().numpy()
        return found

    def norm_after_mlp(self, layer: int) -> Norm | None:
        """The norm between a layer's MLP and the stream; see `model_probe.network.Network`."""
        return self._norm(_module(self._block(layer), self._family.after_mlp))

    def final_norm(self) -> Norm | None:
        """The norm before the unembedding; see `model_probe.network.Network`."""
        return self._norm(_module(self.model, self._family.final_norm))

    def _block(self, layer: int) -> Any:
        return _module(self.model, self._family.blocks)[layer]

    def _norm(self, module: Any) -> Norm | None:
        if module is None:
            return None
        bias = getattr(module, "bias", None)
        return Norm(
            centred=self._family.norm == "layer",
            gain_D=module.weight.detach().cpu().numpy() + np.float32(self._family.gain_from_one),
            shift_D=None if bias is None else bias.detach().cpu().numpy(),
            epsilon=self.shape.norm_epsilon,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's loading bar and advice off the terminal; its errors are still raised."""
    from transformers.utils import logging as library_logging

    logging: Any = library_logging  # untyped

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
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
    scaling: float | None = None,
    probe: _Probe | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Run the family's eager attention; a `probe` among the forward pass's arguments reads along."""
    eager: Any = sys.modules[type(module).__module__].eager_attention_forward
    output, pattern = eager(module, query, key, value, attention_mask, scaling=scaling, **kwargs)
    if probe is not None:
        probe.attention(module.layer_idx, query, key, value, scaling, attention_mask, output, pattern)
    return output, pattern


class _Probe:
    """Carries what the model computes into a recording, tensor by tensor, onto the host."""

    def __init__(self, recording: Recording, shape: Shape, family: Family) -> None:
        self.recording, self.shape, self.family = recording, shape, family
        self._mask: tuple[torch.Tensor, NDArray[np.uint8]] | None = None

    def keep(self, name: str, value: torch.Tensor, layer: int | None = None) -> None:
        """Copy `value`, which may have a batch axis of one, into its place."""
        last = self.recording.last_of(name, layer)
        if last is not None:
            np.copyto(last, value[..., -1, :].reshape(last.shape).cpu().numpy())
        place = self.recording.place(name, layer)
        if place is None:
            return
        heads = self.recording.heads_of(name)
        if heads is not None:
            value = value[0][heads]
        if self.recording.last_only:
            value = value[..., -1:, :]
        value = value.reshape(place.shape)
        if place.dtype == np.float16:  # torch converts faster, but its threads wait longer than a copy takes
            torch.from_numpy(place).copy_(value)
        else:
            np.copyto(place, value.cpu().numpy())

    def attention(
        self,
        layer: int,
        query_HTK: torch.Tensor,
        key_CTK: torch.Tensor,
        value_CTK: torch.Tensor,
        scaling: float | None,
        mask_TS: torch.Tensor | None,
        output_THK: torch.Tensor,
        pattern_HTS: torch.Tensor,
    ) -> None:
        """Keep one layer's attention; every tensor has a batch axis of one in front."""
        if mask_TS is None:
            raise ModelError("the model was given no mask: its attention would not be causal")
        if self.family.query_key != "scaled":  # those are kept as projected, by a hook
            self.keep("q_LHTK", query_HTK, layer)
        self.keep(f"k_{self.shape.key_axes}", key_CTK, layer)
        self.keep(f"v_{self.shape.key_axes}", value_CTK, layer)
        if self.recording.wants("scores_LHTS", layer) or self.recording.wants("scores_last_LHS", layer):
            groups = query_HTK.shape[1] // key_CTK.shape[1]
            key_HTK = key_CTK.repeat_interleave(groups, dim=1) if groups > 1 else key_CTK
            scores_HTS = torch.matmul(query_HTK, key_HTK.transpose(-1, -2))
            scores_HTS *= self.shape.scale if scaling is None else scaling
            cap = self.shape.attention_softcap
            if cap is not None:
                scores_HTS = torch.tanh(scores_HTS / cap) * cap
            self.keep("scores_LHTS", scores_HTS, layer)
            self.keep("scores_last_LHS", scores_HTS[..., -1, :], layer)
        self.keep("pattern_LHTS", pattern_HTS, layer)
        self.keep("pattern_last_LHS", pattern_HTS[..., -1, :], layer)
        self.keep("z_LHTK", output_THK.transpose(1, 2), layer)
        if self._mask is None or self._mask[0] is not mask_TS:  # layers of a kind share one mask
            self._mask = (mask_TS, (mask_TS[0, 0] == 0).to(torch.uint8).cpu().numpy())
        self.recording.keep_mask(self._mask[1])


def _module(root: Any, name: str) -> Any:
    """The module of that dotted name; None where the name is empty or nothing stands there."""
    for part in name.split(".") if name else ():
        root = getattr(root, part, None)
        if root is None:
            return None
    return root if name else None


def _came_in(inputs: Any, output: Any) -> torch.Tensor:
    return inputs[0]  # type: ignore[no-any-return]


def _came_out(inputs: Any, output: Any) -> torch.Tensor:
    return output[0] if isinstance(output, tuple) else output  # type: ignore[no-any-return]


@contextmanager
def _hooks(model: Any, family: Family, probe: _Probe) -> Iterator[None]:
    """Read along at every module whose input or output the trace names."""
    handles = []

    def read(
        module: Any, take: Callable[[Any, Any], torch.Tensor], name: str, layer: int | None = None
    ) -> None:
        if module is None or not probe.recording.reads(name):
            return

        def hook(_: torch.nn.Module, inputs: Any, output: Any) -> None:
            probe.keep(name, take(inputs, output), layer)

        handles.append(module.register_forward_hook(hook))

    blocks = _module(model, family.blocks)
    read(_module(model, family.project_in or family.embedding), _came_out, "wte_TD")
    read(_module(model, family.position), _came_out, "wpe_TD")
    for layer, block in enumerate(blocks):
        for name, module, take in _points(block, family, probe.shape):
            read(module, take, name, layer)
    final_norm = _module(model, family.final_norm)
    if final_norm is None:
        read(blocks[-1], _came_out, "resid_final_TD")
    else:
        read(final_norm, _came_in, "resid_final_TD")
        read(final_norm, _came_out, "ln_f_TD")
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _points(
    block: Any, family: Family, shape: Shape
) -> Iterator[tuple[str, Any, Callable[..., torch.Tensor]]]:
    """Name, module, and which of its tensors: everything that one block is read at."""
    attention, mlp_in = _module(block, family.attention), _module(block, family.mlp_in)
    norm_1, norm_2 = _module(block, family.norm_1), _module(block, family.norm_2)
    mlp_up, mlp_out = _module(block, family.mlp_up), _module(block, family.mlp_out)
    yield "resid_pre_LTD", block, _came_in
    if family.wiring == "post_norm":
        yield "attn_sum_LTD", norm_1, _came_in
        yield "resid_mid_LTD", norm_1, _came_out
        yield "mlp_sum_LTD", norm_2, _came_in
    else:
        yield "ln1_LTD", norm_1, _came_out
        yield "resid_mid_LTD", norm_2, _came_in
        yield "ln2_LTD", norm_2, _came_out
    after_attention, after_mlp = _module(block, family.after_attention), _module(block, family.after_mlp)
    yield "attn_unnormed_LTD", after_attention, _came_in
    yield "attn_out_LTD", after_attention or attention, _came_out
    yield "mlp_unnormed_LTD", after_mlp, _came_in
    yield "mlp_out_LTD", after_mlp or mlp_out, _came_out
    yield "mlp_post_LTF", mlp_out, _came_in
    if family.gated and not family.mlp_up:  # gate and up projection are one, side by side
        yield "mlp_pre_LTF", mlp_in, lambda _, output: output[..., : shape.d_mlp]
        yield "mlp_up_LTF", mlp_in, lambda _, output: output[..., shape.d_mlp :]
    else:
        yield "mlp_pre_LTF", mlp_in, _came_out
        yield "mlp_up_LTF", mlp_up, _came_out
    yield "neuron_lit_LT", mlp_out, lambda inputs, _: lit(inputs[0], family.gated)
    yield "neuron_post_LWF", mlp_out, lambda inputs, _: inputs[0].reshape(-1, shape.d_mlp)[-CITIES:]
    yield from _before_the_turn(attention, family, shape)


def _before_the_turn(
    attention: Any, family: Family, shape: Shape
) -> Iterator[tuple[str, Any, Callable[..., torch.Tensor]]]:
    """Where queries and keys are to be had as they were projected."""
    key_name = f"k_pre_rope_{shape.key_axes}"
    heads, kv_heads, width = shape.n_head, shape.n_kv_head, shape.d_head

    def in_heads(start: int, count: int) -> Callable[..., torch.Tensor]:
        def take(_: Any, output: Any) -> torch.Tensor:
            part = output[..., start * width : (start + count) * width]
            in_heads: torch.Tensor = part.unflatten(-1, (count, width)).transpose(-2, -3)
            return in_heads

        return take

    def third(number: int) -> Callable[..., torch.Tensor]:
        def take(_: Any, output: Any) -> torch.Tensor:
            parts: torch.Tensor = output.unflatten(-1, (heads, 3, width))
            return parts[..., number, :].transpose(-2, -3)

        return take

    match family.query_key:
        case "separate":
            yield "q_pre_rope_LHTK", attention.q_proj, in_heads(0, heads)
            yield key_name, attention.k_proj, in_heads(0, kv_heads)
        case "normed":
            yield "q_pre_rope_LHTK", attention.q_norm, lambda _, output: output.transpose(1, 2)
            yield key_name, attention.k_norm, lambda _, output: output.transpose(1, 2)
        case "normed_by_head":
            yield "q_pre_rope_LHTK", attention.q_norm, _came_out
            yield key_name, attention.k_norm, _came_out
        case "fused":
            yield "q_pre_rope_LHTK", attention.qkv_proj, in_heads(0, heads)
            yield key_name, attention.qkv_proj, in_heads(heads, kv_heads)
        case "interleaved":
            yield "q_pre_rope_LHTK", attention.query_key_value, third(0)
            yield key_name, attention.query_key_value, third(1)
        case "scaled":
            yield "q_LHTK", attention.q_proj, in_heads(0, heads)
