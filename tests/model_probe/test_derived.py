import math
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from model_probe import capture, parameters
from model_probe.derived import (
    BEGINNINGS,
    GPT_2_SMALL,
    GPT_3_MATRICES,
    Norm,
    PublishedShape,
    analogy_ranks,
    beginnings,
    direct_logit_attribution,
    head_outputs,
    head_scores,
    induction_ids,
    induction_scores,
    logit_lens,
    nearest_tokens,
    neuron_promotions,
    parameter_tally,
    pca_plane,
    strongest_neurons,
)
from model_probe.families import shape_of
from tests.model_probe.conftest import network_of

Array = NDArray[np.float64]
IDS = torch.tensor([[5, 17, 3, 3, 40, 8, 21]])


SINGLE = 1e-6  # the library's RMSNorm computes in single precision, in a model of doubles, too


def of(tensor: torch.Tensor) -> Array:
    """A double-precision array of its own."""
    return tensor.detach().numpy().astype(np.float64)


@dataclass
class Case:
    """A random model in double precision and what its own modules took and gave on IDS."""

    model: Any
    final_norm: Any
    norm: Norm
    embeddings: dict[str, Array]  # (T, D) each
    attention_LTD: Array
    mlp_LTD: Array
    stream_MTD: Array
    z_LHTK: Array
    output_LHKD: Array
    output_bias_LD: Array
    neurons_LFD: Array
    logits_TV: Array

    @property
    def unembed_VD(self) -> Array:  # noqa: N802
        return of(self.model.lm_head.weight)


def run(model: Any, **modules: Any) -> tuple[dict[str, list[Array]], dict[str, list[Array]], Array]:
    """Run on IDS; what the modules took and gave, layer by layer where a name stands for several."""
    took: dict[str, list[Array]] = {name: [] for name in modules}
    gave: dict[str, list[Array]] = {name: [] for name in modules}

    def keep(name: str) -> Any:
        def hook(_: Any, inputs: Any, output: Any) -> None:
            took[name] += [of(tensor.squeeze(0)) for tensor in inputs]
            gave[name].append(of((output[0] if isinstance(output, tuple) else output).squeeze(0)))

        return hook

    handles = [
        module.register_forward_hook(keep(name))
        for name, several in modules.items()
        for module in (several if isinstance(several, list) else [several])
    ]
    with torch.inference_mode():
        logits_TV = of(model(IDS, use_cache=False).logits[0])
    for handle in handles:
        handle.remove()
    return took, gave, logits_TV


def by_head(joined: list[Array], heads: int) -> Array:
    """(T, H·K) of every layer as (L, H, T, K)."""
    z_LTD = np.stack(joined)
    return z_LTD.reshape(*z_LTD.shape[:2], heads, -1).transpose(0, 2, 1, 3)


@pytest.fixture(scope="module")
def gpt2_case(tiny_directory: Path) -> Case:
    model: Any = GPT2LMHeadModel.from_pretrained(tiny_directory, dtype=torch.float64)
    trunk, blocks = model.transformer, list(model.transformer.h)
    took, gave, logits_TV = run(
        model, wte=trunk.wte, wpe=trunk.wpe, blocks=[b.ln_1 for b in blocks], final=trunk.ln_f,
        attention=[b.attn for b in blocks], outputs=[b.attn.c_proj for b in blocks],
        mlp=[b.mlp for b in blocks],
    )  # fmt: skip
    heads, width = model.config.n_head, model.config.n_embd
    return Case(
        model=model,
        final_norm=trunk.ln_f,
        norm=Norm(
            centred=True, gain_D=of(trunk.ln_f.weight), shift_D=of(trunk.ln_f.bias), epsilon=trunk.ln_f.eps
        ),
        embeddings={"wte": gave["wte"][0], "wpe": gave["wpe"][0]},
        attention_LTD=np.stack(gave["attention"]),
        mlp_LTD=np.stack(gave["mlp"]),
        stream_MTD=np.stack([*took["blocks"], *took["final"]]),
        z_LHTK=by_head(took["outputs"], heads),
        output_LHKD=np.stack([of(b.attn.c_proj.weight).reshape(heads, -1, width) for b in blocks]),
        output_bias_LD=np.stack([of(b.attn.c_proj.bias) for b in blocks]),
        neurons_LFD=np.stack([of(b.mlp.c_proj.weight) for b in blocks]),
        logits_TV=logits_TV,
    )


