"""Who pulls the last position's choice which way: the captured shares, in the order in which they act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from model_probe.trace import Trace
from scenes.language import _

Kind = Literal["embedding", "position", "attention", "head", "attention bias", "MLP", "norm bias"]


@dataclass(frozen=True)
class Pull:
    """One part's share in the winner's logit minus the runner-up's: above 0 it pulls for the winner.

    Attributes:
        kind, layer, head: which part.
        share: how hard it pulls, in logits.
    """

    kind: Kind
    share: float
    layer: int = -1
    head: int = -1

    @property
    def name(self) -> str:
        """What the part is called."""
        words = {
            "embedding": _("embedding"),
            "position": _("position"),
            "attention": _("layer {layer} · attention"),
            "head": _("layer {layer} · head {head}"),
            "attention bias": _("layer {layer} · bias of attention"),
            "MLP": _("layer {layer} · MLP"),
            "norm bias": _("bias of the last norm"),
        }
        return words[self.kind].format(layer=self.layer, head=self.head)


def steps(trace: Trace) -> list[Pull]:
    """What acts one after the other: the start, each layer's attention and MLP, the last norm's bias."""
    layers: list[Pull] = []
    both = zip(trace.dla_attn_2L[1].tolist(), trace.dla_mlp_2L[1].tolist(), strict=True)
    for layer, (attention, mlp) in enumerate(both):
        layers += [Pull("attention", attention, layer), Pull("MLP", mlp, layer)]
    return [*_start(trace), *layers, *_end(trace)]


def parts(trace: Trace) -> list[Pull]:
    """The same, cut as finely as it can be: heads in place of attention, and what its bias adds.

    Biases that a model does not have are no parts.
    """
    heads = [
        Pull("head", float(share), layer, head)
        for (layer, head), share in np.ndenumerate(trace.dla_head_2LH[1])
    ]
    biases = [Pull("attention bias", b, layer) for layer, b in enumerate(trace.dla_attn_bias_2L[1].tolist())]
    mlps = [Pull("MLP", share, layer) for layer, share in enumerate(trace.dla_mlp_2L[1].tolist())]
    return [*_start(trace), *heads, *(each for each in biases if each.share), *mlps, *_end(trace)]


def _start(trace: Trace) -> list[Pull]:
    found = [Pull("embedding", float(trace.dla_embed_2[1]))]
    if trace.has("dla_position_2"):
        found.append(Pull("position", float(trace.dla_position_2[1])))
    return found


def _end(trace: Trace) -> list[Pull]:
    bias = float(trace.dla_norm_bias_2[1])
    return [Pull("norm bias", bias)] if bias else []


def logits(trace: Trace) -> tuple[float, float]:
    """The winner's logit and the runner-up's, as captured; before the cap where the model has one."""
    logit, lead = trace.dla_logit_2[:].tolist()
    if trace.facts.logit_softcap is not None:
        return logit, logit - lead
    winner, runner = trace.dla_ids_2[:].tolist()
    return float(trace.logits_last_V[winner]), float(trace.logits_last_V[runner])


def hardest(trace: Trace) -> dict[str, Pull]:
    """The head that pulls hardest for the winner, and the one against it, where there are such."""
    found, head_LH = {}, trace.dla_head_2LH[1]
    for name, flat, way in (("for", head_LH.argmax(), 1), ("against", head_LH.argmin(), -1)):
        layer, head = divmod(int(flat), head_LH.shape[1])
        if way * head_LH[layer, head] > 0:
            found[name] = Pull("head", float(head_LH[layer, head]), layer, head)
    return found


def looks(trace: Trace, pull: Pull) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Of one of `hardest`: the last query's weights, and what is read from each token."""
    weights_T = np.asarray(trace.pattern_last_LHS[pull.layer, pull.head], np.float64)
    return weights_T, np.asarray(trace.dla_source_2T[int(pull.share < 0)], np.float64)


def pace(pulls: Sequence[Pull], even: float = 0.5) -> npt.NDArray[np.float64]:
    """When each pull begins and the last one ends, 0…1: so much of the time alike, the rest by |share|."""
    shares = np.abs([pull.share for pull in pulls])
    each = even / max(1, len(shares)) + (1 - even) * shares / (shares.sum() or 1.0)
    times = np.concatenate([[0.0], np.cumsum(each)])
    return np.asarray(times / (times[-1] or 1.0))


def digits(difference: float) -> int:
    """Decimals that show a difference of logits: two, and more, up to five, where it is small."""
    size = abs(difference)
    return 2 if size >= 0.1 or size < 1e-5 else min(5, 1 + int(np.ceil(-np.log10(size))))


def path(pulls: Sequence[Pull]) -> npt.NDArray[np.float64]:
    """Where the knot stands before the first pull, and after each."""
    return np.concatenate([[0.0], np.cumsum([pull.share for pull in pulls], dtype=np.float64)])


def strongest(pulls: Sequence[Pull]) -> list[Pull]:
    """The same, the strongest first, whichever way they pull."""
    return sorted(pulls, key=lambda pull: -abs(pull.share))


def half(pulls: Sequence[Pull]) -> int:
    """How few parts do half of all pulling: the least n whose n largest |shares| are half of their sum."""
    pulled = np.cumsum([abs(pull.share) for pull in strongest(pulls)])
    return int(np.searchsorted(pulled, pulled[-1] / 2)) + 1
