"""What scenes need beside the run's own tensors: facts computed from them and from the model's weights.

Pure functions of numpy arrays; no model and no torch. Each says its formula, its source and what feeds it:
tensors of the trace by their names there, or weights. Products with a whole unembedding are made in its own
dtype, as in the model; statistics, sums and probabilities are in double precision.

Names end in their axes: L layer, M depth, H head, T query position, S key position, D residual width, K head
width, F neuron, V vocabulary, N top-n, A analogy, P point; "…" in a shape is any number of axes, none too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Ids = NDArray[np.int64]

BLOCK = 128  # numbers of which one maximum is taken, in search of the largest

# --- the final norm, and what is read through it ------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Norm:
    """A model's final norm: LayerNorm (Ba et al. 2016) where `centred`, else RMSNorm (Zhang, Sennrich 2019).

    LayerNorm: (x − mean(x)) / √(var(x) + ε) · gain + shift. RMSNorm: x / √(mean(x²) + ε) · gain + shift.
    `gain_D` is what multiplies, so 1 + weight for Gemma. `shift_D` None is no shift. `epsilon` is the
    config's (`layer_norm_epsilon` in a trace's facts).
    """

    centred: bool
    gain_D: Floats
    shift_D: Floats | None = None
    epsilon: float

    def __call__(self, resid_D: Floats) -> NDArray[np.float64]:
        """Normalise vectors of shape (…, D), each by its own statistics, in double precision."""
        x = np.asarray(resid_D, np.float64)
        if self.centred:
            x = x - x.mean(axis=-1, keepdims=True)
        normed: NDArray[np.float64] = x / self.deviation(resid_D)[..., None] * self.gain_D
        return normed if self.shift_D is None else normed + self.shift_D

    def deviation(self, resid_D: Floats) -> NDArray[np.float64]:
        """What vectors of shape (…, D) are divided by: √(var(x) + ε), or √(mean(x²) + ε); shape (…)."""
        x = np.asarray(resid_D, np.float64)
        variance = x.var(axis=-1) if self.centred else (x**2).mean(axis=-1)
        return np.asarray(np.sqrt(variance + self.epsilon))

    def part(self, parts_D: Floats, given_D: Floats) -> NDArray[np.float64]:
        """What each of the parts (…, D) of a vector is of its normed one, the scale held at the vector's own.

        Parts that add up to `given_D` give vectors that add up to norm(given_D) − shift.
        """
        x = np.asarray(parts_D, np.float64)
        centred = x - x.mean(axis=-1, keepdims=True) if self.centred else x
        return np.asarray(centred / self.deviation(given_D) * self.gain_D)

    def reading(self, direction_D: Floats) -> NDArray[np.float64]:
        """Fold gain and centring into directions (…, D) that are dotted with the norm's output.

        norm(x) · u = x · reading(u) / deviation(x) + shift · u, because taking the mean from x is the same as
        taking it from what x is dotted with.
        """
        folded = np.asarray(direction_D, np.float64) * self.gain_D
        return np.asarray(folded - folded.mean(axis=-1, keepdims=True) if self.centred else folded)


def logit_lens(
    resid_MTD: Floats,
    norm: Norm,
    unembed_VD: Floats,
    unembed_bias_V: Floats | None = None,
    top: int = 10,
) -> tuple[Ids, NDArray[np.float64]]:
    """Read the residual stream as if the model stopped at each depth.

    log softmax(norm(x) · W_Uᵀ + b), every depth and position normalised by its own mean and variance, not by
    the last layer's. nostalgebraist, "interpreting GPT: the logit lens" (2020).

    Feeds on resid_pre_LTD with resid_final_TD after it (M = L + 1), the final norm and the unembedding.
    Returns ids and natural log-probabilities of the `top` likeliest tokens, likeliest first, both (M, T, N).
    """
    ids, logprobs = [], []
    for resid_TD in resid_MTD:  # by depth: all depths' logits at once would be M times the memory
        logits_TV = (norm(resid_TD).astype(unembed_VD.dtype) @ unembed_VD.T).astype(np.float64)
        if unembed_bias_V is not None:
            logits_TV += unembed_bias_V
        ids_TN = top_ids(logits_TV, top)
        highest_T1 = logits_TV.max(axis=-1, keepdims=True)
        logsumexp_T1 = highest_T1 + np.log(np.exp(logits_TV - highest_T1).sum(axis=-1, keepdims=True))
        ids.append(ids_TN)
        logprobs.append(np.take_along_axis(logits_TV, ids_TN, axis=-1) - logsumexp_T1)
    return np.stack(ids), np.stack(logprobs)


def head_outputs(z_LHK: Floats, output_LHKD: Floats) -> Floats:
    """Each head's own part of its layer's attention output at one position: z[l, h] · W_O[l, h], (L, H, D).

    Of one layer or of several, in the matrices' own precision.

    Over the heads they add up to attn_out without the output bias b_O. Elhage et al., "A Mathematical
    Framework for Transformer Circuits" (2021), "Attention Heads are Independent and Additive". Where the
    attention output passes a norm of its own before it is added (Gemma 2), they add up to what that is given.

    Feeds on z_LHTK[:, :, t] and the output matrix, cut by heads: GPT-2's `attn.c_proj.weight` reshaped to
    (H, K, D); Llama's `self_attn.o_proj.weight` is stored transposed.
    """
    outputs_LHD: Floats = (z_LHK[..., None, :] @ output_LHKD)[..., 0, :]  # [.., 1, K] @ [.., K, D]
    return outputs_LHD


def direct_logit_attribution(
    parts: Mapping[str, Floats],
    resid_final_D: Floats,
    norm: Norm,
    unembed_D: Floats,
    unembed_bias: float = 0.0,
) -> dict[str, NDArray[np.float64]]:
    """Share one logit among everything that was written to the residual stream at its position.

    part · reading(u) / deviation(x), where u is the token's row of W_U and x is the run's own resid_final:
    the final norm's scale is held at what it was in the run, so the shares are linear in the parts and add up
    to the logit. u may be a difference of two rows, for a difference of logits. Elhage et al., "A
    Mathematical Framework for Transformer Circuits" (2021); Nanda, "A Comprehensive Mechanistic
    Interpretability Explainer & Glossary" (2022), "Direct Logit Attribution".

    Args:
        parts: by name, of shape (…, D); summed over all names and axes they are the residual stream. GPT-2:
            wte_TD[t], wpe_TD[t], attn_out_LTD[:, t] and mlp_out_LTD[:, t]; in place of attn_out, by head,
            `head_outputs` and the output biases b_O (L, D). Llama has no wpe and no biases.
        resid_final_D: resid_final_TD[t], what the final norm received.
        norm: the final norm.
        unembed_D: the token's row of the unembedding (of wte where they are tied).
        unembed_bias: the token's entry of the unembedding's bias; GPT-2 and Llama have none.

    Returns:
        Shares in logits of shape (…) under the names of `parts`, and under "bias" what no part wrote, one
        number: shift · u + unembed_bias.

    Raises:
        ValueError: the parts do not add up to resid_final_D within 1e-4 of its largest entry, so one is
            missing or counted twice; or a part is called "bias".
    """
    if "bias" in parts:
        raise ValueError('a part cannot be called "bias": that is what no part wrote')
    wrote = {name: np.asarray(part, np.float64) for name, part in parts.items()}
    stream_D = sum(part.reshape(-1, part.shape[-1]).sum(axis=0) for part in wrote.values())
    gap, largest = np.abs(stream_D - resid_final_D).max(), np.abs(resid_final_D).max()
    if gap > 1e-4 * largest:
        raise ValueError(f"the parts miss the residual stream by {gap:.2g}, which reaches {largest:.2g}")
    reading_D = norm.reading(unembed_D) / norm.deviation(resid_final_D)
    shares = {name: np.asarray(part @ reading_D) for name, part in wrote.items()}
    shift = 0.0 if norm.shift_D is None else np.dot(np.asarray(norm.shift_D, np.float64), unembed_D)
    return shares | {"bias": np.asarray(shift + unembed_bias, np.float64)}


# --- heads --------------------------------------------------------------------------------------------------


def head_scores(pattern_LHTS: Floats) -> dict[str, NDArray[np.float32]]:
    """Score every head on one prompt, as (L, H) arrays from 0 to 1.

    Each is a mean attention weight along one line of the pattern, over the queries that have a choice: the
    first query can only look at itself, so it does not count where there are others.

    previous: mean over t ≥ 1 of pattern[t, t − 1]; absent for a prompt of one token.
    first:    mean over t ≥ 1 of pattern[t, 0].
    self:     mean over t ≥ 1 of pattern[t, t].

    Definitions follow the head detector of TransformerLens (Nanda, Bloom 2022). Feeds on pattern_LHTS.
    """
    later = slice(1, None) if pattern_LHTS.shape[-1] > 1 else slice(None)
    scores = {
        "head_first_LH": pattern_LHTS[:, :, later, 0],
        "head_self_LH": np.diagonal(pattern_LHTS, axis1=2, axis2=3)[:, :, later],
    }
    if pattern_LHTS.shape[-1] > 1:
        scores["head_previous_LH"] = np.diagonal(pattern_LHTS, offset=-1, axis1=2, axis2=3)
    return {name: _mean(weights) for name, weights in scores.items()}


def induction_scores(pattern_LHTS: Floats) -> NDArray[np.float32]:
    """Score every head on a sequence of R random tokens fed twice (T = 2R), as an (L, H) array from 0 to 1.

    Mean over the second copy's queries t of pattern[t, t − R + 1]: the weight on the token that followed this
    one the first time. Olsson et al., "In-context Learning and Induction Heads" (2022). Feeds on the
    pattern_LHTS of a run over induction_ids_R twice, not of the prompt's.
    """
    repeat = pattern_LHTS.shape[-1] // 2
    return _mean(np.diagonal(pattern_LHTS, offset=1 - repeat, axis1=2, axis2=3)[:, :, 1:])


def induction_ids(allowed_ids: Ids, n_ctx: int, seed: int) -> Ids:
    """Draw the R ids to repeat: 25, as in Olsson et al., or half the context where that is less."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.choice(allowed_ids, size=min(25, n_ctx // 2))


