"""The audit: every number that a scene shows comes from the trace, and one that does not is found."""

import ast
import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from manim import FadeIn
from safetensors.numpy import load_file

from model_probe.trace import TENSORS, Trace
from scenes import CARDS, SCENES, load
from scenes.audit.__main__ import COLUMNS, main
from scenes.audit.screen import Shown, audited
from scenes.declared import scale_mark
from scenes.language import _
from scenes.lecture_scene import LectureScene
from scenes.mobjects.lettering import formula, text
from scenes.mobjects.number_matrix import NumberMatrix
from scenes.mobjects.numerals import count, percent, signed
from scenes.mobjects.plot import short
from scenes.mobjects.token_row import token_words
from scenes.settings import Settings
from tests.scenes.conftest import Change, Traces, lacks
from tests.scenes.played import Played

ELEMENT = re.compile(r"(\w+)\[(\d+(?:, \d+)*)\]")  # an origin that is one element of a tensor
OF_A_HUNDRED = re.compile(r"100 × (\w+)\[(\d+(?:, \d+)*)\]")
MOST_OF = ("mask", "embedding_matrix", "parameters")  # whole elements


@pytest.fixture(scope="module")
def audit() -> Callable[[str, Path], list[Shown]]:
    """The numbers of a scene on a trace; once a module."""
    kept: dict[tuple[str, Path], list[Shown]] = {}

    def once(name: str, path: Path) -> list[Shown]:
        if (name, path) not in kept:
            kept[name, path] = audited(name, load(name), Settings(path))
        return kept[name, path]

    return once


Audit = Callable[[str, Path], list[Shown]]


def numeral(words: str) -> str:
    return words.replace(",", "").replace("−", "-")


def written_as(value: float, like: str) -> str:
    """A number with as many digits as are shown."""
    digits = len(like.partition(".")[2])
    return f"{value:+.{digits}f}" if numeral(like)[0] in "+-" else f"{value:.{digits}f}"


@pytest.mark.parametrize("name", SCENES)
def test_every_number_of_a_scene_has_an_origin(name: str, storyteller_trace: Path, audit: Audit) -> None:
    shown = audit(name, storyteller_trace)
    assert [each.complaint for each in shown if each.fault] == []
    assert all(each.origin for each in shown)
    assert any(each.where == "said" for each in shown)
    tensors = load_file(storyteller_trace)
    whole = 0
    for each in shown:  # read again from the file, by what the list says
        if found := ELEMENT.fullmatch(each.origin) or OF_A_HUNDRED.fullmatch(each.origin):
            factor = 100 if each.origin.startswith("100") else 1
            element = tensors[found[1]][tuple(map(int, found[2].split(", ")))]
            value = factor * float(element)
            assert float(each.value) == pytest.approx(value, rel=1e-12, abs=0)
            assert numeral(each.text) in (written_as(value, each.text), numeral(short(value))), each
            assert each.tensors == (found[1],)
            whole += 1
        assert set(each.tensors) <= set(tensors)
    assert whole > 10 or name not in MOST_OF


def test_cards_show_no_number_without_an_origin(storyteller_trace: Path, audit: Audit) -> None:
    assert not [each.complaint for name in CARDS for each in audit(name, storyteller_trace) if each.fault]


@pytest.mark.parametrize("name", SCENES)
def test_on_a_strange_prompt_as_well(name: str, traces: Traces, audit: Audit) -> None:
    path = traces["emoji"]
    if not lacks(name, Trace.open(path)):
        assert [each.complaint for each in audit(name, path) if each.fault] == []


@pytest.mark.parametrize("name", ["mask", "temperature"])
def test_what_is_listed_is_what_is_shown(name: str, storyteller_trace: Path, audit: Audit) -> None:
    played = Played(name, Settings(storyteller_trace))
    for beat in played.beats:
        words = " ".join([beat.narration, *beat.words])
        missing = {
            each.text
            for each in audit(name, storyteller_trace)
            if each.beat == beat.name and each.where == "said" and each.text not in words
        }
        assert not missing


