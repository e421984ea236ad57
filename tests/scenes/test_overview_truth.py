from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from manim import LEFT, RIGHT

from model_probe.trace import Trace
from scenes.lecture.overview import Overview, shown_layers
from scenes.render.rehearsal import rehearse
from scenes.settings import Settings
from tests.scenes.conftest import Change, GoesRed


def play(path: Path) -> Overview:
    scene = rehearse(Overview, Settings(path))
    assert isinstance(scene, Overview)
    return scene


def check_slabs(scene: Overview, trace: Trace) -> None:
    """Each slab shows elements of the stream at its depth, exactly, and is coloured by them."""
    streams = [np.asarray(trace.resid_pre_LTD[0])]
    for layer in shown_layers(trace.facts.n_layer):
        last = layer + 1 == trace.facts.n_layer
        streams.append(trace.resid_mid_LTD[layer])
        streams.append(np.asarray(trace.resid_final_TD) if last else trace.resid_pre_LTD[layer + 1])
    assert len(scene.deck.slabs) == len(streams)
    elements = np.unique(np.linspace(0, trace.facts.d_model - 1, 32).round().astype(int))
    for slab, stream_TD in zip(scene.deck.slabs, streams, strict=True):
        np.testing.assert_array_equal(slab.values, stream_TD[list(scene.row.chips)][:, elements].T)


def check_arcs(scene: Overview, trace: Trace) -> None:
    """Every weight of 3 % or more in the chosen head has an arc whose width follows it."""
    assert sorted(scene.arcs_of) == shown_layers(trace.facts.n_layer)
    for layer, arcs in scene.arcs_of.items():
        pattern_HTS = np.asarray(trace.pattern_LHTS[layer], dtype=np.float64)
        unspecific = pattern_HTS[:, 1:, 0].sum(axis=1) + np.einsum("htt->h", pattern_HTS)
        pattern_TS = pattern_HTS[int(unspecific.argmin())]
        drawn = {(arc.query, arc.key): arc.stroke_width for arc in arcs}
        wanted = {
            (query, key): 0.8 + 7.0 * pattern_TS[query, key]
            for query in range(trace.n_tokens)
            for key in range(query + 1)
            if pattern_TS[query, key] >= 0.03
        }
        assert drawn == pytest.approx(wanted, rel=1e-5)


def check_read_outs(scene: Overview, trace: Trace) -> None:
    """The bars after each layer are the logit lens; the last ones are the model's real output."""
    for depth, bars in scene.read_outs.items():
        ids = [bar.token_id for bar in bars.bars]
        assert ids == trace.lens_ids_MWN[depth, -1][:6].tolist()
        shares = np.exp(trace.lens_logprobs_MWN[depth, -1][:6].astype(np.float64))
        assert [bar.probability for bar in bars.bars] == pytest.approx(shares, rel=1e-6)
        assert sum(bar.probability for bar in bars) == pytest.approx(1)
    logits = np.asarray(trace.logits_last_V, dtype=np.float64)
    odds = np.exp(logits - logits.max())
    final = scene.read_outs[trace.facts.n_layer]
    assert [bar.token_id for bar in final.bars] == np.argsort(-odds)[:6].tolist()
    assert [bar.probability for bar in final.bars] == pytest.approx(
        np.sort(odds / odds.sum())[::-1][:6], rel=1e-4
    )


def check_labels(scene: Overview, trace: Trace) -> None:
    """Each vector stands above its own token while it is in front."""
    first = scene.deck.slabs[-1]
    for place, (index, chip) in enumerate(scene.row.chips.items()):
        assert chip.piece == trace.tokens[index]
        assert chip.get_edge_center(LEFT)[0] < first.point(place, 1)[0] < chip.get_edge_center(RIGHT)[0]


CHECKS = [check_slabs, check_arcs, check_read_outs, check_labels]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_what_is_on_screen_is_in_the_trace(trace: Trace, check: Callable[[Overview, Trace], None]) -> None:
    check(play(trace.path), trace)


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_slabs, "resid_mid_LTD", lambda a: a + 1e-3),
        (check_slabs, "resid_final_TD", lambda a: a[::-1]),
        (
            check_arcs,
            "pattern_LHTS",
            lambda a: np.tril(np.ones_like(a)) / np.arange(1, a.shape[-1] + 1)[:, None],
        ),
        (check_read_outs, "lens_logprobs_MWN", lambda a: a - 0.1),
        (check_read_outs, "lens_ids_MWN", lambda a: a[..., ::-1]),
        (check_labels, "prompt_bytes_B", lambda a: a[::-1]),
    ],
)
def test_an_altered_tensor_shows(
    goes_red: GoesRed, check: Callable[[Overview, Trace], None], name: str, change: Change
) -> None:
    goes_red(play, check, name, change)
