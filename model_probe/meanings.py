"""What every tensor of a trace means, its formula and its source: the one table of it.

Lengths are Euclidean, logarithms natural. W_E and W_U are the embedding and the unembedding as they are
stored, a row a token: Gemma multiplies the rows by √D before they enter the stream, which is not in W_E.
(Where OPT keeps narrower rows, with a matrix from them into the stream, W_E and W_U hold the products with
it.)
"""

MEANINGS: dict[str, str] = {
    "token_ids_T": "the prompt as the model reads it: a number a token",
    "prompt_bytes_B": "the tokens as bytes, one after the other; see `Facts.changes`",
    "prompt_offsets_T1": "token t is bytes [t] to [t + 1] of prompt_bytes_B",
    "vocab_bytes_B": "every token of the vocabulary as bytes",
    "vocab_offsets_V1": "token i is bytes [i] to [i + 1] of vocab_bytes_B; none: it has no name",
    "piece_starts_P": "where each piece begins that the tokenizer cuts before it merges, in bytes of the "
    "prompt",
    "merge_steps_J3": "the merges in order: piece, symbol i that joins i + 1, rank (Sennrich et al. 2016)",
    "typo_span_2": "the word that was misspelt: its first token, and the one after its last",
    "typo_ids_U": "what stands in its place with the misspelling",
    "typo_bytes_B": "those tokens as bytes",
    "typo_offsets_U1": "token u is bytes [u] to [u + 1] of typo_bytes_B",
    "wte_TD": "what a token puts into the stream",
    "wpe_TD": "what its position adds; not where positions are rotary",
    "resid_pre_LTD": "the residual stream that a layer is given",
    "ln1_LTD": "that, normed: what attention is given",
    "q_pre_rope_LHTK": "queries as projected, before the rotary turn (Su et al. 2021)",
    "k_pre_rope_LHTK": "keys, likewise",
    "k_pre_rope_LCTK": "keys that query heads share, likewise",
    "q_LHTK": "queries as multiplied with the keys: after the turn, if there is one",
    "k_LHTK": "keys, likewise",
    "k_LCTK": "keys that query heads share, likewise",
    "v_LHTK": "values",
    "v_LCTK": "values that query heads share",
    "scores_LHTS": "q·k times `Facts.scale`, soft-capped if the family does so, not masked",
    "pattern_LHTS": "softmax of the masked scores along the keys",
    "scores_last_LHS": "the last query's row of scores_LHTS",
    "pattern_last_LHS": "the last query's row of pattern_LHTS",
    "mask_TS": "1: the query may look at the key",
    "mask_LTS": "in place of mask_TS where layers differ (sliding windows)",
    "z_LHTK": "pattern · values: what each head read",
    "attn_unnormed_LTD": "attention's output before a norm that stands between it and the stream",
    "attn_out_LTD": "what attention adds to the stream",
    "attn_sum_LTD": "resid_pre + attn_out, where a norm stands behind the sum",
    "resid_mid_LTD": "the stream between attention and MLP; not where both read the same stream",
    "ln2_LTD": "that, normed: what the MLP is given",
    "mlp_pre_LTF": "what the activation is applied to",
    "mlp_up_LTF": "what a gated MLP multiplies the activation with",
    "mlp_post_LTF": "activation(pre), times up where there is a gate",
    "mlp_unnormed_LTD": "the MLP's output before a norm that stands between it and the stream",
    "mlp_out_LTD": "what the MLP adds to the stream",
    "mlp_sum_LTD": "resid_mid + mlp_out, where a norm stands behind the sum",
    "resid_final_TD": "the stream after the last layer",
    "ln_f_TD": "that, normed: what the unembedding is given",
    "logits_last_V": "the last position's logits",
    "top_ids_TN": "each position's likeliest next tokens, likeliest first",
    "top_logits_TN": "their logits",
    "logsumexp_T": "log Σ exp(logits): a logit minus this is a log-probability",
    "next_rank_T": "rank of the token that really follows, from 1; equals by id; the last position has none",
    "next_logprob_T": "that token's log-probability: minus this, over log 2, is the surprise in bits",
    "lens_ids_MWN": "likeliest tokens if the model stopped at depth m, by its own final norm and "
    "unembedding (nostalgebraist 2020); the last W positions",
    "lens_logprobs_MWN": "their log-probabilities",
    "lens_rank_MW": "rank at depth m of the token that is likeliest after the last, from 1; equals by id",
    "step_logits_GV": "generation: each step's logits, as the model gives them",
    "step_scaled_GV": "divided by the temperature",
    "step_kept_GV": "1: may be drawn, after top-k (Fan et al. 2018) and top-p (Holtzman et al. 2020)",
    "step_ids_G": "the tokens generated",
    "step_uniform_G": "the number in [0, 1) that drew it; only where there is a draw",
    "beam_ids_GE": "each beam's new token, the likeliest beam first",
    "beam_parents_GE": "which beam of the step before it goes on from",
    "beam_logprobs_GE": "log-probability of all that the beam has generated",
    "cache_gap_LT": "largest |difference|, over the keys and values of all heads, between those that the "
    "cache holds after the prompt, which every step reuses, and the same computed anew, in a run of prompt "
    "and generated tokens without a cache; −1: beyond the layer's window, not held any more",
    "again_size_LT1": "largest |number| among the keys and values of all heads there, of the prompt's tokens "
    "and the first one generated",
    "again_k_TK": "the prompt's keys computed anew in that run, of the head that `Facts.projected` names, as "
    "k_LHTK",
    "runs_lengths_R": "ways of writing on, recorded where asked for (--runs): how many tokens each wrote, 12 "
    "or up to the end of the text or of the context. Rows: greedy; drawn from the 40 likeliest; drawn from "
    "the likeliest that reach 0.9; drawn from all; a search with four beams; drawn from all once more, with "
    "the same seed; drawn from all with the seed after it",
    "runs_ids_RG": "the tokens, the last one repeated after the end",
    "runs_logprobs_RG": "log-probability of each by the model itself, before anything was cut; 0 after the "
    "end",
    "runs_kept_RG": "how many tokens could be next: 1 of greedy; those left after top-k or top-p; of the "
    "search, those of the kept texts that go on from the same one; 0 after the end",
    "runs_mass_RG": "their probability together, by the model itself",
    "runs_uniform_RG": "the number in [0, 1) that drew it; -1 where nothing is drawn",
    "runs_spans_RG2": "where the token's share of those left begins and ends, in the order of the ids: the "
    "number lies there; 0 where nothing is drawn",
    "runs_top_ids_RGN": "the step's likeliest tokens, likeliest first",
    "runs_top_logprobs_RGN": "their log-probabilities",
    "runs_beam_ids_GE": "the search: each beam's new token, the likeliest beam first",
    "runs_beam_parents_GE": "which beam of the step before it goes on from",
    "runs_beam_logprobs_GE": "log-probability of all that the beam has written",
    "value_out_SD": "v · W_O: what every key token would hand over, before its weight, through the head that "
    "`Facts.projected` names and that head's K rows of W_O. Weighted by pattern_last_LHS and summed it is "
    "the head's row of head_last_LHD",
    "head_last_LHD": "what every head adds at the last position: its z times its own K rows of W_O (Elhage "
    "et al. 2021). Summed over the heads, plus W_O's bias where there is one, it is attn_out_LTD, or "
    "attn_unnormed_LTD where a norm stands between attention and the stream",
    "neuron_lit_LT": "share of each layer's neurons that are lit: mlp_post above 0.1, or beyond it on either "
    "side where the MLP has a gate",
    "neuron_post_LWF": "mlp_post_LTF of the last four tokens, of every layer",
    "neuron_ids_LN": "each layer's neurons that write most at the last position, by |m| times the length of "
    "their row of W_down, m from mlp_post (Geva et al. 2022), strongest first",
    "neuron_strengths_LN": "those products",
    "neuron_logits_LN": "what each adds to the winner's logit: m · row of W_down through the final norm, its "
    "scale held at what it was in the run, · row of W_U; where the MLP passes a norm before it is added "
    "(Gemma 2 and 3), that norm's scale is held as well; by W_U alone where no norm stands last (OPT 350M)",
    "neuron_tokens_LN": "the ten tokens whose logits each layer's strongest neuron raises most, likewise, "
    "highest first",
    "neuron_token_logits_LN": "by how much",
    "neuron_likeness_L": "mean cosine of their rows of W_E, over all pairs of the ten; of random pairs see "
    "random_cosines_R",
    "neuron_shown_2": "layer and neuron: the strongest of the layer whose MLP adds most to the winner's "
    "logit",
    "neuron_in_D": "what that layer's MLP reads at the last position: ln2, or the stream where no norm "
    "stands before it",
    "neuron_pre_F": "mlp_pre at the last position, in that layer",
    "neuron_up_F": "mlp_up, likewise; only where the MLP has a gate",
    "neuron_pre_weight_D": "that neuron's row of the matrix upwards, of the gate where there is one: row · "
    "neuron_in_D + bias is its entry of neuron_pre_F",
    "neuron_pre_bias_1": "its bias, where there is one",
    "neuron_up_weight_D": "its row of what the gate is multiplied with: row · neuron_in_D + bias is its "
    "entry of neuron_up_F",
    "neuron_up_bias_1": "its bias, where there is one",
    "neuron_out_weight_D": "its row of W_down: what m times is written to the stream, before a norm that "
    "stands between (Gemma 2 and 3)",
    "head_previous_LH": "mean weight on the token before, over t ≥ 1 (TransformerLens' head detector, 2022)",
    "head_first_LH": "mean weight on the first token, likewise",
    "head_self_LH": "mean weight on the token itself, likewise",
    "head_induction_LH": "mean weight on the token that followed this one the first time, on R tokens twice "
    "(Olsson et al. 2022)",
    "induction_ids_R": "those R tokens, drawn with the seed",
    "induction_pattern_RR": "the pattern of the best induction head on them, twice",
    "query_weight_KD": "W_Q of the head that `Facts.projected` names: times ln1, plus bias, is q as "
    "projected",
    "query_bias_K": "its bias",
    "key_weight_KD": "W_K of that head",
    "key_bias_K": "its bias",
    "weight_tiles_PRC": "top left 48 × 48 of one matrix of each kind, of layer 0, outputs × inputs (W_E, "
    "W_U and W_P: token or position × D); norms and biases: a row a vector, the layer's in order; 0 "
    "beyond its size",
    "weight_tile_sizes_P2": "each tile's rows and columns that are there",
    "weight_tile_kinds_P": "each tile's kind, as a place in `parameters.CATEGORIES`; a kind without "
    "parameters has no tile",
    "weight_rows_7D": "first seven rows of layer 0's W_Q, of head 0: row · ln1_LTD[0, t] + bias is q as "
    "projected",
    "weight_rows_bias_7": "their biases, where there are any",
    "wte_picture_RC": "W_E lying on its side: cell (r, c) is the entry of largest magnitude, with its sign, "
    "of dimensions from r·⌈D/192⌉ and tokens from c·⌈V/1600⌉ on, so many of each",
    "wte_norms_V": "length of every row of W_E",
    "around_ids_E7": "seven ids around each of the prompt's first twelve distinct tokens: id − 3 … id + 3, "
    "moved inwards at the ends of the vocabulary",
    "wte_around_E7D": "their rows of W_E",
    "space_V3": "every row of W_E, of length 1, minus their mean, on their first three principal axes "
    "(Pearson 1901; the sign of an axis: its largest entry is positive). By a subspace iteration: on "
    "SmolLM2 the points are within 1 % of the third axis' spread, on storyteller exact; where no axis "
    "stands out, as with random weights, it is some axes of nearly the greatest variance",
    "space_explained_3": "each axis' share of the variance; on SmolLM2 within 0.03 % of it, with random "
    "weights within 7 %",
    "near_ids_E": "the prompt's last twelve distinct tokens, the last one first",
    "nearest_ids_EN": "each one's nearest others by cosine of rows of W_E, nearest first",
    "nearest_cosines_EN": "their cosines",
    "analogy_ids_A4": "analogies a − b + c ≈ d from assets/words, the first of each kind whose words are "
    "single tokens (Mikolov, Yih, Zweig 2013)",
    "analogy_vectors_A4D": "rows of W_E of a, b, c and d, as they are",
    "analogy_ranks_A2": "rank of d by cosine with a − b + c, from 1: among all tokens, and without a, b and "
    "c",
    "analogy_cosines_A": "d's cosine",
    "analogy_top_ids_AN": "the nearest tokens, a, b and c among them; ten are left where these are struck "
    "out",
    "analogy_top_cosines_AN": "their cosines",
    "knot_ids_N": "the 200 tokens whose rows of W_E, of length 1, are nearest to the mean of all of these: "
    "those of largest cosine with it, nearest first",
    "knot_cosines_N": "those cosines",
    "direction_D": "W_E of the plural minus W_E of the singular of pair 0",
    "pair_ids_P2": "singular and plural, from assets/words where both are single tokens: pair 0 makes the "
    "direction and proves nothing about it; then the first twenty others; a pair of the prompt's that is "
    "not among them comes last",
    "pair_vectors_P2D": "their rows of W_E",
    "pair_dots_P2": "row · direction_D",
    "pair_norms_P2": "the rows' lengths",
    "pair_cosines_P2": "dot over both lengths, the row's and the direction's",
    "random_ids_R2": "2,000 pairs of different tokens that are not special, drawn with the seed",
    "random_cosines_R": "the cosines of their rows of W_E",
    "beside_ids_T": "a second text, run beside the prompt; `Facts.beside_how` says which",
    "beside_bytes_B": "its tokens as bytes",
    "beside_offsets_T1": "token t is bytes [t] to [t + 1] of beside_bytes_B",
    "beside_resid_MD": "its last token's residual stream: what each layer is given, and after the last",
    "beside_mid_LD": "its last token's stream between attention and MLP; not where both read the same stream",
    "beside_lens_ids_MN": "the logit lens on beside_resid_MD; the last row is the model's output",
    "beside_lens_logprobs_MN": "their log-probabilities",
    "unembed_ids_N": "the last position's likeliest next tokens, likeliest first",
    "unembed_ND": "their rows of W_U: row · ln_f_TD[-1] is the logit, before the soft cap if there is one; "
    "no family here adds a bias",
    "unembed_picture_RC": "as wte_picture_RC, of W_U; not where that is W_E",
    "dla_ids_2": "the last position's likeliest next token, the winner, and the second, its runner-up",
    "dla_logit_2": "the winner's logit, and how far it is above the runner-up's: rows of W_U · final norm of "
    "the stream, before the soft cap if there is one. It is the sum of all shares below: embed + position + "
    "attn + mlp + norm_bias, or head + attn_bias for attn; each has one in the logit, [0], and one in the "
    "difference, [1] (direct logit attribution: Elhage et al. 2021; Nanda 2022). No family here adds a bias "
    "to its logits. Not where a norm stands behind every sum (OPT 350M)",
    "dla_scale_1": "what the final norm divides the last vector by, √(variance + ε) or √(mean square + ε): "
    "held while parts are read one by one",
    "dla_embed_2": "share of the last token's embedding: part · (gain ∘ row of W_U) / scale; where the norm "
    "takes the mean away, it is taken from the part",
    "dla_position_2": "share of its position; not where positions are rotary",
    "dla_attn_2L": "share of each layer's attention",
    "dla_head_2LH": "share of each head's own output, z · W_O; where attention passes a norm before it is "
    "added (Gemma 2 and 3), that norm's scale is held as well",
    "dla_attn_bias_2L": "share of the bias that attention's output matrix adds; 0 where it has none",
    "dla_mlp_2L": "share of each layer's MLP, its bias with it",
    "dla_norm_bias_2": "what no part wrote: the final norm's own bias · row of W_U; 0 where it has none",
    "dla_source_2T": "shares in the difference that two heads read from each token, weight · value · W_O: of "
    "the head that pulls hardest for the winner, [0], and of the one that pulls hardest against, [1]; each "
    "row adds up to its head's share",
}
