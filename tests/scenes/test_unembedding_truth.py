"""`unembedding`: a logit is the product shown, a guess and its rank are the captured ones."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model_probe.trace import Trace, write_trace
from scenes.guesses import guesses, shown
from scenes.language import speak
from scenes.mobjects import palette
from scenes.mobjects.numerals import plain, signed, written
from scenes.unembedding_words import code_words, dot_words, guess_words, wall_words
from tests.scenes.conftest import Change, Check, GoesRed, Play, Traces, all_tensors


def check_length(played: Any, trace: Trace) -> None:
    """The last vector's length before the norm and after it."""
    before, after = (float(np.linalg.norm(vectors[-1])) for vectors in (trace.resid_final_TD, trace.ln_f_TD))
    assert f"from {written(before)} to {written(after)}" in played.said["last"]
    assert played["last"].length.number.string == written(after)


def check_product(played: Any, trace: Trace) -> None:
    """The logit is the product of the two vectors shown, to the digits shown, and the largest of all."""
    shown = played["dot"]
    np.testing.assert_array_equal(shown.work.a, np.asarray(trace.ln_f_TD)[-1])
    best = int(np.asarray(trace.logits_last_V).argmax())
    logit = signed(float(trace.logits_last_V[best]), 2)
    assert int(trace.unembed_ids_N[0]) == best
    assert shown.work.total.string == signed(float(shown.work.a @ shown.work.b), 2) == logit
    assert shown.index.string == f"logits_last_V[{best}] = {logit}"
    assert shown.narration.endswith(f"its logit: {logit}.")


def check_wall(played: Any, trace: Trace) -> None:
    """The drawer that opens is the best token's column, and what it is multiplied with."""
    wall = played["wall"].wall
    assert wall.column == int(np.asarray(trace.logits_last_V).argmax())
    assert wall.opened == 1
    np.testing.assert_array_equal(wall.known[wall.column], trace.unembed_ND[0])
    np.testing.assert_array_equal(played.work.b, trace.unembed_ND[0])
    assert wall.shape == (trace.facts.d_model, trace.facts.n_vocab)


def check_logits(played: Any, trace: Trace) -> None:
    """The table has the ten largest logits, each its column's product; the curve has all of them by rank."""
    logits_V, ids = np.asarray(trace.logits_last_V), trace.unembed_ids_N[:]
    table = played["all"].table
    best = np.argsort(-logits_V, kind="stable")[: len(ids)]
    assert [cell.string for cell in table.numbers[0]] == [signed(float(x), 2) for x in logits_V[best]]
    assert [label.string for label in table.labels] == [trace.token_name(int(each)).decode() for each in best]
    np.testing.assert_allclose(trace.unembed_ND[:] @ trace.ln_f_TD[-1], logits_V[best], atol=1e-3)
    ranked, plot = np.sort(logits_V)[::-1], played["all"].plot
    tips = played["all"].curve.get_anchors()
    np.testing.assert_allclose(tips[0], plot.at(1, ranked[0])[0], atol=1e-6)
    np.testing.assert_allclose(tips[-1], plot.at(len(ranked), ranked[-1])[0], atol=1e-6)


def check_guesses(played: Any, trace: Trace) -> None:
    """Above, the likeliest token of the position before; below, what came, with its rank among all."""
    grid, ids_T, top_TN = played["guess"].grid, trace.token_ids_T[:], trace.top_ids_TN[:]
    places = [guess.position for guess in grid.made]
    assert places == list(range(1, trace.n_tokens + 1))
    for ghost, place in zip(grid.ghosts, places, strict=True):
        assert ghost.piece == trace.token_name(int(top_TN[place - 1, 0]))
    assert [truth.piece for truth in grid.truths] == trace.tokens
    for verdict, place in zip(grid.verdicts, places[:-1], strict=True):
        told = int(verdict.string.split()[1].replace(",", "")) if verdict.string != "right" else 1
        found = np.flatnonzero(top_TN[place - 1] == ids_T[place])
        assert told == (found[0] + 1 if len(found) else int(trace.next_rank_T[place - 1]))
        assert told == int(trace.next_rank_T[place - 1])


def check_score(played: Any, trace: Trace) -> None:
    """Bars are −log₂ of the probabilities; where the truth is among the captured logits, these agree."""
    score, ids_T, top_TN = played["score"].score, trace.token_ids_T[:], trace.top_ids_TN[:]
    bits = -np.asarray(trace.next_logprob_T, dtype=np.float64) / np.log(2)
    np.testing.assert_allclose(score.bits, bits)
    for at in range(trace.n_tokens - 1):
        found = np.flatnonzero(top_TN[at] == ids_T[at + 1])
        if len(found):
            logprob = trace.top_logits_TN[at, int(found[0])] - trace.logsumexp_T[at]
            assert score.bits[at] == pytest.approx(-float(logprob) / np.log(2), abs=1e-4)
    right = int((np.asarray(trace.next_rank_T) == 1).sum())
    said = played.said["score"]
    assert said.startswith(f"Right: {right} of {len(bits)}.")
    assert f"by {plain(float(bits.mean()), 1)} bits" in said
    assert f"by {plain(float(np.log2(trace.facts.n_vocab)), 1)}." in said
    tops = score.plot.at(score._places, bits)[:, 1]
    np.testing.assert_allclose([bar.get_top()[1] for bar in score.bars], tops, atol=1e-5)