def _mean(weights_LHT: Floats) -> NDArray[np.float32]:
    means_LH: NDArray[np.float32] = weights_LHT.mean(axis=-1, dtype=np.float64).astype(np.float32)
    return means_LH


# --- neurons ------------------------------------------------------------------------------------------------


def strongest_neurons(
    mlp_post_F: Floats, output_FD: Floats, top: int = 10
) -> tuple[Ids, NDArray[np.float64]]:
    """Rank one layer's neurons by how much each wrote at one position: |m_f| · ‖W_out[f]‖.

    Geva et al., "Transformer Feed-Forward Layers Build Predictions by Promoting Concepts in the Vocabulary
    Space" (2022). Feeds on mlp_post_LTF[l, t] (gated, where the MLP has a gate) and the MLP's output
    matrix, a row a neuron: GPT-2's `mlp.c_proj.weight`; Llama's `mlp.down_proj.weight` is stored transposed.

    Returns the neurons' indices and strengths, strongest first, both (N,).
    """
    strength_F = np.abs(np.asarray(mlp_post_F, np.float64)) * np.linalg.norm(output_FD, axis=-1)
    neurons_N = top_ids(strength_F, top)
    return neurons_N, strength_F[neurons_N]


def neuron_promotions(
    output_FD: Floats, unembed_VD: Floats, norm: Norm | None = None, top: int = 10
) -> tuple[Ids, NDArray[np.float64]]:
    """Find the tokens that neurons push up when they fire, from their rows of the MLP's output matrix.

    W_out[f] · W_Uᵀ: Geva et al. (2022), who leave the final norm out, as `norm` None does. With a norm its
    gain and centring are folded in: W_out[f] · reading(W_U)ᵀ. Divided by deviation(x) that is what one
    unit of activation adds to a logit on the direct path; the deviation differs by position and leaves the
    order alone, so it is left out. A neuron whose activation is negative pushes up the tokens of −W_out[f].

    Feeds on rows of the MLP's output matrix (as in `strongest_neurons`) and the unembedding; a product of
    F × V numbers is made, so give the few neurons that are shown.

    Returns the ids and products of the `top` tokens, most promoted first, both (F, N).
    """
    rows_FD = np.asarray(output_FD, np.float64)
    if norm is not None:  # folded into the few rows: the same as folding it into all of W_U
        centre_F1 = rows_FD.mean(axis=-1, keepdims=True) if norm.centred else 0.0
        rows_FD = (rows_FD - centre_F1) * norm.gain_D
    scores_FV = (rows_FD.astype(unembed_VD.dtype) @ unembed_VD.T).astype(np.float64)
    ids_FN = top_ids(scores_FV, top)
    return ids_FN, np.take_along_axis(scores_FV, ids_FN, axis=-1)