@pytest.fixture(scope="module")
def llama_case() -> Case:
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=64, hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=2, initializer_range=0.3, tie_word_embeddings=False, rms_norm_eps=1e-3,
    )  # fmt: skip
    model: Any = LlamaForCausalLM(config).double()
    for parameter in model.parameters():  # gains start at 1, which would hide mistakes
        parameter.data += 0.1 * torch.randn_like(parameter)
    trunk, layers = model.model, list(model.model.layers)
    took, gave, logits_TV = run(
        model, wte=trunk.embed_tokens, blocks=[b.input_layernorm for b in layers], final=trunk.norm,
        attention=[b.self_attn for b in layers], outputs=[b.self_attn.o_proj for b in layers],
        mlp=[b.mlp for b in layers],
    )  # fmt: skip
    heads = config.num_attention_heads
    return Case(
        model=model,
        final_norm=trunk.norm,
        norm=Norm(centred=False, gain_D=of(trunk.norm.weight), epsilon=trunk.norm.variance_epsilon),
        embeddings={"wte": gave["wte"][0]},
        attention_LTD=np.stack(gave["attention"]),
        mlp_LTD=np.stack(gave["mlp"]),
        stream_MTD=np.stack([*took["blocks"], *took["final"]]),
        z_LHTK=by_head(took["outputs"], heads),
        output_LHKD=np.stack([of(b.self_attn.o_proj.weight.T).reshape(heads, -1, 24) for b in layers]),
        output_bias_LD=np.zeros((3, 24)),
        neurons_LFD=np.stack([of(b.mlp.down_proj.weight.T) for b in layers]),
        logits_TV=logits_TV,
    )


@pytest.fixture(params=["gpt2_case", "llama_case"])
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.getfixturevalue(request.param)
    return found


def parts_at(case: Case, t: int, heads: bool) -> dict[str, Array]:
    parts = {name: part_TD[t] for name, part_TD in case.embeddings.items()}
    parts["mlp"] = case.mlp_LTD[:, t]
    if heads:
        return parts | {
            "heads": head_outputs(case.z_LHTK[:, :, t], case.output_LHKD),
            "output bias": case.output_bias_LD,
        }
    return parts | {"attention": case.attention_LTD[:, t]}


def total(shares: dict[str, Array]) -> float:
    return math.fsum(value for share in shares.values() for value in share.ravel())


def test_the_module_needs_no_torch() -> None:
    code = "import sys, model_probe.derived; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_the_lens_is_the_model_s_own_norm_and_unembedding_at_every_depth(case: Case) -> None:
    ids_MTN, logprobs_MTN = logit_lens(case.stream_MTD, case.norm, case.unembed_VD, top=10)
    with torch.inference_mode():
        logits = case.model.lm_head(case.final_norm(torch.from_numpy(case.stream_MTD)))
        expected = logits.log_softmax(dim=-1).topk(10, dim=-1)
    np.testing.assert_array_equal(ids_MTN, expected.indices.numpy())
    np.testing.assert_allclose(logprobs_MTN, expected.values.numpy(), rtol=0, atol=SINGLE)


def test_the_lens_ends_in_what_the_model_says(case: Case) -> None:
    ids_MTN, logprobs_MTN = logit_lens(case.stream_MTD, case.norm, case.unembed_VD, top=3)
    expected = torch.from_numpy(case.logits_TV).log_softmax(dim=-1).topk(3, dim=-1)
    np.testing.assert_array_equal(ids_MTN[-1], expected.indices.numpy())
    np.testing.assert_allclose(logprobs_MTN[-1], expected.values.numpy(), rtol=0, atol=SINGLE)


