"""Neurons that write most and the tokens that they promote, against transformers' modules in float64."""

import itertools
from pathlib import Path

import numpy as np
import torch

from model_probe import neurons
from model_probe.plan import CITIES, Selection
from model_probe.record import record
from model_probe.trace import Trace
from tests.model_probe.test_attribution import PROMPT, Case, case, near

__all__ = ["case"]
RUN = ("neuron_lit_LT", "neuron_post_LWF")


def downs(case: Case) -> list[str]:
    return case.end(r".*\.mlp\.(c_proj|down_proj|dense_4h_to_h)", r".*\.fc2")


def alone(case: Case, layer: int, neuron: int) -> torch.Tensor:
    """What one neuron adds to the last position's stream: its module fed with it alone, norms held."""
    name = downs(case)[layer]
    module, post_F = case.modules[name], case.given[name]
    fed_F = torch.zeros_like(post_F)
    fed_F[neuron] = post_F[neuron]
    wrote_D: torch.Tensor = module(fed_F) - module(torch.zeros_like(post_F))
    after = case.end(r".*\.post_feedforward_layernorm")
    return case.frozen(after[layer], wrote_D) if after else wrote_D


@torch.inference_mode()
def logits(case: Case, part_D: torch.Tensor) -> np.ndarray:
    """What a part of the last position's stream adds to every logit."""
    read_D = part_D
    if case.trace.facts.wiring != "post_norm":
        read_D = case.frozen(case.final_norm, part_D)
    for name in case.end(r".*project_out"):
        read_D = case.modules[name](read_D)
    return np.asarray((case.model.get_output_embeddings().weight @ read_D).numpy())


def test_the_strongest_write_most(case: Case) -> None:
    trace = case.trace
    for layer in range(trace.facts.n_layer):
        with torch.inference_mode():
            sizes_F = torch.stack(
                [
                    case.given[downs(case)[layer]][neuron].abs() * case_row(case, layer, neuron).norm()
                    for neuron in range(trace.facts.d_mlp)
                ]
            )
        strengths_N = trace.neuron_strengths_LN[layer]
        near(strengths_N, sizes_F.sort(descending=True).values[: len(strengths_N)], strengths_N)
        near(sizes_F[trace.neuron_ids_LN[layer]], strengths_N, strengths_N)


def case_row(case: Case, layer: int, neuron: int) -> torch.Tensor:
    """A neuron's row of W_down, by its module: what 1 of it writes."""
    module, post_F = case.modules[downs(case)[layer]], case.given[downs(case)[layer]]
    one_F = torch.zeros_like(post_F)
    one_F[neuron] = 1
    row_D: torch.Tensor = module(one_F) - module(torch.zeros_like(post_F))
    return row_D


def test_what_they_add_to_logits_is_what_the_modules_add(case: Case) -> None:
    trace, winner = case.trace, int(case.logits_V.argmax())
    for layer, ids_N in enumerate(trace.neuron_ids_LN[:]):
        with torch.inference_mode():
            added = [logits(case, alone(case, layer, int(neuron))) for neuron in ids_N]
        near(trace.neuron_logits_LN[layer], [each[winner] for each in added], 1)
        tokens_N, largest = trace.neuron_tokens_LN[layer], np.abs(added[0]).max()
        near(trace.neuron_token_logits_LN[layer], added[0][tokens_N], largest)
        near(np.sort(added[0])[::-1][: len(tokens_N)], added[0][tokens_N], largest)


@torch.inference_mode()
def test_the_neuron_shown_is_computed_from_its_rows(case: Case) -> None:
    trace, name = case.trace, downs(case)[0]
    layer, neuron = trace.neuron_shown_2[:].tolist()
    assert neuron == trace.neuron_ids_LN[layer, 0]
    if trace.has("dla_mlp_2L"):
        assert layer == trace.dla_mlp_2L[0].argmax()
    name = downs(case)[layer]
    in_D = torch.from_numpy(trace.neuron_in_D[:]).double()
    values = {}
    for part in ("pre", "up") if trace.facts.gated else ("pre",):
        bias = f"neuron_{part}_bias_1"
        values[part] = float(in_D @ torch.from_numpy(getattr(trace, f"neuron_{part}_weight_D")[:]).double())
        values[part] += float(getattr(trace, bias)[0]) if trace.has(bias) else 0.0
        near(values[part], getattr(trace, f"neuron_{part}_F")[neuron], 1)
        near(getattr(trace, f"neuron_{part}_F")[:], getattr(trace, f"mlp_{part}_LTF")[layer, -1], 1)
    assert trace.has("neuron_up_F") == trace.facts.gated
    activation = case.modules[case.end(r".*\.0\.(mlp\.)?(act|act_fn|activation_fn)")[0]]
    post = float(activation(torch.tensor(values["pre"]))) * values.get("up", 1.0)
    near(post, case.given[name][neuron], 1)
    near(trace.neuron_out_weight_D[:], case_row(case, layer, neuron), 1)


def test_the_cities_and_their_lights_are_the_activations(case: Case) -> None:
    trace = case.trace
    post_LTF = trace.mlp_post_LTF[:]
    np.testing.assert_array_equal(trace.neuron_post_LWF[:], post_LTF[:, -CITIES:])
    bright_LTF = np.abs(post_LTF) > 0.1 if trace.facts.gated else post_LTF > 0.1
    np.testing.assert_allclose(trace.neuron_lit_LT[:], bright_LTF.mean(axis=-1), rtol=1e-6)


def test_likeness_is_the_mean_cosine_of_the_promoted(case: Case) -> None:
    trace = case.trace
    embedding = case.model.get_input_embeddings().weight.detach().numpy()
    for name in case.end(r".*project_in"):
        embedding = embedding @ case.modules[name].weight.detach().numpy().T
    for tokens_N, likeness in zip(trace.neuron_tokens_LN[:], trace.neuron_likeness_L[:], strict=True):
        rows = embedding[tokens_N] / np.linalg.norm(embedding[tokens_N], axis=-1, keepdims=True)
        cosines = [one @ other for one, other in itertools.combinations(rows, 2)]
        np.testing.assert_allclose(likeness, np.mean(cosines), atol=1e-5)


def test_both_engines_and_a_selection_give_the_same(case: Case, tmp_path: Path) -> None:
    trace, model, names = case.trace, str(case.directory), (*neurons.NAMES, *RUN)
    few = Selection(tensors=names)
    other = Trace.open(record(PROMPT, tmp_path / "few", model=model, selection=few, reference=True))
    assert set(other.tensor_names) == {"token_ids_T", *filter(trace.has, names)}
    part = Trace.open(record(PROMPT, tmp_path / "part", model=model, selection=Selection(layers=(1,))))
    for name in other.tensor_names:
        near(getattr(other, name)[:], getattr(trace, name)[:], getattr(trace, name)[:])
        near(getattr(part, name)[:], getattr(trace, name)[:], getattr(trace, name)[:])
