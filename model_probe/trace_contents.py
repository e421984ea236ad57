"""What readers of a trace index with: looked at once, when it is opened, so that none can fail on it later.

These tensors are small: ids, offsets, positions. Whether the large ones are finite is seen where they are
read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from model_probe.errors import TraceError
from model_probe.parameters import CATEGORIES

if TYPE_CHECKING:
    from model_probe.trace import Trace


def check(trace: Trace) -> None:
    """Raise TraceError unless ids, offsets, pieces, merges, changes and beams point at what is there."""
    for name in trace.tensor_names:
        if name == "neuron_ids_LN":
            _within(trace, name, trace.neuron_ids_LN[...], trace.facts.d_mlp, "neurons in a layer")
        elif "_ids_" in name or name == "neuron_tokens_LN":
            _within(trace, name, getattr(trace, name)[...], trace.facts.n_vocab, "ids of the vocabulary")
    for bytes_name, offsets_name in (
        ("prompt_bytes_B", "prompt_offsets_T1"),
        ("vocab_bytes_B", "vocab_offsets_V1"),
        ("typo_bytes_B", "typo_offsets_U1"),
        ("beside_bytes_B", "beside_offsets_T1"),
    ):
        _check_offsets(trace, bytes_name, offsets_name)
    if trace.has("piece_starts_P"):
        _check_pieces(trace)
    if trace.has("typo_span_2"):
        first, last = trace.typo_span_2[:].tolist()
        if not 0 <= first < last <= trace.n_tokens:
            raise TraceError(f"{trace.path}: typo_span_2 is {first} to {last} of {trace.n_tokens} tokens")
    _check_changes(trace)
    for name in ("next_rank_T", "lens_rank_MW", "analogy_ranks_A2"):
        if trace.has(name):  # from 1
            _within(trace, name, getattr(trace, name)[...] - 1, trace.facts.n_vocab, "ranks, less 1")
    if trace.has("weight_tile_kinds_P"):
        _within(trace, "weight_tile_kinds_P", trace.weight_tile_kinds_P[:], len(CATEGORIES), "kinds")
    if trace.has("weight_tile_sizes_P2"):
        _within(trace, "weight_tile_sizes_P2", trace.weight_tile_sizes_P2[...] - 1, 48, "sizes, less 1")
    if trace.has("neuron_shown_2"):
        layer, neuron = trace.neuron_shown_2[:].tolist()
        if not (0 <= layer < trace.facts.n_layer and 0 <= neuron < trace.facts.d_mlp):
            raise TraceError(
                f"{trace.path}: neuron_shown_2 is neuron {neuron} of layer {layer}, which is not there"
            )
    if trace.has("beside_ids_T") and trace.has("beside_offsets_T1"):
        tokens, offsets = trace.beside_ids_T.shape[0], trace.beside_offsets_T1.shape[0]
        if offsets != tokens + 1:
            raise TraceError(f"{trace.path}: beside_offsets_T1 has {offsets} offsets of {tokens} tokens")
    if trace.has("beam_parents_GE"):
        _within(trace, "beam_parents_GE", trace.beam_parents_GE[:], trace.beam_parents_GE.shape[1], "beams")
    if trace.has("runs_beam_parents_GE"):
        beams = trace.runs_beam_parents_GE.shape[1]
        _within(trace, "runs_beam_parents_GE", trace.runs_beam_parents_GE[...], beams, "beams")
    if trace.has("runs_lengths_R") and trace.has("runs_ids_RG"):
        written = trace.runs_ids_RG.shape[1]
        _within(trace, "runs_lengths_R", trace.runs_lengths_R[...] - 1, written, "steps, less 1")
    if trace.has("step_kept_GV") and trace.has("step_ids_G"):
        drawn = enumerate(trace.step_ids_G[:].tolist())
        if not all(trace.step_kept_GV[step, token] for step, token in drawn):
            raise TraceError(f"{trace.path}: step_ids_G has a token that step_kept_GV does not keep")


def _check_changes(trace: Trace) -> None:
    """Every change that the tokenizer made stands in the prompt, one after the other."""
    facts, end = trace.facts, 0
    sound = (
        facts.changed_places >= len(facts.changes)
        and facts.added_tokens + facts.added_after <= trace.n_tokens
    )
    for change in facts.changes:
        at, given, read = (change.get(name) for name in ("at", "given", "read"))
        if not (isinstance(at, int) and isinstance(given, str) and isinstance(read, str)):
            sound = False
            break
        sound = sound and end <= at and facts.prompt.startswith(given, at)
        end = at + len(given)
    if not sound:
        raise TraceError(f"{trace.path}: the trace's metadata has changes that are not of its prompt")


def _within(trace: Trace, name: str, values: NDArray[Any], count: int, of: str) -> None:
    if values.size and not (values.min() >= 0 and values.max() < count):
        raise TraceError(
            f"{trace.path}: {name} goes from {values.min()} to {values.max()}; there are {count} {of}"
        )


def _check_offsets(trace: Trace, bytes_name: str, offsets_name: str) -> None:
    there = [name for name in (bytes_name, offsets_name) if trace.has(name)]
    if len(there) == 1:
        raise TraceError(f"{trace.path} has {there[0]} without the other of {bytes_name} and {offsets_name}")
    if there:
        offsets = getattr(trace, offsets_name)[:]
        length = getattr(trace, bytes_name).shape[0]
        if offsets[0] != 0 or offsets[-1] != length or (offsets[1:] < offsets[:-1]).any():
            raise TraceError(f"{trace.path}: {offsets_name} does not divide {bytes_name}")


def _check_pieces(trace: Trace) -> None:
    """Pieces cut the prompt's bytes in order; those of the merges are among them."""
    starts_P = trace.piece_starts_P[:]
    end = trace.prompt_bytes_B.shape[0] if trace.has("prompt_bytes_B") else 0
    edges = np.concatenate([starts_P, [end]])
    if starts_P.size and (starts_P[0] != 0 or (np.diff(edges) < 0).any()):
        raise TraceError(f"{trace.path}: piece_starts_P does not cut the prompt's {end} bytes in order")
    if trace.has("merge_steps_J3"):
        pieces_J, symbols_J, ranks_J = trace.merge_steps_J3[:].T
        _within(trace, "merge_steps_J3", pieces_J, len(starts_P), "pieces")
        lengths_J = np.diff(edges)[pieces_J] if len(pieces_J) else pieces_J
        if ((symbols_J < 0) | (symbols_J + 1 >= lengths_J) | (ranks_J < 0)).any():
            raise TraceError(f"{trace.path}: merge_steps_J3 joins what is not in its piece")