def test_every_depth_of_the_lens_has_its_own_statistics(case: Case) -> None:
    norm = Norm(centred=case.norm.centred, gain_D=case.norm.gain_D, shift_D=case.norm.shift_D, epsilon=0.0)
    growing_M11 = (10.0 ** np.arange(len(case.stream_MTD)))[:, None, None]
    ids, logprobs = logit_lens(case.stream_MTD, norm, case.unembed_VD)
    grown_ids, grown_logprobs = logit_lens(case.stream_MTD * growing_M11, norm, case.unembed_VD)
    np.testing.assert_array_equal(grown_ids, ids)
    np.testing.assert_allclose(grown_logprobs, logprobs, rtol=0, atol=SINGLE)


def test_a_bias_of_the_unembedding_moves_the_lens(llama_case: Case) -> None:
    bias_V = np.zeros(64)
    bias_V[33] = 1000
    ids_MTN, logprobs_MTN = logit_lens(llama_case.stream_MTD, llama_case.norm, llama_case.unembed_VD, bias_V)
    assert (ids_MTN[..., 0] == 33).all()
    np.testing.assert_allclose(logprobs_MTN[..., 0], 0, atol=1e-9)


@pytest.mark.parametrize("heads", [False, True])
def test_shares_add_up_to_every_token_s_logit(case: Case, heads: bool) -> None:
    for t in range(IDS.shape[1]):
        parts = parts_at(case, t, heads)
        for token, logit in enumerate(case.logits_TV[t, :64]):
            shares = direct_logit_attribution(
                parts, case.stream_MTD[-1, t], case.norm, case.unembed_VD[token]
            )
            assert {name: part.shape[:-1] for name, part in parts.items()} == {
                name: share.shape for name, share in shares.items() if name != "bias"
            }
            assert abs(total(shares) - logit) < SINGLE


def test_shares_of_a_float32_run_add_up_to_its_logit_within_a_ten_thousandth(tiny_directory: Path) -> None:
    network: Any = network_of(tiny_directory, reference=True)
    run32 = capture.capture(network, IDS[0].numpy())
    t, norm = run32.tensors, network.model.transformer.ln_f
    frozen = Norm(
        centred=True,
        gain_D=norm.weight.detach().numpy(),
        shift_D=norm.bias.detach().numpy(),
        epsilon=norm.eps,
    )
    token = int(run32.logits_TV[-1].argmax())
    shares = direct_logit_attribution(
        {
            "wte": t["wte_TD"][-1],
            "wpe": t["wpe_TD"][-1],
            "attention": t["attn_out_LTD"][:, -1],
            "mlp": t["mlp_out_LTD"][:, -1],
        },
        t["resid_final_TD"][-1],
        frozen,
        network.model.lm_head.weight[token].detach().numpy(),
    )
    assert abs(total(shares) - float(run32.logits_TV[-1, token])) < 1e-4


def test_heads_and_the_output_bias_are_the_attention_s_output(case: Case) -> None:
    for t in range(IDS.shape[1]):
        outputs_LHD = head_outputs(case.z_LHTK[:, :, t], case.output_LHKD)
        np.testing.assert_allclose(
            outputs_LHD.sum(axis=1) + case.output_bias_LD, case.attention_LTD[:, t], rtol=0, atol=1e-12
        )


def test_a_share_is_what_the_logit_loses_without_its_part_at_the_run_s_own_scale(case: Case) -> None:
    final_D, token = case.stream_MTD[-1, -1], 11
    shares = direct_logit_attribution(parts_at(case, -1, True), final_D, case.norm, case.unembed_VD[token])

    def logit(resid_D: Array) -> float:
        centre = resid_D.mean() if case.norm.centred else 0.0
        scale = final_D.std() if case.norm.centred else math.sqrt((final_D**2).mean())
        shift_D = 0.0 if case.norm.shift_D is None else case.norm.shift_D
        normed_D = (resid_D - centre) / math.hypot(scale, math.sqrt(case.norm.epsilon)) * case.norm.gain_D
        return float((normed_D + shift_D) @ case.unembed_VD[token])

    assert abs(logit(final_D) - case.logits_TV[-1, token]) < SINGLE
    for name, part in parts_at(case, -1, True).items():
        for where in np.ndindex(part.shape[:-1]):
            assert abs(logit(final_D) - logit(final_D - part[where]) - shares[name][where]) < SINGLE


