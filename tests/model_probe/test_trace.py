import errno
import json
import os
import resource
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from model_probe import trace as trace_module
from model_probe.errors import MissingTensor, TraceError
from model_probe.meanings import MEANINGS
from model_probe.trace import TENSORS, Facts, Trace, write_trace
from tests.model_probe import mutations

FACTS = Facts(
    model="someone/tiny",
    model_name="tiny 1K",
    model_note="",
    weights_sha256="0" * 64,
    family="gpt2",
    n_layer=2,
    n_head=3,
    d_model=6,
    d_head=2,
    d_mlp=24,
    n_ctx=16,
    n_vocab=11,
    n_parameters=1000,
    parameters={"embedding": 1000},
    tied_unembedding=True,
    activation="gelu_new",
    scale=0.7,
    layer_norm_epsilon=1e-5,
    prompt="日本 <b>\x00\x1b[31m",
    seed=0,
    sampling={"method": "temperature", "top_k": None},
    device="cpu",
    dtype="float32",
    versions={"numpy": "2"},
    checks={"residual": 0.0},
    changes=[{"at": 3, "given": "<b>", "read": " b"}],
    changed_places=2,
)
SIZES = {"L": 2, "L+1": 3, "H": 3, "D": 6, "K": 2, "F": 24, "V": 11, "V+1": 12, "T": 4, "T+1": 5}
SIZES |= {"l": 2, "h": 3, "c": 3, "E": 2}
SIZES |= {"T-1": 3, "4": 4, "48": 48, "tiles": 5, "rows": 7, "shelves": 2, "neighbours": 7, "near": 2}
SIZES |= {"nearest": 6, "analogies": 2, "analogy top": 8, "knot": 5, "pairs": 3, "random pairs": 6}
SIZES |= {"ways": 7, "written": 2, "likeliest": 2, "searched": 3, "searching": 2}
SIZES |= {"last tokens": 2, "strongest": 3, "promoted": 4}
SIZES |= {"picture rows": 6, "picture columns": 4, "beside": 3, "beside+1": 4}
SIZES |= {
    "1": 1,
    "2": 2,
    "3": 3,
    "B": 7,
    "P": 2,
    "J": 5,
    "R": 4,
    "2R": 8,
    "G": 3,
    "N": 5,
    "W": 4,
    "U": 2,
    "U+1": 3,
}
DTYPES = {
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
    "I32": np.int32,
    "I64": np.int64,
    "U8": np.uint8,
}


def some_tensors() -> dict[str, Any]:
    """One array of the right kind under every name of the schema."""
    generator = np.random.default_rng(0)
    tensors: dict[str, Any] = {}
    for name, (dtypes, axes) in TENSORS.items():
        shape = tuple(SIZES[axis] for axis in axes)
        values = generator.normal(size=shape) * 3 if dtypes[0][0] == "F" else generator.integers(0, 11, shape)
        tensors[name] = values.astype(DTYPES[dtypes[0]])
    tensors["prompt_offsets_T1"] = np.array([0, 1, 1, 5, 7])
    tensors["vocab_offsets_V1"] = np.array([0, 1, 2, 2, 2, 3, 3, 3, 4, 5, 6, 7])
    tensors["typo_offsets_U1"] = np.array([0, 3, 7])
    tensors["beside_offsets_T1"] = np.array([0, 3, 4, 7])
    for name in ("next_rank_T", "lens_rank_MW", "analogy_ranks_A2", "weight_tile_sizes_P2"):
        tensors[name] = np.clip(tensors[name], 1, 11)  # from 1
    tensors["piece_starts_P"] = np.array([0, 3])
    tensors["typo_span_2"] = np.array([1, 3])
    tensors["merge_steps_J3"] = np.array([[0, 0, 4], [0, 1, 9], [1, 0, 0], [1, 2, 1], [1, 1, 7]], np.int32)
    tensors["step_kept_GV"] = np.ones((3, 11), np.uint8)
    tensors["beam_parents_GE"] = np.array([[0, 0], [1, 0], [1, 1]])
    tensors["runs_beam_parents_GE"] = np.array([[0, 0], [1, 0], [1, 1]])
    tensors["runs_lengths_R"] = np.array([1, 2, 1, 1, 2, 1, 1])
    tensors["neuron_ids_LN"] %= FACTS.d_mlp
    tensors["neuron_shown_2"] = np.array([1, 3])
    return tensors


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_trace(tmp_path / "t.safetensors", some_tensors(), FACTS)


