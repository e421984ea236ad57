"""`parameters`: every category counted, areas to scale, the weights the model's own, GPT-3's eight sizes."""

from typing import Any

import numpy as np
import pytest

from model_probe.parameters import CATEGORIES
from model_probe.trace import Trace
from scenes.layout import Box
from scenes.mobjects.numerals import signed
from scenes.mobjects.treemap import treemap
from scenes.mobjects.weight_pixels import weight_pixels
from tests.scenes.conftest import Change, Check, GoesRed, Play

GPT_3 = {
    "embedding": 617_558_016, "unembedding": 617_558_016,
    "query": 14_495_514_624, "key": 14_495_514_624, "value": 14_495_514_624, "output": 14_495_514_624,
    "mlp_up": 57_982_058_496, "mlp_down": 57_982_058_496,
}  # fmt: skip
NAMES = {
    "MLP up": "mlp_up",
    "MLP down": "mlp_down",
    "positions": "position",
    "norms": "norm",
    "biases": "bias",
}


def written(ledger: Any) -> dict[str, int]:
    """What a ledger says of each category."""
    lines = ((name.string, number.string) for name, number in ledger.lines)
    return {NAMES.get(name, name): int(number.rpartition(" ")[2].replace(",", "")) for name, number in lines}


def check_tally(played: Any, trace: Trace) -> None:
    """The categories are the model's, and add up to all of its parameters; what is tied counts 0."""
    facts, shown = trace.facts, played["unembedding"]
    numbers = written(shown.tally)
    assert numbers.pop("unembedding") == 0
    assert shown.tally.lines[-1][1].string == "shared with the embedding: 0"
    assert numbers == {name: number for name, number in facts.parameters.items() if number}
    assert sum(numbers.values()) == facts.n_parameters
    assert shown.tally.total.number.string == f"{facts.n_parameters:,}"
    assert f"{facts.n_parameters:,}" in played["tally"].narration


def check_areas(played: Any, trace: Trace) -> None:
    """Every rectangle's area is to one scale, the model's own and GPT-3's."""
    mosaic, parameters = played["wall"].mosaic, trace.facts.parameters
    for name, place in mosaic.places.items():
        share = parameters[name] / trace.facts.n_parameters
        assert place.width * place.height == pytest.approx(share, rel=1e-9)
    for name, place in mosaic.around_places.items():
        assert place.width * place.height == pytest.approx(GPT_3[name] / trace.facts.n_parameters, rel=1e-9)
    seen = np.prod((mosaic.eye.project([1.0, 1.0, 0.0]) - mosaic.eye.project([0.0, 0.0, 0.0]))[:2])
    room = mosaic.box.width * mosaic.box.height
    assert seen == pytest.approx(room * trace.facts.n_parameters / sum(GPT_3.values()), rel=1e-3)


def check_gpt_3(played: Any, trace: Trace) -> None:
    """GPT-3's eight categories sum to 175,181,291,520."""
    shown = played["wall"]
    assert written(shown.other_tally) == GPT_3
    assert shown.other_tally.total.number.string == "175,181,291,520"
    times = 175_181_291_520 / trace.facts.n_parameters
    assert f"{100 * round(times / 100):,} times" in shown.narration


