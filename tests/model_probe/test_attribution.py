"""Direct logit attribution, against transformers' own modules in double precision."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from model_probe import attribution
from model_probe.models import STORYTELLER_DIRECTORY
from model_probe.plan import Selection
from model_probe.record import record
from model_probe.trace import Trace
from tests.model_probe.conftest import TOLERANCE
from tests.model_probe.test_families import CONFIGS, OPT, eager, save

PROMPT = "The old king loved the cat and the king"
NARROW = "opt, with narrower rows"
MODELS = ("storyteller", *CONFIGS, NARROW)


class Case:
    """A model's trace, and what transformers' modules are given and give at the last position."""

    def __init__(self, name: str, directory: Path, path: Path) -> None:
        self.name, self.directory, self.path = name, directory, path
        self.trace = Trace.open(record(PROMPT, path, model=str(directory)))
        self.model = eager(directory).double()
        self.modules = dict(self.model.named_modules())
        self.given: dict[str, torch.Tensor] = {}
        self.gave: dict[str, torch.Tensor] = {}
        hooks = [module.register_forward_hook(self.keep(name)) for name, module in self.modules.items()]
        with torch.inference_mode():
            ids = torch.from_numpy(self.trace.token_ids_T[:])[None]
            self.logits_V = self.model(ids).logits[0, -1]
        for hook in hooks:
            hook.remove()

    def keep(self, name: str) -> Any:
        def hook(_: Any, inputs: Any, output: Any) -> None:
            first = output[0] if isinstance(output, tuple) else output
            if inputs and isinstance(inputs[0], torch.Tensor) and isinstance(first, torch.Tensor):
                self.given[name], self.gave[name] = inputs[0].reshape(-1, inputs[0].shape[-1])[-1], first

        return hook

    def end(self, *patterns: str) -> list[str]:
        """The modules whose whole names match, in order."""
        return [name for name in self.modules if any(re.fullmatch(each, name) for each in patterns)]

    def last(self, name: str) -> torch.Tensor:
        return self.gave[name].reshape(-1, self.gave[name].shape[-1])[-1]

    def frozen(self, name: str, part: torch.Tensor) -> torch.Tensor:
        """What a norm makes of a part, its scale held at what it was in the run, without its shift."""
        module, x = self.modules[name], self.given[name]
        if isinstance(module, torch.nn.LayerNorm):
            scale = torch.sqrt(x.var(unbiased=False) + module.eps)
            normed: torch.Tensor = (part - part.mean(-1, keepdim=True)) / scale * module.weight
            return normed
        epsilon = self.trace.facts.layer_norm_epsilon
        gain: torch.Tensor = (
            module(torch.ones_like(x)) * (1 + epsilon) ** 0.5
        )  # whatever it makes of its weight
        return part / torch.sqrt((x**2).mean() + epsilon) * gain

    def shares(self, part: Any) -> torch.Tensor:
        """Shares of parts (…, D) of the last stream in the winner's logit and its difference, (2, …)."""
        with torch.inference_mode():
            normed = self.frozen(self.final_norm, torch.as_tensor(part).double())
            for name in self.end(r".*project_out"):
                normed = self.modules[name](normed)
            winner, second = self.model.get_output_embeddings().weight[self.trace.dla_ids_2[:]]
            return torch.stack([normed @ winner, normed @ (winner - second)])

    @property
    def final_norm(self) -> str:
        (name,) = self.end(r"[a-z_.]+\.(norm|ln_f|final_layer_norm)")
        return name


@pytest.fixture(scope="module", params=MODELS)
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("attribution")
    directory = STORYTELLER_DIRECTORY
    if request.param == NARROW:
        CONFIGS[NARROW] = ("OPTConfig", {**OPT, "word_embed_proj_dim": 16}, "sequential")
    if request.param != "storyteller":
        directory = folder / "model"
        save(request.param, directory)
    CONFIGS.pop(NARROW, None)
    return Case(request.param, directory, folder / "trace")


