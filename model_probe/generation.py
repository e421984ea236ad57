"""Generation: choose a token from the model's logits, append it, run again on the keys and values kept."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model_probe.errors import UserError
from model_probe.network import Network, Run, Text


@dataclass(frozen=True)
class Method:
    """How tokens are chosen.

    Attributes:
        name: "sample": draw from the distribution, after temperature, top-k and top-p in that order;
            "greedy": the likeliest; "beam": keep the `beams` likeliest texts and go on from each, with no
            length penalty.
        temperature: logits are divided by it.
        top_k: only so many of the likeliest may be drawn (Fan et al. 2018); None: all.
        top_p: only the likeliest that together have this probability (Holtzman et al. 2020); None: all.
        beams: texts that are kept.
    """

    name: Literal["sample", "greedy", "beam"] = "sample"
    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    beams: int = 4

    def __post_init__(self) -> None:
        draws = self.temperature != 1 or self.top_k is not None or self.top_p is not None
        if self.name != "sample" and draws:
            raise UserError(f"temperature, top-k and top-p are for sampling; the method is {self.name}")
        for name, value, fits, wanted in (
            ("temperature", self.temperature, 0 < self.temperature < float("inf"), "a number above 0"),
            ("top-k", self.top_k, self.top_k is None or self.top_k >= 1, "1 or more"),
            ("top-p", self.top_p, self.top_p is None or 0 < self.top_p <= 1, "above 0 and at most 1"),
            ("beams", self.beams, self.beams >= 1, "1 or more"),
        ):
            if not fits:
                raise UserError(f"{name} is {value}; {wanted} is wanted")

    def facts(self) -> dict[str, Any]:
        """What the trace's metadata says of the method: what has no part in it is None."""
        values = asdict(self)
        if self.name != "sample":
            values["temperature"] = None
        if self.name != "beam":
            values["beams"] = None
        return {"method": values.pop("name"), **values}