@pytest.mark.parametrize(
    ("name", "index", "value", "message"),
    [
        ("step_ids_G", 1, 11, "step_ids_G goes from .* to 11; there are 11 ids of the vocabulary"),
        ("lens_ids_MWN", (0, 0, 0), -1, "lens_ids_MWN goes from -1 "),
        ("beam_parents_GE", (2, 1), 2, "there are 2 beams"),
        ("runs_beam_parents_GE", (1, 0), 2, "there are 2 beams"),
        ("runs_lengths_R", 3, 3, "runs_lengths_R goes from .* to 2; there are 2 steps, less 1"),
        ("neuron_ids_LN", (0, 0), FACTS.d_mlp, "there are .* neurons in a layer"),
        ("neuron_tokens_LN", (0, 0), 11, "there are 11 ids of the vocabulary"),
        ("neuron_shown_2", 1, FACTS.d_mlp, "neuron_shown_2 is neuron .* which is not there"),
        ("step_kept_GV", slice(None), 0, "a token that step_kept_GV does not keep"),
        ("vocab_offsets_V1", 3, 1 << 62, "vocab_offsets_V1 does not divide vocab_bytes_B"),
        ("typo_offsets_U1", 0, 1, "typo_offsets_U1 does not divide typo_bytes_B"),
        ("piece_starts_P", 1, 8, "does not cut the prompt's 7 bytes in order"),
        ("piece_starts_P", 0, 1, "does not cut the prompt's 7 bytes in order"),
        ("typo_span_2", 1, 5, "typo_span_2 is 1 to 5 of 4 tokens"),
        ("merge_steps_J3", (0, 0), 2, "there are 2 pieces"),
        ("merge_steps_J3", (0, 1), 2, "joins what is not in its piece"),
        ("merge_steps_J3", (4, 1), -1, "joins what is not in its piece"),
        ("beside_offsets_T1", 1, 8, "beside_offsets_T1 does not divide beside_bytes_B"),
        ("next_rank_T", 0, 0, "next_rank_T goes from -1 to .* there are 11 ranks, less 1"),
        ("lens_rank_MW", (0, 0), 12, "lens_rank_MW goes from .* to 11; there are 11 ranks"),
        ("analogy_ranks_A2", (1, 1), 1 << 62, "analogy_ranks_A2 goes from "),
        ("weight_tile_kinds_P", 4, 12, "weight_tile_kinds_P goes from .* to 12; there are 12 kinds"),
        ("weight_tile_sizes_P2", (0, 1), 49, "weight_tile_sizes_P2 goes from .* to 48; there are 48 sizes"),
    ],
)
def test_what_points_at_nothing_is_refused_when_it_is_opened(
    tmp_path: Path, name: str, index: Any, value: int, message: str
) -> None:
    tensors = some_tensors()
    tensors[name][index] = value
    with pytest.raises(TraceError, match=message):
        Trace.open(write_trace(tmp_path / "t", tensors, FACTS))


def test_a_second_text_has_as_many_tokens_as_ids(tmp_path: Path) -> None:
    tensors = some_tensors()
    tensors["beside_offsets_T1"] = np.array([0, 3, 7])
    tensors["beside_ids_T"] = tensors["beside_ids_T"][:1]
    with pytest.raises(TraceError, match="3 offsets of 1 tokens"):
        Trace.open(write_trace(tmp_path / "t", tensors, FACTS))


def test_every_tensor_has_a_meaning() -> None:
    assert list(MEANINGS) == list(TENSORS)


@pytest.mark.parametrize(
    "changes",
    [
        [{"at": 2, "given": "<b>", "read": "b"}],
        [{"at": 3, "given": "<b>"}],
        [{"at": 3, "given": "<b>", "read": "b"}, {"at": 4, "given": "b", "read": ""}],
        [{"at": "3", "given": "", "read": ""}],
        [{"at": 3, "given": "<b>", "read": "b"}] * 3,
    ],
)
def test_changes_that_are_not_of_the_prompt_are_refused(tmp_path: Path, changes: Any) -> None:
    facts = replace(FACTS, changes=changes)
    with pytest.raises(TraceError, match="changes that are not of its prompt"):
        Trace.open(write_trace(tmp_path / "t", some_tensors(), facts))


