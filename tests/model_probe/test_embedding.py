"""What scenes show of the weights and of a second text, against transformers' models and torch."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from model_probe import embedding, survey
from model_probe.beside import NAMES as BESIDE
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.parameters import CATEGORIES
from model_probe.plan import Selection
from model_probe.record import record
from model_probe.tiles import NAMES as TILES
from model_probe.tiles import ROWS
from model_probe.trace import TENSORS, Trace
from model_probe.words import PAIRS
from tests.model_probe.conftest import TOLERANCE
from tests.model_probe.test_families import eager, save

PROMPT = "The old king loved the cat and the king"
MODELS = ("storyteller", "llama", "qwen3", "gemma 3", "gpt-neox", "opt", "opt 350m", "phi-3", "gpt2")
NEW = (
    *(*embedding.PICTURE, *embedding.NORMS, *embedding.AROUND, *embedding.SPACE, *embedding.NEAR),
    *(*embedding.ANALOGIES, *embedding.PAIRS, *embedding.RANDOM, *embedding.UNEMBEDDING, *TILES, *ROWS),
    *(*BESIDE, "next_rank_T", "next_logprob_T"),
)


class Case:
    """A model's trace, and the model as transformers has it, in double precision."""

    def __init__(self, name: str, directory: Path, path: Path) -> None:
        self.name, self.directory = name, directory
        self.trace = Trace.open(record(PROMPT, path, model=str(directory)))
        self.model = eager(directory).double()
        with torch.inference_mode():
            self.rows_VD = self.model.get_input_embeddings().weight.clone()
            self.unembed_VD = self.model.get_output_embeddings().weight.clone()
            if name == "opt 350m":
                decoder = self.model.model.decoder
                self.rows_VD = decoder.project_in(self.rows_VD)
                self.unembed_VD = self.unembed_VD @ decoder.project_out.weight
        self.unit_VD = torch.nn.functional.normalize(self.rows_VD, dim=1)
        self.tokenizer: Any = Tokenizer.from_file(str(directory / "tokenizer.json"))

    def id_of(self, word: str) -> int | None:
        ids = self.tokenizer.encode(f" {word}", add_special_tokens=False).ids
        return ids[0] if len(ids) == 1 else None


