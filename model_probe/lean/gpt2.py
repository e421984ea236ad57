"""GPT-2's forward pass in numpy: `modeling_gpt2.py`, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.derived import Norm
from model_probe.errors import ModelError
from model_probe.lean.arithmetic import ACTIVATIONS, F32, head_part, layer_norm, linear, neuron_part
from model_probe.lean.network import Keep, LeanNetwork
from model_probe.parameters import count
from model_probe.shape import gpt2_shape
from model_probe.stored_weights import StoredWeights


def can_run(config: dict[str, Any]) -> bool:
    """Whether a `config.json` asks for nothing but what is computed here."""
    return (
        config.get("model_type") == "gpt2"
        and config.get("activation_function", "gelu_new") in ACTIVATIONS
        and not config.get("reorder_and_upcast_attn")
    )


@dataclass(frozen=True)
class _Layer:
    """One block's weights, oriented as GPT-2's Conv1D has them: input × output."""

    ln_1: tuple[F32, F32]
    c_attn: tuple[F32, F32]
    attn_c_proj: tuple[F32, F32]
    ln_2: tuple[F32, F32]
    c_fc: tuple[F32, F32]
    mlp_c_proj: tuple[F32, F32]


def _named(layer: _Layer) -> dict[str, F32]:
    """A block's parameters as transformers names them; matrices are turned to outputs × inputs."""
    modules = {
        "ln_1": layer.ln_1, "attn.c_attn": layer.c_attn, "attn.c_proj": layer.attn_c_proj, "ln_2": layer.ln_2,
        "mlp.c_fc": layer.c_fc, "mlp.c_proj": layer.mlp_c_proj,
    }  # fmt: skip
    kinds = ("weight", "bias")
    return {
        f"{name}.{kind}": part.T
        for name, pair in modules.items()
        for kind, part in zip(kinds, pair, strict=True)
    }


class LeanGPT2(LeanNetwork):
    """A GPT-2 that runs in numpy; see `model_probe.network.Network`."""

    def __init__(self, config: dict[str, Any], files: Sequence[Path]) -> None:
        """Map the weights.

        Raises:
            ModelError: the weights cannot be read, or do not fit the config.
        """
        try:
            shape = gpt2_shape(config)
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise ModelError(f"{files[0].parent}/config.json is no config of a GPT-2: {error}") from None
        weights = StoredWeights(files)
        d, f = shape.d_model, shape.d_mlp

        def pair(name: str, *size: int) -> tuple[F32, F32]:
            return weights.take(f"{name}.weight", *size), weights.take(f"{name}.bias", size[-1])

        tied = bool(config.get("tie_word_embeddings", True))
        embedding_VD, unembedding_VD = weights.embedding_and_unembedding("wte.weight", tied, shape.n_vocab, d)
        self._wpe_CD = weights.take("wpe.weight", shape.n_ctx, d)
        self._layers = [
            _Layer(
                pair(f"h.{layer}.ln_1", d),
                pair(f"h.{layer}.attn.c_attn", d, 3 * d),
                pair(f"h.{layer}.attn.c_proj", d, d),
                pair(f"h.{layer}.ln_2", d),
                pair(f"h.{layer}.mlp.c_fc", d, f),
                pair(f"h.{layer}.mlp.c_proj", f, d),
            )
            for layer in range(shape.n_layer)
        ]
        ln_f = pair("ln_f", d)
        self._norms = {
            "ln1": [layer.ln_1 for layer in self._layers],
            "ln2": [layer.ln_2 for layer in self._layers],
            "ln_f": [ln_f],
        }
        self._activation = ACTIVATIONS[shape.activation]
        super().__init__(
            shape,
            [None] * shape.n_layer,
            count(shape, weights.taken),
            embedding_VD,
            unembedding_VD,
            {"wpe.weight": self._wpe_CD, **_named(self._layers[0])},
        )

    def projection(self, layer: int, head: int) -> dict[str, F32]:
        """One head's weights of queries and keys and their biases; see `model_probe.network.Network`."""
        c_attn, shape = self._layers[layer].c_attn, self.shape  # queries, keys and values side by side
        query = head_part("query", c_attn, head, shape.d_head)
        return query | head_part("key", c_attn, shape.n_head + head, shape.d_head)

    def output(self, layer: int) -> tuple[F32, F32 | None]:
        """W_O of each head, and the bias; see `model_probe.network.Network`."""
        weight_ID, bias_D = self._layers[layer].attn_c_proj
        return weight_ID.reshape(self.shape.n_head, self.shape.d_head, -1), bias_D

    def mlp_output(self, layer: int) -> F32:
        """What a layer's neurons write to the stream; see `model_probe.network.Network`."""
        return self._layers[layer].mlp_c_proj[0]

    def neuron(self, layer: int, neuron: int) -> dict[str, F32]:
        """One neuron's rows; see `model_probe.network.Network`."""
        return neuron_part("pre", self._layers[layer].c_fc, neuron)

    def final_norm(self) -> Norm:
        """The norm before the unembedding."""
        gain_D, shift_D = self._norms["ln_f"][0]
        return Norm(centred=True, gain_D=gain_D, shift_D=shift_D, epsilon=self.shape.norm_epsilon)

    def _positions(self, places_T: NDArray[np.int64]) -> F32:
        position_TD: F32 = self._wpe_CD[places_T]  # [C, D] -> [T, D]
        return position_TD

    def _embed(self, ids_ET: NDArray[np.int64], positions: F32, keep: Keep) -> F32:
        token_ETD = self._embedding_VD[ids_ET]  # [V, D] -> [E, T, D]
        keep("wte_TD", token_ETD[0])
        keep("wpe_TD", positions)
        stream_ETD: F32 = token_ETD + positions  # [E, T, D] + [T, D] -> [E, T, D]
        return stream_ETD

    def _norm(self, x: F32, name: str, layer: int | None = None) -> F32:
        return layer_norm(x, self._norms[name][layer or 0], self.shape.norm_epsilon)

    def _project(
        self, layer: int, normed: F32, many: int, positions: F32, keep: Keep
    ) -> tuple[F32, F32, F32]:
        qkv = linear(normed, self._layers[layer].c_attn)  # [E·T, D] @ [D, 3D] -> [E·T, 3D]
        parts = qkv.reshape(many, -1, 3, self.shape.n_head, self.shape.d_head)  # [E, T, 3, H, K]
        q, k, v = parts.transpose(2, 0, 3, 1, 4)  # 3 × [E, H, T, K]
        return q, k, v

    def _join(self, layer: int, joined: F32) -> F32:
        return linear(joined, self._layers[layer].attn_c_proj)  # [E·T, D] @ [D, D] -> [E·T, D]

    def _mlp(self, layer: int, normed: F32, keep: Keep) -> F32:
        hidden = linear(normed, self._layers[layer].c_fc)  # [E·T, D] @ [D, F] -> [E·T, F]
        keep("mlp_pre_LTF", hidden, layer)
        hidden = self._activation(hidden)  # [E·T, F] -> [E·T, F]
        keep("mlp_post_LTF", hidden, layer)
        return linear(hidden, self._layers[layer].mlp_c_proj)  # [E·T, F] @ [F, D] -> [E·T, D]