def test_a_difference_of_logits_is_shared_like_a_logit(case: Case) -> None:
    difference_D = case.unembed_VD[4] - case.unembed_VD[9]
    shares = direct_logit_attribution(
        parts_at(case, 2, False), case.stream_MTD[-1, 2], case.norm, difference_D
    )
    assert abs(total(shares) - (case.logits_TV[2, 4] - case.logits_TV[2, 9])) < SINGLE


def test_an_unembedding_s_bias_is_nobody_s_share(llama_case: Case) -> None:
    shares = direct_logit_attribution(
        parts_at(llama_case, 0, False), llama_case.stream_MTD[-1, 0], llama_case.norm,
        llama_case.unembed_VD[0], unembed_bias=2.5,
    )  # fmt: skip
    assert shares["bias"] == 2.5


def test_a_missing_part_and_a_part_named_bias_are_refused(case: Case) -> None:
    parts = parts_at(case, 1, False)
    at = (case.stream_MTD[-1, 1], case.norm, case.unembed_VD[0])
    with pytest.raises(ValueError, match="miss the residual stream"):
        direct_logit_attribution(parts | {"mlp": parts["mlp"][1:]}, *at)
    with pytest.raises(ValueError, match='called "bias"'):
        direct_logit_attribution({"bias": case.stream_MTD[-1, 1]}, *at)


def test_pure_heads_score_one_and_the_others_nothing() -> None:
    previous = np.eye(6, k=-1)
    previous[0, 0] = 1
    first = np.zeros((6, 6))
    first[:, 0] = 1
    scores = head_scores(np.stack([previous, first, np.eye(6)])[None])
    assert scores["head_previous_LH"].tolist() == [[1, np.float32(0.2), 0]]  # query 1 has the first before it
    assert scores["head_first_LH"].tolist() == [[np.float32(0.2), 1, 0]]
    assert scores["head_self_LH"].tolist() == [[0, 0, 1]]


def test_one_token_has_no_previous() -> None:
    scores = head_scores(np.ones((2, 3, 1, 1)))
    assert sorted(scores) == ["head_first_LH", "head_self_LH"]
    assert (scores["head_self_LH"] == 1).all()


def test_induction_is_the_weight_on_what_followed_the_first_time() -> None:
    repeat = 5
    pattern = np.zeros((1, 1, 10, 10))
    for query in range(repeat, 2 * repeat):
        pattern[0, 0, query, query - repeat + 1] = 0.1 * (query - repeat)
    assert np.isclose(induction_scores(pattern)[0, 0], np.mean([0, 0.1, 0.2, 0.3, 0.4]))


def test_induction_ids_come_of_the_seed_and_fit_the_context() -> None:
    allowed = np.arange(100, 200)
    drawn = induction_ids(allowed, 1024, seed=4)
    assert len(drawn) == 25
    assert set(drawn) <= set(allowed)
    np.testing.assert_array_equal(drawn, induction_ids(allowed, 1024, seed=4))
    assert (drawn != induction_ids(allowed, 1024, seed=5)).any()
    assert len(induction_ids(allowed, 16, seed=0)) == 8


def test_promoted_tokens_are_those_whose_logits_rise_when_a_last_neuron_fires_more(case: Case) -> None:
    final_D, rows_FD = case.stream_MTD[-1, -1], case.neurons_LFD[-1][:6]
    ids_FN, scores_FN = neuron_promotions(rows_FD, case.unembed_VD, case.norm, top=5)

    # The direct path at the run's own scale: the final norm with its denominator taken out of the graph
    deviation = math.sqrt((final_D.var() if case.norm.centred else (final_D**2).mean()) + case.norm.epsilon)
    gain_D = of(case.final_norm.weight)
    for row_D, ids_N, scores_N in zip(rows_FD, ids_FN, scores_FN, strict=True):
        before_D, after_D = final_D, final_D + row_D
        if case.norm.centred:
            before_D, after_D = before_D - before_D.mean(), after_D - after_D.mean()
        rise_V = case.unembed_VD @ ((after_D - before_D) / deviation * gain_D)
        assert ids_N.tolist() == sorted(range(len(rise_V)), key=lambda i: -rise_V[i])[:5]
        np.testing.assert_allclose(scores_N / deviation, rise_V[ids_N], rtol=1e-9)