def test_no_mutation_of_a_trace_makes_a_reader_fail(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counted, failures = mutations.answers(path, 400, seed=1, use=mutations.read_everything)
    assert not failures, failures[0]
    assert min(counted["read"], counted["refused"]) > 50


def test_what_is_written_is_read(path: Path) -> None:
    trace = Trace.open(path)
    assert replace(trace.facts, content_sha256="") == FACTS
    assert trace.tensor_names == list(TENSORS)
    for name, values in some_tensors().items():
        read = np.asarray(getattr(trace, name))
        assert read.dtype == values.dtype
        np.testing.assert_array_equal(read, values)
    assert trace.n_tokens == 4
    joined = some_tensors()["prompt_bytes_B"].tobytes()
    assert trace.tokens == [joined[:1], b"", joined[1:5], joined[5:]]
    vocabulary = some_tensors()["vocab_bytes_B"].tobytes()
    assert [trace.token_bytes(i) for i in (0, 2, 10)] == [vocabulary[:1], None, vocabulary[6:]]
    assert [trace.token_name(i) for i in (0, 2, 10)] == [vocabulary[:1], b"#2", vocabulary[6:]]
    with pytest.raises(IndexError, match="token id 11 outside the vocabulary of 11"):
        trace.token_bytes(11)


@pytest.mark.parametrize(
    "arrange",
    [
        np.asfortranarray,
        lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
        lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
        lambda a: np.ascontiguousarray(a.swapaxes(0, -1)).swapaxes(0, -1),
        lambda a: a.astype(a.dtype.newbyteorder(">")),
    ],
    ids=["fortran", "reversed", "strided", "transposed", "big-endian"],
)
def test_memory_order_does_not_matter(path: Path, tmp_path: Path, arrange: Callable[[Any], Any]) -> None:
    arranged = {name: arrange(values) for name, values in some_tensors().items()}
    other = write_trace(tmp_path / "other", arranged, FACTS)
    assert other.read_bytes() == path.read_bytes()


def test_bytes_do_not_depend_on_order_or_run(path: Path, tmp_path: Path) -> None:
    tensors: dict[str, Any] = dict(reversed(some_tensors().items()))
    facts = replace(FACTS, sampling=dict(reversed(FACTS.sampling.items())))
    assert write_trace(tmp_path / "again", tensors, facts).read_bytes() == path.read_bytes()
    assert Trace.open(path).digest == Trace.open(tmp_path / "again").digest


def test_half_precision_is_read_as_float32(tmp_path: Path) -> None:
    tensors = {**some_tensors(), "pattern_LHTS": some_tensors()["pattern_LHTS"].astype(np.float16)}
    handle = Trace.open(write_trace(tmp_path / "t", tensors, FACTS)).pattern_LHTS
    assert handle.dtype == np.float32
    assert handle[1, 2].dtype == np.float32
    np.testing.assert_array_equal(handle[1, 2], tensors["pattern_LHTS"][1, 2].astype(np.float32))


SIZE_4 = st.one_of(
    st.integers(-4, 3),
    st.builds(
        slice, st.none() | st.integers(-6, 6), st.none() | st.integers(-6, 6), st.none() | st.integers(1, 3)
    ),
)


@pytest.fixture(scope="module")
def square(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    facts = replace(FACTS, n_layer=4, n_head=4)
    values = np.random.default_rng(1).normal(size=(4, 4, 4, 4)).astype(np.float32)
    tensors: dict[str, Any] = {"token_ids_T": np.arange(4), "pattern_LHTS": values}
    path = write_trace(tmp_path_factory.mktemp("square") / "t", tensors, facts)
    return Trace.open(path).pattern_LHTS, values


@given(index=st.lists(SIZE_4, max_size=4), ellipsis=st.none() | st.integers(0, 4))
def test_slices_are_numpy_s(square: tuple[Any, Any], index: list[Any], ellipsis: int | None) -> None:
    handle, values = square
    key = tuple(index) if ellipsis is None else (*index[:ellipsis], ..., *index[ellipsis:])
    read = handle[key]
    np.testing.assert_array_equal(read, values[key], strict=True)
    assert read.flags.c_contiguous
    assert read.flags.writeable


@pytest.mark.parametrize("index", [4, -5, (0, 9), (0,) * 5, slice(None, None, -1)])
def test_an_index_outside_is_an_index_error(square: tuple[Any, Any], index: Any) -> None:
    with pytest.raises(IndexError):
        square[0][index]


def test_one_head_is_read_without_the_rest(tmp_path: Path) -> None:
    """64 MB of patterns: opening the file and reading one head costs far under reading them all."""
    facts = replace(FACTS, n_layer=16, n_head=16, n_ctx=256)
    pattern = np.zeros((16, 16, 250, 250), np.float32)
    path = write_trace(
        tmp_path / "t", {"token_ids_T": np.zeros(250, np.int64), "pattern_LHTS": pattern}, facts
    )
    Trace.open(path).pattern_LHTS[1, 2]

    def cpu(work: Callable[[], Any]) -> float:
        started = time.process_time()
        work()
        return time.process_time() - started

    whole = min(cpu(lambda: np.asarray(Trace.open(path).pattern_LHTS)) for _ in range(3))
    one = min(cpu(lambda: Trace.open(path).pattern_LHTS[9, 9]) for _ in range(10))
    assert one < whole / 10


def test_a_partial_trace_says_which_tensor_it_lacks(tmp_path: Path) -> None:
    trace = Trace.open(write_trace(tmp_path / "t", {"token_ids_T": np.arange(3)}, FACTS))
    assert trace.has("token_ids_T")
    assert not trace.has("q_LHTK")
    with pytest.raises(MissingTensor, match=r"t has no q_LHTK"):
        _ = trace.q_LHTK
    with pytest.raises(MissingTensor, match=r"t has no prompt_bytes_B"):
        _ = trace.tokens
    assert trace.token_bytes(3) is None
    assert trace.token_name(3) == b"#3"
    with pytest.raises(AttributeError):
        _ = trace.no_such_thing


def rewrite(path: Path, tensors: dict[str, Any] | None = None, **metadata: Any) -> None:
    """Save a file as anyone might, without the writer's checks."""
    facts = json.loads(FACTS.to_json()) | metadata
    facts = {key: value for key, value in facts.items() if value is not None}
    save_file(tensors or {"token_ids_T": np.arange(4)}, path, metadata={"model_probe": json.dumps(facts)})


def test_unknown_keys_tensors_and_minor_versions_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "t"
    rewrite(path, {"token_ids_T": np.arange(4), "colour_TQ": np.zeros(3)}, schema="1.7", mood="calm")
    trace = Trace.open(path)
    assert trace.facts.schema == "1.7"
    assert trace.tensor_names == ["token_ids_T"]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"schema": "2.0"}, "has trace schema 2.0; this version reads 1.4"),
        ({"schema": "new"}, "metadata cannot be read"),
        ({"schema": None}, "metadata cannot be read"),
        ({"n_layer": None}, "no sound 'n_layer': None"),
        ({"n_layer": "two"}, "no sound 'n_layer': 'two'"),
        ({"parameters": [1]}, r"no sound 'parameters': \[1\]"),
        ({"schema": "1.x"}, "metadata cannot be read"),
        ({"n_head": 10**9}, "sizes that no model has"),
        ({"n_parameters": 10**400}, "no sound 'n_parameters'"),
        ({"scale": float("inf")}, "no sound 'scale'"),
        ({"prompt": "\ud800"}, "no sound 'prompt'"),
        ({"checks": {"residual": "small"}}, "no sound 'checks'"),
        ({"n_vocab": 3}, "token_ids_T goes from 0 to 3; there are 3 ids"),
        ({"n_ctx": 3}, "1 to 3 token ids are wanted"),
    ],
)
def test_metadata_that_does_not_hold_is_refused(
    tmp_path: Path, metadata: dict[str, Any], message: str
) -> None:
    rewrite(tmp_path / "t", **metadata)
    with pytest.raises(TraceError, match=message):
        Trace.open(tmp_path / "t")


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (
            "pattern_LHTS",
            np.zeros((2, 3, 4, 5), np.float32),
            "pattern_LHTS has shape 2×3×4×5; 2×3×4×4 is wanted",
        ),
        (
            "pattern_LHTS",
            np.zeros((2, 3, 16), np.float32),
            "pattern_LHTS has shape 2×3×16; 2×3×4×4 is wanted",
        ),
        ("pattern_LHTS", np.zeros((2, 3, 4, 4)), "pattern_LHTS is F64; F32 or F16 is wanted"),
        ("wte_TD", np.zeros((4, 6), np.int64), "wte_TD is I64; F32 is wanted"),
        ("logits_last_V", np.zeros(12, np.float32), "logits_last_V has shape 12; 11 is wanted"),
        ("token_ids_T", np.zeros((2, 2), np.int64), "token_ids_T has shape"),
        ("token_ids_T", np.zeros(0, np.int64), "token_ids_T has shape"),
        ("top_ids_TN", np.zeros((4, 6), np.int64), "top_logits_TN has shape 4×5; 4×6 is wanted"),
        ("step_ids_G", np.zeros(2, np.int64), "step_ids_G has shape 2; 3 is wanted"),
    ],
)
def test_wrong_shapes_and_dtypes_are_refused_on_both_ways(
    tmp_path: Path, name: str, values: Any, message: str
) -> None:
    tensors = {**some_tensors(), name: values}
    rewrite(tmp_path / "read", tensors)
    with pytest.raises(TraceError, match=message):
        Trace.open(tmp_path / "read")
    with pytest.raises(TraceError, match=message):
        write_trace(tmp_path / "written", tensors, FACTS)
    assert not (tmp_path / "written").exists()