# --- directions in the embedding ----------------------------------------------------------------------------


def nearest_tokens(embedding_VD: Floats, token_id: int, top: int = 10) -> tuple[Ids, NDArray[np.float64]]:
    """Find a token's nearest neighbours by cosine, itself excluded.

    cos(e_i, e_j) = e_i · e_j / (‖e_i‖ ‖e_j‖); 0 where either is the zero vector. Feeds on the whole embedding
    (GPT-2's `wte.weight`), of which a trace's wte_TD holds the prompt's rows.

    Returns ids and cosines, nearest first and lower ids first among equals, both (N,).
    """
    cosines_V = _cosines(embedding_VD, embedding_VD[token_id])
    cosines_V[token_id] = -np.inf
    ids_N = top_ids(cosines_V, min(top, len(cosines_V) - 1))
    return ids_N, cosines_V[ids_N]


@dataclass(frozen=True, kw_only=True)
class Analogies:
    """How A analogies a − b + c ≈ d came out: ranks from 1, and the nearest tokens, the inputs excluded."""

    ranks_A: Ids
    cosines_A: NDArray[np.float64]
    top_ids_AN: Ids
    top_cosines_AN: NDArray[np.float64]


def analogy_ranks(embedding_VD: Floats, analogies_A4: Ids, top: int = 10) -> Analogies:
    """Rank the expected token d of each analogy a − b + c by cosine, the inputs a, b and c excluded.

    rank = 1 + how many tokens other than a, b, c have a greater cosine with e_a − e_b + e_c than d has.
    Mikolov, Yih, Zweig, "Linguistic Regularities in Continuous Space Word Representations" (2013), §4, "The
    Vector Offset Method". They scale all vectors to length 1 first; here the sum is of the rows as given, the
    one that a scene draws. Give rows of length 1 for theirs.

    Feeds on the whole embedding, as `nearest_tokens`; a row of `analogies_A4` is the ids (a, b, c, d); at
    least one is wanted. Raises ValueError where d is one of its analogy's inputs: excluded, it has no rank.
    """
    ranks, cosines, nearest, nearest_cosines = [], [], [], []
    for a, b, c, d in analogies_A4.tolist():
        if d in (a, b, c):
            raise ValueError(f"the expected token {d} is one of the analogy's inputs {a}, {b}, {c}")
        sum_D = np.asarray(embedding_VD[a], np.float64) - embedding_VD[b] + embedding_VD[c]
        cosines_V = _cosines(embedding_VD, sum_D)
        cosines_V[[a, b, c]] = -np.inf
        ids_N = top_ids(cosines_V, min(top, len(cosines_V) - 3))
        ranks.append(1 + np.count_nonzero(cosines_V > cosines_V[d]))
        cosines.append(cosines_V[d])
        nearest.append(ids_N)
        nearest_cosines.append(cosines_V[ids_N])
    return Analogies(
        ranks_A=np.array(ranks, np.int64),
        cosines_A=np.array(cosines),
        top_ids_AN=np.stack(nearest),
        top_cosines_AN=np.stack(nearest_cosines),
    )