def check_tiles(played: Any, trace: Trace) -> None:
    """What fills a rectangle are that category's captured weights, each in its own colour."""
    mosaic = played["tally"].mosaic
    kinds = [CATEGORIES[kind] for kind in trace.weight_tile_kinds_P[:]]
    assert set(kinds) == set(mosaic.places)
    for number, name in enumerate(kinds):
        rows, columns = trace.weight_tile_sizes_P2[number].tolist()
        tile = trace.weight_tiles_PRC[number][:rows, :columns]
        pixels = mosaic.skins[name].pixels
        step = pixels.shape[0] // rows
        np.testing.assert_array_equal(
            pixels[step // 2 :: step, step // 2 :: step], weight_pixels(tile, mosaic.scales[name])
        )
    np.testing.assert_array_equal(
        played["pixels"].wall.values, trace.weight_tiles_PRC[kinds.index("query")][:48, :48]
    )


def check_product(played: Any, trace: Trace) -> None:
    """The seven numbers that come out are the head's query as the model computed it; the weights stay."""
    product, chips = played["flow"].product, list(played["flow"].row.chips)
    last = chips[-1]
    np.testing.assert_allclose(product.results_TR[-1], trace.q_LHTK[0, 0, last][:7], rtol=1e-3, atol=1e-4)
    shown = product.result.values[:, 0]
    np.testing.assert_allclose(shown, trace.q_LHTK[0, 0, last][:7], rtol=1e-3, atol=1e-4)
    half = [column for column in product.columns if column is not None]
    weights = np.concatenate([part.values for part in product.matrix], axis=1)
    np.testing.assert_array_equal(weights, trace.weight_rows_7D[:][:, half])
    data = np.concatenate([part.values[:, 0] for part in product.vector])
    np.testing.assert_array_equal(data, trace.ln1_LTD[0][last][half])


def check_number(played: Any, trace: Trace) -> None:
    """The pixel that opens is one element of the trace, and says which."""
    shown = played["number"]
    tile = trace.weight_tiles_PRC[shown.at[0]]
    value = float(tile[shown.at[1], shown.at[2]])
    assert shown.opened[1].string == signed(value, 4)
    assert abs(value) == np.abs(tile).max()
    assert any(f"weight_tiles_PRC[{', '.join(map(str, shown.at))}]" in words for words in shown.words)


CHECKS = (check_tally, check_areas, check_gpt_3, check_tiles, check_product, check_number)


def test_what_is_shown_is_in_the_trace(play: Play, trace: Trace) -> None:
    played = play("parameters", trace)
    for check in CHECKS:
        check(played, trace)


@pytest.mark.parametrize(
    ("check", "name", "change"),
    [
        (check_tiles, "weight_tiles_PRC", lambda a: a[::-1]),
        (check_tiles, "weight_tile_kinds_P", lambda a: a[::-1]),
        (check_product, "weight_rows_7D", lambda a: a[::-1]),
        (check_product, "weight_rows_bias_7", lambda a: a + np.float32(1.0)),
        (check_product, "ln1_LTD", lambda a: a[:, ::-1]),
        (check_number, "weight_tiles_PRC", lambda a: a * np.float32(1.1)),
    ],
)
def test_an_altered_tensor_shows(goes_red: GoesRed, check: Check, name: str, change: Change) -> None:
    goes_red("parameters", check, name, change)


def test_the_weights_stay_while_the_data_passes(play: Play, trace: Trace) -> None:
    def look(scene: Any) -> tuple[bytes, bytes]:
        return scene.product.matrix[0].pixels.tobytes(), scene.product.vector[0].values.tobytes()

    seen = [frame.seen for frame in play("parameters", trace, watch=look).frames if frame.beat == "flow"]
    assert len({matrix for matrix, _vector in seen}) == 1
    assert len({vector for _matrix, vector in seen}) == trace.n_tokens


def test_a_treemap_fills_its_box_with_areas_to_scale() -> None:
    sizes = [6.0, 1.0, 3.0, 0.5, 2.0]
    box = Box(-3, 3, -1, 1)
    places = treemap(sizes, box)
    for size, place in zip(sizes, places, strict=True):
        assert place.width * place.height == pytest.approx(12 * size / sum(sizes))
        assert box.left - 1e-9 <= place.left < place.right <= box.right + 1e-9
        assert box.bottom - 1e-9 <= place.bottom < place.top <= box.top + 1e-9
    for a, one in enumerate(places):
        for other in places[a + 1 :]:
            apart = one.right <= other.left + 1e-9 or other.right <= one.left + 1e-9
            assert apart or one.top <= other.bottom + 1e-9 or other.top <= one.bottom + 1e-9