def test_numbers_that_are_not_finite_are_refused_on_both_ways(tmp_path: Path) -> None:
    tensors = some_tensors()
    tensors["q_LHTK"][1, 2, 3, 1] = np.nan
    with pytest.raises(TraceError, match="q_LHTK holds values that are not finite"):
        write_trace(tmp_path / "written", tensors, FACTS)
    rewrite(tmp_path / "read", tensors)
    trace = Trace.open(tmp_path / "read")
    assert trace.q_LHTK[0, 0].shape == (4, 2)
    with pytest.raises(TraceError, match="q_LHTK holds values that are not finite"):
        trace.q_LHTK[1, 2]


def test_offsets_that_do_not_divide_the_bytes_are_refused(tmp_path: Path) -> None:
    for number, offsets in enumerate(([0, 3, 2, 5, 7], [0, 1, 2, 3, 6], [1, 2, 3, 4, 7])):
        path = tmp_path / str(number)
        rewrite(path, {**some_tensors(), "prompt_offsets_T1": np.array(offsets)})
        with pytest.raises(TraceError, match="prompt_offsets_T1 does not divide prompt_bytes_B"):
            _ = Trace.open(path).tokens


def test_a_file_cut_short_is_refused(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    for length in (0, 1, 7, 8, 9, 500, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut").write_bytes(whole[:length])
        with pytest.raises(TraceError, match="is cut short or not a trace") as caught:
            Trace.open(tmp_path / "cut")
        assert "\n" not in str(caught.value)


def test_files_that_are_no_trace_are_refused(tmp_path: Path) -> None:
    save_file({"x": np.zeros(3)}, tmp_path / "foreign", metadata={"format": "pt"})
    (tmp_path / "text").write_text("a text\n" * 100)
    os.mkfifo(tmp_path / "pipe")
    cases = {
        "foreign": "a safetensors file, but no trace",
        "text": "cut short or not a trace",
        "pipe": "not a regular file",
        "missing": "does not exist",
        ".": "is a directory",
        "nul\0": "nul",
    }
    for name, message in cases.items():
        with pytest.raises(TraceError, match=message) as caught:
            Trace.open(tmp_path / name)
        assert str(caught.value).isprintable()


def test_an_unreadable_file_is_one_plain_line(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "a\nb")

    monkeypatch.setattr(trace_module, "safe_open", refuse)
    with pytest.raises(TraceError, match="cannot be read: PermissionError") as caught:
        Trace.open(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600)])