@pytest.fixture(scope="module", params=MODELS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("embedding")
    directory = STORYTELLER_DIRECTORY
    if request.param != "storyteller":
        directory = folder / "model"
        save(request.param, directory)
    return Case(request.param, directory, folder / "trace")


def near(found: Any, expected: Any, tolerance: float = TOLERANCE) -> None:
    """Equal within so much of the largest value."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max(initial=0) <= tolerance * max(1e-9, np.abs(expected).max(initial=0))


def test_pictures_are_the_extreme_of_every_cell(case: Case) -> None:
    pictures = {"wte_picture_RC": case.rows_VD}
    tied = case.trace.facts.tied_unembedding
    assert tied != case.trace.has("unembed_picture_RC")
    if not tied:
        pictures["unembed_picture_RC"] = case.unembed_VD
    for name, rows_VD in pictures.items():
        step, down = -(-len(rows_VD) // 1600), -(-rows_VD.shape[1] // 192)
        pool = torch.nn.MaxPool2d((step, down), ceil_mode=True)
        highest, lowest = pool(rows_VD[None])[0], -pool(-rows_VD[None])[0]
        expected = torch.where(highest >= -lowest, highest, lowest).T
        near(getattr(case.trace, name)[:], expected, 1e-6)


def test_lengths_and_the_rows_around_the_prompt_s_tokens(case: Case) -> None:
    trace = case.trace
    near(trace.wte_norms_V[:], torch.linalg.vector_norm(case.rows_VD, dim=1), 1e-6)
    first = list(dict.fromkeys(trace.token_ids_T[:].tolist()))
    assert trace.around_ids_E7[:, 3].tolist() == first  # the vocabulary's ends are far
    assert (np.diff(trace.around_ids_E7[:], axis=1) == 1).all()
    near(trace.wte_around_E7D[:], case.rows_VD[trace.around_ids_E7[:]], 1e-6)


def test_the_space_is_that_of_a_full_decomposition(case: Case) -> None:
    centred = case.unit_VD - case.unit_VD.mean(dim=0)
    _, sizes, axes = torch.linalg.svd(centred, full_matrices=False)
    near(case.trace.space_explained_3[:], (sizes**2 / (sizes**2).sum())[:3], 1e-4)
    expected_V3 = (centred @ axes[:3].T).numpy()
    signs = np.sign((expected_V3 * case.trace.space_V3[:]).sum(axis=0))
    near(case.trace.space_V3[:], expected_V3 * signs, 2e-3)
    axes_3D = axes[:3].numpy() * signs[:, None]
    assert (axes_3D[np.arange(3), np.abs(axes_3D).argmax(axis=1)] > 0).all()


def test_the_knot_is_nearest_to_the_mean(case: Case) -> None:
    mean_D = case.unit_VD.mean(dim=0)
    distances_V = torch.linalg.vector_norm(case.unit_VD - mean_D, dim=1)
    near(distances_V[case.trace.knot_ids_N[:]], distances_V.sort().values[:200], 1e-6)
    near(
        case.trace.knot_cosines_N[:], torch.cosine_similarity(case.unit_VD, mean_D)[case.trace.knot_ids_N[:]]
    )


def test_neighbours_are_those_of_largest_cosine(case: Case) -> None:
    trace = case.trace
    assert trace.near_ids_E[:].tolist() == list(dict.fromkeys(trace.token_ids_T[::1].tolist()[::-1]))
    for token, ids_N, cosines_N in zip(
        trace.near_ids_E[:].tolist(), trace.nearest_ids_EN[:], trace.nearest_cosines_EN[:], strict=True
    ):
        cosines_V = torch.cosine_similarity(case.rows_VD, case.rows_VD[token])
        cosines_V[token] = -2
        near(cosines_N, cosines_V.sort(descending=True).values[:10])
        near(cosines_V[ids_N], cosines_N)


def test_analogies_rank_the_expected_word_with_and_without_the_inputs(case: Case) -> None:
    trace = case.trace
    words = [["king", "man", "woman", "queen"], ["cats", "cat", "dog", "dogs"]]
    words += [["London", "England", "France", "Paris"]]  # the first whose words the storyteller has
    assert trace.analogy_ids_A4[:].tolist() == [[case.id_of(word) for word in line] for line in words]
    near(trace.analogy_vectors_A4D[:], case.rows_VD[trace.analogy_ids_A4[:]], 1e-6)
    for number, (a, b, c, d) in enumerate(trace.analogy_ids_A4[:].tolist()):
        cosines_V = torch.cosine_similarity(case.rows_VD, case.rows_VD[a] - case.rows_VD[b] + case.rows_VD[c])
        near(trace.analogy_cosines_A[number], cosines_V[d])
        near(trace.analogy_top_cosines_AN[number], cosines_V.sort(descending=True).values[:13])
        near(cosines_V[trace.analogy_top_ids_AN[number]], trace.analogy_top_cosines_AN[number])
        without_V = cosines_V.clone()
        without_V[[a, b, c]] = -2
        for rank, among_V in zip(
            trace.analogy_ranks_A2[number].tolist(), (cosines_V, without_V), strict=True
        ):
            assert (among_V > cosines_V[d] + 1e-6).sum() < rank <= (among_V >= cosines_V[d] - 1e-6).sum()


def test_pairs_are_measured_along_the_first_one_s_difference(case: Case) -> None:
    trace = case.trace
    pairs = trace.pair_ids_P2[:]
    assert pairs[0].tolist() == [case.id_of("cat"), case.id_of("cats")]
    assert len(pairs) == 1 + PAIRS
    assert pairs[1].tolist() == [case.id_of("dog"), case.id_of("dogs")]
    vectors_P2D = case.rows_VD[pairs]
    direction_D = vectors_P2D[0, 1] - vectors_P2D[0, 0]
    near(trace.direction_D[:], direction_D, 1e-6)
    near(trace.pair_vectors_P2D[:], vectors_P2D, 1e-6)
    near(trace.pair_dots_P2[:], vectors_P2D @ direction_D, 1e-6)
    near(trace.pair_norms_P2[:], torch.linalg.vector_norm(vectors_P2D, dim=-1), 1e-6)
    near(trace.pair_cosines_P2[:], torch.cosine_similarity(vectors_P2D, direction_D, dim=-1), 1e-6)


def test_random_pairs_are_of_different_ordinary_tokens(case: Case) -> None:
    one, two = case.trace.random_ids_R2[:].T
    assert (one != two).all()
    assert len(np.unique(one)) > 1500
    special = [token.content for token in case.tokenizer.get_added_tokens_decoder().values()]
    assert not {case.tokenizer.token_to_id(name) for name in special} & {*one.tolist(), *two.tolist()}
    near(case.trace.random_cosines_R[:], torch.cosine_similarity(case.rows_VD[one], case.rows_VD[two]))


def test_logits_are_the_unembedding_s_rows_times_what_it_is_given(case: Case) -> None:
    trace = case.trace
    assert trace.unembed_ids_N[:].tolist() == trace.top_ids_TN[-1].tolist()
    near(trace.unembed_ND[:], case.unembed_VD[trace.unembed_ids_N[:]], 1e-6)
    given = trace.ln_f_TD if trace.has("ln_f_TD") else trace.resid_final_TD
    logits_N = trace.unembed_ND[:].astype(np.float64) @ given[-1].astype(np.float64)
    near(logits_N, trace.logits_last_V[:][trace.unembed_ids_N[:]])


def test_the_true_next_token_s_rank_and_probability(case: Case) -> None:
    trace, ids = case.trace, torch.from_numpy(case.trace.token_ids_T[:])
    with torch.inference_mode():
        logprobs_TV = torch.log_softmax(case.model(ids[None]).logits[0], dim=-1)[:-1]
    own_T = logprobs_TV.gather(1, ids[1:, None])[:, 0]
    near(trace.next_logprob_T[:], own_T)
    bounds = [(logprobs_TV > own_T[:, None] + gap).sum(dim=1).numpy() for gap in (1e-4, -1e-4)]
    assert (bounds[0] < trace.next_rank_T[:]).all()
    assert (trace.next_rank_T[:] <= bounds[1]).all()


def test_the_second_text_is_run_as_the_prompt_is(case: Case) -> None:
    trace = case.trace
    ids = trace.token_ids_T[:].tolist()
    assert trace.facts.beside_how == "reversed"
    assert trace.beside_ids_T[:].tolist() == [*ids[-2::-1], ids[-1]]
    assert trace.beside_bytes_B[:].tobytes() == b" the and cat the loved king oldThe king".replace(
        b" the", b" the", 1
    )
    with torch.inference_mode():
        run = case.model(torch.from_numpy(trace.beside_ids_T[:])[None], output_hidden_states=True)
    streams = torch.cat(run.hidden_states[:-1])[:, -1]
    near(trace.beside_resid_MD[:-1], streams)
    logprobs_V = torch.log_softmax(run.logits[0, -1], dim=-1)
    near(logprobs_V[trace.beside_lens_ids_MN[-1]], trace.beside_lens_logprobs_MN[-1])
    near(trace.beside_lens_logprobs_MN[-1], logprobs_V.sort(descending=True).values[:10])
    # the prompt's own last token, of another run of the same code
    again = Trace.open(
        record(PROMPT, trace.path.with_name("again"), model=str(case.directory), beside=PROMPT)
    )
    near(again.beside_resid_MD[:-1], trace.resid_pre_LTD[:, -1])
    near(again.beside_resid_MD[-1], trace.resid_final_TD[-1])
    if trace.has("resid_mid_LTD"):
        near(again.beside_mid_LD[:], trace.resid_mid_LTD[:, -1])
    assert trace.has("beside_mid_LD") == trace.has("resid_mid_LTD")
    near(again.beside_lens_logprobs_MN[:], trace.lens_logprobs_MWN[:, -1])


def test_tiles_are_corners_of_the_stored_matrices(case: Case) -> None:
    trace = case.trace
    kinds = [CATEGORIES[kind] for kind in trace.weight_tile_kinds_P[:].tolist()]
    assert sorted(kinds) == sorted(kind for kind, count in trace.facts.parameters.items() if count)
    stored = {name: weight.detach().numpy() for name, weight in case.model.named_parameters()}
    corners = {kind: corner for kind, find in MATRICES.items() if (corner := find(stored, trace)) is not None}
    for kind, tile_RC, (rows, columns) in zip(
        kinds, trace.weight_tiles_PRC[:], trace.weight_tile_sizes_P2[:].tolist(), strict=True
    ):
        assert not tile_RC[rows:].any()
        assert not tile_RC[:, columns:].any()
        if kind in corners:
            near(tile_RC[:rows, :columns], corners[kind][:48, :48], 1e-6)
        else:  # vectors: the first layer's, of as many numbers as a head has at least
            width = min(trace.facts.d_head, columns)
            starts = {
                tuple(vector[start : start + width].round(5))
                for name, vector in stored.items()
                if vector.ndim == 1 and re.search(r"\.0\.", name)
                for start in range(0, len(vector), width)
            }
            assert kind in ("norm", "bias")
            assert {tuple(row.astype(np.float64).round(5)) for row in tile_RC[:rows, :width]} <= starts


def test_the_first_rows_make_queries(case: Case) -> None:
    trace = case.trace
    if case.name in ("qwen3", "gemma 3"):
        pytest.skip("it norms its queries")
    given = trace.ln1_LTD if trace.has("ln1_LTD") else trace.resid_pre_LTD
    bias = trace.weight_rows_bias_7[:] if trace.has("weight_rows_bias_7") else 0
    made = trace.q_pre_rope_LHTK if trace.has("q_pre_rope_LHTK") else trace.q_LHTK
    near(given[0].astype(np.float64) @ trace.weight_rows_7D[:].T + bias, made[0, 0][:, :7])


def _ending(*ends: str) -> Callable[[dict[str, Any], Trace], Any]:
    def find(stored: dict[str, Any], trace: Trace) -> Any:
        names = [name for name in stored if name.endswith(ends) and (".0." in name or "layers" not in name)]
        names = [name for name in names if not (".h." in name and ".h.0." not in name)]
        return stored[names[0]].T if names and "c_" in names[0] else stored[names[0]] if names else None

    return find


def _attention(part: int) -> Callable[[dict[str, Any], Trace], Any]:
    def find(stored: dict[str, Any], trace: Trace) -> Any:
        facts = trace.facts
        for name, weight in stored.items():
            if ".0." not in name:
                continue
            if name.endswith("c_attn.weight"):
                return np.split(weight.T, 3)[part]
            if name.endswith("query_key_value.weight"):
                return np.concatenate(
                    [head[part] for head in weight.reshape(facts.n_head, 3, facts.d_head, -1)]
                )
            if name.endswith("qkv_proj.weight"):
                own, shared = facts.n_head * facts.d_head, facts.kv_heads * facts.d_head
                return np.split(weight, [own, own + shared])[part]
            if name.endswith(f"{'qkv'[part]}_proj.weight"):
                return weight
        return None

    return find


def _mlp_up(stored: dict[str, Any], trace: Trace) -> Any:
    both = _ending("gate_up_proj.weight")(stored, trace)
    if both is not None:
        return np.split(both, 2)[1]
    return _ending("c_fc.weight", "up_proj.weight", "fc1.weight", "h_to_4h.weight")(stored, trace)


MATRICES = {
    "embedding": _ending("wte.weight", "embed_tokens.weight", "embed_in.weight"),
    "position": _ending("wpe.weight", "embed_positions.weight"),
    "query": _attention(0),
    "key": _attention(1),
    "value": _attention(2),
    "output": _ending("attn.c_proj.weight", "o_proj.weight", "out_proj.weight", "attention.dense.weight"),
    "mlp_gate": _ending("gate_proj.weight", "gate_up_proj.weight"),
    "mlp_up": _mlp_up,
    "mlp_down": _ending("mlp.c_proj.weight", "down_proj.weight", "fc2.weight", "dense_4h_to_h.weight"),
    "unembedding": _ending("lm_head.weight", "embed_out.weight", "project_out.weight"),
}


def test_both_engines_keep_the_same(case: Case, tmp_path: Path) -> None:
    if case.trace.facts.engine != "numpy":
        pytest.skip("transformers runs this family in any case")
    other = Trace.open(record(PROMPT, tmp_path / "t", model=str(case.directory), reference=True))
    assert other.facts.engine == "transformers"
    for name in NEW:
        assert other.has(name) == case.trace.has(name), name
        if other.has(name) and not name.startswith("space_"):  # nearly equal axes turn with every last digit
            near(np.asarray(getattr(other, name)), np.asarray(getattr(case.trace, name)))


def test_what_is_not_kept_is_not_computed(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case.name != "llama":
        pytest.skip("one model is enough")

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("computed")

    model, whole = str(case.directory), case.trace
    with monkeypatch.context() as patch:
        for module, name in ((embedding, "survey"), (embedding, "words"), (survey, "picture")):
            patch.setattr(module, name, refuse)
        few = record(PROMPT, tmp_path / "few", model=model, selection=Selection(tensors=("logits_last_V",)))
    assert Trace.open(few).tensor_names == ["token_ids_T", "logits_last_V"]
    for name in (name for name in NEW if whole.has(name)):
        kept = (
            ("beside_bytes_B", "beside_offsets_T1") if "_bytes_" in name or "_offsets_" in name else (name,)
        )
        one = Trace.open(record(PROMPT, tmp_path / "t", model=model, selection=Selection(tensors=kept)))
        assert one.tensor_names == [each for each in TENSORS if each in ("token_ids_T", *kept)]
        near(np.asarray(getattr(one, name)), np.asarray(getattr(whole, name)))
        assert one.run == whole.run