class Honest(LectureScene):
    """Shows numbers as scenes do."""

    def numbers(self) -> list[str]:
        pattern_LHTS = np.asarray(self.trace.pattern_LHTS, dtype=np.float64)
        best = int(pattern_LHTS[2, 3, -1].argmax())
        facts = self.trace.facts
        return [
            signed(float(self.trace.resid_final_TD[1, 2]), 2),
            percent(float(pattern_LHTS[2, 3, 4, 1])),
            f"{facts.n_layer} × {facts.n_head}",
            count(len(self.trace.logits_last_V)),
            f"key {best}: {np.sort(pattern_LHTS[0, 0, -1])[::-1][:2].sum():.3f}",
            short(scale_mark(0.25)),
            f"longest {np.linalg.norm(self.trace.resid_pre_LTD, axis=-1)[3, 1]:.3f}",
        ]

    def construct(self) -> None:
        with self.beat("only", _("Nothing to say here.")):
            self.play(*(FadeIn(text(words)) for words in self.numbers()), run_time=0.2)


def shown_by(scene: type[LectureScene], trace: Trace | Path) -> list[Shown]:
    return audited("small", scene, Settings(trace.path if isinstance(trace, Trace) else trace))


def faults_of_one(trace: Trace, *words: Callable[[LectureScene], str]) -> list[str]:
    """What the audit says of a scene that shows these words."""

    class Small(Honest):
        def numbers(self) -> list[str]:
            return [each(self) for each in words]

    return [each.fault for each in shown_by(Small, trace) if each.fault]


def test_origins_are_elements_facts_sizes_and_formulas(trace: Trace) -> None:
    shown = {each.text: each for each in shown_by(Honest, trace)}
    assert not [each.complaint for each in shown.values() if each.fault]
    residual = shown[signed(float(trace.resid_final_TD[1, 2]), 2)]
    assert residual.origin == "resid_final_TD[1, 2]"
    assert float(residual.value) == float(trace.resid_final_TD[1, 2])
    weight = float(trace.pattern_LHTS[2, 3, 4, 1])
    assert shown[f"{100 * weight:.1f}"].origin == "100 × pattern_LHTS[2, 3, 4, 1]"
    assert shown[str(trace.facts.n_layer)].origin in ("facts.n_layer", "facts.n_head")
    assert shown[f"{trace.facts.n_vocab:,}"].origin == "size of logits_last_V, axis V"
    last = trace.n_tokens - 1
    assert (
        shown[str(int(trace.pattern_LHTS[2, 3, last].argmax()))].origin
        == f"argmax(pattern_LHTS[2, 3, {last}])"
    )
    assert shown["0.25"].origin == "mark on the scale"
    (norm,) = (each for each in shown.values() if each.origin.startswith("norm("))
    assert norm.origin == "norm(resid_pre_LTD[3, 1])"
    assert float(norm.value) == pytest.approx(float(np.linalg.norm(trace.resid_pre_LTD[3, 1])), rel=1e-6)
    pair = [each for each in shown.values() if each.origin.startswith("sum(")]
    assert pair[0].tensors == ("pattern_LHTS",)


def test_another_index_has_another_origin(trace: Trace) -> None:
    for token, place in ((1, 2), (3, 7)):

        class One(Honest):
            def numbers(self) -> list[str]:
                rows_TD = np.asarray(self.trace.resid_final_TD)[1:][:, ::-1]
                return [signed(float(rows_TD[token - 1, -1 - place]), 3)]  # noqa: B023 played at once

        (only,) = (each for each in shown_by(One, trace) if each.origin != "quoted text")
        assert only.origin == f"resid_final_TD[{token}, {place}]"


def test_a_number_that_was_written_into_the_code_is_found(trace: Trace) -> None:
    assert faults_of_one(trace, lambda _scene: "43.2 %") == ["no origin"]
    assert faults_of_one(trace, lambda _scene: signed(0.3)) == ["no origin"]
    assert faults_of_one(trace, lambda _scene: f"of {count(50257)} tokens") == ["no origin"]


def test_a_random_number_is_found(trace: Trace) -> None:
    drawn = np.random.default_rng(0)
    assert faults_of_one(trace, lambda _scene: signed(float(drawn.normal()))) == ["no origin"]

    def nudged(scene: LectureScene) -> str:
        return signed(float((scene.trace.logits_last_V[:5] + drawn.normal(size=5))[2]), 2)

    assert faults_of_one(trace, nudged) == ["no origin"]