def _cosines(embedding_VD: Floats, query_D: Floats) -> NDArray[np.float64]:
    """Cosine of every row with one vector, (V,)."""
    query = np.asarray(query_D, np.float64)
    # einsum computes in double precision without a second copy of the embedding
    dots_V = np.einsum("vd,d->v", embedding_VD, query, dtype=np.float64)
    squares_V = np.einsum("vd,vd->v", embedding_VD, embedding_VD, dtype=np.float64)
    lengths_V = np.sqrt(squares_V) * np.linalg.norm(query)
    return np.asarray(np.divide(dots_V, lengths_V, out=np.zeros_like(lengths_V), where=lengths_V > 0))


@dataclass(frozen=True, kw_only=True)
class Plane:
    """A plane through a cloud of P points in D dimensions, and the points on it.

    `axes_2D` has orthonormal rows, `explained_2` is each axis' share of the variance, from 0 to 1.
    """

    mean_D: NDArray[np.float64]
    axes_2D: NDArray[np.float64]
    points_P2: NDArray[np.float64]
    explained_2: NDArray[np.float64]

    def project(self, vectors_D: Floats) -> NDArray[np.float64]:
        """Put other vectors (…, D) on the plane: (x − mean) · axesᵀ, (…, 2)."""
        return np.asarray((vectors_D - self.mean_D) @ self.axes_2D.T)


