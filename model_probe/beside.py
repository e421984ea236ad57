"""A second text that is run beside the prompt, so that one token is seen in two contexts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.errors import PromptError
from model_probe.network import Text
from model_probe.plan import Recording
from model_probe.shape import Shape
from model_probe.tokens import Encoded, Vocabulary, joined

NAMES = (
    "beside_ids_T",
    "beside_bytes_B",
    "beside_offsets_T1",
    "beside_resid_MD",
    "beside_mid_LD",
    "beside_lens_ids_MN",
    "beside_lens_logprobs_MN",
)
_STREAM = ("resid_pre_LTD", "resid_mid_LTD", "resid_final_TD")


@dataclass(frozen=True)
class Beside:
    """The second text's tokens, and what they are.

    Attributes:
        ids_T: the tokens.
        how: "given": another text; "reversed": the prompt's tokens, those before the last one in reverse
            order; "twice": the prompt's tokens, and once more.
    """

    ids_T: NDArray[np.int64]
    how: str


def other_order(encoded: Encoded, n_ctx: int) -> Beside | None:
    """The prompt's own tokens in another order, with the last one in its place.

    What the tokenizer added stays where it is. Where there is no other order (fewer than three tokens, or the
    same backwards), the prompt stands twice; None where the context has no room for that.
    """
    ids = encoded.ids_T.tolist()
    before, own, after = ids[: encoded.own.start], ids[encoded.own], ids[encoded.own.stop :]
    turned, how = own[-2::-1] + own[-1:], "reversed"
    if len(own) < 3 or turned == own:
        turned, how = own + own, "twice"
    found = before + turned + after
    return Beside(np.array(found, np.int64), how) if own and len(found) <= n_ctx else None


def given(vocabulary: Vocabulary, text: str, shape: Shape, *, added: bool) -> Beside:
    """Another text's tokens; see `Vocabulary.encode`.

    Raises:
        PromptError: it makes no token, too many, or one that the model has no row for.
    """
    try:
        encoded = vocabulary.encode(text, shape.n_ctx, added=added)
        vocabulary.check_rows(encoded, shape.n_vocab)
    except PromptError as error:
        raise PromptError(f"of the second text, beside: {error}") from None
    return Beside(encoded.ids_T, "given")


class Second:
    """The second text in a run of several: what to run, and what is to be had of it afterwards."""

    def __init__(self, beside: Beside, shape: Shape) -> None:
        self._ids_T = beside.ids_T
        self._recording = Recording(shape, len(beside.ids_T), only=_STREAM, last_only=True)
        self.text = Text(beside.ids_T, self._recording, first=len(beside.ids_T))

    def tensors(self, vocabulary: Vocabulary) -> dict[str, NDArray[Any]]:
        """Its tokens, and its last token's stream, by their names in the trace."""
        stream = self._recording.finished()
        resid_MD = np.concatenate([stream["resid_pre_LTD"][:, 0], stream["resid_final_TD"]])
        bytes_B, offsets_T1 = joined(vocabulary.bytes_of(self._ids_T.tolist()))
        tensors: dict[str, NDArray[Any]] = {
            "beside_ids_T": self._ids_T,
            "beside_bytes_B": bytes_B,
            "beside_offsets_T1": offsets_T1,
            "beside_resid_MD": resid_MD,
        }
        if "resid_mid_LTD" in stream:
            tensors["beside_mid_LD"] = stream["resid_mid_LTD"][:, 0]
        return tensors
