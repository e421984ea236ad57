"""What attention hands over, by head and by key token: held against the library's own output matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from numpy.typing import NDArray

from model_probe import plan
from model_probe.families import family_of
from model_probe.plan import Selection
from model_probe.record import record
from model_probe.trace import Trace
from tests.model_probe.test_families import CONFIGS, eager, save

PROMPT = "The old king gave his ring away"


class Library:
    """One run of transformers' own model, its output matrices read by hooks."""

    def __init__(self, directory: Path, ids_T: NDArray[np.int64]) -> None:
        model = eager(directory)
        family = family_of(model.config)
        blocks = model.get_submodule(family.blocks)
        self.outputs = [
            block.get_submodule(family.attention).get_submodule(family.output) for block in blocks
        ]
        self.came: list[tuple[torch.Tensor, torch.Tensor]] = []  # [1, T, H·K], [1, T, D]
        for module in self.outputs:
            module.register_forward_hook(lambda _, given, out: self.came.append((given[0], out)))
        cache: Any = transformers.DynamicCache()
        with torch.no_grad():
            model(torch.from_numpy(ids_T)[None], past_key_values=cache, use_cache=True)
        self.came = self.came[: len(self.outputs)]
        self.values = [layer.values[0] for layer in cache.layers]  # C × T × K

    @torch.no_grad()
    def handed(self, layer: int, head: int, z_NK: torch.Tensor) -> NDArray[np.float32]:
        """What the module adds for one head alone: all other heads at nothing, its bias taken away."""
        module, width = self.outputs[layer], z_NK.shape[-1]
        alone = torch.zeros(len(z_NK), self.came[layer][0].shape[-1])
        alone[:, head * width : (head + 1) * width] = z_NK
        found: NDArray[np.float32] = (module(alone) - module(torch.zeros_like(alone))).numpy()
        return found

    @torch.no_grad()
    def bias(self, layer: int) -> NDArray[np.float32]:
        found: NDArray[np.float32] = self.outputs[layer](torch.zeros_like(self.came[layer][0][0, :1]))[0]
        return np.asarray(found)


@pytest.mark.parametrize("reference", [False, True], ids=["as it runs", "in transformers"])
@pytest.mark.parametrize("name", CONFIGS)
def test_every_head_and_every_key_token_hand_over_what_the_library_s_matrix_makes(
    name: str, reference: bool, tmp_path: Path
) -> None:
    save(name, tmp_path / "model")
    path = record(PROMPT, tmp_path / "t", model=str(tmp_path / "model"), reference=reference, steps=1)
    trace, library = Trace.open(path), Library(tmp_path / "model", Trace.open(path).token_ids_T[:])
    facts = trace.facts
    assert trace.head_last_LHD.shape == (facts.n_layer, facts.n_head, facts.d_model)
    assert trace.value_out_SD.shape == (trace.n_tokens, facts.d_model)
    whole = "attn_unnormed_LTD" if facts.wiring == "sandwich" else "attn_out_LTD"
    for layer in range(facts.n_layer):
        z_HK = library.came[layer][0][0, -1].reshape(facts.n_head, facts.d_head)
        expected_HD = np.concatenate([library.handed(layer, head, z_HK[[head]]) for head in range(len(z_HK))])
        largest = np.abs(expected_HD).max()
        np.testing.assert_allclose(trace.head_last_LHD[layer], expected_HD, atol=2e-5 * largest)
        summed_D = trace.head_last_LHD[layer].sum(axis=0) + library.bias(layer)
        for output_D in (library.came[layer][1][0, -1].numpy(), getattr(trace, whole)[layer, -1]):
            np.testing.assert_allclose(summed_D, output_D, atol=2e-5 * largest)
    layer, head = facts.projected
    expected_SD = library.handed(layer, head, library.values[layer][head // facts.group])
    np.testing.assert_allclose(trace.value_out_SD[:], expected_SD, atol=2e-5 * np.abs(expected_SD).max())
    poured_D = trace.pattern_last_LHS[layer, head] @ trace.value_out_SD[:]
    np.testing.assert_allclose(trace.head_last_LHD[layer, head], poured_D, atol=2e-5 * np.abs(poured_D).max())


@pytest.mark.parametrize("shown", [(None, None), (1, 3), (2, None)])
def test_of_a_long_prompt_it_is_what_it_is_where_all_is_kept(
    tmp_path: Path, shown: tuple[int | None, int | None]
) -> None:
    save("llama", tmp_path / "model")
    model, prompt = str(tmp_path / "model"), "The old king had a ring. " * 17
    whole = Trace.open(record(prompt, tmp_path / "whole", model=model, selection=Selection(shown=shown)))
    assert 128 >= whole.n_tokens > 100
    for long, extra in ((128, ()), (100, ()), (100, ("v_LCTK",))):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(plan, "LONG", long)
            wanted = ("value_out_SD", "head_last_LHD", *extra)
            selection = Selection(tensors=wanted, of_one_head=extra, shown=shown)
            part = Trace.open(record(prompt, tmp_path / "part", model=model, selection=selection))
        assert set(part.tensor_names) == {"token_ids_T", *wanted}
        assert part.facts.projected == whole.facts.projected
        assert part.facts.one_head == (dict.fromkeys(extra, part.facts.projected))
        for name in wanted[:2]:
            same(getattr(part, name), getattr(whole, name))


def test_of_some_layers_and_heads(tmp_path: Path) -> None:
    save("llama", tmp_path / "model")
    selection = Selection(layers=(0, 2), heads=(1, 3))
    model = str(tmp_path / "model")
    whole = Trace.open(record(PROMPT, tmp_path / "whole", model=model))
    part = Trace.open(record(PROMPT, tmp_path / "part", model=model, selection=selection))
    layer, head = part.facts.projected
    assert (layer, head) in {(0, 1), (0, 3), (2, 1), (2, 3)}
    np.testing.assert_array_equal(part.head_last_LHD[2, 3], whole.head_last_LHD[2, 3])
    poured_D = whole.pattern_last_LHS[layer, head] @ part.value_out_SD[:]
    np.testing.assert_allclose(whole.head_last_LHD[layer, head], poured_D, rtol=1e-4, atol=1e-5)


def same(one: Any, other: Any) -> None:
    np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-4, atol=1e-5)