def pca_plane(vectors_PD: Floats) -> Plane:
    """Fit the plane that keeps the most variance of P vectors: their first two principal components.

    X − mean(X) = U S Vᵀ; the axes are the first two rows of Vᵀ, explained = S² / ΣS². Pearson, "On Lines and
    Planes of Closest Fit to Systems of Points in Space" (1901); Jolliffe, "Principal Component Analysis"
    (2002), §3.5 for the SVD. An axis' sign is free: its entry of largest magnitude is made positive.

    Feeds on the rows of the embedding of the words shown. Raises ValueError where no plane is determined:
    fewer than three vectors, or all of them on one line.
    """
    vectors = np.asarray(vectors_PD, np.float64)
    mean_D = vectors.mean(axis=0)
    _, sizes, axes = np.linalg.svd(vectors - mean_D, full_matrices=False)
    if len(sizes) < 2 or sizes[1] <= np.abs(vectors).max() * max(vectors.shape) * np.finfo(np.float64).eps:
        raise ValueError(f"{len(vectors)} vectors on one line; three that span a plane are wanted")
    axes_2D = axes[:2]
    largest_21 = np.abs(axes_2D).argmax(axis=-1, keepdims=True)
    axes_2D = axes_2D * np.sign(np.take_along_axis(axes_2D, largest_21, axis=-1))
    return Plane(
        mean_D=mean_D,
        axes_2D=axes_2D,
        points_P2=(vectors - mean_D) @ axes_2D.T,
        explained_2=sizes[:2] ** 2 / (sizes**2).sum(),
    )


BEGINNINGS = ("space and lower case", "space and capital", "letter", "other")


def beginnings(vocab_bytes_B: NDArray[np.uint8], vocab_offsets_V1: Ids) -> NDArray[np.uint8]:
    """What every token begins with, as a place in BEGINNINGS, (V,).

    A letter is what Unicode calls one; after a space, one that is neither lower case nor a capital (Japanese,
    Arabic) is "letter" as well. "other" is the rest: digits, signs, halves of characters, what has no name.
    Feeds on the tensors of these names.
    """
    together, starts = vocab_bytes_B.tobytes(), vocab_offsets_V1[:-1].tolist()
    kinds_V = np.full(len(starts), BEGINNINGS.index("other"), np.uint8)
    for token, (start, end) in enumerate(zip(starts, vocab_offsets_V1[1:].tolist(), strict=True)):
        text = together[start : min(end, start + 5)].decode(errors="replace")  # a space and a character
        spaced = text[:1] == " "
        letter = text[spaced : spaced + 1]
        if letter.isalpha():
            cased = spaced and (letter.islower() or letter.isupper())
            kinds_V[token] = letter.isupper() if cased else BEGINNINGS.index("letter")
    return kinds_V


# --- parameters ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class PublishedShape:
    """A transformer's published shape: all that its number of parameters follows from.

    `n_ctx` is the rows of the learned position table, 0 where positions are not learned. `n_kv_head` is the
    heads that have keys and values of their own, None for all. `gated` MLPs have a second matrix upwards.
    `biased` names the matrices, by their category, that add a bias. `norm_vectors` is 2 for LayerNorm (gain
    and shift), 1 for RMSNorm; there are two norms a layer and a final one. A `tied` unembedding is the
    embedding again and adds nothing.
    """

    n_layer: int
    d_model: int
    d_mlp: int
    n_head: int
    d_head: int
    n_vocab: int
    n_ctx: int
    n_kv_head: int | None = None
    gated: bool = False
    biased: tuple[str, ...] = ()
    norm_vectors: int
    tied: bool


