"""Llama's forward pass in numpy, and that of its kin: `modeling_llama.py`, line by line.

Its kin are the same code with biases (Qwen2), norms of queries and keys (Qwen3), windows (Mistral) or layers
without positions (SmolLM3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model_probe.derived import Norm
from model_probe.lean.arithmetic import ACTIVATIONS, F32, Linear, head_part, linear, neuron_part, rms_norm
from model_probe.lean.network import Keep, LeanNetwork
from model_probe.lean.rotary import Rotary, turned
from model_probe.llama_config import LlamaConfig
from model_probe.parameters import count
from model_probe.stored_weights import StoredWeights

Angles = tuple[F32, F32]


@dataclass(frozen=True)
class _Layer:
    """One block's weights; matrices are input × output, as views of what is stored the other way round."""

    q: Linear
    k: Linear
    v: Linear
    o: Linear
    q_norm: F32 | None
    k_norm: F32 | None
    gate: Linear
    up: Linear
    down: Linear


def _named(layer: _Layer, norm_1: F32, norm_2: F32) -> dict[str, F32]:
    """A block's parameters by the ends of their names, in transformers' order; outputs × inputs."""
    modules: dict[str, Linear | F32 | None] = {
        "q_proj": layer.q,
        "k_proj": layer.k,
        "v_proj": layer.v,
        "o_proj": layer.o,
        "q_norm": layer.q_norm,
        "k_norm": layer.k_norm,
        "mlp.gate_proj": layer.gate,
        "mlp.up_proj": layer.up,
        "mlp.down_proj": layer.down,
        "input_layernorm": norm_1,
        "post_attention_layernorm": norm_2,
    }
    named: dict[str, F32] = {}
    for name, module in modules.items():
        weight, bias = module if isinstance(module, tuple) else (module, None)
        named |= {
            f"{name}.{kind}": part.T
            for kind, part in (("weight", weight), ("bias", bias))
            if part is not None
        }
    return named


