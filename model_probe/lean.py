"""GPT-2's forward pass in numpy, on weights mapped straight from their safetensors files.

What transformers' GPT2LMHeadModel computes, without its import, which takes longer than the run itself.
Every step follows `modeling_gpt2.py`; the tests hold the two together. Every line says the shape it makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from model_probe.errors import ModelError
from model_probe.network import Run, Text
from model_probe.parameters import count
from model_probe.plan import Recording
from model_probe.shape import gpt2_shape
from model_probe.stored_weights import StoredWeights

F32 = NDArray[np.float32]
# Multiplications of one run that one thread does alone. A second one would halve the wait, but takes half as
# much processor time again where matrices are this small; up to here the wait is a second at the most.
ALONE = 4e10


def can_run(config: dict[str, Any]) -> bool:
    """Whether a model's `config.json` asks for nothing but what is computed here."""
    return (
        config.get("model_type") == "gpt2"
        and config.get("activation_function", "gelu_new") in ACTIVATIONS
        and not config.get("reorder_and_upcast_attn")
    )


@dataclass
class Cache:
    """Keys and values of E sequences, (L, E, H, room, K) each; the first `length` tokens are there."""

    keys: F32
    values: F32
    length: int


@dataclass(frozen=True)
class _Layer:
    """One block's weights, oriented as GPT-2's Conv1D has them: input × output."""

    ln_1: tuple[F32, F32]
    c_attn: tuple[F32, F32]
    attn_c_proj: tuple[F32, F32]
    ln_2: tuple[F32, F32]
    c_fc: tuple[F32, F32]
    mlp_c_proj: tuple[F32, F32]


Keep = Callable[..., None]
"""Is given a tensor's name in the trace, its values and, where it has one, its layer."""


def _keep_nothing(name: str, value: NDArray[Any], layer: int | None = None) -> None:
    pass


