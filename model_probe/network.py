"""What the rest of the probe asks of a model, whichever code runs it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from model_probe.derived import Norm
from model_probe.plan import Recording
from model_probe.shape import Shape


@dataclass(frozen=True)
class Run:
    """What one forward pass leaves beside its recording.

    Attributes:
        logits_TV: the logits of the positions that were asked for.
        cache: the keys and values to go on from.
    """

    logits_TV: NDArray[np.float32]
    cache: Any


@dataclass(frozen=True)
class Text:
    """One of several texts that are run at once.

    Attributes:
        ids_T: its tokens.
        recording: is filled, if there is one.
        first: logits are given from this position on.
    """

    ids_T: NDArray[np.int64]
    recording: Recording | None = None
    first: int = 0


class Network(Protocol):
    """A causal language model that can be read while it runs.

    Attributes:
        shape: its sizes and wiring.
        engine: the code that computes: "numpy" or "transformers".
        device: where it runs: "cpu", "cuda:0", …
        parameters: number of parameters by category; the values add up to the model's total.
        tied_unembedding: whether the unembedding is the embedding.
        windows: how many tokens each layer sees, from a token's own back; None: all.
    """

    shape: Shape
    engine: str
    device: str
    parameters: dict[str, int]
    tied_unembedding: bool
    windows: Sequence[int | None]

    def run(self, ids_T: NDArray[np.int64], recording: Recording | None = None, first: int = 0) -> Run:
        """Run T tokens from the start and fill the recording; give the logits from position `first` on."""

    def run_together(self, texts: Sequence[Text]) -> list[NDArray[np.float32]]:
        """Run several texts, each from its start; returns the logits of each.

        Those of which only attention is wanted had better come last: they need not be run to the end.
        """

    def step(self, ids_E: NDArray[np.int64], cache: Any) -> NDArray[np.float32]:
        """Run one token more for each of E sequences in the cache; returns the E × V logits."""

    def held(self, cache: Any) -> Sequence[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """Each layer's keys and values in a cache of one sequence, (C, S, K): those that the next token sees.

        They stay as they are when the cache is gone on from.
        """

    def branch(self, cache: Any, parents_E: NDArray[np.int64]) -> Any:
        """Give a cache of E sequences, each going on from one of those in `cache`.

        That one can be branched again afterwards, whatever the branch went on with.
        """

    def unembed(self, resid_TD: NDArray[np.float32]) -> NDArray[np.float32]:
        """Read vectors of the residual stream through the final norm and the unembedding, as T × V logits."""

    def projection(self, layer: int, head: int) -> dict[str, NDArray[np.float32]]:
        """One head's weights of queries and keys and their biases, by their names in the trace."""

    def output(self, layer: int) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """What brings a layer's heads into the stream: W_O cut by heads, H × K × D, and its bias, if any."""

    def norm_after_attention(self, layer: int) -> Norm | None:
        """The norm between a layer's attention and the stream; None where there is none."""

    def mlp_output(self, layer: int) -> NDArray[np.float32]:
        """W_down: what a layer's neurons write to the stream, F × D."""

    def neuron(self, layer: int, neuron: int) -> dict[str, NDArray[np.float32]]:
        """One neuron's rows of the matrices that its inputs come from, and its biases, by their names."""

    def norm_after_mlp(self, layer: int) -> Norm | None:
        """The norm between a layer's MLP and the stream; None where there is none."""

    def final_norm(self) -> Norm | None:
        """The norm before the unembedding; None where a norm stands behind every sum instead."""

    def embedding(self) -> NDArray[np.float32]:
        """W_E, V × D, as it is stored; where a matrix brings narrower rows into the stream, its products."""

    def unembedding(self) -> NDArray[np.float32]:
        """W_U, V × D, likewise."""

    def first_weights(self) -> dict[str, Any]:
        """The parameters of layer 0 and the embeddings, by the names that transformers gives them, in order.

        Arrays of numpy or torch; matrices are outputs × inputs.
        """

    def one_thread(self) -> AbstractContextManager[Any]:
        """Have numpy's products made by one thread, where that takes less processor time."""