def check_code(played: Any, trace: Trace) -> None:
    """Bytes, token numbers and surprises of all that follows the first token."""
    code, later = played["code"].code, trace.n_tokens - 1
    surprise = -np.asarray(trace.next_logprob_T, dtype=np.float64).sum() / np.log(2)
    bits = [8 * len(b"".join(trace.tokens[1:])), later * np.log2(trace.facts.n_vocab), surprise]
    np.testing.assert_allclose(code.bits, bits)
    assert [cell.string for cell in code.numbers[0]] == [f"{round(each):,}" for each in bits]
    lengths = np.array([bar.width for bar in code.shapes])
    np.testing.assert_allclose(lengths / lengths.max(), np.array(bits) / max(bits), rtol=1e-6)


CHECKS = [check_length, check_product, check_wall, check_logits, check_guesses, check_score, check_code]


def test_what_is_shown_is_in_the_trace(play: Play, trace: Trace) -> None:
    for check in CHECKS:
        check(play("unembedding", trace), trace)


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_length, "resid_final_TD", lambda a: a * 1.1),
        (check_length, "ln_f_TD", lambda a: a[::-1]),
        (check_product, "ln_f_TD", lambda a: a[::-1]),
        (check_product, "unembed_ND", lambda a: a[::-1]),
        (check_product, "logits_last_V", lambda a: a + 0.1),
        (check_wall, "unembed_ND", lambda a: a[::-1]),
        (check_logits, "logits_last_V", lambda a: a * 1.02),
        (check_guesses, "top_ids_TN", lambda a: a[::-1]),
        (check_guesses, "next_rank_T", lambda a: a + 1),
        (check_score, "next_logprob_T", lambda a: a[::-1]),
        (check_score, "next_rank_T", lambda a: np.maximum(1, a - 1)),
        (check_code, "next_logprob_T", lambda a: a * 1.2),
    ],
)
def test_an_altered_tensor_shows(goes_red: GoesRed, check: Check, name: str, change: Change) -> None:
    goes_red("unembedding", check, name, change)


def test_one_token_has_a_guess_and_no_score(play: Play, traces: Traces) -> None:
    played = play("unembedding", traces["1 token"])
    assert list(played.said) == ["last", "wall", "dot", "all", "guess"]
    assert len(played.grid.ghosts) == 1
    assert len(played.grid.verdicts) == 0


def test_of_many_guesses_the_greatest_surprises_are_shown(traces: Traces) -> None:
    made = guesses(Trace.open(traces["40 tokens"]))
    few = shown(made, 10)
    assert len(few) == 10
    assert few[-1] is made[-1]
    assert [guess.position for guess in few] == sorted(guess.position for guess in few)
    left_out = [guess.bits or 0 for guess in made[:-1] if guess not in few]
    assert min(guess.bits or 0 for guess in few[:-1]) >= max(left_out)
    speak("en")
    assert "9 greatest surprises" in guess_words(made, len(few))
    assert shown(made, 40) == made


def test_what_came_as_guessed_is_marked(play: Play, trace: Trace) -> None:
    grid = play("unembedding", trace)["guess"].grid
    edges = [str(ghost.box.get_stroke_color().to_hex()) for ghost in grid.ghosts[:-1]]
    assert [edge == palette.KEY for edge in edges] == [guess.right for guess in grid.made[:-1]]


def test_a_soft_cap_and_a_matrix_of_its_own_are_named(trace: Trace) -> None:
    speak("en")
    facts = dataclasses.replace(trace.facts, logit_softcap=30.0, tied_unembedding=False)
    assert "caps that softly at 30" in dot_words(facts, b" gold", 41.5, 26.4)
    assert "+41.50" in dot_words(facts, b" gold", 41.5, 26.4)
    assert "a matrix of its own" in wall_words(facts, b" gold")
    assert "shared" in wall_words(trace.facts, b" gold")


def test_a_code_that_is_worse_than_none_is_called_so() -> None:
    speak("en")
    assert "worse than none" in code_words(360, 125, 129)
    assert "from 360 bits to 30" in code_words(360, 125, 30)


def test_a_matrix_of_its_own_has_its_own_picture(play: Play, trace: Trace, tmp_path: Path) -> None:
    own_RC = np.ascontiguousarray(trace.wte_picture_RC[:][::-1])
    facts = dataclasses.replace(trace.facts, tied_unembedding=False, logit_softcap=30.0)
    path = write_trace(
        tmp_path / "untied.safetensors", all_tensors(trace) | {"unembed_picture_RC": own_RC}, facts
    )
    played = play("unembedding", path)
    np.testing.assert_array_equal(played.wall.values, own_RC)
    assert "a matrix of its own" in played.said["wall"]
    assert "caps that softly at 30" in played.said["dot"]
