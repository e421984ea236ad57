"""The trace: everything one run of a model computed, in one safetensors file.

Needs numpy and safetensors only, so what draws a trace needs neither torch nor a model. Tensor names end in
their axes: L layer, H head, C head of keys and values where query heads share them, T query position, S key
position, D residual width, K head width, F MLP width, V vocabulary, G generation step, E beam, N top-n, M
depth (L + 1 readings of the residual stream), W last positions. What a family does not have is absent.
"""

import contextlib
import hashlib
import itertools
import json
import operator
import os
import re
import secrets
import stat
import sys
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from model_probe import trace_contents
from model_probe.errors import MissingTensor, TraceError
from model_probe.shape import shared_heads

SCHEMA = "1.4"
METADATA_KEY = "model_probe"
LARGEST = 100_000_000  # no model has a size above it

_FLOAT = ("F32",)
_SHORT = ("F32", "F16")  # T² tensors: half precision in long traces
_INT = ("I64",)

# name → (accepted dtypes, axes); `meanings.py` says what each is. A number is that size; letters that the
# facts do not fix (B bytes, P pieces, J merges, R repeated sequence, G, E, N, W) and words are free. Small
# letters are layers, heads and key/value heads that may have been selected: the file then holds those only.
TENSORS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "token_ids_T": (_INT, ("T",)),
    "prompt_bytes_B": (("U8",), ("B",)),
    "prompt_offsets_T1": (_INT, ("T+1",)),
    "vocab_bytes_B": (("U8",), ("B",)),
    "vocab_offsets_V1": (_INT, ("V+1",)),
    "piece_starts_P": (_INT, ("P",)),
    "merge_steps_J3": (("I32",), ("J", "3")),
    "typo_span_2": (_INT, ("2",)),
    "typo_ids_U": (_INT, ("U",)),
    "typo_bytes_B": (("U8",), ("B",)),
    "typo_offsets_U1": (_INT, ("U+1",)),
    "wte_TD": (_FLOAT, ("T", "D")),
    "wpe_TD": (_FLOAT, ("T", "D")),
    "resid_pre_LTD": (_FLOAT, ("L", "T", "D")),
    "ln1_LTD": (_FLOAT, ("L", "T", "D")),
    "q_pre_rope_LHTK": (_FLOAT, ("l", "h", "T", "K")),
    "k_pre_rope_LHTK": (_FLOAT, ("l", "h", "T", "K")),
    "k_pre_rope_LCTK": (_FLOAT, ("l", "c", "T", "K")),
    "q_LHTK": (_FLOAT, ("l", "h", "T", "K")),
    "k_LHTK": (_FLOAT, ("l", "h", "T", "K")),
    "k_LCTK": (_FLOAT, ("l", "c", "T", "K")),
    "v_LHTK": (_FLOAT, ("l", "h", "T", "K")),
    "v_LCTK": (_FLOAT, ("l", "c", "T", "K")),
    "scores_LHTS": (_SHORT, ("l", "h", "T", "T")),
    "pattern_LHTS": (_SHORT, ("l", "h", "T", "T")),
    "scores_last_LHS": (_FLOAT, ("l", "h", "T")),
    "pattern_last_LHS": (_FLOAT, ("l", "h", "T")),
    "mask_TS": (("U8",), ("T", "T")),
    "mask_LTS": (("U8",), ("l", "T", "T")),
    "z_LHTK": (_FLOAT, ("l", "h", "T", "K")),
    "attn_unnormed_LTD": (_FLOAT, ("L", "T", "D")),
    "attn_out_LTD": (_FLOAT, ("L", "T", "D")),
    "attn_sum_LTD": (_FLOAT, ("L", "T", "D")),
    "resid_mid_LTD": (_FLOAT, ("L", "T", "D")),
    "ln2_LTD": (_FLOAT, ("L", "T", "D")),
    "mlp_pre_LTF": (_FLOAT, ("l", "T", "F")),
    "mlp_up_LTF": (_FLOAT, ("l", "T", "F")),
    "mlp_post_LTF": (_FLOAT, ("l", "T", "F")),
    "mlp_unnormed_LTD": (_FLOAT, ("L", "T", "D")),
    "mlp_out_LTD": (_FLOAT, ("L", "T", "D")),
    "mlp_sum_LTD": (_FLOAT, ("L", "T", "D")),
    "resid_final_TD": (_FLOAT, ("T", "D")),
    "ln_f_TD": (_FLOAT, ("T", "D")),
    "logits_last_V": (_FLOAT, ("V",)),
    "top_ids_TN": (_INT, ("T", "N")),
    "top_logits_TN": (_FLOAT, ("T", "N")),
    "logsumexp_T": (_FLOAT, ("T",)),
    "next_rank_T": (_INT, ("T-1",)),
    "next_logprob_T": (_FLOAT, ("T-1",)),
    "lens_ids_MWN": (_INT, ("L+1", "W", "N")),
    "lens_logprobs_MWN": (_FLOAT, ("L+1", "W", "N")),
    "lens_rank_MW": (_INT, ("L+1", "W")),
    "step_logits_GV": (_FLOAT, ("G", "V")),
    "step_scaled_GV": (_FLOAT, ("G", "V")),
    "step_kept_GV": (("U8",), ("G", "V")),
    "step_ids_G": (_INT, ("G",)),
    "step_uniform_G": (("F64",), ("G",)),
    "beam_ids_GE": (_INT, ("G", "E")),
    "beam_parents_GE": (_INT, ("G", "E")),
    "beam_logprobs_GE": (("F64",), ("G", "E")),
    "cache_gap_LT": (_FLOAT, ("L", "T")),
    "again_size_LT1": (_FLOAT, ("L", "T+1")),
    "again_k_TK": (_FLOAT, ("T", "K")),
    "runs_lengths_R": (_INT, ("ways",)),
    "runs_ids_RG": (_INT, ("ways", "written")),
    "runs_logprobs_RG": (_FLOAT, ("ways", "written")),
    "runs_kept_RG": (_INT, ("ways", "written")),
    "runs_mass_RG": (_FLOAT, ("ways", "written")),
    "runs_uniform_RG": (("F64",), ("ways", "written")),
    "runs_spans_RG2": (("F64",), ("ways", "written", "2")),
    "runs_top_ids_RGN": (_INT, ("ways", "written", "likeliest")),
    "runs_top_logprobs_RGN": (_FLOAT, ("ways", "written", "likeliest")),
    "runs_beam_ids_GE": (_INT, ("searched", "searching")),
    "runs_beam_parents_GE": (_INT, ("searched", "searching")),
    "runs_beam_logprobs_GE": (("F64",), ("searched", "searching")),
    "value_out_SD": (_FLOAT, ("T", "D")),
    "head_last_LHD": (_FLOAT, ("l", "h", "D")),
    "neuron_lit_LT": (_FLOAT, ("L", "T")),
    "neuron_post_LWF": (_FLOAT, ("L", "last tokens", "F")),
    "neuron_ids_LN": (_INT, ("L", "strongest")),
    "neuron_strengths_LN": (_FLOAT, ("L", "strongest")),
    "neuron_logits_LN": (_FLOAT, ("L", "strongest")),
    "neuron_tokens_LN": (_INT, ("L", "promoted")),
    "neuron_token_logits_LN": (_FLOAT, ("L", "promoted")),
    "neuron_likeness_L": (_FLOAT, ("L",)),
    "neuron_shown_2": (_INT, ("2",)),
    "neuron_in_D": (_FLOAT, ("D",)),
    "neuron_pre_F": (_FLOAT, ("F",)),
    "neuron_up_F": (_FLOAT, ("F",)),
    "neuron_pre_weight_D": (_FLOAT, ("D",)),
    "neuron_pre_bias_1": (_FLOAT, ("1",)),
    "neuron_up_weight_D": (_FLOAT, ("D",)),
    "neuron_up_bias_1": (_FLOAT, ("1",)),
    "neuron_out_weight_D": (_FLOAT, ("D",)),
    "head_previous_LH": (_FLOAT, ("L", "H")),
    "head_first_LH": (_FLOAT, ("L", "H")),
    "head_self_LH": (_FLOAT, ("L", "H")),
    "head_induction_LH": (_FLOAT, ("L", "H")),
    "induction_ids_R": (_INT, ("R",)),
    "induction_pattern_RR": (_FLOAT, ("2R", "2R")),
    "query_weight_KD": (_FLOAT, ("K", "D")),
    "query_bias_K": (_FLOAT, ("K",)),
    "key_weight_KD": (_FLOAT, ("K", "D")),
    "key_bias_K": (_FLOAT, ("K",)),
    "weight_tiles_PRC": (_FLOAT, ("tiles", "48", "48")),
    "weight_tile_sizes_P2": (_INT, ("tiles", "2")),
    "weight_tile_kinds_P": (_INT, ("tiles",)),
    "weight_rows_7D": (_FLOAT, ("rows", "D")),
    "weight_rows_bias_7": (_FLOAT, ("rows",)),
    "wte_picture_RC": (_FLOAT, ("picture rows", "picture columns")),
    "wte_norms_V": (_FLOAT, ("V",)),
    "around_ids_E7": (_INT, ("shelves", "neighbours")),
    "wte_around_E7D": (_FLOAT, ("shelves", "neighbours", "D")),
    "space_V3": (_FLOAT, ("V", "3")),
    "space_explained_3": (_FLOAT, ("3",)),
    "near_ids_E": (_INT, ("near",)),
    "nearest_ids_EN": (_INT, ("near", "nearest")),
    "nearest_cosines_EN": (_FLOAT, ("near", "nearest")),
    "analogy_ids_A4": (_INT, ("analogies", "4")),
    "analogy_vectors_A4D": (_FLOAT, ("analogies", "4", "D")),
    "analogy_ranks_A2": (_INT, ("analogies", "2")),
    "analogy_cosines_A": (_FLOAT, ("analogies",)),
    "analogy_top_ids_AN": (_INT, ("analogies", "analogy top")),
    "analogy_top_cosines_AN": (_FLOAT, ("analogies", "analogy top")),
    "knot_ids_N": (_INT, ("knot",)),
    "knot_cosines_N": (_FLOAT, ("knot",)),
    "direction_D": (_FLOAT, ("D",)),
    "pair_ids_P2": (_INT, ("pairs", "2")),
    "pair_vectors_P2D": (_FLOAT, ("pairs", "2", "D")),
    "pair_dots_P2": (_FLOAT, ("pairs", "2")),
    "pair_norms_P2": (_FLOAT, ("pairs", "2")),
    "pair_cosines_P2": (_FLOAT, ("pairs", "2")),
    "random_ids_R2": (_INT, ("random pairs", "2")),
    "random_cosines_R": (_FLOAT, ("random pairs",)),
    "beside_ids_T": (_INT, ("beside",)),
    "beside_bytes_B": (("U8",), ("B",)),
    "beside_offsets_T1": (_INT, ("beside+1",)),
    "beside_resid_MD": (_FLOAT, ("L+1", "D")),
    "beside_mid_LD": (_FLOAT, ("L", "D")),
    "beside_lens_ids_MN": (_INT, ("L+1", "N")),
    "beside_lens_logprobs_MN": (_FLOAT, ("L+1", "N")),
    "unembed_ids_N": (_INT, ("N",)),
    "unembed_ND": (_FLOAT, ("N", "D")),
    "unembed_picture_RC": (_FLOAT, ("picture rows", "picture columns")),
    "dla_ids_2": (_INT, ("2",)),
    "dla_logit_2": (_FLOAT, ("2",)),
    "dla_scale_1": (_FLOAT, ("1",)),
    "dla_embed_2": (_FLOAT, ("2",)),
    "dla_position_2": (_FLOAT, ("2",)),
    "dla_attn_2L": (_FLOAT, ("2", "L")),
    "dla_head_2LH": (_FLOAT, ("2", "L", "H")),
    "dla_attn_bias_2L": (_FLOAT, ("2", "L")),
    "dla_mlp_2L": (_FLOAT, ("2", "L")),
    "dla_norm_bias_2": (_FLOAT, ("2",)),
    "dla_source_2T": (_FLOAT, ("2", "T")),
}

