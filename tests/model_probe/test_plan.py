import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_probe import plan
from model_probe.capture import capture
from model_probe.chosen_head import worth_showing
from model_probe.errors import MissingTensor, PromptError, UserError
from model_probe.network import Network
from model_probe.plan import Selection
from model_probe.record import record
from model_probe.shape import Shape, gpt2_shape
from model_probe.trace import Trace


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("length", [3, 128, 129])
@pytest.mark.parametrize("selection", [Selection(), Selection((0, 2), (1,), scores=False)])
def test_the_plan_is_what_a_run_leaves(tiny_model: Network, length: int, selection: Selection) -> None:
    planned = plan.planned(tiny_model.shape, length, selection)
    tensors = capture(tiny_model, np.arange(length), selection).tensors
    left = {n: (a.dtype, a.shape) for n, a in tensors.items() if n not in ("mask_TS", "token_ids_T")}
    assert left == {name: (np.dtype(dtype), shape) for name, (dtype, shape) in planned.items()}
    assert sum(map(plan.size, planned.values())) == sum(tensors[name].nbytes for name in planned)


def test_over_the_budget_the_message_names_the_sizes_and_what_helps(tiny_model: Network) -> None:
    planned = plan.planned(tiny_model.shape, 150, Selection())
    total = sum(map(plan.size, planned.values()))
    plan.check_budget(planned, 150, total)
    with pytest.raises(
        PromptError, match=r"150 tokens would take 1\.\d\d MiB.*--layers, --heads, --no-scores"
    ):
        plan.check_budget(planned, 150, total - 1)