def test_without_a_norm_a_row_meets_the_unembedding_as_it_is() -> None:
    unembed_VD = np.array([[1.0, 0], [0, 1], [1, 1], [-2, 0]])
    ids_FN, scores_FN = neuron_promotions(np.array([[3.0, 1], [-1, 0]]), unembed_VD, top=2)
    assert ids_FN.tolist() == [[2, 0], [3, 1]]
    assert scores_FN.tolist() == [[4, 3], [2, 0]]


def test_the_strongest_neuron_wrote_the_longest_vector(case: Case) -> None:
    post_F = np.random.default_rng(2).normal(size=len(case.neurons_LFD[0]))
    neurons_N, strengths_N = strongest_neurons(post_F, case.neurons_LFD[0], top=4)
    written = [math.hypot(*(m * row_D)) for m, row_D in zip(post_F, case.neurons_LFD[0], strict=True)]
    assert neurons_N.tolist() == sorted(range(len(written)), key=lambda f: -written[f])[:4]
    np.testing.assert_allclose(strengths_N, sorted(written, reverse=True)[:4])


def cosine(a: Array, b: Array) -> float:
    """Number by number, to check against."""
    dot = math.fsum(x * y for x, y in zip(a.tolist(), b.tolist(), strict=True))
    return dot / math.hypot(*a.tolist()) / math.hypot(*b.tolist())


@given(
    seed=st.integers(0, 2**32 - 1), size=st.integers(4, 40), width=st.integers(2, 9), top=st.integers(1, 50)
)
def test_neighbours_are_those_of_brute_force(seed: int, size: int, width: int, top: int) -> None:
    embedding_VD = np.random.default_rng(seed).normal(size=(size, width)).astype(np.float32)
    token = seed % size
    ids_N, cosines_N = nearest_tokens(embedding_VD, token, top)
    expected = {i: cosine(embedding_VD[i], embedding_VD[token]) for i in range(size) if i != token}
    assert ids_N.tolist() == sorted(expected, key=lambda i: -expected[i])[:top]
    np.testing.assert_allclose(cosines_N, [expected[i] for i in ids_N], rtol=0, atol=1e-12)


def test_equal_neighbours_come_by_id_and_a_zero_row_is_near_nothing() -> None:
    embedding_VD = np.array([[0.0, 0], [1, 2], [-1, -2], [1, 2], [2, 4], [1, 2]])
    ids_N, cosines_N = nearest_tokens(embedding_VD, 3)
    assert ids_N.tolist() == [1, 4, 5, 0, 2]
    np.testing.assert_allclose(cosines_N, [1, 1, 1, 0, -1])
    assert nearest_tokens(embedding_VD, 0)[1].tolist() == [0] * 5


@given(seed=st.integers(0, 2**32 - 1), size=st.integers(5, 40), width=st.integers(2, 9))
def test_analogies_are_ranked_like_brute_force_without_the_inputs(seed: int, size: int, width: int) -> None:
    generator = np.random.default_rng(seed)
    embedding_VD = generator.normal(size=(size, width)).astype(np.float32)
    analogies_A4 = np.stack([generator.permutation(size)[:4] for _ in range(3)])
    found = analogy_ranks(embedding_VD, analogies_A4, top=2)
    for row, (a, b, c, d) in enumerate(analogies_A4.tolist()):
        exact = embedding_VD.astype(np.float64)
        sum_D = exact[a] - exact[b] + exact[c]
        cosines = {i: cosine(exact[i], sum_D) for i in range(size) if i not in (a, b, c)}
        order = sorted(cosines, key=lambda i: -cosines[i])
        assert found.ranks_A[row] == 1 + order.index(d)
        assert found.top_ids_AN[row].tolist() == order[:2]
        assert abs(found.cosines_A[row] - cosines[d]) < 1e-12
        np.testing.assert_allclose(found.top_cosines_AN[row], [cosines[i] for i in order[:2]], atol=1e-12)