def test_the_file_s_mode_follows_the_umask_and_it_replaces_the_old_one(
    tmp_path: Path, umask: int, mode: int
) -> None:
    path = tmp_path / "deep" / "er" / "t"
    before = os.umask(umask)
    try:
        write_trace(path, {"token_ids_T": np.arange(2)}, FACTS)
        write_trace(path, {"token_ids_T": np.arange(3)}, FACTS)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    assert Trace.open(path).n_tokens == 3
    assert list(path.parent.iterdir()) == [path]
    with safe_open(path, framework="numpy") as file:
        assert list(file.metadata()) == ["model_probe"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t", {"token_ids_T": np.arange(2)}, FACTS)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(TraceError, match="cannot be written"):
            write_trace(path, some_tensors(), FACTS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for place in (tmp_path, tmp_path / "file" / "t", tmp_path / ("x" * 300), tmp_path / "nul\0"):
        with pytest.raises(TraceError, match=r"cannot be written|is a directory"):
            write_trace(place, {"token_ids_T": np.arange(2)}, FACTS)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_name_that_is_no_tensor_of_a_trace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="not tensors of a trace: patern_LHTS"):
        write_trace(tmp_path / "t", {"token_ids_T": np.arange(2), "patern_LHTS": np.zeros(2)}, FACTS)


def test_reading_a_trace_needs_no_torch(path: Path) -> None:
    script = (
        "import sys; from model_probe.trace import Trace; "
        f"Trace.open({str(path)!r}).pattern_LHTS[0]; "
        "heavy = {'torch', 'transformers', 'huggingface_hub', 'tokenizers', 'manim'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_a_tensor_that_holds_nothing_can_be_read(tmp_path: Path) -> None:
    tensors = some_tensors() | {"merge_steps_J3": np.zeros((0, 3), np.int32)}
    trace = Trace.open(write_trace(tmp_path / "t.safetensors", tensors, FACTS))
    assert np.asarray(trace.merge_steps_J3).shape == (0, 3)
    assert trace.merge_steps_J3[:, 1].shape == (0,)


def test_any_flipped_bit_is_seen_by_the_time_every_byte_was_read(path: Path, tmp_path: Path) -> None:
    whole = path.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    damaged = tmp_path / "damaged"
    generator = np.random.default_rng(0)
    places = [*range(8), *generator.integers(8, header, 150), *generator.integers(header, len(whole), 150)]
    for place in places:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << int(generator.integers(8))
        damaged.write_bytes(flipped)
        with pytest.raises(TraceError):
            Trace.open(damaged).check_bytes()


@pytest.mark.parametrize("length", [1 << 62, (1 << 64) - 1, 99_000_000, 1 << 40])
def test_a_header_that_says_it_is_huge_is_refused_within_bounded_memory(tmp_path: Path, length: int) -> None:
    damaged = tmp_path / "t"
    damaged.write_bytes(length.to_bytes(8, "little") + b" " * 1000)
    code = (
        "import resource, sys\nfrom model_probe.trace import Trace, TraceError\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))\n"
        "try: Trace.open(sys.argv[1])\n"
        "except TraceError: sys.exit(7)"
    )
    process = subprocess.run([sys.executable, "-c", code, str(damaged)], check=False, capture_output=True)
    assert process.returncode == 7, process.stderr


def test_bfloat16_is_refused_with_the_dtypes_that_are_wanted(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    tensors = {name: torch.from_numpy(values) for name, values in some_tensors().items()}
    tensors["q_LHTK"] = tensors["q_LHTK"].to(torch.bfloat16)
    save_file(tensors, tmp_path / "t", metadata={"model_probe": FACTS.to_json()})
    with pytest.raises(TraceError, match="q_LHTK is BF16; F32 is wanted"):
        Trace.open(tmp_path / "t")


@pytest.mark.parametrize("dtype", [">f4", ">i8"])
def test_another_byte_order_is_turned(tmp_path: Path, dtype: str) -> None:
    tensors = some_tensors()
    name = "q_LHTK" if dtype == ">f4" else "token_ids_T"
    turned = {**tensors, name: tensors[name].astype(dtype)}
    trace = Trace.open(write_trace(tmp_path / "t", turned, FACTS))
    np.testing.assert_array_equal(getattr(trace, name)[...], tensors[name])
    trace.check_bytes()


def test_metadata_nested_without_end_is_refused(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    for text in ("[" * 100_000, '{"schema": "1.0", "a": ' + "[" * 50_000, "1" * 5000, '{"schema": 1e999}'):
        save_file({"token_ids_T": np.arange(2)}, tmp_path / "t", metadata={"model_probe": text})
        with pytest.raises(TraceError):
            Trace.open(tmp_path / "t")