def test_a_number_that_is_off_by_one_in_its_last_digit_is_found(trace: Trace) -> None:
    def off(scene: LectureScene) -> str:
        words = signed(float(scene.trace.resid_final_TD[1, 2]), 2)
        return words[:-1] + str((int(words[-1]) + 1) % 10)

    (fault,) = faults_of_one(trace, off)
    assert fault.startswith("formatted as ")
    added = faults_of_one(trace, lambda scene: signed(float(scene.trace.resid_final_TD[1, 2]) + 0.01, 2))
    assert added == ["0.01 is added to it by the code"]


def test_a_number_without_an_origin_stands_out_beside_the_same_number_with_one(trace: Trace) -> None:
    layers = trace.facts.n_layer
    words = [lambda scene: count(scene.trace.facts.n_layer), lambda _scene: count(layers)]
    assert faults_of_one(trace, *words) == ["no origin"]


def test_a_mark_on_a_scale_is_round(trace: Trace) -> None:
    assert faults_of_one(trace, lambda _scene: short(scale_mark(0.4321))) == ["no origin"]


def test_numbers_of_formulas_matrices_and_quoted_tokens(trace: Trace) -> None:
    class Small(LectureScene):
        def construct(self) -> None:
            cells = NumberMatrix(self.trace.resid_final_TD[:2, :3], digits=2)
            sums = formula(f"$ x = 2 dot {self.trace.facts.d_head} $")
            with self.beat("only", ""):
                self.play(
                    FadeIn(cells), FadeIn(sums), FadeIn(token_words(b" 1900", 0.3, "#FFFFFF")), run_time=0.2
                )

    shown = shown_by(Small, trace)
    assert {f"resid_final_TD[{row}, {column}]" for row in range(2) for column in range(3)} <= {
        each.origin for each in shown
    }
    assert {each.text: each.origin for each in shown if each.fault == ""}["1900"] == "quoted text"
    assert [each.text for each in shown if each.fault] == ["2"]


def test_no_scene_file_says_itself_what_its_numbers_are() -> None:
    for path in (Path(load("heads").__module__.replace(".", "/")).parent).glob("*.py"):
        modules = [
            node.module for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)
        ]
        assert "scenes.declared" not in modules, path


def test_the_command_lists_them_as_csv(storyteller_trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(storyteller_trace), "mask"]) == 0
    out, err = capsys.readouterr()
    rows = list(csv.DictReader(io.StringIO(out)))
    assert err == ""
    assert tuple(rows[0]) == COLUMNS
    assert {row["scene"] for row in rows} == {"mask"}
    assert {row["where"] for row in rows} == {"drawn", "said"}
    assert all(name in TENSORS for row in rows for name in row["tensors"].split())


def test_the_command_fails_where_a_number_has_no_origin(
    storyteller_trace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Small(Honest):
        def numbers(self) -> list[str]:
            return ["43.2 %"]

    monkeypatch.setattr("scenes.load", lambda _name: Small)
    assert main([str(storyteller_trace), "mask"]) == 1
    out, err = capsys.readouterr()
    assert err.splitlines() == ["mask, only: 43.2 drawn in '43.2 %': no origin"]
    assert "mask,only,drawn,43.2,,," in out.splitlines()


@pytest.mark.parametrize("typed", [["nowhere.safetensors", "mask"], ["{trace}", "no_scene"], ["{trace}"]])
def test_bad_input_is_said_in_one_line(
    typed: list[str], storyteller_trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([each.format(trace=storyteller_trace) for each in typed]) == 2
    out, err = capsys.readouterr()
    assert len(err.splitlines()) == 1
    assert err.startswith("error: ")
    assert len(out.splitlines()) <= 1


def test_everything_is_as_before_when_it_is_over(trace: Trace) -> None:
    from scenes.mobjects import numerals, plot

    shown_by(Honest, trace)
    assert vars(plot)["np"] is np
    assert "float" not in vars(plot)
    assert "len" not in vars(numerals)
    assert text("12.3").string == "12.3"


def test_an_altered_tensor_is_listed_with_what_it_holds(
    trace: Trace, altered: Callable[[str, Change], Path]
) -> None:
    path = altered("resid_final_TD", lambda values: values + 1)
    (first,) = (each for each in shown_by(Honest, path) if each.origin == "resid_final_TD[1, 2]")
    assert float(first.value) == pytest.approx(float(trace.resid_final_TD[1, 2]) + 1, rel=1e-6)