class LeanLlama(LeanNetwork):
    """A Llama that runs in numpy; see `model_probe.network.Network`."""

    def __init__(self, config: LlamaConfig, files: Sequence[Path]) -> None:
        """Map the weights.

        Raises:
            ModelError: the weights cannot be read, or do not fit the config.
        """
        shape = config.shape
        weights = StoredWeights(files, "model.")
        d, f, k = shape.d_model, shape.d_mlp, shape.d_head

        def matrix(name: str, inputs: int, outputs: int, biased: bool) -> Linear:
            stored = weights.take(f"{name}.weight", outputs, inputs)
            return stored.T, weights.take(f"{name}.bias", outputs) if biased else None

        def block(name: str) -> _Layer:
            attention, mlp = f"{name}.self_attn", f"{name}.mlp"
            heads, kv_heads = shape.n_head * k, shape.n_kv_head * k
            normed = config.query_key_norm
            return _Layer(
                matrix(f"{attention}.q_proj", d, heads, config.projection_bias),
                matrix(f"{attention}.k_proj", d, kv_heads, config.projection_bias),
                matrix(f"{attention}.v_proj", d, kv_heads, config.projection_bias),
                matrix(f"{attention}.o_proj", heads, d, config.output_bias),
                weights.take(f"{attention}.q_norm.weight", k) if normed else None,
                weights.take(f"{attention}.k_norm.weight", k) if normed else None,
                matrix(f"{mlp}.gate_proj", d, f, config.mlp_bias),
                matrix(f"{mlp}.up_proj", d, f, config.mlp_bias),
                matrix(f"{mlp}.down_proj", f, d, config.mlp_bias),
            )

        names = [f"layers.{layer}" for layer in range(shape.n_layer)]
        embedding_VD, unembedding_VD = weights.embedding_and_unembedding(
            "embed_tokens.weight", config.tied, shape.n_vocab, d
        )
        self._layers = [block(name) for name in names]
        self._norms = {
            "ln1": [weights.take(f"{name}.input_layernorm.weight", d) for name in names],
            "ln2": [weights.take(f"{name}.post_attention_layernorm.weight", d) for name in names],
            "ln_f": [weights.take("norm.weight", d)],
        }
        self._activation = ACTIVATIONS[shape.activation]
        self._rotary = Rotary(config.rope, k, shape.n_ctx)
        self._turned = config.turned
        super().__init__(
            shape,
            config.windows,
            count(shape, weights.taken),
            embedding_VD,
            unembedding_VD,
            _named(self._layers[0], self._norms["ln1"][0], self._norms["ln2"][0]),
        )

    def projection(self, layer: int, head: int) -> dict[str, F32]:
        """One head's weights of queries and keys and their biases; see `model_probe.network.Network`."""
        weights, shape = self._layers[layer], self.shape
        shared = head * shape.n_kv_head // shape.n_head
        query = head_part("query", weights.q, head, shape.d_head)
        return query | head_part("key", weights.k, shared, shape.d_head)

    def output(self, layer: int) -> tuple[F32, F32 | None]:
        """W_O of each head, and the bias; see `model_probe.network.Network`."""
        weight_ID, bias_D = self._layers[layer].o
        return weight_ID.reshape(self.shape.n_head, self.shape.d_head, -1), bias_D

    def mlp_output(self, layer: int) -> F32:
        """What a layer's neurons write to the stream; see `model_probe.network.Network`."""
        return self._layers[layer].down[0]

    def neuron(self, layer: int, neuron: int) -> dict[str, F32]:
        """One neuron's rows; see `model_probe.network.Network`."""
        weights = self._layers[layer]
        return neuron_part("pre", weights.gate, neuron) | neuron_part("up", weights.up, neuron)

    def final_norm(self) -> Norm:
        """The norm before the unembedding."""
        return Norm(centred=False, gain_D=self._norms["ln_f"][0], epsilon=self.shape.norm_epsilon)

    def _positions(self, places_T: NDArray[np.int64]) -> Angles:
        return self._rotary.angles(places_T)  # [T] -> 2 × [T, K/2]

    def _embed(self, ids_ET: NDArray[np.int64], positions: Angles, keep: Keep) -> F32:
        token_ETD: F32 = self._embedding_VD[ids_ET]  # [V, D] -> [E, T, D]
        keep("wte_TD", token_ETD[0])
        return token_ETD

    def _norm(self, x: F32, name: str, layer: int | None = None) -> F32:
        return rms_norm(x, self._norms[name][layer or 0], self.shape.norm_epsilon)

    def _project(
        self, layer: int, normed: F32, many: int, positions: Angles, keep: Keep
    ) -> tuple[F32, F32, F32]:
        weights, shape = self._layers[layer], self.shape

        def heads(matrix: Linear, norm: F32 | None = None) -> F32:
            projected = linear(normed, matrix)  # [E·T, D] @ [D, C·K] -> [E·T, C·K]
            parts = projected.reshape(many, len(normed) // many, -1, shape.d_head)  # [E, T, C, K]
            if norm is not None:
                parts = rms_norm(parts, norm, shape.norm_epsilon)  # [E, T, C, K] -> [E, T, C, K]
            return parts.swapaxes(1, 2)  # [E, T, C, K] -> [E, C, T, K]

        q, k, v = heads(weights.q, weights.q_norm), heads(weights.k, weights.k_norm), heads(weights.v)
        keep("q_pre_rope_LHTK", q[0], layer)
        keep(f"k_pre_rope_{shape.key_axes}", k[0], layer)
        if self._turned[layer]:
            q, k = turned(q, positions), turned(k, positions)  # [E, C, T, K] -> [E, C, T, K]
        return q, k, v

    def _join(self, layer: int, joined: F32) -> F32:
        return linear(joined, self._layers[layer].o)  # [E·T, H·K] @ [H·K, D] -> [E·T, D]

    def _mlp(self, layer: int, normed: F32, keep: Keep) -> F32:
        weights = self._layers[layer]
        gate = linear(normed, weights.gate)  # [E·T, D] @ [D, F] -> [E·T, F]
        keep("mlp_pre_LTF", gate, layer)
        up = linear(normed, weights.up)  # [E·T, D] @ [D, F] -> [E·T, F]
        keep("mlp_up_LTF", up, layer)
        up *= self._activation(gate)  # [E·T, F] * [E·T, F] -> [E·T, F]
        keep("mlp_post_LTF", up, layer)
        return linear(up, weights.down)  # [E·T, F] @ [F, D] -> [E·T, D]
