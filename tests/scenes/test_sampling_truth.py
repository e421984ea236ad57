"""Five ways of writing on: every text, width, gate, twig, draw and sum is the captured one."""

from typing import Any

import numpy as np
import pytest

from model_probe.runs import AGAIN, BEAM, FULL, GREEDY, OTHER
from model_probe.trace import Trace
from scenes.mobjects.numerals import percent, plain
from scenes.mobjects.raster import pixels_per_unit
from scenes.mobjects.token_row import token_label
from scenes.ways import FIVE, parted, repeated, ways
from tests.scenes.conftest import Change, Check, GoesRed, Play, Traces


def texts(trace: Trace) -> list[list[bytes]]:
    lengths = trace.runs_lengths_R[:]
    return [
        [trace.token_name(int(token)) for token in ids_G[:length]]
        for ids_G, length in zip(trace.runs_ids_RG[:], lengths, strict=True)
    ]


def label(piece: bytes, longest: int) -> str:
    return token_label(piece, longest)[0].strip(" ")


def shown(word: Any) -> str:
    return str(word.string).replace("␣", " ").strip(" ")


def check_gates(played: Any, trace: Trace) -> None:
    """The curve is the softmax of the last logits; each gate leaves what was left, with its probability."""
    logits_V = np.asarray(trace.logits_last_V).astype(np.longdouble)
    ranked_V = np.sort(np.exp(logits_V - np.logaddexp.reduce(logits_V)))[::-1].astype(np.float64)
    gates = played["gate"].gates
    np.testing.assert_allclose(gates.ranked_V, ranked_V, rtol=1e-6)
    assert gates.kept == 1
    found = {flag[1].string for flag in gates.flags}
    for row in FIVE:
        kept, mass = int(trace.runs_kept_RG[row, 0]), float(trace.runs_mass_RG[row, 0])
        assert any(f": {kept:,} · {percent(mass)}" in words for words in found)
        assert mass == pytest.approx(ranked_V[:kept].sum(), abs=1e-5)
    assert [gate.kept for gate in gates.order] == sorted(trace.runs_kept_RG[:5, 0].tolist(), reverse=True)


def check_rivers(played: Any, trace: Trace) -> None:
    """Each river says its text, and in the middle of a token is as wide as that is likely."""
    for row, river in zip(FIVE, played["rivers"].banks.rivers, strict=True):
        pieces = texts(trace)[row]
        assert river.more is None
        assert [shown(word) for word in river.words] == [label(piece, 14) for piece in pieces]
        likely = np.exp(trace.runs_logprobs_RG[row][: len(pieces)].astype(np.float64))
        np.testing.assert_allclose(river.probabilities, likely, rtol=1e-6)
        fine, edges = pixels_per_unit(), river._edges
        deep = river.band.height - 0.2
        for token, middle in enumerate((edges[:-1] + edges[1:]) / 2):
            column = river._canvas[:, int(middle * fine), 3]
            wide = (column > 254).sum() / fine
            if likely[token] * deep > 0.1:
                assert wide == pytest.approx(likely[token] * deep, abs=0.06)


