import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_probe import prompts
from model_probe.__main__ import main
from model_probe.trace import TENSORS, Trace

ROOT = Path(__file__).parents[2]
NOT_IN_GPT2 = {  # rotary positions, shared keys, windows, other norms, gates, own unembedding; beam search
    *("q_pre_rope_LHTK", "k_pre_rope_LHTK", "k_pre_rope_LCTK", "k_LCTK", "v_LCTK", "mask_LTS"),
    *("attn_unnormed_LTD", "mlp_unnormed_LTD", "attn_sum_LTD", "mlp_sum_LTD", "mlp_up_LTF"),
    *("beam_ids_GE", "beam_parents_GE", "beam_logprobs_GE"),
    *("unembed_picture_RC", "neuron_up_F", "neuron_up_weight_D", "neuron_up_bias_1"),
}


def test_the_default_prompt_s_trace_is_whole(storyteller_trace: Path) -> None:
    trace = Trace.open(storyteller_trace)
    assert trace.tensor_names == [name for name in TENSORS if name not in NOT_IN_GPT2]
    assert trace.facts.prompt == prompts.STORYTELLER
    assert b"".join(trace.tokens).decode() == prompts.STORYTELLER
    assert [trace.token_bytes(i) for i in trace.token_ids_T[:].tolist()] == trace.tokens
    assert trace.facts.model_name == "storyteller 8M"
    assert trace.facts.model_note == ""
    assert sum(trace.facts.parameters.values()) == trace.facts.n_parameters == 8_481_280
    assert trace.facts.scale == 32**-0.5
    assert trace.facts.checks["residual"] == trace.facts.checks["pattern_future"] == 0
    np.testing.assert_array_equal(trace.step_logits_GV[0], trace.logits_last_V[:])
    assert trace.step_logits_GV.shape == (8, 8192)
    logits_V = trace.logits_last_V[:].astype(np.float64)
    assert trace.logsumexp_T[-1] == pytest.approx(np.log(np.exp(logits_V).sum()), rel=1e-6)
    palace = next(i for i in range(8192) if trace.token_bytes(i) == b" palace")
    assert palace in trace.top_ids_TN[-1, :3]  # what its data card says of this prompt


def test_show_prints_the_facts_and_every_tensor(
    storyteller_trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(storyteller_trace)]) == 0
    shown = capsys.readouterr().out
    trace = Trace.open(storyteller_trace)
    for part in (
        "storyteller 8M",
        "8 layers × 8 heads",
        "' palace' 17.8%",
        "reversed: ' a in lived queen",
        trace.digest,
        *trace.tensor_names,
    ):
        assert part in shown


@pytest.mark.parametrize(
    "prompt",
    ["a\x1b[31m\x00[bold]<script>\n", "🐉むかし\u202e كان", " ", "<|endoftext|>"],
)
def test_strange_prompts_are_plain_text(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tiny_directory: Path, prompt: str
) -> None:
    (tmp_path / "prompt").write_bytes(prompt.encode() + b"\n")
    out = tmp_path / "out" / "t"
    arguments = ["--prompt-file", str(tmp_path / "prompt"), "-o", str(out), "--model", str(tiny_directory)]
    assert main(arguments) == 0
    trace = Trace.open(out)
    assert trace.facts.prompt == prompt
    assert b"".join(trace.tokens) == prompt.encode()
    capsys.readouterr()
    assert main(["show", str(out)]) == 0
    shown = capsys.readouterr().out
    assert not any(c in shown for c in "\x1b\x00\u202e")


def test_a_run_can_be_repeated_to_the_byte_and_the_seed_changes_the_draws(
    tmp_path: Path, tiny_directory: Path
) -> None:
    def run(name: str, *more: str) -> Path:
        out = tmp_path / name
        assert main(["The old king", "-o", str(out), "--model", str(tiny_directory), *more]) == 0
        return out

    first, again, other = run("1"), run("2"), run("3", "--seed", "1", "--steps", "3")
    assert first.read_bytes() == again.read_bytes()
    assert Trace.open(other).step_ids_G.shape == (3,)
    np.testing.assert_array_equal(Trace.open(first).pattern_LHTS, Trace.open(other).pattern_LHTS)
    assert Trace.open(first).step_uniform_G[0] != Trace.open(other).step_uniform_G[0]


