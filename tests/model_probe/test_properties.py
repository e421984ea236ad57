"""Any small GPT-2, stored in any precision, on any ids: both codes agree with the oracle."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import GPT2Config, GPT2LMHeadModel

from model_probe import capture, verify
from model_probe.lens import logit_lens, top_logits
from model_probe.trace import Trace, write_trace
from tests.model_probe import oracle
from tests.model_probe.conftest import network_of
from tests.model_probe.test_trace import FACTS


@st.composite
def models(draw: st.DrawFn) -> tuple[GPT2Config, torch.dtype]:
    heads = draw(st.integers(1, 4))
    config = GPT2Config(
        vocab_size=draw(st.integers(3, 70)),
        n_positions=draw(st.integers(4, 30)),
        n_embd=heads * draw(st.sampled_from([2, 5, 8])),
        n_layer=draw(st.integers(1, 3)),
        n_head=heads,
        n_inner=draw(st.sampled_from([None, 7, 16])),
        layer_norm_epsilon=draw(st.sampled_from([1e-5, 1e-3])),
        initializer_range=0.4,
        bos_token_id=0,
        eos_token_id=0,
    )
    return config, draw(st.sampled_from([torch.float32, torch.float16, torch.bfloat16]))


@settings(max_examples=12, deadline=None, derandomize=True)
@given(models(), st.data())
def test_any_gpt2_is_captured_as_the_oracle_computes_it(
    model: tuple[GPT2Config, torch.dtype], data: st.DataObject
) -> None:
    config, dtype = model
    ids_T = np.array(
        data.draw(st.lists(st.integers(0, config.vocab_size - 1), min_size=1, max_size=config.n_positions))
    )
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        torch.manual_seed(0)
        network: Any = GPT2LMHeadModel(config)
        for parameter in network.parameters():
            parameter.data += 0.1 * torch.randn_like(parameter)
        # The oracle reads what is stored; numpy has no bfloat16, so its values are stored in full precision
        stored = network.to(dtype).to(torch.float32 if dtype == torch.bfloat16 else dtype)
        stored.save_pretrained(directory)
        expected = oracle.forward(directory, ids_T)
        for reference in (False, True):
            run = capture.capture(network_of(directory, reference), ids_T)
            logits_TV = expected["logits"]
            assert np.abs(run.logits_TV - logits_TV).max() < 5e-5 * max(1.0, np.abs(logits_TV).max())
            assert np.abs(run.tensors["pattern_LHTS"] - expected["patterns"]).max() < 1e-4
            tensors = {**run.tensors, **top_logits(run.logits_TV)}
            lens = logit_lens(
                network_of(directory, reference), (tensors["resid_pre_LTD"], tensors["resid_final_TD"])
            )
            assert verify.check({**tensors, **lens})["residual"] == 0
    kept = {name: values for name, values in run.tensors.items() if "LHT" in name}
    with tempfile.TemporaryDirectory() as folder:
        import dataclasses

        layers, heads, tokens, width = kept["q_LHTK"].shape
        facts = dataclasses.replace(
            FACTS, n_layer=layers, n_head=heads, d_head=width, n_ctx=tokens, n_vocab=config.vocab_size
        )
        trace = Trace.open(write_trace(Path(folder) / "t", {**kept, "token_ids_T": ids_T}, facts))
        for name, values in kept.items():
            np.testing.assert_array_equal(getattr(trace, name)[...], values)
        trace.check_bytes()
