"""One token's query or key in one head, and what makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace
from scenes.language import _
from scenes.mobjects import palette

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class HeadVector:
    """A vector that one head makes of a token's own.

    Attributes:
        part: which of a head's it is.
        token: the token's position.
        piece: its bytes.
        input_D: the token's vector as it enters the layer's attention.
        input_name: what the trace calls that.
        captured_K: the query or key as the head used it, turned by its position where the model does that.
        weight_KD: what makes it; None where the trace lacks this head's weights.
        bias_K: what is added; None where nothing is.
        rotary: whether the model turns it by its position after that.
    """

    part: Literal["query", "key"]
    token: int
    piece: bytes
    input_D: Array
    input_name: str
    captured_K: Array
    weight_KD: Array | None
    bias_K: Array | None
    rotary: bool

    @classmethod
    def of(cls, trace: Trace, part: Literal["query", "key"], at: tuple[int, int], token: int) -> HeadVector:
        """That of a token in the head `at` (layer, head).

        Raises:
            MissingTensor: the trace lacks the layer's input or the head's vectors.
        """
        layer, head = at
        weight, bias = f"{part}_weight_KD", f"{part}_bias_K"
        weighed = trace.has("query_weight_KD") and trace.has("key_weight_KD")
        weighed = weighed and trace.facts.projected == [layer, head]
        captured_TK = trace.q_LHTK[layer, head] if part == "query" else trace.keys(layer, head)
        return cls(
            part,
            token,
            trace.tokens[token],
            trace.ln1_LTD[layer, token],
            f"ln1_LTD[{layer}, {token}]",
            captured_TK[token],
            getattr(trace, weight)[:] if weighed else None,
            getattr(trace, bias)[:] if weighed and trace.has(bias) else None,
            trace.facts.positions == "rotary",
        )

    @property
    def made(self) -> Array:
        """(K,): what the weights make of the input; without them what was captured."""
        if self.weight_KD is None:
            return self.captured_K
        bias_K = 0 if self.bias_K is None else self.bias_K
        made_K: Array = self.weight_KD @ self.input_D + bias_K
        return made_K

    @property
    def turned(self) -> bool:
        """Whether the head turned it by its position; some rotary models have layers that do not."""
        return self.rotary and not np.allclose(self.made, self.captured_K, rtol=1e-3, atol=1e-4)

    @property
    def letter(self) -> str:
        """What it is called in formulas."""
        return self.part[0]

    @property
    def symbol(self) -> str:
        """Typst maths for the weights."""
        return f"W_{self.letter.upper()}"

    @property
    def question(self) -> str:
        """What it stands for."""
        return _("What am I looking for?") if self.part == "query" else _("What do I hold?")

    @property
    def colour(self) -> str:
        """That of all queries, or of all keys."""
        return palette.QUERY if self.part == "query" else palette.KEY