def softmax(logits_V: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Probabilities of V logits, in double precision."""
    weights_V = np.exp(logits_V.astype(np.float64) - logits_V.max())
    probability_V: NDArray[np.float64] = weights_V / weights_V.sum()
    return probability_V


def kept(scaled_V: NDArray[np.float32], top_k: int | None, top_p: float | None) -> NDArray[np.bool_]:
    """Which of V tokens may be drawn.

    Top-k keeps what is not below the k-th largest; top-p then keeps, from the likeliest down, until their
    probability among those left reaches p. At least one is kept.
    """
    kept_V = np.ones(len(scaled_V), np.bool_)
    if top_k is not None and top_k < len(scaled_V):
        kept_V = scaled_V >= np.partition(scaled_V, -top_k)[-top_k]
    if top_p is not None and top_p < 1:
        probability_V = softmax(np.where(kept_V, scaled_V, -np.inf))
        order = np.argsort(-probability_V, kind="stable")
        before = np.cumsum(probability_V[order]) - probability_V[order]
        kept_V = kept_V.copy()
        kept_V[order[before >= top_p]] = False
    return kept_V


def draw(logits_V: NDArray[np.floating[Any]], uniform: float, kept_V: NDArray[np.bool_] | None = None) -> int:
    """Draw one of the kept tokens by the inverse of the cumulative distribution, `uniform` in [0, 1)."""
    kept_V = np.ones(len(logits_V), np.bool_) if kept_V is None else kept_V
    cumulative_V = np.cumsum(softmax(np.where(kept_V, logits_V, -np.inf)))
    # Rounding can leave the last sum a hair under 1, and a draw above it
    return min(int(np.searchsorted(cumulative_V, uniform, side="right")), int(np.flatnonzero(kept_V)[-1]))


def generate(
    network: Network, run: Run, *, method: Method, steps: int, seed: int, end_ids: Collection[int]
) -> dict[str, NDArray[Any]]:
    """Generate up to `steps` tokens after a run, reusing its keys and values.

    Step 0 chooses from the run's own last logits. Stops after the end-of-text token. Every stage is kept:
    step_logits_GV; when drawing, step_scaled_GV, step_kept_GV and step_uniform_G, the numbers of PCG64(seed);
    of a beam search beam_ids_GE, beam_parents_GE and beam_logprobs_GE; and step_ids_G, what was chosen.
    """
    if method.name == "beam":
        return _beam_search(network, run, min(method.beams, network.shape.n_vocab), steps, end_ids)
    generator = np.random.Generator(np.random.PCG64(seed))
    stages: dict[str, list[Any]] = {"step_logits_GV": [], "step_ids_G": []}
    if method.name == "sample":
        stages |= {"step_scaled_GV": [], "step_kept_GV": [], "step_uniform_G": []}
    logits_V = run.logits_TV[-1]
    for step in range(steps):
        if step:
            logits_V = network.step(np.array(stages["step_ids_G"][-1:], np.int64), run.cache)[0]
        stages["step_logits_GV"].append(logits_V)
        if method.name == "greedy":
            stages["step_ids_G"].append(int(logits_V.argmax()))
        else:
            scaled_V = logits_V / np.float32(method.temperature)
            kept_V = kept(scaled_V, method.top_k, method.top_p)
            uniform = generator.random()
            stages["step_scaled_GV"].append(scaled_V)
            stages["step_kept_GV"].append(kept_V)
            stages["step_uniform_G"].append(uniform)
            stages["step_ids_G"].append(draw(scaled_V, uniform, kept_V))
        if stages["step_ids_G"][-1] in end_ids:
            break
    return {name: np.array(values, _DTYPES.get(name)) for name, values in stages.items()}


_DTYPES = {"step_ids_G": np.int64, "step_kept_GV": np.uint8}


def _beam_search(
    network: Network, run: Run, beams: int, steps: int, end_ids: Collection[int]
) -> dict[str, NDArray[Any]]:
    """Keep the likeliest texts; one that has ended stays, its end repeated. The likeliest is chosen."""
    logits_EV, cache = run.logits_TV[-1:], run.cache
    total_E = np.zeros(1)
    ended_E = np.zeros(1, np.bool_)
    history: list[tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    for step in range(steps):
        if step:
            cache = network.branch(cache, history[-1][2])
            logits_EV = network.step(history[-1][1], cache)
        logprob_EV = np.log(np.maximum([softmax(logits_V) for logits_V in logits_EV], 1e-300))
        for ended in np.flatnonzero(ended_E):
            logprob_EV[ended] = -np.inf
            logprob_EV[ended, history[-1][1][ended]] = 0
        candidates = (total_E[:, None] + logprob_EV).ravel()
        best = np.argsort(-candidates, kind="stable")[:beams]
        parents_E, ids_E = np.divmod(best, logits_EV.shape[1])
        total_E = candidates[best]
        ended_E = ended_E[parents_E] | np.array([token in end_ids for token in ids_E.tolist()])
        history.append((logits_EV, ids_E, parents_E, total_E))
        if ended_E[0]:
            break
    logits, ids, beam = [], [], 0
    for logits_EV, ids_E, parents_E, _ in reversed(history):
        logits.append(logits_EV[parents_E[beam]])
        ids.append(ids_E[beam])
        beam = int(parents_E[beam])
    return {
        "step_logits_GV": np.array(logits[::-1], np.float32),
        "step_ids_G": np.array(ids[::-1], np.int64),
        "beam_ids_GE": np.array([ids_E for _, ids_E, _, _ in history], np.int64),
        "beam_parents_GE": np.array([parents_E for _, _, parents_E, _ in history], np.int64),
        "beam_logprobs_GE": np.array([total for *_, total in history], np.float64),
    }


def uncached(ids_T: NDArray[np.int64], ids_G: NDArray[np.int64]) -> Text:
    """The whole text, to be run with keys and values all computed anew, for the logits of every step."""
    return Text(np.concatenate([ids_T, ids_G[:-1]]), first=len(ids_T) - 1)


def one_more(ids_T: NDArray[np.int64], ids_G: NDArray[np.int64]) -> Text:
    """The prompt and the one token that was generated, to be run likewise; no logits are asked for."""
    return Text(np.concatenate([ids_T, ids_G[:1]]), first=len(ids_T) + 1)


def cache_error(uncached_GV: NDArray[np.float32], step_logits_GV: NDArray[np.float32]) -> float:
    """Largest difference of the steps' logits, which reused keys and values, per largest logit."""
    difference = np.abs(uncached_GV - step_logits_GV).max()
    return float(difference / max(1.0, np.abs(uncached_GV).max()))