def check_loops(played: Any, trace: Trace) -> None:
    """What is underlined comes twice, and nothing longer does."""
    said, lines = played.said["loop"], played["loop"].lines
    pieces = texts(trace)
    expected = 0
    for row in FIVE:
        ids = trace.runs_ids_RG[row][: len(pieces[row])].tolist()
        pairs = [
            (a, b, n)
            for n in range(2, len(ids) // 2 + 1)
            for a in range(len(ids))
            for b in range(a + n, len(ids) - n + 1)
            if ids[a : a + n] == ids[b : b + n]
        ]
        expected += 2 * bool(pairs)
        found = repeated(ids)
        assert (found is None) == (not pairs)
        if found is not None:
            assert found in pairs
            assert found[2] == max(n for *_, n in pairs)
            if row == GREEDY:
                phrase = b"".join(pieces[row][found[0] : found[0] + found[2]]).decode().strip()
                assert f"“{phrase}”" in said
    assert len(lines) == expected


def check_tree(played: Any, trace: Trace) -> None:
    """Each branch begins at its parent's end, says its token, and is as wide as that is likely there."""
    tree = played["tree"].tree
    ids_GE, parents_GE = trace.runs_beam_ids_GE[:], trace.runs_beam_parents_GE[:]
    total_GE = trace.runs_beam_logprobs_GE[:]
    for step, (branches, words) in enumerate(zip(tree.branches, tree.words, strict=True)):
        for beam, (branch, word) in enumerate(zip(branches, words, strict=True)):
            parent = int(parents_GE[step, beam])
            start = tree.root.get_center() if not step else tree.branches[step - 1][parent]._path[-1]
            np.testing.assert_allclose(branch._path[0], start, atol=1e-6)
            assert shown(word) == label(trace.token_name(int(ids_GE[step, beam])), 9)
            before = total_GE[step - 1, parent] if step else 0.0
            wide = max(0.02, 0.3 * min(1.0, np.exp(total_GE[step, beam] - before)))
            assert branch._widths[-1] == pytest.approx(wide, rel=1e-6)
    beam = 0
    survivors: list[int] = []
    for step in reversed(range(len(ids_GE))):
        survivors.insert(0, beam)
        beam = int(parents_GE[step, beam])
    assert tree.survivor == survivors
    winner = [int(ids_GE[step, beam]) for step, beam in enumerate(survivors)]
    assert winner == trace.runs_ids_RG[BEAM].tolist()[: len(winner)]
    worst = int(np.argmax(survivors))
    stood = f"number {survivors[worst] + 1} after token {worst + 1}" if survivors[worst] else "led at every"
    assert stood in played.said["winner"]


def check_seeds(played: Any, trace: Trace) -> None:
    """The numbers are those that drew, each in its token's share; the texts part where they part."""
    seeds, pieces = played["other"].seeds, texts(trace)
    for row, river in zip((FULL, AGAIN, OTHER), seeds.rows.rivers, strict=True):
        assert [shown(word) for word in river.words] == [label(piece, 14) for piece in pieces[row]]
    assert pieces[FULL] == pieces[AGAIN]
    step = next(i for i, (a, b) in enumerate(zip(pieces[FULL], pieces[OTHER], strict=False)) if a != b)
    assert seeds.parted == step
    assert f"part at token {step + 1}" in played.said["other"]
    for row, side in zip((FULL, OTHER), seeds.strip.sides, strict=True):
        uniform, (low, high) = trace.runs_uniform_RG[row, step], trace.runs_spans_RG2[row, step]
        assert side.step == step
        assert low <= uniform < high
        assert f"{uniform:.4f}" in side.words[step][0].string
        left, wide = side._left, side._wide
        assert side.head.get_x() == pytest.approx(left + wide * uniform, abs=1e-4)
        assert side.share.width == pytest.approx(max(wide * (high - low), 0.02), abs=1e-4)
        assert side.share.get_left()[0] == pytest.approx(left + wide * low, abs=0.02)


def check_scale(played: Any, trace: Trace) -> None:
    """Each text ends as far down as its log-probabilities add up to, and says their mean."""
    descent, lengths = played["scale"].descent, trace.runs_lengths_R[:]
    sums = []
    for row, name, dot in zip(FIVE, descent.labels, descent.dots, strict=True):
        own_G = trace.runs_logprobs_RG[row][: lengths[row]].astype(np.float64)
        assert name.string.endswith(plain(float(own_G.mean()), 2))
        place = descent.eye.project(descent.world([lengths[row]], [own_G.sum()]))[0]
        np.testing.assert_allclose(dot.get_center(), place, atol=1e-6)
        sums.append(own_G.sum())
    for tick, words in descent.ticks.items():
        assert words.string == plain(tick, 0)
    greedy, beam = sums[0], sums[4]
    assert ("ends higher" in played.said["scale"]) == (
        greedy > beam and trace.runs_ids_RG[GREEDY].tolist() != trace.runs_ids_RG[BEAM].tolist()
    )


def check_end(played: Any, trace: Trace) -> None:
    """The texts stand in the order of their means, which stand beside them."""
    lengths, names = trace.runs_lengths_R[:], [way.name for way in ways(trace)[:5]]
    means = [float(trace.runs_logprobs_RG[row][: lengths[row]].astype(np.float64).mean()) for row in FIVE]
    order = np.argsort(-np.array(means), kind="stable").tolist()
    rivers, values = played["end"].last.rivers, played["end"].values
    assert [river.label.string for river in rivers] == [names[at] for at in order]
    assert [value.string for value in values] == [plain(means[at], 2) for at in order]
    heights = [river.bed.get_y() for river in rivers]
    assert heights == sorted(heights, reverse=True)


CHECKS = [
    check_gates, check_rivers, check_loops, check_tree, check_seeds, check_scale, check_end,
]  # fmt: skip


@pytest.mark.parametrize("check", CHECKS)
def test_what_is_shown_is_what_was_captured(play: Play, trace: Trace, check: Check) -> None:
    check(play("sampling", trace), trace)


@pytest.mark.parametrize("check", CHECKS)
def test_so_it_is_where_greedy_repeats_itself(play: Play, traces: Traces, check: Check) -> None:
    trace = Trace.open(traces["The old king loved his"])
    assert repeated(trace.runs_ids_RG[GREEDY].tolist()) is not None
    check(play("sampling", trace), trace)


def other_ids(ids: Any) -> Any:
    return (ids + 1) % 8192


@pytest.mark.parametrize(
    ("check", "tensor", "change"),
    [
        (check_gates, "logits_last_V", lambda a: a * 1.1),
        (check_gates, "runs_kept_RG", lambda a: a + 1),
        (check_gates, "runs_mass_RG", lambda a: a * 0.9),
        (check_rivers, "runs_ids_RG", other_ids),
        (check_rivers, "runs_logprobs_RG", lambda a: a * 1.2),
        (check_rivers, "runs_lengths_R", lambda a: a - 1),
        (check_loops, "runs_ids_RG", lambda a: np.full_like(a, 7)),
        (check_tree, "runs_beam_ids_GE", other_ids),
        (check_tree, "runs_beam_parents_GE", lambda a: a[:, ::-1].copy()),
        (check_tree, "runs_beam_logprobs_GE", lambda a: a * 1.1),
        (check_seeds, "runs_uniform_RG", lambda a: a * 0.9),
        (check_seeds, "runs_spans_RG2", lambda a: a * 0.9),
        (check_seeds, "runs_ids_RG", other_ids),
        (check_scale, "runs_logprobs_RG", lambda a: a * 1.2),
        (check_end, "runs_logprobs_RG", lambda a: a[::-1].copy()),
    ],
)
def test_an_altered_tensor_shows(goes_red: GoesRed, check: Check, tensor: str, change: Change) -> None:
    goes_red("sampling", check, tensor, change)


def test_where_two_texts_part(trace: Trace) -> None:
    rows = ways(trace)
    assert parted(rows[FULL], rows[AGAIN]) is None
    assert parted(rows[FULL], rows[OTHER]) is not None


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ([], None),
        ([1, 1, 1], None),
        ([1, 1, 1, 1], (0, 2, 2)),
        ([1, 2, 3, 1, 2, 4, 1, 2], (0, 3, 2)),
        ([5, 1, 2, 3, 1, 2, 3], (1, 4, 3)),
        ([1, 2, 3, 4], None),
    ],
)
def test_a_loop_is_the_longest_phrase_that_comes_twice(ids: list[int], found: Any) -> None:
    assert repeated(ids) == found
