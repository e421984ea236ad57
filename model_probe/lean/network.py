"""What every model in numpy does alike: texts run at once, keys and values kept, tensors recorded."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from model_probe.derived import Norm
from model_probe.lean.arithmetic import F32, product, softmax
from model_probe.network import Run, Text
from model_probe.neurons import lit
from model_probe.plan import CITIES, Recording
from model_probe.shape import Shape
from model_probe.trace import LAST_ROWS, TENSORS

# Multiplications of one run that one thread does alone. A second one would halve the wait, but takes half as
# much processor time again where matrices are this small; up to here the wait is a second at the most.
ALONE = 4e10
TOGETHER = 512  # tokens; more take longer to keep apart than the weights take to read

# Tensors of a layer that are there before its attention's output
_ATTENTION = frozenset(
    name
    for name in TENSORS
    if name.startswith(("q_", "k_", "v_", "z_", "scores_", "pattern_", "mask_"))
    and TENSORS[name][1][0] == "l"
)

Keep = Callable[..., None]
"""Is given a tensor's name in the trace, its values and, where it has one, its layer."""
Windows = Mapping[int | None, NDArray[np.bool_]]
"""What is hidden from each token, T × S, by how far back a layer looks; None: to the start."""


@dataclass
class Cache:
    """Keys and values of E texts that may share their beginnings: every token's once.

    Attributes:
        keys: of all tokens, (L, 1, C, room, K); the first `length` are there.
        values: likewise.
        length: how many tokens there are.
        places_S: the position that each has in its text.
        own_ES: which of them each text is made of.
    """

    keys: F32
    values: F32
    length: int
    places_S: NDArray[np.int64]
    own_ES: NDArray[np.bool_]


def _goes_on(text: Text) -> bool:
    """Whether more is wanted of a text than what its attention does."""
    kept = () if text.recording is None else text.recording.tensors
    return text.first < len(text.ids_T) or not set(kept) <= _ATTENTION


def _keep_nothing(name: str, value: NDArray[Any], layer: int | None = None) -> None:
    pass