# what may be kept of one layer and head alone
ONE_HEAD = frozenset(
    name for name, (_, axes) in TENSORS.items() if len(axes) == 4 and axes[:2] in (("l", "h"), ("l", "c"))
)

# forward passes of their own: not recorded unless they are asked for by name or with --runs
ASKED_ONLY = frozenset(name for name in TENSORS if name.startswith("runs_"))

# what is kept of the head that scenes show by themselves; see `Facts.projected`
PROJECTION = ("query_weight_KD", "query_bias_K", "key_weight_KD", "key_bias_K")
OF_SHOWN = (*PROJECTION, "again_k_TK", "value_out_SD")

# what a run of the prompt and a token more says of the cache; see `reuse.py`
REUSED = ("cache_gap_LT", "again_size_LT1", "again_k_TK")

# tensor → the one that has the last query's rows of it; traces before schema 1.2 have the whole only
LAST_ROWS = {"scores_LHTS": "scores_last_LHS", "pattern_LHTS": "pattern_last_LHS"}

_SELECTED = {"l": "layer", "h": "head", "c": "key/value head"}  # axes that may have been selected

_DTYPES = {
    code: np.dtype(name)
    for code, name in {
        "F16": "float16", "F32": "float32", "F64": "float64", "I32": "int32", "I64": "int64", "U8": "uint8"
    }.items()
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a trace says about its run, beside the tensors."""

    schema: str = SCHEMA
    model: str  # what was asked: "openai-community/gpt2", a directory, "storyteller"
    model_name: str  # for the picture: "GPT-2 124M"
    model_note: str  # why this model ran; "" if it is the one asked for
    weights_sha256: str
    family: str
    n_layer: int
    n_head: int
    d_model: int
    d_head: int
    d_mlp: int
    n_ctx: int
    n_vocab: int
    n_parameters: int
    parameters: dict[str, int]  # tally by category; the values add up to n_parameters
    tied_unembedding: bool
    activation: str
    scale: float  # what q·k is multiplied by: 1/√d_head in most families
    layer_norm_epsilon: float
    prompt: str
    seed: int
    sampling: dict[str, Any]
    device: str
    dtype: str
    versions: dict[str, str]
    checks: dict[str, float]  # measured errors of the self-check
    # Since 1.1; the values stand for those of older traces, which are all of GPT-2s
    n_kv_head: int | None = None  # heads of keys and values; None: n_head
    wiring: str = "sequential"  # where the norms stand; see `model_probe.shape.Shape`
    positions: str = "learned"  # or "rotary"
    norm: str = "layer"  # or "rms"
    gated: bool = False  # whether the MLP has a gate
    attention_softcap: float | None = None
    logit_softcap: float | None = None
    added_tokens: int = 0  # tokens before the prompt that the tokenizer put there (beginning of text)
    engine: str = "transformers"  # the code that computed: that, or "numpy"
    precision: str = "highest"  # torch's float32_matmul_precision
    content_sha256: str = ""  # of these facts and the tensors; see `Trace.check_bytes`
    layers: list[int] = field(default_factory=list)  # the layers kept of what may be selected; []: all
    heads: list[int] = field(default_factory=list)  # the query heads kept; []: all
    # Since 1.2
    added_after: int = 0  # tokens behind the prompt that the tokenizer put there (end of text)
    message: str | None = None  # what the user wrote, where the prompt is a chat around it
    # Where the tokens, those added aside, do not join to the prompt byte for byte: the first places, each
    # with "at" (character of the prompt), "given" and "read", and how many there are; see `changes.py`
    changes: list[dict[str, Any]] = field(default_factory=list)
    changed_places: int = 0
    asked: list[str] = field(default_factory=list)  # the tensors that were to be kept; []: all
    projected: list[int] = field(default_factory=list)  # layer and head of what `OF_SHOWN` names
    one_head: dict[str, list[int]] = field(default_factory=dict)  # tensor → layer, query head: all it holds
    quantization: str = ""  # how the weights were stored in the GGUF file they are from: "Q4_1"
    # Since 1.3
    beside: str | None = None  # the second text that was given
    beside_how: str = ""  # what beside_ids_T are: "given", "reversed" or "twice"; see `beside.py`
    # Since 1.4
    windows: list[int] = field(
        default_factory=list
    )  # tokens each layer sees, its own too; 0: all; []: all do

    @property
    def credit(self) -> str:
        """The model's name, and how its weights were stored where that is said: "SmolLM2 135M · Q4_1"."""
        return f"{self.model_name} · {self.quantization}" if self.quantization else self.model_name

    @property
    def kv_heads(self) -> int:
        """The number of heads of keys and values."""
        return self.n_kv_head or self.n_head

    @property
    def group(self) -> int:
        """How many query heads share one head of keys and values."""
        return self.n_head // self.kv_heads

    @property
    def key_axes(self) -> str:
        """The axes of keys and values: with query heads, or with heads that those share."""
        return "LHTK" if self.group == 1 else "LCTK"

    def kept(self, axis: str, name: str = "") -> Sequence[int]:
        """Which numbers an axis of `TENSORS` that may be selected holds, "l", "h" or "c", in one tensor."""
        if name in self.one_head:
            layer, head = self.one_head[name]
            return [{"l": layer, "h": head, "c": head // self.group}[axis]]
        if axis == "l":
            return self.layers or range(self.n_layer)
        if axis == "c" and not self.heads:
            return range(self.kv_heads)
        heads = self.heads or range(self.n_head)
        return heads if axis == "h" else shared_heads(heads, self.group)

    def to_json(self) -> str:
        """Write the metadata value; sorted, so that equal facts are equal bytes."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), allow_nan=False)

    @classmethod
    def from_json(cls, text: str, path: Path) -> Self:
        """Read the metadata value; keys of later minor versions are ignored."""
        try:
            values = json.loads(text)
            schema = values["schema"]
            if not re.fullmatch(r"\d{1,4}\.\d{1,4}", schema, re.ASCII):
                raise ValueError(f"the schema is {schema!r:.80}")
            major = int(schema.partition(".")[0])
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise TraceError(f"{path}: the trace's metadata cannot be read ({_first_line(error)})") from None
        if major != int(SCHEMA.partition(".")[0]):
            raise TraceError(f"{path} has trace schema {schema}; this version reads {SCHEMA} and its like")
        hints = _hints()
        known: dict[str, Any] = {}
        for entry in fields(cls):
            if entry.name not in values and not (
                entry.default is MISSING and entry.default_factory is MISSING
            ):
                continue
            value = values.get(entry.name)
            if not _is_a(value, hints[entry.name]):
                raise TraceError(f"{path}: the trace's metadata has no sound {entry.name!r}: {value!r:.80}")
            known[entry.name] = value
        facts = cls(**known)
        facts._check_selection(path)
        return facts

    def _check_selection(self, path: Path) -> None:
        """Raise TraceError unless the sizes and the kept layers and heads can be."""
        shape = (self.n_layer, self.n_head, self.kv_heads, self.d_model, self.d_head, self.d_mlp)
        sound = min(*shape, self.n_ctx, self.n_vocab) > 0 and self.n_head % self.kv_heads == 0
        sound = (
            sound
            and max(*shape, self.n_ctx, self.n_vocab) <= LARGEST
            and min(self.added_tokens, self.added_after) >= 0
        )
        for kept, count in ((self.layers, self.n_layer), (self.heads, self.n_head)):
            numbers = all(isinstance(n, int) and 0 <= n < count for n in kept)
            sound = sound and numbers and kept == sorted(set(kept))
        sound = sound and all(isinstance(name, str) for name in self.asked)
        sound = sound and len(self.windows) in (0, self.n_layer)
        sound = sound and all(isinstance(n, int) and 0 <= n <= LARGEST for n in self.windows)
        for name, single in self.one_head.items():
            numbers = len(single) == 2 and all(isinstance(n, int) for n in single)
            sound = sound and name in ONE_HEAD and numbers
            sound = sound and 0 <= single[0] < self.n_layer and 0 <= single[1] < self.n_head
        if self.projected:
            sound = sound and len(self.projected) == 2 and all(isinstance(n, int) for n in self.projected)
            sound = sound and 0 <= self.projected[0] < self.n_layer and 0 <= self.projected[1] < self.n_head
        if not sound:
            raise TraceError(f"{path}: the trace's metadata has sizes that no model has")


@cache
def _hints() -> dict[str, Any]:
    return typing.get_type_hints(Facts)


def _is_a(value: Any, hint: Any) -> bool:
    """Whether a JSON value is of a field's type.

    A whole number is a float, too, but true is no number, and neither is what arithmetic cannot take: more
    than a double holds. Text has to be what UTF-8 can write.
    """
    if isinstance(hint, types.UnionType):
        return any(_is_a(value, kind) for kind in typing.get_args(hint))
    kind, parts = typing.get_origin(hint) or hint, typing.get_args(hint)
    if kind is Any:
        return not isinstance(value, (int, float, str)) or _is_a(value, bool | int | float | str)
    if kind is dict:
        return isinstance(value, dict) and all(_is_a(one, parts[1]) for one in value.values())
    if kind in (int, float):
        number = isinstance(value, (int, float) if kind is float else int) and not isinstance(value, bool)
        return number and abs(value) < sys.float_info.max
    if kind is str:
        return isinstance(value, str) and not re.search("[\ud800-\udfff]", value)
    if kind is list and typing.get_origin(parts[0]) is dict:
        return isinstance(value, list) and all(_is_a(one, parts[0]) for one in value)
    return isinstance(value, kind)


def _first_line(error: Exception) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]


class Tensor:
    """One tensor of a trace, read only where it is indexed.

    ``pattern[l, h]`` and ``pattern[l, h, :, :5]`` read just that part, ``np.asarray(pattern)`` everything,
    into a C-contiguous array of its own. Half precision comes back as float32. Integers, slices with a
    positive step and ``...`` are understood. Layers and heads are numbered as in the model; where only some
    were kept, they are read one by one. Raises TraceError where a value read is not finite, and MissingTensor
    for a layer or head that was not kept.
    """

    def __init__(self, path: Path, name: str, stored: Any, facts: Facts) -> None:
        self._path, self._name, self._stored = path, name, stored
        axes = TENSORS[name][1]
        full = {"l": facts.n_layer, "h": facts.n_head, "c": facts.kv_heads}
        self._rows = {  # axis → number in the model → row in the file, where not all were kept
            axis: {number: row for row, number in enumerate(kept)}
            for axis, letter in enumerate(axes)
            if letter in full and len(kept := facts.kept(letter, name)) < full[letter]
        }
        sizes = zip(axes, stored.get_shape(), strict=True)
        self.shape: tuple[int, ...] = tuple(full.get(letter, size) for letter, size in sizes)
        stored_dtype = _DTYPES[stored.get_dtype()]
        self.dtype = np.dtype(np.float32) if stored_dtype == np.float16 else stored_dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> NDArray[Any]:
        items = index if isinstance(index, tuple) else (index,)
        if any(item is Ellipsis for item in items):
            gap = next(i for i, item in enumerate(items) if item is Ellipsis)
            missing = self.ndim - (len(items) - 1)
            items = (*items[:gap], *[slice(None)] * missing, *items[gap + 1 :])
        if len(items) > self.ndim:
            raise IndexError(f"{self._name} has {self.ndim} axes, {len(items)} indices were given")
        items += (slice(None),) * (len(self._rows) and self.ndim - len(items))
        sizes = self.shape[: len(items)]
        cuts = tuple(map(self._cut, range(len(items)), items, sizes))
        # safetensors refuses to cut what holds nothing, such as the merges of a prompt without any
        stored = self._stored[cuts] if 0 not in self.shape else np.empty(self.shape, self.dtype)[cuts]
        values: NDArray[Any] = np.ascontiguousarray(stored, dtype=self.dtype)
        if self.dtype.kind == "f" and not np.isfinite(values).all():
            raise TraceError(f"{self._path}: {self._name} holds values that are not finite")
        single = len(cuts) == self.ndim and all(isinstance(cut, int) for cut in cuts)
        return values.reshape(()) if single else values  # ascontiguousarray gives one number an axis

    def _cut(self, axis: int, item: Any, size: int) -> int | slice:
        rows = self._rows.get(axis)
        if isinstance(item, slice):
            start, stop, step = item.indices(size)
            if step < 1:
                raise IndexError(f"{self._name}: a slice runs forward, not by {step}")
            if rows is not None:
                raise self._not_kept(axis, "all of them are")
            return slice(start, stop, step) if start < stop else slice(0, 0, 1)
        number = operator.index(item)
        if not -size <= number < size:
            raise IndexError(f"{self._name}: index {number} on an axis of {size}")
        number %= size
        if rows is None:
            return number
        if number not in rows:
            raise self._not_kept(axis, f"{number} is")
        return rows[number]

    def _not_kept(self, axis: int, wanted: str) -> MissingTensor:
        kind = _SELECTED[TENSORS[self._name][1][axis]]
        kept = ", ".join(map(str, self._rows[axis]))
        return MissingTensor(f"{self._path} keeps only {kind} {kept} of {self._name}; {wanted} wanted")

    def rows(self) -> Iterator[NDArray[Any]]:
        """All that the file holds of it, as it is stored; a large one in pieces."""
        stored, shape = self._stored, self._stored.get_shape()
        step = 1 if len(shape) > 2 else max(1, shape[0])
        for row in range(0, shape[0] if 0 not in shape else 0, step):
            yield np.ascontiguousarray(stored[row : row + step])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError(f"{self._name} is in a file: reading it always copies")
        values = self[...]
        return values if dtype is None else values.astype(dtype, copy=False)

    def __repr__(self) -> str:
        return f"<{self._name} {self.dtype} {self.shape} of {self._path}>"


class Trace:
    """A trace opened for reading; every tensor of `TENSORS` that it holds is an attribute of that name."""

    def __init__(self, path: Path, file: Any, facts: Facts) -> None:
        self.path, self._file, self.facts = path, file, facts
        self._names = frozenset(file.keys())
        self._open: dict[str, Tensor] = {}
        self._digests: dict[tuple[str, tuple[int, ...]], str] = {}

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a trace and check its schema and the dtype and shape of every known tensor.

        Raises TraceError where there is no such file, or it is cut short, damaged, not a trace, or from a
        later major version of the schema.
        """
        path = Path(path)
        try:
            if path.is_dir():
                raise TraceError(f"{path} is a directory; a trace file is wanted")
            if not path.exists():
                raise TraceError(f"{path} does not exist; a trace file is wanted")
            if not path.is_file():
                raise TraceError(f"{path} is not a regular file; a trace file is wanted")
            file: Any = safe_open(path, framework="numpy")
        except (OSError, ValueError) as error:  # ValueError: a path with a NUL
            raise TraceError(f"{path} cannot be read: {_first_line(error)}") from None
        except SafetensorError as error:
            raise TraceError(f"{path} is cut short or not a trace ({_first_line(error)})") from None
        metadata = file.metadata() or {}
        if METADATA_KEY not in metadata:
            raise TraceError(
                f"{path} is a safetensors file, but no trace: it has no {METADATA_KEY!r} metadata"
            )
        facts = Facts.from_json(metadata[METADATA_KEY], path)
        slices = {name: file.get_slice(name) for name in file.keys() if name in TENSORS}  # noqa: SIM118 not a dict
        _check({n: (s.get_dtype(), tuple(s.get_shape())) for n, s in slices.items()}, facts, path)
        trace = cls(path, file, facts)
        trace_contents.check(trace)
        return trace

    def has(self, name: str) -> bool:
        """Whether the trace holds this tensor."""
        return name in self._names

    @property
    def tensor_names(self) -> list[str]:
        """The known tensors that the trace holds, in the schema's order."""
        return [name for name in TENSORS if name in self._names]

    def __getattr__(self, name: str) -> Tensor:
        if name not in TENSORS:
            raise AttributeError(f"a trace has no attribute {name!r}")
        if name not in self._names:
            raise MissingTensor(self.lacks(name))
        if name not in self._open:
            self._open[name] = Tensor(self.path, name, self._file.get_slice(name), self.facts)
        return self._open[name]

    def lacks(self, name: str) -> str:
        """Say that a tensor is not there, and why that may be."""
        asked = self.facts.asked
        if name in ASKED_ONLY:
            return f"{self.path} has no {name}: it was recorded without; --runs records it"
        without = "it was recorded without" if asked and name not in asked else ""
        if name in REUSED and self.n_tokens == self.facts.n_ctx:
            without = "the prompt fills the context, so no step can follow; a shorter one leaves room"
        why = without or f"{self.facts.model_name} has none, or it was recorded without"
        return f"{self.path} has no {name}: {why}"

    def keys(self, layer: int, head: int) -> NDArray[np.float32]:
        """One query head's (T, K) keys, of its own or shared with its neighbours. Raises MissingTensor."""
        return self._shared("k", layer, head)

    def values(self, layer: int, head: int) -> NDArray[np.float32]:
        """One query head's (T, K) values, of its own or shared with its neighbours. Raises MissingTensor."""
        return self._shared("v", layer, head)

    def _shared(self, kind: str, layer: int, head: int) -> NDArray[np.float32]:
        facts = self.facts
        found: NDArray[np.float32] = getattr(self, f"{kind}_{facts.key_axes}")[layer, head // facts.group]
        return found

    def mask(self, layer: int) -> NDArray[np.uint8]:
        """One layer's (T, S) mask, 1 where the query may look at the key. Raises MissingTensor."""
        mask_TS: NDArray[np.uint8] = self.mask_LTS[layer] if self.has("mask_LTS") else self.mask_TS[:]
        return mask_TS

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file, in hexadecimal."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @cached_property
    def run(self) -> str:
        """SHA-256 of what ran on what; traces of one run have the same, whichever tensors they keep."""
        values = asdict(self.facts)
        for of_the_file in ("checks", "content_sha256", "layers", "heads", "asked", "one_head", "projected"):
            del values[of_the_file]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()

    def digest_of(self, name: str, part: tuple[int, ...] = ()) -> str:
        """SHA-256 of a tensor, or of its part at these places of its first axes. Raises MissingTensor."""
        if (name, part) not in self._digests:
            tensor: Tensor = getattr(self, name)
            hasher = hashlib.sha256(f"{tensor.dtype} {tensor.shape}".encode())
            for values in (tensor[part],) if part else tensor.rows():
                hasher.update(values.data)
            self._digests[name, part] = hasher.hexdigest()
        return self._digests[name, part]

    @property
    def n_tokens(self) -> int:
        """T, the prompt's number of tokens."""
        return self.token_ids_T.shape[0]

    def check_bytes(self) -> None:
        """Read everything and compare it with the digest that the trace was written with.

        Opening a trace does not do this: it takes as long as reading the whole file.

        Raises:
            TraceError: they are others.
        """
        wanted = self.facts.content_sha256
        if not wanted and int(self.facts.schema.partition(".")[2] or 0) < 1:
            return
        hasher = hashlib.sha256(self._file.metadata()[METADATA_KEY].replace(wanted or " ", "").encode())
        try:
            for name in sorted(self._names):
                _hash_tensor(hasher, name, self._file.get_tensor(name))
        except (SafetensorError, ValueError, TypeError) as error:
            raise TraceError(f"{self.path} is damaged ({_first_line(error)})") from None
        if hasher.hexdigest() != wanted:
            raise TraceError(f"{self.path} is damaged: it is not what was written")

    @cached_property
    def tokens(self) -> list[bytes]:
        """The prompt's T tokens as bytes.

        Joined, without those that were added, they are the prompt in UTF-8, but for `Facts.changes`.

        Raises:
            MissingTensor: they were not recorded.
        """
        return self._strings("prompt_bytes_B", "prompt_offsets_T1")

    @cached_property
    def typo_tokens(self) -> list[bytes]:
        """The misspelling's tokens as bytes. Raises MissingTensor."""
        return self._strings("typo_bytes_B", "typo_offsets_U1")

    def token_bytes(self, token_id: int) -> bytes | None:
        """Look up a token's bytes; None where the trace has no vocabulary or the tokenizer no such token.

        A model may have more rows than its tokenizer has tokens, to fill up to a round number.
        """
        if not (self.has("vocab_bytes_B") and self.has("vocab_offsets_V1")):
            return None
        if not 0 <= token_id < self.facts.n_vocab:
            raise IndexError(f"token id {token_id} outside the vocabulary of {self.facts.n_vocab}")
        return self._vocabulary[token_id] or None

    def token_name(self, token_id: int) -> bytes:
        """What stands for a token of the vocabulary: its bytes, or its number, #12345, where it has none."""
        return self.token_bytes(token_id) or f"#{token_id}".encode()

    @cached_property
    def _vocabulary(self) -> list[bytes]:
        return self._strings("vocab_bytes_B", "vocab_offsets_V1")

    def _strings(self, bytes_name: str, offsets_name: str) -> list[bytes]:
        joined: bytes = getattr(self, bytes_name)[:].tobytes()
        offsets = getattr(self, offsets_name)[:].tolist()
        return [joined[start:stop] for start, stop in itertools.pairwise(offsets)]


def _hash_tensor(hasher: Any, name: str, values: NDArray[Any]) -> None:
    """Add a tensor to a digest, in C order and little-endian, as it lies in the file."""
    hasher.update(f"{name} {values.dtype.name} {values.shape}\n".encode())
    hasher.update(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).data)


def write_trace(path: str | os.PathLike[str], tensors: Mapping[str, NDArray[Any]], facts: Facts) -> Path:
    """Write a trace under a temporary name in the same directory and rename it when whole.

    Missing directories are made. `tensors` holds arrays, in any memory order, under names of `TENSORS`;
    `token_ids_T` is required. Equal tensors and facts give equal bytes. Raises TraceError where a tensor is
    unknown, of the wrong dtype or shape or not finite, or the file cannot be written; nothing is left then.
    """
    path = Path(path)
    unknown = sorted(set(tensors) - set(TENSORS))
    if unknown:
        raise TraceError(f"{path}: not tensors of a trace: {', '.join(unknown)}")
    # safetensors writes the buffer as it lies, so anything but C order would come out scrambled
    whole = {n: np.require(a, a.dtype.newbyteorder("="), "C") for n, a in sorted(tensors.items())}
    codes = {dtype: code for code, dtype in _DTYPES.items()}
    _check({n: (codes.get(a.dtype, str(a.dtype)), a.shape) for n, a in whole.items()}, facts, path)
    for name, values in whole.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise TraceError(f"{path}: {name} holds values that are not finite; nothing was written")
    hasher = hashlib.sha256(replace(facts, content_sha256="").to_json().encode())
    for name, values in whole.items():
        _hash_tensor(hasher, name, values)
    facts = replace(facts, content_sha256=hasher.hexdigest())
    temporary = None
    try:
        if path.is_dir():
            raise TraceError(f"{path} is a directory; a file name is wanted")
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
        with part.open("xb") as file:
            temporary, mode = part, stat.S_IMODE(os.fstat(file.fileno()).st_mode)  # as the umask wants it
        save_file(whole, part, metadata={METADATA_KEY: facts.to_json()})
        os.chmod(part, mode)  # safetensors makes it 0600
        os.replace(part, path)
        temporary = None
    except (OSError, ValueError, SafetensorError) as error:
        raise TraceError(f"{path} cannot be written: {_first_line(error)}") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
    return path


def _check(tensors: Mapping[str, tuple[str, tuple[int, ...]]], facts: Facts, path: Path) -> None:
    """Raise TraceError unless every tensor's dtype and shape follow from the facts and from each other."""
    if "token_ids_T" not in tensors:
        raise TraceError(f"{path}: the trace has no token_ids_T")
    sizes = {"L": facts.n_layer, "L+1": facts.n_layer + 1, "H": facts.n_head, "D": facts.d_model}
    sizes |= {"1": 1, "2": 2, "3": 3, "4": 4, "48": 48}
    sizes |= {"K": facts.d_head, "F": facts.d_mlp, "V": facts.n_vocab, "V+1": facts.n_vocab + 1}
    shape = tensors["token_ids_T"][1]
    if len(shape) != 1 or not 1 <= shape[0] <= facts.n_ctx:
        raise TraceError(f"{path}: token_ids_T has shape {shape}; 1 to {facts.n_ctx} token ids are wanted")
    sizes |= {"T": shape[0], "T+1": shape[0] + 1, "T-1": shape[0] - 1}
    for name, (dtypes, axes) in TENSORS.items():
        if name not in tensors:
            continue
        dtype, shape = tensors[name]
        sizes |= {axis: len(facts.kept(axis, name)) for axis in ("l", "h", "c")}
        if dtype not in dtypes:
            raise TraceError(f"{path}: {name} is {dtype}; {' or '.join(dtypes)} is wanted")
        expected = tuple(sizes.get(axis, axis) for axis in axes)
        fits = len(shape) == len(axes) and all(
            got == sizes.get(axis, got) for axis, got in zip(axes, shape, strict=True)
        )
        if not fits:
            wanted = "×".join(map(str, expected))
            raise TraceError(f"{path}: {name} has shape {'×'.join(map(str, shape))}; {wanted} is wanted")
        # a free letter takes its size from the first tensor that has it; the two byte strings differ
        sizes |= {axis: got for axis, got in zip(axes, shape, strict=True) if axis != "B"}
        if "R" in axes:
            sizes["2R"] = 2 * sizes["R"]