def near(found: Any, expected: Any, whole: Any) -> None:
    """Equal within so much of the largest part."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max(initial=0) <= TOLERANCE * max(1.0, np.abs(np.asarray(whole)).max())


def skip_post_norm(case: Case) -> Trace:
    if case.trace.facts.wiring == "post_norm":
        assert not any(map(case.trace.has, attribution.NAMES))
        pytest.skip("a norm stands behind every sum")
    return case.trace


def test_all_shares_add_up_to_the_model_s_own_logits(case: Case) -> None:
    trace = skip_post_norm(case)
    one, two = trace.dla_ids_2[:].tolist()
    logits_V = case.logits_V
    assert logits_V.argsort(descending=True)[:2].tolist() == [one, two]
    cap = trace.facts.logit_softcap
    if cap is not None:  # the shares add up to what is capped
        assert (case.logits_V.abs() < cap).all()
        logits_V = cap * torch.atanh(case.logits_V / cap)
    expected = [logits_V[one], logits_V[one] - logits_V[two]]
    sums_2 = np.array([trace.dla_embed_2[:], trace.dla_norm_bias_2[:]]).sum(axis=0, dtype=np.float64)
    sums_2 += trace.dla_position_2[:] if trace.has("dla_position_2") else 0
    sums_2 += trace.dla_mlp_2L[:].sum(axis=-1, dtype=np.float64)
    heads_2 = trace.dla_head_2LH[:].sum(axis=(1, 2), dtype=np.float64)
    heads_2 += trace.dla_attn_bias_2L[:].sum(axis=-1, dtype=np.float64)
    whole = trace.dla_mlp_2L[:]
    near(sums_2 + trace.dla_attn_2L[:].sum(axis=-1, dtype=np.float64), expected, whole)
    near(sums_2 + heads_2, expected, whole)
    near(trace.dla_logit_2[:], expected, whole)


def test_every_part_s_share_is_what_the_modules_give(case: Case) -> None:
    trace = skip_post_norm(case)
    layers = range(trace.facts.n_layer)
    outputs = case.end(r".*\d\.(attn|self_attn|attention)\.(c_proj|o_proj|out_proj|dense)")
    mlps = case.end(r".*\.mlp", r".*\.fc2")
    after = case.end(r".*\.post_attention_layernorm") if trace.facts.wiring == "sandwich" else []
    if after:
        mlps = case.end(r".*\.post_feedforward_layernorm")
    near(trace.dla_mlp_2L[:], torch.stack([case.shares(case.last(mlps[n])) for n in layers], -1), 1)
    added = [case.last((after or outputs)[n]) for n in layers]
    near(trace.dla_attn_2L[:], torch.stack([case.shares(each) for each in added], -1), 1)
    for layer in layers:
        module, given = case.modules[outputs[layer]], case.given[outputs[layer]]
        for head in range(trace.facts.n_head):
            with torch.inference_mode():
                rows = slice(head * trace.facts.d_head, (head + 1) * trace.facts.d_head)
                alone = torch.zeros_like(given)
                alone[rows] = given[rows]
                nothing = module(torch.zeros_like(given))
                wrote = module(alone) - nothing
                if after:
                    wrote, nothing = (case.frozen(after[layer], each) for each in (wrote, nothing))
            near(trace.dla_head_2LH[:, layer, head], case.shares(wrote), 1)
        near(trace.dla_attn_bias_2L[:, layer], case.shares(nothing), 1)
    first = case.given[case.end(r".*\.(h|layers)\.0")[0]]
    start_2 = trace.dla_embed_2[:] + (trace.dla_position_2[:] if trace.has("dla_position_2") else 0)
    near(start_2, case.shares(first), 1)
    if trace.has("dla_position_2"):
        (positions,) = case.end(r".*\.(wpe|embed_positions)")
        near(trace.dla_position_2[:], case.shares(case.last(positions)), 1)


def test_a_head_s_share_comes_from_the_tokens_that_it_reads(case: Case) -> None:
    trace = skip_post_norm(case)
    outputs = case.end(r".*\d\.(attn|self_attn|attention)\.(c_proj|o_proj|out_proj|dense)")
    after = case.end(r".*\.post_attention_layernorm") if trace.facts.wiring == "sandwich" else []
    head_LH = trace.dla_head_2LH[1]
    for place, row_T in zip((head_LH.argmax(), head_LH.argmin()), trace.dla_source_2T[:], strict=True):
        layer, head = divmod(int(place), trace.facts.n_head)
        assert abs(row_T.sum(dtype=np.float64) - head_LH[layer, head]) < TOLERANCE
        weights_T = trace.pattern_LHTS[layer, head, -1].astype(np.float64)
        assert (row_T[weights_T == 0] == 0).all()
        read_TK = weights_T[:, None] * trace.values(layer, head)
        module = case.modules[outputs[layer]]
        with torch.inference_mode():
            alone = torch.zeros(trace.n_tokens, trace.facts.n_head, trace.facts.d_head, dtype=torch.float64)
            alone[:, head] = torch.from_numpy(read_TK)
            wrote = module(alone.flatten(1)) - module(torch.zeros_like(alone).flatten(1))
            wrote = case.frozen(after[layer], wrote) if after else wrote
        near(row_T, case.shares(wrote)[1], 1)


def test_the_scale_is_the_final_norm_s(case: Case) -> None:
    trace = skip_post_norm(case)
    x = case.given[case.final_norm]
    spread = x.var(unbiased=False) if trace.facts.norm == "layer" else (x**2).mean()
    near(trace.dla_scale_1[:], torch.sqrt(spread + trace.facts.layer_norm_epsilon)[None], 1)


def test_both_engines_and_a_selection_give_the_same(case: Case, tmp_path: Path) -> None:
    trace = skip_post_norm(case)
    model = str(case.directory)
    few = Selection(tensors=attribution.NAMES)
    other = Trace.open(record(PROMPT, tmp_path / "few", model=model, selection=few, reference=True))
    assert other.tensor_names == ["token_ids_T", *filter(trace.has, attribution.NAMES)]
    part = record(PROMPT, tmp_path / "part", model=model, selection=Selection(layers=(1,), heads=(0, 2)))
    for name in other.tensor_names:
        near(getattr(other, name)[:], getattr(trace, name)[:], 1)
        near(getattr(Trace.open(part), name)[:], getattr(trace, name)[:], 1)
