"""What one more token costs with a cache of keys and values and without one: multiplications, and memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from model_probe.trace import Facts

BYTES = 4  # of a number, in float32: what this run computes with

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CacheCost:
    """Costs of the n-th token, from the model's shape.

    Multiplications are those of matrices; n tokens are in the text, the new one included. A token costs, in
    every layer, P = 2·D·H·K (queries and output) + 2·D·C·K (keys and values) + M·D·F (MLP; M is 3 where it
    has a gate, else 2), and H·K twice for every token that it looks at: once for the score, once for the
    value. The last token's logits cost D·V. With L layers that see w tokens each (w = n where there is no
    window), Σ over layers:

        without a cache   n·L·P + 2·H·K·Σ s(n, w) + D·V,   s(n, w) = Σ of min(t, w) over t = 1 … n
        with it               L·P + 2·H·K·Σ min(n, w) + D·V
        the cache         2·C·K·Σ min(n, w) numbers of 4 bytes

    What the mask hides is not counted, though many programs multiply it and throw it away; neither are norms,
    biases, softmax and activations, nor the matrices that two of OPT's models have beside their embeddings.

    Attributes:
        once: L·P, what every token costs whatever came before it.
        read: 2·H·K.
        logits: D·V.
        held: 2·C·K·4, bytes of one token in one layer.
        windows: w of each layer; what is past n_ctx stands for no window.
    """

    once: int
    read: int
    logits: int
    held: int
    windows: tuple[int, ...]

    @classmethod
    def of(cls, facts: Facts) -> CacheCost:
        """That of a run's model."""
        width, heads, shared = facts.d_model, facts.n_head * facts.d_head, facts.kv_heads * facts.d_head
        layer = 2 * width * heads + 2 * width * shared + (3 if facts.gated else 2) * width * facts.d_mlp
        windows = facts.windows or [0] * facts.n_layer
        return cls(
            once=facts.n_layer * layer,
            read=2 * heads,
            logits=width * facts.n_vocab,
            held=2 * shared * BYTES,
            windows=tuple(window or facts.n_ctx + 1 for window in windows),
        )

    def without(self, tokens: npt.ArrayLike) -> Ints:
        """Multiplications of a step that runs the whole text of n tokens, for each n."""
        n = np.asarray(tokens, dtype=np.int64)
        looks = sum(
            np.minimum(n, w) * (np.minimum(n, w) + 1) // 2 + np.maximum(n - w, 0) * w for w in self.windows
        )
        return np.asarray(n * self.once + self.read * looks + self.logits)

    def reusing(self, tokens: npt.ArrayLike) -> Ints:
        """Multiplications of a step that runs the last of n tokens, for each n."""
        return np.asarray(self.once + self.read * self._looked_at(tokens) + self.logits)

    def memory(self, tokens: npt.ArrayLike) -> Ints:
        """Bytes that the keys and values of n tokens take, for each n."""
        return np.asarray(self.held * self._looked_at(tokens))

    def _looked_at(self, tokens: npt.ArrayLike) -> Ints:
        n = np.asarray(tokens, dtype=np.int64)
        return np.asarray(sum(np.minimum(n, window) for window in self.windows))