# Radford et al., "Language Models are Unsupervised Multitask Learners" (2019), table 2, and its weights
GPT_2_SMALL = PublishedShape(
    n_layer=12, d_model=768, d_mlp=3072, n_head=12, d_head=64, n_vocab=50257, n_ctx=1024,
    biased=("query", "key", "value", "output", "mlp_up", "mlp_down"), norm_vectors=2, tied=True,
)  # fmt: skip

# Brown et al., "Language Models are Few-Shot Learners" (2020), table 2.1; d_mlp is four times d_model (§2.1),
# the vocabulary is GPT-2's. As the lecture counts: matrices only, no positions, norms or biases, and the
# unembedding apart from the embedding.
GPT_3_MATRICES = PublishedShape(
    n_layer=96, d_model=12288, d_mlp=49152, n_head=96, d_head=128, n_vocab=50257, n_ctx=0,
    norm_vectors=0, tied=False,
)  # fmt: skip


def parameter_tally(shape: PublishedShape) -> dict[str, int]:
    """Count a shape's parameters by category; every weight matrix is its inputs × its outputs.

    Categories: embedding V·D, position n_ctx·D, a layer's query D·H·K, key and value D·H_kv·K each, output
    H·K·D, mlp_up D·F, mlp_gate D·F (only where the MLP is gated), mlp_down F·D, norm (2L + 1)·D·norm_vectors,
    bias (the outputs of every biased matrix), unembedding D·V or 0 where tied. The values add up to the
    model's total: 124,439,808 for `GPT_2_SMALL`, 175,181,291,520 for `GPT_3_MATRICES`, which holds what the
    lecture counts and nothing else.

    Raises ValueError where `biased` names no matrix of a layer.
    """
    d, heads = shape.d_model, shape.n_head * shape.d_head
    kv_heads = (shape.n_head if shape.n_kv_head is None else shape.n_kv_head) * shape.d_head
    matrices = {  # inputs and outputs, once in every layer
        "query": (d, heads),
        "key": (d, kv_heads),
        "value": (d, kv_heads),
        "output": (heads, d),
        "mlp_up": (d, shape.d_mlp),
        **({"mlp_gate": (d, shape.d_mlp)} if shape.gated else {}),
        "mlp_down": (shape.d_mlp, d),
    }
    unknown = sorted(set(shape.biased) - set(matrices))
    if unknown:
        raise ValueError(f"not matrices of a layer: {', '.join(unknown)}; there are {', '.join(matrices)}")
    return {
        "embedding": shape.n_vocab * d,
        "position": shape.n_ctx * d,
        **{name: shape.n_layer * inputs * outputs for name, (inputs, outputs) in matrices.items()},
        "norm": (2 * shape.n_layer + 1) * d * shape.norm_vectors,
        "bias": shape.n_layer * sum(matrices[name][1] for name in shape.biased),
        "unembedding": 0 if shape.tied else d * shape.n_vocab,
    }


def top_ids(values_V: Floats, n: int) -> Ids:
    """Indices of the n largest along the last axis, (…, N); largest first, among equals the lowest index."""
    n = min(n, values_V.shape[-1])
    rows = values_V.reshape(-1, values_V.shape[-1])
    tops = np.empty((len(rows), n), np.int64)
    whole = rows.shape[-1] // BLOCK * BLOCK
    for top_N, row_V in zip(tops, rows, strict=True):
        # A full sort of a vocabulary is slow. The n largest are not below the n-th largest of the maxima of
        # n or more blocks; all that reach it are sorted, so a tie is not cut anywhere.
        maxima = row_V[:whole].reshape(-1, BLOCK).max(axis=-1)
        floor = np.partition(maxima, -n)[-n] if len(maxima) >= n else -np.inf
        candidates = np.flatnonzero(row_V >= floor)
        top_N[:] = candidates[np.argsort(-row_V[candidates], kind="stable")][:n]
    return tops.reshape(*values_V.shape[:-1], n)