class LeanGPT2:
    """A GPT-2 that runs in numpy; see `model_probe.network.Network`."""

    engine = "numpy"
    device = "cpu"

    def __init__(self, config: dict[str, Any], files: Sequence[Path]) -> None:
        """Map the weights.

        Raises:
            ModelError: the weights cannot be read, or do not fit the config.
        """
        try:
            self.shape = shape = gpt2_shape(config)
        except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise ModelError(f"{files[0].parent}/config.json is no config of a GPT-2: {error}") from None
        weights = StoredWeights(files)
        d, f = shape.d_model, shape.d_mlp

        def pair(name: str, *size: int) -> tuple[F32, F32]:
            return weights.take(f"{name}.weight", *size), weights.take(f"{name}.bias", size[-1])

        self._wte_VD = weights.take("wte.weight", shape.n_vocab, d)
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
        self._ln_f = pair("ln_f", d)
        self.tied_unembedding = bool(config.get("tie_word_embeddings", True))
        own = None if self.tied_unembedding else weights.take("lm_head.weight", shape.n_vocab, d)
        self._unembed_VD = self._wte_VD if own is None else own
        self._activation = ACTIVATIONS[shape.activation]
        self.parameters = count(shape, weights.taken)
        self._threads = ThreadpoolController()

    def run(self, ids_T: NDArray[np.int64], recording: Recording | None = None, first: int = 0) -> Run:
        """Run T tokens from the start and fill the recording; give the logits from position `first` on."""
        cache = self._empty_cache(min(self.shape.n_ctx, len(ids_T) + 64))
        (logits_TV,) = self._run([Text(ids_T, recording, first)], cache)
        return Run(logits_TV, cache)

    def run_together(self, texts: Sequence[Text]) -> list[F32]:
        """Run several texts, each from its start; returns the logits of each.

        Reading the weights takes most of the time of a short text; here it is done once for all of them.
        """
        return self._run(texts, self._empty_cache(sum(len(text.ids_T) for text in texts)))

    def _run(self, texts: Sequence[Text], cache: Cache) -> list[F32]:
        """Run texts as one sequence, one after another; the mask keeps them apart."""
        rows = [slice(*ends) for ends in pairwise(accumulate((len(text.ids_T) for text in texts), initial=0))]
        tokens = rows[-1].stop
        seen_TS = np.zeros((tokens, tokens), np.uint8)
        for own, text in zip(rows, texts, strict=True):
            causal_TS = np.tri(len(text.ids_T), dtype=np.uint8)  # 1 up to the diagonal
            seen_TS[own, own] = causal_TS
            if text.recording is not None:
                for _ in self._layers:
                    text.recording.keep_mask(causal_TS)

        def keep(name: str, value: NDArray[Any], layer: int | None = None) -> None:
            for own, text in zip(rows, texts, strict=True):
                if text.recording is not None:
                    part = value[:, own] if "_LH" in name else value[own]  # [H, T, …] or [T, …]
                    text.recording.keep(name, part[..., own] if name.endswith("S") else part, layer)

        places_T = np.concatenate([np.arange(len(text.ids_T)) for text in texts])
        asked = [np.arange(own.start + text.first, own.stop) for own, text in zip(rows, texts, strict=True)]
        ids_T = np.concatenate([text.ids_T for text in texts])
        with self._limited(tokens):
            (logits_TV,) = self._forward(ids_T[None], cache, places_T, seen_TS, np.concatenate(asked), keep)
        return np.split(logits_TV, list(accumulate(map(len, asked[:-1]))))

    def step(self, ids_E: NDArray[np.int64], cache: Cache) -> F32:
        """Run one token more for each of E sequences in the cache; returns the E × V logits."""
        place = np.array([cache.length])
        seen_TS = np.ones((1, cache.length + 1), np.uint8)
        with self._limited(len(ids_E)):
            return self._forward(ids_E[:, None], cache, place, seen_TS, np.array([0]))[:, 0]

    def branch(self, cache: Cache, parents_E: NDArray[np.int64]) -> Cache:
        """Give a cache of E sequences, each going on from one of those in `cache`."""
        return Cache(cache.keys[:, parents_E], cache.values[:, parents_E], cache.length)

    def unembed(self, resid_TD: F32) -> F32:
        """Read vectors of the residual stream through the final norm and the unembedding, as T × V logits."""
        with self._threads.limit(limits=1, user_api="blas"):
            return self._norm(resid_TD, self._ln_f) @ self._unembed_VD.T  # [T, D] @ [D, V] -> [T, V]

    def _empty_cache(self, room: int) -> Cache:
        size = (self.shape.n_layer, 1, self.shape.n_head, room, self.shape.d_head)
        return Cache(np.empty(size, np.float32), np.empty(size, np.float32), 0)

    def _limited(self, tokens: int) -> AbstractContextManager[Any]:
        """One thread for a run of few tokens, all of them for a long one."""
        alone = tokens * sum(self.parameters.values()) <= ALONE
        limit: AbstractContextManager[Any] = self._threads.limit(limits=1 if alone else None, user_api="blas")
        return limit

    def _forward(
        self,
        ids_ET: NDArray[np.int64],
        cache: Cache,
        places_T: NDArray[np.int64],
        seen_TS: NDArray[np.uint8],
        asked: NDArray[np.int64],
        keep: Keep = _keep_nothing,
    ) -> F32:
        """Run T tokens of E sequences after those in the cache; returns the logits, (E, asked, V).

        Args:
            ids_ET: the tokens.
            cache: keys and values of those before; gets those of these.
            places_T: each token's position in its text.
            seen_TS: 1 where a token may look.
            asked: which tokens' logits are wanted.
            keep: is given every tensor of the first sequence, without the axis of sequences.
        """
        many, tokens = ids_ET.shape
        self._make_room(cache, cache.length + tokens)
        hidden_TS = seen_TS == 0

        token_ETD = self._wte_VD[ids_ET]  # [V, D] -> [E, T, D]
        position_TD = self._wpe_CD[places_T]  # [C, D] -> [T, D]
        keep("wte_TD", token_ETD[0])
        keep("wpe_TD", position_TD)
        x = (token_ETD + position_TD).reshape(many * tokens, -1)  # [E, T, D] + [T, D] -> [E·T, D]
        for number, layer in enumerate(self._layers):
            keep("resid_pre_LTD", x, number)
            normed = self._norm(x, layer.ln_1)  # [E·T, D] -> [E·T, D]
            keep("ln1_LTD", normed, number)
            x = x + self._attention(number, layer, normed, cache, hidden_TS, many, keep)  # [E·T, D]
            keep("resid_mid_LTD", x, number)
            normed = self._norm(x, layer.ln_2)  # [E·T, D] -> [E·T, D]
            keep("ln2_LTD", normed, number)
            hidden = _linear(normed, layer.c_fc)  # [E·T, D] @ [D, F] -> [E·T, F]
            keep("mlp_pre_LTF", hidden, number)
            hidden = self._activation(hidden)  # [E·T, F] -> [E·T, F]
            keep("mlp_post_LTF", hidden, number)
            out = _linear(hidden, layer.mlp_c_proj)  # [E·T, F] @ [F, D] -> [E·T, D]
            keep("mlp_out_LTD", out, number)
            x = x + out  # [E·T, D]
        cache.length += tokens
        keep("resid_final_TD", x)
        normed = self._norm(x, self._ln_f)  # [E·T, D] -> [E·T, D]
        keep("ln_f_TD", normed)
        wanted = normed.reshape(many, tokens, -1)[:, asked]  # [E·T, D] -> [E, asked, D]
        logits = wanted.reshape(-1, normed.shape[-1]) @ self._unembed_VD.T  # [E·asked, D] @ [D, V]
        return logits.reshape(many, len(asked), self.shape.n_vocab)  # [E·asked, V] -> [E, asked, V]

    def _attention(
        self, number: int, layer: _Layer, normed: F32, cache: Cache, hidden_TS: Any, many: int, keep: Keep
    ) -> F32:
        shape, past = self.shape, cache.length
        tokens = len(normed) // many
        end = past + tokens
        qkv = _linear(normed, layer.c_attn)  # [E·T, D] @ [D, 3D] -> [E·T, 3D]
        parts = qkv.reshape(many, tokens, 3, shape.n_head, shape.d_head)  # [E, T, 3, H, K]
        q, k, v = parts.transpose(2, 0, 3, 1, 4)  # 3 × [E, H, T, K]
        cache.keys[number, :, :, past:end], cache.values[number, :, :, past:end] = k, v
        keys, values = cache.keys[number, :, :, :end], cache.values[number, :, :, :end]  # [E, H, S, K]
        scores = q @ keys.swapaxes(-1, -2)  # [E, H, T, K] @ [E, H, K, S] -> [E, H, T, S]
        scores *= np.float32(shape.scale)
        for name, value in (("q_LHTK", q), ("k_LHTK", k), ("v_LHTK", v), ("scores_LHTS", scores)):
            keep(name, value[0], number)
        pattern = _softmax(scores, hidden_TS)  # [E, H, T, S], in place of the scores
        keep("pattern_LHTS", pattern[0], number)
        z = pattern @ values  # [E, H, T, S] @ [E, H, S, K] -> [E, H, T, K]
        keep("z_LHTK", z[0], number)
        joined = z.swapaxes(1, 2).reshape(many * tokens, -1)  # [E, H, T, K] -> [E·T, D]
        out = _linear(joined, layer.attn_c_proj)  # [E·T, D] @ [D, D] -> [E·T, D]
        keep("attn_out_LTD", out, number)
        return out

    def _norm(self, x: F32, weights: tuple[F32, F32]) -> F32:
        centred: F32 = x - x.mean(axis=-1, keepdims=True)  # [T, D] - [T, 1] -> [T, D]
        variance = np.einsum("td,td->t", centred, centred)[:, None] / np.float32(x.shape[-1])  # [T, 1]
        centred /= np.sqrt(variance + np.float32(self.shape.norm_epsilon))  # [T, D] / [T, 1] -> [T, D]
        centred *= weights[0]
        centred += weights[1]
        return centred

    def _make_room(self, cache: Cache, tokens: int) -> None:
        """Let a cache hold that many tokens; half as many again, so that it is not copied at every step."""
        room = cache.keys.shape[3]
        if tokens <= room:
            return
        size = list(cache.keys.shape)
        size[3] = min(self.shape.n_ctx, max(tokens, room * 3 // 2))
        for name in ("keys", "values"):
            larger = np.empty(size, np.float32)
            larger[:, :, :, :room] = getattr(cache, name)
            setattr(cache, name, larger)


def _linear(x: F32, weights: tuple[F32, F32]) -> F32:
    y: F32 = x @ weights[0]  # [T, I] @ [I, O] -> [T, O]
    y += weights[1]
    return y


def _softmax(scores_EHTS: F32, hidden_TS: NDArray[np.bool_]) -> F32:
    """Turn scores into weights in place; what is hidden gets exactly 0."""
    for scores_TS in scores_EHTS.reshape(-1, *hidden_TS.shape):  # one head's stay in the processor's cache
        np.copyto(scores_TS, np.float32(-np.inf), where=hidden_TS)
        scores_TS -= scores_TS.max(axis=-1, keepdims=True)
        np.exp(scores_TS, out=scores_TS)
        scores_TS /= scores_TS.sum(axis=-1, keepdims=True)
    return scores_EHTS


def _gelu_tanh(x: F32) -> F32:
    """GPT-2's own form: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))) (Hendrycks, Gimpel 2016, section 2)."""
    inner = x * x
    inner *= np.float32(0.044715)
    inner += np.float32(1)
    inner *= x
    inner *= np.float32(np.sqrt(2 / np.pi))
    np.tanh(inner, out=inner)
    inner += np.float32(1)
    inner *= x
    inner *= np.float32(0.5)
    return inner


def _relu(x: F32) -> F32:
    return np.maximum(x, np.float32(0))


ACTIVATIONS = {"gelu_new": _gelu_tanh, "gelu_pytorch_tanh": _gelu_tanh, "relu": _relu}
