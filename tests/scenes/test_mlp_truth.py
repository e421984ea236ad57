"""The city: one neuron's sum, its layer's answers, all lights and what is promoted are the trace's."""

from typing import Any

import numpy as np
import pytest

from model_probe.trace import Trace
from scenes import activation
from scenes.mlp_words import promotes_words
from scenes.mobjects.token_row import token_label, token_quote
from scenes.neurons import LIT, Neurons
from tests.scenes.conftest import GoesRed, Play, Traces


def check_question(scene: Any, trace: Trace) -> None:
    """The sum on screen is row · vector, and with its bias it is the neuron's own input."""
    layer, neuron = trace.neuron_shown_2[:].tolist()
    shown = scene["row"].question
    summed = float(trace.neuron_in_D[:].astype(float) @ trace.neuron_pre_weight_D[:].astype(float))
    assert shown.product.total.string == f"{summed:+.2f}".replace("-", "−")
    assert shown.answer == pytest.approx(float(trace.neuron_pre_F[neuron]), abs=1e-4)
    assert shown.total.string.endswith(f"{shown.answer:+.2f}".replace("-", "−"))
    assert f"{neuron:,}" in scene.said["row"]
    assert str(layer) in scene.said["row"]
    np.testing.assert_array_equal(shown.product.a, trace.neuron_in_D[:])


def check_grains(scene: Any, trace: Trace) -> None:
    """Each grain lies at its value, and then where the activation that the config names brings it."""
    layer, neuron = trace.neuron_shown_2[:].tolist()
    pre_F, post_F = trace.neuron_pre_F[:], trace.neuron_post_LWF[layer, -1]
    before, after = scene["number"].sand, scene["bend"].sand
    np.testing.assert_allclose(before.sand.world[:, 0], before.plot.at(pre_F, 0)[:, 0], atol=1e-5)
    np.testing.assert_allclose(after.sand.world, after.plot.at(pre_F, post_F), atol=1e-4)
    assert after.number.string == f"{post_F[neuron]:+.2f}"
    share = f"{100 * (pre_F < 0).mean():.1f} %"
    assert share in scene.said["number"]
    assert share in before.below.string
    below = np.abs(post_F[pre_F < 0]).max()
    assert f"{below:.2f}" in scene.said["bend"]


def check_city(scene: Any, trace: Trace) -> None:
    """A tower a neuron, as high as its value; what is lit is counted, by district and altogether."""
    post_LF = trace.neuron_post_LWF[:][:, -1]
    city = scene["city"].city
    high = np.zeros(post_LF.size)
    np.maximum.at(high, city._own, city.cloud.world[:, 1])
    lit_LF = post_LF > LIT
    tall = np.where(lit_LF, post_LF, 0) / np.abs(trace.neuron_post_LWF[:]).max() * city.tallest
    np.testing.assert_allclose(high, tall.ravel(), atol=1e-5)
    assert f"{lit_LF.sum():,} of all {lit_LF.size:,}" in scene.said["city"]
    shares_L = lit_LF.mean(axis=-1)
    np.testing.assert_allclose(trace.neuron_lit_LT[:, -1], shares_L, atol=1e-6)
    shown = {name.string for name in city.names if len(name.points)}
    full = {f"layer {layer} · {100 * share:.0f} %" for layer, share in enumerate(shares_L)}
    assert shown
    assert shown <= full | {name.removeprefix("layer ") for name in full}


def check_strongest(scene: Any, trace: Trace) -> None:
    """The layer pushes the winner most; the neuron's rays lead to the tokens and numbers of the trace."""
    layer, neuron = trace.neuron_shown_2[:].tolist()
    assert layer == trace.dla_mlp_2L[0].argmax()
    push, post = trace.dla_mlp_2L[0, layer], trace.neuron_post_LWF[layer, -1, neuron]
    for said in (f"{push:+.2f}", f"{post:+.2f}", f"{neuron:,}", token_quote(winner(trace))):
        assert said.replace("-", "−") in scene.said["strongest"]
    fan = scene["promotes"].fan
    values = trace.neuron_token_logits_LN[layer]
    assert [row[0].string for row in fan.rows] == [f"{value:+.2f}" for value in values]
    for row, token in zip(fan.rows, trace.neuron_tokens_LN[layer].tolist(), strict=True):
        label = token_label(trace.token_name(token))[0].strip()
        said = row[1].string.replace("␣", " ").strip()
        assert said == label or (said.endswith("…") and label.startswith(said[:-1]))
    assert f"{trace.neuron_likeness_L[layer]:.2f}" in scene.said["promotes"]
    for cosine in np.quantile(trace.random_cosines_R[:], [0.5, 0.95]):
        assert f"{round(float(cosine), 2) + 0.0:.2f}".replace("-", "−") in scene.said["promotes"]


