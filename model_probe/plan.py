"""What a recording will hold, and how many bytes that takes, known before anything runs."""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Collection
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_probe.errors import ModelError, PromptError, UserError
from model_probe.half import to_half
from model_probe.shape import Shape, shared_heads
from model_probe.trace import ASKED_ONLY, LAST_ROWS, OF_SHOWN, ONE_HEAD, TENSORS

BUDGET = 1 << 30  # bytes of one recording, unless asked otherwise
LONG = 128  # tokens; above it the T² tensors are kept in half precision

ROWS, COLUMNS = 192, 1600  # cells of a matrix' picture, at most

CITIES = 4  # last tokens of which every neuron is kept

LENS = ("lens_ids_MWN", "lens_logprobs_MWN", "lens_rank_MW")

# Tensors that are computed from others of the run, and from which
SOURCES = {
    **dict.fromkeys(
        ("lens_ids_MWN", "lens_logprobs_MWN", "lens_rank_MW"), ("resid_pre_LTD", "resid_final_TD")
    ),
    **dict.fromkeys(("head_previous_LH", "head_first_LH", "head_self_LH"), ("pattern_LHTS",)),
    **dict.fromkeys(OF_SHOWN, ("pattern_last_LHS", "scores_last_LHS")),  # which head is shown
}

Placed = tuple[type[np.generic], tuple[int, ...]]