class LeanNetwork(ABC):
    """A model that runs in numpy, with norms before attention and MLP; see `model_probe.network.Network`.

    A family says how it embeds, projects queries, keys and values, and what its MLP and its norms are.
    """

    engine = "numpy"
    device = "cpu"

    def __init__(
        self,
        shape: Shape,
        windows: Sequence[int | None],
        parameters: dict[str, int],
        embedding_VD: F32,
        unembedding_VD: F32,
        first_weights: Mapping[str, F32],
    ) -> None:
        """Take what the family has read.

        Args:
            shape: the model's shape.
            windows: how many tokens each layer sees, from a token's own back; None: all.
            parameters: number of parameters by category.
            embedding_VD: the embedding.
            unembedding_VD: the unembedding; the same array where they are tied.
            first_weights: see `model_probe.network.Network`, without these two.
        """
        self.shape = shape
        self.parameters = parameters
        self.tied_unembedding = unembedding_VD is embedding_VD
        self._embedding_VD, self._unembedding_VD = embedding_VD, unembedding_VD
        self._first_weights = first_weights
        self.windows = windows
        self._threads = ThreadpoolController()

    @abstractmethod
    def projection(self, layer: int, head: int) -> dict[str, F32]:
        """One head's weights of queries and keys and their biases, by their names in the trace."""

    @abstractmethod
    def output(self, layer: int) -> tuple[F32, F32 | None]:
        """What brings a layer's heads into the stream; see `model_probe.network.Network`."""

    @abstractmethod
    def mlp_output(self, layer: int) -> F32:
        """What a layer's neurons write to the stream; see `model_probe.network.Network`."""

    @abstractmethod
    def neuron(self, layer: int, neuron: int) -> dict[str, F32]:
        """One neuron's rows; see `model_probe.network.Network`."""

    @abstractmethod
    def final_norm(self) -> Norm:
        """The norm before the unembedding."""

    def norm_after_attention(self, layer: int) -> Norm | None:
        """None: attention's output is added as it is."""
        return None

    def norm_after_mlp(self, layer: int) -> Norm | None:
        """None: so is the MLP's."""
        return None

    @abstractmethod
    def _positions(self, places_T: NDArray[np.int64]) -> Any:
        """What the family makes of the tokens' positions, once for all layers."""

    @abstractmethod
    def _embed(self, ids_ET: NDArray[np.int64], positions: Any, keep: Keep) -> F32:
        """The start of the residual stream, (E, T, D)."""

    @abstractmethod
    def _norm(self, x: F32, name: str, layer: int | None = None) -> F32:
        """A layer's norm before attention ("ln1") or before the MLP ("ln2"), or the final one ("ln_f")."""

    @abstractmethod
    def _project(
        self, layer: int, normed: F32, many: int, positions: Any, keep: Keep
    ) -> tuple[F32, F32, F32]:
        """Queries (E, H, T, K), keys and values (E, C, T, K) of E·T vectors of E sequences."""

    @abstractmethod
    def _join(self, layer: int, joined: F32) -> F32:
        """What attention adds to the stream: its heads' outputs (E·T, H·K) through the output matrix."""

    @abstractmethod
    def _mlp(self, layer: int, normed: F32, keep: Keep) -> F32:
        """What the MLP adds to the stream."""

    def run(self, ids_T: NDArray[np.int64], recording: Recording | None = None, first: int = 0) -> Run:
        """Run T tokens from the start and fill the recording; give the logits from position `first` on."""
        cache = self._empty_cache(min(self.shape.n_ctx, len(ids_T) + 64))
        (logits_TV,) = self._run([Text(ids_T, recording, first)], cache)
        cache.places_S, cache.own_ES = np.arange(len(ids_T)), np.ones((1, len(ids_T)), np.bool_)
        return Run(logits_TV, cache)

    def run_together(self, texts: Sequence[Text]) -> list[F32]:
        """Run several texts, each from its start; returns the logits of each.

        Reading the weights takes most of the time of a short text; here it is done once for all of them, as
        long as they have no more than TOGETHER tokens.
        """
        groups: list[list[Text]] = [[]]
        for text in texts:
            if groups[-1] and sum(len(each.ids_T) for each in [*groups[-1], text]) > TOGETHER:
                groups.append([])
            groups[-1].append(text)
        caches = (self._empty_cache(sum(len(text.ids_T) for text in group)) for group in groups)
        runs = (self._run(group, cache) for group, cache in zip(groups, caches, strict=True))
        return [logits_TV for logits in runs for logits_TV in logits]

    def _run(self, texts: Sequence[Text], cache: Cache) -> list[F32]:
        """Run texts as one sequence, one after another; what is hidden keeps them apart."""
        rows = [slice(*ends) for ends in pairwise(accumulate((len(text.ids_T) for text in texts), initial=0))]
        tokens = rows[-1].stop
        windows = {window: np.ones((tokens, tokens), np.bool_) for window in set(self.windows)}
        for own, text in zip(rows, texts, strict=True):
            places_T = np.arange(len(text.ids_T))
            seen = {}
            for window, hidden_TS in windows.items():
                hidden_TS[own, own] = _hidden(places_T, places_T, window)
                seen[window] = (~hidden_TS[own, own]).view(np.uint8)
            if text.recording is not None:
                for window in self.windows:
                    text.recording.keep_mask(seen[window])

        def keep(name: str, value: NDArray[Any], layer: int | None = None) -> None:
            for own, text in zip(rows, texts, strict=True):
                if text.recording is not None:
                    part = (
                        value[:, own] if "_LH" in name or "_LC" in name else value[own]
                    )  # [C, T, …] or [T, …]
                    part = part[..., own] if name.endswith("S") else part
                    text.recording.keep(name, part, layer)
                    if name in LAST_ROWS:
                        text.recording.keep(LAST_ROWS[name], part[:, -1], layer)  # [H, T, S] -> [H, S]
                    if name == "mlp_post_LTF" and text.recording.reads("neuron_lit_LT"):
                        text.recording.keep("neuron_lit_LT", lit(part, self.shape.gated), layer)
                    if name == "mlp_post_LTF":
                        text.recording.keep("neuron_post_LWF", part[-CITIES:], layer)

        wanted = [own.stop for own, text in zip(rows, texts, strict=True) if _goes_on(text)]
        places_T = np.concatenate([np.arange(len(text.ids_T)) for text in texts])
        asked = [np.arange(own.start + text.first, own.stop) for own, text in zip(rows, texts, strict=True)]
        ids_T = np.concatenate([text.ids_T for text in texts])
        with self._limited(tokens):
            (logits_TV,) = self._forward(
                ids_T[None], cache, places_T, windows, np.concatenate(asked), keep, max(wanted, default=1)
            )
        return np.split(logits_TV, list(accumulate(map(len, asked[:-1]))))

    def step(self, ids_E: NDArray[np.int64], cache: Cache) -> F32:
        """Run one token more for each of E sequences in the cache; returns the E × V logits.

        All E tokens are one sequence to the forward pass; what is hidden keeps the texts apart.
        """
        many = len(ids_E)
        places_E = cache.own_ES.sum(axis=1)
        places_S = np.concatenate([cache.places_S, places_E])
        own_ES = np.concatenate([cache.own_ES, np.eye(many, dtype=np.bool_)], axis=1)
        windows = {window: _hidden(places_E, places_S, window) | ~own_ES for window in set(self.windows)}
        with self._limited(many):
            logits_EV: F32 = self._forward(ids_E[None], cache, places_E, windows, np.arange(many))[0]
        cache.places_S, cache.own_ES = places_S, own_ES
        return logits_EV

    def held(self, cache: Cache) -> list[tuple[F32, F32]]:
        """Each layer's keys and values that the next token sees; see `model_probe.network.Network`."""
        firsts = [0 if window is None else max(0, cache.length + 1 - window) for window in self.windows]
        return [
            (cache.keys[layer, 0, :, first : cache.length], cache.values[layer, 0, :, first : cache.length])
            for layer, first in enumerate(firsts)
        ]

    def branch(self, cache: Cache, parents_E: NDArray[np.int64]) -> Cache:
        """Give a cache of E sequences, each going on from one of those in `cache`; nothing is copied.

        Both hold the same keys and values up to here, and either may go on; then the other is used up.
        """
        return replace(cache, own_ES=cache.own_ES[parents_E])

    def unembed(self, resid_TD: F32) -> F32:
        """Read vectors of the residual stream through the final norm and the unembedding, as T × V logits."""
        with self.one_thread():
            return product(self._norm(resid_TD, "ln_f"), self._unembedding_VD.T)  # [T, D] @ [D, V] -> [T, V]

    def embedding(self) -> F32:
        """The embedding, V × D."""
        return self._embedding_VD

    def unembedding(self) -> F32:
        """The unembedding, V × D."""
        return self._unembedding_VD

    def first_weights(self) -> dict[str, Any]:
        """The parameters of layer 0 and the embeddings; see `model_probe.network.Network`."""
        tied = {} if self.tied_unembedding else {"lm_head.weight": self._unembedding_VD}
        return {"wte.weight": self._embedding_VD, **self._first_weights, **tied}

    def one_thread(self) -> AbstractContextManager[Any]:
        """Have numpy's products made by one thread."""
        limit: AbstractContextManager[Any] = self._threads.limit(limits=1, user_api="blas")
        return limit

    def _empty_cache(self, room: int) -> Cache:
        size = (self.shape.n_layer, 1, self.shape.n_kv_head, room, self.shape.d_head)
        nothing = np.empty(0, np.int64), np.empty((1, 0), np.bool_)
        return Cache(np.empty(size, np.float32), np.empty(size, np.float32), 0, *nothing)

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
        windows: Windows,
        asked: NDArray[np.int64],
        keep: Keep = _keep_nothing,
        going_on: int | None = None,
    ) -> F32:
        """Run T tokens of E sequences after those in the cache; returns the logits, (E, asked, V).

        Args:
            ids_ET: the tokens.
            cache: keys and values of those before; gets those of these.
            places_T: each token's position in its text.
            windows: what is hidden from each token.
            asked: which tokens' logits are wanted.
            keep: is given every tensor of the first sequence, without the axis of sequences; after the last
                layer's attention only the rows that go on.
            going_on: so many of the first tokens are wanted beyond that; None: all.
        """
        many, tokens = ids_ET.shape
        self._make_room(cache, cache.length + tokens)
        positions = self._positions(places_T)
        x = self._embed(ids_ET, positions, keep).reshape(many * tokens, -1)  # [E, T, D] -> [E·T, D]
        for layer, window in enumerate(self.windows):
            keep("resid_pre_LTD", x, layer)
            normed = self._norm(x, "ln1", layer)  # [E·T, D] -> [E·T, D]
            keep("ln1_LTD", normed, layer)
            q, k, v = self._project(layer, normed, many, positions, keep)  # [E, H, T, K], 2 × [E, C, T, K]
            z = self._attention(layer, q, k, v, cache, windows[window], keep)  # [E, H, T, K]
            if going_on is not None and layer == self.shape.n_layer - 1:  # of one sequence
                cache.length += tokens - going_on
                tokens, z, x = going_on, z[:, :, :going_on], x[:going_on]
            out = self._join(layer, z.swapaxes(1, 2).reshape(many * tokens, -1))  # [E·T, H·K] -> [E·T, D]
            keep("attn_out_LTD", out, layer)
            x = x + out  # [E·T, D]
            keep("resid_mid_LTD", x, layer)
            normed = self._norm(x, "ln2", layer)  # [E·T, D] -> [E·T, D]
            keep("ln2_LTD", normed, layer)
            out = self._mlp(layer, normed, keep)  # [E·T, D] -> [E·T, D]
            keep("mlp_out_LTD", out, layer)
            x = x + out  # [E·T, D]
        cache.length += tokens
        keep("resid_final_TD", x)
        normed = self._norm(x, "ln_f")  # [E·T, D] -> [E·T, D]
        keep("ln_f_TD", normed)
        wanted = normed.reshape(many, tokens, -1)[:, asked]  # [E·T, D] -> [E, asked, D]
        logits = product(wanted.reshape(-1, normed.shape[-1]), self._unembedding_VD.T)  # [E·asked, V]
        return logits.reshape(many, len(asked), self.shape.n_vocab)  # [E·asked, V] -> [E, asked, V]

    def _attention(
        self, layer: int, q: F32, k: F32, v: F32, cache: Cache, hidden_TS: NDArray[np.bool_], keep: Keep
    ) -> F32:
        """What every head reads from the values, (E, H, T, K)."""
        shape, past = self.shape, cache.length
        many, _, tokens, _ = q.shape
        end = past + tokens
        cache.keys[layer, :, :, past:end], cache.values[layer, :, :, past:end] = k, v
        keys, values = cache.keys[layer, :, :, :end], cache.values[layer, :, :, :end]  # [E, C, S, K]
        shared = (
            many,
            shape.n_kv_head,
            -1,
            shape.d_head,
        )  # neighbouring query heads share keys: [E, C, H/C·T, K]
        scores = q.reshape(shared) @ keys.swapaxes(-1, -2)  # [E, C, H/C·T, K] @ [E, C, K, S]
        scores = scores.reshape(many, shape.n_head, tokens, end)  # [E, C, H/C·T, S] -> [E, H, T, S]
        scores *= np.float32(shape.scale)
        axes = shape.key_axes
        for name, value in (("q_LHTK", q), (f"k_{axes}", k), (f"v_{axes}", v), ("scores_LHTS", scores)):
            keep(name, value[0], layer)
        pattern = softmax(scores, hidden_TS)  # [E, H, T, S], in place of the scores
        keep("pattern_LHTS", pattern[0], layer)
        z = pattern.reshape(many, shape.n_kv_head, -1, end) @ values  # [E, C, H/C·T, S] @ [E, C, S, K]
        z = z.reshape(q.shape)  # [E, C, H/C·T, K] -> [E, H, T, K]
        keep("z_LHTK", z[0], layer)
        return z

    def _make_room(self, cache: Cache, tokens: int) -> None:
        """Let a cache hold that many tokens; half as many again, so that it is not copied at every step."""
        room = cache.keys.shape[3]
        if tokens <= room:
            return
        size = list(cache.keys.shape)
        size[3] = max(tokens, min(self.shape.n_ctx, room * 3 // 2))
        for name in ("keys", "values"):
            larger = np.empty(size, np.float32)
            larger[:, :, :, :room] = getattr(cache, name)
            setattr(cache, name, larger)


def _hidden(
    places_T: NDArray[np.int64], places_S: NDArray[np.int64], window: int | None
) -> NDArray[np.bool_]:
    """Where a token may not look: ahead, and as far back as its window or farther."""
    hidden_TS: NDArray[np.bool_] = places_S > places_T[:, None]  # [S], [T, 1] -> [T, S]
    if window is not None:
        hidden_TS |= places_S <= places_T[:, None] - window  # [S], [T, 1] -> [T, S]
    return hidden_TS