def test_an_input_that_is_nearest_does_not_take_the_first_rank() -> None:
    king, man, woman, queen, cat = range(5)
    embedding_VD = np.array([[5.0, 1, 0], [0, 1, 0], [0, 0.9, 0.5], [5, 0.5, 1.2], [-1, 0, 3]])
    sum_D = embedding_VD[king] - embedding_VD[man] + embedding_VD[woman]
    assert cosine(embedding_VD[king], sum_D) > cosine(embedding_VD[queen], sum_D)
    found = analogy_ranks(embedding_VD, np.array([[king, man, woman, queen], [king, man, woman, cat]]))
    assert found.ranks_A.tolist() == [1, 2]
    assert found.top_ids_AN.tolist() == [[queen, cat], [queen, cat]]


def test_an_analogy_that_expects_its_own_input_is_refused() -> None:
    with pytest.raises(ValueError, match="the expected token 2 is one of the analogy's inputs 0, 1, 2"):
        analogy_ranks(np.eye(4), np.array([[0, 1, 2, 2]]))


clouds = st.tuples(st.integers(0, 2**32 - 1), st.integers(3, 12), st.integers(2, 30)).map(
    lambda drawn: np.random.default_rng(drawn[0]).normal(3, 1, size=drawn[1:])
)


@given(vectors_PD=clouds)
def test_the_plane_is_that_of_the_covariance_s_eigenvectors(vectors_PD: Array) -> None:
    plane = pca_plane(vectors_PD)
    variances_D, axes_DD = np.linalg.eigh(np.cov(vectors_PD, rowvar=False, bias=True))
    np.testing.assert_allclose(plane.explained_2, variances_D[:-3:-1] / variances_D.sum(), atol=1e-9)
    np.testing.assert_allclose(plane.points_P2.var(axis=0), variances_D[:-3:-1], atol=1e-9)
    np.testing.assert_allclose(plane.axes_2D @ plane.axes_2D.T, np.eye(2), atol=1e-12)
    # The directions where they are determined: variances apart from the next
    variances = [*variances_D[::-1], 0.0]
    for axis, (variance, others) in enumerate(
        (variances[i], variances[:i] + variances[i + 1 : len(variances_D)]) for i in range(2)
    ):
        if all(abs(variance - other) > 1e-3 for other in others):
            assert abs(abs(plane.axes_2D[axis] @ axes_DD[:, -1 - axis]) - 1) < 1e-9


@given(vectors_PD=clouds)
def test_the_plane_does_not_turn_with_the_words_order_nor_with_a_sign(vectors_PD: Array) -> None:
    plane = pca_plane(vectors_PD)
    for axis_D in plane.axes_2D:
        assert axis_D[np.abs(axis_D).argmax()] > 0
    np.testing.assert_allclose(plane.project(vectors_PD), plane.points_P2, atol=1e-12)
    sizes = np.append(np.linalg.svd(vectors_PD - plane.mean_D, compute_uv=False), 0)
    for other in (vectors_PD[::-1], -vectors_PD, vectors_PD + 5):
        again = pca_plane(other)
        np.testing.assert_allclose(again.explained_2, plane.explained_2, atol=1e-9)
        for axis, (axis_D, again_D) in enumerate(zip(plane.axes_2D, again.axes_2D, strict=True)):
            largest, second = np.sort(np.abs(axis_D))[:-3:-1]
            apart = np.abs(np.delete(sizes, axis) - sizes[axis]).min()
            if apart > 0.05 and largest - second > 1e-6:  # else the axis or its sign is anybody's
                np.testing.assert_allclose(again_D, axis_D, atol=1e-8)


@pytest.mark.parametrize(
    "vectors_PD", [np.eye(5)[:2], np.outer([0.0, 1, 2, 7], [1, 2, 3]) + 9, np.ones((4, 3))]
)
def test_words_on_one_line_have_no_plane(vectors_PD: Array) -> None:
    with pytest.raises(ValueError, match="on one line"):
        pca_plane(vectors_PD)


def test_gpt_3_s_matrices_are_the_lecture_s() -> None:
    tally = parameter_tally(GPT_3_MATRICES)
    each = 14_495_514_624
    assert {name: count for name, count in tally.items() if count} == {
        "embedding": 617_558_016,
        "query": each,
        "key": each,
        "value": each,
        "output": each,
        "mlp_up": 57_982_058_496,
        "mlp_down": 57_982_058_496,
        "unembedding": 617_558_016,
    }
    assert sum(tally.values()) == 175_181_291_520