@dataclass(frozen=True)
class Selection:
    """Which layers, heads and tensors to keep; empty tuples are all of them.

    Layers and heads select among the tensors of single heads and of the MLP; the residual stream is always
    kept in full, for every layer rests on those before it.

    Attributes:
        layers: the layers.
        heads: the query heads.
        scores: whether the scores before the softmax are kept.
        tensors: the tensors, by their names in the trace.
        of_one_head: those of `tensors` that a prompt of more than LONG tokens keeps of one head only.
        shown: that head's layer and number; what is None is chosen, see `model_probe.chosen_head`.
        runs: whether the five ways of writing on are kept, which cost forward passes of their own.
    """

    layers: tuple[int, ...] = ()
    heads: tuple[int, ...] = ()
    scores: bool = True
    tensors: tuple[str, ...] = ()
    of_one_head: tuple[str, ...] = ()
    shown: tuple[int | None, int | None] = (None, None)
    runs: bool = False

    def check(self, shape: Shape) -> None:
        """Raise UserError unless there are these tensors and the model has these layers and heads."""
        unknown = [name for name in self.tensors if name not in TENSORS]
        if unknown:
            raise UserError(f"there is no tensor {unknown[0]!r}; those of a trace are {', '.join(TENSORS)}")
        several = [name for name in self.of_one_head if name not in ONE_HEAD]
        if several:
            raise UserError(
                f"{several[0]!r} is no tensor of single heads; those are {', '.join(sorted(ONE_HEAD))}"
            )
        if self.of_one_head and (self.layers or self.heads):
            raise UserError("--one-head keeps one head of all: --layers and --heads have nothing to do")
        for kind, number, count in zip(
            ("layer", "head"), self.shown, (shape.n_layer, shape.n_head), strict=True
        ):
            if number is not None and not 0 <= number < count:
                raise UserError(f"--{kind} {number}: the model has {count} {kind}s, 0 to {count - 1}")
        for kind, chosen, count in (
            ("layer", self.layers, shape.n_layer),
            ("head", self.heads, shape.n_head),
        ):
            wrong = [number for number in chosen if number >= count]
            if wrong:
                raise UserError(
                    f"--{kind}s {','.join(map(str, chosen))}: the model has {count} {kind}s, 0 to {count - 1}"
                )

    def keeps(self, name: str) -> bool:
        """Whether a tensor belongs into the trace."""
        if name in ASKED_ONLY:
            return self.runs or name in self.tensors
        return (not self.tensors or name in self.tensors) and (self.scores or not name.startswith("scores_"))

    def keeps_any(self, *names: str) -> bool:
        """Whether one of these tensors belongs into the trace."""
        return any(map(self.keeps, names))

    @property
    def values(self) -> frozenset[str]:
        """The values of the head that is shown, where they are wanted for what it hands over."""
        return frozenset(("v_LHTK", "v_LCTK") if self.keeps("value_out_SD") else ())

    @property
    def sources(self) -> frozenset[str]:
        """The tensors that others, which are kept, are computed from."""
        return frozenset(chain.from_iterable(SOURCES[name] for name in SOURCES if self.keeps(name)))

    def single(self, n_tokens: int) -> frozenset[str]:
        """The tensors that are kept of one head only."""
        if n_tokens <= LONG:
            return frozenset()
        narrow = frozenset(filter(self.keeps, self.of_one_head)) - self.sources
        return narrow | frozenset(name for name in self.values if not self.keeps(name))

    def kept_layers(self, shape: Shape) -> tuple[int, ...]:
        """The layers to keep, in order."""
        return self.layers or tuple(range(shape.n_layer))

    def kept_heads(self, shape: Shape) -> tuple[int, ...]:
        """The query heads to keep, in order."""
        return self.heads or tuple(range(shape.n_head))

    def kept_kv_heads(self, shape: Shape) -> tuple[int, ...]:
        """The key/value heads that the kept query heads use, in order."""
        return tuple(shared_heads(self.kept_heads(shape), shape.n_head // shape.n_kv_head))


def numbers(text: str) -> tuple[int, ...]:
    """Read a list such as `0,3,5-7`, in ascending order. Raises UserError."""
    chosen: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,4})\s*(?:-\s*(\d{1,4})\s*)?", part, re.ASCII)
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            raise UserError(f"{text!r} is no list of numbers; such as 0,3,5-7 is wanted")
        chosen |= set(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(sorted(chosen))


def planned(shape: Shape, n_tokens: int, selection: Selection) -> dict[str, Placed]:
    """Name → (dtype, shape) of every tensor that one captured run of T tokens is kept for.

    These are the tensors that the selection keeps, and those that others of them are computed from. What the
    family does not have is absent: position vectors where positions are rotary, the middle of a layer where
    attention and MLP read the same stream, a second projection where the MLP has no gate.
    """
    single, wanted = selection.single(n_tokens), selection.sources | selection.values
    if single and None in selection.shown:
        wanted |= set(LAST_ROWS.values())
    return {
        name: (dtype, (1, 1, *sizes[2:]) if name in single else sizes)
        for name, (dtype, sizes) in _all(shape, n_tokens, selection).items()
        if selection.keeps(name) or name in wanted
    }


def _all(shape: Shape, n_tokens: int, selection: Selection) -> dict[str, Placed]:
    """All that can be recorded of the selected layers and heads."""
    layers, heads = len(selection.kept_layers(shape)), len(selection.kept_heads(shape))
    kv_heads = len(selection.kept_kv_heads(shape))
    key_axes = shape.key_axes
    f32: type[np.generic] = np.float32
    once, stream = (n_tokens, shape.d_model), (shape.n_layer, n_tokens, shape.d_model)
    vectors = (n_tokens, shape.d_head)
    squares = (np.float16 if n_tokens > LONG else f32, (layers, heads, n_tokens, n_tokens))
    hidden = (layers, n_tokens, shape.d_mlp)
    rotary, post = shape.positions == "rotary", shape.wiring == "post_norm"
    tensors: dict[str, tuple[bool, Placed]] = {
        "wte_TD": (True, (f32, once)),
        "wpe_TD": (not rotary, (f32, once)),
        "resid_pre_LTD": (True, (f32, stream)),
        "ln1_LTD": (not post, (f32, stream)),
        "q_pre_rope_LHTK": (rotary, (f32, (layers, heads, *vectors))),
        f"k_pre_rope_{key_axes}": (rotary, (f32, (layers, kv_heads, *vectors))),
        "q_LHTK": (True, (f32, (layers, heads, *vectors))),
        f"k_{key_axes}": (True, (f32, (layers, kv_heads, *vectors))),
        f"v_{key_axes}": (True, (f32, (layers, kv_heads, *vectors))),
        "scores_LHTS": (True, squares),
        "pattern_LHTS": (True, squares),
        "scores_last_LHS": (True, (f32, (layers, heads, n_tokens))),
        "pattern_last_LHS": (True, (f32, (layers, heads, n_tokens))),
        "z_LHTK": (True, (f32, (layers, heads, *vectors))),
        "attn_unnormed_LTD": (shape.wiring == "sandwich", (f32, stream)),
        "attn_out_LTD": (True, (f32, stream)),
        "attn_sum_LTD": (post, (f32, stream)),
        "resid_mid_LTD": (shape.wiring != "parallel", (f32, stream)),
        "ln2_LTD": (not post, (f32, stream)),
        "mlp_pre_LTF": (True, (f32, hidden)),
        "mlp_up_LTF": (shape.gated, (f32, hidden)),
        "mlp_post_LTF": (True, (f32, hidden)),
        "neuron_lit_LT": (True, (f32, (shape.n_layer, n_tokens))),
        "neuron_post_LWF": (True, (f32, (shape.n_layer, min(CITIES, n_tokens), shape.d_mlp))),
        "mlp_unnormed_LTD": (shape.wiring == "sandwich", (f32, stream)),
        "mlp_out_LTD": (True, (f32, stream)),
        "mlp_sum_LTD": (post, (f32, stream)),
        "resid_final_TD": (True, (f32, once)),
        "ln_f_TD": (not post, (f32, once)),
    }
    return {name: placed for name, (there, placed) in tensors.items() if there}


def of_weights(shape: Shape, selection: Selection, n_tokens: int) -> dict[str, Placed]:
    """Name → (dtype, shape) of what the model's weights and a second text give: the most it can be.

    What is small whatever the model is (ranks, lengths of pairs) is not counted.
    """
    width, depths, words = shape.d_model, shape.n_layer + 1, shape.n_vocab
    picture = tuple(-(-n // -(-n // most)) for n, most in ((width, ROWS), (words, COLUMNS)))
    f32: type[np.generic] = np.float32
    sizes: dict[str, tuple[int, ...]] = {
        "weight_tiles_PRC": (12, 48, 48),
        "weight_rows_7D": (7, width),
        "wte_picture_RC": picture,
        "unembed_picture_RC": picture,
        "wte_norms_V": (words,),
        "wte_around_E7D": (12, 7, width),
        "space_V3": (words, 3),
        "analogy_vectors_A4D": (3, 4, width),
        "pair_vectors_P2D": (22, 2, width),
        "direction_D": (width,),
        "unembed_ND": (10, width),
        "value_out_SD": (n_tokens, width),
        "head_last_LHD": (len(selection.kept_layers(shape)), len(selection.kept_heads(shape)), width),
        "beside_resid_MD": (depths, width),
        "beside_mid_LD": (shape.n_layer, width),
    }
    return {name: (f32, each) for name, each in sizes.items() if selection.keeps(name)}


def size(placed: Placed) -> int:
    """Bytes of one tensor."""
    return np.dtype(placed[0]).itemsize * math.prod(placed[1])


def total(plan: dict[str, Placed]) -> int:
    """Bytes of a whole plan."""
    return sum(map(size, plan.values()))


def table(plan: dict[str, Placed]) -> list[tuple[str, str, str, int]]:
    """The plan as rows of name, shape, dtype and bytes, the largest first."""
    rows = [
        (name, " × ".join(map(str, placed[1])), np.dtype(placed[0]).name, size(placed))
        for name, placed in plan.items()
    ]
    return sorted(rows, key=lambda row: -row[3])


SMALLER = "--layers, --heads, --no-scores, --tensor or a shorter prompt"


def check_budget(plan: dict[str, Placed], n_tokens: int, budget: int, smaller: str = SMALLER) -> None:
    """Raise PromptError where the plan takes more bytes than the budget; `smaller` names what helps."""
    if total(plan) > budget:
        largest = ", ".join(f"{name} {_mib(bytes_)}" for name, _, _, bytes_ in table(plan)[:3])
        raise PromptError(
            f"the trace of {n_tokens:,} tokens would take {_mib(total(plan))}, over its budget of "
            f"{_mib(budget)} (the largest: {largest}); {smaller} make it smaller, --budget allows more"
        )


def show(plan: dict[str, Placed]) -> None:
    """Print the plan as a table on standard error, where that is a terminal."""
    if not sys.stderr.isatty():
        return
    from rich.console import Console
    from rich.table import Table

    listing = Table("tensor", "shape", "dtype", "size", box=None, padding=(0, 2, 0, 0))
    for name, shape, dtype, bytes_ in table(plan):
        listing.add_row(name, shape, dtype, _mib(bytes_))
    listing.add_row("together", "", "", _mib(total(plan)))
    Console(stderr=True, highlight=False).print(listing)


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.0f} MiB" if size >= 10 << 20 else f"{size / (1 << 20):.2f} MiB"


def room_for(plan: dict[str, Placed]) -> dict[str, NDArray[Any]]:
    """Give every planned tensor its place, not filled yet, in one block of memory.

    A large block is mapped in large pages: the first touch of thousands of small ones takes longer than the
    copying.
    """
    line = 64  # bytes; every place begins on a cache line
    starts = [0, *accumulate(math.ceil(size(placed) / line) * line for placed in plan.values())]
    block = np.empty(starts[-1], np.uint8)
    return {
        name: block[start : start + size(placed)].view(placed[0]).reshape(placed[1])
        for (name, placed), start in zip(plan.items(), starts, strict=False)
    }


class Recording:
    """Arrays for every planned tensor, filled layer by layer while the model computes.

    Everything goes straight into its place, so a long prompt needs the room for its trace and no more.

    Attributes:
        tensors: the arrays, by their names in the trace.
        last_only: of all these, which have a row a token, only the last token's is kept.
        last: the last token's rows of further tensors, of all layers and heads, without the axis of tokens.
    """

    def __init__(
        self,
        shape: Shape,
        n_tokens: int,
        selection: Selection | None = None,
        only: Collection[str] | None = None,
        *,
        last_only: bool = False,
        last: Collection[str] = (),
    ) -> None:
        selection = selection or Selection()
        plan = planned(shape, 1 if last_only else n_tokens, selection)
        self.tensors = room_for({name: plan[name] for name in plan if only is None or name in only})
        self.filled: dict[str, int] = dict.fromkeys(self.tensors, 0)
        self._row = {layer: row for row, layer in enumerate(selection.kept_layers(shape))}
        self._heads = list(selection.kept_heads(shape)) if selection.heads else None
        self._kv_heads = list(selection.kept_kv_heads(shape)) if selection.heads else None
        self._n_layer = shape.n_layer
        self._masks: list[NDArray[np.uint8]] = []
        self.last_only = last_only
        self.last = {
            name: np.full((*sizes[:-2], sizes[-1]), np.nan, np.float32)
            for name, (_, sizes) in _all(shape, n_tokens, Selection()).items()
            if name in last
        }

    def reads(self, name: str) -> bool:
        """Whether anything of a tensor is kept."""
        return name in self.tensors or name in self.last

    def last_of(self, name: str, layer: int | None = None) -> NDArray[np.float32] | None:
        """Where the last token's row of a tensor goes, of one layer or the whole; None: nowhere."""
        rows = self.last.get(name)
        return rows if rows is None or layer is None else rows[layer]

    def place(self, name: str, layer: int | None = None) -> NDArray[Any] | None:
        """Where a tensor goes, a layer of it or the whole; None where it is not kept."""
        array = self.tensors.get(name)
        if array is None:
            return None
        if layer is not None:
            row = layer if "_LTD" in name or name.startswith("neuron_") else self._row.get(layer)
            if row is None:
                return None
            array = array[row]
        self.filled[name] += 1
        return array

    def wants(self, name: str, layer: int) -> bool:
        """Whether a layer of a tensor of single heads has a place."""
        return name in self.tensors and layer in self._row

    def heads_of(self, name: str) -> list[int] | None:
        """Which heads of a tensor with heads in front are kept; None: all of them."""
        if name.endswith(("_LHTK", "_LHTS", "_LHS")):
            # keys and values have as many heads as queries here
            return self._heads
        return self._kv_heads if name.endswith("_LCTK") else None

    def keep(self, name: str, value: NDArray[Any], layer: int | None = None) -> None:
        """Copy an array into its place, if it has one."""
        last = self.last_of(name, layer)
        if last is not None:
            np.copyto(last, value[..., -1, :])
        place = self.place(name, layer)
        if place is not None:
            heads = self.heads_of(name)
            value = value if heads is None else value[heads]
            value = value[-1:] if self.last_only else value
            if place.dtype == np.float16:
                for row, part in zip(place, value, strict=True):  # by head: room for one is enough
                    to_half(part, row)
            else:
                np.copyto(place, value)

    def keep_mask(self, mask_TS: NDArray[np.uint8]) -> None:
        """Keep one layer's mask; 1: the query may look at the key."""
        self._masks.append(mask_TS)

    def finished(self) -> dict[str, NDArray[Any]]:
        """Give the tensors, with the mask: one where all layers have the same, else one a layer.

        Raises:
            ModelError: a tensor was not met once in every layer; the message says which.
        """
        for name, times in {**self.filled, "mask_TS": len(self._masks)}.items():
            expected = (
                self._n_layer if name == "mask_TS" else self.tensors[name].shape[0] if "_L" in name else 1
            )
            if times != expected:
                raise ModelError(f"{name} was met {times} times in the model's run, not {expected}")
        first = self._masks[0]
        same = all(mask is first or np.array_equal(mask, first) for mask in self._masks)
        masks = {"mask_TS": first} if same else {"mask_LTS": np.stack([self._masks[n] for n in self._row])}
        return {**self.tensors, **masks}