def test_on_a_terminal_the_table_is_shown_before_anything_runs(
    tiny_model: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned = plan.planned(tiny_model.shape, 150, Selection())
    for stream, lines in ((io.StringIO(), 0), (Terminal(), len(planned) + 2)):
        monkeypatch.setattr("sys.stderr", stream)
        plan.show(planned)
        assert len(stream.getvalue().splitlines()) == lines
    assert stream.getvalue().splitlines()[1].split() == [
        "scores_LHTS",
        *["3", "×", "2", "×", "150", "×", "150"],
        "float16",
        "0.26",
        "MiB",
    ]


def test_on_a_terminal_the_seconds_are_shown_when_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record("The old king", tmp_path / "t", model="storyteller")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr", terminal := Terminal())
    record("The old king", tmp_path / "t", model="storyteller")
    last = terminal.getvalue().splitlines()[-1]
    parts = (
        r"tokens, loading, model, attribution, neurons, steps, further texts, lens, weights, writing".replace(
            ",", r" \d\.\d\d,"
        )
    )
    assert re.fullmatch(rf"seconds: {parts} \d\.\d\d", last)


@pytest.mark.parametrize(
    ("text", "numbers"), [("3", (3,)), ("5-7,0", (0, 5, 6, 7)), (" 1 , 1-2 ", (1, 2)), ("0-0", (0,))]
)
def test_lists_of_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert plan.numbers(text) == numbers


@pytest.mark.parametrize("text", ["", "a", "1,", "-1", "2-1", "1--2", "1e3", "99999", "٣"])
def test_what_is_no_list_of_numbers_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is no list of numbers"):
        plan.numbers(text)


def test_a_selected_trace_is_read_by_the_model_s_own_numbers(tiny_directory: Path, tmp_path: Path) -> None:
    model = str(tiny_directory)
    whole = Trace.open(record("The old king", tmp_path / "whole", model=model))
    part = Trace.open(
        record("The old king", tmp_path / "part", model=model, selection=Selection((2,), (1,), scores=False))
    )
    assert (tmp_path / "part").stat().st_size < (tmp_path / "whole").stat().st_size
    assert part.pattern_LHTS.shape == whole.pattern_LHTS.shape
    np.testing.assert_array_equal(part.pattern_LHTS[2, 1], whole.pattern_LHTS[2, 1])
    np.testing.assert_array_equal(part.pattern_LHTS[-1, -1, 1:], whole.pattern_LHTS[2, 1, 1:])
    np.testing.assert_array_equal(part.mlp_pre_LTF[2], whole.mlp_pre_LTF[2])
    np.testing.assert_array_equal(part.keys(2, 1), whole.keys(2, 1))
    np.testing.assert_array_equal(part.resid_pre_LTD[...], whole.resid_pre_LTD[...])
    reads: list[Callable[[], Any]] = [
        lambda: part.pattern_LHTS[0, 1],
        lambda: part.pattern_LHTS[2, 0],
        lambda: part.pattern_LHTS[2],
        lambda: np.asarray(part.pattern_LHTS),
        lambda: part.mlp_pre_LTF[...],
    ]
    for read in reads:
        with pytest.raises(MissingTensor, match=r"keeps only (layer 2|head 1) of"):
            read()
    with pytest.raises(MissingTensor, match="has no scores_LHTS"):
        part.scores_LHTS  # noqa: B018


@pytest.mark.parametrize("shown", [(None, None), (1, 0), (2, None)])
def test_of_a_long_prompt_one_head_is_kept_where_one_is_enough(
    tiny_directory: Path, tmp_path: Path, shown: tuple[int | None, int | None]
) -> None:
    model, prompt = str(tiny_directory), "The old king had a ring. " * 20
    whole = Trace.open(record(prompt, tmp_path / "whole", model=model))
    assert whole.n_tokens > plan.LONG
    one = ("scores_LHTS", "q_LHTK", "k_LHTK", "k_LCTK", "pattern_LHTS")
    selection = Selection(tensors=(*one, "ln1_LTD"), of_one_head=one, shown=shown)
    part = Trace.open(record(prompt, tmp_path / "part", model=model, selection=selection))
    kept = {"token_ids_T", "ln1_LTD", "scores_LHTS", "q_LHTK", "k_LHTK", "pattern_LHTS"}
    assert set(part.tensor_names) == kept
    rule = worth_showing(np.asarray(whole.pattern_last_LHS), np.asarray(whole.scores_last_LHS))
    layer, head = (wanted if wanted is not None else found for wanted, found in zip(shown, rule, strict=True))
    for name in kept & set(one):
        np.testing.assert_array_equal(getattr(part, name)[layer, head], getattr(whole, name)[layer, head])
        with pytest.raises(MissingTensor, match=f"keeps only (layer|head) . of {name}"):
            getattr(part, name)[(layer + 1) % 3, (head + 1) % 2]
    np.testing.assert_array_equal(np.asarray(part.ln1_LTD), np.asarray(whole.ln1_LTD))
    assert part.run == whole.run
    assert part.facts.checks["softmax"] < 1e-3
    assert (tmp_path / "part").stat().st_size < (tmp_path / "whole").stat().st_size / 5


def test_scores_of_one_head_are_kept_before_a_long_prompt_is_refused(
    tiny_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, prompt = str(tiny_directory), "The old king had a ring. " * 20
    whole = Trace.open(record(prompt, tmp_path / "whole", model=model))
    shape = gpt2_shape_of(whole)
    all_of_it = plan.total(plan.planned(shape, whole.n_tokens, Selection()))
    all_of_it += plan.total(plan.of_weights(shape, Selection(), whole.n_tokens))
    part = Trace.open(record(prompt, tmp_path / "part", model=model, budget=all_of_it - 1))
    assert "scores_LHTS is kept of one head" in capsys.readouterr().err
    assert part.tensor_names == whole.tensor_names
    assert list(part.facts.one_head) == ["scores_LHTS"]
    assert part.facts.checks["residual"] == 0
    with pytest.raises(PromptError, match="--budget allows more"):
        record(prompt, tmp_path / "none", model=model, budget=all_of_it // 2)


def gpt2_shape_of(trace: Trace) -> Shape:
    facts = trace.facts
    sizes = {"n_embd": facts.d_model, "n_head": facts.n_head, "n_layer": facts.n_layer}
    return gpt2_shape(sizes | {"n_positions": facts.n_ctx, "vocab_size": facts.n_vocab})


def test_the_last_rows_are_those_of_the_whole(tiny_model: Network) -> None:
    tensors = capture(tiny_model, np.arange(7)).tensors
    np.testing.assert_array_equal(tensors["pattern_last_LHS"], tensors["pattern_LHTS"][:, :, -1])
    np.testing.assert_array_equal(tensors["scores_last_LHS"], tensors["scores_LHTS"][:, :, -1])


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (Selection(tensors=("resid_LTD",)), "there is no tensor 'resid_LTD'"),
        (Selection(tensors=("ln1_LTD",), of_one_head=("ln1_LTD",)), "'ln1_LTD' is no tensor of single heads"),
        (Selection((1,), tensors=("q_LHTK",), of_one_head=("q_LHTK",)), "--layers and --heads have nothing"),
        (Selection(shown=(3, None)), "--layer 3: the model has 3 layers, 0 to 2"),
        (Selection(shown=(None, -1)), "--head -1: the model has 2 heads, 0 to 1"),
    ],
)
def test_a_selection_that_cannot_be_is_refused(
    tiny_model: Network, selection: Selection, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        selection.check(tiny_model.shape)
