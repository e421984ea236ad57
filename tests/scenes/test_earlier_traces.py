"""A trace of schema 1.1 plays in every scene that was there then: what it lacks falls away, nothing more."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from model_probe.errors import MissingTensor
from model_probe.trace import Facts, Trace, write_trace
from scenes import SCENES, load
from scenes.reads import parse
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.conftest import lacks
from tests.scenes.seen import See

OF_1_1 = {
    "token_ids_T", "prompt_bytes_B", "prompt_offsets_T1", "vocab_bytes_B", "vocab_offsets_V1",
    "piece_starts_P", "merge_steps_J3", "typo_ids_U", "typo_bytes_B", "typo_offsets_U1", "wte_TD", "wpe_TD",
    "resid_pre_LTD", "ln1_LTD", "q_LHTK", "k_LHTK", "v_LHTK", "scores_LHTS", "pattern_LHTS", "mask_TS",
    "z_LHTK", "attn_out_LTD", "resid_mid_LTD", "ln2_LTD", "mlp_pre_LTF", "mlp_post_LTF", "mlp_out_LTD",
    "resid_final_TD", "ln_f_TD", "logits_last_V", "top_ids_TN", "top_logits_TN", "logsumexp_T",
    "lens_ids_MWN", "lens_logprobs_MWN", "step_logits_GV", "step_scaled_GV", "step_kept_GV", "step_ids_G",
    "step_uniform_G", "head_previous_LH", "head_first_LH", "head_self_LH", "head_induction_LH",
    "induction_ids_R",
}  # fmt: skip
FACTS_OF_1_1 = {
    "schema", "model", "model_name", "model_note", "weights_sha256", "family", "n_layer", "n_head",
    "d_model", "d_head", "d_mlp", "n_ctx", "n_vocab", "n_parameters", "parameters", "tied_unembedding",
    "activation", "scale", "layer_norm_epsilon", "prompt", "seed", "sampling", "device", "dtype",
    "versions", "checks", "n_kv_head", "wiring", "positions", "norm", "gated", "attention_softcap",
    "logit_softcap", "added_tokens", "engine", "precision", "content_sha256", "layers", "heads",
}  # fmt: skip


@pytest.fixture
def earlier(trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trace:
    """The trace as version 1.1 wrote it."""

    def as_of_1_1(facts: Facts) -> str:
        kept = {name: value for name, value in asdict(facts).items() if name in FACTS_OF_1_1}
        return json.dumps(kept, sort_keys=True, separators=(",", ":"))

    tensors = {name: np.asarray(getattr(trace, name)) for name in trace.tensor_names if name in OF_1_1}
    with monkeypatch.context() as patch:
        patch.setattr(Facts, "to_json", as_of_1_1)
        path = write_trace(tmp_path / "earlier.safetensors", tensors, replace(trace.facts, schema="1.1"))
    return Trace.open(path)


def test_it_is_sound(earlier: Trace) -> None:
    assert earlier.facts.schema == "1.1"
    assert earlier.has("typo_ids_U")
    earlier.check_bytes()


@pytest.mark.parametrize("name", SCENES)
def test_every_scene_plays_or_says_what_it_lacks(name: str, earlier: Trace, trace: Trace, seen: See) -> None:
    later = lacks(name, earlier)
    if later:
        assert not later & OF_1_1
        with pytest.raises(MissingTensor, match=f"has no ({'|'.join(later)})"):
            rehearse(load(name), Settings(earlier.path))
        return
    beats = [beat.name for beat in rehearse(load(name), Settings(earlier.path)).beats]
    now = [beat.name for beat in seen(name, trace.path).beats]
    assert beats == [beat for beat in now if beat in beats]
    aside = [read for read in parse(load(name).reads) if read.optional and not OF_1_1 & set(read.names)]
    assert len(now) - len(beats) <= len(aside)  # a beat falls away with what it was told from
