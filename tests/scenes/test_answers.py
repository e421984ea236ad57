"""README's answers are the lecture's own words on the embedded model and its default prompt."""

from pathlib import Path

from scenes import SCENES
from scenes.render.answers import QUESTIONS, table
from tests.scenes.conftest import Play

README = Path(__file__).parent.parent.parent / "README.md"


def test_readme_says_what_the_lecture_says(storyteller_trace: Path) -> None:
    found = table(storyteller_trace)
    assert found in README.read_text(encoding="utf-8"), f"README's table is to be:\n{found}"


def test_every_beat_that_answers_is_there(play: Play, storyteller_trace: Path) -> None:
    asked = [(scene, beats) for _, scene, beats in QUESTIONS if scene in SCENES]
    assert len({question for question, *_ in QUESTIONS}) == 12  # eleven; one of them is two
    for scene, beats in asked:
        assert beats
        assert {*beats} <= play(scene, storyteller_trace).said.keys()