def test_generation_ends_with_the_context(tmp_path: Path, tiny_directory: Path) -> None:
    for tokens, steps in ((160, 1), (158, 3)):
        out = tmp_path / "t"
        assert main([" king" * tokens, "-o", str(out), "--model", str(tiny_directory)]) == 0
        assert Trace.open(out).n_tokens == tokens
        assert Trace.open(out).step_ids_G.shape == (steps,)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([""], "the prompt is empty"),
        (["a\udcff"], "the prompt is not valid UTF-8"),
        ([" king" * 300], "the prompt has 300 tokens; the model's context holds 256"),
        (["a", "--prompt-file", "b"], "both given"),
        (["--prompt-file", "absent"], "absent cannot be read as a prompt"),
        (["a", "--model", "no/such/model"], "no/such/model is neither"),
        (["a", "--model", "x\ny"], "x\\ny is neither"),
        (["a", "--device", "tpu"], "the device 'tpu' is not there; this machine has: "),
        (["a", "--layers", "0,8"], "--layers 0,8: the model has 8 layers, 0 to 7"),
        (["a", "--heads", "3-1"], "'3-1' is no list of numbers; such as 0,3,5-7 is wanted"),
        (["a", "--layers", ""], "'' is no list of numbers"),
        (["a", "--budget", "much"], "'much' is no size; such as 500MB or 2GiB is wanted"),
        (["a", "--temperature", "0"], "temperature is 0.0; a number above 0 is wanted"),
        (["a", "--temperature", "nan"], "temperature is nan; a number above 0 is wanted"),
        (["a", "--top-k", "0"], "top-k is 0; 1 or more is wanted"),
        (["a", "--top-p", "1.5"], "top-p is 1.5; above 0 and at most 1 is wanted"),
        (["a", "--method", "beam", "--beams", "0"], "beams is 0; 1 or more is wanted"),
        (["a", "--method", "greedy", "--top-k", "3"], "are for sampling; the method is greedy"),
        (
            [" king" * 200, "--budget", "20MB"],
            "the trace of 200 tokens would take 41 MiB, over its budget of 19 MiB (the largest: mlp_pre_LTF",
        ),
        (["a", "--seed", "-1"], "-1 is not in the range"),
        (["a", "--steps", "0"], "0 is not in the range"),
        (["a", "b"], "unexpected extra argument"),
        (["a", "--fast"], "No such option '--fast'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    model = [] if "--model" in arguments else ["--model", "storyteller"]
    assert main([*arguments, "-o", "t", *model]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert list(tmp_path.iterdir()) == []


def test_other_bad_uses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["a"], "Missing option '-o'"),
        (["show"], "Missing argument 'FILE'"),
        (["show", str(tmp_path)], "is a directory; a trace file is wanted"),
        (["a", "-o", str(tmp_path), "--model", "storyteller"], "is a directory; a file name is wanted"),
    ):
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_teaches_by_example_without_torch(capfd: pytest.CaptureFixture[str]) -> None:
    script = (
        "import sys; from model_probe.__main__ import main; main(['--help']); "
        "assert not {'torch', 'transformers', 'huggingface_hub'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
    shown = capfd.readouterr().out
    assert '\n  python -m model_probe "The old king loved his" -o out/trace.safetensors\n' in shown


def test_a_missing_accelerator_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    out = tmp_path / "t"
    assert main(["a", "-o", str(out), "--model", "storyteller", "--device", "cuda"]) == 2
    assert "the device 'cuda' is not there; this machine has: " in capsys.readouterr().err
    assert not out.exists()


def test_ctrl_c_ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "model_probe",
        " king" * 200,
        "-o",
        str(tmp_path / "t"),
        "--model",
        "storyteller",
        "--reference",
    ]
    process: Any = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    maps = Path(f"/proc/{process.pid}/maps")
    deadline = time.monotonic() + 60
    while "libtorch" not in maps.read_text():  # in the midst of it
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    output, error = process.communicate(timeout=30)
    assert process.returncode == 130, error
    assert output.strip() == error.strip() == ""
    assert list(tmp_path.iterdir()) == []


def test_a_chat_is_put_into_the_model_s_template(
    tiny_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, said = tmp_path / "t.safetensors", ["Who was he?", "--chat", "--steps", "1", "-o"]
    assert main([*said, str(out), "--model", "storyteller"]) == 2
    refused = "error: storyteller has no chat template, so it was not taught to chat; "
    assert capsys.readouterr().err == f"{refused}--chat is for models that were\n"
    assert not out.exists()
    chatty = tmp_path / "chatty"
    chatty.mkdir()
    for file in tiny_directory.iterdir():
        (chatty / file.name).symlink_to(file)
    (chatty / "chat_template.jinja").write_text("<|endoftext|>{{ messages[0].content }}<|endoftext|>")
    assert main([*said, str(out), "--model", str(chatty)]) == 0
    facts, tokens = Trace.open(out).facts, Trace.open(out).tokens
    assert (facts.message, facts.prompt) == ("Who was he?", "<|endoftext|>Who was he?<|endoftext|>")
    assert b"".join(tokens).decode() == facts.prompt
    assert tokens[0] == tokens[-1] == b"<|endoftext|>"