def test_gpt_2_small_s_shape_counts_like_its_modules() -> None:
    with torch.device("meta"):
        model = GPT2LMHeadModel(GPT2Config())
    tally = parameter_tally(GPT_2_SMALL)
    sizes = {name: parameter.numel() for name, parameter in model.named_parameters()}
    assert tally == parameters.count(shape_of(model.config), sizes)
    assert sum(tally.values()) == sum(sizes.values()) == 124_439_808


def count(model: Any, *ends: str) -> int:
    return sum(p.numel() for name, p in model.named_parameters() if name.endswith(ends))


def test_llama_3_8b_s_shape_counts_like_its_modules() -> None:
    with torch.device("meta"):
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32,
                num_attention_heads=32, num_key_value_heads=8, tie_word_embeddings=False,
            )
        )  # fmt: skip
    tally = parameter_tally(
        PublishedShape(
            n_layer=32, d_model=4096, d_mlp=14336, n_head=32, d_head=128, n_vocab=128256, n_ctx=0,
            n_kv_head=8, gated=True, norm_vectors=1, tied=False,
        )
    )  # fmt: skip
    assert tally == {
        "embedding": count(model, "embed_tokens.weight"),
        "position": 0,
        "query": count(model, "q_proj.weight"),
        "key": count(model, "k_proj.weight"),
        "value": count(model, "v_proj.weight"),
        "output": count(model, "o_proj.weight"),
        "mlp_up": count(model, "up_proj.weight"),
        "mlp_gate": count(model, "gate_proj.weight"),
        "mlp_down": count(model, "down_proj.weight"),
        "norm": count(model, "norm.weight"),
        "bias": 0,
        "unembedding": count(model, "lm_head.weight"),
    }
    assert sum(tally.values()) == sum(p.numel() for p in model.parameters()) == 8_030_261_248


def test_heads_narrower_than_the_stream_and_biases_of_some_matrices_are_counted() -> None:
    with torch.device("meta"):
        model = Qwen2ForCausalLM(
            Qwen2Config(
                vocab_size=300, hidden_size=64, intermediate_size=96, num_hidden_layers=3,
                num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=True,
                head_dim=8,  # type: ignore[call-arg]  # what the config class does not name, it takes
            )
        )  # fmt: skip
    tally = parameter_tally(
        PublishedShape(
            n_layer=3, d_model=64, d_mlp=96, n_head=4, d_head=8, n_vocab=300, n_ctx=0, n_kv_head=2,
            gated=True, biased=("query", "key", "value"), norm_vectors=1, tied=True,
        )
    )  # fmt: skip
    assert tally["bias"] == count(model, ".bias")
    assert tally["output"] == count(model, "o_proj.weight") == 3 * 4 * 8 * 64
    assert tally["unembedding"] == 0
    assert sum(tally.values()) == sum(p.numel() for p in model.parameters())


def test_a_bias_of_no_matrix_is_refused() -> None:
    with pytest.raises(ValueError, match="not matrices of a layer: mlp_gate; there are query, key"):
        parameter_tally(
            PublishedShape(
                n_layer=1, d_model=2, d_mlp=2, n_head=1, d_head=2, n_vocab=2, n_ctx=0, biased=("mlp_gate",),
                norm_vectors=0, tied=True,
            )
        )  # fmt: skip


def test_beginnings_of_tokens() -> None:
    tokens = {
        b" cat": 0,
        b" Cat": 1,
        b"cat": 2,
        b"Cat": 2,
        b" 1": 3,
        b"": 3,
        b" ": 3,
        b"  a": 3,
        "\u00e9t".encode(): 2,
    }
    tokens |= {
        " \u00c9t".encode(): 1,
        " \u65e5".encode(): 2,
        "\u65e5".encode()[:2]: 3,
        b" \xe6\x97": 3,
        b"\xa5a": 3,
    }
    offsets = np.cumsum([0, *map(len, tokens)])
    kinds_V = beginnings(np.frombuffer(b"".join(tokens), np.uint8), offsets)
    assert dict(zip(tokens, kinds_V.tolist(), strict=True)) == tokens
    assert len(BEGINNINGS) == 4
