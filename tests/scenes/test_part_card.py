"""The card of a part: this run's own block, its title in every shape and language, two seconds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scenes import CARDS, PARTS
from scenes.mobjects.residual_stack import Band
from scenes.part_card import SECONDS
from scenes.settings import Settings
from tests.scenes.conftest import Change, Play, Traces
from tests.scenes.faults import faults_of
from tests.scenes.played import Played

SHAPES = (("16:9", "en"), ("9:16", "ja"), ("1:1", "en"))


def look(scene: Any) -> tuple[list[str], float, float]:
    """What is wrong with the picture, how much of the block is there, and its yaw."""
    return [*faults_of(scene)], scene.block.opacity, scene.block.eye.yaw


@pytest.mark.parametrize(
    "kinds", [("1 token", "1000 tokens"), ("48 layers", "markup"), ("emoji", "right to left")]
)
@pytest.mark.parametrize("name", CARDS)
def test_a_card_stands_for_any_prompt_in_any_shape(name: str, kinds: tuple[str, ...], traces: Traces) -> None:
    for kind in kinds:
        for aspect, language in SHAPES:
            played = Played(name, Settings(traces[kind], language, aspect=aspect), look)
            assert not [fault for frame in played.frames for fault in frame.seen[0]]
            assert played.scene.renderer.time == pytest.approx(SECONDS)


def test_it_comes_turns_and_goes(play: Play, storyteller_trace: Path) -> None:
    played = play("part_2", storyteller_trace, watch=look)
    there = [frame.seen[1] for frame in played.frames]
    assert (there[0], max(there)) == (0, 1)
    assert there[-1] < 1
    yaws = [frame.seen[2] for frame in played.frames]
    assert (np.diff(yaws) < 0).all()
    assert [beat.narration for beat in played.scene.beats] == [""]


@pytest.mark.parametrize(
    ("language", "titles"), [("en", [part.title for part in PARTS]), ("ja", ["GPT とは何か"])]
)
def test_it_says_its_part(language: str, titles: list[str], play: Play, storyteller_trace: Path) -> None:
    for part, title in zip(PARTS, titles, strict=False):
        played = play(part.card, storyteller_trace, language=language)
        assert played.title.string == title
        assert part.roman in played.words[0].string


def test_what_the_part_is_about_keeps_its_light(play: Play, storyteller_trace: Path) -> None:
    for name, lit in (("part_2", False), ("part_3", True)):
        block = play(name, storyteller_trace).block
        seams = [
            (light, piece.mlp)
            for light, piece in zip(block._lights, block.stack.pieces, strict=True)
            if not isinstance(piece, Band)
        ]
        assert {mlp for light, mlp in seams if light == 1} == {lit}
        assert all(light < 0.5 for light, mlp in seams if mlp is not lit)


@pytest.mark.parametrize("tensor", ["resid_pre_LTD", "attn_out_LTD", "mlp_out_LTD", "resid_final_TD"])
def test_an_altered_tensor_shows(tensor: str, play: Play, storyteller_trace: Path, altered: Any) -> None:
    def reordered(values: Any) -> Any:
        return values[..., ::-1]

    change: Change = reordered
    own = play("part_1", storyteller_trace).block._front.pixels
    other = Played("part_1", Settings(altered(tensor, change))).block._front.pixels
    assert np.abs(own.astype(int) - other).max() > 20