def check_others(scene: Any, trace: Trace) -> None:
    """Another token's lights are its own, and the skyline is each token's share, by layers."""
    lit_WLF = np.swapaxes(trace.neuron_post_LWF[:], 0, 1) > LIT
    common = (lit_WLF[:-1] & lit_WLF[-1]).sum(axis=(1, 2))
    other = int(common.argmin())
    assert scene["other"].city.at == other
    assert f"{lit_WLF[other].sum():,}, and {common[other]:,} of them" in scene.said["other"]
    share_T = trace.neuron_lit_LT[:].mean(axis=0)
    line = scene["skyline"].skyline
    for place, share in enumerate(share_T):
        tops = [storey.points.reshape(-1, 16, 3)[place, :, 1].max() for storey in line.storeys]
        assert max(tops) == pytest.approx(line.plot.at(0, share)[0, 1], abs=1e-5)
    for share in (share_T.min(), share_T.max()):
        assert f"{100 * share:.1f} %" in scene.said["skyline"]


def winner(trace: Trace) -> bytes:
    return trace.token_name(int(trace.logits_last_V[:].argmax()))


CHECKS = [
    (check_question, "neuron_in_D", lambda tensor: 1.01 * tensor),
    (check_question, "neuron_pre_weight_D", lambda tensor: 1.01 * tensor),
    (check_question, "neuron_pre_bias_1", lambda tensor: tensor + 0.1),
    (check_grains, "neuron_pre_F", lambda tensor: 1.1 * tensor),
    (check_city, "neuron_post_LWF", lambda tensor: 0.9 * tensor + 0.01),
    (check_strongest, "neuron_tokens_LN", lambda tensor: tensor[:, ::-1]),
    (check_strongest, "neuron_token_logits_LN", lambda tensor: 1.1 * tensor),
    (check_strongest, "dla_mlp_2L", lambda tensor: tensor + 0.1),
    (check_strongest, "neuron_likeness_L", lambda tensor: tensor + 0.1),
    (check_others, "neuron_lit_LT", lambda tensor: 1.1 * tensor),
    (check_others, "neuron_post_LWF", lambda tensor: tensor + 0.05),
]
ALL = (check_question, check_grains, check_city, check_strongest, check_others)


@pytest.mark.parametrize("check", ALL)
def test_what_is_shown_is_the_trace_s(check: Any, trace: Trace, play: Play) -> None:
    check(play("mlp", trace), trace)


@pytest.mark.parametrize(("check", "name", "change"), CHECKS)
def test_an_altered_tensor_is_seen(check: Any, name: str, change: Any, goes_red: GoesRed) -> None:
    goes_red("mlp", check, name, change)


@pytest.mark.parametrize("kind", ["1 token", "1000 tokens", "48 layers"])
def test_it_is_true_of_short_long_and_deep_runs(kind: str, traces: Traces, play: Play) -> None:
    trace = Trace.open(traces[kind])
    scene = play("mlp", trace)
    for check in ALL[: 4 if kind == "1 token" else 5]:
        check(scene, trace)
    assert ("other" in scene.said) == (kind != "1 token")


def test_no_name_is_given_where_none_fits() -> None:
    random = np.linspace(0, 1, 101)
    assert "no name fits" in promotes_words(0.94, random)
    assert "these are alike" in promotes_words(0.97, random)


@pytest.mark.parametrize("name", ["gelu", "gelu_new", "gelu_pytorch_tanh", "relu", "silu", "gelu_fast"])
def test_the_curve_is_the_library_s(name: str) -> None:
    import torch
    from transformers.activations import ACT2FN

    x = np.linspace(-6, 6, 2001)
    expected = ACT2FN[name](torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(activation.curve(name, x, expected)(x), expected, atol=1e-6)


def test_the_other_token_is_the_one_that_shares_least(trace: Trace) -> None:
    neurons = Neurons.of(trace)
    assert neurons.other is not None
    common = (neurons.lit_WLF[:-1] & neurons.lit_WLF[-1]).sum(axis=(1, 2))
    assert common[neurons.other] == common.min()
