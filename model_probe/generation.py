"""Generation: choose a token from the model's logits, append it, run again on the keys and values kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from model_probe.errors import UserError
from model_probe.network import Network, Run, Text
from model_probe.shape import Shape


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


class Drawing:
    """A text that goes on with one token a step: drawn, or the likeliest.

    Attributes:
        stages: everything that was computed on the way, a list by its name in the trace.
        over: whether the text has ended.
    """

    def __init__(self, method: Method, seed: int, end_ids: Collection[int]) -> None:
        self.over = False
        self._method, self._end_ids = method, end_ids
        self._generator = np.random.Generator(np.random.PCG64(seed))
        self.stages: dict[str, list[Any]] = {"step_logits_GV": [], "step_ids_G": []}
        if method.name == "sample":
            self.stages |= {"step_scaled_GV": [], "step_kept_GV": [], "step_uniform_G": []}

    def go_on(self, logits_EV: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Choose from the logits of its one text; returns the token, (1,), and where it goes on from, [0]."""
        logits_V, method = logits_EV[0], self._method
        if method.name == "greedy":
            token = int(logits_V.argmax())
            found: dict[str, Any] = {}
        else:
            scaled_V = logits_V / np.float32(method.temperature)
            kept_V = kept(scaled_V, method.top_k, method.top_p)
            uniform = self._generator.random()
            token = draw(scaled_V, uniform, kept_V)
            found = {"step_scaled_GV": scaled_V, "step_kept_GV": kept_V, "step_uniform_G": uniform}
        for name, value in {"step_logits_GV": logits_V, "step_ids_G": token, **found}.items():
            self.stages[name].append(value)
        self.over = token in self._end_ids
        return np.array([token], np.int64), np.zeros(1, np.int64)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """All stages: step_logits_GV, step_ids_G and, when drawing, three more."""
        return {name: np.array(values, _DTYPES.get(name)) for name, values in self.stages.items()}


_DTYPES = {"step_ids_G": np.int64, "step_kept_GV": np.uint8}


class Beams:
    """A beam search: the likeliest texts, each of which goes on; one that has ended stays, its end repeated.

    Attributes:
        over: whether the likeliest has ended.
    """

    def __init__(self, beams: int, end_ids: Collection[int]) -> None:
        self.over = False
        self._beams, self._end_ids = beams, end_ids
        self._total_E, self._ended_E = np.zeros(1), np.zeros(1, np.bool_)
        self._logits: list[NDArray[np.float32]] = []
        self._ids: list[NDArray[np.int64]] = []
        self._parents: list[NDArray[np.int64]] = []
        self._totals: list[NDArray[np.float64]] = []

    def go_on(self, logits_EV: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Keep the likeliest texts that are a token longer; returns their tokens and what they go on from."""
        logprob_EV = np.log(np.maximum([softmax(logits_V) for logits_V in logits_EV], 1e-300))
        for ended in np.flatnonzero(self._ended_E):
            logprob_EV[ended] = -np.inf
            logprob_EV[ended, self._ids[-1][ended]] = 0
        candidates = (self._total_E[:, None] + logprob_EV).ravel()
        best = largest(candidates, self._beams)
        parents_E, ids_E = np.divmod(best, logits_EV.shape[1])
        self._total_E = candidates[best]
        self._ended_E = self._ended_E[parents_E] | np.array(
            [token in self._end_ids for token in ids_E.tolist()]
        )
        self._logits.append(logits_EV)
        self._ids.append(ids_E)
        self._parents.append(parents_E)
        self._totals.append(self._total_E)
        self.over = bool(self._ended_E[0])
        return ids_E, parents_E

    def survivor(self) -> list[tuple[int, int]]:
        """Which beam the likeliest text is at each step, and which of the step before it goes on from."""
        path, beam = [], 0
        for parents_E in reversed(self._parents):
            path.append((beam, int(parents_E[beam])))
            beam = path[-1][1]
        return path[::-1]

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The likeliest text, step_logits_GV and step_ids_G, and the search: three tensors of beams."""
        path = list(enumerate(self.survivor()))
        return {
            "step_logits_GV": np.array(
                [self._logits[step][parent] for step, (_, parent) in path], np.float32
            ),
            "step_ids_G": np.array([self._ids[step][beam] for step, (beam, _) in path], np.int64),
            "beam_ids_GE": np.array(self._ids, np.int64),
            "beam_parents_GE": np.array(self._parents, np.int64),
            "beam_logprobs_GE": np.array(self._totals, np.float64),
        }


def largest(values: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Where the `count` largest are, largest first; equals in their order."""
    among = np.arange(len(values))
    if count < len(values):
        among = np.flatnonzero(values >= np.partition(values, -count)[-count])
    return among[np.argsort(-values[among], kind="stable")[:count]]


def writer(method: Method, shape: Shape, seed: int, end_ids: Collection[int]) -> Drawing | Beams:
    """What writes on by a method; a draw's numbers are those of PCG64(seed)."""
    if method.name == "beam":
        return Beams(min(method.beams, shape.n_vocab), end_ids)
    return Drawing(method, seed, end_ids)


def write(network: Network, run: Run, writers: Sequence[Drawing | Beams], steps: int) -> None:
    """Have all writers go on after a run, up to `steps` tokens: one forward pass a step for all together.

    They share the run's keys and values, and leave them as they were. Step 0 chooses from the run's own last
    logits. A writer that is over takes no further part.
    """
    going, cache = list(writers), run.cache
    logits = [run.logits_TV[-1:]] * len(going)
    for step in range(steps):
        chosen = [each.go_on(logits_EV) for each, logits_EV in zip(going, logits, strict=True)]
        firsts = (
            np.cumsum([0, *(len(logits_EV) for logits_EV in logits)]) if step else np.zeros(len(going) + 1)
        )
        on = [n for n, each in enumerate(going) if not each.over]
        if not on or step == steps - 1:
            break
        parents_E = np.concatenate([chosen[n][1] + int(firsts[n]) for n in on])
        if not step or not np.array_equal(parents_E, np.arange(firsts[-1])):
            cache = network.branch(cache, parents_E)
        logits_EV = network.step(np.concatenate([chosen[n][0] for n in on]), cache)
        logits = np.split(logits_EV, np.cumsum([len(chosen[n][0]) for n in on])[:-1])
        going = [going[n] for n in on]


def generate(
    network: Network, run: Run, *, method: Method, steps: int, seed: int, end_ids: Collection[int]
) -> dict[str, NDArray[Any]]:
    """Generate up to `steps` tokens after a run, reusing its keys and values.

    Step 0 chooses from the run's own last logits. Stops after the end-of-text token. Every stage is kept:
    step_logits_GV; when drawing, step_scaled_GV, step_kept_GV and step_uniform_G, the numbers of PCG64(seed);
    of a beam search beam_ids_GE, beam_parents_GE and beam_logprobs_GE; and step_ids_G, what was chosen.
    """
    alone = writer(method, network.shape, seed, end_ids)
    write(network, run, [alone], steps)
    return alone.tensors()


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
