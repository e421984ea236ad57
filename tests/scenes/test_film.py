"""The film as one: as long as a lecture of its kind."""

from pathlib import Path

from scenes import CARDS, SCENES
from tests.scenes.conftest import Play

SHORTEST, LONGEST = 12 * 60, 18 * 60  # seconds, in English, for the default prompt


def test_it_lasts_from_twelve_to_eighteen_minutes(play: Play, storyteller_trace: Path) -> None:
    lengths = {name: play(name, storyteller_trace).scene.renderer.time for name in (*SCENES, *CARDS)}
    assert all(lengths[name] == 2 for name in CARDS)
    assert SHORTEST <= sum(lengths.values()) <= LONGEST
